use chrono::{DateTime, Utc};
use tertulia_core::consent::{Change, Fact, Proof, Purpose, Scope, Source};
use tertulia_core::contact::{Contact, CreatedBy, Identity};
use tertulia_core::conversation::Author;
use tertulia_core::decide::import_row::{RowOutcome, Withheld};
use tertulia_core::identity::{Address, AddressKind};
use tertulia_core::ids::{AccountId, ContactId, DispatchId};
use tertulia_core::import::OnDuplicate;
use tertulia_core::ledger::{Dispatch, DispatchState, SkipReason};
use tertulia_core::record::{IdentityRef, Key};
use tertulia_core::settings::Settings;
use tertulia_core::suppression::Suppression;
use uuid::Uuid;

use crate::rows::Importing;
use crate::support::{ORG, World, at};

const KNOWN: ContactId = ContactId(Uuid::from_u128(7));
const SENDER: AccountId = AccountId(Uuid::from_u128(8));
const PHONE: &str = "+12125550100";

fn fact(seconds: i64, change: Change, source: Source, scope: Scope) -> Fact {
    Fact {
        at: at(seconds),
        change,
        scope,
        source,
        via: None,
        new_proof: false,
        proof: Proof::Stated("before".to_owned()),
    }
}

/// A world with one contact, at this address, with this history; it is second 100.
fn world(address: Address, history: Vec<Fact>) -> World {
    let mut world = World::new(Settings::default());
    world.now = at(100);
    let mut contact = Contact::new(ORG, KNOWN, CreatedBy::Manual, at(-1000));
    let match_key = address.match_key();
    world.insert(IdentityRef {
        org: ORG,
        kind: address.kind,
        match_key: match_key.clone(),
        contact: KNOWN,
    });
    contact.identities.push(Identity {
        address,
        match_key,
        provider_value: None,
        unassigned: false,
        since: at(-1000),
        until: None,
        merged_from: None,
    });
    for fact in history {
        contact.consent.record(fact);
    }
    world.insert(contact);
    world
}

fn known(world: &World) -> Contact {
    let contact = KNOWN;
    world.get(&Key::Contact { org: ORG, contact }).unwrap()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Prior {
    /// No such contact.
    New,
    Unasked,
    In,
    InButNotForMarketing,
    OutByAgent,
    OutByFile,
    OutByStop,
    OutByPlatform,
    InButStoppedAtASender,
}

impl Prior {
    /// What was said, at second 50.
    fn history(self) -> Vec<Fact> {
        let scope = Scope::EVERYTHING;
        match self {
            Self::New | Self::Unasked => vec![],
            Self::In => vec![fact(50, Change::OptIn, Source::Manual, scope)],
            Self::InButNotForMarketing => {
                let purpose = Purpose::AllButMarketing;
                vec![fact(
                    50,
                    Change::OptIn,
                    Source::Inbound,
                    Scope {
                        purpose,
                        sender: None,
                    },
                )]
            }
            Self::OutByAgent => vec![fact(50, Change::OptOut, Source::Manual, scope)],
            Self::OutByFile => vec![fact(50, Change::OptOut, Source::Import, scope)],
            Self::OutByStop => vec![fact(50, Change::OptOut, Source::Keyword, scope)],
            Self::OutByPlatform => vec![fact(50, Change::OptOut, Source::Provider, scope)],
            Self::InButStoppedAtASender => {
                let sender = Some(SENDER);
                vec![
                    fact(40, Change::OptIn, Source::Manual, scope),
                    fact(50, Change::OptOut, Source::Provider, Scope { sender, ..scope }),
                ]
            }
        }
    }
}

#[test]
fn what_a_row_does_to_each_state_of_consent() {
    use Prior::*;
    use RowOutcome::{Created, Unchanged, Updated};
    // The row's cell and proof; what was before; whether marketing may go out afterwards, what became of the row,
    // whether its opt-in was held back.
    let (early, late) = ("early", "late");
    let cases = [
        ("true", "", New, true, Created, false),
        ("true", "", Unasked, true, Updated, false),
        ("true", "", In, true, Unchanged, false),
        ("true", "", InButNotForMarketing, true, Updated, false),
        ("true", "", OutByAgent, false, Unchanged, true),
        ("true", "", OutByFile, false, Unchanged, true),
        ("true", "", OutByStop, false, Unchanged, true),
        ("true", "", OutByPlatform, false, Unchanged, true),
        ("true", "", InButStoppedAtASender, false, Unchanged, false),
        ("yes", early, New, true, Created, false),
        ("yes", early, Unasked, true, Updated, false),
        ("yes", early, In, true, Updated, false),
        ("yes", early, OutByAgent, false, Updated, true),
        ("yes", early, OutByFile, false, Updated, true),
        ("yes", early, OutByStop, false, Updated, true),
        ("yes", early, OutByPlatform, false, Updated, true),
        ("1", late, New, true, Created, false),
        ("1", late, Unasked, true, Updated, false),
        ("1", late, In, true, Updated, false),
        ("1", late, OutByAgent, true, Updated, false),
        ("1", late, OutByFile, true, Updated, false),
        ("1", late, OutByStop, true, Updated, false),
        ("1", late, OutByPlatform, false, Updated, true),
        ("1", late, InButStoppedAtASender, false, Updated, false),
        ("", "", New, false, Created, false),
        ("", "", Unasked, false, Unchanged, false),
        ("", "", In, true, Unchanged, false),
        ("", "", OutByStop, false, Unchanged, false),
        ("", late, OutByAgent, false, Unchanged, false),
        ("", late, New, false, Created, false),
        ("false", "", New, false, Created, false),
        ("false", "", Unasked, false, Unchanged, false),
        ("false", "", In, false, Updated, false),
        ("n", "", InButNotForMarketing, false, Updated, false),
        ("no", "", OutByStop, false, Unchanged, false),
        ("0", late, In, false, Updated, false),
    ];
    for (cell, proof, prior, permitted, outcome, withheld) in cases {
        let case = format!("{cell:?} with proof {proof:?}, {prior:?}");
        let mut world = match prior {
            New => world(Address::new(AddressKind::Phone, "+12125550199"), vec![]),
            prior => world(Address::new(AddressKind::Phone, PHONE), prior.history()),
        };
        let proof: &str = match proof {
            "early" => &at(20).to_rfc3339(),
            "late" => &at(70).to_rfc3339(),
            none => none,
        };
        let mut import = Importing::begin(&mut world, "phone,optedIn,optInProof", OnDuplicate::Update);
        let row: &[&str] = &[PHONE, cell, proof];
        let results = import.batch(&mut world, &[row], true);
        let taken = results[0].as_ref().unwrap();
        let contact: Contact = world
            .get(&Key::Contact {
                org: ORG,
                contact: taken.contact,
            })
            .unwrap();
        assert_eq!(
            contact.consent.permits(true, SENDER, None).is_ok(),
            permitted,
            "{case}"
        );
        assert_eq!(taken.outcome, outcome, "{case}");
        assert_eq!(taken.withheld.contains(&Withheld::OptIn), withheld, "{case}");
        let history = contact.consent.history().len();
        let was = prior.history().len();
        let said = cell.is_empty() || taken.outcome == Unchanged || (prior == New && cell == "false");
        assert_eq!(history, was + usize::from(!said), "{case}");
    }
}

#[test]
fn an_opt_in_keeps_file_line_and_time_as_its_proof() {
    let mut world = world(Address::new(AddressKind::Phone, PHONE), vec![]);
    let mut import = Importing::begin(&mut world, "phone,optedIn,optInProof", OnDuplicate::Update);
    let agreed = at(30).to_rfc3339();
    let rows: [&[&str]; 2] = [&[PHONE, "true", ""], &["+12125550101", "true", &agreed]];
    let results = import.batch(&mut world, &rows, true);
    let fact = |line, at: DateTime<Utc>, new_proof| Fact {
        at,
        change: Change::OptIn,
        scope: Scope::EVERYTHING,
        source: Source::Import,
        via: None,
        new_proof,
        proof: Proof::Line {
            file: "contacts.csv".to_owned(),
            line,
        },
    };
    assert_eq!(known(&world).consent.history(), [&fact(2, at(100), false)]);
    let contact = results[1].as_ref().unwrap().contact;
    let new: Contact = world.get(&Key::Contact { org: ORG, contact }).unwrap();
    assert_eq!(new.consent.history(), [&fact(3, at(30), true)]);
}

#[test]
fn the_same_evidence_uploaded_again_changes_nothing() {
    let mut world = world(Address::new(AddressKind::Phone, PHONE), vec![]);
    let agreed = at(30).to_rfc3339();
    for outcome in [RowOutcome::Updated, RowOutcome::Unchanged] {
        let mut import = Importing::begin(&mut world, "phone,optedIn,optInProof", OnDuplicate::Update);
        let results = import.batch(&mut world, &[&[PHONE, "true", &agreed]], true);
        assert_eq!(results[0].as_ref().unwrap().outcome, outcome);
        world.now = at(200);
    }
}

#[test]
fn an_opt_out_skips_what_waits_to_be_sent() {
    let waiting = |n: u128, contact: ContactId| {
        let agent = Author::Agent(tertulia_core::ids::AgentId(Uuid::from_u128(9)));
        Dispatch::pending(
            DispatchId(Uuid::from_u128(n)),
            ORG,
            agent,
            contact,
            SENDER,
            at(0),
            60,
        )
    };
    let mut world = world(Address::new(AddressKind::Phone, PHONE), Prior::In.history());
    world.insert(waiting(20, KNOWN));
    world.insert(waiting(21, ContactId(Uuid::from_u128(99))));
    let mut import = Importing::begin(&mut world, "phone,optedIn", OnDuplicate::Update);
    import.batch(&mut world, &[&[PHONE, "false"]], true);
    let reason = SkipReason::OptedOut;
    let states: Vec<DispatchState> = world.all::<Dispatch>().into_iter().map(|row| row.state).collect();
    assert_eq!(
        states,
        [DispatchState::Skipped { reason }, DispatchState::Pending]
    );
}

#[test]
fn within_a_file_a_later_false_wins_and_a_later_true_does_not_lift_it() {
    for (cells, opted_in) in [(["true", "false"], false), (["false", "true"], true)] {
        // Known and new, both ways; for the new one, false says nothing that a later true would have to lift.
        for phone in [PHONE, "+12125550102"] {
            let mut world = world(Address::new(AddressKind::Phone, PHONE), vec![]);
            let mut import = Importing::begin(&mut world, "phone,optedIn", OnDuplicate::Update);
            let rows: [&[&str]; 2] = [&[phone, cells[0]], &[phone, cells[1]]];
            let results = import.batch(&mut world, &rows, true);
            let contact = results[1].as_ref().unwrap().contact;
            let contact: Contact = world.get(&Key::Contact { org: ORG, contact }).unwrap();
            assert_eq!(contact.consent.opted_in(), opted_in, "{phone} {cells:?}");
        }
    }
    let mut world = world(Address::new(AddressKind::Phone, PHONE), Prior::In.history());
    let mut import = Importing::begin(&mut world, "phone,optedIn", OnDuplicate::Update);
    import.batch(&mut world, &[&[PHONE, "false"], &[PHONE, "true"]], true);
    assert!(!known(&world).consent.opted_in());
}

#[test]
fn skipping_duplicates_leaves_consent_alone_and_filling_gaps_does_not() {
    for (mode, opted_in) in [
        (OnDuplicate::Skip, true),
        (OnDuplicate::FillGaps, false),
        (OnDuplicate::Update, false),
    ] {
        let mut world = world(Address::new(AddressKind::Phone, PHONE), Prior::In.history());
        let mut import = Importing::begin(&mut world, "phone,optedIn", mode);
        import.batch(&mut world, &[&[PHONE, "false"]], true);
        assert_eq!(known(&world).consent.opted_in(), opted_in, "{mode:?}");
    }
}

#[test]
fn an_opt_in_known_for_an_email_address_does_not_follow_to_a_phone_and_an_opt_out_does() {
    // What was known; the row's cell and proof; whether the contact is opted in afterwards.
    let (stale, fresh) = (at(20).to_rfc3339(), at(70).to_rfc3339());
    let cases: [(Prior, &str, &str, bool); 7] = [
        (Prior::In, "", "", false),
        (Prior::In, "true", "", true),
        (Prior::Unasked, "true", &stale, true),
        (Prior::In, "true", &fresh, true),
        (Prior::OutByStop, "true", "", false),
        (Prior::OutByStop, "true", &stale, false),
        (Prior::OutByStop, "true", &fresh, true),
    ];
    for (prior, cell, proof, opted_in) in cases {
        let mut world = world(
            Address::new(AddressKind::Email, "ana@example.com"),
            prior.history(),
        );
        let mut import = Importing::begin(
            &mut world,
            "email,phone,optedIn,optInProof",
            OnDuplicate::FillGaps,
        );
        import.batch(&mut world, &[&["Ana@example.com", PHONE, cell, proof]], true);
        let contact = known(&world);
        assert_eq!(contact.phone().unwrap().address.value, PHONE);
        assert_eq!(
            contact.consent.opted_in(),
            opted_in,
            "{prior:?} {cell:?} {proof:?}"
        );
    }
}

#[test]
fn a_row_is_held_to_what_the_person_said_before_their_contact_was_deleted() {
    // The row's cell and proof; who opted out, at second 50; whether the new contact is opted in, and its opt-in held back.
    let cases = [
        (Some(true), None, Source::Keyword, false, true),
        (Some(true), Some("early"), Source::Keyword, false, true),
        (Some(true), Some("late"), Source::Keyword, true, false),
        (Some(true), Some("late"), Source::Provider, false, true),
        (Some(true), None, Source::Manual, false, true),
        (Some(false), None, Source::Keyword, false, false),
        (None, None, Source::Keyword, false, false),
    ];
    for (wish, proof, source, opted_in, withheld) in cases {
        let mut world = World::new(Settings::default());
        world.now = at(100);
        let key = &world.org.hasher;
        world.insert(Suppression {
            org: ORG,
            hash: key.hash(
                AddressKind::Phone,
                &Address::new(AddressKind::Phone, PHONE).match_key(),
            ),
            facts: vec![fact(50, Change::OptOut, source, Scope::EVERYTHING)],
            slot: None,
            erased_at: None,
        });
        let mut importing =
            Importing::begin(&mut world, "phone,name,optedIn,optInProof", OnDuplicate::Update);
        let wish = wish.map_or("", |wish: bool| if wish { "yes" } else { "no" });
        let time = |proof: &str| at(if proof == "early" { 40 } else { 60 }).to_rfc3339();
        let time = proof.map(time).unwrap_or_default();
        let row: &[&str] = &[PHONE, "Ana", wish, &time];
        let results = importing.batch(&mut world, &[row], true);
        let taken = results[0].as_ref().unwrap();
        let case = (wish, proof, source);
        assert_eq!(taken.outcome, RowOutcome::Created, "{case:?}");
        assert_eq!(taken.withheld == [Withheld::OptIn], withheld, "{case:?}");
        let contacts = world.contacts();
        assert_eq!(contacts[0].consent.opted_in(), opted_in, "{case:?}");
        assert_eq!(
            contacts[0].name.as_deref(),
            Some("Ana"),
            "the rest of the row goes in"
        );
    }
}
