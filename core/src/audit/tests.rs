use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::ids::ContactId;
use crate::journal::{Actor, What};

const ORG: OrgId = OrgId(Uuid::from_u128(1));

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn entry(number: u64) -> (u64, Entry) {
    let entry = Entry {
        org: ORG,
        at: at(7),
        recorded_at: at(8),
        actor: Actor::System("host".to_owned()),
        contact: Some(ContactId(Uuid::from_u128(u128::from(number)))),
        what: What::SettingsChanged {
            before: json!({"b": 0.1, "a": [number, null]}),
            after: json!({}),
        },
        redacted: false,
    };
    // What is no change leaves gaps.
    (number * 3, entry)
}

/// A chain of three seals over seven entries, with salts that are told apart.
fn chain() -> (Vec<Seal>, Vec<(u64, Entry)>) {
    let entries: Vec<(u64, Entry)> = (1..=7).map(entry).collect();
    let (mut seals, mut drawn): (Vec<Seal>, u8) = (Vec::new(), 0);
    for part in entries.chunks(3) {
        let salt = || {
            drawn += 1;
            Salt([drawn; 16])
        };
        let seal = Seal::over(ORG, seals.last(), part, salt, at(9)).unwrap();
        seals.push(seal);
    }
    (seals, entries)
}

fn verdict(seals: &[Seal], entries: &[(u64, Entry)], against: Option<AuditHead>) -> AuditVerdict {
    let mut verifier = Verifier::new(ORG, against);
    let mut rest = entries;
    for seal in seals {
        let end = rest.partition_point(|(position, _)| *position <= seal.through());
        let (of_seal, behind) = rest.split_at(end);
        rest = behind;
        if !verifier.next(seal, of_seal) {
            break;
        }
    }
    verifier.verdict(rest.len() as u64)
}

fn broken(seals: &[Seal], entries: &[(u64, Entry)]) -> Option<(u64, AuditFault)> {
    let found = verdict(seals, entries, None).first_break?;
    Some((found.position, found.why))
}

#[test]
fn an_untouched_chain_holds_and_tells_what_is_not_sealed_yet() {
    let (seals, mut entries) = chain();
    assert_eq!(seals.iter().map(Seal::through).collect::<Vec<_>>(), [9, 18, 21]);
    let whole = verdict(&seals, &entries, Some(seals[1].head()));
    let expected = AuditVerdict {
        head: Some(seals[2].head()),
        entries: 7,
        redacted: 0,
        unsealed: 0,
        first_break: None,
        holds_head: Some(true),
    };
    assert_eq!(whole, expected);
    entries.push(entry(8));
    assert_eq!(verdict(&seals, &entries, None).unsealed, 1);
    assert_eq!(verdict(&[], &[], None).head, None);
    assert_eq!(Seal::over(ORG, None, &[], || unreachable!(), at(0)), None);
}

type Change = Box<dyn Fn(&mut Vec<Seal>, &mut Vec<(u64, Entry)>)>;

#[test]
fn every_change_is_found_where_it_is() {
    let mut changes: Vec<(&str, u64, AuditFault, Change)> = Vec::new();
    macro_rules! change {
        ($what:literal, $position:literal, $fault:ident, |$seals:pat_param, $entries:pat_param| $change:expr) => {
            changes.push((
                $what,
                $position,
                AuditFault::$fault,
                Box::new(|$seals, $entries| {
                    $change;
                }),
            ));
        };
    }
    change!("actor", 12, Changed, |_, e| e[3].1.actor = Actor::Worker);
    change!("what", 12, Changed, |_, e| e[3].1.what = What::ContactBlocked);
    change!("contact", 12, Changed, |_, e| e[3].1.contact = None);
    change!("time", 12, Changed, |_, e| e[3].1.at = at(70));
    change!("recorded", 12, Changed, |_, e| e[3].1.recorded_at = at(70));
    change!("called erased", 12, Changed, |_, e| e[3].1.redacted = true);
    change!("taken out", 12, Missing, |_, e| e.remove(3));
    change!("last taken out", 21, Missing, |_, e| e.pop());
    change!("put in between", 13, Foreign, |_, e| e
        .insert(4, (13, entry(4).1)));
    change!("put in front", 1, Foreign, |_, e| e.insert(0, (1, entry(4).1)));
    change!("swapped", 3, Changed, |_, e| {
        let first = e[0].1.clone();
        e[0].1 = std::mem::replace(&mut e[6].1, first);
    });
    change!("salt", 12, Changed, |s, _| s[1].leaves[0].salt =
        Some(Salt([0; 16])));
    change!("salt dropped", 12, Changed, |s, _| s[1].leaves[0].forget());
    change!("digest", 12, Changed, |s, _| s[1].leaves[0].digest =
        Digest([0; 32]));
    change!("head", 12, Seal, |s, _| s[1].head = Digest([0; 32]));
    change!("previous", 12, Seal, |s, _| s[1].previous = Digest([0; 32]));
    change!("number", 12, Seal, |s, _| s[1].number = 3);
    change!("sealed at", 12, Seal, |s, _| s[1].sealed_at = at(0));
    change!("organisation", 12, Seal, |s, _| s[1].org = OrgId(Uuid::nil()));
    change!("seal taken out", 21, Seal, |s, _| s.remove(1));
    change!("entry and leaf taken out", 12, Seal, |s, e| {
        e.remove(4);
        s[1].leaves.remove(1)
    });
    for (what, position, fault, change) in changes {
        let (mut seals, mut entries) = chain();
        change(&mut seals, &mut entries);
        assert_eq!(broken(&seals, &entries), Some((position, fault)), "{what}");
    }
}

#[test]
fn a_cut_tail_and_a_chain_made_anew_no_longer_hold_an_earlier_head() {
    let (seals, entries) = chain();
    let head = Some(seals[2].head());
    let cut = verdict(&seals[..2], &entries[..6], head);
    assert_eq!((cut.first_break, cut.holds_head), (None, Some(false)));
    let mut anew: Vec<Seal> = Vec::new();
    for part in entries.chunks(3) {
        anew.push(Seal::over(ORG, anew.last(), part, || Salt([9; 16]), at(9)).unwrap());
    }
    let replaced = verdict(&anew, &entries, head);
    assert_eq!((replaced.first_break, replaced.holds_head), (None, Some(false)));
    assert_eq!(verdict(&seals, &entries, head).holds_head, Some(true));
}

#[test]
fn an_erased_entry_leaves_a_chain_that_holds_and_is_counted() {
    let (mut seals, mut entries) = chain();
    let head = seals[2].head();
    entries[3].1.what = What::SettingsChanged {
        before: Value::Null,
        after: Value::Null,
    };
    entries[3].1.actor = Actor::Contact;
    entries[3].1.redacted = true;
    assert_eq!(
        broken(&seals, &entries),
        Some((12, AuditFault::Changed)),
        "its salt is still there"
    );
    seals[1].leaves[0].forget();
    let erased = verdict(&seals, &entries, Some(head));
    assert_eq!(
        (erased.first_break, erased.redacted, erased.entries),
        (None, 1, 7)
    );
    assert_eq!(erased.holds_head, Some(true), "the hashes are as they were");
    // Its time, kind and contact stay in the chain.
    entries[3].1.at = at(70);
    assert_eq!(broken(&seals, &entries), Some((12, AuditFault::Seal)));
}

#[test]
fn what_is_read_back_from_text_is_hashed_alike() {
    let (seals, entries) = chain();
    let seals: Vec<Seal> = serde_json::from_str(&serde_json::to_string(&seals).unwrap()).unwrap();
    // Another order of keys is the same entry.
    let text = serde_json::to_string(&entries).unwrap();
    let turned = text.replace(r#""b":0.1,"a":[1,null]"#, r#""a":[1,null],"b":0.1"#);
    assert_ne!(text, turned);
    let entries: Vec<(u64, Entry)> = serde_json::from_str(&turned).unwrap();
    assert_eq!(broken(&seals, &entries), None);
}
