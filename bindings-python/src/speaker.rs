//! The one thread that speaks to Python.
//!
//! The library's own threads must neither wait for the interpreter's lock nor be inside the interpreter when it is
//! torn down. So they leave what they have to say here; a thread takes the lock once for all that has gathered.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// Something to say: what is called while the thread holds the interpreter's lock. It must not wait.
type Word = Box<dyn FnOnce(Python<'_>) + Send>;

/// Where the thread stands.
enum State {
    /// It is not needed yet.
    Unborn,
    /// It runs in this process.
    Speaking(u32, Sender<Option<Word>>, JoinHandle<()>),
    /// The interpreter is about to end.
    Hushed,
}

static SPEAKER: Mutex<State> = Mutex::new(State::Unborn);

/// What can be said to Python. It is made before a call starts, so that a call whose answer nobody could be told
/// fails at once.
#[derive(Clone)]
pub(crate) struct Speaker(Sender<Option<Word>>);

impl Speaker {
    /// The speaker of this process. Fails at the interpreter's end.
    pub(crate) fn get() -> PyResult<Self> {
        let process = std::process::id();
        let mut state = SPEAKER.lock().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Speaking(started_in, words, _) if *started_in == process => Ok(Self(words.clone())),
            State::Hushed => Err(PyRuntimeError::new_err(
                "tertulia cannot be called any more: the interpreter is shutting down",
            )),
            // A child of a fork needs a thread of its own: its parent's is not there.
            State::Unborn | State::Speaking(..) => {
                let (words, heard) = channel();
                let thread = Builder::new()
                    .name("tertulia-python".to_owned())
                    .spawn(move || speak(&heard))?;
                let before = std::mem::replace(&mut *state, State::Speaking(process, words.clone(), thread));
                // What a fork brought along belongs to a thread that is not there to give it back.
                std::mem::forget(before);
                Ok(Self(words))
            }
        }
    }

    /// Says something soon, after all that was said before. At the interpreter's end it is dropped unsaid.
    pub(crate) fn say(&self, word: impl FnOnce(Python<'_>) + Send + 'static) {
        // Nobody hears it if the interpreter is ending.
        let _ = self.0.send(Some(Box::new(word)));
    }
}

fn speak(heard: &Receiver<Option<Word>>) {
    while let Ok(Some(first)) = heard.recv() {
        let said_all = Python::try_attach(|py| {
            first(py);
            loop {
                match heard.try_recv() {
                    Ok(Some(word)) => word(py),
                    Ok(None) => return false,
                    Err(_) => return true,
                }
            }
        });
        if said_all != Some(true) {
            return;
        }
    }
}

/// Ends the thread, after the word that it is saying.
#[pyfunction]
pub(crate) fn hush(py: Python<'_>) {
    py.detach(|| {
        let mut state = SPEAKER.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *state, State::Hushed);
        drop(state);
        if let State::Speaking(process, words, thread) = before
            && process == std::process::id()
        {
            // It is gone already, or hears this.
            let _ = words.send(None);
            let _ = thread.join();
        }
    });
}
