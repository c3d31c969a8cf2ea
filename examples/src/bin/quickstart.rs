//! What the library is for, in a minute: `quickstart [FOLDER]`.
//!
//! Over a folder, by default a new temporary one, it plays a day of a small shop: a CSV with bad rows, people who
//! write, one who says STOP, and a broadcast. Run it again over the same folder, or kill it half-way and run it again:
//! nobody gets a second message.

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use examples::{listen, number};
use serde_json::json;
use tertulia::core::broadcast::{Broadcast, Stats};
use tertulia::core::gate::Lift;
use tertulia::core::ids::{AccountId, BroadcastId};
use tertulia::core::journal::What;
use tertulia::core::window::WindowState;
use tertulia::testing::{Inbound, Person, Platform, Receipts};
use tertulia::{
    AttributeKind, ContactOrder, Content, Crm, Draft, Filter, ImportOptions, Language, NewBroadcast, Org,
    PageOf, Selection, SendRequest, Settings, TemplateParameters, Watch,
};

const CONTACTS: &str = include_str!("../../data/contacts.csv");

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = match std::env::args_os().nth(1) {
        Some(folder) => PathBuf::from(folder),
        None => tempfile::Builder::new().prefix("tertulia-").tempdir()?.keep(),
    };
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("crm.db");

    // A stand-in for WhatsApp on this machine. With the real one, only the secrets and the base URL differ.
    let platform = Platform::start().await?;
    let crm = examples::crm(&file, &platform)?.build()?;
    title(&format!("The CRM is one file: {}", file.display()));
    let (shop, account) = open_shop(&crm, &platform).await?;

    import(&shop).await?;
    listen(&platform, &crm);
    people_write(&platform, &shop, account).await?;
    broadcast(&platform, &crm, &shop, account).await?;
    timeline(&shop).await?;

    let accepted = platform.accepted().len();
    title(&format!(
        "By the platform's own log, this run sent {accepted} messages."
    ));
    println!(
        "  Run it again over {}: nobody gets the broadcast twice.",
        folder.display()
    );
    crm.close().await?;
    Ok(())
}

fn title(text: &str) {
    println!("\n{text}");
}

/// The shop of this folder: made on the first run, found again on the next.
async fn open_shop(crm: &Crm, platform: &Platform) -> Result<(Org, AccountId), Box<dyn Error>> {
    let shop = match crm.orgs().await?.first() {
        Some(id) => crm.org(*id),
        None => {
            crm.create_org(Settings {
                name: "Casa Lua".to_owned(),
                ..Settings::default()
            })
            .await?
        }
    };
    shop.attributes().define("City", AttributeKind::Text).await?;
    if shop.rules().list().await?.is_empty() {
        for (kind, text, tag) in [
            ("contains", "order", "buyer"),
            ("exact", "PROMO", "promo"),
            ("startsWith", "REF", "referral"),
        ] {
            shop.rules()
                .add(
                    serde_json::from_value(json!({"kind": kind, "text": text}))?,
                    &[tag],
                )
                .await?;
        }
    }
    shop.templates()
        .put(serde_json::from_value(json!({
            "name": "spring_sale", "language": "en_US", "category": "MARKETING", "status": "APPROVED",
            "components": [{"type": "BODY", "text": "Hi {{1}}, {{2}} has new teas. Reply STOP to hear no more."}],
        }))?)
        .await?;
    let account = if let Some(account) = shop.accounts().list().await?.first() {
        account.id
    } else {
        shop.accounts().connect(number(platform)).await?
    };
    Ok((shop, account))
}

async fn import(shop: &Org) -> Result<(), Box<dyn Error>> {
    title("A CSV with bad rows is imported: the good ones go in, the bad ones come back with their reasons.");
    let mut rejected = Vec::new();
    let options = ImportOptions {
        file: "contacts.csv".to_owned(),
        ..ImportOptions::default()
    };
    let watch = Watch {
        rejected: Some(Box::new(&mut rejected)),
        ..Watch::default()
    };
    let report = shop.imports().run(CONTACTS.as_bytes(), &options, watch).await?;
    let counts = report.counts;
    println!(
        "  {} rows = {} created + {} updated + {} unchanged + {} rejected",
        counts.rows(),
        counts.created,
        counts.updated,
        counts.unchanged,
        counts.rejected
    );
    for rejection in &report.rejections {
        println!("  line {:>2}: {rejection}", rejection.line);
    }
    println!(
        "  ({} bytes of rejected rows, to mend and upload)",
        rejected.len()
    );
    Ok(())
}

async fn people_write(platform: &Platform, shop: &Org, account: AccountId) -> Result<(), Box<dyn Error>> {
    title("People write; each webhook is signed, and durable when it is answered.");
    // The platform's clock tells whole seconds: a moment later, what they write comes after the import.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let ana = || Person::phone("+351912345678").named("Ana");
    let dora = || Person::phone("+12025550123").named("Dora");
    let new = || Person::phone("+5215512345678").named("Ximena");
    let hidden = || {
        Person::hidden("US.13491208655302741918")
            .named("Pablo")
            .username("pablomorales")
    };
    for (id, message) in [
        ("ana-1", Inbound::text(ana(), "Is my order ready?")),
        ("new-1", Inbound::text(new(), "PROMO")),
        ("pablo-1", Inbound::text(hidden(), "REF 77, a friend sent me")),
        ("dora-1", Inbound::text(dora(), "  stop!! ")),
        ("dora-2", Inbound::text(dora(), "and who are you?")),
    ] {
        platform
            .say(message.id(&format!("wamid.quickstart-{id}")))
            .await?;
        platform.drain().await;
    }
    let page = PageOf::first(50);
    for contact in shop
        .contacts()
        .list(&Filter::Everyone, ContactOrder::Name, &page)
        .await?
        .items
    {
        let consent = shop.consent().get(contact.id).await?;
        let source = consent.basis.map_or("never asked".to_owned(), |fact| {
            format!("{:?}", fact.source).to_lowercase()
        });
        let window = match shop.contacts().window(contact.id, account).await? {
            WindowState::Open { seconds_left, .. } => {
                format!(
                    "open, {} h {:02} min left",
                    seconds_left / 3600,
                    seconds_left / 60 % 60
                )
            }
            _ => "closed".to_owned(),
        };
        println!(
            "  {:<12} {:<15} opted in: {:<3} ({source:<11}) window: {window:<22} tags: {}",
            contact.full_name().unwrap_or_default(),
            contact.phone().map_or("no number", |phone| &phone.address.value),
            if consent.opted_in { "yes" } else { "no" },
            contact.tags.values().cloned().collect::<Vec<_>>().join(", "),
        );
    }

    title("May Dora, who said STOP, be sent “Sorry, who is asking?”  No, and this is why:");
    let dora = shop
        .contacts()
        .find_by_phone("+12025550123")
        .await?
        .ok_or("Dora is missing")?;
    let request = SendRequest {
        contact: dora.id,
        account: Some(account),
        draft: Draft::Content(Content::text("Sorry, who is asking?")),
        reply_to: None,
    };
    for denial in shop.consent().explain(&request).await?.denials {
        let lifts = match denial.lifts {
            Lift::At(at) => at.to_rfc3339(),
            Lift::When(what) => what.to_owned(),
        };
        println!("  [{}] yes when {lifts}", denial.code.as_str());
    }
    let refused = shop
        .inbox()
        .send(request)
        .await
        .err()
        .ok_or("the gate let it through")?;
    println!("  and sending fails with {}", refused.code().as_str());
    Ok(())
}

async fn broadcast(
    platform: &Platform,
    crm: &Crm,
    shop: &Org,
    account: AccountId,
) -> Result<(), Box<dyn Error>> {
    platform.receipts(Receipts::by(|accepted| {
        use tertulia::testing::Status;
        // By their numbers: most read it, some leave it unread.
        let unread = accepted.user_id.bytes().map(u32::from).sum::<u32>() % 3 == 0;
        if unread {
            vec![Status::Sent, Status::Delivered]
        } else {
            vec![Status::Sent, Status::Delivered, Status::Read]
        }
    }));
    let known: Option<Broadcast> = shop.broadcasts().list(&PageOf::first(1)).await?.items.pop();
    let id: BroadcastId = if let Some(known) = known {
        title("The broadcast of an earlier run is found again; what is left of it goes on.");
        known.id
    } else {
        let id = shop
            .broadcasts()
            .create(NewBroadcast {
                name: "Spring".to_owned(),
                account,
                template: "spring_sale".to_owned(),
                language: Language::parse("en_US")?,
                parameters: TemplateParameters::body(["{{contact.firstName|there}}", "{{org.name}}"])?,
                target: Selection::Filter(Filter::tagged_any(["vip", "promo", "referral"])),
            })
            .await?;
        title("A broadcast to everybody tagged vip, promo or referral, looked at before it goes:");
        let preview = shop.broadcasts().preview(id).await?;
        let names: Vec<String> = preview
            .first
            .iter()
            .filter_map(tertulia::Contact::full_name)
            .collect();
        println!("  goes to {}: {}", preview.total, names.join(", "));
        for (reason, count) in &preview.left_out {
            println!("  left out: {count} {}", reason.as_str().replace('_', " "));
        }
        shop.broadcasts().launch(id).await?;
        id
    };
    crm.run_due().await?;
    platform.drain().await;
    funnel(&shop.broadcasts().stats(id).await?);
    Ok(())
}

fn funnel(stats: &Stats) {
    title("The funnel, after the platform's statuses came in:");
    let most = stats.total.max(1);
    let rows = [
        ("fitted the target", stats.total),
        ("left out", stats.skipped_total()),
        ("sent", stats.sent),
        ("delivered", stats.delivered),
        ("read", stats.read),
        ("failed", stats.failed_total()),
        ("waiting", stats.pending),
        ("in doubt", stats.sending + stats.unknown + stats.unconfirmed),
    ];
    for (name, count) in rows {
        let bar = "█".repeat(usize::try_from(count * 40 / most).unwrap_or(0));
        println!("  {name:<18} {count:>3} {bar}");
    }
    if stats.sending + stats.unknown > 0 {
        println!(
            "  (an earlier run was killed while it sent: a status settles these, or they end as unconfirmed)"
        );
    }
}

async fn timeline(shop: &Org) -> Result<(), Box<dyn Error>> {
    title("Ana's timeline:");
    let ana = shop
        .contacts()
        .find_by_phone("+351 912 345 678")
        .await?
        .ok_or("Ana is missing")?;
    for entry in shop
        .contacts()
        .timeline(ana.id, &[], &PageOf::first(50))
        .await?
        .items
    {
        let what = match &entry.what {
            What::TagAdded { tag, rule: Some(_) } => format!("tagged {tag} by a rule"),
            What::TagAdded { tag, rule: None } => format!("tagged {tag}"),
            What::ConsentChanged { fact, after, .. } => {
                format!(
                    "consent: {:?} by {:?}; opted in: {after}",
                    fact.change, fact.source
                )
            }
            What::MessageReceived { .. } => "wrote".to_owned(),
            What::MessageSent {
                broadcast: Some(_), ..
            } => "was sent the broadcast".to_owned(),
            What::IdentityAdded { address } => {
                format!("address {} ({})", address.value, address.kind.as_str())
            }
            other => other.kind().as_str().replace('_', " "),
        };
        println!(
            "  {}  {what}",
            entry.at.with_timezone(&Utc).format("%Y-%m-%d %H:%M:%S")
        );
    }
    Ok(())
}
