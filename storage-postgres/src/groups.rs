//! One transaction for all that wait.
//!
//! Commits of an organisation follow one another. While one is under way, those that come queue up, and what of them
//! touches nothing of each other goes in the next transaction together.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tertulia_core::record::{ChangeSet, Expect, Key, Op};
use tertulia_storage_traits::{Committed, StorageError};
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use crate::commits::{Commit, orgs, whose};
use crate::connect::Connections;
use crate::error::{self, Result};
use crate::transaction::write;

/// The most change sets in one transaction, and the most writes.
const MOST: (usize, usize) = (64, 4096);

/// A change set that waits.
struct Waiting {
    changes: ChangeSet,
    to: oneshot::Sender<Answer>,
}

/// What became of it.
enum Answer {
    Done(Result<Committed>),
    /// Whoever would have committed it is gone, and has not begun.
    NotBegun(ChangeSet),
}

/// The queues, one for each organisation that has commits under way.
#[derive(Default)]
pub(crate) struct Groups {
    queues: Mutex<HashMap<Uuid, VecDeque<Waiting>>>,
    /// Told when a queue is empty.
    done: Notify,
}

impl std::fmt::Debug for Groups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Groups").finish_non_exhaustive()
    }
}

impl Groups {
    fn queues(&self) -> MutexGuard<'_, HashMap<Uuid, VecDeque<Waiting>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits a change set. Goes on though the caller lets go of it.
    pub(crate) async fn commit(
        self: &Arc<Self>,
        connections: &Arc<Connections>,
        mut changes: ChangeSet,
    ) -> Result<Committed> {
        loop {
            match self.hand_over(connections, changes).await {
                Ok(Answer::Done(committed)) => return committed,
                Ok(Answer::NotBegun(again)) => changes = again,
                Err(_) => return Err(error::panicked("a write")),
            }
        }
    }

    /// Has a change set committed by a task of its own, or by one that has others under way.
    fn hand_over(
        self: &Arc<Self>,
        connections: &Arc<Connections>,
        changes: ChangeSet,
    ) -> oneshot::Receiver<Answer> {
        let orgs = orgs(&changes);
        let (to, answer) = oneshot::channel();
        let waiting = Waiting { changes, to };
        let connections = Arc::clone(connections);
        match orgs.iter().next() {
            Some(org) if orgs.len() == 1 => {
                if self.queue(*org, waiting) {
                    let serving = Serving {
                        groups: Arc::clone(self),
                        org: *org,
                        over: false,
                    };
                    tokio::spawn(async move { serving.serve(&connections).await });
                }
            }
            _ => drop(tokio::spawn(async move {
                together(&connections, vec![waiting]).await;
            })),
        }
        answer
    }

    /// Puts a change set behind those that wait; whether none do, so that nobody serves them.
    fn queue(&self, org: Uuid, waiting: Waiting) -> bool {
        let mut queues = self.queues();
        let is_new = !queues.contains_key(&org);
        queues.entry(org).or_default().push_back(waiting);
        is_new
    }

    /// Waits until nobody does.
    pub(crate) async fn idle(&self) {
        loop {
            let done = self.done.notified();
            if self.queues().is_empty() {
                return;
            }
            done.await;
        }
    }

    /// What goes next; of an empty queue nothing, and the queue is gone.
    fn next(&self, org: Uuid) -> Vec<Waiting> {
        let mut queues = self.queues();
        let group = queues.get_mut(&org).map(next).unwrap_or_default();
        if group.is_empty() {
            queues.remove(&org);
            self.done.notify_waiters();
        }
        group
    }
}

/// Whoever serves a queue. If that is cut off, by a panic or the end of its runtime, those who wait begin anew.
struct Serving {
    groups: Arc<Groups>,
    org: Uuid,
    over: bool,
}

impl Serving {
    /// Goes on until nobody waits.
    async fn serve(mut self, connections: &Connections) {
        loop {
            let group = self.groups.next(self.org);
            if group.is_empty() {
                self.over = true;
                return;
            }
            together(connections, group).await;
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if !self.over {
            let left = self.groups.queues().remove(&self.org).unwrap_or_default();
            self.groups.done.notify_waiters();
            for Waiting { changes, to } in left {
                let _ = to.send(Answer::NotBegun(changes));
            }
        }
    }
}

/// The first that wait, as far as they touch nothing of each other.
fn next(queue: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let mut group = Vec::new();
    let mut written = HashSet::new();
    let mut ops = 0;
    while let Some(waiting) = queue.front() {
        let alone = !is_plain(&waiting.changes);
        ops += waiting.changes.ops.len();
        let fits = group.is_empty() || (!alone && ops <= MOST.1 && group.len() < MOST.0);
        if !fits || keys(&waiting.changes).any(|key| written.contains(&key)) {
            break;
        }
        written.extend(writes(&waiting.changes));
        group.extend(queue.pop_front());
        if alone {
            break;
        }
    }
    group
}

/// Whether all that it writes is named, key by key, or new.
fn is_plain(changes: &ChangeSet) -> bool {
    changes.ops.iter().all(|op| {
        matches!(
            op,
            Op::Insert(_) | Op::Update(..) | Op::Remove(..) | Op::Journal(_)
        )
    })
}

fn writes(changes: &ChangeSet) -> impl Iterator<Item = Key> {
    changes.ops.iter().filter_map(|op| match op {
        Op::Insert(record) | Op::Update(record, _) => Some(record.key()),
        Op::Remove(key, _) => Some(key.clone()),
        _ => None,
    })
}

fn keys(changes: &ChangeSet) -> impl Iterator<Item = Key> {
    let expected = changes.expect.iter().map(|expect| match expect {
        Expect::Version(key, _) | Expect::Absent(key) => key.clone(),
    });
    writes(changes).chain(expected)
}

/// Commits a group. Where it fails for what is in it, each is committed by itself, so that one's failure is its own.
async fn together(connections: &Connections, group: Vec<Waiting>) {
    if group.len() > 1 {
        let sets: Vec<&ChangeSet> = group.iter().map(|waiting| &waiting.changes).collect();
        match write(connections, whose(&sets), &Commit(&sets)).await {
            Ok(committed) => {
                for (waiting, committed) in group.into_iter().zip(committed) {
                    // A caller that went away has no use for the answer.
                    let _ = waiting.to.send(Answer::Done(Ok(committed)));
                }
                return;
            }
            Err(failure) if failure.is_of_what_was_written() => {}
            Err(failure) => {
                for waiting in group {
                    let _ = waiting.to.send(Answer::Done(Err(error::again(&failure.error))));
                }
                return;
            }
        }
    }
    for waiting in group {
        let one = [&waiting.changes];
        let committed = write(connections, whose(&one), &Commit(&one)).await;
        let one = committed.map(|all| all.first().copied().unwrap_or_default());
        let _ = waiting.to.send(Answer::Done(one.map_err(StorageError::from)));
    }
}
