//! Profiles edited, notes, owners who leave, definitions that change under existing values.

use std::time::Duration;

use serde_json::json;
use tertulia::core::contact::LeadStatus;
use tertulia::core::journal::EntryKind;
use tertulia::{
    AttributeKind, BulkAction, BulkWatch, Code, ContactUpdate, Filter, NewContact, PageOf, Role, Selection,
};

use crate::support::Shop;

fn dropdown(values: &[&str]) -> AttributeKind {
    AttributeKind::Dropdown {
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    }
}

/// A shop with contacts, one of each city, in this order.
async fn shop_of(cities: &[&str]) -> (Shop, Vec<tertulia::core::ids::ContactId>) {
    let shop = Shop::open().await;
    let kind = dropdown(&["Lisboa", "Porto", "Braga"]);
    shop.org.attributes().define("city", kind).await.unwrap();
    let mut ids = Vec::new();
    for (number, city) in cities.iter().enumerate() {
        let new = NewContact {
            phone: Some(format!("+5511987654{number:03}")),
            attributes: [("city".to_owned(), json!(city))].into(),
            ..NewContact::default()
        };
        ids.push(shop.org.contacts().create(new).await.unwrap().id);
    }
    (shop, ids)
}

#[tokio::test]
async fn of_two_edits_over_one_reading_the_second_is_refused_and_can_be_made_again() {
    let (shop, ids) = shop_of(&["Lisboa"]).await;
    let contacts = shop.org.contacts();
    let read = contacts.get(ids[0]).await.unwrap();
    let named = |name: &str| ContactUpdate {
        name: Some(name.to_owned()),
        ..ContactUpdate::default()
    };
    let (anas, annas) = (named("Ana"), named("Anna"));
    let (one, other) = tokio::join!(
        contacts.update(read.id, read.revision, &anas),
        contacts.update(read.id, read.revision, &annas)
    );
    let lost = one.and(other).unwrap_err();
    assert_eq!(lost.code(), Code::ContactChanged);
    let now = contacts.get(read.id).await.unwrap();
    let again = contacts
        .update(now.id, now.revision, &named("Anna M."))
        .await
        .unwrap();
    assert_eq!(again.full_name().as_deref(), Some("Anna M."));
    let timeline = contacts
        .timeline(read.id, &[EntryKind::ContactUpdated], &PageOf::default())
        .await
        .unwrap();
    assert_eq!(timeline.items.len(), 2);
}

#[tokio::test]
async fn a_definition_is_narrowed_or_removed_only_where_nobody_loses_a_value_unless_forced() {
    let (shop, ids) = shop_of(&["Lisboa", "Porto", "Lisboa"]).await;
    let (attributes, contacts) = (shop.org.attributes(), shop.org.contacts());
    let without = |values: &[&str]| dropdown(values);
    assert_eq!(
        attributes
            .change("city", without(&["Lisboa", "Porto"]), false)
            .await
            .unwrap(),
        0
    );

    let in_use = attributes
        .change("city", without(&["Porto"]), false)
        .await
        .unwrap_err();
    assert_eq!(in_use.code(), Code::AttributeInUse);
    assert!(in_use.message().contains('2'), "{in_use}");
    assert_eq!(contacts.get(ids[0]).await.unwrap().attributes["city"], "Lisboa");
    assert_eq!(
        attributes
            .change("city", without(&["Porto"]), true)
            .await
            .unwrap(),
        2
    );
    assert!(contacts.get(ids[0]).await.unwrap().attributes.is_empty());
    assert_eq!(contacts.get(ids[1]).await.unwrap().attributes["city"], "Porto");

    assert_eq!(
        attributes
            .change("city", AttributeKind::Text, false)
            .await
            .unwrap(),
        0
    );
    assert_eq!(contacts.get(ids[1]).await.unwrap().attributes["city"], "Porto");
    let in_use = attributes.remove("city", false).await.unwrap_err();
    assert_eq!(in_use.code(), Code::AttributeInUse);
    assert_eq!(attributes.remove("city", true).await.unwrap(), 1);
    assert!(contacts.get(ids[1]).await.unwrap().attributes.is_empty());
    assert!(attributes.list().await.unwrap().is_empty());
    let gone = attributes.remove("city", true).await.unwrap_err();
    assert_eq!(gone.code(), Code::AttributeUnknown);
    // A name that is free again can be anything.
    attributes.define("city", AttributeKind::Number).await.unwrap();
}

#[tokio::test]
async fn a_leavers_contacts_get_a_successor_in_one_step() {
    let (shop, ids) = shop_of(&["Lisboa", "Porto", "Braga"]).await;
    let (team, contacts) = (shop.org.team(), shop.org.contacts());
    let otto = team.add("Otto", Role::Agent).await.unwrap().id;
    let priya = team.add("Priya", Role::Agent).await.unwrap().id;
    let both = Selection::Ids(ids[..2].to_vec());
    let report = contacts
        .bulk(&both, &BulkAction::Assign(otto), BulkWatch::default())
        .await
        .unwrap();
    assert_eq!(report.changed, 2);
    assert!(contacts.set_owner(ids[2], Some(priya)).await.unwrap());

    assert_eq!(
        team.deactivate(otto, Some(otto)).await.unwrap_err().code(),
        Code::MemberInactive
    );
    assert!(team.get(otto).await.unwrap().active);
    assert_eq!(team.deactivate(otto, Some(priya)).await.unwrap(), 2);
    assert!(!team.get(otto).await.unwrap().active);
    for id in &ids {
        assert_eq!(contacts.get(*id).await.unwrap().owner, Some(priya));
    }
    assert_eq!(team.deactivate(otto, Some(priya)).await.unwrap(), 0);
    let refused = contacts
        .bulk(&both, &BulkAction::Assign(otto), BulkWatch::default())
        .await
        .unwrap();
    assert_eq!(refused.refused, [("member.inactive".to_owned(), 2)].into());
    assert_eq!(team.deactivate(priya, None).await.unwrap(), 3);
    assert_eq!(contacts.get(ids[0]).await.unwrap().owner, None);
    assert!(team.reactivate(otto).await.unwrap().active);
    let nobodys = contacts
        .bulk(
            &Selection::Filter(Filter::Everyone),
            &BulkAction::Unassign,
            BulkWatch::default(),
        )
        .await
        .unwrap();
    assert_eq!((nobodys.changed, nobodys.unchanged), (0, 3));
}

#[tokio::test]
async fn a_lead_is_moved_on_and_back() {
    let (shop, ids) = shop_of(&["Lisboa"]).await;
    let contacts = shop.org.contacts();
    assert_eq!(contacts.advance_lead(ids[0]).await.unwrap(), LeadStatus::Warm);
    let early = contacts.re_engage(ids[0], None).await.unwrap_err();
    assert_eq!(early.code(), Code::ContactLeadStep);
    assert_eq!(contacts.advance_lead(ids[0]).await.unwrap(), LeadStatus::Hot);
    assert_eq!(contacts.re_engage(ids[0], None).await.unwrap(), LeadStatus::Cold);
}

#[tokio::test]
async fn notes_are_listed_by_when_they_were_written_and_told_on_the_timeline() {
    let (shop, ids) = shop_of(&["Lisboa", "Porto"]).await;
    let (notes, contacts) = (shop.org.notes(), shop.org.contacts());
    let priya = shop.org.team().add("Priya", Role::Agent).await.unwrap().id;
    let hers = shop
        .org
        .acting_as(priya)
        .notes()
        .add(ids[0], "Likes tea.")
        .await
        .unwrap();
    shop.clock.advance(Duration::from_secs(1));
    let hosts = notes.add(ids[0], "Paid.").await.unwrap();
    notes.add(ids[1], "Elsewhere.").await.unwrap();
    let listed = notes.list(ids[0], &PageOf::first(1)).await.unwrap();
    assert_eq!(listed.items, std::slice::from_ref(&hers));
    let rest = PageOf {
        cursor: listed.next,
        ..PageOf::default()
    };
    assert_eq!(
        notes.list(ids[0], &rest).await.unwrap().items,
        std::slice::from_ref(&hosts)
    );
    let refused = shop
        .org
        .acting_as(priya)
        .notes()
        .edit(hosts.id, "Not paid.")
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::NoteNotAuthor);
    notes.remove(hers.id).await.unwrap();
    assert_eq!(
        notes.list(ids[0], &PageOf::default()).await.unwrap().items,
        [hosts]
    );
    let timeline = contacts
        .timeline(ids[0], &[EntryKind::NoteChanged], &PageOf::default())
        .await
        .unwrap();
    assert_eq!(timeline.items.len(), 3);
    let nobody = tertulia::core::ids::ContactId(uuid::Uuid::from_u128(404));
    let unknown = notes.list(nobody, &PageOf::default()).await.unwrap_err();
    assert_eq!(unknown.code(), Code::ContactNotFound);
}
