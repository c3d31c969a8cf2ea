//! A world in one thread: several processes over one store, a platform, people, and all that can go wrong. The same seed
//! tells the same story.
//!
//! Each story runs the library itself, and is held to what it promises: nobody is sent a message twice without an explicit
//! choice, nor a step of a sequence, nobody gets two marketing messages within 24 hours, nothing is sent after an opt-out
//! or to who left a sequence, what is counted never falls, what is finished has nobody waiting, and at the end nobody was
//! dropped in silence, or is stuck.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod faults;
mod platform;
mod server;
mod store;
mod story;
mod witness;
mod world;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tertulia::MemoryStorage;
use tertulia::storage::Storage;

use crate::faults::Hits;
use crate::server::Server;
use crate::world::World;

/// How many stories are told where nobody says otherwise.
const SEEDS: u64 = 1_000;

/// How one story ended.
struct Ended {
    log: String,
    hits: Hits,
    broken: Option<String>,
}

/// Tells the story of a seed, over a new store in memory.
fn tell(seed: u64, in_words: bool) -> Ended {
    tell_over(Arc::new(MemoryStorage::new()), seed, in_words)
}

/// Tells the story of a seed over a store that is empty, and answers at once.
fn tell_over(store: Arc<dyn Storage>, seed: u64, in_words: bool) -> Ended {
    let world = World::new(seed, in_words, store);
    // All that can go on does before the story does. Nothing sleeps: there is no timer.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .event_interval(u32::MAX)
        .build()
        .unwrap();
    runtime.block_on(story::tell(world.clone()));
    drop(runtime);
    let (log, hits, broken) = world.end();
    Ended { log, hits, broken }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

/// As `TERTULIA_SEED`, tells the story of one seed in words; as `TERTULIA_SEEDS` from `TERTULIA_FIRST_SEED` on, of so
/// many.
#[test]
fn whatever_goes_wrong_the_promises_hold() {
    if let Some(seed) = number("TERTULIA_SEED") {
        let ended = tell(seed, true);
        println!("{}\n{}", ended.log, ended.hits);
        assert_eq!(ended.broken, None, "seed {seed}");
        return;
    }
    let first = number("TERTULIA_FIRST_SEED").unwrap_or(0);
    let end = first + number("TERTULIA_SEEDS").unwrap_or(SEEDS);
    let (next, over) = (AtomicU64::new(first), AtomicBool::new(false));
    let (hits, broken) = (Mutex::new(Hits::default()), Mutex::new(None));
    let begun = Instant::now();
    let said = Mutex::new(begun);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut own = Hits::default();
                while !over.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    let ended = tell(seed, false);
                    own.add(&ended.hits);
                    if let Some(what) = ended.broken {
                        over.store(true, Ordering::Relaxed);
                        broken.lock().unwrap().get_or_insert((seed, what));
                    }
                    let mut said = said.lock().unwrap();
                    if said.elapsed() > Duration::from_mins(1) {
                        *said = Instant::now();
                        println!("{} of {} seeds", seed - first, end - first);
                    }
                }
                hits.lock().unwrap().add(&own);
            });
        }
    });
    let hits = hits.into_inner().unwrap();
    println!("{} seeds in {:?}\n{hits}", end - first, begun.elapsed());
    if let Some((seed, what)) = broken.into_inner().unwrap() {
        panic!("seed {seed}: {what}\nreplay it: cargo xtask soak --seed {seed}");
    }
    if end - first >= SEEDS {
        assert_eq!(hits.missing(), [], "the simulation has become blind to these");
    }
}

#[test]
fn the_same_seed_tells_the_same_story() {
    for seed in [1, 2, 3] {
        let (one, other) = (tell(seed, true), tell(seed, true));
        assert!(one.log.lines().count() > 100, "{}", one.log);
        assert_eq!(one.log, other.log, "seed {seed}");
    }
    assert_ne!(tell(1, true).log, tell(2, true).log);
}

/// So many seeds from `TERTULIA_FIRST_SEED` on as `TERTULIA_SERVER_SEEDS` says, or a few.
#[test]
fn on_a_postgresql_server_each_seed_tells_the_same_story_as_in_memory() {
    let first = number("TERTULIA_FIRST_SEED").unwrap_or(0);
    let end = first + number("TERTULIA_SERVER_SEEDS").unwrap_or(4);
    let server = Server::find();
    for seed in first..end {
        let (there, here) = (tell_over(server.new_store(), seed, true), tell(seed, true));
        assert_eq!(there.broken, None, "seed {seed}");
        let parted = there
            .log
            .lines()
            .zip(here.log.lines())
            .find(|(there, here)| there != here);
        assert_eq!(parted, None, "seed {seed}");
        assert_eq!(there.log.lines().count(), here.log.lines().count(), "seed {seed}");
    }
}
