//! The life of a contact: `contacts [FILE]`.
//!
//! Over a file, by default a new temporary one, a small shop writes down who its customers are, changes that, finds out
//! who is there twice, blocks somebody, and reads what happened. It needs no platform and no network.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tertulia::core::contact::LeadStatus;
use tertulia::core::journal::What;
use tertulia::{
    AttributeKind, Code, Contact, ContactUpdate, Crm, Filter, LikenessReason, NewContact, Org, PageOf, Role,
    Settings, SqliteStorage, Upserted,
};

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
    let ana = create(&shop).await?;
    update(&shop, ana).await?;
    upsert(&shop).await?;
    duplicates(&shop).await?;
    block(&shop).await?;
    timeline(&shop).await?;
    crm.close().await?;
    Ok(())
}

fn show(contact: &Contact) {
    let attributes: Vec<String> = contact
        .attributes
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    println!(
        "  {:<12} {:<15} {:<8} tags: {:<14} {}",
        contact.full_name().unwrap_or_default(),
        contact.phone().map_or("no number", |phone| &phone.address.value),
        contact.lead.as_str(),
        contact.tags.values().cloned().collect::<Vec<_>>().join(", "),
        attributes.join(", "),
    );
}

async fn create(shop: &Org) -> Result<Contact, Box<dyn Error>> {
    println!("A contact is created with what is known, and found by any spelling of its number:");
    let plans = ["Basic", "Plus"].map(ToOwned::to_owned).to_vec();
    shop.attributes().define("City", AttributeKind::Text).await?;
    shop.attributes()
        .define("Plan", AttributeKind::Dropdown { values: plans })
        .await?;
    shop.contacts()
        .create(NewContact {
            phone: Some("+55 11 98765-4321".to_owned()),
            first_name: Some("Ana".to_owned()),
            last_name: Some("Lima".to_owned()),
            email: Some("ana@example.com".to_owned()),
            tags: vec!["VIP".to_owned()],
            attributes: BTreeMap::from([("City".to_owned(), json!("São Paulo"))]),
            opted_in: Some(true),
            opt_in_proof: Some("form at the counter, 3 January".to_owned()),
            ..NewContact::default()
        })
        .await?;
    // Without the 9 that Brazil put before mobile numbers: WhatsApp takes it for the same one.
    let ana = shop.contacts().find_by_phone("+55 (11) 8765-4321").await?;
    let ana = ana.ok_or("Ana is missing")?;
    show(&ana);
    let twice = NewContact {
        phone: Some("+5511987654321".to_owned()),
        ..NewContact::default()
    };
    if let Err(refused) = shop.contacts().create(twice).await {
        println!(
            "  and her number belongs to nobody else: {}",
            refused.code().as_str()
        );
    }
    Ok(ana)
}

async fn update(shop: &Org, ana: Contact) -> Result<(), Box<dyn Error>> {
    println!("\nTwo people edit what both have read; the second edit is refused and made again:");
    let priya = shop.team().add("Priya", Role::Agent).await?;
    let moved = ContactUpdate {
        attributes: BTreeMap::from([
            ("City".to_owned(), json!("Recife")),
            ("Plan".to_owned(), json!("Plus")),
        ]),
        owner: Some(priya.id),
        ..ContactUpdate::default()
    };
    shop.contacts().update(ana.id, ana.revision, &moved).await?;
    let renamed = ContactUpdate {
        last_name: Some("Lima Matos".to_owned()),
        ..ContactUpdate::default()
    };
    match shop.contacts().update(ana.id, ana.revision, &renamed).await {
        Err(changed) if changed.code() == Code::ContactChanged => {
            println!("  {}", changed.code().as_str());
            let read = shop.contacts().get(ana.id).await?;
            shop.contacts().update(ana.id, read.revision, &renamed).await?;
        }
        other => drop(other?),
    }
    shop.contacts().tag(ana.id, &["tea", "vip"]).await?;
    shop.contacts().set_lead(ana.id, LeadStatus::Hot).await?;
    shop.contacts().advance_lead(ana.id).await?;
    shop.acting_as(priya.id)
        .notes()
        .add(ana.id, "Likes green tea.")
        .await?;
    show(&shop.contacts().get(ana.id).await?);
    let notes = shop.notes().list(ana.id, &PageOf::default()).await?.items;
    println!(
        "  owner: {}; note: {}",
        priya.name,
        notes.first().map_or("", |note| &note.text)
    );
    Ok(())
}

async fn upsert(shop: &Org) -> Result<(), Box<dyn Error>> {
    println!("\nThe webshop sends its customers every night; what says nothing new changes nothing:");
    for (id, name, phone) in [
        ("c-1", "Bruno Reis", "+351 912 345 678"),
        ("c-1", "Bruno Reis", "+351 912 345 678"),
        ("c-1", "Bruno dos Reis", "+351 912 345 678"),
        ("c-2", "Inés Roca", "+54 9 11 2345 6789"),
    ] {
        let new = NewContact {
            name: Some(name.to_owned()),
            phone: Some(phone.to_owned()),
            ..NewContact::default()
        };
        let (contact, outcome) = shop.contacts().upsert(new, "webshop", id).await?;
        let outcome = match outcome {
            Upserted::Created => "created",
            Upserted::Updated => "updated",
            Upserted::Unchanged => "unchanged",
        };
        println!(
            "  {id}: {:<14} {outcome}",
            contact.full_name().unwrap_or_default()
        );
    }
    Ok(())
}

async fn duplicates(shop: &Org) -> Result<(), Box<dyn Error>> {
    println!("\nWho is likely there twice, and why:");
    let new = |phone: &str, name: &str, email: Option<&str>| NewContact {
        phone: Some(phone.to_owned()),
        name: Some(name.to_owned()),
        email: email.map(ToOwned::to_owned),
        ..NewContact::default()
    };
    shop.contacts()
        .create(new("+54 11 2345 6789", "Inés", None))
        .await?;
    shop.contacts()
        .create(new("+44 20 7183 8750", "Ana L.", Some("Ana@Example.com")))
        .await?;
    for duplicate in shop.contacts().duplicates(&PageOf::first(50)).await?.items {
        let mut names = Vec::new();
        for id in &duplicate.contacts {
            names.extend(shop.contacts().get(*id).await?.full_name());
        }
        let reasons = duplicate.reasons.iter().map(|likeness| {
            let why = match likeness.reason {
                LikenessReason::NamedTogether => "the platform named both with",
                LikenessReason::LikelyNumber => "likely spellings of",
                LikenessReason::SameEmail => "both have",
                LikenessReason::SameNameAndAddress => "one name, and both had",
            };
            format!("{why} {}", likeness.address.value)
        });
        names.sort();
        println!(
            "  {}: {}",
            names.join(" and "),
            reasons.collect::<Vec<_>>().join("; ")
        );
    }
    Ok(())
}

async fn block(shop: &Org) -> Result<(), Box<dyn Error>> {
    println!("\nA blocked contact gets nothing, and keeps what it was:");
    let bruno = shop.contacts().find_by_external_id("webshop", "c-1").await?;
    let bruno = bruno.ok_or("Bruno is missing")?;
    shop.contacts().block(bruno.id).await?;
    if let Err(refused) = shop.contacts().tag(bruno.id, &["tea"]).await {
        println!("  a tag is refused: {}", refused.code().as_str());
    }
    println!("  contacts: {}", shop.contacts().count(&Filter::Everyone).await?);
    shop.contacts().unblock(bruno.id).await?;
    println!(
        "  unblocked: {}",
        shop.contacts().get(bruno.id).await?.status.as_str()
    );
    Ok(())
}

async fn timeline(shop: &Org) -> Result<(), Box<dyn Error>> {
    println!("\nWhat happened with Ana:");
    let ana = shop.contacts().find_by_phone("+55 11 98765 4321").await?;
    let ana = ana.ok_or("Ana is missing")?;
    let page = PageOf::first(50);
    for entry in shop.contacts().timeline(ana.id, &[], &page).await?.items {
        let what = match entry.what {
            What::TagAdded { tag, .. } => format!("tagged {tag}"),
            What::IdentityAdded { address } => format!("address {}", address.value),
            What::ContactUpdated { changes } => changes
                .iter()
                .map(|change| format!("{}: {} → {}", change.field, change.before, change.after))
                .filter(|change| !change.starts_with("owner"))
                .collect::<Vec<_>>()
                .join(", "),
            other => other.kind().as_str().replace('_', " "),
        };
        println!("  {what}");
    }
    Ok(())
}
