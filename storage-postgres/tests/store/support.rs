//! What the tests share: the server that they find, and servers of their own for what must not be done to that one.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tertulia_core::record::{ChangeSet, Op, Record};
use tertulia_storage_postgres::{Options, PostgresStorage};
use tertulia_storage_traits::StorageErrorKind;
use tokio_postgres::{Client, NoTls};

/// What the server that tests find is told by.
pub(crate) fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: put `cargo xtask with-postgres` before the command that runs the tests")
    })
}

/// A user who owns the database and is no superuser, by TCP and with a password.
pub(crate) fn url() -> String {
    variable("TERTULIA_TEST_POSTGRES")
}

/// The superuser, by the socket.
pub(crate) fn superuser_url() -> String {
    variable("TERTULIA_TEST_POSTGRES_SUPERUSER")
}

/// The folder of `root.crt`, an authority, and `server.crt`, what it issued to the server as `localhost`.
pub(crate) fn certificates() -> PathBuf {
    variable("TERTULIA_TEST_POSTGRES_CERTIFICATES").into()
}

/// The password in a URL of the tests.
pub(crate) fn password(url: &str) -> &str {
    let (_, rest) = url.split_once("tertulia:").unwrap();
    rest.split_once('@').unwrap().0
}

/// The URL with another database.
pub(crate) fn in_database(url: &str, database: &str) -> String {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let (server, _) = place.rsplit_once('/').unwrap();
    format!("{server}/{database}?{query}")
}

/// The URL with another parameter.
pub(crate) fn with(url: &str, parameter: &str) -> String {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    format!("{place}?{query}&{parameter}")
}

/// A name that no other test has.
pub(crate) fn name(what: &str) -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let number = LAST.fetch_add(1, Ordering::Relaxed);
    format!("{what}_{}_{number}", std::process::id())
}

/// A plain connection to this URL.
pub(crate) async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A new database of the tests' user, without extensions: its URL, its name, and its superuser's connection.
pub(crate) async fn database() -> (String, String, Client) {
    let database = name("test");
    client(&superuser_url())
        .await
        .batch_execute(&format!("CREATE DATABASE {database} OWNER tertulia"))
        .await
        .unwrap();
    let superuser = client(&in_database(&superuser_url(), &database)).await;
    (in_database(&url(), &database), database, superuser)
}

/// All that is in a database, one thing a line.
pub(crate) async fn everything(superuser: &Client) -> Vec<String> {
    let all = "SELECT * FROM (
            SELECT 'schema ' || nspname || ' ' || coalesce(nspacl::text, '') AS thing FROM pg_namespace
                WHERE nspname !~ '^pg_(toast_)?temp_'
            UNION ALL SELECT 'extension ' || extname FROM pg_extension
            UNION ALL SELECT 'relation ' || oid::regclass::text || ' ' || relfilenode || ' ' || coalesce(relacl::text, '')
                FROM pg_class WHERE relnamespace <> ALL (ARRAY['pg_catalog', 'pg_toast', 'information_schema']::regnamespace[])
                AND relnamespace::regnamespace::text !~ '^pg_(toast_)?temp_'
            UNION ALL SELECT 'function ' || oid::regprocedure::text FROM pg_proc WHERE pronamespace <> 'pg_catalog'::regnamespace
            UNION ALL SELECT 'type ' || oid::regtype::text FROM pg_type WHERE typnamespace <> 'pg_catalog'::regnamespace
            UNION ALL SELECT 'role setting ' || setdatabase || setrole || setconfig::text FROM pg_db_role_setting
        ) things ORDER BY thing";
    let rows = superuser.query(all, &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// How opening is refused. The message never has the password.
pub(crate) async fn refused(url: &str, options: &Options) -> (StorageErrorKind, String) {
    let error = PostgresStorage::open_with(url, options).await.unwrap_err();
    let told = format!("{error} {error:?}");
    if url.contains("tertulia:") {
        assert!(
            !told.contains(password(url)),
            "{}",
            error.message.replace(password(url), "PASSWORD")
        );
    }
    (error.kind, error.message)
}

/// Options that wait no longer than this for a server.
pub(crate) fn impatient(connect_timeout: Duration) -> Options {
    let mut options = Options::default();
    options.connect_timeout = connect_timeout;
    options
}

/// A server of a test's own, gone with it.
pub(crate) struct Cluster {
    script: Child,
    /// Taken when it ends.
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
    pub(crate) superuser_url: String,
}

impl Cluster {
    /// Starts one with these settings.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let mut command = Command::new("sh");
        command
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster.sh"))
            .arg(variable("TERTULIA_TEST_POSTGRES_PROGRAMS"))
            .args(settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        // What a terminal tells those in front of it would cut the script off before it has removed anything.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut script = command.spawn().unwrap();
        let mut cluster = Self {
            input: script.stdin.take(),
            output: BufReader::new(script.stdout.take().unwrap()).lines(),
            script,
            url: String::new(),
            superuser_url: String::new(),
        };
        while let Some(line) = cluster.output.next() {
            let line = line.unwrap();
            match line.split_once('=') {
                Some(("TERTULIA_TEST_POSTGRES", url)) => url.clone_into(&mut cluster.url),
                Some(("TERTULIA_TEST_POSTGRES_SUPERUSER", url)) => url.clone_into(&mut cluster.superuser_url),
                Some(_) => {}
                None => {
                    assert_eq!(line, "ready");
                    return cluster;
                }
            }
        }
        panic!("no server was started");
    }

    /// Has one of the script's commands done; gives what it wrote before.
    pub(crate) fn tell(&mut self, command: &str) -> Vec<String> {
        writeln!(self.input.as_mut().unwrap(), "{command}").unwrap();
        let lines = self.output.by_ref().map(Result::unwrap);
        let mut said: Vec<_> = lines
            .take_while(|line| line != "done" && line != "failed")
            .collect();
        said.retain(|line| !line.is_empty());
        said
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.input.take());
        // What it had to say, it has said.
        let _ = self.script.wait();
    }
}

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

pub(crate) fn inserts(records: impl IntoIterator<Item = impl Into<Record>>) -> ChangeSet {
    ChangeSet {
        expect: Vec::new(),
        ops: records
            .into_iter()
            .map(|record| Op::Insert(record.into()))
            .collect(),
    }
}
