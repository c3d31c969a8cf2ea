//! How SQLite answers: along which index, and how wide a question may be.

use std::time::Duration;

use chrono::DateTime;

use tertulia_core::broadcast::RecipientFilter;
use tertulia_core::channel::Channel;
use tertulia_core::contact::ContactOrder;
use tertulia_core::conversation::ConversationStatus;
use tertulia_core::filter::{Filter, OwnerFilter};
use tertulia_core::ids::IdSource;
use tertulia_core::inbox::{Archived, ConversationFilter, ConversationOrder};
use tertulia_core::journal::{EntryFilter, EntryKind};
use tertulia_core::sequence::{EnrollmentFilter, ExitReason, Stage};

use rusqlite::types::Value as Bound;
use rusqlite::{Connection, params_from_iter};
use tertulia_core::filter::TagFilter;
use tertulia_core::ids::OrgId;
use tertulia_core::ledger::StateName;
use tertulia_core::record::RecordKind;
use tertulia_storage_sql::filter::Extent;
use tertulia_storage_sql::journal::shown;
use tertulia_storage_sql::plan::plan;
use tertulia_storage_sql::rows::table;
use tertulia_storage_sql::{Condition, Dialect, Value, pages};
use tertulia_storage_traits::{JournalRequest, JournalView, Query, SharedRequest};

use crate::rows::bound;

/// The walk over an organisation's contacts.
fn walk(
    org: OrgId,
    filter: &Filter,
    order: Option<ContactOrder>,
    extent: Extent,
) -> tertulia_storage_sql::filter::Walk {
    tertulia_storage_sql::filter::walk(Dialect::Sqlite, org, filter, order, extent)
}

/// How SQLite finds one page of a query, along each of its lanes.
fn explained(connection: &Connection, query: &Query) -> Vec<String> {
    let plan = plan(Dialect::Sqlite, query);
    let mut steps = Vec::new();
    for lane in plan.lanes {
        let sql = format!(
            "SELECT t.body FROM {} WHERE {} AND ({}) > ({}) ORDER BY {} LIMIT 9",
            plan.from,
            lane.sql,
            plan.order.join(", "),
            vec!["?"; plan.order.len()].join(", "),
            plan.order.join(", ")
        );
        let mut values = bound(lane.values);
        values.extend(plan.order.iter().map(|_| Bound::Blob(Vec::new())));
        steps.extend(steps_of(connection, &sql, values));
    }
    steps
}

/// Every way to narrow an inbox, but for what is searched for: that is found first, and then sorted.
fn inbox_filters(ids: &mut IdSource) -> Vec<ConversationFilter> {
    let plain = ConversationFilter::default;
    let narrowed = [
        plain(),
        ConversationFilter::of(ids.next()),
        ConversationFilter {
            status: ConversationStatus::ALL.to_vec(),
            ..plain()
        },
        ConversationFilter {
            assignee: Some(OwnerFilter::Nobody),
            status: vec![ConversationStatus::Open],
            ..plain()
        },
        ConversationFilter {
            handler: Some("bot".to_owned()),
            ..plain()
        },
        ConversationFilter {
            channel: Some(Channel::WhatsApp),
            unread: Some(false),
            ..plain()
        },
        ConversationFilter {
            unread: Some(true),
            assignee: Some(OwnerFilter::Is(ids.next())),
            ..plain()
        },
        ConversationFilter {
            starred: Some(true),
            ..plain()
        },
        ConversationFilter {
            label: Some("urgent".to_owned()),
            unread: Some(true),
            ..plain()
        },
    ];
    let each = narrowed.into_iter().flat_map(|filter| {
        [Archived::Without, Archived::With, Archived::Only].map(|archived| ConversationFilter {
            archived,
            ..filter.clone()
        })
    });
    each.collect()
}

#[test]
fn pages_are_walks_along_an_index() {
    let connection = crate::connection::open_in_memory().unwrap();
    crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
    let mut ids = IdSource::new(DateTime::UNIX_EPOCH, 1);
    let org = ids.next();
    let both = Filter::And(vec![Filter::OptedIn(true), Filter::tagged_any(["vip"])]);
    let neither = Filter::Not(Box::new(both.clone()));
    let orders = [
        None,
        Some(ContactOrder::Created),
        Some(ContactOrder::Name),
        Some(ContactOrder::LastActive),
    ];
    let mut queries: Vec<Query> = orders
        .into_iter()
        .flat_map(|order| {
            [&both, &neither].map(|filter| Query::Contacts {
                org,
                filter: filter.clone(),
                order,
            })
        })
        .collect();
    queries.extend([
        Query::Messages {
            org,
            conversation: ids.next(),
        },
        Query::Notes {
            org,
            contacts: vec![ids.next()],
        },
        Query::MediaFiles {
            org,
            contacts: vec![ids.next()],
        },
        Query::Touches {
            org,
            from: DateTime::UNIX_EPOCH,
            until: DateTime::UNIX_EPOCH,
        },
        Query::Surveys {
            org,
            from: DateTime::UNIX_EPOCH,
            until: DateTime::UNIX_EPOCH,
        },
        Query::OpenDispatches {
            org,
            contact: ids.next(),
        },
        Query::DueTurns {
            handler: "clerk".to_owned(),
            by: DateTime::UNIX_EPOCH,
        },
        Query::EnrollmentsOf {
            org,
            contacts: vec![ids.next()],
        },
        Query::DueSequences {
            by: DateTime::UNIX_EPOCH,
        },
        Query::DueEnrollments {
            org,
            sequence: ids.next(),
            by: DateTime::UNIX_EPOCH,
        },
        Query::Recipients {
            org,
            broadcast: ids.next(),
            contacts: vec![ids.next()],
        },
        Query::RunningBroadcasts,
        Query::DueBroadcasts {
            by: DateTime::UNIX_EPOCH,
        },
        Query::Seals {
            org,
            positions: vec![1, 9],
        },
        Query::OpenErasures,
    ]);
    for filter in inbox_filters(&mut ids) {
        let order = ConversationOrder::Activity;
        queries.push(Query::Conversations { org, filter, order });
    }
    queries.push(Query::Conversations {
        org,
        filter: ConversationFilter::default(),
        order: ConversationOrder::Id,
    });
    for states in [vec![], vec![StateName::Failed, StateName::Skipped]] {
        let broadcast = ids.next();
        queries.push(Query::Dispatches {
            org,
            broadcast,
            recipients: RecipientFilter::in_states(&states),
        });
    }
    let narrow = EnrollmentFilter {
        states: vec![Stage::Waiting, Stage::Exited],
        steps: vec!["welcome".to_owned()],
        reasons: vec![ExitReason::Replied],
    };
    for filter in [EnrollmentFilter::default(), narrow] {
        let sequence = ids.next();
        queries.push(Query::Enrollments {
            org,
            sequence,
            filter,
        });
    }
    for kind in RecordKind::ALL {
        for org in [None, Some(org)] {
            if org.is_none() || table(*kind).key[0] == "org" {
                queries.push(Query::Records { org, kind: *kind });
            }
        }
    }
    for query in queries {
        let steps = explained(&connection, &query);
        // What the query itself lists is gone through.
        let listed = |step: &str| step.starts_with("SCAN p ") && step.contains("VIRTUAL TABLE");
        let walked = steps
            .iter()
            .all(|step| listed(step) || (!step.starts_with("SCAN") && !step.contains("TEMP B-TREE")));
        assert!(walked, "{query:?}: {steps:#?}");
    }
    // Few rows are due at a time: these are sorted.
    let query = Query::Due {
        state: StateName::Unknown,
        by: DateTime::UNIX_EPOCH,
    };
    let steps = explained(&connection, &query);
    assert!(
        steps[0].contains("dispatches_due (state=? AND due<?)"),
        "{steps:#?}"
    );
}

/// How SQLite answers a statement.
fn steps_of(connection: &Connection, sql: &str, values: Vec<Bound>) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let rows = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3));
    rows.unwrap().map(std::result::Result::unwrap).collect()
}

#[test]
fn who_is_due_in_a_sequence_is_found_by_one_step_into_an_index() {
    let connection = crate::connection::open_in_memory().unwrap();
    crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
    let by = DateTime::UNIX_EPOCH;
    // One step for each active sequence, however SQLite words it.
    let steps = explained(&connection, &Query::DueSequences { by });
    assert_eq!(
        steps[0], "SEARCH t USING INDEX sequences_active ((org,sequence)>(?,?))",
        "{steps:#?}"
    );
    let last = steps.last().unwrap();
    assert!(
        last.starts_with("SEARCH e ")
            && last.contains("COVERING INDEX enrollments_due (org=? AND sequence=? AND ")
            && last.ends_with("due<?)"),
        "{steps:#?}"
    );
    let mut ids = IdSource::new(by, 1);
    let query = Query::DueEnrollments {
        org: ids.next(),
        sequence: ids.next(),
        by,
    };
    let steps = explained(&connection, &query);
    assert_eq!(
        steps,
        ["SEARCH t USING INDEX enrollments_due (org=? AND sequence=? AND (due,enrollment)>(?,?) AND due<?)"]
    );
}

#[test]
fn counts_of_enrollments_read_no_body() {
    let connection = crate::connection::open_in_memory().unwrap();
    crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
    let mut ids = IdSource::new(DateTime::UNIX_EPOCH, 1);
    let (org, sequence) = (ids.next(), ids.next());
    let covered = "SEARCH enrollments USING COVERING INDEX enrollments_of_sequence (org=? AND sequence=?)";
    let filter = EnrollmentFilter {
        states: vec![Stage::Exited],
        steps: vec!["welcome".to_owned()],
        reasons: vec![ExitReason::Replied],
    };
    let plan = plan(
        Dialect::Sqlite,
        &Query::Enrollments {
            org,
            sequence,
            filter,
        },
    );
    let lane = &plan.lanes[0];
    let sql = format!("SELECT count(*) FROM {} WHERE {}", plan.from, lane.sql);
    let steps = steps_of(&connection, &sql, bound(lane.values.clone()));
    assert_eq!(
        steps,
        [covered.replace("SEARCH enrollments", "SEARCH t")],
        "{steps:#?}"
    );
}

#[test]
fn a_period_of_the_journal_is_a_walk_along_an_index() {
    let connection = crate::connection::open_in_memory().unwrap();
    crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
    for backwards in [false, true] {
        let request = JournalRequest {
            org: IdSource::new(DateTime::UNIX_EPOCH, 1).next(),
            view: JournalView::Chronicle,
            filter: EntryFilter {
                kinds: vec![EntryKind::MessageSent, EntryKind::MessageReceived],
                from: Some(DateTime::UNIX_EPOCH),
                until: Some(DateTime::UNIX_EPOCH),
                ..EntryFilter::default()
            },
            after: 0,
            cursor: None,
            backwards,
            limit: 9,
        };
        let (mut conditions, order) = shown(Dialect::Sqlite, &request);
        let Condition { sql, values } = conditions.remove(0);
        let way = if backwards { "DESC" } else { "ASC" };
        let sorted: Vec<String> = order.iter().map(|column| format!("{column} {way}")).collect();
        let sql = format!(
            "SELECT t.position, t.body FROM journal t WHERE {sql} ORDER BY {} LIMIT 9",
            sorted.join(", ")
        );
        let steps = steps_of(&connection, &sql, bound(values));
        assert_eq!(steps.len(), 1, "{steps:#?}");
        assert!(
            steps[0].contains("journal_chronicle (org=? AND at>? AND at<?)"),
            "{steps:#?}"
        );
    }
}

#[test]
fn what_is_shared_is_a_walk_along_an_index() {
    let connection = crate::connection::open_in_memory().unwrap();
    crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
    for (backwards, keys) in [(false, 0), (true, 0), (false, 3), (true, 3)] {
        let request = SharedRequest {
            org: IdSource::new(DateTime::UNIX_EPOCH, 1).next(),
            keys: vec!["a".to_owned(); keys],
            cursor: None,
            backwards,
            limit: 9,
            most: 9,
        };
        let after = Some(vec![Value::Text("a".to_owned())]);
        let Condition { sql, values } = pages::shared_keys(Dialect::Sqlite, &request, after, 9);
        let steps = steps_of(&connection, &sql, bound(values));
        assert_eq!(steps.len(), 1, "{steps:#?}");
        assert!(
            steps[0].starts_with("SEARCH contact_keys USING PRIMARY KEY"),
            "{steps:#?}"
        );
    }
}

#[test]
fn conditions_may_be_as_wide_as_people_make_them() {
    let connection = crate::connection::open_in_memory().unwrap();
    crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
    let org = IdSource::new(DateTime::UNIX_EPOCH, 1).next();
    let tags: Vec<String> = (0..5000).map(|number| number.to_string()).collect();
    let each = || {
        tags.iter()
            .map(|tag| Filter::tagged_any([tag.as_str()]))
            .take(300)
    };
    for filter in [
        Filter::And(each().collect()),
        Filter::Or(each().collect()),
        Filter::Tags(TagFilter::All(tags.clone())),
        Filter::Tags(TagFilter::Any(tags.clone())),
    ] {
        for extent in [Extent::Page, Extent::Whole] {
            let walk = walk(org, &filter, None, extent);
            let sql = format!("SELECT count(*) FROM {} WHERE {}", walk.from, walk.condition.sql);
            let values = params_from_iter(bound(walk.condition.values));
            let found: i64 = connection.query_row(&sql, values, |row| row.get(0)).unwrap();
            assert_eq!(found, 0);
        }
    }
}

#[test]
fn what_is_searched_for_is_found_first_and_once() {
    let connection = crate::connection::open_in_memory().unwrap();
    crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
    let org = IdSource::new(DateTime::UNIX_EPOCH, 1).next();
    let both = Filter::And(vec![Filter::tagged_any(["a"]), Filter::Text("ana".to_owned())]);
    for order in [None, Some(ContactOrder::Name)] {
        let walk = walk(org, &both, order, Extent::Page);
        let sql = format!("SELECT 1 FROM {} WHERE {}", walk.from, walk.condition.sql);
        let steps = steps_of(&connection, &sql, bound(walk.condition.values));
        assert!(
            steps[0].starts_with("SCAN d VIRTUAL TABLE INDEX 0:M"),
            "{steps:#?}"
        );
        assert!(
            steps[1].contains("SEARCH t USING INTEGER PRIMARY KEY"),
            "{steps:#?}"
        );
        let searched = steps.iter().filter(|step| step.contains("VIRTUAL TABLE")).count();
        assert_eq!(searched, 1, "{steps:#?}");
    }
}

#[test]
fn a_condition_on_tags_is_no_further_join() {
    let connection = crate::connection::open_in_memory().unwrap();
    crate::migrate::migrate(&connection, "a test", Duration::ZERO).unwrap();
    let org = IdSource::new(DateTime::UNIX_EPOCH, 1).next();
    let all = ["a", "b", "c"].map(|tag| Filter::tagged_any([tag]));
    let walk = walk(org, &Filter::And(all.to_vec()), None, Extent::Page);
    let mut explained = connection
        .prepare(&format!(
            "EXPLAIN QUERY PLAN SELECT 1 FROM {} WHERE {}",
            walk.from, walk.condition.sql
        ))
        .unwrap();
    let steps: Vec<(i64, String)> = explained
        .query_map(params_from_iter(bound(walk.condition.values)), |step| {
            Ok((step.get(1)?, step.get(3)?))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let joined = steps
        .iter()
        .filter(|(_, step)| step.contains(" g "))
        .all(|(parent, _)| *parent == 0);
    assert!(!joined, "{steps:#?}");
}
