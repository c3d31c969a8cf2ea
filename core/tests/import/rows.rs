use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};
use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::contact::{Contact, CreatedBy, RecordStatus};
use tertulia_core::decide::contacts::{block, tag};
use tertulia_core::decide::import_row::RowOutcome::{self, Created, Unchanged, Updated};
use tertulia_core::decide::import_row::{self, Batch, Taken, Withheld};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::ImportId;
use tertulia_core::import::{
    Field, Format, Import, ImportCounts, Mapping, OnDuplicate, Rejection, Row, repeated, suggest,
};
use tertulia_core::journal::What;
use tertulia_core::phone::{Phone, Region};
use tertulia_core::record::Key;
use tertulia_core::settings::{Plan, Settings};

use crate::support::{ORG, World, at};

/// An import under way, of a file whose columns are mapped as suggested.
pub(crate) struct Importing {
    pub(crate) id: ImportId,
    pub(crate) mapping: Mapping,
    done: u64,
}

type Results = Vec<Result<Taken, Rejection>>;

impl Importing {
    pub(crate) fn begin(world: &mut World, header: &str, mode: OnDuplicate) -> Self {
        let header: Vec<String> = header.split(',').map(str::to_owned).collect();
        Self::begin_with(world, &header, mode)
    }

    pub(crate) fn begin_with(world: &mut World, header: &[String], mode: OnDuplicate) -> Self {
        let attributes = world.attributes();
        let mapping = Mapping::check(header, &suggest(header, &attributes), &attributes).unwrap();
        let mapping = mapping.with_members(world.all());
        let file = || "contacts.csv".to_owned();
        let id = world
            .decide(|set, ctx| {
                Ok(import_row::start(
                    set,
                    ctx,
                    file(),
                    &mapping,
                    mode,
                    Format::default(),
                    String::new(),
                ))
            })
            .unwrap();
        Self { id, mapping, done: 0 }
    }

    pub(crate) fn batch(&mut self, world: &mut World, rows: &[&[&str]], last: bool) -> Results {
        self.try_batch(world, rows, last).unwrap()
    }

    pub(crate) fn try_batch(
        &mut self,
        world: &mut World,
        rows: &[&[&str]],
        last: bool,
    ) -> Result<Results, Error> {
        let read: Vec<Result<Row, Rejection>> = (self.done + 2..)
            .zip(rows)
            .map(|(line, cells)| Row::read(line, cells, &self.mapping, &world.org.settings, world.now))
            .collect();
        let batch = Batch {
            import: self.id,
            done: self.done,
            rows: &read,
            digest: "so far",
            last,
            contacts_now: world.contacts().len() as u64,
        };
        let results = world.decide(|set, ctx| import_row::batch(set, ctx, &batch))?;
        assert_eq!(results.len(), rows.len());
        self.done += rows.len() as u64;
        Ok(results)
    }

    pub(crate) fn stored(&self, world: &World) -> Import {
        let key = Key::Import {
            org: ORG,
            import: self.id,
        };
        world.get(&key).unwrap()
    }
}

fn outcomes(results: &[Result<Taken, Rejection>]) -> Vec<RowOutcome> {
    results
        .iter()
        .map(|result| result.as_ref().unwrap().outcome)
        .collect()
}

fn world_with(attributes: &[(&str, AttributeKind)]) -> World {
    let mut world = World::new(Settings::default());
    for (name, kind) in attributes {
        world.insert(Attribute {
            org: ORG,
            name: (*name).to_owned(),
            kind: kind.clone(),
        });
    }
    world
}

#[test]
fn every_bad_cell_of_a_row_is_reported_with_column_value_and_reason() {
    let values = vec!["gold".to_owned(), "silver".to_owned()];
    let world = world_with(&[
        ("size", AttributeKind::Number),
        ("born", AttributeKind::Date),
        ("level", AttributeKind::Dropdown { values }),
        ("member", AttributeKind::Boolean),
    ]);
    let header: Vec<String> = "phone,email,tags,optedIn,optInProof,size,born,level,member"
        .split(',')
        .map(str::to_owned)
        .collect();
    let attributes = world.attributes();
    let mapping = Mapping::check(&header, &suggest(&header, &attributes), &attributes).unwrap();
    let long = "x".repeat(101);
    let cells = [
        "9.19E+11",
        "ana@",
        &long,
        " maybe ",
        "yesterday",
        "many",
        "31.12.1999",
        "bronze",
        "perhaps",
    ];
    let rejection = Row::read(17, &cells, &mapping, &Settings::default(), at(0)).unwrap_err();
    assert_eq!(rejection.line, 17);
    let codes = [
        Code::PhoneScientific,
        Code::ContactEmailInvalid,
        Code::TagTooLong,
        Code::ImportRow,
        Code::ConsentProofInvalid,
        Code::AttributeMisfit,
        Code::AttributeMisfit,
        Code::AttributeMisfit,
        Code::AttributeMisfit,
    ];
    assert_eq!(rejection.errors.len(), cells.len());
    for (place, error) in rejection.errors.iter().enumerate() {
        assert_eq!(error.column, header[place]);
        assert_eq!(error.value, cells[place]);
        assert_eq!(error.code, codes[place], "{error:?}");
        assert!(!error.reason.is_empty());
    }
    let line = rejection.to_string();
    assert!(
        line.starts_with("phone: ") && line.contains("; email: ") && line.contains("; member: "),
        "{line}"
    );
    assert!(!line.contains('\n'));
}

#[test]
fn rows_that_cannot_be_read_are_refused_with_what_would_mend_them() {
    let world = world_with(&[]);
    let settings = |region: &str| Settings {
        default_region: Some(region.parse::<Region>().unwrap()),
        zone: chrono_tz::Asia::Kolkata,
        ..world.org.settings.clone()
    };
    let cases: &[(&[&str], Code, &str)] = &[
        (
            &["", "", "", ""],
            Code::ContactIdentityRequired,
            "fill in phone, email",
        ),
        (
            &["  ", "\t", "true", ""],
            Code::ContactIdentityRequired,
            "fill in phone, email",
        ),
        (
            &["+12125550100", "a@example.com", "true"],
            Code::ImportRow,
            "3 cells and the header 4",
        ),
        (
            &["+12125550100", "a@example.com", "true", "", ""],
            Code::ImportRow,
            "5 cells and the header 4",
        ),
        (&["98765", "", "", ""], Code::PhoneTooShort, "98765"),
        (
            &["+91 98765 43210 ext. 5", "", "", ""],
            Code::PhoneLetters,
            "98765",
        ),
        (
            &["9876543210", "", "2", ""],
            Code::ImportRow,
            "\"2\" is neither yes nor no",
        ),
        (
            &["9876543210", "", "true", "2026-02-31"],
            Code::ConsentProofInvalid,
            "2026-02-31",
        ),
        (
            &["9876543210", "", "true", "2026-02-03"],
            Code::ConsentProofInvalid,
            "in the future",
        ),
        (
            &["9876543210", "", "true", "2026-02-02T02:40:01Z"],
            Code::ConsentProofInvalid,
            "in the future",
        ),
    ];
    let header: Vec<String> = ["phone", "email", "optedIn", "optInProof"]
        .map(str::to_owned)
        .to_vec();
    let mapping = Mapping::check(&header, &suggest(&header, &[]), &[]).unwrap();
    for (cells, code, words) in cases {
        let rejection = Row::read(2, cells, &mapping, &settings("IN"), at(0)).unwrap_err();
        let [error] = &rejection.errors[..] else {
            panic!("{cells:?}: {rejection:?}");
        };
        assert_eq!(error.code, *code, "{cells:?}: {error:?}");
        assert!(error.reason.contains(words), "{cells:?}: {error:?}");
    }
    // The last instant and date that are not in the future: at(0) is 08:10 on 2 February in Kolkata.
    for (proof, agreed) in [
        ("2026-02-02T02:40:00Z", at(0)),
        ("2026-02-02", "2026-02-01T18:30:00Z".parse().unwrap()),
        ("2026-02-02T08:10:00+05:30", at(0)),
    ] {
        let row = Row::read(
            2,
            &["9876543210", "", "y", proof],
            &mapping,
            &settings("IN"),
            at(0),
        )
        .unwrap();
        assert_eq!(row.agreed_at, Some(agreed), "{proof}");
        assert_eq!(row.phone.unwrap().as_str(), "+919876543210");
    }
}

#[test]
fn a_bare_date_begins_with_its_first_instant_even_where_midnight_is_missing() {
    let header: Vec<String> = ["phone", "optedIn", "optInProof"].map(str::to_owned).to_vec();
    let mapping = Mapping::check(&header, &suggest(&header, &[]), &[]).unwrap();
    let read = |zone, date| {
        let settings = Settings {
            zone,
            ..Settings::default()
        };
        Row::read(2, &["+12125550100", "true", date], &mapping, &settings, at(0))
    };
    let row = read(chrono_tz::America::Sao_Paulo, "2018-11-04").unwrap();
    assert_eq!(row.agreed_at.unwrap().to_rfc3339(), "2018-11-04T03:00:00+00:00");
    assert!(
        read(chrono_tz::Pacific::Apia, "2011-12-30").is_err(),
        "Samoa had no such day"
    );
}

#[test]
fn tags_are_a_list_with_commas_semicolons_or_googles_colons() {
    let header: Vec<String> = ["phone", "tags"].map(str::to_owned).to_vec();
    let mapping = Mapping::check(&header, &suggest(&header, &[]), &[]).unwrap();
    for (cell, tags) in [
        ("vip,retail", vec!["vip", "retail"]),
        (" vip ;; new  client;", vec!["vip", "new client"]),
        ("Friends ::: Family", vec!["Friends", "Family"]),
        (" , ", vec![]),
    ] {
        let row = Row::read(2, &["+12125550100", cell], &mapping, &Settings::default(), at(0)).unwrap();
        assert_eq!(row.tags, tags, "{cell:?}");
    }
}

#[test]
fn a_new_row_makes_a_contact_as_the_api_would() {
    let mut world = world_with(&[("size", AttributeKind::Number)]);
    let mut import = Importing::begin(
        &mut world,
        "phone,name,email,tags,optedIn,size",
        OnDuplicate::Update,
    );
    let results = import.batch(
        &mut world,
        &[&[
            "+91 98765 43210",
            " John Doe ",
            "john@example.com",
            "vip,retail",
            "true",
            "42",
        ]],
        true,
    );
    assert_eq!(outcomes(&results), [Created]);
    let [contact] = &world.contacts()[..] else {
        panic!()
    };
    assert_eq!(contact.created_by, CreatedBy::Import);
    assert_eq!(contact.name.as_deref(), Some("John Doe"));
    assert_eq!(contact.email.as_deref(), Some("john@example.com"));
    assert_eq!(contact.phone().unwrap().address.value, "+919876543210");
    assert_eq!(contact.tags.keys().collect::<Vec<_>>(), ["retail", "vip"]);
    assert_eq!(
        contact.attributes,
        BTreeMap::from([("size".to_owned(), json!(42))])
    );
    assert!(contact.consent.opted_in());
    let import = import.stored(&world);
    assert!(import.finished);
    assert_eq!(import.digest, "so far");
    let started_and_finished = world.journal.iter().filter_map(|entry| match &entry.what {
        What::ImportChanged { change, .. } => Some(change.as_str()),
        _ => None,
    });
    assert_eq!(started_and_finished.collect::<Vec<_>>(), ["started", "finished"]);
}

#[test]
fn spellings_that_are_one_number_are_one_contact() {
    let mut world = world_with(&[]);
    let mut import = Importing::begin(&mut world, "phone", OnDuplicate::Update);
    // A Brazilian mobile with and without its 9; a Mexican number with and without the 1.
    let results = import.batch(
        &mut world,
        &[
            &["+5511987654321"],
            &["+551187654321"],
            &["+5215512345678"],
            &["525512345678"],
        ],
        true,
    );
    assert_eq!(outcomes(&results), [Created, Unchanged, Created, Unchanged]);
}

/// The mode; then the outcome, the name, the e-mail address, the size, the weight and the tags.
type Case = (
    OnDuplicate,
    RowOutcome,
    &'static str,
    Option<&'static str>,
    i32,
    Option<i32>,
    &'static [&'static str],
);

#[test]
fn a_duplicate_is_skipped_updated_or_filled_as_the_caller_says() {
    let cases: &[Case] = &[
        (OnDuplicate::Skip, Unchanged, "Ana", None, 1, None, &["old"]),
        (
            OnDuplicate::Update,
            Updated,
            "Ana Maria",
            Some("ana@example.com"),
            2,
            Some(3),
            &["new", "old"],
        ),
        (
            OnDuplicate::FillGaps,
            Updated,
            "Ana",
            Some("ana@example.com"),
            1,
            Some(3),
            &["new", "old"],
        ),
    ];
    for (mode, outcome, name, email, size, weight, tags) in cases {
        let mut world = world_with(&[("size", AttributeKind::Number), ("weight", AttributeKind::Number)]);
        let header = "phone,name,last name,email,tags,size,weight";
        let mut import = Importing::begin(&mut world, header, *mode);
        import.batch(
            &mut world,
            &[&["+12125550100", "Ana", "Lima", "", "Old", "1", ""]],
            false,
        );
        let results = import.batch(
            &mut world,
            &[&[
                "(212) 555-0100".replace('(', "+1 (").as_str(),
                "Ana Maria",
                "",
                "ana@example.com",
                "old,New",
                "2",
                "3",
            ]],
            false,
        );
        assert_eq!(outcomes(&results), [*outcome], "{mode:?}");
        let [contact] = &world.contacts()[..] else {
            panic!()
        };
        assert_eq!(contact.name.as_deref(), Some(*name), "{mode:?}");
        assert_eq!(
            contact.last_name.as_deref(),
            Some("Lima"),
            "a blank cell takes nothing away"
        );
        assert_eq!(contact.email.as_deref(), *email, "{mode:?}");
        assert_eq!(contact.attributes.get("size"), Some(&json!(size)), "{mode:?}");
        assert_eq!(
            contact.attributes.get("weight").cloned(),
            weight.map(|w| json!(w)),
            "{mode:?}"
        );
        assert_eq!(contact.tags.keys().collect::<Vec<_>>(), *tags, "{mode:?}");
        assert_eq!(contact.revision, if *outcome == Updated { 2 } else { 1 });
        let updates = world
            .journal
            .iter()
            .filter(|entry| matches!(entry.what, What::ContactUpdated { .. }));
        assert_eq!(updates.count(), usize::from(*outcome == Updated));
    }
}

#[test]
fn an_email_address_identifies_who_has_no_phone() {
    let mut world = world_with(&[]);
    let mut import = Importing::begin(&mut world, "phone,email", OnDuplicate::Update);
    let results = import.batch(
        &mut world,
        &[
            &["", "ana@example.com"],
            &["", "ANA@example.com"],
            // She gets her phone.
            &["+12125550100", "ana@example.com"],
            &["+12125550100", ""],
            // The same address with another phone: somebody else in the same office.
            &["+12125550101", "ana@example.com"],
        ],
        true,
    );
    assert_eq!(
        outcomes(&results),
        [Created, Updated, Updated, Unchanged, Created]
    );
    assert_eq!(world.contacts().len(), 2);
}

#[test]
fn a_blocked_contact_takes_fields_and_no_tag() {
    let mut world = world_with(&[]);
    let mut import = Importing::begin(&mut world, "phone,name,tags", OnDuplicate::Update);
    let results = import.batch(&mut world, &[&["+12125550100", "Ana", "old"]], false);
    let contact = results[0].as_ref().unwrap().contact;
    world.decide(|set, ctx| block(set, ctx, contact)).unwrap();
    assert!(
        world
            .decide(|set, ctx| tag(set, ctx, contact, &["new".to_owned()]))
            .is_err()
    );
    let results = import.batch(&mut world, &[&["+12125550100", "Ana Maria", "new"]], false);
    let taken = results[0].as_ref().unwrap();
    assert_eq!(
        (taken.outcome, &taken.withheld[..]),
        (Updated, &[Withheld::Tags][..])
    );
    let [known] = &world.contacts()[..] else { panic!() };
    assert_eq!(known.name.as_deref(), Some("Ana Maria"));
    assert_eq!(known.tags.keys().collect::<Vec<_>>(), ["old"]);
    // A tag that it has already is none that is held back.
    let results = import.batch(&mut world, &[&["+12125550100", "", "old"]], true);
    let taken = results[0].as_ref().unwrap();
    assert_eq!((taken.outcome, taken.withheld.len()), (Unchanged, 0));
}

#[test]
fn a_row_of_a_deleted_contact_is_refused() {
    for mode in [OnDuplicate::Skip, OnDuplicate::Update, OnDuplicate::FillGaps] {
        let mut world = world_with(&[]);
        let mut import = Importing::begin(&mut world, "phone", mode);
        import.batch(&mut world, &[&["+12125550100"]], false);
        let mut contact = world.contacts().remove(0);
        contact.status = RecordStatus::Deleted;
        world.insert(contact);
        let results = import.batch(&mut world, &[&["+12125550100"]], true);
        assert_eq!(
            results[0].as_ref().unwrap_err().errors[0].code,
            Code::ContactDeleted
        );
    }
}

#[test]
fn new_rows_beyond_the_plan_are_refused_and_known_ones_are_not() {
    let settings = Settings {
        plan: Plan::Contacts(2),
        ..Settings::default()
    };
    let mut world = World::new(settings);
    let mut import = Importing::begin(&mut world, "phone,name", OnDuplicate::Update);
    import.batch(&mut world, &[&["+12125550100", "Ana"]], false);
    let results = import.batch(
        &mut world,
        &[
            &["+12125550101", "Bo"],
            &["+12125550102", "Cy"],
            &["+12125550100", "Ann"],
            &["+12125550103", "Di"],
        ],
        true,
    );
    let codes: Vec<Option<Code>> = results
        .iter()
        .map(|r| r.as_ref().err().map(|r| r.errors[0].code))
        .collect();
    assert_eq!(
        codes,
        [None, Some(Code::ContactLimit), None, Some(Code::ContactLimit)]
    );
    assert_eq!(results[1].as_ref().unwrap_err().line, 4);
    let counts = ImportCounts {
        created: 2,
        updated: 1,
        unchanged: 0,
        rejected: 2,
    };
    assert_eq!(import.stored(&world).counts, counts);
    assert_eq!(world.contacts().len(), 2);
}

#[test]
fn an_attribute_that_was_redefined_meanwhile_refuses_the_row() {
    let mut world = world_with(&[("size", AttributeKind::Text)]);
    let mut import = Importing::begin(&mut world, "phone,size", OnDuplicate::Update);
    import.batch(&mut world, &[&["+12125550101", "huge"]], false);
    world.insert(Attribute {
        org: ORG,
        name: "size".to_owned(),
        kind: AttributeKind::Number,
    });
    let results = import.batch(
        &mut world,
        &[&["+12125550100", "large"], &["+12125550101", "large"]],
        true,
    );
    for result in results {
        assert_eq!(result.unwrap_err().errors[0].code, Code::AttributeMisfit);
    }
    assert_eq!(world.contacts().len(), 1);
}

#[test]
fn a_batch_that_stops_midway_to_load_does_nothing_twice() {
    let mut world = world_with(&[]);
    let mut import = Importing::begin(&mut world, "phone,email,optedIn", OnDuplicate::Update);
    import.batch(&mut world, &[&["", "ana@example.com", "true"]], false);
    // Only the first row says that the second one's phone is hers, so nobody asks beforehand for what waits for her.
    let rows: [&[&str]; 2] = [
        &["+12125550100", "ana@example.com", "true"],
        &["+12125550100", "", "false"],
    ];
    let results = import.batch(&mut world, &rows, true);
    assert_eq!(outcomes(&results), [Updated, Updated]);
    let [contact] = &world.contacts()[..] else {
        panic!()
    };
    assert_eq!(contact.identities.len(), 2);
    assert!(!contact.consent.opted_in());
    assert_eq!(import.stored(&world).counts.rows(), 3);
}

#[test]
fn a_batch_that_is_not_next_is_refused_so_that_no_row_is_done_twice() {
    let mut world = world_with(&[]);
    let mut import = Importing::begin(&mut world, "phone", OnDuplicate::Update);
    let mut other_process = Importing {
        id: import.id,
        mapping: import.mapping.clone(),
        done: 0,
    };
    import.batch(&mut world, &[&["+12125550100"]], false);
    let error = other_process
        .try_batch(&mut world, &[&["+12125550100"]], false)
        .unwrap_err();
    assert_eq!(error.code(), Code::ImportElsewhere);
    import.batch(&mut world, &[], true);
    let error = import.try_batch(&mut world, &[], true).unwrap_err();
    assert_eq!(error.code(), Code::ImportElsewhere);
    import.id = ImportId(uuid::Uuid::from_u128(404));
    let error = import.try_batch(&mut world, &[], true).unwrap_err();
    assert_eq!(error.code(), Code::ImportNotFound);
}

#[test]
fn a_batch_asks_for_what_it_needs_in_few_rounds() {
    let mut world = world_with(&[("size", AttributeKind::Number)]);
    let rows: Vec<[String; 5]> = (0..200)
        .map(|n| {
            let phone = if n % 3 == 0 {
                String::new()
            } else {
                format!("+1212555{n:04}")
            };
            let opted_in = if n % 2 == 0 { "false" } else { "true" };
            [
                phone,
                format!("p{n}@example.com"),
                format!("t{n}"),
                opted_in.to_owned(),
                n.to_string(),
            ]
        })
        .collect();
    let cells: Vec<Vec<&str>> = rows
        .iter()
        .map(|row| row.iter().map(String::as_str).collect())
        .collect();
    let mut turned: Vec<Vec<&str>> = cells.clone();
    for row in &mut turned {
        row[3] = if row[3] == "true" { "false" } else { "true" };
    }
    for rows in [&cells, &cells, &turned] {
        let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
        let mut import = Importing::begin(&mut world, "phone,email,tags,optedIn,size", OnDuplicate::Update);
        import.batch(&mut world, &rows, true);
        assert!(world.rounds <= 4, "{} rounds", world.rounds);
    }
    assert_eq!(world.contacts().len(), 200);
}

/// A contact without what two runs may differ in.
fn canonical(contact: &Contact) -> Value {
    let mut value = serde_json::to_value(contact).unwrap();
    value.as_object_mut().unwrap().remove("id");
    value
}

fn cell(values: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(values)
}

prop_compose! {
    fn any_row()(
        phone in cell(&["", "", "+12125550100", "+1 212 555 0101", "+5511987654321", "+551187654321", "12", "x"]),
        email in cell(&["", "", "a@example.com", "A@example.com", "b@example.com", "c@example.com", "@"]),
        name in cell(&["", "Ana", "Bo"]),
        tags in cell(&["", "vip", "VIP,new", "x;y"]),
        opted_in in cell(&["", "true", "false", "yes", "no", "maybe"]),
        proof in cell(&["", "", "2026-01-30", "2026-01-31T10:00:00Z", "2031-01-01"]),
        size in cell(&["", "1", "2", "big"]),
        cut in 0..20_usize,
    ) -> Vec<&'static str> {
        let mut row = vec![phone, email, name, tags, opted_in, proof, size];
        if cut < row.len() {
            row.truncate(cut);
        }
        row
    }
}

fn any_mode() -> impl Strategy<Value = OnDuplicate> {
    prop::sample::select(vec![
        OnDuplicate::Skip,
        OnDuplicate::Update,
        OnDuplicate::FillGaps,
    ])
}

/// What became of a row, without whose it is.
type Outcome = Result<(RowOutcome, Vec<Withheld>), Rejection>;

/// Imports rows in batches of these sizes, over and over; the counts and the results.
fn run(
    world: &mut World,
    rows: &[Vec<&'static str>],
    mode: OnDuplicate,
    sizes: &[usize],
) -> (ImportCounts, Vec<Outcome>) {
    let header = "phone,email,name,tags,optedIn,optInProof,size";
    let mut import = Importing::begin(world, header, mode);
    let mut results = Vec::new();
    let mut rest = rows;
    for size in sizes.iter().cycle() {
        let (now, later) = rest.split_at(rest.len().min(*size));
        rest = later;
        let cells: Vec<&[&str]> = now.iter().map(Vec::as_slice).collect();
        results.extend(import.batch(world, &cells, rest.is_empty()));
        if rest.is_empty() {
            break;
        }
    }
    let results = results
        .into_iter()
        .map(|result| result.map(|taken| (taken.outcome, taken.withheld)));
    (import.stored(world).counts, results.collect())
}

proptest! {
    #[test]
    fn created_updated_unchanged_and_rejected_are_the_rows(
        rows in prop::collection::vec(any_row(), 0..40), mode in any_mode(), sizes in prop::collection::vec(1..9_usize, 1..4),
        limit in prop::option::of(0..4_u64),
    ) {
        let mut world = world_with(&[("size", AttributeKind::Number)]);
        world.org.settings.plan = limit.map_or(Plan::Scale, Plan::Contacts);
        let (counts, results) = run(&mut world, &rows, mode, &sizes);
        prop_assert_eq!(counts.rows(), rows.len() as u64);
        prop_assert_eq!(results.len(), rows.len());
        prop_assert_eq!(counts.created, world.contacts().len() as u64);
        prop_assert!(limit.is_none_or(|limit| counts.created <= limit));
        let of = |wanted| results.iter().flatten().filter(|(outcome, _)| *outcome == wanted).count() as u64;
        prop_assert_eq!(counts.created, of(Created));
        prop_assert_eq!(counts.updated, of(Updated));
        prop_assert_eq!(counts.unchanged, of(Unchanged));
        prop_assert_eq!(counts.rejected, results.iter().filter(|result| result.is_err()).count() as u64);
    }

    #[test]
    fn rows_decided_together_do_what_they_would_do_one_by_one(
        rows in prop::collection::vec(any_row(), 1..40), mode in any_mode(), sizes in prop::collection::vec(1..20_usize, 1..4),
        limit in prop::option::of(0..4_u64),
    ) {
        let outcome = |sizes: &[usize]| {
            let mut world = world_with(&[("size", AttributeKind::Number)]);
            world.org.settings.plan = limit.map_or(Plan::Scale, Plan::Contacts);
            let done = run(&mut world, &rows, mode, sizes);
            let mut contacts: Vec<String> = world.contacts().iter().map(|c| canonical(c).to_string()).collect();
            contacts.sort();
            (done, contacts)
        };
        prop_assert_eq!(outcome(&sizes), outcome(&[1]));
    }

    #[test]
    fn a_file_uploaded_again_with_duplicates_skipped_changes_nothing(
        // A file whose later rows replace the e-mail address of earlier ones names people who are not there any more.
        rows in prop::collection::vec(any_row(), 0..40),
        mode in prop::sample::select(vec![OnDuplicate::Skip, OnDuplicate::FillGaps]),
    ) {
        let mut world = world_with(&[("size", AttributeKind::Number)]);
        let (first, _) = run(&mut world, &rows, mode, &[7]);
        let before = world.contacts();
        let (second, _) = run(&mut world, &rows, OnDuplicate::Skip, &[7]);
        prop_assert_eq!((second.created, second.updated), (0, 0));
        prop_assert_eq!(second.rejected, first.rejected);
        for contact in before {
            let now = world.get::<Contact>(&Key::Contact { org: ORG, contact: contact.id });
            prop_assert_eq!(now, Some(contact));
        }
    }
}

#[test]
fn the_header_in_the_middle_of_a_file_is_refused_as_what_it_is() {
    let mut world = world_with(&[]);
    let mut import = Importing::begin(&mut world, "email,name", OnDuplicate::Update);
    let rows: [&[&str]; 3] = [
        &["ana@example.com", "Ana"],
        &[" email", "name "],
        &["bo@example.com", "name"],
    ];
    let results = import.batch(&mut world, &rows, true);
    let refused = results[1].as_ref().unwrap_err();
    assert!(refused.to_string().contains("the header again"), "{refused}");
    assert_eq!(refused.line, 3);
    assert!(results[0].is_ok() && results[2].is_ok());
}

#[test]
fn columns_of_one_name_are_told_apart_by_their_places() {
    let header: Vec<String> = ["phone", "mail", "mail"].map(str::to_owned).to_vec();
    let fields = [Some(Field::Phone), Some(Field::Email), None];
    let mapping = Mapping::check(&header, &fields, &[]).unwrap();
    assert_eq!(mapping.unmapped(), ["mail (column 3)"]);
    assert_eq!(repeated(&header), ["mail"]);
    let refused = Row::read(2, &["", "ana@", "x"], &mapping, &Settings::default(), at(0)).unwrap_err();
    assert_eq!(refused.errors[0].column, "mail (column 2)");
}

#[test]
fn several_numbers_in_googles_cell_are_one_persons() {
    let header: Vec<String> = ["Phone 1 - Value", "Phone 2 - Value"].map(str::to_owned).to_vec();
    let mapping = Mapping::check(&header, &suggest(&header, &[]), &[]).unwrap();
    let cells = ["+1 212-555-0100 ::: +1 212-555-0101", "+1 212-555-0102"];
    let row = Row::read(2, &cells, &mapping, &Settings::default(), at(0)).unwrap();
    assert_eq!(row.phone.unwrap().as_str(), "+12125550100");
    let others: Vec<&str> = row.other_phones.iter().map(Phone::as_str).collect();
    assert_eq!(others, ["+12125550101", "+12125550102"]);
}
