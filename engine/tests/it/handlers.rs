//! Bots and AIs of the host: asked, held to their turn, and never talking over a person.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tertulia::core::conversation::{Author, Message};
use tertulia::core::ids::ConversationId;
use tertulia::core::journal::{Actor, EntryKind};
use tertulia::testing::Inbound;
use tertulia::{
    Code, ConversationHandler, ConversationStatus, Crm, Error, Handler, HandlerKind, HandlerTurn, NewContact,
    NewRoutingRule, PageOf, Role, RoutingTarget, SqliteStorage,
};
use tokio::sync::{Barrier, Semaphore};

use crate::hooked::{Hook, Hooked};
use crate::support::{Shop, crm_with};

const ANA: &str = "+12025550100";

type Answer = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A handler out of a function.
struct Does<F>(F);

impl<F> std::fmt::Debug for Does<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Does")
    }
}

#[async_trait]
impl<F: Fn(HandlerTurn) -> Answer + Send + Sync> ConversationHandler for Does<F> {
    async fn turn(&self, turn: HandlerTurn) -> Result<(), Error> {
        (self.0)(turn).await
    }
}

fn does<F, A>(answer: F) -> impl ConversationHandler + 'static
where
    F: Fn(HandlerTurn) -> A + Send + Sync + 'static,
    A: Future<Output = Result<(), Error>> + Send + 'static,
{
    Does(move |turn| Box::pin(answer(turn)) as Answer)
}

/// A shop whose new conversations are the clerk's.
async fn shop() -> Shop {
    let shop = Shop::open().await;
    let clerk = Handler {
        name: "clerk".to_owned(),
        kind: HandlerKind::Bot,
    };
    let rule = NewRoutingRule {
        name: None,
        filter: None,
        channels: None,
        to: RoutingTarget::Handler(clerk),
    };
    shop.org.routing().add(rule).await.unwrap();
    shop
}

/// Another process on the shop's store that has this handler, with so long for each turn.
async fn process(shop: &Shop, limit: Duration, clerk: impl ConversationHandler + 'static) -> Crm {
    let storage = shop.reopen().await;
    let (url, config) = (shop.platform.base_url(), shop.platform.config());
    crm_with(storage, &url, config, shop.clock.clone(), |builder| {
        builder.handler("clerk", clerk).handler_timeout(limit)
    })
}

const LONG: Duration = Duration::from_mins(1);

async fn says(shop: &Shop, body: &str) {
    shop.clock.advance(Duration::from_secs(1));
    shop.platform.say(Inbound::text(ANA, body)).await.unwrap();
    shop.platform.drain().await;
    shop.clock.advance(Duration::from_secs(1));
}

/// So many people write.
async fn say_hello(shop: &Shop, people: u32) {
    for who in 0..people {
        let number = format!("+1202555{:04}", 200 + who);
        shop.platform
            .say(Inbound::text(number.as_str(), "hello"))
            .await
            .unwrap();
    }
    shop.platform.drain().await;
}

async fn conversation(shop: &Shop) -> ConversationId {
    shop.find(ANA).await.conversation.unwrap()
}

/// What was said in the conversation, and by whom.
async fn said(shop: &Shop) -> Vec<(Author, String)> {
    let id = conversation(shop).await;
    let messages = shop
        .org
        .inbox()
        .messages(id, &PageOf::default())
        .await
        .unwrap()
        .items;
    let words = |message: Message| {
        let words = message.content.words().unwrap_or_default().to_owned();
        (message.author, words)
    };
    messages.into_iter().map(words).collect()
}

fn clerk(words: &str) -> (Author, String) {
    (Author::Handler("clerk".to_owned()), words.to_owned())
}

fn ana(words: &str) -> (Author, String) {
    (Author::Contact, words.to_owned())
}

async fn status(shop: &Shop) -> ConversationStatus {
    let id = conversation(shop).await;
    shop.org.inbox().get(id).await.unwrap().status()
}

/// How often a kind of thing was written down.
async fn journaled(shop: &Shop, kind: EntryKind) -> usize {
    let events = shop.org.events().read(0, 1_000).await.unwrap();
    events
        .iter()
        .filter(|event| event.entry.what.kind() == kind)
        .count()
}

fn echo() -> impl ConversationHandler + 'static {
    does(|turn: HandlerTurn| async move {
        for message in &turn.messages {
            let words = message.content.words().unwrap_or_default();
            turn.reply_text(format!("You said {words}.")).await?;
        }
        Ok(())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_answers_a_conversation_that_routing_gave_it() {
    let shop = shop().await;
    let crm = process(&shop, LONG, echo()).await;
    says(&shop, "hello").await;
    let done = crm.run_due().await.unwrap();
    assert_eq!((done.answered, done.unanswered), (1, 0));
    says(&shop, "and you?").await;
    assert_eq!(crm.run_due().await.unwrap().answered, 1);
    assert_eq!(crm.run_due().await.unwrap().answered, 0);
    let expected = [
        ana("hello"),
        clerk("You said hello."),
        ana("and you?"),
        clerk("You said and you?."),
    ];
    assert_eq!(said(&shop).await, expected);
    assert_eq!(shop.accepted_to(ANA), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lead_is_captured_and_the_conversation_handed_over_under_the_handlers_name() {
    let shop = shop().await;
    let rui = shop.org.team().add("Rui", Role::Agent).await.unwrap().id;
    let crm = process(
        &shop,
        LONG,
        does(move |turn: HandlerTurn| async move {
            let lead = NewContact {
                phone: Some(ANA.to_owned()),
                email: Some("ana@example.com".to_owned()),
                ..NewContact::default()
            };
            turn.org.contacts().capture_lead(lead).await?;
            turn.org.inbox().label(turn.conversation.id, &["lead"]).await?;
            turn.org.notes().add(turn.contact.id, "wants a table").await?;
            turn.reply_text("Rui will write to you.").await?;
            turn.hand_over(Some(rui)).await?;
            Ok(())
        }),
    )
    .await;
    says(&shop, "a table for two, ana@example.com").await;
    assert_eq!(crm.run_due().await.unwrap().answered, 1);
    let ana = shop.find(ANA).await;
    assert_eq!(ana.email.as_deref(), Some("ana@example.com"));
    let thread = shop.org.inbox().get(conversation(&shop).await).await.unwrap();
    assert_eq!(
        (thread.status(), thread.assignee),
        (ConversationStatus::Assigned, Some(rui))
    );
    let events = shop.org.events().read(0, 1_000).await.unwrap();
    for kind in [
        EntryKind::ContactUpdated,
        EntryKind::LabelAdded,
        EntryKind::NoteChanged,
        EntryKind::MessageSent,
        EntryKind::ConversationAssigned,
    ] {
        let entry = events
            .iter()
            .find(|event| event.entry.what.kind() == kind)
            .unwrap();
        assert_eq!(entry.entry.actor, Actor::Handler("clerk".to_owned()), "{kind:?}");
    }
    says(&shop, "thanks").await;
    assert_eq!(crm.run_due().await.unwrap().answered, 0, "it is Rui's now");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_throws_or_panics_loses_no_message_and_sends_no_reply_twice() {
    let shop = shop().await;
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let crm = process(
        &shop,
        LONG,
        does(move |turn: HandlerTurn| {
            let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
            async move {
                turn.reply_text("One moment.").await?;
                match number {
                    1 => Err(Error::new(Code::HandlerFailed, "the model is away")),
                    2 => panic!("a bug"),
                    _ => turn.reply_text("Here I am.").await.map(drop),
                }
            }
        }),
    )
    .await;
    says(&shop, "hello").await;
    assert_eq!(crm.run_due().await.unwrap().unanswered, 1);
    assert_eq!(crm.run_due().await.unwrap().unanswered, 0, "after a pause");
    says(&shop, "anybody?").await;
    shop.clock.advance(Duration::from_secs(2));
    assert_eq!(crm.run_due().await.unwrap().unanswered, 1);
    shop.clock.advance(Duration::from_secs(4));
    // The turn that failed, and then the message that came meanwhile.
    assert_eq!(crm.run_due().await.unwrap().answered, 2);
    assert_eq!(tries.load(Ordering::SeqCst), 4);
    let said = said(&shop).await;
    let count = |words: &str| said.iter().filter(|said| **said == clerk(words)).count();
    assert_eq!(
        (count("One moment."), count("Here I am.")),
        (2, 2),
        "once each turn"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_hangs_is_cut_off_and_in_the_end_people_have_the_conversation() {
    let shop = shop().await;
    let crm = process(
        &shop,
        Duration::from_millis(50),
        does(|_| std::future::pending::<Result<(), Error>>()),
    )
    .await;
    says(&shop, "hello").await;
    for _ in 0..5 {
        assert_eq!(crm.run_due().await.unwrap().unanswered, 1);
        assert!(crm.run_due().await.unwrap().unanswered == 0);
        shop.clock.advance(Duration::from_mins(1));
    }
    assert_eq!(status(&shop).await, ConversationStatus::Open);
    assert_eq!(journaled(&shop, EntryKind::HandlerFailed).await, 1);
    assert_eq!(said(&shop).await, [ana("hello")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_does_not_talk_over_who_took_the_conversation_over_while_it_thought() {
    let shop = shop().await;
    let rui = shop.org.team().add("Rui", Role::Agent).await.unwrap().id;
    let (thinks, may) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (begun, go) = (Arc::clone(&thinks), Arc::clone(&may));
    let crm = process(
        &shop,
        LONG,
        does(move |turn: HandlerTurn| {
            let (begun, go) = (Arc::clone(&begun), Arc::clone(&go));
            async move {
                begun.add_permits(1);
                go.acquire().await.unwrap().forget();
                let refused = turn.reply_text("Me again.").await.unwrap_err();
                assert_eq!(refused.code(), Code::HandlerOver);
                let refused = turn.org.contacts().get(turn.contact.id).await.unwrap_err();
                assert_eq!(refused.code(), Code::HandlerOver);
                Err(refused)
            }
        }),
    )
    .await;
    says(&shop, "hello").await;
    let worker = tokio::spawn({
        let crm = crm.clone();
        async move { crm.run_due().await }
    });
    thinks.acquire().await.unwrap().forget();
    let ana_id = shop.find(ANA).await.id;
    let acting = shop.org.acting_as(rui);
    acting.inbox().send_text(ana_id, "This is Rui.").await.unwrap();
    may.add_permits(1);
    assert_eq!(worker.await.unwrap().unwrap().unanswered, 1);
    let expected = [ana("hello"), (Author::Agent(rui), "This is Rui.".to_owned())];
    assert_eq!(said(&shop).await, expected);
    assert_eq!(status(&shop).await, ConversationStatus::Open);
    assert_eq!(crm.run_due().await.unwrap().unanswered, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_workers_one_has_the_turn_and_after_a_crash_the_other() {
    let shop = shop().await;
    let thinks = Arc::new(Semaphore::new(0));
    let begun = Arc::clone(&thinks);
    // It answers, and does not live to say so.
    let dying = process(
        &shop,
        LONG,
        does(move |turn: HandlerTurn| {
            let begun = Arc::clone(&begun);
            async move {
                turn.reply_text("You said hello.").await?;
                begun.add_permits(1);
                std::future::pending().await
            }
        }),
    )
    .await;
    let other = process(&shop, LONG, echo()).await;
    says(&shop, "hello").await;
    let worker = tokio::spawn({
        let dying = dying.clone();
        async move { dying.run_due().await }
    });
    thinks.acquire().await.unwrap().forget();
    assert_eq!(other.run_due().await.unwrap().answered, 0);
    dying.close().await.unwrap();
    drop(worker.await.unwrap());
    assert_eq!(other.run_due().await.unwrap().answered, 0, "the lease holds");
    shop.clock.advance(Duration::from_secs(91));
    assert_eq!(other.run_due().await.unwrap().answered, 1);
    assert_eq!(said(&shop).await, [ana("hello"), clerk("You said hello.")]);
    assert_eq!(shop.accepted_to(ANA), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_blocked_contact_and_no_stop_reaches_a_handler() {
    let shop = shop().await;
    let crm = process(&shop, LONG, echo()).await;
    says(&shop, "STOP").await;
    assert_eq!(crm.run_due().await.unwrap().answered, 0);
    let contact = shop.find(ANA).await;
    assert!(!contact.consent.opted_in(), "its STOP counts");
    says(&shop, "START").await;
    says(&shop, "hello").await;
    shop.org.contacts().block(contact.id).await.unwrap();
    says(&shop, "hello?").await;
    assert_eq!(crm.run_due().await.unwrap().answered, 0);
    assert_eq!(shop.accepted_to(ANA), 0);
    shop.org.contacts().unblock(contact.id).await.unwrap();
    says(&shop, "sorry").await;
    assert_eq!(crm.run_due().await.unwrap().answered, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_waits_for_a_process_that_has_the_handler() {
    let shop = shop().await;
    says(&shop, "hello").await;
    assert_eq!(shop.crm.run_due().await.unwrap().answered, 0);
    assert_eq!(status(&shop).await, ConversationStatus::BotActive);
    let crm = process(&shop, LONG, echo()).await;
    assert_eq!(crm.run_due().await.unwrap().answered, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_takes_its_time_holds_up_no_send() {
    let shop = shop().await;
    let (thinks, may) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (begun, go) = (Arc::clone(&thinks), Arc::clone(&may));
    let crm = process(
        &shop,
        LONG,
        does(move |turn: HandlerTurn| {
            let (begun, go) = (Arc::clone(&begun), Arc::clone(&go));
            async move {
                begun.add_permits(1);
                go.acquire().await.unwrap().forget();
                turn.reply_text("Here I am.").await.map(drop)
            }
        }),
    )
    .await;
    says(&shop, "hello").await;
    let worker = tokio::spawn({
        let crm = crm.clone();
        async move { crm.work().await }
    });
    thinks.acquire().await.unwrap().forget();
    shop.opted_in("+12025550155", &["vip"]).await;
    shop.launch("order_ready", "vip").await;
    while shop.accepted_to("+12025550155") == 0 {
        shop.clock.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(shop.accepted_to(ANA), 0);
    may.add_permits(1);
    while shop.accepted_to(ANA) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    crm.close().await.unwrap();
    worker.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_conversations_are_answered_beside_each_other_and_all_in_one_run() {
    let shop = shop().await;
    let (at_once, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (Arc::clone(&at_once), Arc::clone(&most));
    let others = Arc::new(Barrier::new(8));
    let crm = process(
        &shop,
        LONG,
        does(move |turn: HandlerTurn| {
            let (now, peak, others) = (Arc::clone(&now), Arc::clone(&peak), Arc::clone(&others));
            async move {
                peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                others.wait().await;
                let sent = turn.reply_text("Hi.").await;
                now.fetch_sub(1, Ordering::SeqCst);
                sent.map(drop)
            }
        }),
    )
    .await;
    say_hello(&shop, 40).await;
    assert_eq!(crm.run_due().await.unwrap().answered, 40);
    let most = most.load(Ordering::SeqCst);
    assert!((8..=16).contains(&most), "{most} at once");
}

/// Has a store read for one at a time.
#[derive(Debug)]
struct OneByOne(Semaphore);

impl Hook for OneByOne {
    fn turns(&self) -> Option<&Semaphore> {
        Some(&self.0)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn turns_that_wait_for_the_store_never_wait_for_each_other() {
    let shop = shop().await;
    let storage = Hooked {
        inner: SqliteStorage::open(shop.folder.path().join("crm.db")).unwrap(),
        hook: OneByOne(Semaphore::new(1)),
    };
    let (url, config) = (shop.platform.base_url(), shop.platform.config());
    let answer = does(|turn: HandlerTurn| async move { turn.reply_text("Hi.").await.map(drop) });
    let crm = crm_with(Arc::new(storage), &url, config, shop.clock.clone(), |builder| {
        builder.handler("clerk", answer)
    });
    say_hello(&shop, 40).await;
    let answered = tokio::time::timeout(LONG, crm.run_due()).await;
    assert_eq!(answered.expect("turns hold each other up").unwrap().answered, 40);
}
