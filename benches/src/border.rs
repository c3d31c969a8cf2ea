//! What crossing to another language costs a call: by name and in JSON, beside the same call made directly.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use tertulia::core::ids::ContactId;
use tertulia::{Crm, MemoryStorage, Org, Settings};
use tertulia_bindings_shapes::{Failure, Handle, Kind, Scope, Watch, block_on, open};

use crate::measure::{Outcome, compare, side};

/// How many calls a run makes, one after the other.
const CALLS: usize = 20_000;

/// How many tags the organisation has.
const TAGS: usize = 50;

/// The same contact in two CRMs in memory: one opened for a host, one as Rust holds it.
struct Both {
    handle: Handle,
    scope: Scope,
    crossed: Value,
    org: Org,
    ana: ContactId,
}

async fn both() -> Outcome<Both> {
    let new = json!({
        "phone": "+351912345678",
        "name": "Ana Matos",
        "email": "ana@example.com",
        "tags": (0..TAGS).map(|number| format!("tag {number}")).collect::<Vec<_>>(),
        "optedIn": true,
    });
    let handle = open(Kind::Crm, "{}".to_owned(), Vec::new(), Vec::new())
        .await
        .map_err(failed)?;
    let ask = async |method: &str, scope: &Scope, args: Value| -> Outcome<Value> {
        let answer = handle.call(method, scope.clone(), args.to_string(), Watch::default(), None);
        Ok(serde_json::from_str(&answer.await.map_err(failed)?)?)
    };
    let settings = json!({ "settings": { "name": "Casa Lua" } });
    let org = ask("crm.create_org", &Scope::default(), settings).await?;
    let scope = Scope {
        org: org.as_str().map(ToOwned::to_owned),
        agent: None,
    };
    let contact = ask("contacts.create", &scope, json!({ "new": new })).await?;

    let crm = Crm::builder().storage(Arc::new(MemoryStorage::new())).build()?;
    let org = crm.create_org(Settings::default()).await?;
    let ana = org.contacts().create(serde_json::from_value(new)?).await?.id;
    Ok(Both {
        scope,
        crossed: json!({ "id": contact["id"] }),
        org,
        ana,
        handle,
    })
}

fn failed(failure: Failure) -> Box<dyn std::error::Error + Send + Sync> {
    failure.message.into()
}

pub(crate) fn run() -> Outcome<()> {
    let both = block_on(async { Ok(both().await) })??;
    let Both {
        handle,
        scope,
        crossed,
        org,
        ana,
    } = &both;
    // Both sides wait on this thread. The handle's call runs on the library's threads, as it does for every language.
    let crossing = |method: &'static str, args: String| {
        move || -> Outcome<std::time::Duration> {
            let start = Instant::now();
            let calls = async {
                for _ in 0..CALLS {
                    let answer = handle.call(method, scope.clone(), args.clone(), Watch::default(), None);
                    if let Err(failure) = black_box(answer.await) {
                        return Ok(Err(failed(failure)));
                    }
                }
                Ok(Ok(()))
            };
            block_on(calls)??;
            Ok(start.elapsed())
        }
    };
    let get = crossing("contacts.get", crossed.to_string());
    compare(
        &format!("border: contacts.get of a contact with {TAGS} tags, in memory"),
        &mut [
            side("by name, in JSON", CALLS, get),
            side("peer: the call in Rust", CALLS, || {
                let start = Instant::now();
                block_on(async {
                    for _ in 0..CALLS {
                        black_box(org.contacts().get(*ana).await?);
                    }
                    Ok(())
                })?;
                Ok(start.elapsed())
            }),
        ],
    )?;
    compare(
        &format!("border: tags.list of {TAGS} tags, in memory"),
        &mut [
            side("by name, in JSON", CALLS, crossing("tags.list", String::new())),
            side("peer: the call in Rust", CALLS, || {
                let start = Instant::now();
                block_on(async {
                    for _ in 0..CALLS {
                        black_box(org.tags().list().await?);
                    }
                    Ok(())
                })?;
                Ok(start.elapsed())
            }),
        ],
    )?;
    Ok(())
}
