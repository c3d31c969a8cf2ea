//! Keys that the platform refuses: another one is asked for before anybody waits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tertulia::core::account::AccountState;
use tertulia::core::journal::EntryKind;
use tertulia::testing::{Fault, Faults};
use tertulia::{AuditFilter, Code, Credentials, Error, MemoryStorage, PageOf, Secret};

use crate::support::{Shop, account_of, connect, crm_with, template};

/// A host that keeps a token until it is told that it is refused, and then asks for another one, if there is any.
#[derive(Debug, Clone)]
struct Vault {
    kept: Arc<Mutex<String>>,
    fresh: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl Credentials for Vault {
    async fn credential(&self, _: &str) -> Result<Secret, Error> {
        Ok(Secret::new(self.kept.lock().unwrap().clone()))
    }

    async fn renew(&self, reference: &str, refused: &Secret) -> Result<Secret, Error> {
        assert_eq!(reference, "shop-number");
        assert_eq!(refused.expose(), *self.kept.lock().unwrap());
        self.asked.fetch_add(1, Ordering::SeqCst);
        // Long enough for all others to be refused, too.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let fresh = self.fresh.lock().unwrap().clone();
        if fresh.is_empty() {
            return Err(Error::new(Code::CredentialMissing, "the vault is empty"));
        }
        self.kept.lock().unwrap().clone_from(&fresh);
        Ok(Secret::new(fresh))
    }
}

/// A shop whose host keeps its token in a vault, which has this one afresh.
async fn shop(fresh: &str) -> (Shop, Vault) {
    let shop = Shop::in_memory().await;
    let config = shop.platform.config().clone();
    let vault = Vault {
        kept: Arc::new(Mutex::new(config.access_token.clone())),
        fresh: Arc::new(Mutex::new(fresh.to_owned())),
        asked: Arc::default(),
    };
    let keys = vault.clone();
    let crm = crm_with(
        Arc::new(MemoryStorage::new()),
        &shop.platform.base_url(),
        &config,
        shop.clock.clone(),
        |builder| builder.credentials(keys),
    );
    let org = crm.create_org(tertulia::Settings::default()).await.unwrap();
    let account = org.accounts().connect(account_of(&config)).await.unwrap();
    org.templates()
        .put(template("order_ready", "UTILITY"))
        .await
        .unwrap();
    connect(&shop.platform, &crm);
    let shop = Shop {
        crm,
        org,
        account,
        ..shop
    };
    (shop, vault)
}

async fn state(shop: &Shop) -> AccountState {
    shop.org.accounts().get(shop.account).await.unwrap().state
}

fn number(n: usize) -> String {
    format!("+1202555{n:04}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_key_is_asked_for_once_by_all_who_send_and_everybody_gets_the_message() {
    let (shop, vault) = shop("token-2").await;
    for n in 0..40 {
        shop.opted_in(&number(n), &["vip"]).await;
    }
    shop.platform.access_token("token-2");
    let id = shop.launch("order_ready", "vip").await;
    shop.crm.run_due().await.unwrap();
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!((stats.sent, stats.pending), (40, 0), "{stats:?}");
    for n in 0..40 {
        assert_eq!(shop.accepted_to(&number(n)), 1);
    }
    assert_eq!(vault.asked.load(Ordering::SeqCst), 1);
    assert_eq!(state(&shop).await, AccountState::Active);
    // And the next time it expires.
    shop.platform.access_token("token-3");
    "token-3".clone_into(&mut vault.fresh.lock().unwrap());
    shop.clock.advance(std::time::Duration::from_secs(6));
    let again = shop.launch("order_ready", "vip").await;
    shop.crm.run_due().await.unwrap();
    assert_eq!(shop.org.broadcasts().stats(again).await.unwrap().sent, 40);
    assert_eq!(vault.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_by_hand_goes_out_with_the_key_that_comes_as_a_new_attempt_at_the_same_row() {
    let (shop, vault) = shop("token-2").await;
    let ana = shop.opted_in(&number(1), &[]).await;
    shop.platform.access_token("token-2");
    let sent = shop
        .org
        .inbox()
        .send(shop.templated(ana.id, "order_ready"))
        .await
        .unwrap();
    let accepted = shop.platform.accepted();
    assert_eq!((accepted.len(), shop.platform.requests().len()), (1, 2));
    assert_eq!(sent.provider_id.as_deref(), Some(accepted[0].wamid.as_str()));
    let messages = shop
        .org
        .inbox()
        .messages(sent.conversation, &PageOf::first(10))
        .await
        .unwrap();
    assert_eq!(messages.items.len(), 1);
    assert_eq!(vault.asked.load(Ordering::SeqCst), 1);
    assert_eq!(state(&shop).await, AccountState::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_another_key_the_sender_stops_and_says_why_and_resume_is_the_way_back() {
    // Nothing, the same again, and another one that is refused as well.
    for fresh in ["", "access-token", "wrong"] {
        let (shop, vault) = shop(fresh).await;
        for n in 0..20 {
            shop.opted_in(&number(n), &["vip"]).await;
        }
        shop.platform.access_token("token-2");
        let id = shop.launch("order_ready", "vip").await;
        shop.crm.run_due().await.unwrap();
        let AccountState::Stopped { failure, .. } = state(&shop).await else {
            panic!("{fresh:?}: the sender goes on");
        };
        assert_eq!(failure.code, "190");
        let stats = shop.org.broadcasts().stats(id).await.unwrap();
        assert_eq!(
            (stats.pending, stats.failed_total()),
            (20, 0),
            "nobody is used up"
        );
        let filter = AuditFilter {
            kinds: vec![EntryKind::AccountChanged],
            ..AuditFilter::default()
        };
        let audit = shop.org.audit().list(&filter, &PageOf::default()).await.unwrap();
        let stopped = audit
            .items
            .iter()
            .filter(|entry| format!("{entry:?}").contains("stopped: 190"));
        assert_eq!(stopped.count(), 1, "{fresh:?}");

        let asked = vault.asked.load(Ordering::SeqCst);
        "token-2".clone_into(&mut vault.fresh.lock().unwrap());
        shop.org.accounts().resume(shop.account).await.unwrap();
        shop.crm.run_due().await.unwrap();
        assert_eq!(
            shop.org.broadcasts().stats(id).await.unwrap().sent,
            20,
            "{fresh:?}"
        );
        assert_eq!(vault.asked.load(Ordering::SeqCst), asked + 1, "asked again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_sent_is_not_sent_again_with_another_key() {
    let (shop, vault) = shop("token-2").await;
    let ana = shop.opted_in(&number(1), &[]).await;
    shop.platform
        .script(Faults::new(1).always(Fault::DropAfterAccept));
    let request = shop.templated(ana.id, "order_ready");
    let lost = shop.org.inbox().send(request).await.unwrap_err();
    assert_eq!(lost.code(), Code::SendUnknown);
    assert_eq!(vault.asked.load(Ordering::SeqCst), 0);
    assert_eq!(shop.platform.accepted().len(), 1);
}
