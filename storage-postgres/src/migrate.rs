//! Whose schema it is, and of which version.

use deadpool_postgres::Transaction;
use tertulia_storage_traits::{StorageError, StorageErrorKind};
use tokio_postgres::GenericClient;

use crate::connect::{Connections, Server};
use crate::error::{self, Failure, Tried, Written, patiently};

/// In order; see `migrations/NOTES.md`.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_init.sql")];

/// What marks a schema as ours.
const APPLICATION: &str = "tertulia";

/// What the store's indexes need.
const EXTENSIONS: [&str; 2] = ["pg_trgm", "btree_gin"];

/// Of all processes that would migrate a store of this database, one does, and the others find it done. `Trtu`.
const LOCK: &str = "SELECT pg_catalog.pg_advisory_xact_lock(1416787061)";

/// Brings the schema to the version of this library. One that is not ours, or newer, is left as it is, and so is a
/// database that cannot be written.
pub(crate) async fn migrate(connections: &Connections) -> Result<(), StorageError> {
    Ok(patiently(|| once(connections)).await?)
}

async fn once(connections: &Connections) -> Tried<()> {
    let server = connections.server().as_ref();
    let mut connection = connections.get().await?;
    // First of all without a lock, so that a store in use opens at once and nothing of somebody else's is touched.
    let client: &tokio_postgres::Client = &connection.client;
    if identify(client, server).await?.of(server)? == Some(MIGRATIONS.len()) {
        return Ok(());
    }
    let failed = failures(server, Written::Nothing);
    let transaction = connection.client.transaction().await.map_err(&failed)?;
    transaction.batch_execute(LOCK).await.map_err(&failed)?;
    let found = identify(&*transaction, server).await?;
    let done = found.of(server)?;
    if done == Some(MIGRATIONS.len()) {
        return Ok(());
    }
    if !found.there {
        create_schema(&transaction, server).await?;
    }
    create_extensions(&transaction, server).await?;
    transaction.batch_execute(server.setup()).await.map_err(&failed)?;
    apply(&transaction, server, done).await?;
    // Done again, it finds itself done.
    transaction.commit().await.map_err(&failed)
}

/// How errors while opening become failures.
fn failures(server: &Server, written: Written) -> impl Fn(tokio_postgres::Error) -> Failure {
    move |error| error::failed(&error, &format!("opening {}", server.name()), written)
}

/// The same, where the user may lack a privilege: with what an administrator has to run.
fn unless_granted(server: &Server, remedy: String) -> impl Fn(tokio_postgres::Error) -> Failure {
    move |error| {
        if !error::is_privilege(&error) {
            return failures(server, Written::Nothing)(error);
        }
        Failure::from(StorageError::new(
            StorageErrorKind::Io,
            format!(
                "while opening {}: the user may not do what making the store takes; an administrator of the server has to \
                 run, in this database: {remedy}",
                server.name()
            ),
        ))
    }
}

fn user(server: &Server) -> String {
    server.user().map_or_else(|| "…".to_owned(), quoted)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

async fn create_schema(transaction: &Transaction<'_>, server: &Server) -> Tried<()> {
    let database = server.database().map_or_else(|| "…".to_owned(), quoted);
    transaction
        .batch_execute(&format!("CREATE SCHEMA \"{}\"", server.schema()))
        .await
        .map_err(unless_granted(
            server,
            format!("GRANT CREATE ON DATABASE {database} TO {}", user(server)),
        ))
}

/// Extensions are put where others find them, too: a schema that is dropped takes with it what it holds.
async fn create_extensions(transaction: &Transaction<'_>, server: &Server) -> Tried<()> {
    let failed = failures(server, Written::Nothing);
    let shared = transaction
        .query_one(
            "SELECT coalesce((SELECT has_schema_privilege(oid, 'CREATE') FROM pg_namespace WHERE nspname = 'public'), false)",
            &[],
        )
        .await
        .and_then(|row| row.try_get(0))
        .map_err(&failed)?;
    let place = if shared { "public" } else { server.schema() };
    for extension in EXTENSIONS {
        let found = transaction
            .query_opt(
                "SELECT n.nspname::text, has_schema_privilege(n.oid, 'USAGE')
                 FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = $1",
                &[&extension],
            )
            .await
            .map_err(&failed)?;
        let Some(found) = found else {
            let available = transaction
                .query_opt(
                    "SELECT FROM pg_available_extensions WHERE name = $1",
                    &[&extension],
                )
                .await
                .map_err(&failed)?;
            if available.is_none() {
                return Err(Failure::from(StorageError::new(
                    StorageErrorKind::Io,
                    format!(
                        "while opening {}: the server does not have the extension {extension}; install PostgreSQL's contrib \
                         package on it",
                        server.name()
                    ),
                )));
            }
            transaction
                .batch_execute(&format!("CREATE EXTENSION {extension} SCHEMA \"{place}\""))
                .await
                .map_err(unless_granted(
                    server,
                    EXTENSIONS
                        .map(|name| format!("CREATE EXTENSION {name};"))
                        .join(" "),
                ))?;
            continue;
        };
        let (schema, usable): (String, bool) = (
            found.try_get(0).map_err(&failed)?,
            found.try_get(1).map_err(&failed)?,
        );
        if !usable {
            return Err(Failure::from(StorageError::new(
                StorageErrorKind::Io,
                format!(
                    "while opening {}: the user may not use the schema of the extension {extension}; an administrator of the \
                     server has to run, in this database: GRANT USAGE ON SCHEMA {} TO {}",
                    server.name(),
                    quoted(&schema),
                    user(server)
                ),
            )));
        }
    }
    Ok(())
}

/// Runs what is missing, and marks the schema.
async fn apply(transaction: &Transaction<'_>, server: &Server, done: Option<usize>) -> Tried<()> {
    let granted = unless_granted(
        server,
        format!(
            "GRANT USAGE, CREATE ON SCHEMA \"{}\" TO {}",
            server.schema(),
            user(server)
        ),
    );
    let newest = MIGRATIONS.len();
    let (before, after) = match done {
        None => (
            "CREATE TABLE meta (application text NOT NULL, format integer NOT NULL);
             CREATE UNIQUE INDEX meta_once ON meta ((true));"
                .to_owned(),
            format!("INSERT INTO meta VALUES ('{APPLICATION}', {newest})"),
        ),
        Some(_) => (String::new(), format!("UPDATE meta SET format = {newest}")),
    };
    let missing = MIGRATIONS[done.unwrap_or_default()..].join("\n;");
    let statements = [before, missing, after].join("\n;");
    transaction.batch_execute(&statements).await.map_err(granted)
}

/// What a database says of itself.
struct Found {
    /// Nothing can be written: a replica, or a server that was set so.
    only_reads: bool,
    /// The schema is there.
    there: bool,
    /// How much is in the schema.
    objects: i64,
    /// What the mark says, where there is one.
    mark: Option<(String, i32)>,
}

/// What an extension brought is nobody's own.
const IDENTIFY: &str = "
    SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean,
           n.oid IS NOT NULL,
           (SELECT count(*) FROM pg_class WHERE relnamespace = n.oid
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_class.oid AND d.deptype = 'e'))
               + (SELECT count(*) FROM pg_proc WHERE pronamespace = n.oid
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_proc.oid AND d.deptype = 'e'))
               + (SELECT count(*) FROM pg_type WHERE typnamespace = n.oid AND typtype IN ('d', 'e', 'r')
                AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = pg_type.oid AND d.deptype = 'e')),
           (SELECT count(*) = 2 FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relnamespace = n.oid AND c.relname = 'meta' AND c.relkind = 'r'
                AND (a.attname, a.atttypid) IN (('application', 'text'::regtype), ('format', 'integer'::regtype)))
    FROM (SELECT) one LEFT JOIN pg_namespace n ON n.nspname = $1";

async fn identify(client: &impl GenericClient, server: &Server) -> Tried<Found> {
    let failed = failures(server, Written::Nothing);
    let schema = server.schema();
    let row = client.query_one(IDENTIFY, &[&schema]).await.map_err(&failed)?;
    let mut found = Found {
        only_reads: row.try_get(0).map_err(&failed)?,
        there: row.try_get(1).map_err(&failed)?,
        objects: row.try_get(2).map_err(&failed)?,
        mark: None,
    };
    if row.try_get(3).map_err(&failed)? {
        let mark = client
            .query_opt(&format!("SELECT application, format FROM \"{schema}\".meta LIMIT 1"), &[])
            .await
            .map_err(unless_granted(
                server,
                format!(
                    "GRANT ALL ON SCHEMA \"{schema}\" TO {user}; GRANT ALL ON ALL TABLES IN SCHEMA \"{schema}\" TO {user}",
                    user = user(server)
                ),
            ))?;
        if let Some(mark) = mark {
            found.mark = Some((
                mark.try_get(0).map_err(&failed)?,
                mark.try_get(1).map_err(&failed)?,
            ));
        }
    }
    Ok(found)
}

impl Found {
    /// How many migrations the schema has seen; `None` if it is not a store yet.
    fn of(&self, server: &Server) -> Result<Option<usize>, StorageError> {
        let (name, schema) = (server.name(), server.schema());
        if self.only_reads {
            return Err(StorageError::new(
                StorageErrorKind::Io,
                format!(
                    "{name} can only be read; name the primary server, not one of its replicas, or let it be written"
                ),
            ));
        }
        let newest = MIGRATIONS.len();
        match &self.mark {
            None if self.objects == 0 => Ok(None),
            Some((application, format)) if application == APPLICATION => match usize::try_from(*format) {
                Ok(format) if format <= newest => Ok(Some(format)),
                _ => Err(StorageError::new(
                    StorageErrorKind::Newer,
                    format!(
                        "the schema {schema} of {name} has format {format}, this version of the library knows {newest} at \
                         most; it was left as it is: update the library"
                    ),
                )),
            },
            _ => Err(StorageError::new(
                StorageErrorKind::NotAStore,
                format!(
                    "the schema {schema} of {name} is another application's; it was left as it is: name another database or \
                     another schema"
                ),
            )),
        }
    }
}
