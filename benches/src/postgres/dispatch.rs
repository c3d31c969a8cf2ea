//! Broadcasts out by several processes, beside a bare table of jobs and as many clients.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tertulia::clock::SystemClock;
use tertulia::core::ids::AccountId;
use tertulia::{Filter, Org, Selection};
use tokio_postgres::Client;

use crate::dispatch::TOGETHER;
use crate::measure::{Outcome, Side, compare, side};
use crate::nowhere::{Nowhere, broadcast, people};
use crate::shop::{SENDER, crm, organisation};

use super::Server;
use super::sizes::Sizes;

/// The argument by which this program is a worker on the store of a schema.
pub(crate) const WORKER: &str = "postgres-worker";

/// How many recipients there are; `RECIPIENTS` in the environment says otherwise.
const RECIPIENTS: usize = 10_000;

/// How many processes send.
const WORKERS: [usize; 3] = [1, 2, 4];

/// How many organisations have a third of the recipients each.
const SHARING: usize = 3;

pub(super) fn run(server: &Server) -> Outcome<()> {
    let recipients = std::env::var("RECIPIENTS").map_or(Ok(RECIPIENTS), |recipients| recipients.parse())?;
    let recipients: usize = (recipients / SHARING).max(1) * SHARING;
    let world = server.runtime.block_on(World::of(server, recipients))?;
    let before = server.runtime.block_on(Sizes::of(server, &world.schema))?;
    world.sent(server, &world.shops[..1], recipients, 1)?;
    let after = server.runtime.block_on(Sizes::of(server, &world.schema))?;
    after.grown(&before, recipients, "recipient of a first broadcast, sent");
    // Nobody's first broadcast is compared with somebody else's second.
    world.sent(server, &world.shops[1..], recipients, 1)?;
    let world = &world;
    for workers in WORKERS {
        let mut sides: Vec<Side<'_>> = Vec::new();
        let (one, several) = world.shops.split_at(1);
        for (shops, of) in [(one, "one organisation"), (several, "three organisations")] {
            sides.push(side(
                format!("Crm::run_due, {of}, {workers} processes"),
                recipients,
                move || world.sent(server, shops, recipients, workers),
            ));
        }
        for states in [&["sending", "done"][..], &["done"][..]] {
            let name = format!(
                "peer: a table of jobs, {TOGETHER} claimed at once, {} states each, {workers} clients",
                states.len() + 1
            );
            sides.push(side(name, recipients, move || {
                server.runtime.block_on(jobs(server, states, recipients, workers))
            }));
        }
        compare(
            &format!("postgres: a broadcast to {recipients}, sent to nobody, by {workers}"),
            &mut sides,
        )?;
    }
    Ok(())
}

struct World {
    schema: String,
    /// One with all the people, then those that share as many.
    shops: Vec<(Org, AccountId)>,
}

impl World {
    async fn of(server: &Server, recipients: usize) -> Outcome<Self> {
        let schema = server.schema();
        let crm = crm(
            server.store(&schema).await?,
            Nowhere::of_this_process(),
            SystemClock,
        )?;
        let mut shops = Vec::new();
        for number in 0..=SHARING {
            let sender = format!("{}{number}", &SENDER[1..]);
            let (org, account) = organisation(&crm, &sender).await?;
            let empty = Sizes::of(server, &schema).await?;
            if number == 0 {
                people(&org, recipients).await?;
                let full = Sizes::of(server, &schema).await?;
                full.grown(&empty, recipients, "contact, imported");
            } else {
                people(&org, recipients / SHARING).await?;
            }
            shops.push((org, account));
        }
        server.vacuum(&schema).await?;
        Ok(Self { schema, shops })
    }

    /// Launches a broadcast of each of these to everybody, and has so many processes send them. How long that took.
    fn sent(
        &self,
        server: &Server,
        shops: &[(Org, AccountId)],
        recipients: usize,
        workers: usize,
    ) -> Outcome<Duration> {
        // A sender leaves some seconds between two broadcasts to one person.
        std::thread::sleep(Duration::from_secs(6));
        server.runtime.block_on(async {
            for (org, account) in shops {
                let new = broadcast(*account, Selection::Filter(Filter::Everyone))?;
                let id = org.broadcasts().create(new).await?;
                org.broadcasts().launch(id).await?;
            }
            Outcome::Ok(())
        })?;
        let mut workers: Vec<Worker> = (0..workers)
            .map(|_| Worker::start(&self.schema))
            .collect::<Outcome<_>>()?;
        for worker in &mut workers {
            worker.says("ready")?;
        }
        let start = Instant::now();
        for worker in &mut workers {
            worker.tell()?;
        }
        let mut accepted = 0;
        for worker in &mut workers {
            accepted += worker.line()?.parse::<usize>()?;
        }
        let took = start.elapsed();
        if accepted != recipients {
            return Err(format!("{accepted} of {recipients} were sent").into());
        }
        Ok(took)
    }
}

/// A process that sends.
struct Worker {
    process: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl Worker {
    fn start(schema: &str) -> Outcome<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args([WORKER, schema])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let said = process.stdout.take().ok_or("a worker has no output")?;
        Ok(Self {
            process,
            said: BufReader::new(said),
        })
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        self.said.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    fn says(&mut self, word: &str) -> Outcome<()> {
        let line = self.line()?;
        if line == word {
            Ok(())
        } else {
            Err(format!("a worker said {line:?}, not {word:?}").into())
        }
    }

    /// Lets it begin.
    fn tell(&mut self) -> Outcome<()> {
        let input = self.process.stdin.as_mut().ok_or("a worker has no input")?;
        input.write_all(b"go\n")?;
        Ok(input.flush()?)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // One that came to its end takes no notice.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Is a worker: says that it is ready, waits for a line, sends what is due, says how many messages that were.
pub(crate) fn work(schema: &str) -> Outcome<()> {
    let server = Server::find()?;
    server.runtime.block_on(async {
        let crm = crm(
            server.store(schema).await?,
            Nowhere::of_this_process(),
            SystemClock,
        )?;
        println!("ready");
        std::io::stdin().read_line(&mut String::new())?;
        let mut accepted = 0;
        loop {
            let done = crm.run_due().await?;
            accepted += done.accepted;
            if done.accepted == 0 {
                break;
            }
        }
        println!("{accepted}");
        crm.close().await?;
        Ok(())
    })
}

const TABLES: &str = "
    CREATE TABLE jobs (id bigserial PRIMARY KEY, state text NOT NULL, body text NOT NULL);
    CREATE INDEX jobs_open ON jobs (id) WHERE state = 'pending';";

const CLAIM: &str = "
    UPDATE jobs SET state = 'claimed' WHERE id = ANY (ARRAY (
        SELECT id FROM jobs WHERE state = 'pending' ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
    )) RETURNING id";

const MARK: &str = "UPDATE jobs SET state = $2 WHERE id = ANY ($1)";

/// Claims all of so many jobs and brings them through further states, each of them a commit. How long it took.
async fn jobs(
    server: &Server,
    states: &'static [&'static str],
    amount: usize,
    clients: usize,
) -> Outcome<Duration> {
    let schema = server.bare(TABLES).await?;
    let filling = server.client(&schema).await?;
    filling
        .execute(
            "INSERT INTO jobs (state, body) SELECT 'pending', repeat('x', 300) FROM generate_series(1, $1::bigint)",
            &[&i64::try_from(amount)?],
        )
        .await?;
    server.vacuum(&schema).await?;
    let clients = server.clients(&schema, clients).await?;
    let start = Instant::now();
    let tasks: Vec<_> = clients
        .into_iter()
        .map(|client| tokio::spawn(take(client, states)))
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await??;
    }
    let took = start.elapsed();
    if done != amount {
        return Err(format!("{done} of {amount} jobs were done").into());
    }
    Ok(took)
}

async fn take(client: Client, states: &'static [&'static str]) -> Outcome<usize> {
    let (claim, mark) = (client.prepare(CLAIM).await?, client.prepare(MARK).await?);
    let together = i64::try_from(TOGETHER)?;
    let mut done = 0;
    loop {
        let claimed = client.query(&claim, &[&together]).await?;
        let ids = claimed
            .iter()
            .map(|row| row.try_get(0))
            .collect::<Result<Vec<i64>, _>>()?;
        if ids.is_empty() {
            return Ok(done);
        }
        for state in states {
            client.execute(&mark, &[&ids, state]).await?;
        }
        done += ids.len();
    }
}
