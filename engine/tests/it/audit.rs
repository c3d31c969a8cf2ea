//! The audit: sealed by due work, looked at, filtered, and written to a file.

use std::time::Duration;

use rusqlite::Connection;
use tertulia::core::journal::{Actor, EntryKind};
use tertulia::{AuditBreak, AuditFault, AuditFilter, AuditVerdict, Code, PageOf, Role, check_audit};

use crate::support::Shop;

const ANA: &str = "+12025550100";
const BRUNO: &str = "+12025550101";

/// A shop whose audit is sealed in two seals at least, and a contact.
async fn sealed() -> (Shop, AuditVerdict) {
    let shop = Shop::open().await;
    let ana = shop.opted_in(ANA, &[]).await;
    for number in 0..300 {
        let name = format!("tag {number}");
        shop.org.contacts().tag(ana.id, &[&name]).await.unwrap();
    }
    shop.crm.run_due().await.unwrap();
    shop.org.contacts().block(ana.id).await.unwrap();
    shop.crm.run_due().await.unwrap();
    let verdict = shop.org.audit().verify(None).await.unwrap();
    assert_eq!((verdict.first_break, verdict.unsealed), (None, 0));
    assert!(
        verdict.entries > 300 && verdict.head.unwrap().seal >= 3,
        "{verdict:?}"
    );
    (shop, verdict)
}

#[tokio::test]
async fn due_work_seals_what_was_audited_once_and_says_how_far() {
    for shop in [Shop::open().await, Shop::in_memory().await] {
        let audit = shop.org.audit();
        let before = audit.verify(None).await.unwrap();
        assert_eq!((before.head, before.entries), (None, 0));
        assert!(before.unsealed > 0);
        shop.crm.run_due().await.unwrap();
        let after = audit.verify(None).await.unwrap();
        assert_eq!((after.entries, after.unsealed), (before.unsealed, 0));
        shop.clock.advance(Duration::from_secs(60));
        shop.crm.run_due().await.unwrap();
        assert_eq!(
            audit.verify(after.head).await.unwrap().head,
            after.head,
            "nothing was new"
        );
        shop.opted_in(ANA, &["vip"]).await;
        let later = audit.verify(after.head).await.unwrap();
        assert_eq!((later.head, later.holds_head), (after.head, Some(true)));
        assert!(later.unsealed > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_seal_at_once_make_one_chain() {
    let shop = Shop::open().await;
    for round in 0..20 {
        shop.org
            .team()
            .add(&format!("Priya {round}"), Role::Agent)
            .await
            .unwrap();
        let due = (0..4).map(|_| shop.crm.run_due());
        futures_util::future::try_join_all(due).await.unwrap();
    }
    let verdict = shop.org.audit().verify(None).await.unwrap();
    assert_eq!((verdict.first_break, verdict.unsealed), (None, 0));
}

#[tokio::test]
async fn whatever_is_changed_in_the_file_is_found_where_it_is() {
    let (shop, whole) = sealed().await;
    let original = shop.file();
    let position = |offset: i64| -> u64 {
        let of = "SELECT position FROM journal WHERE audit = 1 ORDER BY position LIMIT 1 OFFSET ?";
        original
            .query_row(of, [offset], |row| row.get(0).map(i64::cast_unsigned))
            .unwrap()
    };
    let (tenth, eleventh, last) = (position(10), position(11), whole.head.unwrap().position);
    let in_last_seal: u64 = original
        .query_row(
            "SELECT first FROM seals ORDER BY number DESC LIMIT 1",
            [],
            |row| row.get(0).map(i64::cast_unsigned),
        )
        .unwrap();
    let cases = [
        (
            "a body",
            tenth,
            AuditFault::Changed,
            format!("UPDATE journal SET body = replace(body, 'tag ', 'gat ') WHERE position = {tenth}"),
        ),
        (
            "an actor",
            tenth,
            AuditFault::Changed,
            format!("UPDATE journal SET body = json_set(body, '$.actor', 'worker') WHERE position = {tenth}"),
        ),
        (
            "a row that is gone",
            tenth,
            AuditFault::Missing,
            format!("DELETE FROM journal WHERE position = {tenth}"),
        ),
        (
            "the last row gone",
            last,
            AuditFault::Missing,
            format!("DELETE FROM journal WHERE position = {last}"),
        ),
        (
            "a row hidden from the audit",
            tenth,
            AuditFault::Missing,
            format!("UPDATE journal SET audit = 0 WHERE position = {tenth}"),
        ),
        (
            "two rows swapped",
            tenth,
            AuditFault::Changed,
            format!(
                "UPDATE journal SET position = 0 WHERE position = {tenth};
                UPDATE journal SET position = {tenth} WHERE position = {eleventh};
                UPDATE journal SET position = {eleventh} WHERE position = 0"
            ),
        ),
        (
            "a seal's head",
            in_last_seal,
            AuditFault::Seal,
            "UPDATE seals SET body = json_set(body, '$.head', body ->> '$.previous')
             WHERE number = (SELECT max(number) FROM seals)"
                .to_owned(),
        ),
        (
            "a seal's time",
            in_last_seal,
            AuditFault::Seal,
            "UPDATE seals SET body = json_set(body, '$.sealed_at', '2020-01-01T00:00:00Z')
             WHERE number = (SELECT max(number) FROM seals)"
                .to_owned(),
        ),
        (
            "a seal gone",
            in_last_seal,
            AuditFault::Seal,
            "DELETE FROM seals WHERE number = (SELECT max(number) - 1 FROM seals)".to_owned(),
        ),
    ];
    for (what, position, why, tampering) in cases {
        tamper(&original, &tampering);
        let verdict = shop.org.audit().verify(whole.head).await.unwrap();
        let expected = AuditBreak { position, why };
        assert_eq!(verdict.first_break, Some(expected), "{what}");
        assert_eq!(verdict.holds_head, Some(false), "{what}");
        let refused = shop.org.audit().export(Vec::new()).await;
        assert_eq!(
            refused.map_err(|error| error.code()),
            Err(Code::AuditBroken),
            "{what}"
        );
        restore(&original);
        assert_eq!(
            shop.org.audit().verify(whole.head).await.unwrap().first_break,
            None,
            "{what} restored"
        );
    }
    // The whole end cut off, entries and seals: only a head that was kept elsewhere tells.
    tamper(
        &original,
        &format!(
            "DELETE FROM journal WHERE position >= {in_last_seal};
            DELETE FROM seals WHERE number = (SELECT max(number) FROM seals)"
        ),
    );
    let cut = shop.org.audit().verify(whole.head).await.unwrap();
    assert_eq!((cut.first_break, cut.holds_head), (None, Some(false)));
}

/// Changes the file, what was in it kept aside.
fn tamper(file: &Connection, how: &str) {
    let keep = "CREATE TEMP TABLE journal_before AS SELECT * FROM main.journal;
        CREATE TEMP TABLE seals_before AS SELECT * FROM main.seals;";
    file.execute_batch(&format!("{keep} BEGIN; {how}; COMMIT;"))
        .unwrap();
}

fn restore(file: &Connection) {
    file.execute_batch(
        "BEGIN; DELETE FROM main.journal; INSERT INTO main.journal SELECT * FROM journal_before;
         DELETE FROM main.seals; INSERT INTO main.seals SELECT * FROM seals_before; COMMIT;
         DROP TABLE journal_before; DROP TABLE seals_before;",
    )
    .unwrap();
}

#[tokio::test]
async fn an_exported_audit_is_checked_alone_and_shows_what_was_changed_or_cut_off() {
    let (shop, whole) = sealed().await;
    shop.opted_in(BRUNO, &["vip"]).await;
    let mut file = Vec::new();
    let exported = shop.org.audit().export(&mut file).await.unwrap();
    assert!(exported.entries > whole.entries, "what was not sealed is, first");
    let verdict = shop.org.audit().verify(exported.head).await.unwrap();
    assert_eq!((verdict.head, verdict.holds_head), (exported.head, Some(true)));

    let text = String::from_utf8(file).unwrap();
    let check = |text: &str| check_audit(text.as_bytes());
    let checked = check(&text).unwrap();
    assert_eq!(
        (
            checked.entries,
            checked.head,
            checked.first_break,
            checked.holds_head
        ),
        (exported.entries, exported.head, None, Some(true))
    );
    let changed = check(&text.replacen("tag 17", "tag 18", 1)).unwrap();
    assert_eq!(
        changed.first_break.map(|found| found.why),
        Some(AuditFault::Changed)
    );
    assert_eq!(changed.holds_head, Some(false));
    let lines: Vec<&str> = text.lines().collect();
    let without = |place: usize| {
        let kept = lines.iter().enumerate().filter(|(line, _)| *line != place);
        kept.flat_map(|(_, line)| [*line, "\n"]).collect::<String>()
    };
    let missing = check(&without(20)).unwrap();
    assert_eq!(
        missing.first_break.map(|found| found.why),
        Some(AuditFault::Missing)
    );
    let endless = check(&without(lines.len() - 1)).unwrap();
    assert_eq!(
        (endless.first_break, endless.holds_head),
        (None, Some(false)),
        "the end is cut off"
    );
    for nonsense in [
        "",
        "{}",
        "nonsense",
        &without(0),
        &without(1),
        &format!("{text}{text}"),
    ] {
        assert_eq!(check(nonsense).unwrap_err().code(), Code::AuditMalformed);
    }
}

#[tokio::test]
async fn the_audit_is_listed_by_kind_actor_contact_and_time() {
    let shop = Shop::open().await;
    let ana = shop.opted_in(ANA, &[]).await;
    let bruno = shop.opted_in(BRUNO, &[]).await;
    let priya = shop.org.team().add("Priya", Role::Agent).await.unwrap();
    shop.clock.advance(Duration::from_secs(3600));
    let hour = tertulia::clock::Clock::now(&shop.clock);
    let by_priya = shop.org.acting_as(priya.id);
    by_priya.contacts().tag(ana.id, &["vip"]).await.unwrap();
    by_priya.contacts().tag(bruno.id, &["vip"]).await.unwrap();
    let request = tertulia::MergeRequest {
        duplicates: vec![bruno.id],
        choices: Vec::new(),
    };
    shop.org.contacts().merge(ana.id, &request).await.unwrap();
    let found = async |filter: AuditFilter| {
        let listed = shop
            .org
            .audit()
            .list(&filter, &PageOf::first(1_000))
            .await
            .unwrap();
        listed
            .items
            .iter()
            .map(|entry| entry.what.kind())
            .collect::<Vec<_>>()
    };
    let tagged = AuditFilter::of(&[EntryKind::TagAdded]);
    assert_eq!(found(tagged.clone()).await.len(), 2);
    let actor = Some(Actor::Agent(priya.id));
    assert_eq!(
        found(AuditFilter {
            actor: actor.clone(),
            ..AuditFilter::default()
        })
        .await,
        [EntryKind::TagAdded, EntryKind::TagAdded]
    );
    // Who was merged is found under every id.
    for contact in [ana.id, bruno.id] {
        let of = AuditFilter {
            contact: Some(contact),
            actor: actor.clone(),
            ..tagged.clone()
        };
        assert_eq!(found(of).await.len(), 2);
    }
    let before = AuditFilter {
        until: Some(hour),
        ..tagged.clone()
    };
    assert!(found(before).await.is_empty());
    let since = found(AuditFilter {
        from: Some(hour),
        ..AuditFilter::default()
    })
    .await;
    assert_eq!(since.len(), 3, "{since:?}");
    let nobody = AuditFilter {
        contact: Some(tertulia::core::ids::ContactId(shop.org.id().0)),
        ..AuditFilter::default()
    };
    let unknown = shop
        .org
        .audit()
        .list(&nobody, &PageOf::default())
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::ContactNotFound);
}
