use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;

use super::{Change, Consent, Denial, Fact, Proof, Purpose, Scope, Source, State};
use crate::ids::{AccountId, ContactId};

const SHOP: AccountId = AccountId(Uuid::from_u128(1));
const DESK: AccountId = AccountId(Uuid::from_u128(2));

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn fact(seconds: i64, change: Change, source: Source) -> Fact {
    Fact {
        at: at(seconds),
        change,
        scope: Scope::EVERYTHING,
        source,
        via: Some(SHOP),
        new_proof: false,
        proof: Proof::Message(format!("m{seconds}")),
    }
}

fn about(purpose: Purpose, sender: Option<AccountId>, fact: Fact) -> Fact {
    Fact {
        scope: Scope { purpose, sender },
        ..fact
    }
}

fn proven(fact: Fact) -> Fact {
    Fact {
        new_proof: true,
        ..fact
    }
}

fn consent(facts: impl IntoIterator<Item = Fact>) -> Consent {
    let mut consent = Consent::default();
    for fact in facts {
        consent.record(fact);
    }
    consent
}

fn start(seconds: i64) -> Fact {
    fact(seconds, Change::OptIn, Source::Keyword)
}

fn stop(seconds: i64) -> Fact {
    fact(seconds, Change::OptOut, Source::Keyword)
}

fn yes(seconds: i64) -> Fact {
    fact(seconds, Change::OptInAfterStop, Source::Keyword)
}

fn hello(seconds: i64) -> Fact {
    fact(seconds, Change::OptIn, Source::Inbound)
}

#[test]
fn who_may_lift_whose_opt_out() {
    use Source::{Api, Import, Keyword, Manual, Merge, Provider};
    // Opted out by whom; lifted by START, YES, resume, agent, host, file; and by agent, host, file with a later proof;
    // never by a message, nor by a merge.
    let table = [
        (
            Keyword,
            [
                true, true, false, false, false, false, true, true, true, false, false,
            ],
        ),
        (
            Provider,
            [
                true, false, true, false, false, false, false, false, false, false, false,
            ],
        ),
        (
            Manual,
            [
                true, false, true, true, true, false, true, true, true, false, false,
            ],
        ),
        (
            Api,
            [
                true, false, true, true, true, false, true, true, true, false, false,
            ],
        ),
        (
            Import,
            [
                true, false, true, true, true, false, true, true, true, false, false,
            ],
        ),
        (
            Merge,
            [
                true, false, true, true, true, false, true, true, true, false, false,
            ],
        ),
    ];
    for (by, row) in table {
        let asked = [
            start(10),
            yes(10),
            fact(10, Change::OptIn, Provider),
            fact(10, Change::OptIn, Manual),
            fact(10, Change::OptIn, Api),
            fact(10, Change::OptIn, Import),
            proven(fact(10, Change::OptIn, Manual)),
            proven(fact(10, Change::OptIn, Api)),
            proven(fact(10, Change::OptIn, Import)),
            hello(10),
            proven(fact(10, Change::OptIn, Merge)),
        ];
        for (asked, lifts) in asked.into_iter().zip(row) {
            let out = fact(5, Change::OptOut, by);
            let found = consent([hello(1), out.clone(), asked.clone()]).opted_in();
            assert_eq!(found, lifts, "opted out by {by:?}, then {asked:?}");
            // Whatever was said before the opt-out lifts nothing.
            let before = Fact { at: at(4), ..asked };
            assert!(!consent([hello(1), out, before.clone()]).opted_in(), "{before:?}");
        }
    }
}

#[test]
fn a_proof_lifts_only_what_was_said_before_it() {
    let import = |seconds| proven(fact(seconds, Change::OptIn, Source::Import));
    assert!(!consent([stop(5), import(5)]).opted_in(), "at the same instant");
    assert!(consent([stop(5), import(6)]).opted_in());
    assert!(!consent([stop(5), import(6), stop(7)]).opted_in());
}

#[test]
fn an_agents_opt_out_does_not_soften_a_persons() {
    let manual = |seconds, change| fact(seconds, change, Source::Manual);
    let both = [stop(5), manual(6, Change::OptOut), manual(7, Change::OptIn)];
    assert!(!consent(both.clone()).opted_in());
    assert!(consent(both.into_iter().chain([start(8)])).opted_in());
    assert!(!consent([manual(5, Change::OptOut), stop(6), manual(7, Change::OptIn)]).opted_in());
}

#[test]
fn a_first_message_opts_in_unless_it_is_stop() {
    assert!(consent([hello(1)]).opted_in());
    assert!(!consent([]).opted_in());
    assert!(!consent([stop(1)]).opted_in());
    assert!(!consent([stop(1), hello(2)]).opted_in());
    assert!(!consent([yes(1)]).opted_in(), "YES answers a STOP or nothing");
    assert!(!consent([fact(1, Change::OptOut, Source::Manual), yes(2)]).opted_in());
}

#[test]
fn stop_beats_start_in_one_second_and_the_later_second_wins() {
    assert!(!consent([start(5), stop(5)]).opted_in());
    assert!(consent([stop(5), start(6)]).opted_in());
    let half = |fact: Fact| Fact {
        at: fact.at + TimeDelta::milliseconds(500),
        ..fact
    };
    assert!(
        !consent([stop(5), half(start(5))]).opted_in(),
        "platforms that time to the millisecond included"
    );
    assert!(!consent([stop(5), half(yes(5))]).opted_in());
    // Agents and programs may take back what they did within a second.
    let manual = |change| fact(5, change, Source::Manual);
    assert!(consent([manual(Change::OptOut), half(manual(Change::OptIn))]).opted_in());
}

#[test]
fn of_inbound_messages_the_earliest_is_the_proof() {
    let mut consent = Consent::default();
    assert!(consent.record(hello(5)));
    assert!(!consent.record(hello(5)), "told twice");
    assert!(!consent.record(hello(9)));
    assert!(consent.record(hello(3)));
    assert_eq!(consent.history(), [&hello(3)]);
    consent.record(stop(4));
    assert!(!consent.record(hello(7)), "after a STOP it says nothing either");
    assert_eq!(consent.history(), [&hello(3), &stop(4)]);
}

#[test]
fn an_opt_in_does_not_follow_to_a_new_number_and_an_opt_out_does() {
    let moved = |seconds| fact(seconds, Change::NewNumber, Source::Provider);
    assert_eq!(consent([hello(1), moved(2)]).state(), State::Unasked);
    assert!(
        consent([hello(1), moved(2), hello(3)]).opted_in(),
        "who writes from it opts in"
    );
    assert!(!consent([hello(1), stop(2), moved(3), hello(4)]).opted_in());
    assert!(consent([stop(2), moved(3), start(4)]).opted_in());
    // An opt-in to marketing alone does not follow either.
    let reply = |seconds| about(Purpose::AllButMarketing, None, hello(seconds));
    let marketing = about(Purpose::Marketing, None, fact(1, Change::OptIn, Source::Manual));
    let moved = consent([reply(1), marketing, moved(2), reply(3)]);
    assert_eq!(moved.permits(true, SHOP, None), Err(Denial::NotForMarketing));
}

#[test]
fn a_scope_binds_its_sender_and_purpose_only() {
    let provider = |purpose, change| about(purpose, Some(SHOP), fact(5, change, Source::Provider));
    let verdicts = |consent: &Consent| {
        [(true, SHOP), (false, SHOP), (true, DESK), (false, DESK)]
            .map(|(marketing, sender)| consent.permits(marketing, sender, None).is_ok())
    };
    let marketing = consent([hello(1), provider(Purpose::Marketing, Change::OptOut)]);
    assert_eq!(verdicts(&marketing), [false, true, true, true]);
    assert!(marketing.opted_in());
    let sender = consent([hello(1), provider(Purpose::Everything, Change::OptOut)]);
    assert_eq!(verdicts(&sender), [false, false, true, true]);
    let everywhere = about(Purpose::Marketing, None, fact(5, Change::OptOut, Source::Api));
    assert_eq!(
        verdicts(&consent([hello(1), everywhere])),
        [false, true, false, true]
    );
    assert_eq!(verdicts(&consent([hello(1), stop(5)])), [false; 4]);
    assert_eq!(consent([]).permits(false, SHOP, None), Err(Denial::NotOptedIn));
}

#[test]
fn what_a_platform_stopped_only_its_own_way_back_lifts() {
    let stopped = |purpose| about(purpose, Some(SHOP), fact(5, Change::OptOut, Source::Provider));
    let resumed = |purpose, seconds| {
        about(
            purpose,
            Some(SHOP),
            fact(seconds, Change::OptIn, Source::Provider),
        )
    };
    let by_desk = |fact| Fact {
        via: Some(DESK),
        ..fact
    };
    let marketing = || vec![hello(1), stopped(Purpose::Marketing)];
    let sender = || vec![hello(1), stopped(Purpose::Everything)];
    let with = |mut facts: Vec<Fact>, more: Fact| {
        facts.push(more);
        consent(facts).permits(true, SHOP, None).is_ok()
    };
    let form = || proven(fact(9, Change::OptIn, Source::Api));
    assert!(with(marketing(), resumed(Purpose::Marketing, 9)));
    assert!(!with(marketing(), start(9)));
    assert!(!with(marketing(), form()));
    assert!(!with(marketing(), about(Purpose::Marketing, Some(SHOP), form())));
    assert!(with(sender(), start(9)), "START to that sender");
    assert!(!with(sender(), by_desk(start(9))), "START to another one");
    assert!(!with(sender(), form()));
    assert!(!with(sender(), resumed(Purpose::Marketing, 9)));
    assert!(!with(sender(), start(4)), "START before");
}

#[test]
fn all_but_marketing_is_widened_by_a_later_word_and_not_by_another_message() {
    let reply = |seconds| about(Purpose::AllButMarketing, None, hello(seconds));
    let marketing = |consent: Consent| consent.permits(true, SHOP, None);
    assert_eq!(marketing(consent([reply(1)])), Err(Denial::NotForMarketing));
    assert!(consent([reply(1)]).permits(false, SHOP, None).is_ok());
    assert!(marketing(consent([reply(1), fact(2, Change::OptIn, Source::Manual)])).is_ok());
    assert!(marketing(consent([reply(1), start(2)])).is_ok());
    let apart = about(Purpose::Marketing, None, fact(2, Change::OptIn, Source::Manual));
    assert!(marketing(consent([reply(1), apart])).is_ok());
    // An agent agreed on less than a message would say.
    let agreed = about(
        Purpose::AllButMarketing,
        None,
        fact(1, Change::OptIn, Source::Manual),
    );
    assert_eq!(
        marketing(consent([agreed, hello(2)])),
        Err(Denial::NotForMarketing)
    );
}

#[test]
fn revocations_are_the_opt_outs_in_force() {
    let stopped = about(
        Purpose::Marketing,
        Some(SHOP),
        fact(5, Change::OptOut, Source::Provider),
    );
    assert_eq!(
        consent([hello(1), stopped.clone(), stop(6), start(7)]).revocations(),
        [stopped]
    );
    assert_eq!(consent([hello(1), stop(6)]).revocations(), [stop(6)]);
}

#[test]
fn history_reads_back_as_it_was_written() {
    let written = consent([hello(1), stop(5), yes(6)]);
    let json = serde_json::to_value(&written).unwrap();
    assert_eq!(serde_json::from_value::<Consent>(json).unwrap(), written);
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let change = prop::sample::select(vec![Change::OptIn, Change::OptIn, Change::OptOut]);
    let source = prop::sample::select(vec![
        Source::Inbound,
        Source::Manual,
        Source::Import,
        Source::Api,
        Source::Keyword,
        Source::Provider,
        Source::Merge,
    ]);
    let purpose = prop::sample::select(vec![
        Purpose::Everything,
        Purpose::Marketing,
        Purpose::AllButMarketing,
    ]);
    let sender = prop::option::weighted(0.3, prop::sample::select(vec![SHOP, DESK]));
    let via = prop::option::of(prop::sample::select(vec![SHOP, DESK]));
    (0..6000_i64, change, source, purpose, sender, via, any::<bool>()).prop_map(
        |(millis, change, source, purpose, sender, via, new_proof)| match source {
            Source::Inbound => Fact {
                at: at(millis / 1000),
                ..hello(0)
            },
            _ => Fact {
                at: DateTime::UNIX_EPOCH + TimeDelta::milliseconds(millis),
                change: match (change, source) {
                    (Change::OptIn, Source::Keyword) if new_proof => Change::OptInAfterStop,
                    (change, _) => change,
                },
                scope: Scope { purpose, sender },
                source,
                via,
                new_proof: new_proof && source != Source::Keyword,
                proof: Proof::Message("m".to_owned()),
            },
        },
    )
}

#[test]
fn of_the_messages_after_a_merge_the_first_opts_in_at_every_address() {
    let other = ContactId(Uuid::from_u128(1));
    let mut merged = consent([hello(1)]);
    merged.merge(other, &consent([]), at(5));
    assert!(!merged.record(hello(4)), "before it, nothing new");
    assert_eq!(merged.permits(false, SHOP, Some(other)), Err(Denial::NotOptedIn));
    assert!(merged.record(hello(10)));
    assert!(merged.permits(false, SHOP, Some(other)).is_ok());
    assert!(!merged.record(hello(11)));
    assert!(merged.record(hello(9)), "the first of them is the proof");
    assert_eq!(merged.history(), [&hello(1), &hello(9)]);
}

#[test]
fn what_is_held_against_an_address_is_lifted_by_nothing_said_before_it_came() {
    let own = ContactId(Uuid::from_u128(1));
    for held_at in [10, 25] {
        let mut known = consent([start(20)]);
        known.hold(own, vec![stop(held_at)]);
        assert!(!known.opted_in());
        assert!(matches!(
            known.permits(false, SHOP, None),
            Err(Denial::OptedOut(_))
        ));
        known.record(start(30));
        assert!(known.opted_in());
    }
    // Of somebody of whom nothing was known, it is all that is known.
    let mut new = Consent::default();
    new.hold(own, vec![stop(10)]);
    assert_eq!(new, consent([stop(10)]));
    // Two addresses of somebody who says START with both.
    new.hold(own, vec![stop(12)]);
    new.record(start(15));
    assert!(new.opted_in());
}

proptest! {
    #[test]
    fn the_order_in_which_facts_are_learned_does_not_matter(
        (facts, other) in prop::collection::vec(any_fact(), 0..12)
            .prop_flat_map(|facts| (Just(facts.clone()), Just(facts).prop_shuffle()))
    ) {
        prop_assert_eq!(consent(facts.clone()), consent(other.iter().cloned().chain(facts)));
    }

    #[test]
    fn nothing_but_the_persons_word_or_a_new_proof_lifts_a_persons_revocation(
        before in prop::collection::vec(any_fact(), 0..6),
        by_platform in any::<bool>(),
        others in prop::collection::vec(any_fact(), 0..12),
    ) {
        let source = if by_platform { Source::Provider } else { Source::Keyword };
        let revoked = fact(6, Change::OptOut, source);
        let person = |fact: &Fact| matches!(fact.source, Source::Keyword | Source::Provider);
        // What others say, at any time; and of proofs those that are no later than the revocation.
        let others = others.into_iter().filter(|fact| !person(fact)).map(|fact| {
            if fact.new_proof { fact } else { Fact { at: fact.at + TimeDelta::seconds(8), ..fact } }
        });
        let all = consent(before.into_iter().chain([revoked]).chain(others));
        prop_assert!(!all.opted_in());
        prop_assert!(all.permits(false, DESK, None).is_err());
    }

    #[test]
    fn of_merged_contacts_the_stricter_counts_and_an_undo_parts_them(
        facts in prop::collection::vec(prop::collection::vec(any_fact(), 0..6), 3),
        marketing in any::<bool>(),
        sender in prop::sample::select(vec![SHOP, DESK]),
        late in any_fact(),
    ) {
        let parts: Vec<Consent> = facts.into_iter().map(consent).collect();
        let [own, other, third] = [&parts[0], &parts[1], &parts[2]];
        let (one, two) = (ContactId(Uuid::from_u128(1)), ContactId(Uuid::from_u128(2)));
        let permits = |consent: &Consent, of| consent.permits(marketing, sender, of);
        let out = |consent: &Consent| matches!(permits(consent, None), Err(Denial::OptedOut(_)));
        let mut middle = other.clone();
        middle.merge(two, third, at(100));
        let mut all = own.clone();
        all.merge(one, &middle, at(200));
        let nobody_out = !parts.iter().any(out);
        for (of, part) in [(None, own), (Some(one), other), (Some(two), third)] {
            prop_assert_eq!(permits(&all, of).is_ok(), nobody_out && permits(part, None).is_ok());
        }
        prop_assert_eq!(all.opted_in(), parts.iter().any(Consent::opted_in)
            && !parts.iter().any(|part| matches!(part.state(), State::Out { .. })));
        // What was said of one of them before is said of that one alone, whenever it is learned.
        let mut learned = third.clone();
        learned.record(late.clone());
        let mut told = all.clone();
        told.record_of(Some(two), late);
        prop_assert_eq!(permits(&told, Some(two)).is_ok(),
            permits(&learned, None).is_ok() && !out(own) && !out(other));
        let mut parted = all.clone();
        prop_assert_eq!(&parted.unmerge(one, &middle), &middle);
        prop_assert_eq!(&parted, own);
    }
}
