//! Who watches long work, and who may end it.

use std::fmt;
use std::sync::Arc;

use serde::de::IgnoredAny;
use tokio::sync::mpsc;

use crate::host::{Host, HostObject};

/// Ends long work between two batches. Clones end the same work.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(tertulia::CancellationToken);

impl CancelToken {
    /// A token that nobody has used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the work after the batch that it is in.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    pub(crate) fn token(&self) -> tertulia::CancellationToken {
        self.0.clone()
    }
}

/// Who watches a call, and who may end it.
#[derive(Clone, Default)]
pub struct Watch {
    /// Called as `progress` with the counts so far, as JSON; what it answers or throws is not looked at.
    pub progress: Option<Arc<dyn HostObject>>,
    /// Ends the work between two batches.
    pub cancel: Option<CancelToken>,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}

impl Watch {
    /// A function that passes progress on in order, without waiting for the host. The host has been told everything
    /// when the future that comes with it ends.
    pub(crate) fn teller(
        &self,
    ) -> (
        impl FnMut(String) + Send + use<>,
        impl Future<Output = ()> + Send + use<>,
    ) {
        let (tell, mut told) = mpsc::unbounded_channel();
        let progress = self.progress.clone();
        let mut tell = progress.is_some().then_some(tell);
        let telling = tokio::spawn(async move {
            if let Some(progress) = progress.map(Host::new) {
                while let Some(counts) = told.recv().await {
                    if let Err(error) = progress.ask::<IgnoredAny>("progress", counts).await {
                        tracing::warn!(code = error.code().as_str(), "a progress callback failed");
                    }
                }
            }
        });
        let say = move |counts| {
            if let Some(teller) = &tell
                && teller.send(counts).is_err()
            {
                tell = None;
            }
        };
        let done = async move {
            // It ends when the function is dropped; a panic in it was the host's own.
            let _ = telling.await;
        };
        (say, done)
    }
}
