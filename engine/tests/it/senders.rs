//! How senders stand with the platform.

use serde_json::{Value, json};
use tertulia::core::account::{Account, AccountState, Ban};
use tertulia::core::journal::EntryKind;
use tertulia::core::ledger::StateName;
use tertulia::testing::Inbound;
use tertulia::{AuditFilter, PageOf, RecipientFilter};

use crate::support::Shop;

const QUALITY: &str = "phone_number_quality_update";

async fn notice(shop: &Shop, field: &str, value: Value) {
    shop.platform.notice(field, &value).await;
    shop.platform.drain().await;
}

async fn account(shop: &Shop) -> Account {
    let account = shop.org.accounts().get(shop.account).await.unwrap();
    assert_eq!(
        shop.org.accounts().list().await.unwrap(),
        std::slice::from_ref(&account)
    );
    account
}

async fn changes(shop: &Shop) -> Vec<Value> {
    let filter = AuditFilter {
        kinds: vec![EntryKind::AccountChanged],
        ..AuditFilter::default()
    };
    let audit = shop.org.audit().list(&filter, &PageOf::default()).await.unwrap();
    let change = |entry| serde_json::to_value(entry).unwrap()["what"]["change"].take();
    audit.items.into_iter().map(change).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn quality_and_limit_of_a_sender_are_taken_in_shown_and_audited() {
    let shop = Shop::open().await;
    let number = shop.platform.config().numbers[0].display_phone_number.clone();
    let flagged = json!({"display_phone_number": number, "event": "FLAGGED", "current_limit": "TIER_2K"});
    notice(&shop, QUALITY, flagged.clone()).await;
    let before = account(&shop).await.standing;
    assert_eq!(before.limit.unwrap().people_a_day, Some(2_000));
    assert_eq!(before.quality, None, "whose number it is, is not known yet");
    shop.platform
        .say(Inbound::text("+12025550123", "hello"))
        .await
        .unwrap();
    let standing = account(&shop).await.standing;
    assert!(standing.quality.unwrap().low);
    assert_eq!(standing.number.as_deref(), Some(number.as_str()));

    shop.clock.advance(std::time::Duration::from_secs(60));
    notice(
        &shop,
        QUALITY,
        json!({"display_phone_number": number, "event": "UNFLAGGED"}),
    )
    .await;
    notice(
        &shop,
        QUALITY,
        json!({"display_phone_number": "1", "event": "FLAGGED"}),
    )
    .await;
    let raised = json!({"max_daily_conversations_per_business": "TIER_UNLIMITED"});
    notice(&shop, "business_capability_update", raised).await;
    let standing = account(&shop).await.standing;
    assert_eq!(standing.quality.map(|quality| quality.low), Some(false));
    assert_eq!(standing.limit.unwrap().tier, "TIER_UNLIMITED");
    let told = changes(&shop).await;
    for change in [
        "quality: low",
        "quality: not low",
        "limit: TIER_2K",
        "limit: TIER_UNLIMITED",
    ] {
        assert_eq!(told.iter().filter(|told| **told == change).count(), 1, "{told:?}");
    }
    notice(
        &shop,
        QUALITY,
        json!({"display_phone_number": [number], "event": {}}),
    )
    .await;
    assert_eq!(
        account(&shop).await.standing.quality.map(|quality| quality.low),
        Some(false)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_banned_sender_is_stopped_and_goes_on_when_the_ban_is_lifted() {
    let shop = Shop::open().await;
    shop.opted_in("+12025550123", &["all"]).await;
    let disabled = |state| json!({"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": state}});
    notice(&shop, "account_update", disabled("DISABLE")).await;
    let banned = account(&shop).await;
    assert!(
        matches!(banned.state, AccountState::Stopped { .. }),
        "{:?}",
        banned.state
    );
    assert_eq!(banned.standing.ban.unwrap().ban, Ban::Disabled);
    let broadcast = shop.launch("order_ready", "all").await;
    shop.crm.run_due().await.unwrap();
    let states = async || {
        let rows = shop
            .org
            .broadcasts()
            .recipients(broadcast, &RecipientFilter::default(), &PageOf::default())
            .await
            .unwrap();
        rows.items.iter().map(|row| row.state.name()).collect::<Vec<_>>()
    };
    assert_eq!(
        states().await,
        [StateName::Pending],
        "it waits and is not used up"
    );
    shop.clock.advance(std::time::Duration::from_secs(60));
    notice(&shop, "account_update", disabled("REINSTATE")).await;
    assert_eq!(account(&shop).await.state, AccountState::Active);
    shop.crm.run_due().await.unwrap();
    assert_eq!(shop.accepted_to("+12025550123"), 1);
}
