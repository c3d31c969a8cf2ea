//! Which server, and how it is used.

use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::error::{Result, bad_options};

/// How a store behaves.
///
/// # The URL
/// `postgres://user:password@host:5432/database?parameter=value&…`, or `postgres:///database?host=/folder/of/the/socket`. In
/// the user and the password, `@ : / ? #` and `%` are written as `%40 %3A %2F %3F %23` and `%25`. Of the parameters that
/// PostgreSQL's own programs know, these are known here, too:
/// - `sslmode`: `disable` is a plain connection. `prefer`, the default, has TLS if the server offers it, whoever the server
///   is. `require`, `verify-ca` and `verify-full` have TLS with a certificate that is valid for the server's name: the first
///   two are stricter here than there. A socket in the file system has no TLS.
/// - `sslrootcert`: see [`root_certificate`](Self::root_certificate); `system` for the roots that Mozilla trusts.
/// - `target_session_attrs=read-write`: of several hosts, `host1,host2`, the one that is the primary.
/// - `application_name` (default `tertulia`), `connect_timeout` of one attempt, `tcp_user_timeout`, `keepalives…`,
///   `channel_binding`, `load_balance_hosts`, `sslnegotiation`, `hostaddr`, `options`.
///
/// And one more: `schema`, as below. What the URL says goes before what stands here.
///
/// Connections must be of the store's own for as long as it holds them: a pooler between must pool sessions, not
/// transactions.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How many connections this store holds at most, besides one to listen on; default 8. Calls wait for each other
    /// when all are in use.
    pub max_connections: usize,
    /// How long one connection may take to come about; default 10 seconds. Until then a server that is starting, or that
    /// refuses connections because it is being restarted, is asked again.
    pub connect_timeout: Duration,
    /// How long a write waits for locks that others hold, and a call for one of this store's connections, before it fails
    /// as busy; default 30 seconds.
    pub busy_timeout: Duration,
    /// The schema that holds the store: at most 63 of the letters a to z, digits, `_` and `-`; default `tertulia`. Several
    /// stores may share a database under schemas of their own.
    pub schema: String,
    /// A file with the root certificates, in PEM form, of which one must have issued the server's; default those that
    /// Mozilla trusts. A server's own certificate in it is trusted as it is.
    pub root_certificate: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_connections: 8,
            connect_timeout: Duration::from_secs(10),
            busy_timeout: Duration::from_secs(30),
            schema: "tertulia".to_owned(),
            root_certificate: None,
        }
    }
}

/// How far TLS goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    /// None.
    Off,
    /// If the server offers it, whoever it is: who can read along could as well say that the server offers none.
    IfOffered,
    /// Always, with a certificate that is valid for the server's name.
    Verified,
}

/// A server, as the URL and the options name it.
#[derive(Debug)]
pub(crate) struct Target {
    /// Shows no password.
    pub(crate) config: Config,
    pub(crate) tls: Tls,
    /// What the server's certificate must come from; `None` for the public roots.
    pub(crate) roots: Option<PathBuf>,
    pub(crate) schema: String,
    /// What messages call the database: its URL without user and password.
    pub(crate) name: String,
}

/// What tokio-postgres reads out of a URL.
const KNOWN: [&str; 18] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// How soon it is noticed that a server is gone without a word: the first probe after 30 seconds of silence, and what was
/// sent may go without an answer for as long.
const SILENCE: Duration = Duration::from_secs(30);

impl Target {
    /// Reads the URL. No message repeats any of it: what is misplaced may be the password.
    pub(crate) fn read(url: &str, options: &Options) -> Result<Self> {
        let rest = ["postgres://", "postgresql://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme))
            .ok_or_else(|| {
                bad_options("the URL of a PostgreSQL server begins with postgres://; give postgres://user:password@host/database")
            })?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        if authority.matches('@').count() > 1 || path.contains(['@', '/']) {
            return Err(bad_options(
                "the URL of the PostgreSQL server cannot be read; write it as postgres://user:password@host/database, and \
                 @ : / ? # and % in the user or the password as %40 %3A %2F %3F %23 and %25",
            ));
        }
        let (mut sslmode, mut schema, mut roots) = (None, None, None);
        let mut silences = (true, true);
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = percent_decode_str(value).decode_utf8_lossy().into_owned();
            match key {
                "sslmode" => sslmode = Some(decoded),
                "schema" => schema = Some(decoded),
                "sslrootcert" => roots = Some(decoded),
                key if KNOWN.contains(&key) => {
                    silences.0 &= key != "keepalives_idle";
                    silences.1 &= key != "tcp_user_timeout";
                    kept.push(pair.replace('@', "%40"));
                }
                _ => {
                    return Err(bad_options(format!(
                        "the URL of the PostgreSQL server has a parameter that is not known; known are sslmode, \
                         sslrootcert, schema, {}",
                        KNOWN.join(", ")
                    )));
                }
            }
        }
        let mut config: Config = format!("postgres://{place}?{}", kept.join("&")).parse().map_err(|_| {
            bad_options(
                "the URL of the PostgreSQL server cannot be read: the port, or the value of a parameter, is not one; write it \
                 as postgres://user:password@host:5432/database",
            )
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(bad_options(
                "the URL of the PostgreSQL server names no host; write postgres://user:password@host/database, or \
                 postgres:///database?host=/folder/of/the/socket",
            ));
        }
        if config.get_application_name().is_none() {
            config.application_name("tertulia");
        }
        if silences.0 {
            config.keepalives_idle(SILENCE);
            config.keepalives_interval(SILENCE / 3);
            config.keepalives_retries(3);
        }
        if silences.1 {
            config.tcp_user_timeout(SILENCE);
        }
        let mut tls = tls(sslmode.as_deref())?;
        if config.get_hostaddrs().is_empty() && config.get_hosts().iter().all(is_socket) {
            // As libpq: a socket in the file system has no TLS.
            tls = Tls::Off;
        }
        config.ssl_mode(match tls {
            Tls::Off => SslMode::Disable,
            Tls::IfOffered => SslMode::Prefer,
            Tls::Verified => SslMode::Require,
        });
        let schema = schema.unwrap_or_else(|| options.schema.clone());
        check_schema(&schema)?;
        if options.max_connections == 0 {
            return Err(bad_options(
                "max_connections is 0; a store needs a connection at least",
            ));
        }
        Ok(Self {
            name: name(&config),
            roots: match roots.as_deref() {
                Some("system") => None,
                Some(path) => Some(PathBuf::from(path)),
                None => options.root_certificate.clone(),
            },
            config,
            tls,
            schema,
        })
    }
}

fn tls(sslmode: Option<&str>) -> Result<Tls> {
    match sslmode {
        Some("disable") => Ok(Tls::Off),
        None | Some("prefer" | "allow") => Ok(Tls::IfOffered),
        Some("require" | "verify-ca" | "verify-full") => Ok(Tls::Verified),
        Some(_) => Err(bad_options(
            "sslmode in the URL of the PostgreSQL server is not one; give disable, prefer, require, verify-ca or verify-full",
        )),
    }
}

/// Schemas stand in statements and settings without being quoted twice: so their names are plain.
fn check_schema(schema: &str) -> Result<()> {
    let plain = !schema.is_empty()
        && schema.len() <= 63
        && schema
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-'));
    if plain && !schema.starts_with("pg_") && schema != "information_schema" {
        Ok(())
    } else {
        Err(bad_options(format!(
            "the schema {schema:?} cannot hold a store; give at most 63 of the letters a to z, digits, _ and -, not beginning \
             with pg_"
        )))
    }
}

fn is_socket(host: &Host) -> bool {
    match host {
        #[cfg(unix)]
        Host::Unix(_) => true,
        Host::Tcp(_) => false,
    }
}

/// The URL without user and password.
fn name(config: &Config) -> String {
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    let ports = config.get_ports();
    let mut sockets = Vec::new();
    let mut places = Vec::new();
    for (place, host) in config.get_hosts().iter().enumerate() {
        let port = ports
            .get(place)
            .or_else(|| ports.first())
            .copied()
            .unwrap_or(5432);
        match host {
            Host::Tcp(host) => places.push(format!("{host}:{port}")),
            #[cfg(unix)]
            Host::Unix(folder) if port == 5432 => sockets.push(format!("host={}", folder.display())),
            #[cfg(unix)]
            Host::Unix(folder) => sockets.push(format!("host={}&port={port}", folder.display())),
        }
    }
    if places.is_empty() && sockets.is_empty() {
        places.extend(config.get_hostaddrs().iter().map(ToString::to_string));
    }
    let query = if sockets.is_empty() { "" } else { "?" };
    format!(
        "postgres://{}/{database}{query}{}",
        places.join(","),
        sockets.join("&")
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(url: &str) -> Target {
        Target::read(url, &Options::default()).unwrap()
    }

    #[test]
    fn a_url_says_where_the_server_is_and_how_far_tls_goes() {
        for (url, name, tls) in [
            (
                "postgres://ana:geheim@db.example.com/crm",
                "postgres://db.example.com:5432/crm",
                Tls::IfOffered,
            ),
            (
                "postgresql://ana@db:6000/crm?sslmode=disable",
                "postgres://db:6000/crm",
                Tls::Off,
            ),
            (
                "postgres://ana@a,b:6000/crm?sslmode=require",
                "postgres://a:5432,b:6000/crm",
                Tls::Verified,
            ),
            (
                "postgres://ana@db?sslmode=verify-ca",
                "postgres://db:5432/ana",
                Tls::Verified,
            ),
            (
                "postgres://ana@[::1]/crm?sslmode=verify-full",
                "postgres://::1:5432/crm",
                Tls::Verified,
            ),
            (
                "postgres:///crm?host=/run/pg&user=ana&sslmode=require",
                "postgres:///crm?host=/run/pg",
                Tls::Off,
            ),
            (
                "postgres://ana@%2Frun%2Fpg/crm",
                "postgres:///crm?host=/run/pg",
                Tls::Off,
            ),
            (
                "postgres://ana:a%40b%2F@db/crm?application_name=a@b",
                "postgres://db:5432/crm",
                Tls::IfOffered,
            ),
        ] {
            let target = read(url);
            assert_eq!((target.name.as_str(), target.tls), (name, tls), "{url}");
        }
    }

    #[test]
    fn what_the_url_says_goes_before_the_options() {
        let options = Options {
            schema: "of-the-options".to_owned(),
            root_certificate: Some("options.pem".into()),
            ..Options::default()
        };
        let read = |url| Target::read(url, &options).unwrap();
        let plain = read("postgres://ana@db/crm");
        assert_eq!(plain.schema, "of-the-options");
        assert_eq!(plain.roots, Some("options.pem".into()));
        assert_eq!(plain.config.get_application_name(), Some("tertulia"));
        let told = read("postgres://ana@db/crm?schema=mine&sslrootcert=%2Fa+b.pem&application_name=shop");
        assert_eq!(told.schema, "mine");
        assert_eq!(told.roots, Some("/a+b.pem".into()));
        assert_eq!(told.config.get_application_name(), Some("shop"));
        assert_eq!(read("postgres://ana@db/crm?sslrootcert=system").roots, None);
    }

    #[test]
    fn what_is_no_url_is_refused_without_being_repeated() {
        for url in [
            "crm.db",
            "mysql://ana:geheim@db/crm",
            "host=db user=ana password=geheim",
            "postgres://ana:geheim",
            "postgres://ana:ge@heim@db/crm",
            "postgres://ana:ge/heim@db/crm",
            "postgres://ana:ge?heim@db/crm",
            "postgres://ana:ge?heim=@db/crm",
            "postgres://ana:geheim@db:port/crm",
            "postgres://ana:geheim@db/crm?geheim=1",
            "postgres://ana:geheim@db/crm?sslmode=geheim",
            "postgres://ana:geheim@db/crm?target_session_attrs=geheim",
            "postgres:///crm?user=ana&password=geheim",
            "postgres://",
        ] {
            let error = Target::read(url, &Options::default()).unwrap_err();
            assert_eq!(
                error.kind,
                tertulia_storage_traits::StorageErrorKind::BadOptions,
                "{url}"
            );
            assert!(!error.message.contains("heim"), "{}", error.message);
        }
        let shown = format!("{:?}", read("postgres://ana:geheim@db/crm"));
        assert!(!shown.contains("geheim"), "{shown}");
    }

    #[test]
    fn a_schema_has_a_plain_name_of_its_own() {
        for (schema, fits) in [
            ("tertulia", true),
            ("shop-2_b", true),
            (&*"a".repeat(63), true),
            (&*"a".repeat(64), false),
            ("", false),
            ("pg_mine", false),
            ("information_schema", false),
            ("Shop", false),
            ("a\"b", false),
            ("a'b", false),
        ] {
            assert_eq!(check_schema(schema).is_ok(), fits, "{schema}");
        }
    }
}
