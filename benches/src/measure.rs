//! Sides run in turn, so that what else the machine does falls on all of them; medians; ratios to the last side.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// What a bench gives, or why it could not run.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How often each side runs, unless `RUNS` in the environment says otherwise.
const RUNS: usize = 5;

/// One way of doing the work.
pub(crate) struct Side<'a> {
    name: String,
    amount: usize,
    run: Box<dyn FnMut() -> Outcome<Duration> + 'a>,
}

/// A side that does so many things in one run, and says how long they took without what went before.
pub(crate) fn side<'a>(
    name: impl Into<String>,
    amount: usize,
    run: impl FnMut() -> Outcome<Duration> + 'a,
) -> Side<'a> {
    Side {
        name: name.into(),
        amount,
        run: Box::new(run),
    }
}

/// How long some work takes that cannot fail.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

/// Runs all sides in turn and prints them; the last one is the peer. The sides' medians, in things per second.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
pub(crate) fn compare(what: &str, sides: &mut [Side<'_>]) -> Outcome<Vec<f64>> {
    let runs = std::env::var("RUNS")
        .map_or(Ok(RUNS), |runs| runs.parse())?
        .max(1);
    let mut rates = vec![Vec::with_capacity(runs); sides.len()];
    for _ in 0..runs {
        for (side, rates) in sides.iter_mut().zip(&mut rates) {
            let took = (side.run)().map_err(|error| format!("{}: {error}", side.name))?;
            rates.push(side.amount as f64 / took.as_secs_f64());
        }
    }
    for rates in &mut rates {
        rates.sort_by(f64::total_cmp);
    }
    let medians: Vec<f64> = rates.iter().map(|rates| rates[runs / 2]).collect();
    let peer = medians.last().copied().unwrap_or(f64::NAN);
    println!("\n{what}: median of {runs} runs in turn");
    println!("| side | things a run | per second | slowest to fastest run | to the peer |");
    println!("|---|---|---|---|---|");
    for ((side, rates), median) in sides.iter().zip(&rates).zip(&medians) {
        println!(
            "| {} | {} | {median:.0} | {:.0} to {:.0} | {:.2} |",
            side.name,
            side.amount,
            rates[0],
            rates[runs - 1],
            median / peer
        );
    }
    Ok(medians)
}
