//! Who is meant: filters, and filters saved under names: `segments [FILE]`.
//!
//! Over a file, by default a new temporary one, a small shop asks for contacts by what they are, saves what it asks, and
//! does things with everybody who fits. It needs no platform and no network.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tertulia::core::contact::LeadStatus;
use tertulia::{
    AttributeKind, BulkAction, BulkReport, BulkWatch, ContactOrder, Crm, Filter, NewContact, Org, PageOf,
    Selection, Settings, SqliteStorage,
};

const CITIES: [&str; 4] = ["Lisboa", "Porto", "São Paulo", "Recife"];
const NAMES: [&str; 12] = [
    "Ana", "Bruno", "Carla", "Davi", "Elisa", "Fábio", "Gil", "Helena", "Inês", "João", "Lia", "Marta",
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = std::env::args_os()
        .nth(1)
        .map_or_else(|| folder.path().join("crm.db"), PathBuf::from);
    let crm = Crm::builder()
        .storage(Arc::new(SqliteStorage::open(&file)?))
        .build()?;
    let shop = crm
        .create_org(Settings {
            name: "Casa Lua".to_owned(),
            ..Settings::default()
        })
        .await?;
    people(&shop).await?;
    filters(&shop).await?;
    segments(&shop).await?;
    crm.close().await?;
    Ok(())
}

/// A dozen customers of four cities.
async fn people(shop: &Org) -> Result<(), Box<dyn Error>> {
    shop.attributes().define("City", AttributeKind::Text).await?;
    shop.attributes().define("Orders", AttributeKind::Number).await?;
    for (number, (name, city)) in NAMES.into_iter().zip(CITIES.into_iter().cycle()).enumerate() {
        shop.contacts()
            .create(NewContact {
                phone: Some(format!("+3519123456{number:02}")),
                name: Some(name.to_owned()),
                tags: if number % 3 == 0 {
                    vec!["tea".to_owned()]
                } else {
                    Vec::new()
                },
                attributes: BTreeMap::from([
                    ("City".to_owned(), json!(city)),
                    ("Orders".to_owned(), json!(number)),
                ]),
                lead: (number > 8).then_some(LeadStatus::Customer),
                opted_in: Some(number % 4 != 3),
                ..NewContact::default()
            })
            .await?;
    }
    Ok(())
}

/// A filter as it is written in JSON: in a file, a request, or a saved report.
fn filter(json: Value) -> Result<Filter, Box<dyn Error>> {
    Ok(serde_json::from_value(json)?)
}

async fn filters(shop: &Org) -> Result<(), Box<dyn Error>> {
    println!("A filter is JSON; the same one counts, lists, chooses for broadcasts and for bulk actions:");
    for json in [
        json!("everyone"),
        json!({"tags": {"any": ["TEA", "coffee"]}}),
        json!({"attribute": {"name": "City", "is": {"contains": "sao"}}}),
        json!({"and": [{"optedIn": true}, {"attribute": {"name": "Orders", "is": {"greater": 5}}}]}),
        json!({"or": [{"lead": ["customer"]}, {"not": {"optedIn": true}}]}),
    ] {
        let count = shop.contacts().count(&filter(json.clone())?).await?;
        println!("  {count:>3}  {json}");
    }
    if let Err(refused) = shop
        .contacts()
        .count(&filter(json!({"attribute": {"name": "Size", "is": "set"}}))?)
        .await
    {
        println!("  what means nothing is refused: {}", refused.code().as_str());
    }

    println!("\nA list is read page by page; what is written meanwhile neither repeats nor hides anybody:");
    let mut page = PageOf::first(5);
    loop {
        let listed = shop
            .contacts()
            .list(&Filter::Everyone, ContactOrder::Name, &page)
            .await?;
        let names: Vec<String> = listed
            .items
            .iter()
            .filter_map(tertulia::Contact::full_name)
            .collect();
        println!("  {}", names.join(", "));
        match listed.next {
            Some(next) => page.cursor = Some(next),
            None => break,
        }
    }

    println!("\nOne box finds any part of a name, number or attribute, of those who fit:");
    let tea = filter(json!({"tags": {"any": ["tea"]}}))?;
    let found = shop.contacts().search("lis", &tea, &PageOf::default()).await?;
    let found = found.items.iter().filter_map(tertulia::Contact::full_name);
    println!(
        "  “lis” among tea drinkers: {}",
        found.collect::<Vec<_>>().join(", ")
    );
    Ok(())
}

async fn segments(shop: &Org) -> Result<(), Box<dyn Error>> {
    println!("\nA segment is a filter with a name, and can be a part of other filters:");
    let regulars = shop
        .segments()
        .create(
            "Regulars",
            &filter(json!({"attribute": {"name": "Orders", "is": {"greater": 3}}}))?,
        )
        .await?;
    let reachable = filter(json!({"and": [{"segment": regulars}, {"optedIn": true}]}))?;
    let reachable = shop
        .segments()
        .create("Regulars who opted in", &reachable)
        .await?;
    // Listed by the time they were created, which two of one millisecond share.
    let mut known = shop.segments().list().await?;
    known.sort_by(|one, other| one.name.cmp(&other.name));
    for segment in known {
        let count = shop.contacts().count(&Filter::Segment(segment.id)).await?;
        println!("  {count:>3}  {}", segment.name);
    }

    println!("\nEverybody who fits is tagged, and one is blocked before:");
    let lia = shop
        .contacts()
        .find_by_phone("+351912345610")
        .await?
        .ok_or("Lia is missing")?;
    shop.contacts().block(lia.id).await?;
    let everybody = Selection::Filter(Filter::Segment(reachable));
    let tagged = BulkAction::Tag(vec!["spring".to_owned()]);
    let watch = BulkWatch {
        progress: Some(Box::new(|so_far: &BulkReport| {
            println!("  so far {} changed", so_far.changed);
        })),
        ..BulkWatch::default()
    };
    let report = shop.contacts().bulk(&everybody, &tagged, watch).await?;
    println!("  {} changed, {} unchanged", report.changed, report.unchanged);
    for (code, count) in &report.refused {
        println!("  {count} refused: {code}");
    }
    let again = shop
        .contacts()
        .bulk(&everybody, &tagged, BulkWatch::default())
        .await?;
    println!(
        "  said again: {} changed, {} unchanged",
        again.changed, again.unchanged
    );

    println!("\nA segment that another one names cannot be deleted from under it:");
    if let Err(refused) = shop.segments().delete(regulars).await {
        println!("  {}", refused.code().as_str());
    }
    shop.segments().delete(reachable).await?;
    shop.segments().delete(regulars).await?;
    println!("  segments left: {}", shop.segments().list().await?.len());
    Ok(())
}
