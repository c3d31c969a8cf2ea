//! One contact over several channels: which sender a message goes by, and what a STOP to one of them stops.

use tertulia_core::account::{Account, AccountState};
use tertulia_core::channel::Channel;
use tertulia_core::consent::{Purpose, Source};
use tertulia_core::conversation::{Author, Conversation, Message};
use tertulia_core::decide::sending::{explain, window_of};
use tertulia_core::error::Code;
use tertulia_core::ids::{AccountId, ContactId};
use tertulia_core::inbound::{InboundEvent, InboundKind, Person};
use tertulia_core::keywords::Keyword;
use tertulia_core::ledger::{Dispatch, DispatchState, SkipReason};
use tertulia_core::record::Key;
use tertulia_core::retry::{FailureClass, OptOutScope};
use tertulia_core::window::WindowState;
use uuid::Uuid;

use crate::harness::*;

const ANA: &str = "919876543210";
const TEXTS: AccountId = AccountId(Uuid::from_u128(4));

/// A world with a sender of SMS beside the two of WhatsApp.
fn world() -> World {
    beside(World::new())
}

fn beside(mut world: World) -> World {
    let shop: Account = world.get(&account_key(SHOP));
    world.store(Account {
        id: TEXTS,
        channel: Channel::Sms,
        sender_id: "+15005550006".to_owned(),
        name: "texts".to_owned(),
        ..shop
    });
    world
}

fn account_key(account: AccountId) -> Key {
    Key::Account { org: ORG, account }
}

fn ana() -> Person {
    person(&[phone(ANA)])
}

/// A text that the platform itself takes for that.
fn heard(id: &str, seconds: i64, body: &str, keyword: Keyword) -> InboundEvent {
    let mut event = says(&ana(), id, seconds, body);
    if let InboundKind::Message(message) = &mut event.kind {
        message.keyword = Some(keyword);
    }
    event
}

fn texted(world: &mut World, event: &InboundEvent) {
    world.receive_at(TEXTS, event).unwrap();
}

/// The rules that forbid a text by a sender.
fn denied(world: &mut World, contact: ContactId, account: AccountId) -> Vec<Code> {
    let mut request = text_to(contact, "hi");
    request.account = Some(account);
    let explained = world.plan(|set, ctx| explain(set, ctx, &request)).0.unwrap();
    explained.denials.into_iter().map(|denial| denial.code).collect()
}

fn default_sender(world: &mut World, contact: ContactId) -> Result<AccountId, Code> {
    let mut request = text_to(contact, "hi");
    request.account = None;
    let sent = world.send(&request);
    sent.map(|flight| flight.account.id).map_err(|error| error.code())
}

#[test]
fn one_conversation_holds_messages_of_several_channels_and_answers_go_where_the_last_one_came_from() {
    let mut world = world();
    world.told(says(&ana(), "m1", -60, "hello"));
    texted(&mut world, &says(&ana(), "m2", -30, "are you there?"));
    let contact = world.holder(&phone(ANA)).unwrap().id;
    assert_eq!(world.all::<Conversation>().len(), 1);
    let mut channels: Vec<_> = world.all::<Message>().iter().map(|m| m.channel).collect();
    channels.sort();
    assert_eq!(channels, [Channel::WhatsApp, Channel::Sms]);
    assert_eq!(default_sender(&mut world, contact), Ok(TEXTS));

    // A pick holds for that message alone.
    let mut picked = text_to(contact, "by WhatsApp");
    picked.account = Some(SHOP);
    assert_eq!(world.send(&picked).unwrap().account.id, SHOP);
    assert_eq!(default_sender(&mut world, contact), Ok(TEXTS));

    // An older message that comes late changes nothing.
    world.told(says(&ana(), "m0", -40, "late"));
    assert_eq!(default_sender(&mut world, contact), Ok(TEXTS));
    world.told(says(&ana(), "m3", -10, "back on WhatsApp"));
    assert_eq!(default_sender(&mut world, contact), Ok(SHOP));
}

#[test]
fn the_window_is_the_senders_and_sms_has_none() {
    let mut world = world();
    world.told(says(&ana(), "m1", -60, "hello"));
    let contact = world.holder(&phone(ANA)).unwrap();
    let window = |world: &mut World, id| {
        let account: Account = world.get(&account_key(id));
        world
            .plan(|set, ctx| window_of(set, ctx, &contact, &account))
            .0
            .unwrap()
    };
    assert_eq!(window(&mut world, TEXTS), WindowState::None);
    assert!(matches!(window(&mut world, SHOP), WindowState::Open { .. }));
    world.now = at(25 * 3600);
    assert_eq!(denied(&mut world, contact.id, SHOP), [Code::WindowClosed]);
    assert_eq!(denied(&mut world, contact.id, TEXTS), []);
    // Writing by SMS opens no window on WhatsApp.
    texted(&mut world, &says(&ana(), "m2", 25 * 3600, "hello"));
    assert_eq!(denied(&mut world, contact.id, SHOP), [Code::WindowClosed]);
}

#[test]
fn who_never_wrote_is_sent_to_by_the_only_sender_that_reaches_them() {
    let mut world = world();
    let contact = world.contact("+919876543210");
    assert_eq!(
        default_sender(&mut world, contact),
        Err(Code::AccountNotFound),
        "three reach a phone"
    );
    for id in [SHOP, HELPDESK] {
        let account: Account = world.get(&account_key(id));
        world.store(Account {
            state: AccountState::Disabled,
            ..account
        });
    }
    assert_eq!(
        default_sender(&mut world, contact),
        Ok(TEXTS),
        "the others are switched off"
    );
    world.told(says(&person(&[bsuid("US.1")]), "m1", -10, "hello"));
    let hidden = world.holder(&bsuid("US.1")).unwrap().id;
    assert_eq!(
        denied(&mut world, hidden, TEXTS),
        [Code::ContactNoAddress],
        "an id is no number"
    );
}

#[test]
fn a_stop_that_the_platform_took_stops_that_sender_alone_until_a_start_to_it() {
    let mut world = world();
    world.told(says(&ana(), "m1", -90, "hello"));
    let contact = world.holder(&phone(ANA)).unwrap().id;
    // The word is the platform's own, and none of ours.
    texted(&mut world, &heard("m2", -80, "no more pizza", Keyword::Stop));
    assert_eq!(denied(&mut world, contact, TEXTS), [Code::ConsentOptedOut]);
    assert_eq!(denied(&mut world, contact, SHOP), []);
    let seen = world.see(contact);
    assert!(seen.consent.opted_in());
    let fact = seen.consent.revocations().pop().unwrap();
    assert_eq!(
        (fact.source, fact.scope.purpose),
        (Source::Provider, Purpose::Everything)
    );
    assert_eq!(fact.scope.sender, Some(TEXTS));

    // Neither a message, a START elsewhere nor an agent lifts it.
    texted(&mut world, &says(&ana(), "m3", -70, "hello?"));
    world.told(says(&ana(), "m4", -60, "start"));
    assert_eq!(denied(&mut world, contact, TEXTS), [Code::ConsentOptedOut]);
    texted(&mut world, &heard("m5", -50, "pizza again", Keyword::Start));
    assert_eq!(denied(&mut world, contact, TEXTS), []);
}

#[test]
fn a_stop_word_that_no_platform_took_stops_every_sender() {
    let mut world = world();
    world.told(says(&ana(), "m1", -90, "hello"));
    let contact = world.holder(&phone(ANA)).unwrap().id;
    texted(&mut world, &says(&ana(), "m2", -80, "STOP"));
    for account in [TEXTS, SHOP, HELPDESK] {
        assert_eq!(denied(&mut world, contact, account)[0], Code::ConsentOptedOut);
    }
    world.told(says(&ana(), "m3", -70, "start"));
    assert_eq!(denied(&mut world, contact, TEXTS), []);
}

#[test]
fn the_platforms_word_counts_and_not_the_texts() {
    let mut world = world();
    // HELP at the platform, though a STOP word here: the platform goes on sending, and so do we.
    texted(&mut world, &heard("m1", -90, "stop", Keyword::Help));
    let contact = world.holder(&phone(ANA)).unwrap().id;
    assert_eq!(denied(&mut world, contact, TEXTS), []);
    texted(&mut world, &heard("m2", -80, "start", Keyword::Stop));
    assert_eq!(denied(&mut world, contact, TEXTS), [Code::ConsentOptedOut]);
}

#[test]
fn a_first_message_that_the_platform_took_for_a_stop_opts_nobody_in() {
    let mut world = world();
    texted(&mut world, &heard("m1", -90, "enough", Keyword::Stop));
    let contact = world.holder(&phone(ANA)).unwrap().id;
    assert!(!world.see(contact).consent.opted_in());
    assert_eq!(denied(&mut world, contact, TEXTS), [Code::ConsentOptedOut]);
    assert_eq!(denied(&mut world, contact, SHOP)[0], Code::ConsentNotOptedIn);
}

#[test]
fn a_stop_by_sms_is_confirmed_by_the_carrier_and_by_nobody_else() {
    let with = || {
        beside(World::with(|settings| {
            settings.stop_confirmation = Some("You are out.".to_owned());
        }))
    };
    let confirmed = |world: &World| {
        let rows = world.all::<Dispatch>();
        rows.iter()
            .filter(|row| row.origin == Author::StopConfirmation)
            .count()
    };
    let mut by_sms = with();
    texted(&mut by_sms, &says(&ana(), "m1", -90, "hello"));
    texted(&mut by_sms, &says(&ana(), "m2", -80, "stop"));
    assert_eq!(confirmed(&by_sms), 0);
    // On WhatsApp where the platform did it itself, too.
    let mut by_platform = with();
    by_platform.told(says(&ana(), "m1", -90, "hello"));
    by_platform.told(heard("m2", -80, "stop", Keyword::Stop));
    assert_eq!(confirmed(&by_platform), 0);
    let mut by_word = with();
    by_word.told(says(&ana(), "m1", -90, "hello"));
    by_word.told(says(&ana(), "m2", -80, "stop"));
    assert_eq!(confirmed(&by_word), 1);
}

#[test]
fn what_waits_for_a_sender_that_the_platform_stopped_is_skipped_and_what_waits_for_another_goes() {
    let mut world = world();
    let contact = world.contact("+919876543210");
    let broadcast = world.launch("receipt");
    let row = world.row_of(broadcast, contact);
    assert_eq!(row.account, SHOP);
    texted(&mut world, &heard("m1", -10, "stop", Keyword::Stop));
    assert_eq!(
        world.row(row.id).state,
        DispatchState::Pending,
        "it goes by another sender"
    );
    world.told(heard("m2", -5, "stop", Keyword::Stop));
    assert_eq!(world.begin(row.id), None);
    let reason = SkipReason::OptedOut;
    assert_eq!(world.row(row.id).state, DispatchState::Skipped { reason });
}

#[test]
fn a_send_refused_because_the_person_stopped_that_sender_says_so_from_then_on() {
    let mut world = world();
    world.told(says(&ana(), "m1", -90, "hello"));
    let contact = world.holder(&phone(ANA)).unwrap().id;
    let mut request = text_to(contact, "hi");
    request.account = Some(TEXTS);
    let flight = world.send(&request).unwrap();
    let class = FailureClass::RecipientOptedOut(OptOutScope::Sender);
    world.land(
        &flight,
        &tertulia_core::ledger::Outcome::Refused(failure(class, "21610")),
    );
    assert_eq!(denied(&mut world, contact, TEXTS), [Code::ConsentOptedOut]);
    assert_eq!(denied(&mut world, contact, SHOP), []);
    // The person's own START to that sender, in whatever way it is told, is the way back.
    texted(&mut world, &says(&ana(), "m2", 60, "START"));
    assert_eq!(denied(&mut world, contact, TEXTS), []);
}
