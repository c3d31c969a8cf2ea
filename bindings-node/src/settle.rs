//! A future of the library as a promise.

use std::future::Future;

use napi::bindgen_prelude::{Env, Object, ToNapiValue};
use napi::{Error, JsDeferred};
use tertulia_bindings_shapes::{Failure, spawn};

type Resolver<T> = Box<dyn FnOnce(Env) -> napi::Result<T> + Send>;

/// A promise that is to be settled, and is, whatever becomes of the work.
struct Promised<T: ToNapiValue + 'static>(Option<JsDeferred<T, Resolver<T>>>);

impl<T: ToNapiValue + Send + 'static> Promised<T> {
    fn settle(mut self, outcome: Result<T, Failure>) {
        if let Some(deferred) = self.0.take() {
            match outcome {
                Ok(value) => deferred.resolve(Box::new(move |_| Ok(value))),
                Err(failure) => deferred.reject(Error::from_reason(failure.json())),
            }
        }
    }
}

impl<T: ToNapiValue + 'static> Drop for Promised<T> {
    fn drop(&mut self) {
        if let Some(deferred) = self.0.take() {
            let failure = Failure {
                kind: "unavailable".to_owned(),
                code: "runtime.unavailable".to_owned(),
                message: "the library's threads cannot be started".to_owned(),
                retry: "later".to_owned(),
                http_status: 503,
            };
            deferred.reject(Error::from_reason(failure.json()));
        }
    }
}

/// A promise of what the future gives. It keeps the process alive until then.
pub(crate) fn settling<T: ToNapiValue + Send + 'static>(
    env: &Env,
    work: impl Future<Output = Result<T, Failure>> + Send + 'static,
) -> napi::Result<Object<'_>> {
    let (deferred, promise) = env.create_deferred::<T, Resolver<T>>()?;
    let promised = Promised(Some(deferred));
    drop(spawn(async move {
        promised.settle(work.await);
        Ok(())
    }));
    Ok(promise)
}
