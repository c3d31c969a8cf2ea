//! A broadcast out, beside bare tables of jobs of as many rows.

use std::time::{Duration, Instant};

use tertulia::core::ids::ContactId;
use tertulia::core::ledger::SEND_WINDOW;
use tertulia::core::selection::MAX_LISTED;
use tertulia::{ContactOrder, Filter, PageOf, Selection};
use tokio::runtime::Runtime;

use crate::measure::{Outcome, Side, compare, side};
use crate::nowhere::{Nowhere, broadcast, people};
use crate::shop::{Shop, bare};

const RECIPIENTS: usize = 20_000;

/// How many rows a commit of ours has.
pub(crate) const TOGETHER: usize = 16;

/// How many recipients, by the environment.
pub(crate) fn recipients() -> Outcome<usize> {
    Ok(std::env::var("RECIPIENTS").map_or(Ok(RECIPIENTS), |recipients| recipients.parse())?)
}

pub(crate) fn run() -> Outcome<()> {
    let recipients = recipients()?;
    let runtime = Runtime::new()?;
    let shop = runtime.block_on(async {
        let shop = Shop::open(Nowhere::default()).await?;
        people(&shop.org, recipients).await?;
        Outcome::Ok(shop)
    })?;
    forget_peak();
    let before = peak_kib();
    let mut launches = Vec::new();
    let mut peak = None;
    let ours = side("Crm::run_due", recipients, || {
        // A sender leaves some seconds between two broadcasts to one person.
        std::thread::sleep(Duration::from_secs(6));
        forget_peak();
        let everybody = Selection::Filter(Filter::tagged_any(["vip"]));
        let launch = runtime.block_on(launch(&shop, everybody, recipients))?;
        launches.push(launch);
        let start = Instant::now();
        let done = runtime.block_on(shop.crm.run_due())?;
        let sending = start.elapsed();
        peak = peak.max(peak_kib());
        if done.accepted != recipients as u64 {
            return Err(format!("not everybody was sent to: {done:?}").into());
        }
        Ok(sending)
    });
    compare(
        &format!(
            "dispatch: recipients of a broadcast, {SEND_WINDOW} on the wire at most, a transport that does nothing"
        ),
        &mut [
            ours,
            jobs(1000, 1, recipients),
            jobs(100, 1, recipients),
            jobs(TOGETHER, 1, recipients),
            jobs(TOGETHER, 2, recipients),
        ],
    )?;
    launches.sort();
    println!(
        "launching (the audience fixed in the ledger) took {:.2?}, median",
        launches[launches.len() / 2]
    );
    let named = recipients.min(MAX_LISTED);
    let (draft, start) = runtime.block_on(to_a_list(&shop, named))?;
    println!("to {named} who were named: drafted in {draft:.2?}, launched in {start:.2?}");
    match (before, peak) {
        (Some(before), Some(peak)) => println!(
            "launching and sending took {} MiB of memory at most, beyond the {} that the process had before",
            peak.saturating_sub(before) / 1024,
            before / 1024
        ),
        _ => println!("the process's memory is not known on this system"),
    }
    Ok(())
}

/// How long launching took.
async fn launch(shop: &Shop, target: Selection, recipients: usize) -> Outcome<Duration> {
    let broadcasts = shop.org.broadcasts();
    let id = broadcasts.create(broadcast(shop.account, target)?).await?;
    let start = Instant::now();
    broadcasts.launch(id).await?;
    let launched = start.elapsed();
    let total = broadcasts.stats(id).await?.total;
    if total != recipients as u64 {
        return Err(format!("{total} were enlisted, of {recipients}").into());
    }
    Ok(launched)
}

/// How long it took to draft a broadcast to so many who are named, and to launch it.
async fn to_a_list(shop: &Shop, named: usize) -> Outcome<(Duration, Duration)> {
    let contacts = shop.org.contacts();
    let mut ids: Vec<ContactId> = Vec::with_capacity(named);
    let mut page = PageOf::first(1_000);
    while ids.len() < named {
        let found = contacts
            .list(&Filter::Everyone, ContactOrder::Created, &page)
            .await?;
        ids.extend(found.items.iter().map(|contact| contact.id));
        page.cursor = found.next;
        if page.cursor.is_none() {
            break;
        }
    }
    ids.truncate(named);
    let broadcasts = shop.org.broadcasts();
    let start = Instant::now();
    let id = broadcasts
        .create(broadcast(shop.account, Selection::Ids(ids))?)
        .await?;
    let drafted = start.elapsed();
    let start = Instant::now();
    broadcasts.launch(id).await?;
    let launched = start.elapsed();
    broadcasts.cancel(id).await?;
    Ok((drafted, launched))
}

/// The least that a ledger costs: so many rows claimed in a commit, then marked, a commit for each further state. With one
/// it is a table of jobs as such are: whoever crashes does all that it had claimed again. With two, `sending` is durable
/// before the wire is touched, as ours is.
fn jobs<'a>(window: usize, further: usize, amount: usize) -> Side<'a> {
    let name = format!(
        "bare rusqlite, {window} rows a commit, {} states each",
        further + 1
    );
    side(name, amount, move || claims(window, further, amount))
}

fn claims(window: usize, further: usize, amount: usize) -> Outcome<Duration> {
    let folder = tempfile::tempdir()?;
    let mut connection = bare(
        folder.path(),
        "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT NOT NULL, body TEXT NOT NULL);
         CREATE INDEX jobs_open ON jobs (id) WHERE state = 'pending';",
    )?;
    let filling = connection.transaction()?;
    for _ in 0..amount {
        filling
            .prepare_cached("INSERT INTO jobs (state, body) VALUES ('pending', ?)")?
            .execute(["x".repeat(300)])?;
    }
    filling.commit()?;
    let window = i64::try_from(window)?;
    let start = Instant::now();
    loop {
        let claiming = connection.transaction()?;
        let ids: Vec<i64> = claiming
            .prepare_cached("SELECT id FROM jobs WHERE state = 'pending' ORDER BY id LIMIT ?")?
            .query_map([window], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        mark(&claiming, &ids, "leased")?;
        claiming.commit()?;
        if ids.is_empty() {
            return Ok(start.elapsed());
        }
        for state in ["accepted", "sending"].iter().take(further).rev() {
            let marking = connection.transaction()?;
            mark(&marking, &ids, state)?;
            marking.commit()?;
        }
    }
}

fn mark(connection: &rusqlite::Connection, ids: &[i64], state: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached("UPDATE jobs SET state = ? WHERE id = ?")?;
    for id in ids {
        statement.execute((state, id))?;
    }
    Ok(())
}

/// The most memory that the process has held at once since [`forget_peak`], in KiB, where the system tells.
pub(crate) fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Starts the peak anew: 5 does that by proc(5). Where it cannot be done, the peak is the whole process's.
pub(crate) fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
