use chrono::{DateTime, Utc};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::{Filter, MAX_DEPTH, MAX_SIZE, TagFilter};
use crate::attributes::{Attribute, AttributeKind};
use crate::channel::Channel;
use crate::consent::{Change, Fact, Proof, Scope, Source};
use crate::contact::{Contact, CreatedBy, LeadStatus, RecordStatus, tag_name};
use crate::error::Code;
use crate::ids::{AgentId, ContactId, OrgId};

fn contact(tags: &[&str], opted_in: bool, status: RecordStatus) -> Contact {
    let mut contact = Contact::new(
        OrgId(Uuid::nil()),
        ContactId(Uuid::nil()),
        CreatedBy::Api,
        DateTime::UNIX_EPOCH,
    );
    contact.tags = tags.iter().map(|tag| tag_name(tag).unwrap()).collect();
    contact.status = status;
    if opted_in {
        contact.consent.record(Fact {
            at: DateTime::UNIX_EPOCH,
            change: Change::OptIn,
            scope: Scope::EVERYTHING,
            source: Source::Api,
            via: None,
            new_proof: false,
            proof: Proof::Stated(String::new()),
        });
    }
    contact
}

/// A contact with something in every field that filters ask about, but tags, consent and status.
fn rich() -> Contact {
    Contact {
        lead: LeadStatus::Hot,
        owner: Some(AgentId(Uuid::from_u128(5))),
        source_channel: Some(Channel::WhatsApp),
        created_at: at("2026-01-31T12:00:00Z"),
        last_interaction: Some(at("2026-02-28T00:00:00Z")),
        attributes: [
            ("city", json!("São Paulo")),
            ("age", json!(40)),
            ("since", json!("2025-12-31")),
            ("member", json!(true)),
            ("plan", json!("gold")),
            ("gone", json!(null)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
        ..contact(&[], false, RecordStatus::Active)
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn fields_and_times_pick_their_contacts() {
    let (rich, blank) = (rich(), contact(&[], false, RecordStatus::Active));
    let owner = Uuid::from_u128(5);
    // (filter, fits the rich one, fits the blank one, made at the epoch)
    let table = [
        (json!({"lead": ["hot", "customer"]}), true, false),
        (json!({"lead": ["cold"]}), false, true),
        (json!({"lead": []}), false, false),
        (json!({"owner": "nobody"}), false, true),
        (json!({"owner": {"is": owner}}), true, false),
        (json!({"owner": {"is": Uuid::nil()}}), false, false),
        (json!({"source": ["whatsapp", "email"]}), true, false),
        (json!({"source": ["email"]}), false, false),
        (json!({"not": {"source": ["email"]}}), true, true),
        (json!({"created": "never"}), false, false),
        (
            json!({"created": {"before": "2026-01-31T12:00:00Z"}}),
            false,
            true,
        ),
        (
            json!({"created": {"before": "2026-01-31T12:00:00.000001Z"}}),
            true,
            true,
        ),
        (
            json!({"created": {"before": "2026-01-31T12:00:00.0000009Z"}}),
            false,
            true,
        ),
        (json!({"created": {"after": "2026-01-31T12:00:00Z"}}), true, false),
        (
            json!({"created": {"after": "2026-01-31T12:00:00.000001Z"}}),
            false,
            false,
        ),
        (
            json!({"created": {"after": "2026-01-31T12:00:00.0000009Z"}}),
            true,
            false,
        ),
        (
            json!({"created": {"between": {"from": "2026-01-31T12:00:00Z", "until": "2026-02-01T00:00:00Z"}}}),
            true,
            false,
        ),
        (
            json!({"created": {"between": {"from": "2026-01-01T00:00:00Z", "until": "2026-01-31T12:00:00Z"}}}),
            false,
            false,
        ),
        (
            json!({"created": {"between": {"from": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}}}),
            false,
            false,
        ),
        (json!({"lastInteraction": "never"}), false, true),
        (
            json!({"lastInteraction": {"before": "2026-03-01T00:00:00Z"}}),
            true,
            false,
        ),
        (
            json!({"lastInteraction": {"after": "2026-02-28T00:00:00Z"}}),
            true,
            false,
        ),
        (
            json!({"lastInteraction": {"after": "2026-02-28T00:00:01Z"}}),
            false,
            false,
        ),
        (
            json!({"not": {"lastInteraction": {"before": "2026-03-01T00:00:00Z"}}}),
            false,
            true,
        ),
    ];
    for (json, rich_fits, blank_fits) in table {
        let filter = read(json.clone());
        assert_eq!(
            (filter.matches(&rich), filter.matches(&blank)),
            (rich_fits, blank_fits),
            "{json}"
        );
    }
}

#[test]
fn tests_of_attributes_pick_their_contacts() {
    let (rich, blank) = (rich(), contact(&[], false, RecordStatus::Active));
    // (attribute, test, fits the rich one)
    let table = [
        ("city", json!("set"), true),
        ("gone", json!("set"), false),
        ("other", json!("set"), false),
        ("city", json!({"equals": "São Paulo"}), true),
        ("city", json!({"equals": "sao paulo"}), false),
        ("city", json!({"contains": "SAO p"}), true),
        ("city", json!({"contains": "rio"}), false),
        ("age", json!({"contains": "4"}), false),
        ("age", json!({"equals": 40}), true),
        ("age", json!({"equals": 40.0}), true),
        ("age", json!({"equals": "40"}), false),
        ("age", json!({"less": 40.5}), true),
        ("age", json!({"less": 40}), false),
        ("age", json!({"greater": 39}), true),
        ("age", json!({"greater": 40}), false),
        ("since", json!({"equals": "2025-12-31"}), true),
        ("since", json!({"less": "2026-01-01"}), true),
        ("since", json!({"less": "2025-12-31"}), false),
        ("since", json!({"greater": "2025-12-30"}), true),
        ("member", json!({"equals": true}), true),
        ("member", json!({"equals": false}), false),
        ("gone", json!({"equals": null}), false),
    ];
    for (name, is, fits) in table {
        let json = json!({"attribute": {"name": name, "is": is}});
        let filter = read(json.clone());
        let not = read(json!({ "not": json.clone() }));
        assert_eq!(
            (filter.matches(&rich), not.matches(&rich)),
            (fits, !fits),
            "{json}"
        );
        assert_eq!(
            (filter.matches(&blank), not.matches(&blank)),
            (false, true),
            "{json}"
        );
    }
}

#[test]
fn an_attribute_is_asked_what_its_type_can_answer() {
    let define = |name: &str, kind| Attribute {
        org: OrgId(Uuid::nil()),
        name: name.to_owned(),
        kind,
    };
    let values = vec!["gold".to_owned()];
    let known = [
        define("city", AttributeKind::Text),
        define("age", AttributeKind::Number),
        define("since", AttributeKind::Date),
        define("member", AttributeKind::Boolean),
        define("plan", AttributeKind::Dropdown { values }),
    ];
    let table = [
        ("city", json!("set"), None),
        ("city", json!({"equals": "x"}), None),
        ("city", json!({"equals": 1}), Some(Code::FilterMisfit)),
        ("city", json!({"contains": "x"}), None),
        ("city", json!({"less": "x"}), Some(Code::FilterMisfit)),
        ("age", json!({"equals": 1.5}), None),
        ("age", json!({"equals": "1"}), Some(Code::FilterMisfit)),
        ("age", json!({"contains": "1"}), Some(Code::FilterMisfit)),
        ("age", json!({"less": 3}), None),
        ("age", json!({"greater": "3"}), Some(Code::FilterMisfit)),
        ("since", json!({"greater": "2026-01-31"}), None),
        ("since", json!({"less": "31.1.2026"}), Some(Code::FilterMisfit)),
        ("since", json!({"equals": 2026}), Some(Code::FilterMisfit)),
        ("member", json!({"equals": true}), None),
        ("member", json!({"greater": false}), Some(Code::FilterMisfit)),
        ("plan", json!({"equals": "gold"}), None),
        ("plan", json!({"equals": "lead"}), Some(Code::FilterMisfit)),
        ("plan", json!({"contains": "go"}), None),
        ("plan", json!("set"), None),
        ("other", json!("set"), Some(Code::FilterAttributeUnknown)),
    ];
    for (name, is, wanted) in table {
        let test = json!({"attribute": {"name": name, "is": is}});
        let filter = read(json!({"or": [{"optedIn": true}, {"not": test.clone()}]}));
        let refused = filter
            .check_attributes(|name| known.iter().find(|attribute| attribute.name == name))
            .err();
        assert_eq!(refused.as_ref().map(crate::error::Error::code), wanted, "{test}");
        if let Some(error) = refused {
            assert!(error.message().contains(name), "{error}");
        }
    }
}

#[test]
fn a_filter_has_bounds() {
    let nested = |depth: usize| (1..depth).fold(Filter::Everyone, |inner, _| Filter::And(vec![inner]));
    let wide = |size: usize| Filter::Status(vec![RecordStatus::Active; size - 1]);
    assert!(nested(MAX_DEPTH).check_size().is_ok() && wide(MAX_SIZE).check_size().is_ok());
    for filter in [
        nested(MAX_DEPTH + 1),
        wide(MAX_SIZE + 1),
        Filter::Or(vec![wide(MAX_SIZE / 2), wide(MAX_SIZE / 2)]),
    ] {
        let error = filter.check_size().unwrap_err();
        assert_eq!(error.code(), Code::FilterTooLarge);
    }
    // What is within the bounds is read from JSON, too.
    let json = serde_json::to_string(&nested(MAX_DEPTH)).unwrap();
    assert_eq!(serde_json::from_str::<Filter>(&json).unwrap(), nested(MAX_DEPTH));
}

fn read(json: serde_json::Value) -> Filter {
    serde_json::from_value::<Filter>(json).unwrap().folded()
}

#[test]
fn each_condition_picks_its_contacts() {
    let ana = contact(&["VIP", "Café Clube"], true, RecordStatus::Active);
    let eva = contact(&[], false, RecordStatus::Blocked);
    // (filter, fits Ana, fits Eva)
    let table = [
        (json!("everyone"), true, true),
        (json!({"tags": {"any": ["vip", "other"]}}), true, false),
        (json!({"tags": {"any": ["  cafe   CLUBE "]}}), true, false),
        (json!({"tags": {"any": []}}), false, false),
        (json!({"tags": {"all": ["vip", "café clube"]}}), true, false),
        (json!({"tags": {"all": ["vip", "other"]}}), false, false),
        (json!({"tags": {"all": []}}), true, true),
        (json!({"tags": {"none": ["vip"]}}), false, true),
        (json!({"tags": {"none": []}}), true, true),
        (json!({"optedIn": true}), true, false),
        (json!({"optedIn": false}), false, true),
        (json!({"status": ["active", "inactive"]}), true, false),
        (json!({"status": []}), false, false),
        (
            json!({"and": [{"optedIn": true}, {"status": ["active"]}]}),
            true,
            false,
        ),
        (
            json!({"and": [{"optedIn": true}, {"status": ["blocked"]}]}),
            false,
            false,
        ),
        (json!({"and": []}), true, true),
        (
            json!({"or": [{"optedIn": true}, {"status": ["blocked"]}]}),
            true,
            true,
        ),
        (json!({"or": []}), false, false),
        (json!({"not": {"optedIn": true}}), false, true),
    ];
    for (json, ana_fits, eva_fits) in table {
        let filter = read(json.clone());
        assert_eq!(
            (filter.matches(&ana), filter.matches(&eva)),
            (ana_fits, eva_fits),
            "{json}"
        );
    }
}

#[test]
fn what_is_no_filter_is_refused() {
    let bad = [
        json!("all"),
        json!({"colour": "red"}),
        json!({"tags": {"some": ["vip"]}}),
        json!({"tags": ["vip"]}),
        json!({"tags": {"any": ["vip"], "all": ["new"]}}),
        json!({"optedIn": true, "status": ["active"]}),
        json!({"optedIn": "yes"}),
        json!({"status": ["sleeping"]}),
        json!({"not": [{"optedIn": true}]}),
        json!({}),
        json!({"lead": ["frozen"]}),
        json!({"owner": {"is": "ana"}}),
        json!({"source": ["pigeon"]}),
        json!({"created": {"before": "2026-01-01T00:00:00Z", "after": "2025-01-01T00:00:00Z"}}),
        json!({"created": {"since": "2026-01-01T00:00:00Z"}}),
        json!({"created": {"between": {"from": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z", "x": 1}}}),
        json!({"lastInteraction": "today"}),
        json!({"attribute": {"name": "city"}}),
        json!({"attribute": {"name": "city", "is": "set", "or": "unset"}}),
        json!({"attribute": {"name": "city", "is": {"startsWith": "a"}}}),
    ];
    for json in bad {
        assert!(serde_json::from_value::<Filter>(json.clone()).is_err(), "{json}");
    }
}

#[test]
fn the_shorthand_is_the_json_form() {
    assert_eq!(
        Filter::tagged_any(["vip"]),
        read(json!({"tags": {"any": ["vip"]}}))
    );
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let tags = || prop::collection::vec(prop::sample::select(vec!["vip", "new", "Old  One"]), 0..3);
    let owned = |tags: Vec<&str>| tags.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let status = prop::sample::select(vec![
        RecordStatus::Active,
        RecordStatus::Inactive,
        RecordStatus::Blocked,
        RecordStatus::Deleted,
    ]);
    let leaf = prop_oneof![
        Just(Filter::Everyone),
        tags().prop_map(move |tags| Filter::Tags(TagFilter::Any(owned(tags)))),
        tags().prop_map(move |tags| Filter::Tags(TagFilter::All(owned(tags)))),
        tags().prop_map(move |tags| Filter::Tags(TagFilter::None(owned(tags)))),
        any::<bool>().prop_map(Filter::OptedIn),
        prop::collection::vec(status, 0..3).prop_map(Filter::Status),
        prop::sample::select(vec![
            json!({"lead": ["hot"]}),
            json!({"owner": "nobody"}),
            json!({"owner": {"is": Uuid::from_u128(5)}}),
            json!({"source": ["whatsapp"]}),
            json!({"created": {"after": "2026-01-01T00:00:00Z"}}),
            json!({"lastInteraction": {"before": "2026-03-01T00:00:00Z"}}),
            json!({"lastInteraction": "never"}),
            json!({"attribute": {"name": "city", "is": {"contains": "SÃO"}}}),
            json!({"attribute": {"name": "age", "is": {"less": 41}}}),
        ])
        .prop_map(|json| serde_json::from_value(json).unwrap()),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Filter::Or),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn any_contact() -> impl Strategy<Value = Contact> {
    let tags = prop::sample::subsequence(vec!["vip", "new", "old one"], 0..=3);
    let status = prop::sample::select(vec![
        RecordStatus::Active,
        RecordStatus::Inactive,
        RecordStatus::Blocked,
    ]);
    (tags, any::<bool>(), status, any::<bool>()).prop_map(|(tags, opted_in, status, is_rich)| {
        let plain = contact(&tags, opted_in, status);
        if is_rich {
            Contact {
                tags: plain.tags,
                consent: plain.consent,
                status,
                ..rich()
            }
        } else {
            plain
        }
    })
}

proptest! {
    #[test]
    fn not_is_the_exact_complement_and_json_keeps_the_meaning(filter in any_filter(), contact in any_contact()) {
        let filter = filter.folded();
        let not = Filter::Not(Box::new(filter.clone()));
        prop_assert_ne!(filter.matches(&contact), not.matches(&contact));
        prop_assert_eq!(filter.folded(), filter.clone(), "folding again changes nothing");
        let json = serde_json::to_string(&filter).unwrap();
        prop_assert_eq!(serde_json::from_str::<Filter>(&json).unwrap(), filter);
    }

    #[test]
    fn and_and_or_are_each_others_dual(filters in prop::collection::vec(any_filter(), 0..4), contact in any_contact()) {
        let filters: Vec<Filter> = filters.iter().map(Filter::folded).collect();
        let negated = filters.iter().map(|filter| Filter::Not(Box::new(filter.clone()))).collect();
        prop_assert_ne!(Filter::And(filters).matches(&contact), Filter::Or(negated).matches(&contact));
    }
}
