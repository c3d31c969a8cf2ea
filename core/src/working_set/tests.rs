use uuid::Uuid;

use super::{Lookup, Stop, WorkingSet};
use crate::contact::Tag;
use crate::ids::{ContactId, OrgId};
use crate::record::{Expect, Key, Op, Stored};

const ORG: OrgId = OrgId(Uuid::from_u128(1));

fn key(tag: &str) -> Key {
    Key::Tag {
        org: ORG,
        key: tag.to_owned(),
    }
}

fn tag(key: &str, name: &str) -> Tag {
    Tag {
        org: ORG,
        key: key.to_owned(),
        name: name.to_owned(),
    }
}

fn stored(record: Tag) -> Stored {
    Stored {
        record: record.into(),
        version: 7,
    }
}

fn set_of(known: &[&str], absent: &[&str]) -> WorkingSet {
    let mut set = WorkingSet::new();
    for name in known {
        set.loaded(key(name), Some(stored(tag(name, name))));
    }
    for name in absent {
        set.loaded(key(name), None);
    }
    set
}

#[test]
fn what_is_missing_is_asked_for_once_and_together() {
    let mut set = set_of(&["a"], &[]);
    assert!(matches!(
        set.need([key("a"), key("b"), key("b"), key("c")]),
        Err(Stop::Load)
    ));
    assert_eq!(set.wanted(), [key("b"), key("c")]);
    assert!(set.wanted().is_empty());
    assert!(matches!(set.get::<Tag>(&key("d")), Err(Stop::Load)));
    assert_eq!(set.get::<Tag>(&key("a")).unwrap(), Some(tag("a", "a")));
    let rows = Lookup::OpenDispatches {
        org: ORG,
        contact: ContactId(Uuid::nil()),
    };
    assert!(set.list::<Tag>(&rows).is_err());
    assert_eq!(set.wanted_lists(), std::slice::from_ref(&rows));
    // What the set has written already stays as it is.
    set.put(tag("a", "written"));
    set.loaded_list(rows.clone(), vec![stored(tag("a", "a")), stored(tag("e", "e"))]);
    assert_eq!(
        set.list::<Tag>(&rows).unwrap(),
        [tag("a", "written"), tag("e", "e")]
    );
}

#[test]
fn each_write_expects_what_was_read() {
    let mut set = set_of(&["a", "b", "c", "e"], &["d", "f", "g"]);
    set.put(tag("a", "new"));
    set.remove(key("b"));
    set.put(tag("d", "d"));
    set.put(tag("f", "f"));
    set.remove(key("f"));
    set.expect(&key("c"));
    set.expect(&key("g"));
    let changes = set.into_changes();
    let ops = [
        Op::Update(tag("a", "new").into(), 7),
        Op::Remove(key("b"), 7),
        Op::Insert(tag("d", "d").into()),
    ];
    assert_eq!(changes.ops, ops);
    let expect = [
        Expect::Absent(key("f")),
        Expect::Version(key("c"), 7),
        Expect::Absent(key("g")),
    ];
    assert_eq!(changes.expect, expect);
}

#[test]
fn a_decision_that_stops_leaves_no_trace() {
    let mut set = set_of(&["a", "b"], &["c"]);
    set.begin();
    set.put(tag("a", "first"));
    set.begin();
    set.put(tag("a", "second"));
    set.put(tag("c", "c"));
    set.put(tag("unread", "unread"));
    set.remove(key("b"));
    set.expect(&key("b"));
    set.roll_back();
    assert_eq!(set.get::<Tag>(&key("a")).unwrap(), Some(tag("a", "first")));
    assert_eq!(set.get::<Tag>(&key("b")).unwrap(), Some(tag("b", "b")));
    assert_eq!(set.get::<Tag>(&key("c")).unwrap(), None);
    let changes = set.into_changes();
    assert_eq!(changes.ops, [Op::Update(tag("a", "first").into(), 7)]);
    assert!(changes.expect.is_empty());
}
#[test]
fn what_is_written_after_a_savepoint_can_be_undone_alone() {
    let org = OrgId(Uuid::from_u128(1));
    let tag = |key: &str, name: &str| Tag {
        org,
        key: key.to_owned(),
        name: name.to_owned(),
    };
    let mut set = WorkingSet::new();
    for key in ["a", "b"] {
        let key = key.to_owned();
        set.loaded(Key::Tag { org, key }, None);
    }
    set.begin();
    set.put(tag("a", "first"));
    let point = set.savepoint();
    set.put(tag("a", "second"));
    set.put(tag("b", "second"));
    set.roll_back_to(&point);
    assert_eq!(
        set.clone().into_changes().ops,
        [Op::Insert(tag("a", "first").into())]
    );
    set.roll_back();
    assert!(set.into_changes().is_empty());
}

#[test]
fn a_set_that_is_never_committed_keeps_what_was_written_and_forgets_what_was_read() {
    let mut set = set_of(&["read", "gone"], &["new"]);
    set.begin();
    set.put(tag("new", "New"));
    set.remove(key("gone"));
    set.forget_read();
    assert_eq!(set.get::<Tag>(&key("new")).unwrap(), Some(tag("new", "New")));
    assert_eq!(set.get::<Tag>(&key("gone")).unwrap(), None);
    assert!(matches!(set.get::<Tag>(&key("read")), Err(Stop::Load)));
    assert!(set.into_changes().is_empty());
}
