//! Four processes send what three organisations want sent; two are killed, two are cut off for longer than their leases
//! last, and let go.

use crate::number;
use crate::place::Place;
use crate::process::{Part, Process};
use crate::shops::{Launched, Street, look_away, until, windows};

/// How many people the two large organisations have each, unless `TERTULIA_RECIPIENTS` says otherwise, and the small one.
const MANY: u64 = 2_400;
const FEW: u64 = 30;

/// What the small organisation sends is all taken before one in so many of what the large ones had waiting by then.
const A_PART: usize = 3;

/// Nobody gets a message twice; of each killed process a window's worth may stay unconfirmed, each named; and the small
/// organisation waits for no large one.
pub(crate) async fn prove(place: Place) {
    let many = number("TERTULIA_RECIPIENTS").unwrap_or(MANY);
    let street = Street::open(place, 3).await;
    let (one, other) = (street.shop(0, many).await, street.shop(1, many).await);
    let small = street.shop(2, FEW).await;
    let one = street.launch(&one, "first").await;
    let other = street.launch(&other, "first").await;
    let (large, few) = (2 * usize::try_from(many).unwrap(), usize::try_from(FEW).unwrap());
    let begin = || Process::begin(&Part::Work(street.place.clone()));
    let mut four: Vec<Process> = (0..4).map(|_| begin()).collect();
    street.until_taken(large / 20).await;

    let first = street.launch(&small, "first").await;
    street.until_all_taken(&first).await;
    assert_not_delayed(&street, &first, large);

    for process in four.drain(..2) {
        process.kill();
        // As whoever looks after processes does.
        street.until_taken(street.taken() + large / 20).await;
    }
    four.extend([begin(), begin()]);
    let to_cut_off = [four.remove(0), four.remove(0)];
    street.until_taken(street.taken() + large / 20).await;

    let mut cut_off = Vec::new();
    for process in to_cut_off {
        cut_off.push(holding_something(&street, process, &[&one, &other]).await);
    }
    let second = street.launch(&small, "second").await;
    street.until_all_taken(&second).await;
    assert_not_delayed(&street, &second, large + few);
    for process in &cut_off {
        until(
            "others take over what a process has that is cut off",
            async || street.held_by(&process.worker(), &[&one, &other]).await == 0,
        )
        .await;
    }
    for process in &cut_off {
        process.go_on();
    }

    let all = [&one, &other, &first, &second];
    street.until_over(&all).await;
    for process in four.into_iter().chain(cut_off) {
        process.end().await;
    }
    street.settle(&all, windows(2)).await;
}

/// By the platform's log, what was launched last was all taken before a part of what waited then of what was `meant` before.
fn assert_not_delayed(street: &Street, launched: &Launched, meant: usize) {
    let waited = meant - launched.at;
    let until_last = street.last_taken(launched) + 1 - launched.at;
    let told =
        format!("{until_last} messages until the last of the small organisation, where {waited} waited");
    println!("{told}");
    assert!(until_last <= waited / A_PART, "{told}");
}

/// How often a process is stopped until it is in the middle of something.
const STOPS: u32 = 300;

/// Cuts a process off at a moment at which it has leased rows, and others can go on.
async fn holding_something(street: &Street, process: Process, of: &[&Launched]) -> Process {
    for _ in 0..STOPS {
        process.stop();
        look_away().await;
        // One that has the whole file locked lets nobody take over anything.
        if street.held_by(&process.worker(), of).await > 0 && street.can_be_written().await {
            return process;
        }
        process.go_on();
        look_away().await;
    }
    panic!("a process never had anything leased");
}
