//! Contacts in from a spreadsheet's file, and out again: `import-export [FILE]`.
//!
//! Over a file, by default a new temporary one, a small shop takes in what an old spreadsheet left it: Windows-1252,
//! semicolons, a bad number, a row of another file. The refused rows are mended and taken, everybody is exported, and the
//! export comes back unchanged, here and in another shop. It needs no platform and no network.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use tertulia::core::export::Column;
use tertulia::core::import::Format;
use tertulia::{
    AttributeKind, Crm, ExportOptions, ExportWatch, Filter, ImportOptions, ImportReport, Org, Selection,
    Settings, SqliteStorage, Watch,
};

/// What the spreadsheet saved.
const OLD: &str = "Nome;Telemóvel;E-mail;Etiquetas;Cidade;optedIn\r\n\
    João Conceição;912 345 678;joao@example.com;\"café;vip\";Porto;sim\r\n\
    Begoña Núñez;+34 612 345 678;;café;Vigo;yes\r\n\
    Inês;91;ines@example.com;;Lisboa;no\r\n\
    Nome;Telemóvel;E-mail;Etiquetas;Cidade;optedIn\r\n\
    =2+5;+351 912 345 670;;;\"Évora\nalta\";\r\n";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = std::env::args_os()
        .nth(1)
        .map_or_else(|| folder.path().join("crm.db"), PathBuf::from);
    let crm = Crm::builder()
        .storage(Arc::new(SqliteStorage::open(&file)?))
        .build()?;
    let shop = open(&crm, "Casa Lua").await?;

    // Each of its characters is one byte in Windows-1252.
    let old: Vec<u8> = OLD
        .chars()
        .filter_map(|c| u8::try_from(u32::from(c)).ok())
        .collect();
    let found = shop.imports().inspect(&old[..], Format::default()).await?;
    println!("{}, {:?}", found.encoding, found.delimiter);
    for (name, field) in found.header.iter().zip(&found.suggested) {
        println!("  {name}: {field:?}");
    }

    let mut refused = Vec::new();
    let report = import(&shop, &old, Some(&mut refused)).await?;
    told(&report);
    let refused = String::from_utf8(refused)?;
    print!("{refused}");

    // Somebody mends them: a whole number, a word that is understood; the header is no contact.
    let mended = refused.replace(",91,", ",912345671,").replace(",sim", ",yes");
    let mut lines: Vec<&str> = mended.lines().collect();
    lines.retain(|line| !line.contains("the header again"));
    let mended = lines.join("\n");
    told(&import(&shop, mended.as_bytes(), None).await?);

    let all = export(&shop, None).await?;
    let short = vec![
        Column::Phone,
        Column::Name,
        Column::Attribute("Cidade".to_owned()),
        Column::OptedIn,
    ];
    print!("{}", export(&shop, Some(short)).await?);
    println!("back in:");
    told(&import(&shop, all.as_bytes(), None).await?);
    println!("in another shop:");
    told(&import(&open(&crm, "Casa Sol").await?, all.as_bytes(), None).await?);
    crm.close().await?;
    Ok(())
}

/// A shop in Portugal.
async fn open(crm: &Crm, name: &str) -> Result<Org, Box<dyn Error>> {
    let settings = Settings {
        name: name.to_owned(),
        default_region: Some("PT".parse()?),
        ..Settings::default()
    };
    let shop = crm.create_org(settings).await?;
    shop.attributes().define("Cidade", AttributeKind::Text).await?;
    Ok(shop)
}

async fn import(
    shop: &Org,
    file: &[u8],
    refused: Option<&mut Vec<u8>>,
) -> Result<ImportReport, Box<dyn Error>> {
    let options = ImportOptions {
        file: "clientes.csv".to_owned(),
        ..ImportOptions::default()
    };
    let mut watch = Watch::default();
    if let Some(refused) = refused {
        watch.rejected = Some(Box::new(refused));
    }
    Ok(shop.imports().run(file, &options, watch).await?)
}

async fn export(shop: &Org, columns: Option<Vec<Column>>) -> Result<String, Box<dyn Error>> {
    let (all, options) = (Selection::Filter(Filter::Everyone), ExportOptions { columns });
    let mut csv = Vec::new();
    shop.contacts()
        .export(&all, &options, &mut csv, ExportWatch::default())
        .await?;
    Ok(String::from_utf8(csv)?)
}

fn told(report: &ImportReport) {
    let counts = report.counts;
    println!(
        "{} created, {} updated, {} unchanged, {} refused",
        counts.created, counts.updated, counts.unchanged, counts.rejected
    );
    for refused in &report.rejections {
        println!("  line {}: {refused}", refused.line);
    }
}
