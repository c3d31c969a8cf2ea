//! Opening, closing, working, and what happens on a bad day.

use std::time::Duration;

use tertulia::{
    Code, ContactOrder, Crm, EncryptionKey, Filter, Language, NewContact, PageOf, Role, Settings,
    SqliteOptions,
};

use crate::support::Shop;

#[tokio::test]
async fn a_file_that_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "These are notes, and not a database at all.").unwrap();
    assert_eq!(
        Crm::open(&text).await.unwrap_err().code(),
        Code::StorageNotADatabase
    );
    assert_eq!(
        std::fs::read_to_string(&text).unwrap().len(),
        43,
        "the file was touched"
    );
    let missing = folder.path().join("no/such/folder/crm.db");
    let error = Crm::open(&missing).await.unwrap_err();
    assert_eq!(error.code(), Code::StorageIo);
    assert!(error.message().contains("crm.db"), "{error}");
}

#[tokio::test]
async fn a_url_of_a_server_is_never_taken_for_a_file_and_never_repeated() {
    for url in [
        "postgres://ana:geheim@",
        "postgres:/ana:geheim@localhost/crm",
        "postgresql:/ana:geheim@localhost/crm",
        "postgresql://ana:geheim@localhost/crm?schema=geheim!",
    ] {
        let error = Crm::open(url).await.unwrap_err();
        assert_eq!(error.code(), Code::SettingInvalid, "{url}");
        assert!(
            !error.message().contains("ana:") && !error.message().contains("@localhost"),
            "{error}"
        );
    }
}

#[cfg(not(feature = "encryption"))]
#[tokio::test]
async fn a_key_takes_a_build_that_can_encrypt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    let mut options = SqliteOptions::default();
    options.key = Some(EncryptionKey::new([7; 32]));
    let refused = Crm::builder().sqlite_with(&path, options).await.unwrap_err();
    assert_eq!(refused.code(), Code::StorageNoEncryption);
    assert!(!path.exists());
}

#[tokio::test]
async fn what_was_committed_is_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("crm.db");
    let crm = Crm::open(&file).await.unwrap();
    let org = crm.create_org(Settings::default()).await.unwrap();
    let new = NewContact {
        phone: Some("+351912345678".to_owned()),
        ..NewContact::default()
    };
    let made = org.contacts().create(new).await.unwrap();
    crm.close().await.unwrap();
    assert_eq!(
        org.contacts().get(made.id).await.unwrap_err().code(),
        Code::StorageClosed
    );
    let crm = Crm::open(&file).await.unwrap();
    assert_eq!(crm.orgs().await.unwrap(), [org.id()]);
    assert_eq!(crm.org(org.id()).contacts().get(made.id).await.unwrap(), made);
    crm.ping().await.unwrap();
}

#[tokio::test]
async fn ids_of_another_organisation_are_not_found() {
    let shop = Shop::open().await;
    let ana = shop.opted_in("+12025550100", &["vip"]).await;
    let other = shop.crm.create_org(Settings::default()).await.unwrap();
    assert_eq!(
        other.contacts().get(ana.id).await.unwrap_err().code(),
        Code::ContactNotFound
    );
    assert!(
        other
            .contacts()
            .find_by_phone("+12025550100")
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(other.contacts().count(&Filter::Everyone).await.unwrap(), 0);
    let refused = other
        .inbox()
        .send(shop.templated(ana.id, "order_ready"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ContactNotFound);
    let english = Language::parse("en_US").unwrap();
    assert_eq!(
        other
            .templates()
            .get("order_ready", &english)
            .await
            .unwrap_err()
            .code(),
        Code::TemplateNotFound
    );
    let nobody = shop
        .crm
        .org("0198d1f0-0000-7000-8000-00000000dead".parse().unwrap());
    let error = nobody
        .contacts()
        .list(&Filter::Everyone, ContactOrder::Created, &PageOf::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::OrgNotFound);
}

#[tokio::test]
async fn contacts_made_by_hand_are_held_to_the_rules() {
    let shop = Shop::open().await;
    let priya = shop.org.team().add("Priya", Role::Agent).await.unwrap();
    let agent = shop.org.acting_as(priya.id);
    let text = |text: &str| Some(text.to_owned());
    let named = NewContact {
        name: text("Ana"),
        ..NewContact::default()
    };
    for (new, code) in [
        (named.clone(), Code::ContactIdentityRequired),
        (
            NewContact {
                phone: text("12"),
                ..named.clone()
            },
            Code::PhoneTooShort,
        ),
        (
            NewContact {
                email: text("ana at example"),
                ..named.clone()
            },
            Code::ContactEmailInvalid,
        ),
        (
            NewContact {
                phone: text("+12025550100"),
                ..NewContact::default()
            },
            Code::ContactNameRequired,
        ),
        (
            NewContact {
                phone: text("+12025550100"),
                attributes: [("City".to_owned(), "Rome".into())].into(),
                ..named.clone()
            },
            Code::AttributeUnknown,
        ),
        (
            NewContact {
                phone: text("+12025550100"),
                tags: vec![" ".to_owned()],
                ..named.clone()
            },
            Code::TagEmpty,
        ),
    ] {
        let error = agent.contacts().create(new).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    let ana = NewContact {
        phone: text("+1 (202) 555-0100"),
        ..named
    };
    let made = agent.contacts().create(ana.clone()).await.unwrap();
    let again = agent
        .contacts()
        .create(NewContact {
            phone: text("12025550100"),
            ..ana
        })
        .await
        .unwrap_err();
    assert_eq!(again.code(), Code::ContactDuplicate);
    assert!(again.message().contains(&made.id.to_string()), "{again}");
}

#[tokio::test]
async fn lists_are_paged_by_cursor_and_a_foreign_cursor_is_refused() {
    let shop = Shop::open().await;
    for n in 0..25 {
        shop.contact(&format!("+1202555{n:04}"), &["vip"], None).await;
    }
    let vip = Filter::tagged_any(["vip"]);
    let mut page = PageOf::first(10);
    let mut seen = Vec::new();
    loop {
        let listed = shop
            .org
            .contacts()
            .list(&vip, ContactOrder::Created, &page)
            .await
            .unwrap();
        seen.extend(listed.items.into_iter().map(|contact| contact.id));
        match listed.next {
            Some(next) => page.cursor = Some(next),
            None => break,
        }
        // Written between two pages: neither repeats nor hides anybody.
        shop.contact(&format!("+1202556{:04}", seen.len()), &[], None)
            .await;
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted_by(|a, b| a < b));
    let error = shop
        .org
        .contacts()
        .list(&Filter::Everyone, ContactOrder::Created, &page)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::CursorInvalid);
}

#[tokio::test]
async fn a_call_whose_future_is_dropped_still_finishes() {
    let shop = Shop::open().await;
    let ana = shop.opted_in("+12025550100", &[]).await;
    {
        let inbox = shop.org.inbox();
        let send = inbox.send(shop.templated(ana.id, "order_ready"));
        let hurried = tokio::time::timeout(Duration::from_millis(1), send);
        let _ = hurried.await;
    }
    for _ in 0..200 {
        let messages = shop.find("+12025550100").await.conversation;
        let Some(conversation) = messages else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let page = PageOf::first(10);
        let message = shop
            .org
            .inbox()
            .messages(conversation, &page)
            .await
            .unwrap()
            .items
            .pop()
            .unwrap();
        if message.provider_id.is_some() {
            assert_eq!(shop.accepted_to("+12025550100"), 1);
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the send was not finished");
}

#[tokio::test]
async fn a_worker_sends_what_falls_due_until_it_is_closed() {
    let shop = Shop::open().await;
    for n in 0..30 {
        shop.opted_in(&format!("+1202555{n:04}"), &["vip"]).await;
    }
    let worker = tokio::spawn({
        let crm = shop.crm.clone();
        async move { crm.work().await }
    });
    let id = shop.launch("order_ready", "vip").await;
    for _ in 0..500 {
        shop.clock.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(10)).await;
        if shop.org.broadcasts().stats(id).await.unwrap().sent == 30 {
            break;
        }
    }
    assert_eq!(shop.org.broadcasts().stats(id).await.unwrap().sent, 30);
    shop.crm.close().await.unwrap();
    worker.await.unwrap().unwrap();
}

#[tokio::test]
async fn secrets_are_not_in_what_debugging_shows() {
    let shop = Shop::open().await;
    let debug = format!("{:?} {:?}", shop.crm, shop.org);
    for secret in [
        &shop.platform.config().app_secret,
        &shop.platform.config().access_token,
    ] {
        assert!(!debug.contains(secret.as_str()), "{secret} in {debug}");
    }
}
