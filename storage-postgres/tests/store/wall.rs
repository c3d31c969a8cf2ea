//! The second wall between organisations, which the server keeps whatever a statement asks for.

use tertulia_core::contact::{Contact, CreatedBy};
use tertulia_core::ids::{IdSource, OrgId};
use tertulia_storage_postgres::PostgresStorage;
use tertulia_storage_traits::Storage;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::support::{client, inserts, name, now, url, with};

/// A store with a contact of each of two organisations, and a connection of the store's own user that looks into it.
async fn two_organisations() -> (PostgresStorage, Client, [OrgId; 2]) {
    let schema = name("wall");
    let store = PostgresStorage::open(&with(&url(), &format!("schema={schema}")))
        .await
        .unwrap();
    let mut ids = IdSource::new(now(), 7);
    let orgs: [OrgId; 2] = [ids.next(), ids.next()];
    for org in orgs {
        let contact = Contact::new(org, ids.next(), CreatedBy::Api, now());
        store.commit(inserts([contact])).await.unwrap();
    }
    let client = client(&url()).await;
    client
        .batch_execute(&format!("SET search_path = \"{schema}\""))
        .await
        .unwrap();
    (store, client, orgs)
}

async fn contacts_seen(client: &Client, whose: Option<&str>) -> i64 {
    client.batch_execute("BEGIN").await.unwrap();
    if let Some(whose) = whose {
        let sql = format!("SET LOCAL tertulia.org = '{whose}'");
        client.batch_execute(&sql).await.unwrap();
    }
    let seen = client.query_one("SELECT count(*) FROM contacts", &[]).await;
    client.batch_execute("ROLLBACK").await.unwrap();
    seen.unwrap().get(0)
}

#[tokio::test]
async fn a_statement_that_forgets_the_organisation_sees_no_other() {
    let (_store, client, orgs) = two_organisations().await;
    assert_eq!(
        contacts_seen(&client, None).await,
        0,
        "nobody's transaction sees nothing"
    );
    for org in orgs {
        assert_eq!(contacts_seen(&client, Some(&org.to_string())).await, 1);
    }
    assert_eq!(contacts_seen(&client, Some("all")).await, 2);
    assert_eq!(
        contacts_seen(&client, None).await,
        0,
        "what was set ends with its transaction"
    );
}

#[tokio::test]
async fn a_statement_writes_nothing_of_another_organisation() {
    let (_store, client, [one, other]) = two_organisations().await;
    client
        .batch_execute(&format!("BEGIN; SET LOCAL tertulia.org = '{one}'"))
        .await
        .unwrap();
    let changed = client
        .execute("UPDATE contacts SET version = 9", &[])
        .await
        .unwrap();
    assert_eq!(changed, 1, "its own");
    let refused = client
        .execute(
            "INSERT INTO contacts (org, contact, version, body) VALUES ($1, $1, 1, '{}')",
            &[&other.0],
        )
        .await
        .unwrap_err();
    assert_eq!(
        refused.code(),
        Some(&SqlState::INSUFFICIENT_PRIVILEGE),
        "{refused}"
    );
    client.batch_execute("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn every_table_of_organisations_is_walled_but_for_what_is_searched() {
    let (_store, client, _) = two_organisations().await;
    let open = client
        .query(
            "SELECT c.relname::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org'
             WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND c.relkind = 'r'
                 AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                     AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
             ORDER BY 1",
            &[],
        )
        .await
        .unwrap();
    let open: Vec<String> = open.iter().map(|row| row.get(0)).collect();
    assert_eq!(open, ["contact_facts", "contact_keys", "contact_search"]);
}
