//! The host objects of the scenario: the same in every language.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tertulia_bindings_shapes::{Handle, HostObject, Scope, Watch};

/// Which callbacks were called, as in `Transport.send`.
pub(crate) type Called = Arc<Mutex<BTreeSet<String>>>;

fn note(called: &Called, name: &str) {
    called.lock().unwrap().insert(name.to_owned());
}

fn thrown(code: &str, message: &str) -> Result<String, String> {
    Err(json!({ "code": code, "message": message }).to_string())
}

/// A platform of the host's, which does what the text of a message asks it to.
pub(crate) struct Transport {
    pub(crate) called: Called,
    pub(crate) sent: AtomicU64,
}

#[async_trait]
impl HostObject for Transport {
    async fn call(&self, method: &str, args: String) -> Result<String, String> {
        note(&self.called, &format!("Transport.{method}"));
        let args: Value = serde_json::from_str(&args).unwrap();
        match method {
            "verify" => Ok(args["query"].to_string()),
            "parse" => {
                let request = &args["request"];
                if request["headers"]["x-secret"] != "open" {
                    return thrown("webhook.signature_missing", "the header x-secret is not open");
                }
                let body = STANDARD.decode(request["body"].as_str().unwrap()).unwrap();
                Ok(String::from_utf8(body).unwrap())
            }
            "send" => match args["message"]["content"]["body"].as_str().unwrap_or_default() {
                "throw" => Err(json!({ "message": "the host threw" }).to_string()),
                "hang" => std::future::pending().await,
                "nonsense" => Ok("42".to_owned()),
                "refuse" => Ok(json!({ "refused": {
                    "class": "recipient_invalid", "code": "131026", "detail": "not on the platform",
                }})
                .to_string()),
                "renew" if args["sender"]["credential"] == "secret" => Ok(json!({ "refused": {
                    "class": "key_refused", "code": "190", "detail": "expired",
                }})
                .to_string()),
                _ => {
                    let sent = self.sent.fetch_add(1, Ordering::Relaxed) + 1;
                    Ok(json!({ "accepted": { "provider_id": format!("host-{sent}") } }).to_string())
                }
            },
            "mark_read" | "settle" => Ok("null".to_owned()),
            "list_templates" => Ok("[]".to_owned()),
            other => panic!("a transport has no {other}"),
        }
    }
}

/// Credentials of the host's, which know one key, and the one in its place.
pub(crate) struct Credentials {
    pub(crate) called: Called,
}

#[async_trait]
impl HostObject for Credentials {
    async fn call(&self, method: &str, args: String) -> Result<String, String> {
        note(&self.called, &format!("Credentials.{method}"));
        let args: Value = serde_json::from_str(&args).unwrap();
        match (method, args["reference"].as_str()) {
            ("credential", Some("key")) => Ok(json!("secret").to_string()),
            ("renew", Some("key")) if args["refused"] == "secret" => Ok(json!("newer secret").to_string()),
            (_, other) => thrown("credential.missing", &format!("there is no key {other:?}")),
        }
    }
}

/// A clock of the host's, which stands still.
pub(crate) struct Clock {
    pub(crate) called: Called,
}

#[async_trait]
impl HostObject for Clock {
    async fn call(&self, method: &str, _: String) -> Result<String, String> {
        note(&self.called, &format!("Clock.{method}"));
        Ok(json!("2026-01-05T09:00:00Z").to_string())
    }
}

/// A bot of the host's, which does what the last message asks it to, and else says it again.
pub(crate) struct Bot {
    pub(crate) called: Called,
    /// Its CRM, once that is open.
    pub(crate) crm: Arc<OnceLock<Handle>>,
}

impl Bot {
    async fn act(&self, turn: &Value, method: &str, args: Value) -> Result<String, String> {
        let text = |key: &str| turn[key].as_str().map(ToOwned::to_owned);
        let scope = Scope {
            org: text("org"),
            agent: text("acting"),
        };
        let crm = self.crm.get().unwrap();
        let acted = crm.call(method, scope, args.to_string(), Watch::default(), None);
        acted
            .await
            .map(|_| "null".to_owned())
            .map_err(|failure| failure.json())
    }
}

#[async_trait]
impl HostObject for Bot {
    async fn call(&self, method: &str, args: String) -> Result<String, String> {
        note(&self.called, &format!("ConversationHandler.{method}"));
        let args: Value = serde_json::from_str(&args).unwrap();
        let turn = &args["turn"];
        let last = turn["messages"].as_array().unwrap().last().unwrap();
        match last["content"]["body"].as_str().unwrap() {
            "throw" => thrown("handler.failed", "the bot threw"),
            "a person, please" => {
                let id = &turn["conversation"]["id"];
                self.act(turn, "inbox.hand_over", json!({ "id": id })).await
            }
            body => {
                let (contact, text) = (&turn["contact"]["id"], format!("You said: {body}"));
                self.act(
                    turn,
                    "inbox.send_text",
                    json!({ "contact": contact, "text": text }),
                )
                .await
            }
        }
    }
}

/// Hears progress, and keeps what it was told.
pub(crate) struct Progress {
    pub(crate) called: Called,
    pub(crate) told: Mutex<Vec<Value>>,
}

#[async_trait]
impl HostObject for Progress {
    async fn call(&self, method: &str, args: String) -> Result<String, String> {
        note(&self.called, &format!("Progress.{method}"));
        self.told
            .lock()
            .unwrap()
            .push(serde_json::from_str(&args).unwrap());
        Ok("null".to_owned())
    }
}
