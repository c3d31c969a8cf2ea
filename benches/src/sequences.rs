//! Enrolling by a tag that is given in bulk, and a wave of steps that are due at once.

use std::time::{Duration, Instant};

use tertulia::sequence::Trigger;
use tertulia::{BulkAction, BulkWatch, Filter, Selection};
use tokio::runtime::Runtime;

use crate::dispatch::recipients;
use crate::measure::{Outcome, Side, compare, side};
use crate::nowhere::{Ahead, Nowhere, broadcast, drip, people};
use crate::shop::Shop;

/// How long the sequences wait before their message.
const HOURS: i64 = 1;

pub(crate) fn run() -> Outcome<()> {
    let recipients = recipients()?;
    let runtime = Runtime::new()?;
    let clock = Ahead::default();
    let shop = runtime.block_on(async {
        let shop = Shop::open_at(Nowhere::default(), clock.clone()).await?;
        people(&shop.org, recipients).await?;
        Outcome::Ok(shop)
    })?;
    let rates = compare(
        "sequences: one tag more for everybody, in bulk",
        &mut [
            tagged(&runtime, &shop, recipients, true),
            tagged(&runtime, &shop, recipients, false),
        ],
    )?;
    if let [enrolling, tagging] = rates[..] {
        println!(
            "enrolling a contact takes {:.2} times what the tag takes by itself",
            tagging / enrolling - 1.0
        );
    }
    compare(
        "sequences: recipients of a wave of due steps, a transport that does nothing",
        &mut [
            side(
                "a step's message for everybody, their delay over",
                recipients,
                || runtime.block_on(wave(&shop, &clock, recipients)),
            ),
            side("a broadcast to everybody", recipients, || {
                runtime.block_on(sent(&shop, &clock, recipients))
            }),
        ],
    )?;
    Ok(())
}

/// How long a tag for everybody takes, with a sequence that enrolls them by it or with none.
fn tagged<'a>(runtime: &'a Runtime, shop: &'a Shop, amount: usize, enrolls: bool) -> Side<'a> {
    let name = if enrolls {
        "a trigger watches, and enrolls each"
    } else {
        "no trigger watches"
    };
    let mut run = 0;
    side(name, amount, move || {
        run += 1;
        runtime.block_on(tag(shop, amount, format!("{enrolls} {run}"), enrolls))
    })
}

async fn tag(shop: &Shop, amount: usize, tag: String, enrolls: bool) -> Outcome<Duration> {
    let (contacts, sequences) = (shop.org.contacts(), shop.org.sequences());
    let mut watching = None;
    if enrolls {
        let new = drip(shop.account, Trigger::TagAdded(tag.clone()), HOURS)?;
        let id = sequences.create(new).await?;
        sequences.activate(id).await?;
        watching = Some(id);
    }
    let (everybody, action) = (Selection::Filter(Filter::Everyone), BulkAction::Tag(vec![tag]));
    let start = Instant::now();
    let report = contacts.bulk(&everybody, &action, BulkWatch::default()).await?;
    let took = start.elapsed();
    if report.changed != amount as u64 {
        return Err(format!("not everybody got the tag: {report:?}").into());
    }
    if let Some(id) = watching {
        let enrolled = sequences.stats(id).await?.enrolled;
        if enrolled != amount as u64 {
            return Err(format!("{enrolled} were enrolled, of {amount}").into());
        }
        // Their time never comes: the next run is not to do their steps.
        sequences.pause(id).await?;
    }
    Ok(took)
}

/// How long the messages of a step take whose delay is over for everybody.
async fn wave(shop: &Shop, clock: &Ahead, amount: usize) -> Outcome<Duration> {
    let sequences = shop.org.sequences();
    let id = sequences
        .create(drip(shop.account, Trigger::Manual, HOURS)?)
        .await?;
    sequences.activate(id).await?;
    let (everybody, enroll) = (Selection::Filter(Filter::Everyone), BulkAction::Enroll(id));
    let contacts = shop.org.contacts();
    contacts.bulk(&everybody, &enroll, BulkWatch::default()).await?;
    clock.advance(HOURS);
    due(shop, amount).await
}

async fn sent(shop: &Shop, clock: &Ahead, amount: usize) -> Outcome<Duration> {
    // A sender leaves some seconds between two campaigns to one person.
    clock.advance(HOURS);
    let broadcasts = shop.org.broadcasts();
    let everybody = Selection::Filter(Filter::Everyone);
    let id = broadcasts.create(broadcast(shop.account, everybody)?).await?;
    broadcasts.launch(id).await?;
    due(shop, amount).await
}

async fn due(shop: &Shop, amount: usize) -> Outcome<Duration> {
    let start = Instant::now();
    let done = shop.crm.run_due().await?;
    let took = start.elapsed();
    if done.accepted != amount as u64 {
        return Err(format!("not everybody was sent to: {done:?}").into());
    }
    Ok(took)
}
