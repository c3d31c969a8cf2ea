//! The journal reads the same by all views.

use chrono::TimeDelta;
use tertulia_core::ids::{ContactId, OrgId};
use tertulia_core::journal::{Actor, Entry, EntryFilter, EntryKind};
use tertulia_core::record::{ChangeSet, Op};

use super::StoreFactory;
use super::generate::epoch;
use super::support::{Bench, feed, id};
use crate::{Cursor, JournalRequest, JournalView, StorageErrorKind};

const ORG: u128 = 1;
const CONTACT: u128 = 1;

fn view(view: JournalView) -> JournalRequest {
    JournalRequest {
        view,
        ..feed(id(ORG))
    }
}

fn timeline(contact: ContactId) -> JournalView {
    JournalView::Timeline(vec![contact])
}

fn views() -> [JournalView; 4] {
    [
        JournalView::Feed,
        JournalView::Audit,
        timeline(id(CONTACT)),
        JournalView::Chronicle,
    ]
}

/// Writes entries of every kind, about this contact, another one and none, in a few commits; as written.
async fn write(bench: &mut Bench) -> Vec<Entry> {
    let mut written = Vec::new();
    for contact in [Some(id(CONTACT)), None, Some(id(2)), Some(id(CONTACT))] {
        let mut ops = Vec::new();
        for kind in EntryKind::ALL {
            let entry = Entry {
                contact,
                what: bench.make.what(*kind),
                ..bench.make.entry(id(ORG))
            };
            ops.push(Op::Journal(entry.clone()));
            written.push(entry);
        }
        bench.commit(ops).await;
    }
    written
}

/// Reads a view both ways, in pages of several sizes, and checks that it shows these.
async fn shows(bench: &Bench, request: &JournalRequest, expected: &[Entry]) -> Vec<u64> {
    let mut positions = Vec::new();
    for limit in [1, 2, 7, expected.len().max(1), expected.len() + 1] {
        let read = bench.read(request.clone(), limit).await;
        let entries: Vec<&Entry> = read.iter().map(|(_, entry)| entry).collect();
        assert!(
            entries.iter().copied().eq(expected),
            "{request:?} in pages of {limit}: {entries:?}"
        );
        let backwards = JournalRequest {
            backwards: true,
            ..request.clone()
        };
        let mut back = bench.read(backwards, limit).await;
        back.reverse();
        assert_eq!(back, read, "{request:?} backwards in pages of {limit}");
        positions = read.iter().map(|(position, _)| *position).collect();
    }
    positions
}

/// The feed is everything in the order of commits, with positions that grow; a commit tells its last one.
pub async fn the_feed_is_in_the_order_of_commits(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let orgs: Vec<OrgId> = bench.make.orgs();
    let mut written = vec![Vec::new(); orgs.len()];
    let mut told = vec![Vec::new(); orgs.len()];
    for step in 0..20 {
        let which = bench.make.below(orgs.len());
        let entries: Vec<Entry> = (0..step % 4).map(|_| bench.make.entry(orgs[which])).collect();
        let committed = bench
            .commit(entries.iter().cloned().map(Op::Journal).collect())
            .await;
        assert_eq!(
            committed.position.is_some(),
            !entries.is_empty(),
            "a position is told if an entry was written"
        );
        told[which].extend(committed.position);
        written[which].extend(entries);
    }
    for (which, org) in orgs.iter().enumerate() {
        let positions = shows(&bench, &feed(*org), &written[which]).await;
        assert!(
            positions.iter().all(|position| *position > 0),
            "positions begin above 0"
        );
        assert!(
            positions.windows(2).all(|two| two[0] < two[1]),
            "positions grow: {positions:?}"
        );
        assert!(
            told[which].iter().all(|told| positions.contains(told)),
            "what commits tell is where their last entry is"
        );
        assert_eq!(told[which].last(), positions.last());
    }
}

/// The feed goes on from a cursor or from a position written as text, at its end too, and when it was empty.
pub async fn the_feed_can_be_resumed_anywhere(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let at = |cursor: Option<Cursor>| JournalRequest {
        cursor,
        ..feed(id(ORG))
    };
    let empty = bench.store.journal(at(None)).await.unwrap();
    assert!(empty.entries.is_empty());
    let start = empty.next.expect("an empty feed goes on, too");

    let written = write(&mut bench).await;
    let all = bench.read(feed(id(ORG)), 50).await;
    let resumed = bench.read(at(Some(start)), 50).await;
    assert_eq!(resumed, all, "from the cursor of the empty feed");
    let zero = bench.read(at(Some(Cursor("0".to_owned()))), 50).await;
    assert_eq!(zero, all, "from position 0");
    for (index, (position, _)) in all.iter().enumerate() {
        let rest = bench.read(at(Some(Cursor(position.to_string()))), 50).await;
        assert_eq!(rest, all[index + 1..], "after position {position}");
    }

    let last = all.last().map(|(position, _)| position.to_string()).unwrap();
    let end = bench.store.journal(at(Some(Cursor(last)))).await.unwrap();
    assert!(end.entries.is_empty());
    let end = end.next.expect("the end of the feed goes on");
    write(&mut bench).await;
    let later = bench.read(at(Some(end)), 50).await;
    assert_eq!(later.len(), written.len(), "what was written later is read once");
    assert_eq!(bench.read(feed(id(ORG)), 50).await[all.len()..], later);
}

/// Audit and timeline show exactly the kinds that core says, the timeline those about its contact.
pub async fn audit_and_timeline_show_their_kinds(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let written = write(&mut bench).await;
    let audited: Vec<Entry> = written
        .iter()
        .filter(|entry| entry.what.kind().in_audit())
        .cloned()
        .collect();
    let positions = shows(&bench, &view(JournalView::Audit), &audited).await;
    assert!(positions.windows(2).all(|two| two[0] < two[1]));

    let mut of_everybody: Vec<Entry> = written
        .iter()
        .filter(|entry| entry.what.kind().on_timeline())
        .cloned()
        .collect();
    of_everybody.sort_by_key(|entry| entry.at);
    shows(&bench, &view(JournalView::Chronicle), &of_everybody).await;

    let several: Vec<u128> = (1..=250).collect();
    for contacts in [
        &[CONTACT][..],
        &[CONTACT, 2],
        &[2, 77, CONTACT],
        &[77],
        &[],
        &several,
    ] {
        let about = |entry: &&Entry| {
            let mut contacts = contacts.iter().copied();
            entry.what.kind().on_timeline() && contacts.any(|contact| entry.contact == Some(id(contact)))
        };
        let mut on_timeline: Vec<Entry> = written.iter().filter(about).cloned().collect();
        on_timeline.sort_by_key(|entry| entry.at);
        let of_all = JournalView::Timeline(contacts.iter().copied().map(id).collect());
        shows(&bench, &view(of_all), &on_timeline).await;
    }
}

/// A timeline is sorted by the time things happened, then by position.
pub async fn timelines_are_sorted_by_time(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut written = Vec::new();
    for micros in [5, 3, 5, -2_000_000, 4, 3, 0, 1_000_000, 5] {
        let entry = Entry {
            at: epoch() + TimeDelta::microseconds(micros),
            recorded_at: epoch() + TimeDelta::seconds(60),
            contact: Some(id(CONTACT)),
            what: bench.make.what(EntryKind::TagAdded),
            ..bench.make.entry(id(ORG))
        };
        bench.commit(vec![Op::Journal(entry.clone())]).await;
        written.push(entry);
    }
    let mut sorted = written.clone();
    sorted.sort_by_key(|entry| entry.at);
    assert_ne!(sorted, written);
    shows(&bench, &view(timeline(id(CONTACT))), &sorted).await;
    shows(&bench, &view(JournalView::Chronicle), &sorted).await;
    shows(&bench, &feed(id(ORG)), &written).await;
}

/// Kinds narrow every view; all of none are all.
pub async fn kinds_narrow_every_view(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    write(&mut bench).await;
    let asked = [
        vec![EntryKind::TagAdded],
        vec![
            EntryKind::SettingsChanged,
            EntryKind::TagRemoved,
            EntryKind::MessageSent,
        ],
        vec![EntryKind::ProviderNotice, EntryKind::MessageStatus],
        EntryKind::ALL.to_vec(),
    ];
    for view in views().map(view) {
        let all: Vec<Entry> = bench
            .read(view.clone(), 500)
            .await
            .into_iter()
            .map(|(_, entry)| entry)
            .collect();
        for kinds in &asked {
            let expected: Vec<Entry> = all
                .iter()
                .filter(|entry| kinds.contains(&entry.what.kind()))
                .cloned()
                .collect();
            let filter = EntryFilter {
                kinds: kinds.clone(),
                ..EntryFilter::default()
            };
            let request = JournalRequest {
                filter,
                ..view.clone()
            };
            shows(&bench, &request, &expected).await;
        }
    }
}

/// Actor, contact, time and position narrow every view, alone and together, as core says.
pub async fn filters_narrow_every_view(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut written = write(&mut bench).await;
    for actor in [
        Actor::System("Bücher \"Rio\" \\ \u{1}'".to_owned()),
        Actor::System(String::new()),
        Actor::System("contact".to_owned()),
    ] {
        let entry = Entry {
            actor,
            ..written[0].clone()
        };
        bench.commit(vec![Op::Journal(entry.clone())]).await;
        written.push(entry);
    }
    let mut times: Vec<_> = written.iter().map(|entry| entry.at).collect();
    times.sort_unstable();
    let (early, late) = (times[times.len() / 4], times[times.len() / 4 * 3]);
    let mut filters: Vec<EntryFilter> = written
        .iter()
        .map(|entry| EntryFilter {
            actor: Some(entry.actor.clone()),
            ..EntryFilter::default()
        })
        .collect();
    for (from, until) in [(Some(early), None), (None, Some(late)), (Some(early), Some(late))] {
        for contacts in [vec![], vec![id(CONTACT)], vec![id(CONTACT), id(2)], vec![id(77)]] {
            for actor in [None, Some(Actor::Worker)] {
                filters.push(EntryFilter {
                    kinds: EntryKind::ALL[..20].to_vec(),
                    actor,
                    contacts: contacts.clone(),
                    from,
                    until,
                });
            }
        }
    }
    for view in views().map(view) {
        let all = bench.read(view.clone(), 500).await;
        for after in [0, all[all.len() / 2].0] {
            for filter in &filters {
                let found = all
                    .iter()
                    .filter(|(position, entry)| *position > after && filter.matches(entry));
                let expected: Vec<Entry> = found.map(|(_, entry)| entry.clone()).collect();
                let request = JournalRequest {
                    filter: filter.clone(),
                    after,
                    ..view.clone()
                };
                shows(&bench, &request, &expected).await;
            }
        }
    }
}

/// A cursor of the audit, a timeline or the chronicle is refused by every other view, and a text that is none by all.
pub async fn a_journal_cursor_is_good_for_its_own_view(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    write(&mut bench).await;
    let views = [
        JournalView::Feed,
        JournalView::Audit,
        timeline(id(CONTACT)),
        timeline(id(2)),
        JournalView::Timeline(vec![id(CONTACT), id(2)]),
        JournalView::Chronicle,
    ];
    let mut cursors = Vec::new();
    for view_ in views.clone() {
        let request = JournalRequest {
            limit: 3,
            ..view(view_)
        };
        cursors.push(bench.store.journal(request).await.unwrap().next.unwrap());
    }
    for (index, view_) in views.iter().enumerate() {
        let foreign = (0..views.len()).filter(|other| *other != index);
        let foreign = foreign.map(|other| cursors[other].clone());
        let nonsense = ["", "nonsense", "-1", "é'"].map(|text| Cursor(text.to_owned()));
        for cursor in foreign.chain(nonsense) {
            let request = JournalRequest {
                cursor: Some(cursor.clone()),
                ..view(view_.clone())
            };
            let refused = bench.store.journal(request).await.err().map(|error| error.kind);
            assert_eq!(
                refused,
                Some(StorageErrorKind::BadCursor),
                "{view_:?} takes {cursor:?}"
            );
        }
    }
}

/// An entry that says less stands in the place of the one before in every view, as often as that is written, and there is
/// none in the place of an entry that never was.
pub async fn a_redacted_entry_keeps_its_place(factory: &dyn StoreFactory) {
    let mut bench = Bench::new(factory).await;
    let mut written = write(&mut bench).await;
    let told = bench.read(feed(id(ORG)), 50).await;
    let redact = |(position, entry): &(u64, Entry)| {
        let mut entry = entry.clone();
        entry.redact().then_some(Op::Redact {
            position: *position,
            entry,
        })
    };
    let ops: Vec<Op> = told.iter().filter_map(redact).collect();
    assert!(ops.len() > 4);
    bench.commit(ops.clone()).await;
    bench.commit(ops).await;
    for entry in &mut written {
        entry.redact();
    }
    assert!(written.iter().any(|entry| entry.redacted));
    let positions = shows(&bench, &feed(id(ORG)), &written).await;
    assert!(positions.iter().eq(told.iter().map(|(position, _)| position)));
    let audited: Vec<Entry> = written
        .iter()
        .filter(|entry| entry.what.kind().in_audit())
        .cloned()
        .collect();
    shows(&bench, &view(JournalView::Audit), &audited).await;

    let last = positions.last().copied().unwrap();
    for position in [0, last + 1] {
        let entry = written[0].clone();
        let changes = ChangeSet {
            expect: Vec::new(),
            ops: vec![Op::Redact { position, entry }],
        };
        let refused = bench.store.commit(changes).await.unwrap_err();
        assert_eq!(refused.kind, StorageErrorKind::Conflict, "position {position}");
    }
}
