//! Webhooks in, beside the bare commit that each of them needs at least.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use tertulia::testing::sign;
use tertulia::{WebhookRequest, WhatsApp, WhatsAppConfig};
use tokio::runtime::Runtime;

use crate::measure::{Outcome, compare, side};
use crate::shop::{SENDER, Shop, bare};

const WEBHOOKS: usize = 2_000;
const PEOPLE: usize = 500;
const AT_ONCE: usize = 16;
const SECRET: &str = "app secret";

pub(crate) fn run() -> Outcome<()> {
    let runtime = Runtime::new()?;
    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
    let requests: Arc<Vec<WebhookRequest>> =
        Arc::new((0..WEBHOOKS).map(|number| webhook(number, now)).collect());
    compare(
        &format!("ingest: webhooks of one signed text each, {PEOPLE} people, an empty store each run"),
        &mut [
            side("Crm::receive, one after the other", WEBHOOKS, || {
                runtime.block_on(receive(&requests, 1))
            }),
            side(format!("Crm::receive, {AT_ONCE} at once"), WEBHOOKS, || {
                runtime.block_on(receive(&requests, AT_ONCE))
            }),
            side("peer: bare rusqlite, one row a commit", WEBHOOKS, || {
                commits(WEBHOOKS)
            }),
        ],
    )?;
    Ok(())
}

async fn receive(requests: &Arc<Vec<WebhookRequest>>, at_once: usize) -> Outcome<Duration> {
    let shop = Shop::open(WhatsApp::new(WhatsAppConfig::new(SECRET, "verify token"))?).await?;
    let start = Instant::now();
    let tasks: Vec<_> = (0..at_once)
        .map(|first| {
            let (crm, requests) = (shop.crm.clone(), Arc::clone(requests));
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
    shop.crm.close().await?;
    if applied != requests.len() as u64 {
        return Err(format!("{applied} of {} webhooks were applied", requests.len()).into());
    }
    Ok(took)
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

fn webhook(number: usize, now: u64) -> WebhookRequest {
    let from = format!("9198{:08}", 20_000_000 + number % PEOPLE);
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
