//! Servers and databases that are no place for a store, and that nothing is changed in them.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::Duration;

use tertulia_storage_postgres::{Options, PostgresStorage};
use tertulia_storage_traits::StorageErrorKind;

use crate::support::{
    Cluster, certificates, client, database, everything, impatient, in_database, name, password, refused,
    superuser_url, url, with,
};

/// Opens it, which must be refused so, with all of these words, and without a trace.
async fn is_refused(url: &str, kind: StorageErrorKind, words: &[&str]) {
    let (found, message) = refused(url, &Options::default()).await;
    assert_eq!(found, kind, "{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

#[tokio::test]
async fn where_no_server_is_the_message_says_where_and_what_to_look_at() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nobody = format!("postgres://tertulia:geheim@127.0.0.1:{port}/crm");
    let (kind, message) = refused(&nobody, &impatient(Duration::from_millis(100))).await;
    assert_eq!(kind, StorageErrorKind::Io);
    for word in [
        &*format!("postgres://127.0.0.1:{port}/crm"),
        "no server answers there",
    ] {
        assert!(message.contains(word), "{message}");
    }

    let folder = tempfile::TempDir::new().unwrap();
    let nobody = format!("postgres:///crm?user=tertulia&host={}", folder.path().display());
    let (kind, message) = refused(&nobody, &impatient(Duration::from_millis(100))).await;
    assert_eq!(kind, StorageErrorKind::Io);
    assert!(message.contains("no server answers there"), "{message}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_waited_for_no_longer_than_asked() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("postgres://tertulia:geheim@{}/crm", silent.local_addr().unwrap());
    let (kind, message) = refused(&url, &impatient(Duration::from_millis(100))).await;
    assert_eq!(kind, StorageErrorKind::Io);
    assert!(message.contains("no answer within 100ms"), "{message}");
}

#[tokio::test]
async fn a_wrong_password_and_a_database_that_is_not_there_are_told_apart() {
    let (url, _, superuser) = database().await;
    let before = everything(&superuser).await;
    let wrong = url.replace(password(&url), "wrong-one");
    is_refused(
        &wrong,
        StorageErrorKind::Io,
        &["refused the user or the password"],
    )
    .await;
    let nowhere = in_database(&crate::support::url(), "no-such-database");
    is_refused(
        &nowhere,
        StorageErrorKind::Io,
        &["no such database", "no-such-database"],
    )
    .await;
    let without = url.replace(&format!(":{}", password(&url)), "");
    let (kind, message) = refused(&without, &Options::default()).await;
    assert_eq!(kind, StorageErrorKind::Io);
    assert!(message.contains("password missing"), "{message}");
    assert_eq!(everything(&superuser).await, before);
}

/// Speaks as much of the protocol as says which version it is, and gives what it was asked after that.
fn server_of_version(version: &'static str) -> (u16, thread::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut length = [0; 4];
        stream.read_exact(&mut length).unwrap();
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap();
        stream.read_exact(&mut vec![0; length - 4]).unwrap();
        let parameter = [b"server_version\0", version.as_bytes(), b"\0"].concat();
        let mut answer = Vec::new();
        for (kind, body) in [(b'R', &[0, 0, 0, 0][..]), (b'S', &parameter), (b'Z', b"I")] {
            answer.push(kind);
            answer.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
            answer.extend(body);
        }
        stream.write_all(&answer).unwrap();
        let mut asked = Vec::new();
        // A client that has heard enough may go without a word.
        let _ = stream.read_to_end(&mut asked);
        asked
    });
    (port, server)
}

#[tokio::test]
async fn a_server_that_is_too_old_is_refused_before_it_is_asked_anything() {
    let (port, server) = server_of_version("12.22 (Debian 12.22-1.pgdg120+1)");
    let old = format!("postgres://tertulia:geheim@127.0.0.1:{port}/crm?sslmode=disable");
    is_refused(
        &old,
        StorageErrorKind::NotAStore,
        &["version 12.22", "version 13 or newer"],
    )
    .await;
    let asked = server.join().unwrap();
    assert!(
        asked.is_empty() || asked[0] == b'X',
        "no more than a goodbye: {asked:?}"
    );
}

#[tokio::test]
async fn a_schema_that_is_not_a_store_is_refused_and_left_as_it_is() {
    let (url, _, superuser) = database().await;
    let owner = client(&url).await;
    let meta = "CREATE TABLE meta (application text NOT NULL, format integer NOT NULL)";
    let marked = |application: &str, format: &str| {
        format!("{meta}; INSERT INTO meta VALUES ('{application}', {format})")
    };
    for (what, kind, word) in [
        (
            "CREATE TABLE people (phone text)".to_owned(),
            StorageErrorKind::NotAStore,
            "another application's",
        ),
        (
            "CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'".to_owned(),
            StorageErrorKind::NotAStore,
            "another application's",
        ),
        (
            "CREATE TYPE mood AS ENUM ('sad', 'happy')".to_owned(),
            StorageErrorKind::NotAStore,
            "another application's",
        ),
        (
            "CREATE TABLE meta (key text, value text)".to_owned(),
            StorageErrorKind::NotAStore,
            "another application's",
        ),
        (
            meta.to_owned(),
            StorageErrorKind::NotAStore,
            "another application's",
        ),
        (
            marked("another", "1"),
            StorageErrorKind::NotAStore,
            "another application's",
        ),
        (
            marked("tertulia", "1000"),
            StorageErrorKind::Newer,
            "update the library",
        ),
        (
            marked("tertulia", "-1"),
            StorageErrorKind::Newer,
            "update the library",
        ),
    ] {
        let schema = name("another");
        let make = format!("CREATE SCHEMA {schema}; SET search_path TO {schema}; {what}");
        owner.batch_execute(&make).await.unwrap();
        let before = everything(&superuser).await;
        let place = format!("the schema {schema}");
        let url = with(&url, &format!("schema={schema}"));
        is_refused(&url, kind, &[word, "it was left as it is", &place]).await;
        assert_eq!(everything(&superuser).await, before, "{what}");
    }
}

#[tokio::test]
async fn what_others_keep_in_the_same_database_is_no_hindrance_and_stays() {
    let (url, _, superuser) = database().await;
    client(&url)
        .await
        .batch_execute(
            "CREATE TABLE meta (x integer); CREATE SCHEMA shop; CREATE TABLE shop.orders (x integer)",
        )
        .await
        .unwrap();
    let before = everything(&superuser).await;
    PostgresStorage::open(&url).await.unwrap();
    PostgresStorage::open(&with(&url, "schema=another-store"))
        .await
        .unwrap();
    let after = everything(&superuser).await;
    assert!(before.iter().all(|thing| after.contains(thing)));
    assert!(after.contains(&"schema another-store ".to_owned()), "{after:?}");
}

#[tokio::test]
async fn a_server_that_only_reads_is_refused_even_for_a_store() {
    let (url, _, superuser) = database().await;
    let only_reads = with(&url, "options=-c%20default_transaction_read_only%3Don");
    let before = everything(&superuser).await;
    is_refused(
        &only_reads,
        StorageErrorKind::Io,
        &["can only be read", "primary"],
    )
    .await;
    assert_eq!(everything(&superuser).await, before);
    PostgresStorage::open(&url).await.unwrap();
    is_refused(
        &only_reads,
        StorageErrorKind::Io,
        &["can only be read", "primary"],
    )
    .await;
}

#[tokio::test]
async fn a_replica_and_a_server_without_tls_are_refused() {
    let mut cluster = Cluster::start(&["ssl=off"]);
    let verified = with(&cluster.url, "sslmode=require");
    is_refused(
        &verified,
        StorageErrorKind::Io,
        &["the server offers no TLS", "sslmode"],
    )
    .await;
    let superuser = client(&cluster.superuser_url).await;
    let before = everything(&superuser).await;
    let replica = cluster.tell("replica").join("");
    let replica = replica.strip_prefix("REPLICA=").unwrap();
    is_refused(replica, StorageErrorKind::Io, &["can only be read", "primary"]).await;
    assert_eq!(everything(&superuser).await, before);
    PostgresStorage::open(&cluster.url).await.unwrap();
    is_refused(replica, StorageErrorKind::Io, &["can only be read", "primary"]).await;
}

#[tokio::test]
async fn a_certificate_must_be_from_a_known_issuer_and_for_the_servers_name() {
    let root = certificates().join("root.crt").display().to_string();
    let by_address = url().replace("@localhost:", "@127.0.0.1:");
    for (url, words) in [
        (
            with(&url(), "sslmode=require"),
            ["issuer that is not known", "sslrootcert"],
        ),
        (
            with(&url(), "sslmode=verify-ca"),
            ["issuer that is not known", "sslrootcert"],
        ),
        (
            with(&by_address, &format!("sslmode=verify-full&sslrootcert={root}")),
            ["for another name", "connect by a name"],
        ),
        (
            with(&by_address, &format!("sslmode=require&sslrootcert={root}")),
            ["for another name", "connect by a name"],
        ),
    ] {
        is_refused(&url, StorageErrorKind::Io, &words).await;
    }
    let nothing = with(&url(), "sslmode=require&sslrootcert=/no/such.pem");
    is_refused(&nothing, StorageErrorKind::BadOptions, &["/no/such.pem", "PEM"]).await;
}

#[tokio::test]
async fn a_connection_is_as_safe_as_the_url_asks() {
    let superuser = client(&superuser_url()).await;
    let root = certificates().join("root.crt").display().to_string();
    let own = certificates().join("server.crt").display().to_string();
    let by_address = url().replace("@localhost:", "@127.0.0.1:");
    for (url, encrypted) in [
        (url(), true),
        (by_address.clone(), true),
        (with(&url(), "sslmode=disable"), false),
        (with(&url(), &format!("sslmode=require&sslrootcert={root}")), true),
        (
            with(&url(), &format!("sslmode=verify-full&sslrootcert={root}")),
            true,
        ),
        (
            with(&url(), &format!("sslmode=verify-full&sslrootcert={own}")),
            true,
        ),
    ] {
        let application = name("tls");
        let url = with(&url, &format!("schema=tls&application_name={application}"));
        let _store = PostgresStorage::open(&url).await.unwrap();
        let row = superuser
            .query_one(
                "SELECT bool_and(s.ssl) FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name = $1",
                &[&application],
            )
            .await
            .unwrap();
        assert_eq!(row.get::<_, Option<bool>>(0), Some(encrypted), "{application}");
    }
    let stranger = with(&by_address, &format!("sslmode=verify-full&sslrootcert={own}"));
    is_refused(&stranger, StorageErrorKind::Io, &["for another name"]).await;
}

#[tokio::test]
async fn a_socket_in_the_file_system_is_a_server_too() {
    let (_, database, _) = database().await;
    let url = in_database(&superuser_url(), &database);
    PostgresStorage::open(&url).await.unwrap();
    PostgresStorage::open(&with(&url, "sslmode=require"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_user_who_lacks_a_privilege_is_told_what_to_have_granted() {
    let (url, database, superuser) = database().await;
    let guest = name("guest");
    superuser
        .batch_execute(&format!(
            "CREATE ROLE {guest} LOGIN PASSWORD '{}'",
            password(&url)
        ))
        .await
        .unwrap();
    let as_guest = url.replace("//tertulia:", &format!("//{guest}:"));
    let before = everything(&superuser).await;
    let grant = format!("GRANT CREATE ON DATABASE \"{database}\" TO \"{guest}\"");
    is_refused(&as_guest, StorageErrorKind::Io, &[&grant]).await;
    assert_eq!(everything(&superuser).await, before);

    // With a schema of its own it lacks the extensions.
    let own = format!("CREATE SCHEMA tertulia AUTHORIZATION {guest}");
    superuser.batch_execute(&own).await.unwrap();
    let before = everything(&superuser).await;
    let extensions = "CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin;";
    is_refused(&as_guest, StorageErrorKind::Io, &[extensions]).await;
    assert_eq!(everything(&superuser).await, before);

    // They are there, where it may not look.
    superuser
        .batch_execute("CREATE SCHEMA hidden; CREATE EXTENSION pg_trgm SCHEMA hidden; CREATE EXTENSION btree_gin SCHEMA hidden")
        .await
        .unwrap();
    let before = everything(&superuser).await;
    let usage = format!("GRANT USAGE ON SCHEMA \"hidden\" TO \"{guest}\"");
    is_refused(&as_guest, StorageErrorKind::Io, &[&usage]).await;
    assert_eq!(everything(&superuser).await, before);

    // What the messages name is enough.
    superuser.batch_execute(&usage).await.unwrap();
    PostgresStorage::open(&as_guest).await.unwrap();

    // Another user may not even look whose it is.
    is_refused(
        &url,
        StorageErrorKind::Io,
        &["GRANT ALL ON SCHEMA \"tertulia\" TO \"tertulia\""],
    )
    .await;
}

#[tokio::test]
async fn a_schema_that_may_not_be_written_is_told_so() {
    let (url, _, superuser) = database().await;
    superuser
        .batch_execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin; CREATE SCHEMA tertulia; GRANT USAGE ON SCHEMA tertulia TO tertulia")
        .await
        .unwrap();
    let before = everything(&superuser).await;
    is_refused(
        &url,
        StorageErrorKind::Io,
        &["GRANT USAGE, CREATE ON SCHEMA \"tertulia\" TO \"tertulia\""],
    )
    .await;
    assert_eq!(everything(&superuser).await, before);
}
