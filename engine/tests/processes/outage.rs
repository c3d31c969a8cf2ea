//! The store is gone for a while in the middle of a broadcast, and comes back.

use crate::place::Place;
use crate::process::{Part, Process};
use crate::shops::{Street, windows};

const PEOPLE: u64 = 1_000;

/// How many processes work.
const PROCESSES: usize = 2;

/// Every process lives through it and goes on; nobody gets a message twice, and nobody is dropped in silence. `outage`
/// begins and ends it: it takes a server down and up again, say. What it gives is kept to the end.
pub(crate) async fn prove<T: Send + 'static>(place: Place, outage: impl FnOnce() -> T + Send + 'static) {
    let street = Street::open(place, 1).await;
    let shop = street.shop(0, PEOPLE).await;
    let broadcast = street.launch(&shop, "first").await;
    let mut processes: Vec<Process> = (0..PROCESSES)
        .map(|_| Process::begin(&Part::Work(street.place.clone())))
        .collect();
    let people = usize::try_from(PEOPLE).unwrap();
    street.until_taken(people / 10).await;
    let _kept = tokio::task::spawn_blocking(outage).await.unwrap();
    assert!(street.taken() < people, "nobody was left for when it came back");
    street.until_over(&[&broadcast]).await;
    assert!(processes.iter_mut().all(Process::is_running));
    for process in processes {
        process.end().await;
    }
    // An answer of the store that was lost with it leaves as much in doubt as a kill.
    street.settle(&[&broadcast], windows(PROCESSES)).await;
}
