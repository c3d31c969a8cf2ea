//! The simulated world: its time, its chance, its processes, and whose turn it is.
//!
//! There is one thread. Whatever a process does to the world (reads, commits, claims, sends, hears an answer) it waits for
//! its turn to do, and the story gives turns one at a time, by chance. So the seed alone decides what happens.

use std::fmt::Write;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use fastrand::Rng;
use tertulia::clock::Clock;
use tertulia::storage::Storage;
use tokio::sync::oneshot;

use crate::faults::{Fault, Hits};
use crate::platform::Platform;
use crate::witness::Witness;

/// What a process is about to do when it waits for its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    Read,
    Commit,
    Committed,
    Claim,
    Claimed,
    Socket,
    Answer,
    Pause,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Awake,
    Asleep,
    Killed,
}

/// One simulated process.
#[derive(Debug)]
pub(crate) struct Process {
    /// How far its clock is ahead.
    pub(crate) skew: TimeDelta,
    pub(crate) fate: Fate,
    /// Since when it is asleep.
    pub(crate) asleep_since: DateTime<Utc>,
    /// The name that it claims under.
    pub(crate) worker: Option<String>,
}

/// Who waits for a turn.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) process: usize,
    pub(crate) point: Point,
    go: oneshot::Sender<()>,
}

/// All that there is, but for what the processes are about to do.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) chance: Rng,
    pub(crate) now: DateTime<Utc>,
    /// Whether everybody waits for their turn; else all goes on at once.
    pub(crate) in_turns: bool,
    /// Whether things go wrong.
    pub(crate) faulty: bool,
    /// The faults that this world has: not every world has all.
    faults: Vec<Fault>,
    pub(crate) hits: Hits,
    pub(crate) processes: Vec<Process>,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) platform: Platform,
    pub(crate) witness: Witness,
    /// What happened, if it is to be told.
    log: Option<String>,
    /// The first promise that was broken.
    broken: Option<String>,
}

impl State {
    /// Once in so many times, something goes wrong.
    pub(crate) fn strikes(&mut self, fault: Fault, one_in: u32) -> bool {
        let strikes = self.faulty && self.faults.contains(&fault) && self.chance.u32(0..one_in) == 0;
        if strikes {
            self.hits.hit(fault);
        }
        strikes
    }

    pub(crate) fn log(&mut self, what: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            writeln!(log, "{} {}", self.now.format("%d. %H:%M:%S"), what()).expect("a string takes all");
        }
    }

    /// A promise was broken.
    pub(crate) fn broken(&mut self, what: String) {
        self.log(|| format!("BROKEN: {what}"));
        self.broken.get_or_insert(what);
    }

    /// The time that a process believes it is.
    pub(crate) fn now_of(&self, process: usize) -> DateTime<Utc> {
        self.now + self.processes[process].skew
    }

    /// Lets one who waits go on.
    pub(crate) fn let_go(&mut self, place: usize) {
        let Waiting { process, point, go } = self.waiting.swap_remove(place);
        self.log(|| format!("process {process} goes on: {point:?}"));
        // Whoever was dropped meanwhile does not mind.
        let _ = go.send(());
    }
}

/// The world, as everybody in it holds it.
#[derive(Debug)]
pub(crate) struct World {
    state: Mutex<State>,
    pub(crate) store: Arc<dyn Storage>,
}

impl World {
    pub(crate) fn new(seed: u64, tell: bool, store: Arc<dyn Storage>) -> Arc<Self> {
        let mut chance = Rng::with_seed(seed);
        // What the library itself draws comes from the thread's generator.
        fastrand::seed(chance.u64(..));
        let faults = Fault::ALL.into_iter().filter(|_| chance.u8(0..3) > 0).collect();
        let now = DateTime::from_timestamp(1_772_366_400, 0).expect("a time");
        Arc::new(Self {
            state: Mutex::new(State {
                platform: Platform::new(&mut chance),
                chance,
                now,
                in_turns: false,
                faulty: false,
                faults,
                hits: Hits::default(),
                processes: Vec::new(),
                waiting: Vec::new(),
                witness: Witness::default(),
                log: tell.then(String::new),
                broken: None,
            }),
            store,
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.lock().broken.is_some()
    }

    /// What happened, how often what went wrong, and the promise that was broken.
    pub(crate) fn end(&self) -> (String, Hits, Option<String>) {
        let mut state = self.lock();
        (
            state.log.take().unwrap_or_default(),
            state.hits.clone(),
            state.broken.take(),
        )
    }

    /// Returns when it is the process's turn; never, if the process is killed before.
    pub(crate) async fn turn(&self, process: usize, point: Point) {
        let turn = {
            let mut state = self.lock();
            let fate = state.processes[process].fate;
            if fate == Fate::Killed {
                None
            } else if state.in_turns {
                let (go, turn) = oneshot::channel();
                state.waiting.push(Waiting { process, point, go });
                Some(turn)
            } else {
                return;
            }
        };
        let comes = match turn {
            Some(turn) => turn.await.is_ok(),
            None => false,
        };
        if !comes {
            pending::<()>().await;
        }
    }
}

/// The clock of a process.
#[derive(Debug)]
pub(crate) struct SkewedClock {
    pub(crate) world: Arc<World>,
    pub(crate) process: usize,
}

#[async_trait]
impl Clock for SkewedClock {
    fn now(&self) -> DateTime<Utc> {
        self.world.lock().now_of(self.process)
    }

    async fn sleep_until(&self, _: DateTime<Utc>) {
        // Nobody here works without end.
        pending::<()>().await;
    }

    async fn pause(&self, _: Duration) {
        self.world.turn(self.process, Point::Pause).await;
    }
}
