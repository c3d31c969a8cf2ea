//! How a type that JSON writes as text describes itself.

/// Describes types as text, wherever a JSON Schema speaks of them.
macro_rules! written_as_text {
    ($($name:ident),+) => {$(
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                String::json_schema(generator)
            }
        }
    )+};
}

pub(crate) use written_as_text;
