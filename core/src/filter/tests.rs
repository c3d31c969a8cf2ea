use chrono::DateTime;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::{Filter, TagFilter};
use crate::consent::{Change, Fact, Proof, Scope, Source};
use crate::contact::{Contact, CreatedBy, RecordStatus, tag_name};
use crate::ids::{ContactId, OrgId};

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
    (tags, any::<bool>(), status).prop_map(|(tags, opted_in, status)| contact(&tags, opted_in, status))
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
