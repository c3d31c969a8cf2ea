//! Webhooks in, beside what perf.md does for each: a contact upserted and a message appended, in one statement.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tertulia::WebhookRequest;
use tertulia::clock::SystemClock;

use crate::ingest::{platform, receive, requests};
use crate::measure::{Outcome, compare, side};
use crate::shop::{SENDER, crm, organisation};

use super::Server;
use super::sizes::Sizes;

/// How many webhooks are taken in at once.
const AT_ONCE: [usize; 3] = [1, 8, 64];

const TABLES: &str = "
    CREATE TABLE contacts (
        id bigserial PRIMARY KEY, phone text UNIQUE NOT NULL, name text, opted_in boolean, window_until bigint
    );
    CREATE TABLE messages (
        id bigserial PRIMARY KEY, wamid text UNIQUE NOT NULL, contact bigint NOT NULL, at bigint, body text
    );";

const UPSERT: &str = "
    WITH c AS (
        INSERT INTO contacts (phone, name, opted_in, window_until) VALUES ($1, $2, true, $3::bigint + 86400)
        ON CONFLICT (phone) DO UPDATE SET window_until = greatest(contacts.window_until, excluded.window_until)
        RETURNING id
    )
    INSERT INTO messages (wamid, contact, at, body) SELECT $4, id, $3, $5 FROM c ON CONFLICT (wamid) DO NOTHING";

pub(super) fn run(server: &Server) -> Outcome<()> {
    let (requests, people) = requests()?;
    let runtime = &server.runtime;
    let webhooks = requests.len();
    for at_once in AT_ONCE {
        compare(
            &format!(
                "postgres: webhooks of one signed text each, {people} people, an empty store each run, {at_once} at once"
            ),
            &mut [
                side(format!("Crm::receive, {at_once} at once"), webhooks, || {
                    runtime.block_on(ours(server, &requests, at_once, false))
                }),
                side(
                    format!("peer: contact upserted, message appended, {at_once} clients"),
                    webhooks,
                    || runtime.block_on(peers(server, &requests, at_once)),
                ),
            ],
        )?;
    }
    runtime.block_on(ours(server, &requests, 1, true))?;
    Ok(())
}

async fn ours(
    server: &Server,
    requests: &Arc<Vec<WebhookRequest>>,
    at_once: usize,
    weighed: bool,
) -> Outcome<Duration> {
    let schema = server.schema();
    let crm = crm(server.store(&schema).await?, platform()?, SystemClock)?;
    organisation(&crm, SENDER).await?;
    let empty = Sizes::of(server, &schema).await?;
    let took = receive(&crm, requests, at_once).await?;
    if weighed {
        let full = Sizes::of(server, &schema).await?;
        full.grown(
            &empty,
            requests.len(),
            "webhook, a quarter of them of somebody new",
        );
    }
    crm.close().await?;
    Ok(took)
}

async fn peers(server: &Server, requests: &Arc<Vec<WebhookRequest>>, at_once: usize) -> Outcome<Duration> {
    let schema = server.bare(TABLES).await?;
    let clients = server.clients(&schema, at_once).await?;
    let start = Instant::now();
    let tasks: Vec<_> = clients
        .into_iter()
        .enumerate()
        .map(|(first, client)| {
            let requests = Arc::clone(requests);
            tokio::spawn(async move {
                let upsert = client.prepare(UPSERT).await?;
                for request in requests.iter().skip(first).step_by(at_once) {
                    let body: Value = serde_json::from_slice(&request.body)?;
                    let value = &body["entry"][0]["changes"][0]["value"];
                    let (who, message) = (&value["contacts"][0], &value["messages"][0]);
                    let at: i64 = message["timestamp"].as_str().unwrap_or_default().parse()?;
                    client
                        .execute(
                            &upsert,
                            &[
                                &message["from"].as_str(),
                                &who["profile"]["name"].as_str(),
                                &at,
                                &message["id"].as_str(),
                                &message["text"]["body"].as_str(),
                            ],
                        )
                        .await?;
                }
                Outcome::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(start.elapsed())
}
