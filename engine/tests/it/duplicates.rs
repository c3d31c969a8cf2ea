//! Contacts that are likely one person, found in the whole organisation and for one of them.

use std::time::Duration;

use tertulia::core::ids::ContactId;
use tertulia::testing::{Inbound, Person};
use tertulia::{Code, ContactUpdate, Duplicate, LikenessReason, NewContact, PageOf, Settings};

use crate::support::Shop;

const USER: &str = "PT.13491208655302741918";

async fn contact(shop: &Shop, phone: &str, email: Option<String>) -> ContactId {
    // Contacts of one instant would stand in any order.
    shop.clock.advance(Duration::from_secs(1));
    let new = NewContact {
        phone: Some(phone.to_owned()),
        email,
        ..NewContact::default()
    };
    shop.org.contacts().create(new).await.unwrap().id
}

async fn all(shop: &Shop, limit: usize, backwards: bool) -> Vec<Duplicate> {
    let mut page = PageOf {
        backwards,
        ..PageOf::first(limit)
    };
    let mut found = Vec::new();
    loop {
        let listed = shop.org.contacts().duplicates(&page).await.unwrap();
        assert!(listed.items.len() <= limit);
        found.extend(listed.items);
        match listed.next {
            Some(next) => page.cursor = Some(next),
            None => return found,
        }
    }
}

fn reasons(found: &Duplicate) -> Vec<(LikenessReason, &str)> {
    let reasons = found.reasons.iter();
    reasons
        .map(|alike| (alike.reason, &*alike.address.value))
        .collect()
}

#[tokio::test]
async fn likely_duplicates_are_listed_with_their_reasons_and_found_for_one() {
    let shop = Shop::open().await;
    let ana = contact(&shop, "+5491123456789", Some("Ana@example.com".to_owned())).await;
    let again = contact(&shop, "+541123456789", Some("ana@example.com".to_owned())).await;
    let bruno = contact(&shop, "+351912345678", None).await;
    contact(&shop, "+919876543210", Some("other@example.com".to_owned())).await;
    let both = [
        (LikenessReason::LikelyNumber, "+541123456789"),
        (LikenessReason::SameEmail, "ana@example.com"),
    ];
    let found = all(&shop, 50, false).await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&*found[0].contacts, reasons(&found[0])),
        (&[ana, again][..], both.to_vec())
    );

    // Somebody known by an id writes, and the platform names the number of a contact by hand with it.
    let hidden = NewContact {
        whatsapp_id: Some(USER.to_owned()),
        ..NewContact::default()
    };
    let hidden = shop.org.contacts().create(hidden).await.unwrap().id;
    assert!(
        shop.org
            .contacts()
            .duplicates_of(hidden)
            .await
            .unwrap()
            .is_empty()
    );
    let person = Person {
        user_id: USER.to_owned(),
        ..Person::phone("+351912345678")
    };
    shop.platform.say(Inbound::text(person, "Hi!")).await.unwrap();
    shop.platform.drain().await;
    let found = shop.org.contacts().duplicates_of(hidden).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].contacts, [hidden, bruno]);
    assert_eq!(found[0].reasons[0].reason, LikenessReason::NamedTogether);
    let found = shop.org.contacts().duplicates_of(again).await.unwrap();
    assert_eq!(found[0].contacts, [again, ana]);
    assert_eq!(all(&shop, 50, false).await.len(), 2);

    // Blocking changes nothing; that they are not alike any more does.
    shop.org.contacts().block(ana).await.unwrap();
    assert_eq!(all(&shop, 50, false).await.len(), 2);
    let revision = shop.org.contacts().get(again).await.unwrap().revision;
    let update = ContactUpdate {
        email: Some("again@example.com".to_owned()),
        ..ContactUpdate::default()
    };
    let contacts = shop.org.contacts();
    contacts.update(again, revision, &update).await.unwrap();
    contacts
        .replace_phone(again, "+541123456789", "+541123456780")
        .await
        .unwrap();
    assert_eq!(all(&shop, 50, false).await.len(), 1);
    let gone = contacts.duplicates_of(ContactId(shop.org.id().0)).await;
    assert_eq!(gone.unwrap_err().code(), Code::ContactNotFound);
}

#[tokio::test]
async fn entries_fill_their_pages_though_most_of_what_is_shared_says_nothing() {
    let shop = Shop::open().await;
    let contacts = shop.org.contacts();
    let mut expected = Vec::new();
    for number in 0..70 {
        let phone = format!("+9198765400{number:02}");
        // A number that was given out again: shared, and no duplicate.
        let former = contact(&shop, &phone, None).await;
        let next = format!("+9198765500{number:02}");
        contacts.replace_phone(former, &phone, &next).await.unwrap();
        let email = format!("same{}@example.com", number / 2);
        let email = (number < 8).then_some(email);
        expected.push(contact(&shop, &phone, email).await);
    }
    let found = all(&shop, 50, false).await;
    assert_eq!(found.len(), 4);
    for (duplicate, pair) in found.iter().zip(expected.chunks(2)) {
        assert_eq!(duplicate.contacts, pair);
    }
    assert_eq!(all(&shop, 3, false).await, found);
    let mut backwards = all(&shop, 1, true).await;
    backwards.reverse();
    assert_eq!(backwards, found);
    // The last page ends behind what says nothing, and is no empty one.
    let page = contacts.duplicates(&PageOf::first(3)).await.unwrap();
    let cursor = page.next;
    let other = shop.crm.create_org(Settings::default()).await.unwrap();
    let page = PageOf {
        cursor,
        ..PageOf::first(3)
    };
    let refused = other.contacts().duplicates(&page).await;
    assert_eq!(refused.unwrap_err().code(), Code::CursorInvalid);
}
