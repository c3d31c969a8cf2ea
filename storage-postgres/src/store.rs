//! The store.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use deadpool_postgres::ClientWrapper;
use tertulia_core::broadcast::Bucket;
use tertulia_core::ids::{OrgId, SequenceId};
use tertulia_core::ledger::Campaign;
use tertulia_core::record::{ChangeSet, Key, Stored};
use tertulia_core::sequence::Standing;
use tertulia_storage_traits::{
    ClaimRequest, Claimed, Committed, JournalPage, JournalRequest, Page, PageRequest, Portion, Query,
    SharedPage, SharedRequest, Storage,
};
use uuid::Uuid;

use crate::connect::Connections;
use crate::error::{self, Failure, Result, Tried};
use crate::groups::Groups;
use crate::options::Options;
use crate::reads::{self, Count, Standings, TagCounts, Tally};
use crate::scrub;
use crate::steps::{Step, send};
use crate::transaction::{self, Reach, Work};
use crate::wake::Wake;

/// A store in a PostgreSQL database, which many processes and machines may share.
#[derive(Debug)]
pub struct PostgresStorage {
    connections: Arc<Connections>,
    groups: Arc<Groups>,
    wake: Arc<Wake>,
}

impl PostgresStorage {
    /// Opens the store at this URL, `postgres://user:password@host/database`; makes it if it is not there.
    pub async fn open(url: &str) -> Result<Self> {
        Self::open_with(url, &Options::default()).await
    }

    /// The same, with other options.
    pub async fn open_with(url: &str, options: &Options) -> Result<Self> {
        // On the heap: it would make large whatever waits for it.
        let connections = Box::pin(Connections::open(url, options)).await?;
        let wake = Arc::new(Wake::new(Arc::clone(connections.server())));
        Ok(Self {
            connections: Arc::new(connections),
            groups: Arc::default(),
            wake,
        })
    }

    /// Reads of an organisation, or of all. Goes on though the caller lets go of it: a connection is given back as it was.
    async fn read<W: Work + 'static>(&self, org: Option<OrgId>, reach: Reach, work: W) -> Result<W::Done> {
        let connections = Arc::clone(&self.connections);
        to_the_end("a read", async move {
            transaction::read(&connections, org, reach, &work).await
        })
        .await
    }

    /// Writes, to the end, what is not about one organisation.
    async fn write<W: Work + 'static>(&self, what: &str, work: W) -> Result<W::Done> {
        let connections = Arc::clone(&self.connections);
        to_the_end(what, async move {
            Ok(transaction::write(&connections, None, &work).await?)
        })
        .await
    }

    /// Puts sums in the place of the parts that they were read from. Fails without a word: others may do it later.
    fn sum_up(&self, org: OrgId, parts: i64, sql: &'static str, of: Uuid) {
        if parts < PARTS {
            return;
        }
        let connections = Arc::clone(&self.connections);
        drop(tokio::spawn(async move {
            let sum = Sum { org, sql, of };
            if let Err(Failure { error, .. }) = transaction::write(&connections, Some(org), &sum).await {
                tracing::debug!(%error, "counts were not summed up");
            }
        }));
    }
}

/// Does something on the runtime, whatever becomes of the caller.
async fn to_the_end<T: Send + 'static>(
    what: &str,
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    tokio::spawn(work)
        .await
        .unwrap_or_else(|_| Err(error::panicked(what)))
}

/// Of how many parts a count may be the sum.
const PARTS: i64 = 200;

/// Of each bucket, the parts that nobody else is just summing up give way to their sum.
const SUM_TALLIES: &str = "
    WITH gone AS (
        DELETE FROM tallies WHERE ctid = ANY (ARRAY (
            SELECT ctid FROM tallies WHERE org = $1 AND campaign = $2 FOR UPDATE SKIP LOCKED
        )) RETURNING *
    )
    INSERT INTO tallies
    SELECT org, campaign, step, state, reason, accepted, replied, opted_out_after, sum(dispatches) FROM gone
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 HAVING sum(dispatches) <> 0";

const SUM_STANDINGS: &str = "
    WITH gone AS (
        DELETE FROM standings WHERE ctid = ANY (ARRAY (
            SELECT ctid FROM standings WHERE org = $1 AND sequence = $2 FOR UPDATE SKIP LOCKED
        )) RETURNING *
    )
    INSERT INTO standings
    SELECT org, sequence, state, step, reason, sum(enrollments) FROM gone
    GROUP BY 1, 2, 3, 4, 5 HAVING sum(enrollments) <> 0";

struct Sum {
    org: OrgId,
    sql: &'static str,
    of: Uuid,
}

#[async_trait]
impl Work for Sum {
    type Done = ();

    async fn run(&self, client: &ClientWrapper) -> Tried<Self::Done> {
        let sum = Step::any(self.sql, vec![Box::new(self.org.0), Box::new(self.of)]);
        send(client, &[sum]).await.map(|_| ())
    }
}

/// The organisation that a query is about, if it is about one.
fn whose(query: &Query) -> Option<OrgId> {
    match query {
        Query::Records { org, .. } => *org,
        Query::Contacts { org, .. }
        | Query::Messages { org, .. }
        | Query::Conversations { org, .. }
        | Query::Notes { org, .. }
        | Query::MediaFiles { org, .. }
        | Query::Touches { org, .. }
        | Query::Surveys { org, .. }
        | Query::Dispatches { org, .. }
        | Query::Recipients { org, .. }
        | Query::OpenDispatches { org, .. }
        | Query::Enrollments { org, .. }
        | Query::EnrollmentsOf { org, .. }
        | Query::DueEnrollments { org, .. }
        | Query::Seals { org, .. } => Some(*org),
        Query::Due { .. }
        | Query::DueTurns { .. }
        | Query::DueSequences { .. }
        | Query::RunningBroadcasts
        | Query::DueBroadcasts { .. }
        | Query::OpenErasures => None,
    }
}

/// How far a query reaches: filters of contacts may ask for whatever they like.
const fn reach(query: &Query) -> Reach {
    match query {
        Query::Contacts { .. } | Query::Conversations { .. } => Reach::Many,
        _ => Reach::Few,
    }
}

#[async_trait]
impl Storage for PostgresStorage {
    async fn load(&self, keys: Vec<Key>) -> Result<Vec<Option<Stored>>> {
        let mut orgs: Vec<Option<OrgId>> = keys.iter().map(Key::org).collect();
        orgs.dedup();
        let org = match orgs.as_slice() {
            [one] => *one,
            _ => None,
        };
        let connections = Arc::clone(&self.connections);
        to_the_end("a read", async move {
            let rows = transaction::ask(&connections, org, &reads::find(&keys)).await?;
            reads::found(&keys, &rows)
        })
        .await
    }

    async fn page(&self, request: PageRequest) -> Result<Page> {
        self.read(whose(&request.query), reach(&request.query), request)
            .await
    }

    async fn count(&self, query: Query) -> Result<u64> {
        self.read(whose(&query), Reach::Many, Count(query)).await
    }

    async fn journal(&self, request: JournalRequest) -> Result<JournalPage> {
        self.read(Some(request.org), Reach::Few, request).await
    }

    async fn tally(&self, org: OrgId, campaign: Campaign) -> Result<Vec<(Bucket, u64)>> {
        let (buckets, parts) = self.read(Some(org), Reach::Few, Tally(org, campaign)).await?;
        self.sum_up(org, parts, SUM_TALLIES, campaign.id());
        Ok(buckets)
    }

    async fn standings(&self, org: OrgId, sequence: SequenceId) -> Result<Vec<(Standing, u64)>> {
        let (standings, parts) = self.read(Some(org), Reach::Few, Standings(org, sequence)).await?;
        self.sum_up(org, parts, SUM_STANDINGS, sequence.0);
        Ok(standings)
    }

    async fn tag_counts(&self, org: OrgId) -> Result<Vec<(String, u64)>> {
        self.read(Some(org), Reach::Many, TagCounts(org)).await
    }

    async fn shared(&self, request: SharedRequest) -> Result<SharedPage> {
        self.read(Some(request.org), Reach::Few, request).await
    }

    async fn commit(&self, changes: ChangeSet) -> Result<Committed> {
        if changes.is_empty() && changes.expect.is_empty() {
            return self.ping().await.map(|()| Committed::default());
        }
        let committed = self.groups.commit(&self.connections, changes).await?;
        if committed.position.is_some() {
            self.wake.tell(&self.connections);
        }
        Ok(committed)
    }

    async fn changed(&self) {
        self.wake.changed().await;
    }

    async fn claim(&self, request: ClaimRequest) -> Result<Claimed> {
        self.write("a claim", request).await
    }

    async fn copy_in(&self, portion: Portion) -> Result<()> {
        self.write("a write", portion).await
    }

    fn place(&self) -> Option<String> {
        let server = self.connections.server();
        Some(format!("{} schema {}", server.name(), server.schema()))
    }

    async fn prune(&self, parked_before: DateTime<Utc>) -> Result<u64> {
        self.write("a write", Prune(parked_before.timestamp_micros()))
            .await
    }

    async fn scrub(&self) -> Result<()> {
        let connections = Arc::clone(&self.connections);
        to_the_end("scrubbing", async move { scrub::scrub(&connections).await }).await
    }

    async fn ping(&self) -> Result<()> {
        self.load(Vec::new()).await.map(|_| ())
    }

    async fn close(&self) -> Result<()> {
        self.wake.close();
        self.groups.idle().await;
        if self.connections.close() {
            Ok(())
        } else {
            Err(error::closed())
        }
    }
}

struct Prune(i64);

#[async_trait]
impl Work for Prune {
    type Done = u64;

    async fn run(&self, client: &ClientWrapper) -> Tried<Self::Done> {
        let prune = Step::any("DELETE FROM parked WHERE since < $1", vec![Box::new(self.0)]);
        Ok(send(client, &[prune]).await?[0].written)
    }
}
