//! Webhooks in, beside a script that stores as much of them in a bare database, and the bare commit that each needs at least.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use tertulia::testing::sign;
use tertulia::{Crm, WebhookRequest, WhatsApp, WhatsAppConfig};
use tokio::runtime::Runtime;

use crate::measure::{Outcome, Side, compare, side};
use crate::shop::{SENDER, Shop, bare};

/// How many webhooks come in a run; `WEBHOOKS` in the environment says otherwise. One in four is of somebody new.
const WEBHOOKS: usize = 2_000;

/// How many the host takes in at once, and how many webhooks the peer puts into one commit.
const AT_ONCE: [usize; 3] = [1, 16, 64];
const SECRET: &str = "app secret";

pub(crate) fn run() -> Outcome<()> {
    let runtime = Runtime::new()?;
    let (requests, people) = requests()?;
    let webhooks = requests.len();
    let mut sides: Vec<Side<'_>> = Vec::new();
    for at_once in AT_ONCE {
        let name = format!("Crm::receive, {at_once} at once");
        let (runtime, requests) = (&runtime, &requests);
        sides.push(side(name, webhooks, move || {
            runtime.block_on(async {
                let shop = Shop::open(platform()?).await?;
                let took = receive(&shop.crm, requests, at_once).await?;
                shop.crm.close().await?;
                Ok(took)
            })
        }));
    }
    for in_one in AT_ONCE {
        let name = format!("bare rusqlite: read, contact upserted, message appended, {in_one} a commit");
        let requests = &requests;
        sides.push(side(name, webhooks, move || script(requests, in_one)));
    }
    sides.push(side("peer: bare rusqlite, one row a commit", webhooks, || {
        commits(webhooks)
    }));
    compare(
        &format!("ingest: webhooks of one signed text each, {people} people, an empty store each run"),
        &mut sides,
    )?;
    Ok(())
}

/// As many webhooks as the environment says, and of how many people they are.
pub(crate) fn requests() -> Outcome<(Arc<Vec<WebhookRequest>>, usize)> {
    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
    let webhooks = std::env::var("WEBHOOKS").map_or(Ok(WEBHOOKS), |webhooks| webhooks.parse())?;
    let people = (webhooks / 4).max(1);
    let requests = (0..webhooks).map(|number| webhook(number, people, now));
    Ok((Arc::new(requests.collect()), people))
}

/// What reads and checks them.
pub(crate) fn platform() -> Outcome<WhatsApp> {
    Ok(WhatsApp::new(WhatsAppConfig::new(SECRET, "verify token"))?)
}

/// Takes them in, so many at once.
pub(crate) async fn receive(
    crm: &Crm,
    requests: &Arc<Vec<WebhookRequest>>,
    at_once: usize,
) -> Outcome<Duration> {
    let start = Instant::now();
    let tasks: Vec<_> = (0..at_once)
        .map(|first| {
            let (crm, requests) = (crm.clone(), Arc::clone(requests));
            tokio::spawn(async move {
                let mut applied = 0;
                for request in requests.iter().skip(first).step_by(at_once) {
                    applied += crm.receive("whatsapp", request.clone()).await?.applied;
                }
                Outcome::Ok(applied)
            })
        })
        .collect();
    let mut applied = 0;
    for task in tasks {
        applied += task.await??;
    }
    let took = start.elapsed();
    if applied != requests.len() as u64 {
        return Err(format!("{applied} of {} webhooks were applied", requests.len()).into());
    }
    Ok(took)
}

/// What is left of it without rules: no signature, consent, window of each sender, conversation, journal or dedupe by
/// sender.
fn script(requests: &[WebhookRequest], in_one: usize) -> Outcome<Duration> {
    let folder = tempfile::tempdir()?;
    let connection = bare(
        folder.path(),
        "CREATE TABLE contacts (
            id INTEGER PRIMARY KEY, phone TEXT UNIQUE NOT NULL, name TEXT, opted_in INTEGER, window_until INTEGER
        );
        CREATE TABLE messages (
            id INTEGER PRIMARY KEY, wamid TEXT UNIQUE NOT NULL, contact INTEGER NOT NULL, at INTEGER, body TEXT
        );
        CREATE INDEX messages_by_time ON messages (contact, at);",
    )?;
    let start = Instant::now();
    for some in requests.chunks(in_one) {
        let transaction = connection.unchecked_transaction()?;
        for request in some {
            let body: Value = serde_json::from_slice(&request.body)?;
            let value = &body["entry"][0]["changes"][0]["value"];
            let (who, message) = (&value["contacts"][0], &value["messages"][0]);
            let at: i64 = message["timestamp"].as_str().unwrap_or_default().parse()?;
            let contact: i64 = transaction
                .prepare_cached(
                    "INSERT INTO contacts (phone, name, opted_in, window_until) VALUES (?, ?, 1, ? + 86400)
                     ON CONFLICT (phone) DO UPDATE SET window_until = max(window_until, excluded.window_until)
                     RETURNING id",
                )?
                .query_row(
                    (message["from"].as_str(), who["profile"]["name"].as_str(), at),
                    |row| row.get(0),
                )?;
            transaction
                .prepare_cached(
                    "INSERT OR IGNORE INTO messages (wamid, contact, at, body) VALUES (?, ?, ?, ?)",
                )?
                .execute((
                    message["id"].as_str(),
                    contact,
                    at,
                    message["text"]["body"].as_str(),
                ))?;
        }
        transaction.commit()?;
    }
    Ok(start.elapsed())
}

fn commits(count: usize) -> Outcome<Duration> {
    let folder = tempfile::tempdir()?;
    let connection = bare(
        folder.path(),
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER);",
    )?;
    let start = Instant::now();
    for _ in 0..count {
        connection
            .prepare_cached("INSERT INTO t (v) VALUES (1)")?
            .execute([])?;
    }
    Ok(start.elapsed())
}

fn webhook(number: usize, people: usize, now: u64) -> WebhookRequest {
    let from = format!("9198{:08}", 20_000_000 + number % people);
    let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [{
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550783881", "phone_number_id": SENDER},
            "contacts": [{"profile": {"name": "Ana Lua"}, "wa_id": from}],
            "messages": [{
                "from": from, "id": format!("wamid.{number:024}"), "timestamp": now.to_string(), "type": "text",
                "text": {"body": "Hello, my order has not arrived yet, can you please look where it is?"},
            }],
        },
    }]}]});
    let body = body.to_string().into_bytes();
    WebhookRequest {
        method: "POST".to_owned(),
        url: "https://shop.example/webhooks/whatsapp".to_owned(),
        headers: vec![("X-Hub-Signature-256".to_owned(), sign(SECRET, &body))],
        body,
    }
}
