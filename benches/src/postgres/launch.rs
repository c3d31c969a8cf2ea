//! How long a launch keeps others waiting who write to the same organisation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tertulia::clock::SystemClock;
use tertulia::core::ids::ContactId;
use tertulia::{Code, ContactOrder, ContactUpdate, Filter, Org, PageOf, Selection};

use crate::measure::Outcome;
use crate::nowhere::{Nowhere, broadcast, people};
use crate::people::filter;
use crate::shop::{crm, organisation};

use super::Server;
use super::people::World;

pub(super) async fn run(server: &Server, world: &World) -> Outcome<()> {
    let storage = server.store(&world.schema).await?;
    let elsewhere = crm(storage, Nowhere::of_this_process(), SystemClock)?;
    let (small, _) = organisation(&elsewhere, "106540352242999").await?;
    people(&small, 1).await?;
    let page = PageOf::first(1);
    let found = small
        .contacts()
        .list(&Filter::Everyone, ContactOrder::Created, &page)
        .await?;
    let stranger = found.items.first().map(|contact| contact.id);
    let stranger = stranger.ok_or("nobody was imported")?;
    let writers = [
        (
            "the same organisation, the same process",
            world.org.clone(),
            world.ids[0],
        ),
        (
            "the same organisation, another store on the server",
            elsewhere.org(world.org.id()),
            world.ids[1],
        ),
        ("another organisation, another store", small, stranger),
    ];
    println!("\npostgres: launching, while others write one contact after the other:");
    println!("| recipients | launched in | per 100,000 | who writes | writes | longest | failed as busy |");
    println!("|---|---|---|---|---|---|---|");
    for who in [filter()?, Filter::Everyone] {
        let broadcasts = world.org.broadcasts();
        let new = broadcast(world.account, Selection::Filter(who))?;
        let id = broadcasts.create(new).await?;
        let over = Arc::new(AtomicBool::new(false));
        let writing: Vec<_> = writers
            .iter()
            .map(|(_, org, contact)| tokio::spawn(writes(org.clone(), *contact, Arc::clone(&over))))
            .collect();
        let start = Instant::now();
        let launched = broadcasts.launch(id).await;
        let took = start.elapsed();
        over.store(true, Ordering::Relaxed);
        launched?;
        let total = broadcasts.stats(id).await?.total;
        let each = took.div_f64(f64::from(u32::try_from(total)?.max(1)) / 100_000.0);
        for ((who, ..), writing) in writers.iter().zip(writing) {
            let Writes { count, longest, busy } = writing.await??;
            println!("| {total} | {took:.2?} | {each:.2?} | {who} | {count} | {longest:.2?} | {busy} |");
        }
    }
    elsewhere.close().await?;
    Ok(())
}

/// What became of somebody's writes.
#[derive(Default)]
struct Writes {
    count: usize,
    longest: Duration,
    busy: usize,
}

/// Changes a contact until it is over, and once more.
async fn writes(org: Org, contact: ContactId, over: Arc<AtomicBool>) -> Outcome<Writes> {
    let contacts = org.contacts();
    let mut revision = contacts.get(contact).await?.revision;
    let mut writes = Writes::default();
    while !over.load(Ordering::Relaxed) || writes.count == 0 {
        let update = ContactUpdate {
            name: Some(format!("Name {}", writes.count)),
            ..ContactUpdate::default()
        };
        let start = Instant::now();
        match contacts.update(contact, revision, &update).await {
            Ok(contact) => {
                revision = contact.revision;
                writes.count += 1;
            }
            Err(error) if error.code() == Code::StorageBusy => writes.busy += 1,
            Err(error) => return Err(error.into()),
        }
        writes.longest = writes.longest.max(start.elapsed());
    }
    Ok(writes)
}
