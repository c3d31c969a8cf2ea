//! An object of the host, asked on its own thread.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use napi::Status;
use napi::bindgen_prelude::FnArgs;
use napi::threadsafe_function::ThreadsafeFunction;
use napi_derive::napi;
use tertulia_bindings_shapes::HostObject;
use tokio::sync::oneshot;

type Answer = Result<String, String>;

type Question = FnArgs<(String, String, Reply)>;

/// A function `(method, args, reply)`. It does not keep the process alive: the call that asks does.
pub(crate) type Asked = ThreadsafeFunction<Question, (), Question, Status, false, true>;

/// An object of the host, behind its function.
pub(crate) struct Host(Asked);

impl Host {
    pub(crate) fn shared(asked: Asked) -> Arc<dyn HostObject> {
        Arc::new(Self(asked))
    }
}

/// Where the answer goes: the first one counts.
#[napi]
pub struct Reply(Mutex<Option<oneshot::Sender<Answer>>>);

#[napi]
impl Reply {
    /// Answers with JSON.
    #[napi]
    pub fn answer(&self, json: String) {
        self.give(Ok(json));
    }

    /// Says what went wrong: `{"code"?, "message"}` as JSON.
    #[napi]
    pub fn fail(&self, json: String) {
        self.give(Err(json));
    }

    fn give(&self, answer: Answer) {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(asked) = asked {
            // Nobody waits any more: it took too long.
            let _ = asked.send(answer);
        }
    }
}

#[async_trait]
impl HostObject for Host {
    async fn call(&self, method: &str, args: String) -> Answer {
        let (reply, answer) = oneshot::channel();
        let question = (method.to_owned(), args, Reply(Mutex::new(Some(reply))));
        self.0
            .call_async_catch(FnArgs::from(question))
            .await
            .map_err(|error| error.reason.clone())?;
        answer
            .await
            .unwrap_or_else(|_| Err("it gave up without an answer".to_owned()))
    }
}
