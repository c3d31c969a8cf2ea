//! Two contacts merged and parted, with much and with little written, beside one bare row a commit.

use std::time::{Duration, Instant, SystemTime};

use serde_json::json;
use tertulia::core::ids::ContactId;
use tertulia::testing::sign;
use tertulia::{MergeRequest, PageOf, WebhookRequest, WhatsApp, WhatsAppConfig};
use tokio::runtime::Runtime;

use crate::measure::{Outcome, compare, side};
use crate::shop::{SENDER, Shop, bare};

const SECRET: &str = "app secret";
const MUCH: usize = 10_000;
const LITTLE: usize = 10;
const MERGES: usize = 20;
const PAGES: usize = 50;

pub(crate) fn run() -> Outcome<()> {
    let runtime = Runtime::new()?;
    let (much, little) =
        runtime.block_on(async { Outcome::Ok((Pair::new(MUCH).await?, Pair::new(LITTLE).await?)) })?;
    let folder = tempfile::tempdir()?;
    let connection = bare(
        folder.path(),
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER);",
    )?;
    let merging = |pair: &Pair| runtime.block_on(pair.merge_and_part());
    compare(
        &format!("merge: two contacts merged and parted again, {MUCH} and {LITTLE} messages each"),
        &mut [
            side(
                format!("merge and undo, {MUCH} messages each"),
                2 * MERGES,
                || merging(&much),
            ),
            side(
                format!("merge and undo, {LITTLE} messages each"),
                2 * MERGES,
                || merging(&little),
            ),
            side("peer: bare rusqlite, one row a commit", 2 * MERGES, || {
                let start = Instant::now();
                for _ in 0..2 * MERGES {
                    connection.execute("INSERT INTO t (v) VALUES (1)", [])?;
                }
                Ok(start.elapsed())
            }),
        ],
    )?;
    let parted = |pair: &Pair| runtime.block_on(pair.timeline(pair.ids[0]));
    let apart = side(format!("of one contact, {MUCH} messages"), PAGES, || {
        parted(&much)
    });
    compare(
        "merge: the last 50 entries of a timeline",
        &mut [
            side(
                format!("of two merged contacts, {MUCH} messages each"),
                PAGES,
                || {
                    runtime.block_on(async {
                        much.merge().await?;
                        let took = much.timeline(much.ids[1]).await?;
                        much.shop.org.contacts().undo_merge(much.ids[1]).await?;
                        Ok(took)
                    })
                },
            ),
            apart,
        ],
    )?;
    Ok(())
}

/// Two contacts with so many messages each.
struct Pair {
    shop: Shop,
    ids: [ContactId; 2],
}

impl Pair {
    async fn new(messages: usize) -> Outcome<Self> {
        let shop = Shop::open(WhatsApp::new(WhatsAppConfig::new(SECRET, "verify token"))?).await?;
        let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
        for batch in (0..messages).collect::<Vec<_>>().chunks(500) {
            let texts: Vec<_> = batch
                .iter()
                .flat_map(|number| [(1, number), (2, number)])
                .map(|(person, number)| {
                    json!({
                        "from": format!("1202555010{person}"), "id": format!("wamid.{person}.{number}"),
                        "timestamp": (now + *number as u64).to_string(), "type": "text",
                        "text": {"body": "Is the green one there again?"},
                    })
                })
                .collect();
            let body = json!({"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": [
                {"field": "messages", "value": {"messaging_product": "whatsapp",
                    "metadata": {"display_phone_number": "15550783881", "phone_number_id": SENDER},
                    "messages": texts}}]}]})
            .to_string()
            .into_bytes();
            let signature = sign(SECRET, &body);
            let request = WebhookRequest {
                method: "POST".to_owned(),
                url: "https://shop.example/webhooks".to_owned(),
                headers: vec![("X-Hub-Signature-256".to_owned(), signature)],
                body,
            };
            shop.crm.receive("whatsapp", request).await?;
        }
        let mut ids = Vec::new();
        for phone in ["+12025550101", "+12025550102"] {
            let found = shop.org.contacts().find_by_phone(phone).await?;
            ids.push(found.ok_or("nobody has the number")?.id);
        }
        Ok(Self {
            shop,
            ids: [ids[0], ids[1]],
        })
    }

    async fn merge(&self) -> Outcome<()> {
        let request = MergeRequest {
            duplicates: vec![self.ids[1]],
            choices: Vec::new(),
        };
        self.shop.org.contacts().merge(self.ids[0], &request).await?;
        Ok(())
    }

    async fn merge_and_part(&self) -> Outcome<Duration> {
        let start = Instant::now();
        for _ in 0..MERGES {
            self.merge().await?;
            self.shop.org.contacts().undo_merge(self.ids[1]).await?;
        }
        Ok(start.elapsed())
    }

    /// The last page of a contact's timeline, again and again.
    async fn timeline(&self, id: ContactId) -> Outcome<Duration> {
        let page = PageOf {
            backwards: true,
            ..PageOf::first(50)
        };
        let start = Instant::now();
        for _ in 0..PAGES {
            let read = self.shop.org.contacts().timeline(id, &[], &page).await?;
            if read.items.len() != 50 {
                return Err("the timeline is too short".into());
            }
        }
        Ok(start.elapsed())
    }
}
