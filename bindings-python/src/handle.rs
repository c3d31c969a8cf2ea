//! Handles: opened, called, and let go of.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use tertulia_bindings_shapes::{self as shapes, Failure, Kind, Scope, Watch};

use crate::host::Host;
use crate::speaker::Speaker;

/// Tells a Python callable `(answer, error)` what came of a future: one of the two is `None`, an error is JSON.
///
/// The future goes on by itself; it is only listened to.
fn tell<T>(
    speaker: Speaker,
    done: Py<PyAny>,
    mut outcome: BoxFuture<'static, Result<T, Failure>>,
    answer: fn(Python<'_>, T) -> PyResult<Py<PyAny>>,
) where
    T: Send + 'static,
{
    let say = move |outcome: Result<T, Failure>| {
        speaker.say(move |py| {
            let told = match outcome {
                Ok(value) => answer(py, value).and_then(|value| done.call1(py, (value, py.None()))),
                Err(failure) => done.call1(py, (py.None(), failure.json())),
            };
            if let Err(error) = told {
                error.write_unraisable(py, Some(done.bind(py)));
            }
        });
    };
    // What failed at once may have failed because there is no thread to wait on.
    match outcome.as_mut().now_or_never() {
        Some(outcome) => say(outcome),
        None => drop(shapes::spawn(async move {
            say(outcome.await);
            Ok(())
        })),
    }
}

/// Opens a handle: a `crm`, a `platform` or a `clock`. `done` gets the handle or an error.
#[pyfunction]
pub(crate) fn open(
    kind: &str,
    options: String,
    hosts: Vec<Py<PyAny>>,
    handles: Vec<PyRef<'_, Handle>>,
    done: Py<PyAny>,
) -> PyResult<()> {
    let kind = Kind::parse(kind).map_err(|failure| PyValueError::new_err(failure.message))?;
    let speaker = Speaker::get()?;
    let hosts = hosts
        .into_iter()
        .map(|host| Host::object(host, &speaker))
        .collect();
    let handles = handles.iter().map(|handle| handle.inner.clone()).collect();
    let opening = shapes::open(kind, options, hosts, handles);
    tell(speaker, done, opening.boxed(), |py, handle| {
        Ok(Py::new(py, Handle::new(handle))?.into_any())
    });
    Ok(())
}

/// What a CRM, a stand-in platform or a manual clock is held by.
#[pyclass(frozen, module = "tertulia._native")]
pub(crate) struct Handle {
    inner: shapes::Handle,
    process: u32,
}

impl Handle {
    fn new(inner: shapes::Handle) -> Self {
        Self {
            inner,
            process: std::process::id(),
        }
    }
}

impl Drop for Handle {
    /// A child of a fork must not close what its parent has open: there, one more holder stays for ever.
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget(self.inner.clone());
        }
    }
}

#[pymethods]
impl Handle {
    /// Calls a method with its arguments by name, a JSON object. It starts at once and runs to its end; `done` gets the
    /// answer as JSON or an error.
    #[pyo3(signature = (method, org, agent, args, done, progress=None, cancel=None, other=None))]
    #[expect(clippy::too_many_arguments, reason = "they are what a call is made of")]
    fn call(
        &self,
        method: &str,
        org: Option<String>,
        agent: Option<String>,
        args: String,
        done: Py<PyAny>,
        progress: Option<Py<PyAny>>,
        cancel: Option<PyRef<'_, CancelToken>>,
        other: Option<PyRef<'_, Handle>>,
    ) -> PyResult<()> {
        let speaker = Speaker::get()?;
        let watch = Watch {
            progress: progress.map(|progress| Host::object(progress, &speaker)),
            cancel: cancel.map(|cancel| cancel.0.clone()),
        };
        let other = other.map(|other| other.inner.clone());
        let calling = self.inner.call(method, Scope { org, agent }, args, watch, other);
        tell(speaker, done, calling.boxed(), |py, answer| {
            Ok(answer.into_pyobject(py)?.into_any().unbind())
        });
        Ok(())
    }
}

/// Ends long work between two batches.
#[pyclass(frozen, module = "tertulia")]
#[derive(Default)]
pub(crate) struct CancelToken(shapes::CancelToken);

#[pymethods]
impl CancelToken {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// Ends the work after the batch that it is in.
    fn cancel(&self) {
        self.0.cancel();
    }
}
