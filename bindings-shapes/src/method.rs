//! The list of methods: each is named, documented, typed and run in one place.

use futures_util::future::BoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tertulia::Error;

use crate::handle::Handle;
use crate::watch::Watch;
use crate::wire::{decode, encode};

/// A call of a method.
pub(crate) struct Call<T> {
    /// What it is called on.
    pub(crate) target: T,
    /// The arguments by name: a JSON object.
    pub(crate) args: String,
    /// Who watches it.
    pub(crate) watch: Watch,
    /// Another handle that it is given.
    pub(crate) other: Option<Handle>,
}

impl<T> Call<T> {
    pub(crate) fn args<A: DeserializeOwned>(&self, method: &str) -> Result<A, Error> {
        decode(method, if self.args.is_empty() { "{}" } else { &self.args })
    }
}

/// An argument of a method.
#[derive(Debug)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) schema: Schema,
}

impl Param {
    pub(crate) fn of<T: JsonSchema>(name: &'static str, generator: &mut SchemaGenerator) -> Self {
        Self {
            name,
            schema: generator.subschema_for::<T>(),
        }
    }
}

/// A method.
pub(crate) struct Method<T> {
    pub(crate) name: &'static str,
    pub(crate) docs: &'static str,
    /// What it tells of its progress, if it does; it can then be cancelled, too.
    pub(crate) progress: fn(&mut SchemaGenerator) -> Option<Schema>,
    /// It is given another handle under this name.
    pub(crate) other: Option<&'static str>,
    pub(crate) params: fn(&mut SchemaGenerator) -> Vec<Param>,
    pub(crate) returns: fn(&mut SchemaGenerator) -> Option<Schema>,
    pub(crate) run: fn(Call<T>) -> BoxFuture<'static, Result<String, Error>>,
}

/// Methods that belong together: a handle in each language.
pub(crate) struct Area<T> {
    pub(crate) name: &'static str,
    pub(crate) docs: &'static str,
    pub(crate) methods: Vec<Method<T>>,
}

/// The schema of what a method returns; nothing has none.
pub(crate) trait Returned {
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema>;
}

impl<T: JsonSchema> Returned for T {
    fn schema(generator: &mut SchemaGenerator) -> Option<Schema> {
        (T::schema_name() != <() as JsonSchema>::schema_name()).then(|| generator.subschema_for::<T>())
    }
}

/// Runs a method's body and writes what it returns.
pub(crate) async fn answer<T: Serialize>(
    body: impl Future<Output = Result<T, Error>>,
) -> Result<String, Error> {
    encode(&body.await?)
}

/// Lists the methods of an area. Each body is a block over the target and the arguments that ends in a `Result`.
///
/// `; watch: Counts` after the arguments makes it tell its progress as `Counts` and be cancelled; `| other` gives it
/// another handle.
macro_rules! area {
    (
        $(#[doc = $doc:literal])+
        $area:ident($target:ident: $kind:ty) {
            $(
                $(#[doc = $method_doc:literal])+
                fn $method:ident($($arg:ident: $ty:ty),* $(; $watch:ident: $progress:ty)? $(| $other:ident)?) -> $returns:ty $body:block
            )*
        }
    ) => {
        $(#[doc = $doc])+
        pub(crate) fn $area() -> crate::method::Area<$kind> {
            crate::method::Area {
                name: stringify!($area),
                docs: concat!($($doc, "\n"),+),
                methods: vec![$(crate::method::Method {
                    name: stringify!($method),
                    docs: concat!($($method_doc, "\n"),+),
                    progress: |_generator| None $(.or_else(|| <$progress as crate::method::Returned>::schema(_generator)))?,
                    other: None $(.or(Some(stringify!($other))))?,
                    params: |_generator| vec![$(crate::method::Param::of::<$ty>(stringify!($arg), _generator)),*],
                    returns: |generator| <$returns as crate::method::Returned>::schema(generator),
                    run: |call| Box::pin(async move {
                        #[derive(serde::Deserialize)]
                        #[serde(deny_unknown_fields)]
                        struct Args { $($arg: $ty),* }
                        let Args { $($arg),* } = call.args(concat!(stringify!($area), ".", stringify!($method)))?;
                        let $target = call.target;
                        $(let $watch = call.watch;)?
                        $(let $other = call.other;)?
                        crate::method::answer::<$returns>(async move { $body }).await
                    }),
                }),*],
            }
        }
    };
}

pub(crate) use area;
