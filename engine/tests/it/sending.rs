//! Messages sent by hand: the gate first, then the platform, and the truth about what became of them.

use std::time::Duration;

use tertulia::core::account::AccountState;
use tertulia::core::conversation::Author;
use tertulia::core::message::{Buttons, Content, DeliveryStatus, ReplyButton};
use tertulia::core::window::WindowState;
use tertulia::testing::{Fault, Faults, Inbound, Receipts, Status};
use tertulia::{Code, Draft, PageOf, Role, Settings};

use crate::support::{Shop, at};

const ANA: &str = "+12025550100";

#[tokio::test]
async fn a_first_message_opens_the_window_and_opts_in_and_the_window_closes_after_exactly_24_hours() {
    let shop = Shop::open().await;
    shop.platform
        .say(Inbound::text(ANA, "Do you have tea?"))
        .await
        .unwrap();
    shop.platform.drain().await;
    let ana = shop.find(ANA).await;
    let consent = shop.org.consent().get(ana.id).await.unwrap();
    assert!(consent.opted_in);
    assert_eq!(consent.history.len(), 1);

    let sent = shop
        .org
        .inbox()
        .send_text(ana.id, "Yes, nine kinds.")
        .await
        .unwrap();
    assert_eq!(sent.delivery.status(), DeliveryStatus::Accepted);
    assert_eq!(shop.accepted_to(ANA), 1);

    shop.clock.advance(Duration::from_secs(24 * 3600 - 1));
    let window = shop.org.contacts().window(ana.id, shop.account).await.unwrap();
    assert!(
        matches!(
            window,
            WindowState::Open {
                seconds_left: 1,
                closing_soon: true,
                ..
            }
        ),
        "{window:?}"
    );
    shop.org.inbox().send_text(ana.id, "Still there?").await.unwrap();
    shop.clock.advance(Duration::from_secs(1));
    let refused = shop.org.inbox().send_text(ana.id, "Hello?").await.unwrap_err();
    assert_eq!(refused.code(), Code::WindowClosed);
    let window = shop.org.contacts().window(ana.id, shop.account).await.unwrap();
    assert_eq!(
        window,
        WindowState::Closed {
            since: Some(at(24 * 3600)),
            free_entry_until: None,
        }
    );
    // A template may go at any time.
    shop.org
        .inbox()
        .send(shop.templated(ana.id, "order_ready"))
        .await
        .unwrap();
    assert_eq!(shop.accepted_to(ANA), 3);
}

#[tokio::test]
async fn stop_means_nothing_goes_out_until_start() {
    let shop = Shop::open().await;
    for (words, code) in [
        ("hello", None),
        ("Stop.", Some(Code::ConsentOptedOut)),
        ("hello again", Some(Code::ConsentOptedOut)),
        ("START", None),
    ] {
        shop.clock.advance(Duration::from_secs(5));
        shop.platform.say(Inbound::text(ANA, words)).await.unwrap();
        shop.platform.drain().await;
        let ana = shop.find(ANA).await;
        let result = shop.org.inbox().send_text(ana.id, "…").await;
        assert_eq!(result.err().map(|error| error.code()), code, "after {words:?}");
    }
    assert_eq!(shop.accepted_to(ANA), 2);
}

#[tokio::test]
async fn an_agent_cannot_undo_a_stop_without_a_new_proof() {
    let shop = Shop::open().await;
    shop.platform.say(Inbound::text(ANA, "STOP")).await.unwrap();
    shop.platform.drain().await;
    let ana = shop.find(ANA).await;
    shop.clock.advance(Duration::from_secs(3600));
    let priya = shop.org.team().add("Priya", Role::Agent).await.unwrap();
    let org = shop.org.acting_as(priya.id);
    let refused = org.consent().opt_in(ana.id, None).await.unwrap_err();
    assert_eq!(refused.code(), Code::ConsentOptedOut);
    assert!(!org.consent().get(ana.id).await.unwrap().opted_in);
    org.consent()
        .opt_in(ana.id, Some("signed at the counter, form 88"))
        .await
        .unwrap();
    assert!(org.consent().get(ana.id).await.unwrap().opted_in);
}

#[tokio::test]
async fn a_refusal_changes_nothing_and_explain_names_every_rule() {
    let shop = Shop::open().await;
    let bo = shop.contact("+12025550101", &[], None).await;
    let before = shop.org.events().read(0, 100).await.unwrap().len();
    let request = shop.text(bo.id, "Hi");
    let refused = shop.org.inbox().send(request.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ConsentNotOptedIn);
    assert_eq!(shop.org.events().read(0, 100).await.unwrap().len(), before);
    shop.org.contacts().block(bo.id).await.unwrap();
    let explanation = shop.org.consent().explain(&request).await.unwrap();
    let codes: Vec<Code> = explanation.denials.iter().map(|denial| denial.code).collect();
    assert_eq!(
        codes,
        [Code::ContactBlocked, Code::ConsentNotOptedIn, Code::WindowClosed]
    );
    assert!(shop.platform.requests().is_empty());
}

#[tokio::test]
async fn a_second_marketing_template_within_24_hours_is_refused_and_a_utility_one_is_not() {
    let shop = Shop::open().await;
    let ana = shop.opted_in(ANA, &[]).await;
    shop.org
        .inbox()
        .send(shop.templated(ana.id, "spring_sale"))
        .await
        .unwrap();
    let refused = shop
        .org
        .inbox()
        .send(shop.templated(ana.id, "spring_sale"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::CapReached);
    shop.org
        .inbox()
        .send(shop.templated(ana.id, "order_ready"))
        .await
        .unwrap();
    shop.clock.advance(Duration::from_secs(24 * 3600));
    shop.org
        .inbox()
        .send(shop.templated(ana.id, "spring_sale"))
        .await
        .unwrap();
}

#[tokio::test]
async fn of_two_agents_who_send_marketing_at_once_one_wins() {
    for _ in 0..10 {
        let shop = Shop::open().await;
        let ana = shop.opted_in(ANA, &[]).await;
        let inbox = shop.org.inbox();
        let send = |_| inbox.send(shop.templated(ana.id, "spring_sale"));
        let results = futures_util::future::join_all((0..4).map(send)).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert_eq!(shop.accepted_to(ANA), 1);
    }
}

#[tokio::test]
async fn a_refused_message_gives_the_marketing_slot_back_and_a_late_failure_keeps_it() {
    let shop = Shop::open().await;
    let ana = shop.opted_in(ANA, &[]).await;
    shop.platform
        .script(Faults::new(1).first(1, Fault::refuse(131_026)));
    let refused = shop
        .org
        .inbox()
        .send(shop.templated(ana.id, "spring_sale"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::SendRefused);
    assert!(refused.message().contains("131026"), "{refused}");
    shop.platform
        .script(Faults::new(1).first(9, Fault::fail_later(131_026)));
    let sent = shop
        .org
        .inbox()
        .send(shop.templated(ana.id, "spring_sale"))
        .await
        .unwrap();
    shop.platform.drain().await;
    assert_eq!(
        shop.org.inbox().message(sent.id).await.unwrap().delivery.status(),
        DeliveryStatus::Failed
    );
    let refused = shop
        .org
        .inbox()
        .send(shop.templated(ana.id, "spring_sale"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::CapReached);
}

#[tokio::test]
async fn a_lost_answer_is_unknown_until_the_status_tells_and_nothing_is_sent_again() {
    let shop = Shop::open().await;
    let ana = shop.opted_in(ANA, &[]).await;
    shop.platform.receipts(Receipts::delivered());
    shop.platform.hold();
    shop.platform
        .script(Faults::new(1).always(Fault::DropAfterAccept));
    let unknown = shop
        .org
        .inbox()
        .send(shop.templated(ana.id, "order_ready"))
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::SendUnknown);
    shop.crm.run_due().await.unwrap();
    assert_eq!(shop.accepted_to(ANA), 1);
    shop.platform.release();
    shop.platform.drain().await;
    let conversation = shop.find(ANA).await.conversation.unwrap();
    let messages = shop
        .org
        .inbox()
        .messages(conversation, &PageOf::first(10))
        .await
        .unwrap()
        .items;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].delivery.status(), DeliveryStatus::Delivered);
}

#[tokio::test]
async fn a_platform_that_is_not_there_was_sent_nothing() {
    let shop = Shop::open().await;
    let ana = shop.opted_in(ANA, &[]).await;
    let request = shop.templated(ana.id, "order_ready");
    let Shop { org, platform, .. } = shop;
    drop(platform);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let failed = org.inbox().send(request).await.unwrap_err();
    assert_eq!(failed.code(), Code::SendNotSent, "{failed}");
}

#[tokio::test]
async fn a_rejected_token_stops_the_sender_until_it_is_resumed() {
    let shop = Shop::open().await;
    let ana = shop.opted_in(ANA, &[]).await;
    shop.platform.script(Faults::new(1).first(1, Fault::refuse(190)));
    shop.org
        .inbox()
        .send(shop.templated(ana.id, "order_ready"))
        .await
        .unwrap_err();
    let account = shop.org.accounts().get(shop.account).await.unwrap();
    assert!(
        matches!(account.state, AccountState::Stopped { .. }),
        "{account:?}"
    );
    let refused = shop
        .org
        .inbox()
        .send(shop.templated(ana.id, "order_ready"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::AccountNotSending);
    shop.org.accounts().resume(shop.account).await.unwrap();
    shop.org
        .inbox()
        .send(shop.templated(ana.id, "order_ready"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_stop_is_confirmed_once_where_the_organisation_says_so() {
    let shop = Shop::with(Settings {
        stop_confirmation: Some("You get no more.".to_owned()),
        ..Settings::default()
    })
    .await;
    for words in ["hello", "STOP", "STOP"] {
        shop.clock.advance(Duration::from_secs(5));
        shop.platform.say(Inbound::text(ANA, words)).await.unwrap();
        shop.platform.drain().await;
        shop.crm.run_due().await.unwrap();
    }
    assert_eq!(shop.accepted_to(ANA), 1);
    let conversation = shop.find(ANA).await.conversation.unwrap();
    let messages = shop
        .org
        .inbox()
        .messages(conversation, &PageOf::last(10))
        .await
        .unwrap()
        .items;
    assert!(
        messages
            .iter()
            .any(|message| message.author == Author::StopConfirmation)
    );
}

#[tokio::test]
async fn a_message_is_addressed_as_the_platform_spells_its_recipient() {
    let shop = Shop::open().await;
    // WhatsApp knows this Mexican number with a 1, this person only by an id.
    shop.platform
        .say(Inbound::text("+525512345678", "Hola"))
        .await
        .unwrap();
    shop.platform
        .say(Inbound::text(tertulia::testing::Person::hidden("US.42"), "Hi"))
        .await
        .unwrap();
    shop.platform.drain().await;
    let dalia = shop.find("+52 55 1234 5678").await;
    let hidden = shop
        .org
        .contacts()
        .find_by_whatsapp_id("US.42")
        .await
        .unwrap()
        .unwrap();
    shop.org.inbox().send_text(dalia.id, "¿Qué tal?").await.unwrap();
    shop.org.inbox().send_text(hidden.id, "Hello").await.unwrap();
    let bodies: Vec<_> = shop
        .platform
        .accepted()
        .into_iter()
        .map(|accepted| accepted.body)
        .collect();
    assert_eq!(bodies[0]["to"], "+5215512345678");
    assert_eq!(bodies[1]["recipient"], "US.42");
}

#[tokio::test]
async fn a_malformed_message_never_reaches_the_network() {
    let shop = Shop::open().await;
    shop.platform.say(Inbound::text(ANA, "hello")).await.unwrap();
    shop.platform.drain().await;
    let ana = shop.find(ANA).await;
    let mut request = shop.text(ana.id, "");
    let button = |n: usize| ReplyButton {
        id: n.to_string(),
        title: format!("Choice {n}"),
    };
    request.draft = Draft::Content(Content::Buttons(Buttons {
        header: None,
        body: "Which?".to_owned(),
        footer: None,
        buttons: (0..4).map(button).collect(),
    }));
    let refused = shop.org.inbox().send(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::SendRefused, "{refused}");
    assert!(shop.platform.requests().is_empty());
}

#[tokio::test]
async fn statuses_in_any_order_never_take_a_message_back() {
    let shop = Shop::open().await;
    let ana = shop.opted_in(ANA, &[]).await;
    let sent = shop
        .org
        .inbox()
        .send(shop.templated(ana.id, "order_ready"))
        .await
        .unwrap();
    let wamid = sent.provider_id.clone().unwrap();
    for status in [Status::Read, Status::Sent, Status::Delivered, Status::Sent] {
        shop.platform.statuses(&wamid, &[status]).await.unwrap();
        shop.platform.drain().await;
        let message = shop.org.inbox().message(sent.id).await.unwrap();
        assert_eq!(message.delivery.status(), DeliveryStatus::Read);
    }
}
