//! Contacts are erased: at once nobody, then batch by batch nowhere; and what comes in late leaves no trace.

use serde_json::json;
use tertulia_core::audit::{Salt, Seal, Verifier};
use tertulia_core::contact::RecordStatus;
use tertulia_core::conversation::{Message, MessageRef};
use tertulia_core::decide::deletion::delete;
use tertulia_core::decide::erasure::{begin, certificate, finish, redact, scrubbed, sweep};
use tertulia_core::erasure::{Erasure, ErasureCounts, SWEPT};
use tertulia_core::error::Code;
use tertulia_core::identity::Address;
use tertulia_core::ids::ContactId;
use tertulia_core::inbound::Person;
use tertulia_core::journal::{Entry, What};
use tertulia_core::ledger::{DispatchState, SkipReason};
use tertulia_core::record::{ChangeSet, Expect, Key, Op, Quarantined, Record};
use tertulia_core::suppression::Suppression;
use tertulia_core::window::Window;
use uuid::Uuid;

use crate::harness::*;

const ANA: &str = "+919876543210";

fn ana() -> Person {
    person(&[phone("919876543210"), bsuid("IN.123")])
}

fn begun(world: &mut World, id: ContactId) -> Erasure {
    world.decide(|set, ctx| begin(set, ctx, id, &[])).unwrap()
}

/// Sweeps all records of some kinds, and the journal, in small batches.
fn gone_through(world: &mut World, id: ContactId) -> Erasure {
    for kind in SWEPT {
        let mut keys: Vec<Key> = world
            .records
            .keys()
            .filter(|key| key.kind() == kind)
            .cloned()
            .collect();
        keys.sort();
        for keys in keys.chunks(2) {
            world.decide(|set, ctx| sweep(set, ctx, id, keys)).unwrap();
        }
    }
    let entries: Vec<(u64, Entry)> = (1..).zip(world.journal.clone()).collect();
    for entries in entries.chunks(3) {
        world.decide(|set, ctx| redact(set, ctx, id, entries, 1)).unwrap();
    }
    world.decide(|set, ctx| finish(set, ctx, id)).unwrap()
}

#[test]
fn from_the_first_step_on_an_erased_contact_is_nobody_and_nothing_waits_to_be_sent() {
    let mut world = World::new();
    world.told(says(&ana(), "hello", 1, "hello"));
    let id = world.holder(&phone("919876543210")).unwrap().id;
    let broadcast = world.launch("offer");
    let erasure = begun(&mut world, id);
    assert!(erasure.trail().is(id));
    assert_eq!(erasure.addresses.len(), 2);
    assert_eq!(world.see(id).status, RecordStatus::Deleted);
    assert!(world.holder(&phone("919876543210")).is_none());
    let skipped = DispatchState::Skipped {
        reason: SkipReason::Deleted,
    };
    assert_eq!(world.row_of(broadcast, id).state, skipped);
    assert_eq!(world.journaled(|what| *what == What::ContactErased), 1);
    // Its evidence names no message any more.
    let facts = serde_json::to_string(&world.see(id).consent).unwrap();
    assert!(
        !facts.contains("hello") && facts.contains("since deleted"),
        "{facts}"
    );
    // Asked for again, it is the same.
    assert_eq!(begun(&mut world, id), erasure);
    assert_eq!(world.journaled(|what| *what == What::ContactErased), 1);
}

#[test]
fn seals_forget_what_is_redacted_and_whoever_seals_it_meanwhile_has_to_look_again() {
    let mut world = World::new();
    world.told(says(&ana(), "hello", 1, "hello"));
    let id = world.holder(&phone("919876543210")).unwrap().id;
    begun(&mut world, id);
    let audited = |world: &World| -> Vec<(u64, Entry)> {
        let entries = (1..).zip(world.journal.clone());
        entries
            .filter(|(_, entry)| entry.what.kind().in_audit())
            .collect()
    };
    let entries = audited(&world);
    let personal = |entry: &Entry| entry.clone().redact();
    let places: Vec<usize> = (0..entries.len()).filter(|i| personal(&entries[*i].1)).collect();
    assert!(places.len() >= 2, "{entries:?}");
    let salt = || Salt::new([7; 16]);
    let seal =
        |last: Option<&Seal>, entries: &[(u64, Entry)]| Seal::over(ORG, last, entries, salt, noon()).unwrap();
    // The last entry of all that is personal is sealed by nobody yet; the others are, by two seals.
    let (first, second) = (places[0] + 1, places[places.len() - 1]);
    let one = seal(None, &entries[..first]);
    world.store(one.clone());
    if second > first {
        world.store(seal(Some(&one), &entries[first..second]));
    }
    let last = world
        .all::<Seal>()
        .into_iter()
        .max_by_key(|seal| seal.number)
        .unwrap();
    let late = seal(Some(&last), &entries[second..]);
    let expected = Expect::Version(
        Key::Seal {
            org: ORG,
            number: last.number,
        },
        1,
    );

    let (done, changes) = world.plan(|set, ctx| redact(set, ctx, id, &entries, 1));
    done.unwrap();
    world.commit(changes).unwrap();
    for seal in world.all::<Seal>() {
        for leaf in &seal.leaves {
            let (_, entry) = &entries[entries.iter().position(|(at, _)| *at == leaf.position).unwrap()];
            assert_eq!(leaf.salt.is_none(), personal(entry), "{entry:?}");
        }
    }
    let sealing = |seal: &Seal| ChangeSet {
        expect: vec![expected.clone()],
        ops: vec![Op::Insert(seal.clone().into())],
    };
    assert_eq!(world.commit(sealing(&late)), Err(Conflict));

    let entries = audited(&world);
    let late = seal(Some(&last), &entries[second..]);
    let mut seals = world.all::<Seal>();
    seals.push(late);
    seals.sort_by_key(|seal| seal.number);
    let mut verifier = Verifier::new(ORG, None);
    let mut rest = &entries[..];
    for seal in &seals {
        let (these, others) = rest.split_at(seal.leaves.len());
        assert!(verifier.next(seal, these), "seal {}", seal.number);
        rest = others;
    }
    let verdict = verifier.verdict(0);
    assert_eq!(
        (verdict.first_break, verdict.entries),
        (None, entries.len() as u64)
    );
    assert_eq!(verdict.redacted, places.len() as u64);
}

#[test]
fn gone_through_twice_it_counts_once_and_ends_with_nothing_to_be_found_by() {
    let mut world = World::new();
    world.told(says(&ana(), "hello", 1, "hello"));
    let id = world.holder(&phone("919876543210")).unwrap().id;
    let other = world.contact("+14155550100");
    begun(&mut world, id);
    let done = gone_through(&mut world, id);
    let counts = ErasureCounts {
        conversations: 1,
        messages: 1,
        message_references: 1,
        identities: 2,
        windows: 2,
        proofs: 1,
        journal_entries: done.certificate.counts.journal_entries,
        ..ErasureCounts::default()
    };
    assert_eq!(done.certificate.counts, counts);
    assert!(counts.journal_entries >= 3 && done.addresses.is_empty());
    let before = (world.records.clone(), world.journal.clone());
    assert_eq!(gone_through(&mut world, id), done);
    assert_eq!((&world.records, &world.journal), (&before.0, &before.1));
    assert!(done.is_open());
    let told = world.decide(|set, ctx| scrubbed(set, ctx, id)).unwrap();
    assert!(told.scrubbed);
    let found = world.decide(|set, ctx| certificate(set, ctx, id)).unwrap();
    assert_eq!(found, told);
    let none = world.decide(|set, ctx| certificate(set, ctx, other)).unwrap_err();
    assert_eq!(none.code(), Code::ContactNotFound);
    assert_eq!(world.see(other).identities.len(), 1);
}

#[test]
fn a_send_that_was_under_way_lands_without_a_way_back_and_its_row_still_tells_the_truth() {
    let mut world = World::new();
    world.told(says(&ana(), "hello", 1, "hello"));
    let id = world.holder(&phone("919876543210")).unwrap().id;
    let flight = world.send(&text_to(id, "on its way")).unwrap();
    begun(&mut world, id);
    gone_through(&mut world, id);
    world.land(&flight, &accepted("wamid.late"));
    assert!(matches!(
        world.row(flight.dispatch).state,
        DispatchState::Accepted { .. }
    ));
    assert!(world.all::<MessageRef>().is_empty() && world.all::<Message>().is_empty());
}

#[test]
fn whoever_gets_an_address_while_an_erase_is_under_way_keeps_what_is_theirs() {
    let mut world = World::new();
    world.told(says(&ana(), "hello", 1, "hello"));
    let id = world.holder(&phone("919876543210")).unwrap().id;
    world.now = at(10);
    begun(&mut world, id);
    world.now = at(20);
    world.told(says(&person(&[phone("919876543210")]), "new", 15, "I am new"));
    let holder = world.holder(&phone("919876543210")).unwrap();
    let quarantined = Quarantined {
        id: Uuid::from_u128(9),
        org: Some(ORG),
        received_at: at(16),
        reason: String::new(),
        raw: json!("919876543210"),
    };
    world.store(quarantined);
    gone_through(&mut world, id);
    assert_eq!(world.see(holder.id), holder);
    let windows: Vec<Address> = world
        .all::<Window>()
        .into_iter()
        .map(|window| window.address)
        .collect();
    assert_eq!(windows, [phone("919876543210")]);
    assert_eq!(world.all::<Quarantined>().len(), 1);
    assert_eq!(world.all::<Message>().len(), 1);
}

#[test]
fn what_was_erased_from_an_address_is_remembered_through_later_deletions() {
    let mut world = World::new();
    let id = world.contact(ANA);
    begun(&mut world, id);
    gone_through(&mut world, id);
    let held = world.all::<Suppression>();
    assert!(matches!(held[..], [ref held] if held.erased_at == Some(noon()) && held.facts.is_empty()));
    let again = world.contact(ANA);
    world.decide(|set, ctx| delete(set, ctx, again)).unwrap();
    assert_eq!(world.all::<Suppression>(), held);
    assert!(
        world
            .records
            .values()
            .all(|stored| !matches!(stored.record, Record::Identity(_)))
    );
}
