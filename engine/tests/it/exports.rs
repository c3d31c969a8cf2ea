//! Contacts as CSV: whoever is meant, whole, harmless, and back again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::sync::Mutex;

use serde_json::json;
use tertulia::core::export::Column;
use tertulia::testing::Inbound;
use tertulia::{
    AttributeKind, CancellationToken, Code, ExportOptions, ExportReport, ExportWatch, Filter, ImportOptions,
    MergeRequest, NewContact, Org, Role, Selection, Settings, Watch,
};

use crate::support::Shop;

async fn export(org: &Org, who: &Selection, columns: Option<Vec<Column>>) -> (ExportReport, String) {
    let mut csv = Vec::new();
    let options = ExportOptions { columns };
    let report = org
        .contacts()
        .export(who, &options, &mut csv, ExportWatch::default())
        .await
        .unwrap();
    (report, String::from_utf8(csv).unwrap())
}

fn all() -> Selection {
    Selection::Filter(Filter::Everyone)
}

/// The lines of an export, in an order of their own.
fn sorted(csv: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = csv.lines().collect();
    lines.sort_unstable();
    lines
}

async fn define(org: &Org) {
    let values = vec!["Basic".to_owned(), "Plus".to_owned()];
    for (name, kind) in [
        ("City", AttributeKind::Text),
        ("size", AttributeKind::Number),
        ("since", AttributeKind::Date),
        ("plan", AttributeKind::Dropdown { values }),
        ("member", AttributeKind::Boolean),
    ] {
        org.attributes().define(name, kind).await.unwrap();
    }
    for name in ["Mia", "Sam"] {
        org.team().add(name, Role::Agent).await.unwrap();
    }
}

#[tokio::test]
async fn an_export_comes_back_unchanged_and_makes_the_same_contacts_elsewhere() {
    let shop = Shop::open().await;
    define(&shop.org).await;
    let contacts = shop.org.contacts();
    let ana = contacts
        .create(NewContact {
            phone: Some("+351912345678".to_owned()),
            whatsapp_id: Some("PT.123".to_owned()),
            name: Some("=HYPERLINK(\"http://x.example\")".to_owned()),
            first_name: Some("Ana".to_owned()),
            last_name: Some("O'Neill, the \"elder\"".to_owned()),
            email: Some("ana@example.com".to_owned()),
            external_ids: BTreeMap::from([("shop".to_owned(), "17".to_owned())]),
            tags: vec!["vip".to_owned(), "a,b;c".to_owned(), "+1".to_owned()],
            attributes: BTreeMap::from([
                ("City".to_owned(), json!(" Porto\nGaia ")),
                ("size".to_owned(), json!(-4.5)),
                ("since".to_owned(), json!("2024-02-29")),
                ("plan".to_owned(), json!("Plus")),
                ("member".to_owned(), json!(false)),
            ]),
            lead: Some(tertulia::core::contact::LeadStatus::Hot),
            opted_in: Some(true),
            ..NewContact::default()
        })
        .await
        .unwrap();
    contacts.add_phone(ana.id, "+351912345679").await.unwrap();
    let mia = shop.org.team().list().await.unwrap()[0].id;
    contacts.set_owner(ana.id, Some(mia)).await.unwrap();
    let blocked = shop.opted_in("+12025550101", &["old"]).await;
    contacts.block(blocked.id).await.unwrap();
    shop.platform
        .say(Inbound::text("+12025550102", "STOP"))
        .await
        .unwrap();
    shop.platform.drain().await;
    shop.opted_in("+12025550103", &[]).await;

    let (report, csv) = export(&shop.org, &all(), None).await;
    assert_eq!(
        (report.counts.exported, report.counts.missing, report.finished),
        (4, 0, true)
    );
    let imports = shop.org.imports();
    let checked = imports
        .check(csv.as_bytes(), &ImportOptions::default(), Watch::default())
        .await
        .unwrap();
    assert_eq!(
        (checked.counts.unchanged, checked.counts.rows()),
        (4, 4),
        "{:?} {csv}",
        checked.rejections
    );

    let other = shop.crm.create_org(Settings::default()).await.unwrap();
    define(&other).await;
    let back = other
        .imports()
        .run(csv.as_bytes(), &ImportOptions::default(), Watch::default())
        .await
        .unwrap();
    assert_eq!(
        (back.counts.created, back.unmapped.len()),
        (4, 0),
        "{:?}",
        back.rejections
    );
    let (_, again) = export(&other, &all(), None).await;
    assert_eq!(sorted(&again), sorted(&csv));
    // Who said STOP is held to it there, whoever says otherwise.
    let stopped = other
        .contacts()
        .find_by_phone("+12025550102")
        .await
        .unwrap()
        .unwrap();
    let list = "phone,optedIn\n+12025550102,true\n";
    let list = other
        .imports()
        .run(list.as_bytes(), &ImportOptions::default(), Watch::default())
        .await
        .unwrap();
    assert_eq!(list.opt_ins_withheld, 1);
    assert!(!other.consent().get(stopped.id).await.unwrap().opted_in);
}

#[tokio::test]
async fn ids_are_exported_once_each_without_who_is_deleted_or_not_there() {
    let shop = Shop::in_memory().await;
    let contacts = shop.org.contacts();
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(shop.opted_in(&format!("+1202555010{n}"), &[]).await.id);
    }
    contacts.delete(ids[3]).await.unwrap();
    let merge = MergeRequest {
        duplicates: vec![ids[1]],
        choices: Vec::new(),
    };
    contacts.merge(ids[0], &merge).await.unwrap();
    let who = Selection::Ids(vec![ids[0], ids[1], ids[2], ids[3], ids[0]]);
    let (report, csv) = export(&shop.org, &who, Some(vec![Column::Phone, Column::OtherPhones])).await;
    assert_eq!((report.counts.exported, report.counts.missing), (2, 1));
    let lines = [
        "'+12025550100,'+12025550101",
        "'+12025550102,",
        "phone,otherPhones",
    ];
    assert_eq!(sorted(&csv), lines);
    // Nor does a filter find who is deleted or merged.
    assert_eq!(export(&shop.org, &all(), None).await.0.counts.exported, 2);
}

#[tokio::test]
async fn any_filter_and_columns_are_exported_page_by_page_and_a_cancellation_ends_after_a_page() {
    let shop = Shop::in_memory().await;
    let mut csv = "email,tags\n".to_owned();
    for n in 0..4_500 {
        writeln!(csv, "p{n}@example.com,{}", if n % 3 == 0 { "third" } else { "" }).unwrap();
    }
    shop.org
        .imports()
        .run(csv.as_bytes(), &ImportOptions::default(), Watch::default())
        .await
        .unwrap();
    let third = Selection::Filter(Filter::tagged_any(["third"]));
    let columns = Some(vec![Column::Email, Column::CreatedBy]);
    let (report, csv) = export(&shop.org, &third, columns).await;
    assert_eq!((report.counts.exported, csv.lines().count()), (1_500, 1_501));
    assert!(
        csv.starts_with("email,createdBy\n") && csv.contains("@example.com,import\n"),
        "{csv}"
    );

    let cancel = CancellationToken::new();
    let told = Mutex::new(Vec::new());
    let watch = ExportWatch {
        progress: Some(Box::new(|counts| {
            told.lock().unwrap().push(counts.exported);
            cancel.cancel();
        })),
        cancel: Some(cancel.clone()),
    };
    let mut csv = Vec::new();
    let report = shop
        .org
        .contacts()
        .export(&all(), &ExportOptions::default(), &mut csv, watch)
        .await
        .unwrap();
    assert_eq!((report.counts.exported, report.finished), (2_000, false));
    assert_eq!(*told.lock().unwrap(), [2_000]);
    assert_eq!(String::from_utf8(csv).unwrap().lines().count(), 2_001);
}

#[tokio::test]
async fn what_cannot_be_exported_is_told() {
    #[derive(Debug)]
    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let shop = Shop::in_memory().await;
    let contacts = shop.org.contacts();
    let options = ExportOptions::default();
    let refused = contacts
        .export(&all(), &options, Full, ExportWatch::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ImportIo);
    let columns = ExportOptions {
        columns: Some(vec![Column::Attribute("Town".to_owned())]),
    };
    let refused = contacts
        .export(&all(), &columns, Vec::new(), ExportWatch::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ImportMapping);
}
