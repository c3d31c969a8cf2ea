//! Contacts found: filters, lists, search, segments, and what is done with many of them.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;
use tertulia::core::contact::LeadStatus;
use tertulia::core::ids::ContactId;
use tertulia::core::journal::EntryKind;
use tertulia::storage::Cursor;
use tertulia::{
    AttributeKind, BulkAction, BulkReport, BulkWatch, CancellationToken, Code, ContactOrder, Filter,
    ImportOptions, NewBroadcast, NewContact, PageOf, Selection, Settings, Watch,
};

use crate::support::Shop;

fn filter(json: serde_json::Value) -> Filter {
    serde_json::from_value(json).unwrap()
}

fn person(number: u32, name: &str, city: &str) -> NewContact {
    NewContact {
        phone: Some(format!("+55119876540{number:02}")),
        name: Some(name.to_owned()),
        attributes: [("city".to_owned(), city.into())].into(),
        ..NewContact::default()
    }
}

/// A shop with people from three cities.
async fn peopled() -> Shop {
    let shop = Shop::open().await;
    shop.org
        .attributes()
        .define("city", AttributeKind::Text)
        .await
        .unwrap();
    for (number, name, city) in [
        (1, "Zoë", "São Paulo"),
        (2, "ana Lima", "Rio de Janeiro"),
        (3, "Ânia", "Recife"),
        (4, "Bruno", "Rio Branco"),
    ] {
        shop.org
            .contacts()
            .create(person(number, name, city))
            .await
            .unwrap();
        shop.clock.advance(Duration::from_secs(1));
    }
    shop
}

async fn names(shop: &Shop, filter: &Filter, order: ContactOrder) -> Vec<String> {
    let mut names = Vec::new();
    let mut page = PageOf::first(2);
    loop {
        let listed = shop.org.contacts().list(filter, order, &page).await.unwrap();
        names.extend(listed.items.iter().filter_map(tertulia::Contact::full_name));
        match listed.next {
            Some(next) => page.cursor = Some(next),
            None => return names,
        }
    }
}

#[tokio::test]
async fn contacts_are_listed_and_counted_by_any_condition_and_order() {
    let shop = peopled().await;
    let rio = filter(json!({"attribute": {"name": "city", "is": {"contains": "RIO"}}}));
    assert_eq!(
        names(&shop, &rio, ContactOrder::Name).await,
        ["ana Lima", "Bruno"]
    );
    let elsewhere = Filter::Not(Box::new(rio.clone()));
    assert_eq!(
        names(&shop, &elsewhere, ContactOrder::Name).await,
        ["Ânia", "Zoë"]
    );
    assert_eq!(shop.org.contacts().count(&rio).await.unwrap(), 2);
    let everyone = names(&shop, &Filter::Everyone, ContactOrder::Created).await;
    assert_eq!(everyone, ["Zoë", "ana Lima", "Ânia", "Bruno"]);
}

#[tokio::test]
async fn a_filter_that_means_nothing_is_refused_wherever_it_comes_in() {
    let shop = peopled().await;
    let unknown = filter(json!({"not": {"attribute": {"name": "town", "is": "set"}}}));
    let misfit = filter(json!({"attribute": {"name": "city", "is": {"less": 5}}}));
    let deep = (0..100).fold(Filter::Everyone, |inner, _| Filter::Not(Box::new(inner)));
    for (filter, code) in [
        (unknown, Code::FilterAttributeUnknown),
        (misfit, Code::FilterMisfit),
        (deep, Code::FilterTooLarge),
    ] {
        let contacts = shop.org.contacts();
        let listed = contacts
            .list(&filter, ContactOrder::Name, &PageOf::default())
            .await;
        assert_eq!(listed.unwrap_err().code(), code);
        assert_eq!(contacts.count(&filter).await.unwrap_err().code(), code);
        let broadcast = NewBroadcast {
            target: Selection::Filter(filter),
            ..shop.broadcast("spring_sale", "vip")
        };
        let broadcasts = shop.org.broadcasts();
        assert_eq!(
            broadcasts.create(broadcast.clone()).await.unwrap_err().code(),
            code
        );
        let draft = broadcasts
            .create(shop.broadcast("spring_sale", "vip"))
            .await
            .unwrap();
        assert_eq!(
            broadcasts.update(draft, broadcast).await.unwrap_err().code(),
            code
        );
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_its_list_filter_order_and_organisation_only() {
    let shop = peopled().await;
    let other = shop.crm.create_org(Settings::default()).await.unwrap();
    for number in 1..=3 {
        let new = NewContact {
            phone: Some(format!("+55119876540{number:02}")),
            ..NewContact::default()
        };
        other.contacts().create(new).await.unwrap();
    }
    let contacts = shop.org.contacts();
    let everyone = Filter::Everyone;
    let first = contacts
        .list(&everyone, ContactOrder::Name, &PageOf::first(1))
        .await
        .unwrap();
    let page = PageOf {
        cursor: first.next,
        ..PageOf::first(1)
    };
    let second = contacts.list(&everyone, ContactOrder::Name, &page).await.unwrap();
    assert_eq!(second.items[0].full_name().as_deref(), Some("Ânia"));

    let active = filter(json!({"status": ["active"]}));
    let refused = [
        contacts.list(&everyone, ContactOrder::Created, &page).await.err(),
        contacts.list(&active, ContactOrder::Name, &page).await.err(),
        other
            .contacts()
            .list(&everyone, ContactOrder::Name, &page)
            .await
            .err(),
        shop.org.broadcasts().list(&page).await.err(),
    ];
    for error in refused {
        let error = error.unwrap();
        assert_eq!(error.code(), Code::CursorInvalid);
        assert!(!error.message().contains("Ânia"), "{error}");
    }
}

async fn searched(shop: &Shop, text: &str) -> Vec<String> {
    let contacts = shop.org.contacts();
    let found = contacts
        .search(text, &Filter::Everyone, &PageOf::default())
        .await
        .unwrap();
    found
        .items
        .iter()
        .filter_map(tertulia::Contact::full_name)
        .collect()
}

#[tokio::test]
async fn one_box_finds_names_numbers_and_attributes_by_any_part_and_pages() {
    let shop = peopled().await;
    assert_eq!(searched(&shop, "AN").await, ["ana Lima", "Ânia"]);
    assert_eq!(searched(&shop, "una").await, Vec::<String>::new());
    assert_eq!(searched(&shop, "run").await, ["Bruno"]);
    assert_eq!(searched(&shop, "(11) 98765-4002").await, ["ana Lima"]);
    assert_eq!(searched(&shop, "011 98765 4002").await, ["ana Lima"]);
    assert_eq!(searched(&shop, "4003").await, ["Ânia"]);
    assert_eq!(searched(&shop, "janeiro ana").await, ["ana Lima"]);
    assert_eq!(searched(&shop, "rio").await, ["ana Lima", "Bruno"]);
    assert_eq!(searched(&shop, "").await.len(), 4);

    let contacts = shop.org.contacts();
    let not_ana = filter(json!({"not": {"text": "ana"}}));
    let found = contacts
        .search("rio", &not_ana, &PageOf::default())
        .await
        .unwrap();
    assert_eq!(found.items.len(), 1);
    assert_eq!(contacts.count(&filter(json!({"text": "rio"}))).await.unwrap(), 2);
    let first = contacts
        .search("98765", &Filter::Everyone, &PageOf::first(3))
        .await
        .unwrap();
    let page = PageOf {
        cursor: first.next,
        ..PageOf::first(3)
    };
    let second = contacts.search("98765", &Filter::Everyone, &page).await.unwrap();
    assert_eq!(
        (first.items.len(), second.items.len(), second.next.is_none()),
        (3, 1, true)
    );
    let other = contacts
        .search("9876", &Filter::Everyone, &page)
        .await
        .unwrap_err();
    assert_eq!(other.code(), Code::CursorInvalid);
}

#[tokio::test]
async fn what_a_contact_is_found_by_follows_its_changes() {
    let shop = peopled().await;
    let ana = shop.find("+5511987654002").await;
    shop.org
        .contacts()
        .replace_phone(ana.id, "+5511987654002", "+4915112345678")
        .await
        .unwrap();
    assert_eq!(searched(&shop, "0151 1234").await, ["ana Lima"]);
    assert_eq!(searched(&shop, "4002").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_segment_is_a_filter_wherever_one_is_taken() {
    let shop = peopled().await;
    let rio = filter(json!({"attribute": {"name": "city", "is": {"contains": "rio"}}}));
    let segments = shop.org.segments();
    let id = segments.create("Rio", &rio).await.unwrap();
    let named = Filter::Segment(id);
    let contacts = shop.org.contacts();
    assert_eq!(contacts.count(&named).await.unwrap(), 2);
    assert_eq!(
        names(&shop, &named, ContactOrder::Name).await,
        ["ana Lima", "Bruno"]
    );
    assert_eq!(
        segments.create("RIO", &rio).await.unwrap_err().code(),
        Code::SegmentExists
    );

    let target = NewBroadcast {
        target: Selection::Filter(named.clone()),
        ..shop.broadcast("order_ready", "vip")
    };
    let broadcast = shop.org.broadcasts().create(target).await.unwrap();
    assert_eq!(segments.delete(id).await.unwrap_err().code(), Code::SegmentInUse);
    let preview = shop.org.broadcasts().preview(broadcast).await.unwrap();
    assert_eq!(
        preview.left_out.values().sum::<u64>(),
        2,
        "nobody of them opted in"
    );
    shop.org.broadcasts().launch(broadcast).await.unwrap();
    assert_eq!(shop.org.broadcasts().stats(broadcast).await.unwrap().total, 2);

    segments
        .update(id, "Recife", &filter(json!({"text": "recife"})))
        .await
        .unwrap();
    assert_eq!(names(&shop, &named, ContactOrder::Name).await, ["Ânia"]);
    assert_eq!(segments.list().await.unwrap()[0].name, "Recife");
    segments.delete(id).await.unwrap();
    assert_eq!(
        contacts.count(&named).await.unwrap_err().code(),
        Code::SegmentNotFound
    );
    assert_eq!(segments.get(id).await.unwrap_err().code(), Code::SegmentNotFound);
}

/// A shop with many people, of whom two are blocked and one has the tag.
async fn crowd(people: u32) -> Shop {
    let shop = Shop::open().await;
    let mut csv = "phone,name,tags\n".to_owned();
    for number in 0..people {
        let tag = if number == 3 { "vip" } else { "crowd" };
        let _ = writeln!(csv, "+91980{:07},Person {number},{tag}", 2_000_000 + number);
    }
    let imports = shop.org.imports();
    let report = imports
        .run(csv.as_bytes(), &ImportOptions::default(), Watch::default())
        .await
        .unwrap();
    assert_eq!(report.counts.created, u64::from(people));
    for number in [1, people - 1] {
        let contact = shop.find(&format!("+91980{:07}", 2_000_000 + number)).await;
        shop.org.contacts().block(contact.id).await.unwrap();
    }
    shop
}

async fn tagged(shop: &Shop, tag: &str) -> u64 {
    shop.org
        .contacts()
        .count(&Filter::tagged_any([tag]))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_bulk_action_is_decided_as_single_calls_are_counted_and_goes_on_after_a_cancellation() {
    let shop = crowd(4_100).await;
    let contacts = shop.org.contacts();
    let everyone = Selection::Filter(Filter::Everyone);
    let vip = BulkAction::Tag(vec!["VIP".to_owned()]);

    let cancel = CancellationToken::new();
    let end = cancel.clone();
    let mut told = Vec::new();
    let watch = BulkWatch {
        progress: Some(Box::new(|report| {
            told.push(report.changed + report.unchanged + report.refused_total());
            if told.len() == 2 {
                end.cancel();
            }
        })),
        cancel: Some(cancel),
        after: None,
    };
    let report = contacts.bulk(&everyone, &vip, watch).await.unwrap();
    assert_eq!(told, [2_000, 4_000]);
    let next = report.next.clone().unwrap();
    assert_eq!(tagged(&shop, "vip").await, report.changed + 1);

    let elsewhere = BulkWatch {
        after: Some(next.clone()),
        ..BulkWatch::default()
    };
    let other = Selection::Filter(Filter::OptedIn(false));
    let refused = contacts.bulk(&other, &vip, elsewhere).await.unwrap_err();
    assert_eq!(refused.code(), Code::CursorInvalid);
    let watch = BulkWatch {
        after: Some(next),
        ..BulkWatch::default()
    };
    let rest = contacts.bulk(&everyone, &vip, watch).await.unwrap();
    assert!(rest.next.is_none());
    let both = [&report, &rest];
    let sum = |of: fn(&BulkReport) -> u64| both.map(of).iter().sum::<u64>();
    assert_eq!((sum(|r| r.changed), sum(|r| r.unchanged)), (4_097, 1));
    assert_eq!(sum(BulkReport::refused_total), 2);
    assert_eq!(
        sum(|r| r.refused.get("contact.blocked").copied().unwrap_or_default()),
        2
    );
    let named = both.iter().flat_map(|report| &report.refusals);
    assert!(named.filter(|refusal| refusal.code == "contact.blocked").count() == 2);
    assert_eq!(tagged(&shop, "vip").await, 4_098);

    // Whom an action takes out of its own filter does not hide the others.
    let selection = Selection::Filter(Filter::tagged_any(["vip"]));
    let untag = BulkAction::Untag(vec!["vip".to_owned()]);
    let report = contacts
        .bulk(&selection, &untag, BulkWatch::default())
        .await
        .unwrap();
    assert_eq!((report.changed, tagged(&shop, "vip").await), (4_098, 0));
}

#[tokio::test]
async fn a_bulk_action_over_ids_meets_each_once_and_names_those_who_are_not_there() {
    let shop = peopled().await;
    let (ana, bruno) = (
        shop.find("+5511987654002").await.id,
        shop.find("+5511987654004").await.id,
    );
    let nobody = ContactId::from(ana.0.to_string().replace('0', "1").parse::<uuid::Uuid>().unwrap());
    let ids = Selection::Ids(vec![bruno, ana, nobody, ana]);
    let hot = BulkAction::Lead(LeadStatus::Hot);
    let contacts = shop.org.contacts();
    assert!(contacts.set_lead(bruno, LeadStatus::Hot).await.unwrap());
    let report = contacts.bulk(&ids, &hot, BulkWatch::default()).await.unwrap();
    assert_eq!((report.changed, report.unchanged), (1, 1));
    assert_eq!(report.refused, [("contact.not_found".to_owned(), 1)].into());
    assert_eq!(report.refusals[0].contact, nobody);
    assert_eq!(contacts.get(ana).await.unwrap().lead, LeadStatus::Hot);
    let timeline = contacts
        .timeline(ana, &[EntryKind::ContactUpdated], &PageOf::default())
        .await
        .unwrap();
    assert_eq!(timeline.items.len(), 1);

    let blank = BulkAction::Tag(vec![" ".to_owned()]);
    let refused = contacts
        .bulk(&ids, &blank, BulkWatch::default())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::TagEmpty);
    let watch = BulkWatch {
        after: Some(Cursor("nonsense".to_owned())),
        ..BulkWatch::default()
    };
    assert_eq!(
        contacts.bulk(&ids, &hot, watch).await.unwrap_err().code(),
        Code::CursorInvalid
    );
    let watch = BulkWatch {
        after: Some(Cursor(ana.to_string())),
        ..BulkWatch::default()
    };
    let rest = contacts
        .bulk(&ids, &BulkAction::Lead(LeadStatus::Warm), watch)
        .await
        .unwrap();
    assert_eq!(
        rest.changed + rest.refused_total(),
        [bruno, nobody].iter().filter(|id| **id > ana).count() as u64
    );
}
