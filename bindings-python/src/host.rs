//! Python objects that the library calls.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use pyo3::prelude::*;
use tertulia_bindings_shapes::HostObject;
use tokio::sync::oneshot;

use crate::speaker::Speaker;

/// A Python callable `(method, args, reply)` that answers, now or later, by calling `reply(answer, error)`.
///
/// It must only arrange for the work to be done: it is called on the thread that speaks to Python.
pub(crate) struct Host {
    callable: Arc<Py<PyAny>>,
    speaker: Speaker,
}

impl Host {
    pub(crate) fn object(callable: Py<PyAny>, speaker: &Speaker) -> Arc<dyn HostObject> {
        Arc::new(Self {
            callable: Arc::new(callable),
            speaker: speaker.clone(),
        })
    }
}

#[async_trait]
impl HostObject for Host {
    async fn call(&self, method: &str, args: String) -> Result<String, String> {
        let (sender, answer) = oneshot::channel();
        let (callable, method) = (Arc::clone(&self.callable), method.to_owned());
        self.speaker.say(move |py| {
            // Without memory for it the sender is dropped, and the call has failed.
            let Ok(reply) = Py::new(py, Reply(Mutex::new(Some(sender)))) else {
                return;
            };
            if let Err(error) = callable.call1(py, (method, args, &reply)) {
                reply.get().answer(Err(error.value(py).to_string()));
            }
        });
        answer
            .await
            .unwrap_or_else(|_| Err("it was dropped unanswered".to_owned()))
    }
}

type Answer = Result<String, String>;

/// Takes the answer to one call of a host's object, once. Dropped without one, the call has failed.
#[pyclass(frozen, module = "tertulia._native")]
pub(crate) struct Reply(Mutex<Option<oneshot::Sender<Answer>>>);

impl Reply {
    fn answer(&self, answer: Answer) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sender) = sender {
            // The library may have stopped waiting.
            let _ = sender.send(answer);
        }
    }
}

#[pymethods]
impl Reply {
    /// Answers with JSON, or fails with `{"code"?, "message"}` as JSON. A second answer is not looked at.
    #[pyo3(signature = (answer, error, /))]
    fn __call__(&self, answer: Option<String>, error: Option<String>) {
        self.answer(error.map_or_else(|| Ok(answer.unwrap_or_else(|| "null".to_owned())), Err));
    }
}
