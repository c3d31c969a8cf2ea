//! What PostgreSQL failed with, in the words of the store.
//!
//! The server's `DETAIL` and `HINT` quote what is stored, and so do its messages about values: neither is shown or handed
//! on as a cause.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use rustls::CertificateError;
use tertulia_storage_traits::{StorageError, StorageErrorKind};
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

/// The result of what may fail.
pub(crate) type Result<T> = std::result::Result<T, StorageError>;

/// What an error means for what was to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// There was nothing to write, or no `COMMIT` was sent: nothing was written.
    Nothing,
    /// A `COMMIT` was under way: if the connection is lost, nobody knows.
    Unclear,
}

/// An error, and whether the same may be done again as if it had not been tried.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: StorageError,
    /// It would be right to try again: nothing was written, and what was in the way passes.
    pub(crate) passes: bool,
    /// The server refused a value.
    value: bool,
}

impl Failure {
    /// Whether it was about what was to be written, and nothing was; anything else might not have failed.
    pub(crate) const fn is_of_what_was_written(&self) -> bool {
        self.value || matches!(self.error.kind, StorageErrorKind::Conflict)
    }

    /// The same, and it would be right to try again.
    pub(crate) fn passing(self) -> Self {
        Self { passes: true, ..self }
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self {
            error,
            passes: false,
            value: false,
        }
    }
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// The result of what may be done again if it fails.
pub(crate) type Tried<T> = std::result::Result<T, Failure>;

/// Does something, and does it again as long as what it fails with passes.
pub(crate) async fn patiently<T, F>(mut once: impl FnMut() -> F) -> Tried<T>
where
    F: Future<Output = Tried<T>>,
{
    let mut attempts = Attempts::default();
    loop {
        match once().await {
            Err(failure) if attempts.again(&failure).await => {}
            outcome => return outcome,
        }
    }
}

/// Counts how often something was tried, and waits between.
#[derive(Debug, Default)]
struct Attempts(u32);

impl Attempts {
    /// More than the connections that a restart of the server may have cut, and far more than transactions lose to each
    /// other.
    const MOST: u32 = 20;

    /// Whether to try again after this failure; waits until then. The pauses grow, and are drawn by chance, so that those
    /// who met do not meet again.
    async fn again(&mut self, failure: &Failure) -> bool {
        if !failure.passes || self.0 == Self::MOST {
            return false;
        }
        self.0 += 1;
        let most = 1000 << self.0.min(7);
        tokio::time::sleep(Duration::from_micros(fastrand::u64(500..most))).await;
        true
    }
}

/// An error for an answer that is too late: the store was closed.
pub(crate) fn closed() -> StorageError {
    StorageError::new(StorageErrorKind::Closed, "the store was closed; open it again")
}

/// What stands in the place of a result that a panic kept from being.
pub(crate) fn panicked(what: &str) -> StorageError {
    StorageError::new(
        StorageErrorKind::Io,
        format!(
            "{what} was cut off, by the end of its runtime or a panic, and what became of it is not known; read before you \
             do it again"
        ),
    )
}

/// The same trouble, for another caller.
pub(crate) fn again(error: &StorageError) -> StorageError {
    StorageError::new(error.kind, error.message.clone())
}

/// What the store cannot be opened with.
pub(crate) fn bad_options(message: impl Into<String>) -> StorageError {
    StorageError::new(StorageErrorKind::BadOptions, message)
}

/// What went wrong while doing something (`while_doing` completes "while …"), and whether to try again.
pub(crate) fn failed(error: &Error, while_doing: &str, written: Written) -> Failure {
    let Judged { kind, remedy, passes } = match error.as_db_error() {
        Some(answer) => judge_answer(answer, written),
        None => judge_silence(error, written),
    };
    Failure {
        error: StorageError::new(kind, format!("while {while_doing}: {}: {remedy}", said(error))),
        passes,
        // Data, constraints, and what is too large for an index.
        value: error.code().is_some_and(|code| {
            ["22", "23", "54"]
                .iter()
                .any(|class| code.code().starts_with(class))
        }),
    }
}

/// Whether the server refused for want of a privilege.
pub(crate) fn is_privilege(error: &Error) -> bool {
    error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
}

struct Judged {
    kind: StorageErrorKind,
    remedy: &'static str,
    passes: bool,
}

const fn judged(kind: StorageErrorKind, remedy: &'static str) -> Judged {
    Judged {
        kind,
        remedy,
        passes: false,
    }
}

const fn passing(kind: StorageErrorKind, remedy: &'static str) -> Judged {
    Judged {
        kind,
        remedy,
        passes: true,
    }
}

fn lost(written: Written) -> Judged {
    match written {
        Written::Nothing => passing(
            StorageErrorKind::Io,
            "the connection to the server was lost and nothing was written; try again",
        ),
        Written::Unclear => judged(
            StorageErrorKind::Io,
            "the connection to the server was lost, and whether this was written is not known; read before you write \
             it again",
        ),
    }
}

/// What the server's own answer means.
fn judge_answer(answer: &DbError, written: Written) -> Judged {
    use StorageErrorKind::{Busy, Conflict, Corrupt, Io};
    match answer.code().code() {
        "23505" => judged(Conflict, "a record with this key is there already"),
        "55P03" => judged(
            Busy,
            "others hold what was to be written, for longer than this store waits; try again later",
        ),
        "53300" => passing(
            Busy,
            "the server has no connection left; raise its max_connections, or lower that of the processes that use it",
        ),
        "40001" | "40P01" => passing(Busy, "others write the same records at the same time; try again"),
        // The transaction was rolled back before the server hung up.
        "25P03" | "57P05" => passing(
            Io,
            "this process stood still in the middle of a transaction, which was taken back; try again",
        ),
        "57P03" => passing(Io, "the server is starting or stopping; try again when it is up"),
        "57P01" | "57P02" | "57P04" => lost(written),
        "57014" => judged(
            Io,
            "the statement was cancelled by the server's administrator; try again",
        ),
        "28P01" | "28000" => judged(
            Io,
            "the server refused the user or the password; correct them in the URL, or let the user in (pg_hba.conf)",
        ),
        "3D000" => judged(Io, "there is no such database; create it, or name another one"),
        "25006" => judged(
            Io,
            "the server only reads; name the primary, not one of its replicas",
        ),
        "42501" => judged(
            Io,
            "the user lacks a privilege; grant it, or open the store as the user that made it",
        ),
        "53100" => judged(Io, "the server's disk is full; make room and try again"),
        "XX001" | "XX002" => judged(Corrupt, "the server's files are damaged; restore a backup"),
        // Poolers refuse with 08P01, which is none of the server's states of a connection.
        code if code.starts_with("08") && code != "08P01" => lost(written),
        _ => judged(Io, "see the server's log"),
    }
}

/// What it means that no answer came, or none that can be understood.
fn judge_silence(error: &Error, written: Written) -> Judged {
    use StorageErrorKind::{Corrupt, Io};
    let told = error.to_string();
    if told.contains("TLS") {
        return judged(Io, certificate_remedy(error));
    }
    if let Some(io) = cause::<io::Error>(error) {
        return match io.kind() {
            _ if told != CONNECTING => lost(written),
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotFound => passing(
                Io,
                "no server answers there; start it, or correct host and port in the URL",
            ),
            io::ErrorKind::PermissionDenied => judged(
                Io,
                "the server may not be used from here, or does not let write; name the primary, or give this process \
                 the right to its socket",
            ),
            _ => judged(
                Io,
                "the server cannot be reached; see that the host in the URL is right and that the network leads to it",
            ),
        };
    }
    if error.is_closed() {
        return lost(written);
    }
    if told.starts_with("authentication error") || told.starts_with("invalid configuration") {
        return judged(Io, "give what is missing in the URL");
    }
    if told.contains("column") {
        return judged(
            Corrupt,
            "what is stored is not what this store writes; restore a backup, or mend the row",
        );
    }
    judged(Io, "this is a fault of the library, please report it")
}

/// How the client calls an error of making a connection.
const CONNECTING: &str = "error connecting to server";

fn cause<T: std::error::Error + 'static>(error: &Error) -> Option<&T> {
    error.source()?.downcast_ref()
}

fn certificate_remedy(error: &Error) -> &'static str {
    let Some(io) = cause::<io::Error>(error) else {
        return "the server offers no TLS; switch it on there (ssl = on), or ask for less with sslmode";
    };
    let refused = io
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match refused {
        Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "the server's certificate is from an issuer that is not known; name its root certificate in sslrootcert"
        }
        Some(rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => {
            "the server's certificate is for another name; connect by a name that it has, or give the server one for this \
             name"
        }
        Some(rustls::Error::InvalidCertificate(_)) => {
            "the server's certificate is not valid; give the server one that is"
        }
        _ => "TLS could not be agreed on with the server; see its log",
    }
}

/// What the server or the network said, without what may be stored: with its class alone, where its words may quote values.
fn said(error: &Error) -> String {
    let Some(answer) = error.as_db_error() else {
        return match cause::<io::Error>(error) {
            Some(io) => format!("{error}: {io}"),
            None => match error.source() {
                // Errors of a column's type quote nothing, those of its value might.
                Some(cause) if !error.to_string().contains("column") => format!("{error}: {cause}"),
                _ => error.to_string(),
            },
        };
    };
    let code = answer.code().code();
    let safe = [
        "08", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58",
    ];
    if safe.iter().any(|class| code.starts_with(class)) {
        return format!("{} (SQLSTATE {code})", answer.message());
    }
    let place = [
        ("table", answer.table()),
        ("column", answer.column()),
        ("constraint", answer.constraint()),
    ]
    .into_iter()
    .filter_map(|(what, name)| Some(format!(", {what} {}", name?)))
    .collect::<String>();
    format!("the server refused a statement (SQLSTATE {code}{place})")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connect::testing;

    #[tokio::test]
    async fn what_the_server_answers_has_a_kind_and_says_whether_to_try_again() {
        use StorageErrorKind::{Busy, Conflict, Corrupt, Io};
        for (code, kind, passes) in [
            ("23505", Conflict, false),
            ("55P03", Busy, false),
            ("53300", Busy, true),
            ("40001", Busy, true),
            ("40P01", Busy, true),
            ("57P01", Io, true),
            ("57P02", Io, true),
            ("57P03", Io, true),
            ("25P03", Io, true),
            ("08006", Io, true),
            ("08P01", Io, false),
            ("57014", Io, false),
            ("28P01", Io, false),
            ("3D000", Io, false),
            ("25006", Io, false),
            ("42501", Io, false),
            ("53100", Io, false),
            ("22P02", Io, false),
            ("XX001", Corrupt, false),
        ] {
            let error = refused(code).await;
            let failure = failed(&error, "trying", Written::Nothing);
            assert_eq!((failure.error.kind, failure.passes), (kind, passes), "{code}");
            let message = &failure.error.message;
            assert!(
                message.starts_with("while trying: ") && message.contains(code),
                "{message}"
            );
        }
    }

    #[tokio::test]
    async fn while_a_commit_is_under_way_only_what_was_surely_taken_back_is_tried_again() {
        for (code, passes) in [
            ("57P01", false),
            ("08006", false),
            ("25P03", true),
            ("40001", true),
        ] {
            let failure = failed(&refused(code).await, "committing", Written::Unclear);
            assert_eq!(failure.passes, passes, "{code}");
        }
    }

    #[tokio::test]
    async fn no_message_and_no_cause_repeats_what_is_stored() {
        for code in ["23505", "22P02", "23514", "P0001", "40001", "42P01"] {
            let error = refused(code).await;
            let failure = failed(&error, "trying", Written::Nothing);
            assert!(
                !format!("{:?}", failure.error).contains("a detail"),
                "{:?}",
                failure.error
            );
        }
        for code in ["23505", "22P02", "23514", "P0001"] {
            let failure = failed(&refused(code).await, "trying", Written::Nothing);
            assert!(!failure.error.message.contains("a word"), "{}", failure.error);
        }
    }

    #[tokio::test]
    async fn a_key_that_is_taken_is_told_by_its_constraint() {
        let (client, _driver) = testing::client().await;
        let twice = "CREATE TEMPORARY TABLE people (phone text CONSTRAINT one_phone UNIQUE);
                     INSERT INTO people VALUES ('+5511987654321'), ('+5511987654321')";
        let error = client.batch_execute(twice).await.unwrap_err();
        let message = failed(&error, "trying", Written::Nothing).error.message;
        assert!(
            message.contains("one_phone") && !message.contains("55119"),
            "{message}"
        );
    }

    #[tokio::test]
    async fn what_passes_is_tried_again_so_many_times_and_nothing_else() {
        let failure = failed(&refused("40001").await, "trying", Written::Nothing);
        let lost = failed(&refused("23505").await, "trying", Written::Nothing);
        for (failure, times) in [(failure, 1 + Attempts::MOST), (lost, 1)] {
            let mut tried = 0;
            let ended: Tried<()> = patiently(|| {
                tried += 1;
                let (error, passes) = (again(&failure.error), failure.passes);
                async move {
                    let again = Failure::from(error);
                    Err(if passes { again.passing() } else { again })
                }
            })
            .await;
            ended.unwrap_err();
            assert_eq!(tried, times);
        }
    }

    /// What the server says that is told to fail so.
    async fn refused(code: &str) -> Error {
        let (client, _driver) = testing::client().await;
        let fail = format!(
            "DO $$ BEGIN RAISE EXCEPTION 'a word' USING ERRCODE = '{code}', DETAIL = 'a detail', HINT = 'a detail'; END $$"
        );
        client.batch_execute(&fail).await.unwrap_err()
    }
}
