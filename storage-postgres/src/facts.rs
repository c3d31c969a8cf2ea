//! What is kept beside a contact, because filters, searches or other contacts look for it.

use serde_json::{Map, Value as Json};
use tertulia_core::contact::Contact;
use tertulia_core::duplicates;
use tertulia_core::filter::seen;
use tertulia_core::fold::fold;
use tertulia_core::record::{Key, Record};
use tertulia_storage_sql::rows::{column_values, key_values};
use tertulia_storage_sql::{Value, as_id};

use crate::steps::Step;
use crate::tables::sought;
use crate::values::{Holds, columns, encode};

const KEEP: &str = "
    INSERT INTO contact_facts AS t (
        org, contact, status, opted_in, lead, owner, source, conversation, created_at, last_interaction, name_key,
        tags, attributes, folded, keys
    )
    SELECT n.org, n.contact, n.status, n.opted_in, n.lead, n.owner, n.source, n.conversation, n.created_at,
        n.last_interaction, n.name_key, ARRAY (SELECT jsonb_array_elements_text(n.tags::jsonb)), n.attributes::jsonb,
        n.folded::jsonb, ARRAY (SELECT jsonb_array_elements_text(n.keys::jsonb))
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::boolean[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::bigint[],
        $10::bigint[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[]
    ) AS n (
        org, contact, status, opted_in, lead, owner, source, conversation, created_at, last_interaction, name_key,
        tags, attributes, folded, keys
    )
    ON CONFLICT (org, contact) DO UPDATE SET
        status = excluded.status, opted_in = excluded.opted_in, lead = excluded.lead, owner = excluded.owner,
        source = excluded.source, conversation = excluded.conversation, created_at = excluded.created_at,
        last_interaction = excluded.last_interaction, name_key = excluded.name_key, tags = excluded.tags,
        attributes = excluded.attributes, folded = excluded.folded, keys = excluded.keys
    WHERE (t.status, t.opted_in, t.lead, t.owner, t.source, t.conversation, t.created_at, t.last_interaction,
            t.name_key, t.tags, t.attributes, t.folded, t.keys)
        IS DISTINCT FROM (excluded.status, excluded.opted_in, excluded.lead, excluded.owner, excluded.source,
            excluded.conversation, excluded.created_at, excluded.last_interaction, excluded.name_key, excluded.tags,
            excluded.attributes, excluded.folded, excluded.keys)";

const KEEP_FOUND: &str = "
    INSERT INTO contact_search AS t (org, contact, search)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])
    ON CONFLICT (org, contact) DO UPDATE SET search = excluded.search WHERE t.search <> excluded.search";

/// What the columns hold that `KEEP` takes.
const HOLDS: [Holds; 15] = [
    Holds::Id,
    Holds::Id,
    Holds::Text,
    Holds::Flag,
    Holds::Text,
    Holds::Id,
    Holds::Text,
    Holds::Text,
    Holds::Number,
    Holds::Number,
    Holds::Text,
    Holds::Texts,
    Holds::Text,
    Holds::Text,
    Holds::Texts,
];

/// What is kept beside contacts is as they are now.
pub(crate) fn keep(contacts: &[&Record]) -> Vec<Step> {
    let (mut facts, mut found) = (Vec::new(), Vec::new());
    for record in contacts {
        let Record::Contact(contact) = record else {
            continue;
        };
        let key = vec![as_id(contact.org.0), as_id(contact.id.0)];
        let mut row = key.clone();
        row.extend(column_values(record));
        // The last of a contact's columns is all that is found of it.
        let search = row.pop();
        found.push(key.into_iter().chain(search).collect());
        let (attributes, folded) = attributes(contact);
        row.push(Value::Texts(contact.tags.keys().cloned().collect()));
        row.push(Value::Text(attributes));
        row.push(Value::Text(folded));
        row.push(Value::Texts(duplicates::keys(contact).into_iter().collect()));
        facts.push(row);
    }
    vec![
        Step::any(KEEP, columns(&HOLDS, facts)),
        Step::any(KEEP_FOUND, columns(&[Holds::Id, Holds::Id, Holds::Text], found)),
    ]
}

/// Nothing is kept beside contacts that are gone.
pub(crate) fn drop(contacts: &[&Key]) -> Vec<Step> {
    let keys = || {
        let rows = contacts.iter().map(|key| key_values(key)).collect();
        columns(&[Holds::Id, Holds::Id], rows)
    };
    TABLES
        .into_iter()
        .map(|table| Step::any(drop_from(table), keys()))
        .collect()
}

/// Where it is kept.
pub(crate) const TABLES: [&str; 2] = ["contact_facts", "contact_search"];

/// Drops what is kept in a table.
pub(crate) fn drop_from(table: &str) -> String {
    let given = "unnest($1::uuid[], $2::uuid[]) AS n (org, contact)";
    let found = sought(table, &["org", "contact"], given);
    format!("DELETE FROM {table} t USING {found} WHERE t.ctid = f.lies")
}

/// The attributes that have a value, and the texts among them folded, where that is another one: both as JSON.
fn attributes(contact: &Contact) -> (String, String) {
    let (mut all, mut folded) = (Map::new(), Map::new());
    for (name, value) in contact.attributes.iter().filter(|(_, value)| !value.is_null()) {
        let name = encode(name).into_owned();
        let kept = match seen(value) {
            Json::String(text) => {
                let other = fold(text);
                if other != *text {
                    folded.insert(name.clone(), Json::String(encode(&other).into_owned()));
                }
                Json::String(encode(text).into_owned())
            }
            value @ (Json::Number(_) | Json::Bool(_)) => value.clone(),
            Json::Null | Json::Array(_) | Json::Object(_) => Json::Array(Vec::new()),
        };
        all.insert(name, kept);
    }
    (Json::Object(all).to_string(), Json::Object(folded).to_string())
}
