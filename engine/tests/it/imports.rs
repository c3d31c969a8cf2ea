//! CSV files through the library: nothing lost, nothing twice, every refusal with its reason.

use std::fmt::Write as _;
use std::sync::Mutex;

use tertulia::core::import::{Delimiter, Encoding, Field, Format, OnDuplicate};
use tertulia::testing::Inbound;
use tertulia::{AttributeKind, CancellationToken, Code, Filter, ImportOptions, Plan, Settings, Watch};

use crate::support::Shop;

const SEEDS: &str = "phone,name,email,tags,optedIn\n\
    +919876543210,John Doe,john@example.com,\"vip,retail\",true\n\
    +12125551234,Jane Smith,,lead,false\n";

pub(crate) fn options() -> ImportOptions {
    ImportOptions {
        file: "contacts.csv".to_owned(),
        ..ImportOptions::default()
    }
}

/// A file of so many people, of whom every seventh has a number that cannot be.
pub(crate) fn people(count: usize) -> String {
    let mut csv = "phone,name,tags,optedIn\n".to_owned();
    for n in 0..count {
        let phone = if n % 7 == 3 {
            "+1202".to_owned()
        } else {
            format!("+1202555{n:04}")
        };
        writeln!(csv, "{phone},Person {n},vip,true").unwrap();
    }
    csv
}

#[tokio::test]
async fn the_seeds_file_goes_in_as_it_stands() {
    let shop = Shop::open().await;
    let report = shop
        .org
        .imports()
        .run(SEEDS.as_bytes(), &options(), Watch::default())
        .await
        .unwrap();
    assert_eq!(
        (report.counts.created, report.counts.rows(), report.finished),
        (2, 2, true)
    );
    let john = shop.find("+919876543210").await;
    assert_eq!(john.full_name().as_deref(), Some("John Doe"));
    let consent = shop.org.consent().get(john.id).await.unwrap();
    assert!(consent.opted_in);
    assert_eq!(
        serde_json::to_value(&consent.history[0].proof).unwrap(),
        serde_json::json!({"line": {"file": "contacts.csv", "line": 2}})
    );
    let jane = shop.find("+12125551234").await;
    assert!(!shop.org.consent().get(jane.id).await.unwrap().opted_in);
    // The sample file that we give out goes in, too.
    let sample = shop.org.imports().template().await.unwrap();
    let report = shop
        .org
        .imports()
        .run(sample.as_bytes(), &options(), Watch::default())
        .await
        .unwrap();
    assert_eq!((report.counts.rejected, report.finished), (0, true));
}

#[tokio::test]
async fn a_check_says_what_a_run_then_does_and_changes_nothing() {
    let shop = Shop::open().await;
    // A duplicate inside the file, and more rows than go into one commit.
    let file = people(2_500) + "+12025550000,Again,vip,true\n";
    let checked = shop
        .org
        .imports()
        .check(file.as_bytes(), &options(), Watch::default())
        .await
        .unwrap();
    assert_eq!(shop.org.contacts().count(&Filter::Everyone).await.unwrap(), 0);
    let run = shop
        .org
        .imports()
        .run(file.as_bytes(), &options(), Watch::default())
        .await
        .unwrap();
    assert_eq!(
        (checked.counts, &checked.rejections),
        (run.counts, &run.rejections)
    );
    assert_eq!(run.counts.rows(), 2_501);
    assert_eq!(run.counts.updated, 1);
    let made = shop
        .org
        .contacts()
        .count(&Filter::tagged_any(["VIP"]))
        .await
        .unwrap();
    assert_eq!(made, run.counts.created);
}

#[tokio::test]
async fn refused_rows_come_back_with_reasons_and_go_in_once_mended() {
    let shop = Shop::open().await;
    let mut rejected = Vec::new();
    let watch = Watch {
        rejected: Some(Box::new(&mut rejected)),
        ..Watch::default()
    };
    let report = shop
        .org
        .imports()
        .run(people(20).as_bytes(), &options(), watch)
        .await
        .unwrap();
    assert_eq!((report.counts.created, report.counts.rejected), (17, 3));
    assert_eq!(report.rejections[0].line, 5);
    assert_eq!(report.rejections[0].errors[0].code, Code::PhoneTooShort);
    let text = String::from_utf8(rejected).unwrap();
    assert_eq!(text.lines().count(), 4);
    assert!(text.starts_with("reason,phone,"), "{text}");
    let mended: String = text
        .lines()
        .enumerate()
        .map(|(n, line)| line.replace("+1202,", &format!("+120255590{n:02},")) + "\n")
        .collect();
    let report = shop
        .org
        .imports()
        .run(mended.as_bytes(), &options(), Watch::default())
        .await
        .unwrap();
    assert_eq!(
        (report.counts.created, report.counts.rejected),
        (3, 0),
        "{:?}",
        report.rejections
    );
}

#[tokio::test]
async fn a_cancelled_import_goes_on_where_it_ended_and_no_row_is_done_twice() {
    let shop = Shop::open().await;
    let file = people(5_000);
    let cancel = CancellationToken::new();
    let told = Mutex::new(Vec::new());
    let watch = Watch {
        progress: Some(Box::new(|counts| {
            told.lock().unwrap().push(counts.rows());
            cancel.cancel();
        })),
        cancel: Some(cancel.clone()),
        ..Watch::default()
    };
    let first = shop
        .org
        .imports()
        .run(file.as_bytes(), &options(), watch)
        .await
        .unwrap();
    assert_eq!((first.counts.rows(), first.finished), (2_000, false));
    assert_eq!(*told.lock().unwrap(), [2_000]);

    let import = first.import.unwrap();
    let other = people(4_000).replace("Person 7,", "Somebody else,");
    let refused = shop
        .org
        .imports()
        .resume(import, other.as_bytes(), Watch::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ImportOtherFile);
    let rest = shop
        .org
        .imports()
        .resume(import, file.as_bytes(), Watch::default())
        .await
        .unwrap();
    assert_eq!((rest.counts.rows(), rest.finished), (5_000, true));
    assert_eq!(
        rest.counts.updated + rest.counts.unchanged,
        0,
        "a row was done twice"
    );
    let again = shop
        .org
        .imports()
        .resume(import, file.as_bytes(), Watch::default())
        .await
        .unwrap();
    assert_eq!(again.counts, rest.counts);
    assert_eq!(
        shop.org.contacts().count(&Filter::Everyone).await.unwrap(),
        rest.counts.created
    );
}

#[tokio::test]
async fn files_of_the_wrong_kind_are_refused_before_the_first_row() {
    let shop = Shop::open().await;
    shop.org
        .attributes()
        .define("City", AttributeKind::Text)
        .await
        .unwrap();
    let map = |columns: &[Option<Field>]| ImportOptions {
        columns: Some(columns.to_vec()),
        ..options()
    };
    let undefined = map(&[Some(Field::Phone), Some(Field::Attribute("Town".to_owned()))]);
    for (bytes, options, code) in [
        (&b""[..], options(), Code::ImportHeader),
        (
            b"first_name,last_name\nAna,Matos\n",
            options(),
            Code::ImportHeader,
        ),
        (b"phone,City\n+12025550100,Rome\n", undefined, Code::ImportMapping),
        (
            b"phone,City\n+12025550100,Rome\n",
            map(&[Some(Field::Phone)]),
            Code::ImportMapping,
        ),
        (b"ph\0ne,name\n+12025550100,x\n", options(), Code::ImportEncoding),
        (b"\x89PNG\r\n\x1a\n\x00\x00", options(), Code::ImportKind),
    ] {
        let error = shop
            .org
            .imports()
            .run(bytes, &options, Watch::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    assert_eq!(shop.org.contacts().count(&Filter::Everyone).await.unwrap(), 0);
}

#[tokio::test]
async fn a_real_file_without_phones_is_refused_or_taken_by_email_if_mapped_so() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/fixtures/csv/chatwoot-contacts.csv"
    );
    let Ok(bytes) = std::fs::read(path) else {
        eprintln!("skipped: {path} is not on this machine");
        return;
    };
    let shop = Shop::open().await;
    let header = shop
        .org
        .imports()
        .inspect(&bytes[..], Format::default())
        .await
        .unwrap();
    assert!(!header.suggested.contains(&Some(Field::Phone)));
    let without = header
        .suggested
        .iter()
        .map(|field| field.clone().filter(|field| *field != Field::Email));
    let without = ImportOptions {
        columns: Some(without.collect()),
        ..options()
    };
    let refused = shop
        .org
        .imports()
        .run(&bytes[..], &without, Watch::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ImportHeader);
    let report = shop
        .org
        .imports()
        .run(&bytes[..], &options(), Watch::default())
        .await
        .unwrap();
    assert!(
        report.counts.created > 0 && report.counts.rejected == 0,
        "{:?}",
        report.counts
    );
    assert!(
        shop.org
            .contacts()
            .find_by_email("cuzzell0@mozilla.org")
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn a_file_never_undoes_a_stop_and_duplicates_are_treated_as_told() {
    let shop = Shop::open().await;
    shop.platform
        .say(Inbound::text("+919876543210", "STOP"))
        .await
        .unwrap();
    shop.platform.drain().await;
    let skip = ImportOptions {
        on_duplicate: OnDuplicate::Skip,
        ..options()
    };
    let report = shop
        .org
        .imports()
        .run(SEEDS.as_bytes(), &skip, Watch::default())
        .await
        .unwrap();
    assert_eq!((report.counts.created, report.counts.unchanged), (1, 1));
    let report = shop
        .org
        .imports()
        .run(SEEDS.as_bytes(), &options(), Watch::default())
        .await
        .unwrap();
    assert_eq!((report.counts.updated, report.opt_ins_withheld), (1, 1));
    let john = shop.find("+919876543210").await;
    assert!(!shop.org.consent().get(john.id).await.unwrap().opted_in);
    assert_eq!(john.full_name().as_deref(), Some("John Doe"));
}

#[tokio::test]
async fn rows_beyond_the_plans_limit_are_refused_and_inbound_messages_are_not() {
    let shop = Shop::with(Settings {
        plan: Plan::Contacts(10),
        ..Settings::default()
    })
    .await;
    let report = shop
        .org
        .imports()
        .run(people(20).as_bytes(), &options(), Watch::default())
        .await
        .unwrap();
    assert_eq!((report.counts.created, report.counts.rejected), (10, 10));
    let new = tertulia::NewContact {
        phone: Some("+12025557777".to_owned()),
        ..Default::default()
    };
    assert_eq!(
        shop.org.contacts().create(new).await.unwrap_err().code(),
        Code::ContactLimit
    );
    shop.platform
        .say(Inbound::text("+12025558888", "hello"))
        .await
        .unwrap();
    shop.platform.drain().await;
    assert_eq!(shop.org.contacts().count(&Filter::Everyone).await.unwrap(), 11);
}

#[tokio::test]
async fn the_same_rows_in_every_encoding_and_with_every_delimiter_give_the_same_contacts() {
    let text = "phone|name|tags|optedIn\n+351912345678|João Conceição|\"café;vip\"|yes\n+4930123456|Jörg Müßig|über|no\n\
                +15|Zoë|x|y\n";
    let mut first: Option<String> = None;
    for (delimiter, separator) in Delimiter::ALL.into_iter().zip([",", ";", "\t"]) {
        let text = text.replace('|', separator);
        for encoding in [
            Encoding::Utf8,
            Encoding::Utf16Le,
            Encoding::Utf16Be,
            Encoding::Windows1252,
        ] {
            let bytes: Vec<u8> = match encoding {
                Encoding::Utf8 => text.clone().into_bytes(),
                Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                // Latin-1 is its beginning.
                Encoding::Windows1252 => text
                    .chars()
                    .map(|c| u8::try_from(u32::from(c)).unwrap())
                    .collect(),
            };
            let shop = Shop::in_memory().await;
            let imports = shop.org.imports();
            let inspected = imports.inspect(&bytes[..], Format::default()).await.unwrap();
            assert_eq!(inspected.delimiter, delimiter);
            let mut rejected = Vec::new();
            let watch = Watch {
                rejected: Some(Box::new(&mut rejected)),
                ..Watch::default()
            };
            let report = imports.run(&bytes[..], &options(), watch).await.unwrap();
            assert_eq!((report.encoding, report.delimiter), (encoding, delimiter));
            assert_eq!((report.counts.created, report.counts.rejected), (2, 1));
            assert_eq!(report.rejections[0].line, 4);
            assert_eq!(
                String::from_utf8(rejected)
                    .unwrap()
                    .lines()
                    .last()
                    .unwrap()
                    .rsplit_once(',')
                    .unwrap()
                    .1,
                "y"
            );
            let made = exported(&shop.org).await;
            assert_eq!(
                first.get_or_insert(made.clone()),
                &made,
                "{encoding} {delimiter:?}"
            );
        }
    }
    assert!(first.unwrap().contains("João Conceição"));
}

/// All contacts, without when anybody agreed, which is when the file came.
async fn exported(org: &tertulia::Org) -> String {
    use tertulia::core::export::Column::{Name, OptedIn, Phone, Tags};
    let options = tertulia::ExportOptions {
        columns: Some(vec![Phone, Name, Tags, OptedIn]),
    };
    let mut csv = Vec::new();
    let all = tertulia::Selection::Filter(Filter::Everyone);
    org.contacts()
        .export(&all, &options, &mut csv, tertulia::ExportWatch::default())
        .await
        .unwrap();
    String::from_utf8(csv).unwrap()
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_refused_with_its_place_and_taken_once_mended() {
    let shop = Shop::in_memory().await;
    let file = b"phone,name\n+351912345678,Jo\xc3\xa3o\n+351912345679,Jos\xe9\n+351912345670,=1+1\0\n+351912345671,Bo\n";
    let mut rejected = Vec::new();
    let watch = Watch {
        rejected: Some(Box::new(&mut rejected)),
        ..Watch::default()
    };
    let report = shop
        .org
        .imports()
        .run(&file[..], &options(), watch)
        .await
        .unwrap();
    assert_eq!((report.counts.created, report.counts.rejected), (2, 2));
    let told: Vec<(u64, Code)> = report
        .rejections
        .iter()
        .map(|refused| (refused.line, refused.errors[0].code))
        .collect();
    assert_eq!(told, [(3, Code::ImportEncoding), (4, Code::ImportEncoding)]);
    let text = String::from_utf8(rejected).unwrap();
    assert!(
        text.contains("at offset 48 are no UTF-8") && text.contains("'=1+1"),
        "{text}"
    );
    // Unmended, they are refused again: nothing is ever taken that nobody wrote.
    let again = shop
        .org
        .imports()
        .run(text.as_bytes(), &options(), Watch::default())
        .await
        .unwrap();
    assert_eq!((again.counts.created, again.counts.rejected), (0, 2));
    let mended = text.replace('\u{fffd}', "é").replace('\0', "");
    let report = shop
        .org
        .imports()
        .run(mended.as_bytes(), &options(), Watch::default())
        .await
        .unwrap();
    assert_eq!(
        (report.counts.created, report.counts.rejected),
        (2, 0),
        "{:?}",
        report.rejections
    );
    assert_eq!(shop.find("+351912345679").await.name.as_deref(), Some("José"));
    assert_eq!(shop.find("+351912345670").await.name.as_deref(), Some("=1+1"));
}

#[tokio::test]
async fn an_import_goes_on_as_its_encoding_and_delimiter_were_said() {
    let shop = Shop::in_memory().await;
    // By its first bytes it would be UTF-8 with commas.
    let file = b"phone,home;name\n+351912345678;\xc3\xa9\n";
    let said = ImportOptions {
        columns: Some(vec![Some(Field::Phone), Some(Field::Name)]),
        encoding: Some(Encoding::Windows1252),
        delimiter: Some(Delimiter::Semicolon),
        ..options()
    };
    let cancel = CancellationToken::new();
    cancel.cancel();
    let watch = Watch {
        cancel: Some(cancel),
        ..Watch::default()
    };
    let begun = shop.org.imports().run(&file[..], &said, watch).await.unwrap();
    let import = begun.import.unwrap();
    let report = shop
        .org
        .imports()
        .resume(import, &file[..], Watch::default())
        .await
        .unwrap();
    assert_eq!(
        (report.encoding, report.counts.created),
        (Encoding::Windows1252, 1)
    );
    assert_eq!(shop.find("+351912345678").await.name.as_deref(), Some("Ã©"));
}
