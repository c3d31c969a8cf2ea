//! The one Tokio runtime of a process: multi-threaded, owned, and never carried over a fork.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use tertulia::{Code, Error};
use tokio::runtime::{Builder, Runtime};

/// The process that the runtime was started in, and the runtime. It is never dropped: threads of the host may be
/// waiting on it until the process ends.
static RUNTIME: Mutex<Option<(u32, &'static Runtime)>> = Mutex::new(None);

fn runtime() -> Result<&'static Runtime, Error> {
    runtime_of(&RUNTIME, std::process::id())
}

/// The runtime of a process. A child of a fork gets one of its own: its parent's threads are not there.
fn runtime_of(
    slot: &Mutex<Option<(u32, &'static Runtime)>>,
    process: u32,
) -> Result<&'static Runtime, Error> {
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((started_in, runtime)) = *slot
        && started_in == process
    {
        return Ok(runtime);
    }
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .thread_name("tertulia")
        .build()
        .map_err(|error| {
            Error::new(
                Code::RuntimeUnavailable,
                "the library's threads cannot be started",
            )
            .because(error)
        })?;
    let runtime: &'static Runtime = Box::leak(Box::new(runtime));
    *slot = Some((process, runtime));
    Ok(runtime)
}

/// Runs a future on the library's threads. It goes on to its end if nobody waits for it any more; a panic in it comes
/// back as an error.
pub fn spawn<T, F>(future: F) -> impl Future<Output = Result<T, Error>> + Send + 'static
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let task = runtime().map(|runtime| runtime.spawn(future));
    async move {
        task?.await.unwrap_or_else(|error| {
            Err(Error::new(Code::RuntimeUnavailable, "the call was cut off").because(error))
        })
    }
}

/// Waits for a future on the calling thread, which must not be one of the library's own.
///
/// Fails with `runtime.unavailable` if it is: a blocking call inside a callback would wait for itself.
pub fn block_on<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    if tokio::runtime::Handle::try_current().is_ok() {
        let message =
            "a blocking call was made inside a callback of the library; use the asynchronous one there";
        return Err(Error::new(Code::RuntimeUnavailable, message));
    }
    runtime()?.block_on(future)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_one_runtime_and_a_child_of_a_fork_one_of_its_own() {
        let slot = Mutex::new(None);
        let parent = runtime_of(&slot, 1).unwrap();
        assert!(std::ptr::eq(parent, runtime_of(&slot, 1).unwrap()));
        let child = runtime_of(&slot, 2).unwrap();
        assert!(!std::ptr::eq(parent, child));
        assert_eq!(child.block_on(async { 7 }), 7);
    }

    #[tokio::test]
    async fn a_panic_in_a_call_is_an_error() {
        let error = spawn::<(), _>(async { panic!("out of paper") })
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::RuntimeUnavailable);
    }
}
