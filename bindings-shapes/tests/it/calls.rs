//! How calls run: told of, ended, dropped, blocked on, and in which process.

use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tertulia_bindings_shapes::{CancelToken, Failure, HostObject, Scope, Watch, block_on};
use tokio::sync::Notify;

use crate::support::{Says, Shop, call};

/// More rows than two batches of an import.
const ROWS: usize = 5_000;

fn file() -> Value {
    let rows: Vec<String> = (0..ROWS).map(|row| format!("p{row}@example.com")).collect();
    let rows = rows.join("\n");
    json!({"bytes": STANDARD.encode(format!("email\n{rows}"))})
}

/// Starts an import, and gives back what it will answer.
fn import(
    shop: &Shop,
    method: &str,
    args: &Value,
    watch: Watch,
) -> impl Future<Output = Result<Value, Failure>> + use<> {
    let answer = shop.crm.call(method, shop.scope(), args.to_string(), watch, None);
    async move { answer.await.map(|text| serde_json::from_str(&text).unwrap()) }
}

fn rows(counts: &Value) -> u64 {
    ["created", "updated", "unchanged", "rejected"]
        .iter()
        .map(|name| counts[name].as_u64().unwrap())
        .sum()
}

async fn people(shop: &Shop) -> u64 {
    let count = shop.call("contacts.count", json!({"filter": "everyone"})).await;
    count.unwrap().as_u64().unwrap()
}

#[tokio::test]
async fn progress_is_told_in_order_and_completely() {
    let shop = Shop::open().await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&told);
    let watch = Watch {
        progress: Some(Arc::new(Says(move |method: &str, counts| {
            assert_eq!(method, "progress");
            keep.lock().unwrap().push(rows(&counts));
            // What it answers is not looked at.
            Ok("\"thanks\"".to_owned())
        }))),
        cancel: None,
    };
    let report = import(&shop, "imports.run", &json!({"file": file()}), watch)
        .await
        .unwrap();
    assert_eq!(rows(&report["counts"]), ROWS as u64);
    assert_eq!(*told.lock().unwrap(), [2_000, 4_000, 5_000]);
}

#[tokio::test]
async fn a_progress_callback_that_throws_or_panics_changes_nothing() {
    for throws in [true, false] {
        let shop = Shop::open().await;
        let watch = Watch {
            progress: Some(Arc::new(Says(move |_: &str, _| {
                if throws {
                    Err("no more paper".to_owned())
                } else {
                    panic!("no more paper")
                }
            }))),
            cancel: None,
        };
        let report = import(&shop, "imports.run", &json!({"file": file()}), watch).await;
        assert_eq!(report.unwrap()["finished"], true);
        assert_eq!(people(&shop).await, ROWS as u64);
    }
}

#[tokio::test]
async fn a_cancelled_import_ends_after_a_batch_and_goes_on_where_it_ended() {
    let shop = Shop::open().await;
    let cancel = CancelToken::new();
    let (end, told) = (cancel.clone(), Arc::new(Mutex::new(0)));
    let count = Arc::clone(&told);
    let watch = Watch {
        progress: Some(Arc::new(Says(move |_: &str, _| {
            *count.lock().unwrap() += 1;
            end.cancel();
            Ok("null".to_owned())
        }))),
        cancel: Some(cancel),
    };
    let report = import(&shop, "imports.run", &json!({"file": file()}), watch)
        .await
        .unwrap();
    let taken = rows(&report["counts"]);
    // How far it got when the word came is chance; that it ended between two batches is not.
    assert!([2_000, 4_000, 5_000].contains(&taken), "{taken}");
    assert_eq!(report["finished"], taken == ROWS as u64);
    assert_eq!(people(&shop).await, taken);
    assert_eq!(*told.lock().unwrap(), taken.div_ceil(2_000));

    let args = json!({"id": report["import"], "file": file()});
    let report = import(&shop, "imports.resume", &args, Watch::default())
        .await
        .unwrap();
    assert_eq!(report["finished"], true);
    assert_eq!(people(&shop).await, ROWS as u64);
}

#[tokio::test]
async fn a_call_whose_future_is_dropped_still_finishes() {
    let shop = Shop::open().await;
    let finished = Arc::new(Notify::new());
    let last = Arc::clone(&finished);
    let watch = Watch {
        progress: Some(Arc::new(Says(move |_: &str, counts| {
            if rows(&counts) == ROWS as u64 {
                last.notify_one();
            }
            Ok("null".to_owned())
        }))),
        cancel: None,
    };
    drop(import(&shop, "imports.run", &json!({"file": file()}), watch));
    finished.notified().await;
    assert_eq!(people(&shop).await, ROWS as u64);
}

#[test]
fn a_blocking_call_inside_a_callback_is_refused_and_outside_of_one_is_not() {
    let opened = async {
        let asked = Arc::new(OnceLock::new());
        let keep = Arc::clone(&asked);
        let clock: Arc<dyn HostObject> = Arc::new(Says(move |_: &str, _| {
            let refused = block_on(async { Ok(()) }).unwrap_err();
            let _ = keep.set(Failure::from(refused));
            Ok("\"2026-01-05T09:00:00Z\"".to_owned())
        }));
        let shop = Shop::with(json!({"clock": {"host": 0}}), vec![clock]).await;
        Ok((shop.org, asked))
    };
    let (org, asked) = block_on(opened).unwrap();
    assert!(!org.is_empty());
    let refused = asked.get().unwrap();
    assert_eq!(refused.code, "runtime.unavailable");
    assert!(
        refused.message.contains("inside a callback"),
        "{}",
        refused.message
    );
}

#[tokio::test]
async fn a_failure_crosses_as_json_with_all_that_a_host_branches_on() {
    let shop = Shop::open().await;
    let failure = shop
        .call(
            "contacts.get",
            json!({"id": "019b8d2a-0000-7000-8000-000000000001"}),
        )
        .await
        .unwrap_err();
    let crossed: Value = serde_json::from_str(&failure.json()).unwrap();
    let expected = json!({
        "kind": "not_found",
        "code": "contact.not_found",
        "message": "there is no contact 019b8d2a-0000-7000-8000-000000000001",
        "retry": "never",
        "http_status": 503,
    });
    assert_eq!(crossed, expected);
}

#[tokio::test]
async fn a_worker_ends_when_the_crm_is_closed_and_calls_fail_from_then_on() {
    let shop = Shop::open().await;
    let work = shop.crm.call(
        "crm.work",
        Scope::default(),
        "{}".to_owned(),
        Watch::default(),
        None,
    );
    call(&shop.crm, "crm.close", &json!({})).await.unwrap();
    assert_eq!(work.await.unwrap(), "null");
    let late = call(&shop.crm, "crm.ping", &json!({})).await.unwrap_err();
    assert_eq!(late.code, "storage.closed");
    // Closing what is closed is nothing.
    call(&shop.crm, "crm.close", &json!({})).await.unwrap();
}
