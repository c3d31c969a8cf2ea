//! What people write, and what it does.

use tertulia_core::account::Account;
use tertulia_core::contact::{Contact, CreatedBy, RecordStatus};
use tertulia_core::conversation::{Author, Conversation, Message, MessageRef, Parked};
use tertulia_core::decide::contacts::{block, set_active, unblock};
use tertulia_core::decide::receive::{Applied, receive};
use tertulia_core::decide::sending::{explain, window_of};
use tertulia_core::error::Code;
use tertulia_core::inbound::{InboundEvent, InboundKind, Person, PreferenceChoice};
use tertulia_core::journal::What;
use tertulia_core::ledger::{Dispatch, DispatchState, SkipReason};
use tertulia_core::message::{Content, DeliveryStatus, Media, MediaKind, MediaSource, StatusKind};
use tertulia_core::record::{Key, OrgTemplate};
use tertulia_core::settings::{InboundConsent, Plan};
use tertulia_core::template::TemplateStatus;
use tertulia_core::window::{Window, WindowState};

use crate::harness::*;

const ANA: &str = "919876543210";

fn ana() -> Person {
    Person {
        name: Some("Ana".to_owned()),
        ..person(&[phone(ANA)])
    }
}

fn in_group(mut event: InboundEvent) -> InboundEvent {
    if let InboundKind::Message(message) = &mut event.kind {
        message.group_id = Some("family".to_owned());
    }
    event
}

#[test]
fn an_unknown_sender_becomes_an_opted_in_contact_with_an_open_window() {
    let mut world = World::new();
    assert_eq!(world.told(says(&ana(), "m1", -60, "hello")), Applied::Applied);
    let contact = world.holder(&phone(ANA)).unwrap();
    assert_eq!(contact.full_name().as_deref(), Some("Ana"));
    assert_eq!(
        (contact.created_by, contact.created_at),
        (CreatedBy::Inbound, at(-60))
    );
    assert_eq!(
        (contact.last_inbound, contact.last_interaction),
        (Some(at(-60)), Some(at(-60)))
    );
    assert!(contact.consent.opted_in());
    assert_eq!(world.all::<Window>()[0].last_inbound, Some(at(-60)));
    assert_eq!(world.all::<Conversation>()[0].last_inbound, Some((at(-60), SHOP)));
    assert_eq!(world.message("m1").content, Content::text("hello"));
    assert_eq!(world.told(says(&ana(), "m1", -60, "hello")), Applied::Duplicate);
    assert_eq!(world.all::<Message>().len(), 1);
}

#[test]
fn the_plans_limit_loses_nobody_who_writes() {
    let mut world = World::with(|settings| settings.plan = Plan::Contacts(0));
    world.told(says(&ana(), "m1", -60, "hello"));
    assert_eq!(
        world.journaled(|what| matches!(what, What::ContactCreated { over_limit: true, .. })),
        1
    );
}

#[test]
fn whom_an_event_does_not_name_it_cannot_be_about() {
    let mut world = World::new();
    let refused = world
        .receive(&says(&Person::default(), "m1", -60, "hello"))
        .unwrap_err();
    assert_eq!(refused.code(), Code::ContactIdentityRequired);
}

#[test]
fn the_earliest_event_made_the_contact_whichever_came_first() {
    let mut world = World::new();
    world.told(says(&ana(), "m1", -60, "hello"));
    world.told(echo(&ana(), "e1", -90));
    let contact = world.holder(&phone(ANA)).unwrap();
    assert_eq!(
        (contact.created_by, contact.created_at),
        (CreatedBy::Outbound, at(-90))
    );
    assert_eq!(contact.identities[0].since, at(-90));
    assert_eq!(contact.consent.history()[0].at, at(-60));
}

#[test]
fn a_blocked_contacts_message_is_counted_once_and_not_kept_but_its_stop_counts() {
    let mut world = World::new();
    world.rule("price", "buyer");
    let id = world.contact(&format!("+{ANA}"));
    world.decide(|set, ctx| block(set, ctx, id)).unwrap();
    let kept = |world: &World| {
        (
            world.all::<Message>().len(),
            world.all::<Conversation>().len(),
            world.all::<Window>().len(),
        )
    };
    let counted = |world: &World| world.journaled(|what| matches!(what, What::BlockedMessage { .. }));
    assert_eq!(
        world.told(says(&ana(), "m1", -60, "the price?")),
        Applied::Applied
    );
    assert_eq!(
        world.told(says(&ana(), "m1", -60, "the price?")),
        Applied::Duplicate
    );
    world.told(reacts(&ana(), "r1", "m1", -59, Some("👍")));
    assert_eq!(
        world.told(reacts(&ana(), "r1", "m1", -59, Some("👍"))),
        Applied::Duplicate
    );
    assert_eq!((kept(&world), counted(&world)), ((0, 0, 0), 2));
    assert!(world.see(id).tags.is_empty() && world.see(id).profile_name.is_none());
    assert!(
        !world
            .journal
            .iter()
            .any(|entry| format!("{entry:?}").contains("the price?"))
    );

    world.told(in_group(says(&ana(), "m2", -50, "stop")));
    assert!(world.see(id).consent.opted_in(), "said to others");
    world.told(says(&ana(), "m3", 1, "stop"));
    assert!(!world.see(id).consent.opted_in());
    world.decide(|set, ctx| unblock(set, ctx, id)).unwrap();
    assert!(!world.see(id).consent.opted_in());
    assert_eq!(counted(&world), 4);
}

#[test]
fn what_waited_for_a_blocked_contacts_message_is_not_kept_either() {
    let mut world = World::new();
    let id = world.contact(&format!("+{ANA}"));
    world.decide(|set, ctx| block(set, ctx, id)).unwrap();
    world.told(reacts(
        &person(&[phone("351912345678")]),
        "r1",
        "m1",
        -50,
        Some("👍"),
    ));
    assert_eq!(world.all::<Parked>().len(), 1);
    world.told(in_group(says(&ana(), "m1", -60, "hello")));
    assert!(world.all::<Parked>().is_empty());
}

#[test]
fn an_inactive_contact_who_writes_is_active_again() {
    let mut world = World::new();
    let id = world.contact(&format!("+{ANA}"));
    world.decide(|set, ctx| set_active(set, ctx, id, false)).unwrap();
    world.told(in_group(says(&ana(), "m1", -60, "hello")));
    assert_eq!(world.see(id).status, RecordStatus::Inactive);
    world.told(says(&ana(), "m2", -50, "hello"));
    assert_eq!(world.see(id).status, RecordStatus::Active);
    assert_eq!(
        world.journaled(|what| matches!(what, What::ContactReactivated)),
        1
    );
}

#[test]
fn what_is_said_in_a_group_or_by_the_platform_opens_no_window_consents_to_nothing_and_tags_nobody() {
    let notice = Content::System {
        notice: "customer_identity_changed".to_owned(),
        body: Some("price".to_owned()),
    };
    let events = [
        in_group(says(&ana(), "m1", -60, "stop the price")),
        in_group(says(&ana(), "m1", -60, "start")),
        event(-60, InboundKind::Message(incoming(&ana(), "m1", notice))),
    ];
    for event in events {
        let mut world = World::new();
        world.rule("price", "buyer");
        world.told(event);
        let contact = world.holder(&phone(ANA)).unwrap();
        assert!(contact.consent.history().is_empty() && contact.tags.is_empty());
        assert_eq!(contact.last_inbound, None);
        assert!(world.all::<Window>().is_empty());
        assert_eq!(world.all::<Conversation>()[0].last_inbound, None);
        assert_eq!(world.all::<Message>().len(), 1);
    }
}

#[test]
fn an_echo_is_recorded_as_sent_and_triggers_nothing() {
    let mut world = World::new();
    world.rule("app", "tagged");
    assert_eq!(world.told(echo(&ana(), "e1", -60)), Applied::Applied);
    assert_eq!(world.told(echo(&ana(), "e1", -60)), Applied::Duplicate);
    let (contact, message) = (world.holder(&phone(ANA)).unwrap(), world.message("e1"));
    assert_eq!(
        (message.author.clone(), message.delivery.status()),
        (Author::Elsewhere, DeliveryStatus::Sent)
    );
    assert!(contact.consent.history().is_empty() && contact.tags.is_empty());
    assert_eq!(
        (contact.last_inbound, contact.last_interaction),
        (None, Some(at(-60)))
    );
    assert!(world.all::<Window>().is_empty());
    assert_eq!(world.all::<Conversation>()[0].last_inbound, None);
    world.told(became("e1", -50, StatusKind::Read, None));
    assert_eq!(world.message("e1").delivery.status(), DeliveryStatus::Read);
}

#[test]
fn an_echo_that_the_person_had_stopped_tells_of_the_stop() {
    let mut world = World::new();
    world.told(became("e1", -50, StatusKind::Failed(stopped_marketing()), None));
    world.told(echo(&ana(), "e1", -60));
    let contact = world.holder(&phone(ANA)).unwrap();
    assert_eq!(contact.consent.revocations().len(), 1);
}

#[test]
fn texts_captions_and_button_titles_are_tagged_and_edits_are_not() {
    let image = |caption: &str| {
        let media = Media::new(MediaKind::Image, MediaSource::Id("1".to_owned()));
        Content::Media(Media {
            caption: Some(caption.to_owned()),
            ..media
        })
    };
    let button = Content::ButtonReply {
        id: "1".to_owned(),
        title: "Price".to_owned(),
    };
    let contents = [
        (Content::text("the PRICE?"), true),
        (image("price"), true),
        (button, true),
        (image(""), false),
    ];
    for (content, tagged) in contents {
        let mut world = World::new();
        let rule = world.rule("price", "buyer");
        world.told(event(
            -60,
            InboundKind::Message(incoming(&ana(), "m1", content.clone())),
        ));
        assert_eq!(
            world.holder(&phone(ANA)).unwrap().tags.contains_key("buyer"),
            tagged,
            "{content:?}"
        );
        let earned = What::TagAdded {
            tag: "buyer".to_owned(),
            rule: Some(rule),
        };
        assert_eq!(world.journaled(|what| *what == earned), usize::from(tagged));
    }
    let mut world = World::new();
    world.rule("price", "buyer");
    world.told(says(&ana(), "m1", -60, "hello"));
    world.told(edits(&ana(), "d1", "m1", -50, "the price?"));
    assert_eq!(world.message("m1").content, Content::text("the price?"));
    assert!(world.holder(&phone(ANA)).unwrap().tags.is_empty());
}

#[test]
fn the_words_stop_start_and_yes_do_what_they_say() {
    // (what is said, a second apart; whether that opts in)
    let cases: [(&[&str], bool); 9] = [
        (&["hello"], true),
        (&["STOP"], false),
        (&["stop it, you fool"], true),
        (&["hello", "Stop!"], false),
        (&["STOP", "hello"], false),
        (&["STOP", "START"], true),
        (&["STOP", "yes"], true),
        (&["yes", "STOP"], false),
        (&["STOP", "START", "stop", "hello"], false),
    ];
    for (words, opted_in) in cases {
        let mut world = World::new();
        for (second, body) in (0..).zip(words) {
            world.told(says(&ana(), &format!("m{second}"), second, body));
        }
        assert_eq!(
            world.holder(&phone(ANA)).unwrap().consent.opted_in(),
            opted_in,
            "{words:?}"
        );
    }
}

#[test]
fn an_organisation_may_read_a_first_message_as_consent_to_all_but_marketing() {
    let mut world = World::with(|settings| settings.inbound_consent = InboundConsent::AllButMarketing);
    world.told(says(&ana(), "m1", -60, "hello"));
    let contact = world.holder(&phone(ANA)).unwrap();
    assert!(contact.consent.permits(false, SHOP, None).is_ok());
    assert!(contact.consent.permits(true, SHOP, None).is_err());
}

#[test]
fn a_stop_skips_what_waits_and_counts_for_the_last_campaign() {
    let mut world = World::new();
    let id = world.contact(&format!("+{ANA}"));
    let sent = world.launch("offer");
    world.begin(world.row_of(sent, id).id).unwrap();
    let waiting = world.launch("receipt");
    world.told(says(&ana(), "m1", 0, "stop"));
    let row = world.row_of(sent, id);
    assert!(row.replied && row.opted_out_after);
    let reason = SkipReason::OptedOut;
    assert_eq!(world.row_of(waiting, id).state, DispatchState::Skipped { reason });
}

#[test]
fn what_was_written_before_a_broadcast_is_no_answer_to_it() {
    let mut world = World::new();
    let id = world.contact(&format!("+{ANA}"));
    let sent = world.launch("offer");
    world.begin(world.row_of(sent, id).id).unwrap();
    world.told(says(&ana(), "m1", -1, "hello"));
    assert!(!world.row_of(sent, id).replied);
    world.told(says(&ana(), "m2", 1, "hello"));
    assert!(world.row_of(sent, id).replied);
}

#[test]
fn an_opt_out_counts_for_the_last_broadcast_though_a_later_start_came_first() {
    let mut world = World::new();
    let id = world.contact(&format!("+{ANA}"));
    let sent = world.launch("offer");
    world.begin(world.row_of(sent, id).id).unwrap();
    world.told(says(&ana(), "m2", 20, "start"));
    world.told(says(&ana(), "m1", 10, "stop"));
    assert!(world.see(id).consent.opted_in());
    assert!(world.row_of(sent, id).opted_out_after);
}

fn confirmations(world: &World) -> Vec<Dispatch> {
    let rows = world.all::<Dispatch>().into_iter();
    rows.filter(|row| row.origin == Author::StopConfirmation)
        .collect()
}

#[test]
fn a_stop_is_confirmed_exactly_once_where_the_organisation_says_so() {
    let mut world = World::with(|settings| settings.stop_confirmation = Some("You are out.".to_owned()));
    world.told(says(&ana(), "m1", -3, "stop"));
    world.told(says(&ana(), "m1", -3, "stop"));
    world.told(says(&ana(), "m2", -2, "STOP!"));
    let row = confirmations(&world).pop().unwrap();
    assert_eq!(
        (confirmations(&world).len(), row.state),
        (1, DispatchState::Pending)
    );
    let flight = world.begin(row.id).unwrap();
    assert_eq!(flight.content, Content::text("You are out."));
    world.told(says(&ana(), "m3", -1, "start"));
    world.told(says(&ana(), "m4", 0, "stop"));
    assert_eq!(confirmations(&world).len(), 2, "another stop after a start");

    let mut silent = World::new();
    silent.told(says(&ana(), "m1", -3, "stop"));
    assert!(confirmations(&silent).is_empty());
}

#[test]
fn a_status_before_its_send_is_recorded_waits_for_it() {
    let mut world = World::new();
    let id = world.contact(&format!("+{ANA}"));
    let flight = world.send(&template_to(id, "receipt")).unwrap();
    assert_eq!(
        world.told(became("out.1", -1, StatusKind::Delivered, None)),
        Applied::Applied
    );
    assert_eq!(
        world.told(became("out.1", -1, StatusKind::Delivered, None)),
        Applied::Duplicate
    );
    world.land(&flight, &accepted("out.1"));
    assert_eq!(world.row(flight.dispatch).state.name().as_str(), "delivered");
    assert_eq!(world.message("out.1").delivery.delivered, Some(at(-1)));
    assert!(world.all::<Parked>().is_empty());
}

#[test]
fn a_status_that_carries_our_correlation_finds_its_message_without_the_answer() {
    let mut world = World::new();
    let id = world.contact(&format!("+{ANA}"));
    let flight = world.send(&template_to(id, "receipt")).unwrap();
    world.told(became("out.1", -2, StatusKind::Sent, None));
    world.told(became("out.1", -1, StatusKind::Read, Some(flight.attempt)));
    assert_eq!(world.row(flight.dispatch).state.name().as_str(), "read");
    assert_eq!(
        world.message("out.1").delivery.sent,
        Some(at(-2)),
        "what was parked is taken in"
    );
    world.land(&flight, &accepted("out.1"));
    assert_eq!(world.row(flight.dispatch).state.name().as_str(), "read");
}

#[test]
fn a_failure_for_a_marketing_stop_records_it_however_it_is_told() {
    let stop = || StatusKind::Failed(stopped_marketing());
    let tell: [fn(&mut World, &tertulia_core::decide::sending::Flight, StatusKind); 3] = [
        |world, flight, stop| {
            world.land(flight, &accepted("out.1"));
            world.told(became("out.1", 1, stop, None));
        },
        |world, flight, stop| {
            world.told(became("out.1", 1, stop, None));
            world.land(flight, &accepted("out.1"));
        },
        |world, flight, _| {
            world.land(
                flight,
                &tertulia_core::ledger::Outcome::Refused(stopped_marketing()),
            );
        },
    ];
    for (number, tell) in tell.into_iter().enumerate() {
        let mut world = World::new();
        let id = world.contact(&format!("+{ANA}"));
        let flight = world.send(&template_to(id, "offer")).unwrap();
        tell(&mut world, &flight, stop());
        let consent = world.see(id).consent;
        assert!(consent.opted_in(), "{number}");
        assert!(
            consent.permits(true, SHOP, None).is_err(),
            "{number}: marketing of this sender"
        );
        assert!(
            consent.permits(true, HELPDESK, None).is_ok(),
            "{number}: of this sender only"
        );
        assert!(
            consent.permits(false, SHOP, None).is_ok(),
            "{number}: marketing only"
        );
        assert_eq!(
            world.row(flight.dispatch).state,
            DispatchState::Failed,
            "{number}"
        );
    }
}

#[test]
fn a_preference_stops_and_resumes_marketing_of_one_sender() {
    let mut world = World::new();
    let id = world.contact(&format!("+{ANA}"));
    let may = |world: &World| {
        let consent = world.see(id).consent;
        [
            consent.permits(true, SHOP, None),
            consent.permits(false, SHOP, None),
            consent.permits(true, HELPDESK, None),
        ]
        .map(|verdict| verdict.is_ok())
    };
    assert_eq!(
        world.told(prefers(&ana(), 1, PreferenceChoice::Stop)),
        Applied::Applied
    );
    assert_eq!(
        world.told(prefers(&ana(), 1, PreferenceChoice::Stop)),
        Applied::Duplicate
    );
    assert_eq!(may(&world), [false, true, true]);
    world.told(says(&ana(), "m1", 2, "start"));
    assert_eq!(may(&world), [false, true, true], "only its own way back lifts it");
    world.told(prefers(&ana(), 3, PreferenceChoice::Resume));
    assert_eq!(may(&world), [true, true, true]);
    world.told(prefers(&ana(), 4, PreferenceChoice::Other("later".to_owned())));
    assert_eq!(
        world.journaled(|what| matches!(what, What::ProviderNotice { .. })),
        1
    );
}

#[test]
fn reactions_edits_and_deletions_keep_what_they_answer() {
    let mut world = World::new();
    // All of it before the message itself.
    world.told(reacts(&ana(), "r2", "m1", -40, None));
    world.told(reacts(&ana(), "r1", "m1", -50, Some("👍")));
    world.told(edits(&ana(), "d1", "m1", -45, "hello again"));
    world.told(revokes(&ana(), "v1", "m1", -30));
    world.told(says(&ana(), "m1", -60, "hello"));
    let message = world.message("m1");
    assert_eq!(message.reactions[&phone(ANA).match_key()], (at(-40), None));
    assert_eq!(message.content, Content::text("hello again"));
    assert_eq!(
        (message.edited, message.revoked),
        (Some((at(-45), "d1".to_owned())), Some(at(-30)))
    );
    assert_eq!(world.told(revokes(&ana(), "v1", "m1", -30)), Applied::Duplicate);
}

#[test]
fn late_messages_never_shorten_the_window() {
    let mut world = World::new();
    world.told(says(&ana(), "m2", -60, "hello"));
    world.told(says(&ana(), "m1", -3600, "hello"));
    assert_eq!(world.all::<Window>()[0].last_inbound, Some(at(-60)));
    let account: Account = world.get(&Key::Account {
        org: ORG,
        account: SHOP,
    });
    let contact: Contact = world.holder(&phone(ANA)).unwrap();
    let window = world
        .decide(|set, ctx| window_of(set, ctx, &contact, &account))
        .unwrap();
    assert!(matches!(window, WindowState::Open { until, .. } if until == at(86_400 - 60)));
}

#[test]
fn a_free_entry_point_is_the_platforms_word_and_opens_nothing() {
    let mut world = World::new();
    world.told(says(&ana(), "m1", -3 * 3600, "I saw your ad"));
    let contact: Contact = world.holder(&phone(ANA)).unwrap();
    let told = |id: &str, hours: i64| {
        let mut event = became(id, -60, StatusKind::Sent, None);
        if let InboundKind::Status(update) = &mut event.kind {
            update.free_entry_until = Some(at(hours * 3600));
        }
        event
    };
    // The status may come before its message is known; an earlier end never shortens what was told.
    assert_eq!(world.told(told("out.1", 70)), Applied::Applied);
    world.told(told("out.2", 69));
    let explained = |world: &mut World| {
        let request = text_to(contact.id, "hello");
        world.decide(|set, ctx| explain(set, ctx, &request)).unwrap()
    };
    let open = explained(&mut world);
    assert!(
        matches!(open.window, WindowState::Open { free_entry_until, .. } if free_entry_until == Some(at(70 * 3600)))
    );
    world.now = at(22 * 3600);
    let closed = explained(&mut world);
    let state = WindowState::Closed {
        since: Some(at(21 * 3600)),
        free_entry_until: Some(at(70 * 3600)),
    };
    assert_eq!((closed.allowed, closed.window), (false, state));
    // Of somebody who never wrote, too.
    world.contact("+14155552671");
    let mut other = told("out.3", 70);
    if let InboundKind::Status(update) = &mut other.kind {
        update.recipient = vec![phone("14155552671")];
    }
    world.told(other);
    let stranger = world.holder(&phone("14155552671")).unwrap();
    let refused = world.send(&text_to(stranger.id, "hello")).unwrap_err();
    assert_eq!(refused.code(), Code::WindowClosed);
}

#[test]
fn a_time_ahead_of_its_receipt_or_missing_is_the_time_of_receipt() {
    let cases = [(Some(at(300)), at(300)), (Some(at(301)), noon()), (None, noon())];
    for (told, read) in cases {
        let mut world = World::new();
        let mut event = says(&ana(), "m1", 0, "hello");
        event.at = told;
        world.told(event);
        assert_eq!(world.message("m1").at, read, "{told:?}");
    }
}

#[test]
fn the_latest_notice_about_a_template_counts_and_one_about_another_is_only_recorded() {
    use TemplateStatus::{Approved, Disabled, Paused};
    let mut world = World::new();
    let status = |world: &World| {
        let key = Key::Template {
            org: ORG,
            name: "offer".to_owned(),
            language: "pt_BR".to_owned(),
        };
        world.get::<OrgTemplate>(&key).template.status
    };
    assert_eq!(world.told(template_is("offer", 5, Paused)), Applied::Applied);
    assert_eq!(world.told(template_is("offer", 5, Paused)), Applied::Duplicate);
    assert_eq!(
        world.told(template_is("offer", 4, Approved)),
        Applied::Duplicate,
        "too late"
    );
    assert_eq!(status(&world), Paused);
    assert_eq!(
        world.journaled(|what| matches!(what, What::TemplateChanged { .. })),
        1
    );
    world.told(template_is("offer", 6, Paused));
    assert_eq!(
        world.told(template_is("offer", 5, Disabled)),
        Applied::Duplicate,
        "it was paused after that"
    );
    world.told(template_is("other", 6, Paused));
    assert_eq!(
        world.journaled(|what| matches!(what, What::ProviderNotice { .. })),
        1
    );
}

#[test]
fn what_no_rule_knows_is_kept_in_the_journal() {
    let mut world = World::new();
    let raw = serde_json::json!({"new": true});
    let unknown = InboundKind::Unknown {
        field: "polls".to_owned(),
        raw: raw.clone(),
        reason: "unknown".to_owned(),
    };
    world.told(event(0, unknown));
    let kept = What::ProviderNotice {
        field: "polls".to_owned(),
        raw,
    };
    assert_eq!(world.journaled(|what| *what == kept), 1);
    // A person's event without a sender of ours belongs nowhere, and is kept all the same.
    let lost = says(&ana(), "m1", 0, "hello");
    world
        .decide(|set, ctx| receive(set, ctx, None, &lost, 0))
        .unwrap();
    assert_eq!(
        world.journaled(|what| matches!(what, What::ProviderNotice { .. })),
        2
    );
}

#[test]
fn evidence_that_parks_and_finds_its_message_in_one_commit_guards_its_place() {
    let mut world = World::new();
    let account: Account = world.get(&Key::Account {
        org: ORG,
        account: SHOP,
    });
    let events = [
        reacts(&ana(), "r1", "m1", -50, Some("👍")),
        says(&ana(), "m1", -60, "hello"),
    ];
    let (_, changes) = world.plan_all(&events, |set, ctx, event| {
        receive(set, ctx, Some(&account), event, 0)
    });
    // Another process parks something about the same message meanwhile.
    world.told(reacts(&ana(), "r2", "m1", -40, Some("❤")));
    assert_eq!(world.commit(changes), Err(Conflict));
    for event in &events {
        world.receive(event).unwrap();
    }
    assert_eq!(
        world.message("m1").reactions[&phone(ANA).match_key()]
            .1
            .as_deref(),
        Some("❤")
    );
    assert_eq!(world.all::<MessageRef>().len(), 1);
}

#[test]
fn evidence_that_would_park_while_its_message_is_recorded_is_decided_again() {
    let mut world = World::new();
    let account: Account = world.get(&Key::Account {
        org: ORG,
        account: SHOP,
    });
    let reaction = reacts(&ana(), "r1", "m1", -50, Some("👍"));
    let (_, parks) = world.plan(|set, ctx| receive(set, ctx, Some(&account), &reaction, 0));
    world.told(says(&ana(), "m1", -60, "hello"));
    assert_eq!(world.commit(parks), Err(Conflict));

    let id = world.holder(&phone(ANA)).unwrap().id;
    let flight = world.send(&template_to(id, "receipt")).unwrap();
    let status = became("out.1", -1, StatusKind::Sent, None);
    let (_, parks) = world.plan(|set, ctx| receive(set, ctx, Some(&account), &status, 0));
    world.land(&flight, &accepted("out.1"));
    assert_eq!(world.commit(parks), Err(Conflict));
}

#[test]
fn a_message_recorded_while_something_about_it_parks_is_decided_again() {
    let mut world = World::new();
    let account: Account = world.get(&Key::Account {
        org: ORG,
        account: SHOP,
    });
    let hello = says(&ana(), "m1", -60, "hello");
    let (_, recorded) = world.plan(|set, ctx| receive(set, ctx, Some(&account), &hello, 0));
    world.told(reacts(&ana(), "r1", "m1", -50, Some("👍")));
    assert_eq!(world.commit(recorded), Err(Conflict));
}
