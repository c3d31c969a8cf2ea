//! The store on a PostgreSQL server, beside bare tables on the same server.

mod commits;
mod dispatch;
mod ingest;
mod launch;
mod people;
mod sizes;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tertulia::storage::Storage;
use tertulia::{PostgresOptions, PostgresStorage};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Config, NoTls};

use crate::measure::Outcome;

pub(crate) use dispatch::{WORKER, work};

/// Names the server.
const VARIABLE: &str = "TERTULIA_TEST_POSTGRES";

/// A part of the bench: its name, and what runs it.
type Part = (&'static str, fn(&Server) -> Outcome<()>);

const PARTS: [Part; 4] = [
    ("people", people::run),
    ("ingest", ingest::run),
    ("dispatch", dispatch::run),
    ("commits", commits::run),
];

/// Whether a server is named.
pub(crate) fn has_server() -> bool {
    std::env::var_os(VARIABLE).is_some()
}

pub(crate) fn run() -> Outcome<()> {
    let server = Server::find()?;
    let asked = std::env::var("PARTS").unwrap_or_default();
    let asked: Vec<&str> = asked.split(',').filter(|part| !part.is_empty()).collect();
    let known = PARTS.map(|(name, _)| name);
    if let Some(stranger) = asked.iter().find(|name| !known.contains(name)) {
        return Err(format!("PARTS names {stranger:?}; there is {}", known.join(", ")).into());
    }
    println!("\npostgres: {}", server.runtime.block_on(server.settings())?);
    for (name, run) in PARTS {
        if asked.is_empty() || asked.contains(&name) {
            let outcome = run(&server);
            server.runtime.block_on(server.clear())?;
            outcome?;
        }
    }
    Ok(())
}

/// A server, and what was made on it.
struct Server {
    url: String,
    runtime: Runtime,
    schemas: Mutex<Vec<String>>,
}

impl Server {
    /// The one that the environment names. Nobody encrypts: the peers cannot.
    fn find() -> Outcome<Self> {
        let mut url = std::env::var(VARIABLE).map_err(|_| {
            format!(
                "{VARIABLE} names no server: put `cargo xtask with-postgres` before the command, or name one"
            )
        })?;
        if !url.contains("sslmode=") {
            url.push_str(if url.contains('?') { "&" } else { "?" });
            url.push_str("sslmode=disable");
        }
        Ok(Self {
            url,
            runtime: Runtime::new()?,
            schemas: Mutex::default(),
        })
    }

    /// What of its settings the figures depend on.
    async fn settings(&self) -> Outcome<String> {
        let names = ["server_version", "fsync", "full_page_writes", "shared_buffers"];
        let client = self.client("public").await?;
        let mut said = Vec::new();
        for name in names {
            let row = client.query_one("SELECT current_setting($1)", &[&name]).await?;
            said.push(format!("{name} {}", row.try_get::<_, &str>(0)?));
        }
        Ok(said.join(", "))
    }

    /// The name of a schema that nobody has yet; [`clear`](Self::clear) removes it.
    fn schema(&self) -> String {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        let schema = format!("bench_{}_{number}", std::process::id());
        let mut schemas = self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        schemas.push(schema.clone());
        schema
    }

    /// The store in a schema, with connections of its own, as another process would have it.
    async fn store(&self, schema: &str) -> Outcome<Arc<dyn Storage>> {
        let mut options = PostgresOptions::default();
        schema.clone_into(&mut options.schema);
        Ok(Arc::new(PostgresStorage::open_with(&self.url, &options).await?))
    }

    /// A connection to bare tables in a schema: what it commits is as durable as what the store does.
    async fn client(&self, schema: &str) -> Outcome<Client> {
        let config: Config = self
            .url
            .parse()
            // What is misplaced in it may be the password.
            .map_err(|_| {
                format!(
                    "{VARIABLE} is not a URL that the peers can use: postgres://user:password@host/database"
                )
            })?;
        let (client, connection) = config.connect(NoTls).await?;
        tokio::spawn(connection);
        let setup = format!("SET search_path = {schema}, public; SET synchronous_commit = on");
        client.batch_execute(&setup).await?;
        Ok(client)
    }

    /// A schema of bare tables.
    async fn bare(&self, tables: &str) -> Outcome<String> {
        let schema = self.schema();
        let client = self.client(&schema).await?;
        client.batch_execute(&format!("CREATE SCHEMA {schema}")).await?;
        client.batch_execute(tables).await?;
        Ok(schema)
    }

    /// As many connections to bare tables as there are to be clients.
    async fn clients(&self, schema: &str, count: usize) -> Outcome<Vec<Client>> {
        let mut clients = Vec::with_capacity(count);
        for _ in 0..count {
            clients.push(self.client(schema).await?);
        }
        Ok(clients)
    }

    /// Lets the server count and tidy up what is in a schema, as it does by itself sooner or later.
    async fn vacuum(&self, schema: &str) -> Outcome<()> {
        let client = self.client(schema).await?;
        let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = $1";
        for row in client.query(tables, &[&schema]).await? {
            let table: &str = row.try_get(0)?;
            client.batch_execute(&format!("VACUUM ANALYZE {table}")).await?;
        }
        Ok(())
    }

    /// Removes what was made.
    async fn clear(&self) -> Outcome<()> {
        let schemas = std::mem::take(&mut *self.schemas.lock().unwrap_or_else(PoisonError::into_inner));
        let client = self.client("public").await?;
        for schema in schemas {
            let drop = format!("DROP SCHEMA IF EXISTS {schema} CASCADE");
            client.batch_execute(&drop).await?;
        }
        Ok(())
    }
}
