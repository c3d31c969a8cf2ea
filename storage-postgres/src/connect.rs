//! Connections: how each is made and set up, and the pool that hands them out.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{
    Manager, Metrics, Object, Pool, PoolConfig, PoolError, RecycleError, RecycleResult, Timeouts,
};
use deadpool_postgres::ClientWrapper;
use tertulia_storage_traits::{StorageError, StorageErrorKind};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_postgres::{AsyncMessage, Client};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{self, Failure, Result, Written};
use crate::migrate;
use crate::options::{Options, Target};
use crate::tls;

/// The oldest version of PostgreSQL that has what the store needs.
const OLDEST: u32 = 13;

/// A connection that goes back to the pool when it is dropped.
pub(crate) type Connection = Object<Connector>;

/// What the pool keeps.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: ClientWrapper,
    /// Whether nothing is open on it. One that comes back otherwise, from work that was cut off, is closed.
    pub(crate) idle: bool,
    /// For whom the wall is open while no transaction is.
    pub(crate) whose: String,
}

/// A server, and how connections to it are made.
pub(crate) struct Server {
    target: Target,
    tls: MakeRustlsConnect,
    setup: String,
    patience: Duration,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.target.name).finish()
    }
}

impl Server {
    /// The server of this URL. Asks it nothing yet.
    pub(crate) fn new(url: &str, options: &Options) -> Result<Self> {
        let target = Target::read(url, options)?;
        Ok(Self {
            tls: tls::connector(&target)?,
            setup: setup(&target.schema, options.busy_timeout),
            patience: options.connect_timeout,
            target,
        })
    }

    /// What messages call the database.
    pub(crate) fn name(&self) -> &str {
        &self.target.name
    }

    /// The schema that holds the store: a plain name, which may stand between double quotes.
    pub(crate) fn schema(&self) -> &str {
        &self.target.schema
    }

    /// The user that the URL names.
    pub(crate) fn user(&self) -> Option<&str> {
        self.target.config.get_user()
    }

    /// The database that the URL names.
    pub(crate) fn database(&self) -> Option<&str> {
        self.target.config.get_dbname().or(self.user())
    }

    /// The statement that sets a connection up.
    pub(crate) fn setup(&self) -> &str {
        &self.setup
    }

    /// A connection, set up, and the task that drives it, which ends with the connection. Calls `notified` for each
    /// notification.
    ///
    /// A server that is starting, or refuses connections because it is being restarted, is asked again for a while.
    pub(crate) async fn connect(
        &self,
        notified: impl Fn() + Clone + Send + 'static,
    ) -> Result<(Client, JoinHandle<()>)> {
        let give_up = Instant::now() + self.patience;
        let mut last: Option<StorageError> = None;
        loop {
            // Rare and large: whoever asks for a connection does not carry it along.
            let attempt = Box::pin(self.connect_once(notified.clone()));
            let attempt = tokio::time::timeout_at(give_up, attempt).await;
            match attempt {
                Ok(Err(failure)) if failure.passes && Instant::now() < give_up => last = Some(failure.error),
                Ok(outcome) => return outcome.map_err(StorageError::from),
                Err(_) => return Err(last.unwrap_or_else(|| self.silent())),
            }
            // The next attempt finds out if the time is over.
            let pause = Duration::from_millis(fastrand::u64(20..200));
            tokio::time::sleep_until(give_up.min(Instant::now() + pause)).await;
        }
    }

    async fn connect_once(
        &self,
        notified: impl Fn() + Send + 'static,
    ) -> std::result::Result<(Client, JoinHandle<()>), Failure> {
        let while_connecting = format!("connecting to {}", self.name());
        let failed = |error| error::failed(&error, &while_connecting, Written::Nothing);
        let (client, mut connection) = self
            .target
            .config
            .connect(self.tls.clone())
            .await
            .map_err(failed)?;
        check_version(connection.parameter("server_version"), self.name())?;
        let driver = tokio::spawn(async move {
            loop {
                match poll_fn(|cx| connection.poll_message(cx)).await {
                    Some(Ok(AsyncMessage::Notification(_))) => notified(),
                    Some(Ok(_)) => {}
                    // Whoever waits for an answer hears of it.
                    Some(Err(_)) | None => return,
                }
            }
        });
        client.batch_execute(&self.setup).await.map_err(failed)?;
        Ok((client, driver))
    }

    fn silent(&self) -> StorageError {
        StorageError::new(
            StorageErrorKind::Io,
            format!(
                "while connecting to {}: no answer within {:?}: see that a PostgreSQL server runs there and that the \
                 network leads to it",
                self.name(),
                self.patience
            ),
        )
    }
}

/// Refuses a server that is older than what the store needs.
fn check_version(version: Option<&str>, name: &str) -> Result<()> {
    let major = version.and_then(|version| {
        let end = version
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(version.len());
        version[..end].parse::<u32>().ok()
    });
    match major {
        Some(major) if major >= OLDEST => Ok(()),
        _ => Err(StorageError::new(
            StorageErrorKind::NotAStore,
            format!(
                "{name} is a PostgreSQL server of version {}; it was left as it is: name one of version {OLDEST} or newer",
                version.unwrap_or("unknown")
            ),
        )),
    }
}

/// What sets up a connection, in one statement; no name in it is quoted twice.
///
/// - Names are looked for in the store's schema, then where the extensions are.
/// - A process that stands still in the middle of a transaction (stopped, suspended, cut off) would hold its locks for as
///   long as it does; after 5 seconds the server takes the transaction back.
/// - Records are found by their indexes, also in a table that has grown since the server last counted its rows; what reads
///   much says so.
/// - Statements that are prepared are planned once: planning takes longer than finding some rows by their keys.
/// - What was committed is on the disk, whatever the server's own setting: only then a webhook is answered.
fn setup(schema: &str, busy_timeout: Duration) -> String {
    // 0 would mean for ever.
    let patience = busy_timeout.as_millis().clamp(1, 2_147_483_647);
    format!(
        "SELECT set_config('search_path', concat_ws(', ', '\"{schema}\"', (
             SELECT string_agg(DISTINCT quote_ident(n.nspname), ', ')
             FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
             WHERE e.extname IN ('pg_trgm', 'btree_gin') AND n.nspname <> '{schema}')), false),
         set_config('lock_timeout', '{patience}', false),
         set_config('idle_in_transaction_session_timeout', '5000', false),
         set_config('statement_timeout', '0', false),
         set_config('synchronous_commit', 'on', false),
         set_config('default_transaction_isolation', 'read committed', false),
         set_config('timezone', 'UTC', false),
         set_config('client_min_messages', 'warning', false),
         set_config('enable_seqscan', 'off', false),
         set_config('enable_hashjoin', 'off', false),
         set_config('enable_mergejoin', 'off', false),
         set_config('enable_material', 'off', false),
         set_config('plan_cache_mode', 'force_generic_plan', false),
         set_config('jit', 'off', false)"
    )
}

/// Makes the pool's connections.
#[derive(Debug)]
pub(crate) struct Connector(Arc<Server>);

impl Manager for Connector {
    type Type = Session;
    type Error = StorageError;

    async fn create(&self) -> Result<Session> {
        let (client, driver) = self.0.connect(|| ()).await?;
        Ok(Session {
            client: ClientWrapper::new(client, driver),
            idle: true,
            whose: String::new(),
        })
    }

    async fn recycle(&self, session: &mut Session, _: &Metrics) -> RecycleResult<StorageError> {
        if session.client.is_closed() || !session.idle {
            return Err(RecycleError::message(
                "the connection was lost, or is not as it was",
            ));
        }
        Ok(())
    }
}

/// The connections of one store.
#[derive(Debug)]
pub(crate) struct Connections {
    server: Arc<Server>,
    pool: Pool<Connector>,
}

impl Connections {
    /// Connects, and brings the database to the version of this library.
    pub(crate) async fn open(url: &str, options: &Options) -> Result<Self> {
        let server = Arc::new(Server::new(url, options)?);
        let mut config = PoolConfig::new(options.max_connections);
        config.timeouts = Timeouts {
            wait: Some(options.busy_timeout),
            ..Timeouts::default()
        };
        let pool = Pool::builder(Connector(Arc::clone(&server)))
            .config(config)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| error::bad_options(error.to_string()))?;
        let connections = Self { server, pool };
        migrate::migrate(&connections).await?;
        Ok(connections)
    }

    /// The server that they lead to.
    pub(crate) fn server(&self) -> &Arc<Server> {
        &self.server
    }

    /// A connection that was not closed when it was last looked at. It may be by now: what is done on it must stand being
    /// done again, see [`patiently`](crate::error::patiently).
    pub(crate) async fn get(&self) -> Result<Connection> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => error,
            PoolError::Timeout(_) => StorageError::new(
                StorageErrorKind::Busy,
                format!(
                    "all {} connections of this store to {} are in use; try again later, or raise max_connections",
                    self.pool.status().max_size,
                    self.server.name()
                ),
            ),
            _ => error::closed(),
        })
    }

    /// Lets go of all connections; those in use when they are given back. Whether they were open until now.
    pub(crate) fn close(&self) -> bool {
        let open = !self.pool.is_closed();
        self.pool.close();
        open
    }
}

/// The server that tests use.
#[cfg(test)]
#[allow(clippy::expect_used)]
pub(crate) mod testing {
    use super::{Client, Connections, JoinHandle, Options, Server};

    fn url() -> String {
        std::env::var("TERTULIA_TEST_POSTGRES").expect(
            "TERTULIA_TEST_POSTGRES names no server: put `cargo xtask with-postgres` before the command that runs the tests",
        )
    }

    /// A connection of its own, set up as any other.
    pub(crate) async fn client() -> (Client, JoinHandle<()>) {
        let server = Server::new(&url(), &Options::default()).expect("the URL is one");
        server.connect(|| ()).await.expect("the server answers")
    }

    /// A new store in a schema of this name.
    pub(crate) async fn store(schema: &str) -> Connections {
        let options = Options {
            schema: format!("{schema}_{}", std::process::id()),
            ..Options::default()
        };
        Connections::open(&url(), &options)
            .await
            .expect("the store opens")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_set_up_before_it_is_handed_out() {
        let store = testing::store("set-up").await;
        let connection = store.get().await.expect("a connection");
        for (setting, value) in [
            ("application_name", "tertulia"),
            ("default_transaction_isolation", "read committed"),
            ("idle_in_transaction_session_timeout", "5s"),
            ("lock_timeout", "30s"),
            ("statement_timeout", "0"),
            ("synchronous_commit", "on"),
            ("TimeZone", "UTC"),
        ] {
            let row = connection
                .client
                .query_one("SELECT current_setting($1)", &[&setting])
                .await;
            assert_eq!(row.expect("a setting").get::<_, &str>(0), value, "{setting}");
        }
        let row = connection
            .client
            .query_one("SELECT current_setting('search_path')", &[])
            .await;
        let path = format!("\"{}\", public", store.server().schema());
        assert_eq!(row.expect("a path").get::<_, &str>(0), path);
    }

    #[test]
    fn a_server_is_new_enough_from_version_13_on() {
        for (version, fits) in [
            (Some("9.6.24"), false),
            (Some("12.22 (Debian 12.22-1)"), false),
            (Some("13.0"), true),
            (Some("15.18 (Debian 15.18-0+deb12u1)"), true),
            (Some("18beta1"), true),
            (Some("newest"), false),
            (None, false),
        ] {
            assert_eq!(check_version(version, "it").is_ok(), fits, "{version:?}");
        }
    }
}
