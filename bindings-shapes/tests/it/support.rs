//! What the tests open and call.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tertulia_bindings_shapes::{Failure, Handle, HostObject, Kind, Scope, Watch, open};

/// A CRM in memory, and an organisation in it.
pub(crate) struct Shop {
    pub(crate) crm: Handle,
    pub(crate) org: String,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(json!({}), Vec::new()).await
    }

    pub(crate) async fn with(options: Value, hosts: Vec<Arc<dyn HostObject>>) -> Self {
        let crm = open(Kind::Crm, options.to_string(), hosts, Vec::new())
            .await
            .unwrap();
        let org = call(&crm, "crm.create_org", &json!({"settings": {"name": "Casa Lua"}})).await;
        Self {
            org: org.unwrap().as_str().unwrap().to_owned(),
            crm,
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        Scope {
            org: Some(self.org.clone()),
            agent: None,
        }
    }

    /// Calls a method of the organisation.
    pub(crate) async fn call(&self, method: &str, args: Value) -> Result<Value, Failure> {
        self.text(method, &args.to_string()).await
    }

    /// Calls a method of the organisation with arguments as they are.
    pub(crate) async fn text(&self, method: &str, args: &str) -> Result<Value, Failure> {
        let answer = self
            .crm
            .call(method, self.scope(), args.to_owned(), Watch::default(), None);
        answer.await.map(|answer| serde_json::from_str(&answer).unwrap())
    }
}

/// Calls a method outside an organisation.
pub(crate) async fn call(handle: &Handle, method: &str, args: &Value) -> Result<Value, Failure> {
    let answer = handle.call(method, Scope::default(), args.to_string(), Watch::default(), None);
    answer.await.map(|answer| serde_json::from_str(&answer).unwrap())
}

/// A host's object out of a function of method and arguments.
pub(crate) struct Says<F>(pub(crate) F);

#[async_trait]
impl<F> HostObject for Says<F>
where
    F: Fn(&str, Value) -> Result<String, String> + Send + Sync,
{
    async fn call(&self, method: &str, args: String) -> Result<String, String> {
        (self.0)(method, serde_json::from_str(&args).unwrap())
    }
}
