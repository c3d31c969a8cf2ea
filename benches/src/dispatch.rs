//! A broadcast out, beside bare claims of as many rows with as many states.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::json;
use tertulia::core::channel::Channel;
use tertulia::core::decide::broadcasts::NewBroadcast;
use tertulia::core::filter::Filter;
use tertulia::core::inbound::InboundEvent;
use tertulia::core::ledger::SEND_WINDOW;
use tertulia::core::template::{Language, Template, TemplateParameters};
use tertulia::transport::{Accepted, Correlation, Outcome as Sent, Outgoing, SenderRef};
use tertulia::{Error, ImportOptions, Selection, Transport, Watch, WebhookRequest};
use tokio::runtime::Runtime;

use crate::measure::{Outcome, compare, side};
use crate::shop::{Shop, bare};

const RECIPIENTS: usize = 20_000;

/// Takes every message at once.
#[derive(Debug, Default)]
struct Nowhere(AtomicU64);

#[async_trait]
impl Transport for Nowhere {
    fn channels(&self) -> &[Channel] {
        &[Channel::WhatsApp]
    }

    fn correlation(&self) -> Correlation {
        Correlation::EchoedField
    }

    async fn verify(&self, _: &str) -> Result<String, Error> {
        Ok(String::new())
    }

    async fn parse(&self, _: &WebhookRequest) -> Result<Vec<InboundEvent>, Error> {
        Ok(Vec::new())
    }

    async fn send(&self, _: &SenderRef, _: Outgoing) -> Sent {
        Sent::Accepted(Accepted {
            provider_id: format!("wamid.{}", self.0.fetch_add(1, Ordering::Relaxed)),
            addresses: Vec::new(),
            held: false,
        })
    }

    async fn mark_read(&self, _: &SenderRef, _: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn list_templates(&self, _: &SenderRef) -> Result<Vec<Template>, Error> {
        Ok(Vec::new())
    }
}

pub(crate) fn run() -> Outcome<()> {
    let runtime = Runtime::new()?;
    let shop = runtime.block_on(people())?;
    let mut launches = Vec::new();
    let mut peak = None;
    compare(
        &format!(
            "dispatch: recipients of a broadcast, {SEND_WINDOW} on the wire at most, a transport that does nothing"
        ),
        &mut [
            side("Crm::run_due", RECIPIENTS, || {
                let (launch, sending) = runtime.block_on(send(&shop))?;
                launches.push(launch);
                peak = peak.max(peak_kib());
                Ok(sending)
            }),
            side(
                format!("peer: bare rusqlite, {SEND_WINDOW} rows a commit, three states each"),
                RECIPIENTS,
                claims,
            ),
        ],
    )?;
    launches.sort();
    println!(
        "launching (the audience fixed in the ledger) took {:.2?}, median",
        launches[launches.len() / 2]
    );
    match peak {
        Some(kib) => println!(
            "the process's memory while launching and sending: {} MiB at most",
            kib / 1024
        ),
        None => println!("the process's memory is not known on this system"),
    }
    Ok(())
}

/// A shop with as many people who opted in.
async fn people() -> Outcome<Shop> {
    let shop = Shop::open(Nowhere::default()).await?;
    let mut csv = "phone,name,tags,optedIn\n".to_owned();
    for number in 0..RECIPIENTS {
        writeln!(csv, "+9198{:08},Person {number},vip,true", 20_000_000 + number)?;
    }
    let report = shop
        .org
        .imports()
        .run(csv.as_bytes(), &ImportOptions::default(), Watch::default())
        .await?;
    if report.counts.created != RECIPIENTS as u64 {
        return Err(format!("the import gave {:?}", report.counts).into());
    }
    // Not marketing, of which everybody gets one a day.
    let template = json!({
        "name": "order_ready", "language": "en_US", "category": "UTILITY", "status": "APPROVED",
        "components": [{"type": "BODY", "text": "Hi {{1}}, your order is ready."}],
    });
    shop.org
        .templates()
        .put(serde_json::from_value(template)?)
        .await?;
    Ok(shop)
}

/// One broadcast to everybody: how long launching took, and sending.
async fn send(shop: &Shop) -> Outcome<(Duration, Duration)> {
    let broadcasts = shop.org.broadcasts();
    let new = NewBroadcast {
        name: "Ready".to_owned(),
        account: shop.account,
        template: "order_ready".to_owned(),
        language: Language::parse("en_US")?,
        parameters: TemplateParameters::body(["{{contact.firstName|there}}"])?,
        target: Selection::Filter(Filter::tagged_any(["vip"])),
    };
    let id = broadcasts.create(new).await?;
    forget_peak();
    let start = Instant::now();
    broadcasts.launch(id).await?;
    let launched = start.elapsed();
    let start = Instant::now();
    let done = shop.crm.run_due().await?;
    let sent = start.elapsed();
    if done.accepted != RECIPIENTS as u64 {
        return Err(format!("not everybody was sent to: {done:?}").into());
    }
    Ok((launched, sent))
}

/// The least that a ledger costs: a window claimed, marked as on the wire, and marked as accepted, a commit each.
fn claims() -> Outcome<Duration> {
    let folder = tempfile::tempdir()?;
    let mut connection = bare(
        folder.path(),
        "CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT NOT NULL, body TEXT NOT NULL);
         CREATE INDEX jobs_open ON jobs (id) WHERE state = 'pending';",
    )?;
    let filling = connection.transaction()?;
    for _ in 0..RECIPIENTS {
        filling
            .prepare_cached("INSERT INTO jobs (state, body) VALUES ('pending', ?)")?
            .execute(["x".repeat(300)])?;
    }
    filling.commit()?;
    let window = i64::try_from(SEND_WINDOW)?;
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
        for state in ["sending", "accepted"] {
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
