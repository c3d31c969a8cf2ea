//! What belongs to the process that made it, and is neither used nor let go of in a child that it forks.

use tertulia::{Code, Error};

/// A value of one process.
///
/// A child of a fork has a copy of its parent's memory, but not its threads and locks: a store that the child used, or
/// closed when the last handle on it goes, could be broken under the parent. There the copy is refused and left as it is.
#[derive(Debug, Clone)]
pub(crate) struct OfProcess<T> {
    /// There until it is dropped.
    value: Option<T>,
    process: u32,
}

impl<T> OfProcess<T> {
    /// A value of this process.
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: Some(value),
            process: std::process::id(),
        }
    }

    /// The value. Fails with `runtime.forked` in another process; `what` names it.
    pub(crate) fn get(&self, what: &str) -> Result<&T, Error> {
        match &self.value {
            Some(value) if self.process == std::process::id() => Ok(value),
            _ => {
                let message =
                    format!("this {what} was opened before the process forked; open it again in the child");
                Err(Error::new(Code::RuntimeForked, message))
            }
        }
    }
}

impl<T> Drop for OfProcess<T> {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            std::mem::forget(self.value.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_value_of_this_process_is_used_and_let_go_of_here() {
        let value = Arc::new(7);
        let here = OfProcess::new(Arc::clone(&value));
        assert_eq!(**here.get("number").unwrap(), 7);
        drop(here);
        assert_eq!(Arc::strong_count(&value), 1);
    }

    #[test]
    fn a_value_of_a_parent_is_refused_and_never_let_go_of() {
        let value = Arc::new(7);
        let inherited = OfProcess {
            value: Some(Arc::clone(&value)),
            process: std::process::id() + 1,
        };
        let error = inherited.get("number").unwrap_err();
        assert_eq!(error.code(), Code::RuntimeForked);
        assert!(error.message().contains("this number"), "{error}");
        drop(inherited);
        assert_eq!(Arc::strong_count(&value), 2);
    }
}
