//! How long a small organisation waits for its first message while a large one's broadcast is being sent, or while its
//! people are being enrolled in a sequence.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tertulia::core::ids::{AccountId, ContactId};
use tertulia::sequence::Trigger;
use tertulia::{BulkAction, BulkWatch, CancellationToken, ContactOrder, Crm, Filter, Org, PageOf, Selection};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::dispatch::recipients;
use crate::measure::Outcome;
use crate::nowhere::{Heard, Nowhere, broadcast, drip, people};
use crate::shop::{Shop, organisation};

/// How many people each of the small organisation's broadcasts is for, and how many broadcasts there are.
const PEOPLE: usize = 10;
const LAUNCHES: usize = 20;

/// How long the platform takes for a message.
const TAKES: Duration = Duration::from_millis(20);

/// The small organisation's sender.
const SMALL: &str = "106540352242999";

pub(crate) fn run() -> Outcome<()> {
    let recipients = recipients()?;
    Runtime::new()?.block_on(async {
        let heard = Heard::of(SMALL);
        let large = Shop::open(Nowhere::listening(TAKES, Arc::clone(&heard))).await?;
        people(&large.org, recipients).await?;
        let (org, account) = organisation(&large.crm, SMALL).await?;
        people(&org, 3 * LAUNCHES * PEOPLE).await?;
        let page = PageOf::first(3 * LAUNCHES * PEOPLE);
        let found = org
            .contacts()
            .list(&Filter::Everyone, ContactOrder::Created, &page)
            .await?;
        let ids: Vec<ContactId> = found.items.iter().map(|contact| contact.id).collect();
        let mut small = Small {
            crm: large.crm.clone(),
            org,
            account,
            heard,
            people: ids.chunks(PEOPLE).map(<[ContactId]>::to_vec).collect(),
        };

        let alone = small.delays(true).await?;
        let id = large
            .org
            .broadcasts()
            .create(broadcast(large.account, Selection::Filter(Filter::Everyone))?)
            .await?;
        large.org.broadcasts().launch(id).await?;
        let crm = large.crm.clone();
        let sending = tokio::spawn(async move { crm.run_due().await });
        // It is under way, and not at its beginning.
        while large.org.broadcasts().stats(id).await?.sent < 100 {
            tokio::time::sleep(TAKES).await;
        }
        let beside = small.delays(false).await?;
        if sending.is_finished() {
            return Err("the large broadcast was over too soon; make RECIPIENTS larger".into());
        }
        let sent = large.org.broadcasts().stats(id).await?.sent;
        large.org.broadcasts().cancel(id).await?;
        sending.await??;
        // Those who waited for what was called off are left out first.
        large.crm.run_due().await?;
        let (enrolling, enrolled) = small.beside_enrolling(&large).await?;

        println!(
            "\nfairness: from launch to first message of {LAUNCHES} broadcasts to {PEOPLE}, {} ms a message at the platform",
            TAKES.as_millis()
        );
        println!("| beside | median | slowest |");
        println!("|---|---|---|");
        println!("| nobody else | {:.2?} | {:.2?} |", alone[LAUNCHES / 2], alone[LAUNCHES - 1]);
        println!(
            "| another organisation's broadcast to {recipients}, of which {sent} were sent by then | {:.2?} | {:.2?} |",
            beside[LAUNCHES / 2],
            beside[LAUNCHES - 1]
        );
        println!(
            "| {recipients} of another organisation being enrolled by a tag in bulk, of whom {enrolled} were by then | {:.2?} | {:.2?} |",
            enrolling[LAUNCHES / 2],
            enrolling[LAUNCHES - 1]
        );
        Ok(())
    })
}

struct Small {
    crm: Crm,
    org: Org,
    account: AccountId,
    heard: Arc<Heard>,
    /// Whom each broadcast is for: a sender leaves some seconds between two to one person.
    people: Vec<Vec<ContactId>>,
}

impl Small {
    /// The delays while a large organisation's people get a tag, and are enrolled by it; and how many were at the end.
    async fn beside_enrolling(&mut self, large: &Shop) -> Outcome<(Vec<Duration>, u64)> {
        let sequences = large.org.sequences();
        let new = drip(large.account, Trigger::TagAdded("wave".to_owned()), 24)?;
        let id = sequences.create(new).await?;
        sequences.activate(id).await?;
        let (org, cancel) = (large.org.clone(), CancellationToken::new());
        let cancelled = cancel.clone();
        let enrolling = tokio::spawn(async move {
            let (everybody, tag) = (
                Selection::Filter(Filter::Everyone),
                BulkAction::Tag(vec!["wave".to_owned()]),
            );
            let watch = BulkWatch {
                cancel: Some(cancelled),
                ..BulkWatch::default()
            };
            org.contacts().bulk(&everybody, &tag, watch).await
        });
        while sequences.stats(id).await?.enrolled == 0 {
            tokio::time::sleep(TAKES).await;
        }
        let delays = self.delays(true).await?;
        if enrolling.is_finished() {
            return Err("all were enrolled too soon; make RECIPIENTS larger".into());
        }
        let enrolled = sequences.stats(id).await?.enrolled;
        cancel.cancel();
        enrolling.await??;
        Ok((delays, enrolled))
    }

    /// How long each broadcast waited for its first message, from the least to the longest. `by_itself`: it has to run
    /// what is due, since nobody else does.
    async fn delays(&mut self, by_itself: bool) -> Outcome<Vec<Duration>> {
        let broadcasts = self.org.broadcasts();
        let mut delays = Vec::with_capacity(LAUNCHES);
        for _ in 0..LAUNCHES {
            let who = self.people.pop().ok_or("there is nobody left to send to")?;
            let new = broadcast(self.account, Selection::Ids(who))?;
            let id = broadcasts.create(new).await?;
            self.heard.listen();
            let start = Instant::now();
            broadcasts.launch(id).await?;
            let due = by_itself.then(|| {
                let crm = self.crm.clone();
                tokio::spawn(async move { crm.run_due().await })
            });
            let first = timeout(Duration::from_mins(10), self.heard.first()).await?;
            delays.push(first.saturating_duration_since(start));
            if let Some(due) = due {
                due.await??;
            }
            while !broadcasts.stats(id).await?.is_finished() {
                tokio::time::sleep(TAKES).await;
            }
        }
        delays.sort();
        Ok(delays)
    }
}
