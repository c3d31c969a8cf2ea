//! Ids in other systems, and records of those systems stored by them.

use std::sync::Arc;

use tertulia::core::contact::CreatedBy;
use tertulia::core::journal::EntryKind;
use tertulia::{Code, Filter, NewContact, PageOf, Role, Upserted};

use crate::support::Shop;

const ANA: &str = "+12025550100";
const BO: &str = "+12025550101";

fn record(phone: &str, name: &str) -> NewContact {
    NewContact {
        phone: Some(phone.to_owned()),
        name: Some(name.to_owned()),
        ..NewContact::default()
    }
}

#[tokio::test]
async fn external_ids_are_set_found_by_and_removed() {
    let shop = Shop::open().await;
    let contacts = shop.org.contacts();
    let (ana, bo) = (
        shop.contact(ANA, &[], None).await,
        shop.contact(BO, &[], None).await,
    );
    let ana = contacts.set_external_id(ana.id, "shop", " 17 ").await.unwrap();
    let ana = contacts.set_external_id(ana.id, "erp", "17").await.unwrap();
    assert_eq!(ana.external_ids.len(), 2);
    assert_eq!(
        contacts.find_by_external_id("shop", "17").await.unwrap().unwrap(),
        ana
    );
    assert_eq!(contacts.find_by_external_id("shop", "18").await.unwrap(), None);
    let taken = contacts.set_external_id(bo.id, "erp", "17").await.unwrap_err();
    assert_eq!(taken.code(), Code::ContactDuplicate);
    assert!(taken.message().contains(&ana.id.to_string()), "{taken}");
    // Another organisation has ids of its own.
    let elsewhere = shop.crm.create_org(tertulia::Settings::default()).await.unwrap();
    assert_eq!(
        elsewhere
            .contacts()
            .find_by_external_id("shop", "17")
            .await
            .unwrap(),
        None
    );
    contacts.remove_external_id(ana.id, "erp").await.unwrap();
    contacts.set_external_id(bo.id, "erp", "17").await.unwrap();
    assert_eq!(
        contacts
            .find_by_external_id("erp", "17")
            .await
            .unwrap()
            .unwrap()
            .id,
        bo.id
    );
    let blank = contacts.find_by_external_id("shop", " ").await.unwrap_err();
    assert_eq!(blank.code(), Code::ContactExternalIdInvalid);
}

#[tokio::test]
async fn a_record_of_another_system_is_stored_by_its_id() {
    let shop = Shop::open().await;
    let contacts = shop.org.contacts();
    let opted_in = NewContact {
        opted_in: Some(true),
        ..record(ANA, "Ana")
    };
    let (ana, outcome) = contacts.upsert(opted_in.clone(), "shop", "17").await.unwrap();
    assert_eq!((ana.created_by, outcome), (CreatedBy::Api, Upserted::Created));
    assert!(ana.consent.opted_in());
    let (same, outcome) = contacts.upsert(opted_in, "shop", "17").await.unwrap();
    assert_eq!((same, outcome), (ana.clone(), Upserted::Unchanged));
    let (renamed, outcome) = contacts
        .upsert(record(ANA, "Ana Lima"), "shop", "17")
        .await
        .unwrap();
    assert_eq!((renamed.id, outcome), (ana.id, Upserted::Updated));
    assert_eq!(renamed.name.as_deref(), Some("Ana Lima"));

    shop.contact(BO, &[], None).await;
    for (phone, code) in [
        (BO, Code::ContactDuplicate),
        ("+12025550102", Code::ContactAddressDiffers),
    ] {
        let refused = contacts
            .upsert(record(phone, "Eve"), "shop", "17")
            .await
            .unwrap_err();
        assert_eq!(refused.code(), code);
    }
    assert_eq!(
        contacts.get(ana.id).await.unwrap(),
        renamed,
        "a refusal changes nothing"
    );
    let kinds = [EntryKind::ContactUpdated];
    let updates = contacts
        .timeline(ana.id, &kinds, &PageOf::default())
        .await
        .unwrap();
    assert_eq!(updates.items.len(), 1);
    let agent = shop.org.team().add("Priya", Role::Agent).await.unwrap().id;
    let by_hand = shop.org.acting_as(agent);
    let (cy, _) = by_hand
        .contacts()
        .upsert(record("+12025550103", "Cy"), "shop", "19")
        .await
        .unwrap();
    assert_eq!(cy.created_by, CreatedBy::Manual);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_one_id_that_race_make_one_contact() {
    for shop in [Shop::open().await, Shop::in_memory().await] {
        let org = Arc::new(shop.org.clone());
        for round in 0..10 {
            let id = round.to_string();
            let store = |n: u32| {
                let (org, id) = (Arc::clone(&org), id.clone());
                async move {
                    let new = NewContact {
                        name: Some(format!("Name {n}")),
                        ..NewContact::default()
                    };
                    org.contacts().upsert(new, "shop", &id).await
                }
            };
            let stored = futures_util::future::try_join_all((0..8).map(store))
                .await
                .unwrap();
            let created = stored.iter().filter(|(_, outcome)| *outcome == Upserted::Created);
            assert_eq!(created.count(), 1);
            assert!(stored.iter().all(|(contact, _)| contact.id == stored[0].0.id));
        }
        assert_eq!(shop.org.contacts().count(&Filter::Everyone).await.unwrap(), 10);
    }
}
