//! Ads that led people to write, counted.

use chrono::TimeDelta;
use serde_json::json;
use tertulia::core::contact::LeadStatus;
use tertulia::testing::Inbound;
use tertulia::{AdReport, Filter, MergeRequest, PageOf};

use crate::support::Shop;

const ANA: &str = "+12025550123";
const BO: &str = "+12025550124";

fn led(from: &str, ad: &str, headline: &str) -> Inbound {
    let referral = json!({"source_type": "ad", "source_id": ad, "headline": headline, "ctwa_clid": "c"});
    Inbound::text(from, "I saw your ad").referral(referral)
}

fn report(id: &str, headline: &str, contacts: u64, conversations: u64, customers: u64) -> AdReport {
    AdReport {
        source: Some("ad".to_owned()),
        id: Some(id.to_owned()),
        url: None,
        headline: Some(headline.to_owned()),
        contacts,
        conversations,
        customers,
    }
}

#[tokio::test]
async fn what_ads_brought_is_counted_by_period_contact_and_customer() {
    let shop = Shop::open().await;
    let start = shop.clock.now();
    let contacts = shop.org.contacts();
    for (from, ad, headline) in [
        (ANA, "1", "Tea"),
        (BO, "1", "Green tea"),
        (BO, "2", "Coffee"),
        ("+12025550125", "1", "Green tea"),
    ] {
        shop.clock.advance(std::time::Duration::from_secs(60));
        shop.platform.say(led(from, ad, headline)).await.unwrap();
    }
    shop.platform
        .say(Inbound::text("+12025550126", "no ad"))
        .await
        .unwrap();
    let end = shop.clock.now() + TimeDelta::seconds(1);
    let (ana, bo) = (shop.find(ANA).await, shop.find(BO).await);
    assert_eq!(ana.attributes["ctwa"]["headline"], "Tea");
    contacts.set_lead(ana.id, LeadStatus::Customer).await.unwrap();
    shop.clock.advance(std::time::Duration::from_secs(8 * 86_400));
    contacts.set_lead(bo.id, LeadStatus::Customer).await.unwrap();

    let ctwa = async |from, until| shop.org.analytics().ctwa(from, until).await.unwrap();
    assert_eq!(
        ctwa(start, end).await,
        [report("1", "Green tea", 3, 3, 1), report("2", "Coffee", 1, 1, 0)]
    );
    let first = start + TimeDelta::seconds(60);
    assert_eq!(ctwa(start, first).await, []);
    assert_eq!(
        ctwa(first, first + TimeDelta::seconds(1)).await,
        [report("1", "Tea", 1, 1, 1)]
    );
    assert_eq!(ctwa(end, end + TimeDelta::days(99)).await, []);

    // Two who are one count once; who is erased does not any more.
    let merge = MergeRequest {
        duplicates: vec![bo.id],
        choices: Vec::new(),
    };
    contacts.merge(ana.id, &merge).await.unwrap();
    assert_eq!(
        ctwa(start, end).await,
        [report("1", "Green tea", 2, 3, 1), report("2", "Coffee", 1, 1, 1)]
    );
    let dossier = serde_json::to_value(contacts.dossier(ana.id).await.unwrap()).unwrap();
    assert_eq!(dossier["touches"].as_array().unwrap().len(), 3);
    let certificate = contacts.erase(ana.id).await.unwrap();
    assert_eq!(certificate.counts.touches, 3);
    assert_eq!(ctwa(start, end).await, [report("1", "Green tea", 1, 1, 0)]);
}

#[tokio::test]
async fn those_whom_an_ad_led_here_are_listed_by_a_filter() {
    let shop = Shop::open().await;
    shop.platform.say(led(ANA, "120208", "Tea")).await.unwrap();
    shop.platform.say(led(BO, "7", "Coffee")).await.unwrap();
    shop.platform
        .say(Inbound::text("+12025550126", "no ad"))
        .await
        .unwrap();
    let count = async |is: serde_json::Value| {
        let filter = json!({"attribute": {"name": "ctwa", "is": is}});
        let filter: Filter = serde_json::from_value(filter).unwrap();
        shop.org.contacts().count(&filter).await.unwrap()
    };
    assert_eq!(count(json!("set")).await, 2);
    assert_eq!(count(json!({"equals": "120208"})).await, 1);
    assert_eq!(count(json!({"equals": "1202"})).await, 0);
    let threads = shop
        .org
        .inbox()
        .conversations(None, &PageOf::default())
        .await
        .unwrap();
    let ads: Vec<_> = threads
        .items
        .into_iter()
        .map(|thread| thread.referral.and_then(|last| last.referral.source_id))
        .collect();
    assert_eq!(ads.iter().flatten().count(), 2);
}
