//! Many who change the same record at the same moment.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::support::{Shop, crm};

/// Longer than any of it takes.
const LONG: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread")]
async fn however_many_change_one_contact_at_once_nobody_is_refused_and_nothing_is_lost() {
    let shop = Arc::new(Shop::open().await);
    let ana = shop.opted_in("+12025550100", &[]).await;
    // Each over a store of its own, as in processes of their own.
    let mut orgs = vec![shop.org.clone()];
    for _ in 0..3 {
        let storage = shop.reopen().await;
        let (base_url, config) = (shop.platform.base_url(), shop.platform.config());
        orgs.push(crm(storage, &base_url, config, shop.clock.clone()).org(shop.org.id()));
    }
    let changes = (0..160).map(|n| {
        let (org, id) = (orgs[n % orgs.len()].clone(), ana.id);
        tokio::spawn(async move { org.contacts().tag(id, &[&format!("tag {n}")]).await })
    });
    for changed in timeout(LONG, join_all(changes)).await.unwrap() {
        assert_eq!(changed.unwrap().unwrap(), 1);
    }
    assert_eq!(shop.find("+12025550100").await.tags.len(), 160);
}
