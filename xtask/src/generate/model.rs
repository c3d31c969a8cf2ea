//! The description of all that crosses, read into what generators need.
//!
//! It arrives as JSON Schema. What is no use of it that is understood here is an error, so that nothing is generated
//! wrongly in silence.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

/// All that crosses.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Api {
    /// The version.
    pub(crate) version: String,
    /// The methods of a CRM.
    pub(crate) crm: Interface,
    /// The areas of an organisation.
    pub(crate) org: Vec<Interface>,
    /// The methods of the stand-in platform.
    pub(crate) platform: Interface,
    /// The methods of the manual clock.
    pub(crate) clock: Interface,
    /// What a host's objects are called by.
    pub(crate) callbacks: Vec<Interface>,
    /// Every error code.
    pub(crate) errors: Vec<ErrorCode>,
    /// Every call that a member of a team may make, in the order of the table of roles.
    pub(crate) calls: Vec<RoleOfCall>,
    /// Every named type, by name.
    pub(crate) shapes: Vec<Shape>,
}

/// Methods that belong together.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Interface {
    /// The name: an area's is `contacts`, a callback interface's `Transport`.
    pub(crate) name: String,
    /// What it is.
    pub(crate) docs: String,
    /// Its methods.
    pub(crate) methods: Vec<Method>,
}

/// A method.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Method {
    /// The name, in snake case.
    pub(crate) name: String,
    /// What it does.
    pub(crate) docs: String,
    /// Its arguments, in order.
    pub(crate) params: Vec<Field>,
    /// What it returns; none: nothing.
    pub(crate) returns: Option<Type>,
    /// What it tells of its progress, if it does; it can then be cancelled, too.
    pub(crate) progress: Option<Type>,
    /// Another handle that it is given, under this name.
    pub(crate) other: Option<String>,
    /// What a callback answers if the host did not write it.
    pub(crate) default: Option<Value>,
}

/// A field of a record, or an argument.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Field {
    /// Its key in JSON.
    pub(crate) wire: String,
    /// What it is.
    pub(crate) docs: String,
    /// Its type.
    pub(crate) ty: Type,
    /// What it is if left out; none: it must be given.
    pub(crate) default: Option<Value>,
    /// It is kept out of logs.
    pub(crate) secret: bool,
}

/// A type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "is", content = "of", rename_all = "snake_case")]
pub(crate) enum Type {
    /// Text.
    Text,
    /// True or false.
    Bool,
    /// A whole number; unsigned ones are never negative.
    Int {
        /// Whether it may be negative.
        signed: bool,
    },
    /// A number.
    Float,
    /// An instant: RFC 3339 with a zone.
    Time,
    /// Any JSON.
    Json,
    /// Bytes: base64.
    Bytes,
    /// A shape.
    Named(String),
    /// A list.
    List(Box<Type>),
    /// A map from text.
    Map(Box<Type>),
    /// A value or null.
    Optional(Box<Type>),
    /// One page of a list.
    Page(Box<Type>),
}

/// A named type.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Shape {
    /// The name, in Pascal case.
    pub(crate) name: String,
    /// What it is.
    pub(crate) docs: String,
    /// What it is made of.
    #[serde(flatten)]
    pub(crate) body: Body,
}

/// What a shape is made of.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Body {
    /// An id: a UUID as text.
    Id,
    /// Another name for a type.
    Alias {
        /// The type.
        ty: Type,
    },
    /// An object with these fields.
    Record {
        /// The fields, in order.
        fields: Vec<Field>,
    },
    /// One of these words.
    Choice {
        /// The words.
        values: Vec<Word>,
    },
    /// One of these variants.
    Union {
        /// How JSON tells them apart.
        tagging: Tagging,
        /// The variants.
        variants: Vec<Variant>,
    },
}

/// A word of a choice.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Word {
    /// The word in JSON.
    pub(crate) wire: String,
    /// What it means.
    pub(crate) docs: String,
}

/// How JSON tells the variants of a union apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "tag", content = "key", rename_all = "snake_case")]
pub(crate) enum Tagging {
    /// The object has the variant's name under this key, beside the fields: `{"type": "text", "body": "…"}`.
    Inner(String),
    /// The object's only key is the variant's name, its value the payload: `{"and": […]}`. A variant without payload is
    /// its bare name.
    Outer,
    /// By what the value is: a list or an object.
    Untagged,
}

/// A variant of a union.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Variant {
    /// The name in JSON.
    pub(crate) wire: String,
    /// What it means.
    pub(crate) docs: String,
    /// What it holds.
    #[serde(flatten)]
    pub(crate) holds: Holds,
}

/// Whether a variant of this name holds nothing: JSON has its bare name.
pub(crate) fn has_bare(variants: &[Variant], name: &str) -> bool {
    variants
        .iter()
        .any(|variant| variant.wire == name && matches!(variant.holds, Holds::Nothing))
}

/// What a variant holds.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "holds", rename_all = "snake_case")]
pub(crate) enum Holds {
    /// Nothing.
    Nothing,
    /// Fields.
    Fields {
        /// The fields.
        fields: Vec<Field>,
    },
    /// One value. Under [`Tagging::Inner`] it is a record whose fields stand beside the tag.
    Value {
        /// Its type.
        ty: Type,
    },
}

/// An error code.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ErrorCode {
    /// The code.
    pub(crate) code: String,
    /// What goes wrong, coarsely.
    pub(crate) kind: String,
    /// Whether the same call may succeed later.
    pub(crate) retry: String,
    /// The HTTP status to answer a platform with.
    pub(crate) http_status: u64,
    /// What it means.
    pub(crate) meaning: String,
    /// What to do.
    pub(crate) remedy: String,
}

/// The least role that may make a call.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RoleOfCall {
    /// The call, as in `contacts.merge`.
    pub(crate) name: String,
    /// The role.
    pub(crate) needs: String,
}

type Read<T> = Result<T, String>;

impl Api {
    /// Reads the description.
    pub(crate) fn read(text: &str) -> Read<Self> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let one = |key: &str| -> Read<Interface> {
            let mut all = interfaces(get(&value, key)?)?;
            match all.len() {
                1 => Ok(all.remove(0)),
                count => Err(format!("{key} has {count} areas")),
            }
        };
        let shapes: BTreeMap<String, Value> =
            serde_json::from_value(get(&value, "shapes")?.clone()).map_err(|error| error.to_string())?;
        Ok(Self {
            version: string(&value, "version")?,
            crm: one("crm")?,
            org: interfaces(get(&value, "org")?)?,
            platform: one("platform")?,
            clock: one("clock")?,
            callbacks: interfaces(get(&value, "callbacks")?)?,
            errors: list(get(&value, "errors")?)?
                .iter()
                .map(|error| {
                    Ok(ErrorCode {
                        code: string(error, "code")?,
                        kind: string(error, "kind")?,
                        retry: string(error, "retry")?,
                        http_status: get(error, "http_status")?
                            .as_u64()
                            .ok_or("http_status is no number")?,
                        meaning: string(error, "meaning")?,
                        remedy: string(error, "remedy")?,
                    })
                })
                .collect::<Read<_>>()?,
            calls: list(get(&value, "calls")?)?
                .iter()
                .map(|call| {
                    Ok(RoleOfCall {
                        name: string(call, "name")?,
                        needs: string(call, "needs")?,
                    })
                })
                .collect::<Read<_>>()?,
            shapes: shapes
                .iter()
                .map(|(name, schema)| shape(name, schema).map_err(|error| format!("{name}: {error}")))
                .collect::<Read<_>>()?,
        })
    }

    /// Every name that can be spoken of: `contacts.create`, `NewContact`, `NewContact.phone`, and what opens a CRM.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let opened = ["Crm.open", "ManualClock", "Platform"].map(ToOwned::to_owned);
        let callbacks = self.callbacks.iter().map(|interface| interface.name.clone());
        let areas = [&self.crm, &self.platform, &self.clock]
            .into_iter()
            .chain(&self.org);
        let methods = areas.flat_map(|area| {
            let name = move |method: &Method| format!("{}.{}", area.name, method.name);
            area.methods.iter().map(name)
        });
        let shapes = self.shapes.iter().flat_map(|shape| {
            let fields: &[Field] = match &shape.body {
                Body::Record { fields } => fields,
                _ => &[],
            };
            let name = |field: &Field| format!("{}.{}", shape.name, field.wire);
            fields
                .iter()
                .map(name)
                .chain([shape.name.clone()])
                .collect::<Vec<_>>()
        });
        opened
            .into_iter()
            .chain(callbacks)
            .chain(methods)
            .chain(shapes)
            .collect()
    }
}

fn get<'a>(value: &'a Value, key: &str) -> Read<&'a Value> {
    value
        .get(key)
        .ok_or_else(|| format!("{key} is missing in {value}"))
}

fn string(value: &Value, key: &str) -> Read<String> {
    let text = get(value, key)?.as_str();
    text.map(ToOwned::to_owned)
        .ok_or_else(|| format!("{key} is no text in {value}"))
}

fn list(value: &Value) -> Read<&Vec<Value>> {
    value.as_array().ok_or_else(|| format!("{value} is no list"))
}

fn docs(schema: &Value) -> String {
    schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn interfaces(value: &Value) -> Read<Vec<Interface>> {
    let interface = |value: &Value| {
        Ok(Interface {
            name: string(value, "name")?,
            docs: string(value, "docs")?,
            methods: list(get(value, "methods")?)?
                .iter()
                .map(method)
                .collect::<Read<_>>()?,
        })
    };
    list(value)?.iter().map(interface).collect()
}

fn method(value: &Value) -> Read<Method> {
    let name = string(value, "name")?;
    let param = |value: &Value| {
        let ty = ty(get(value, "schema")?)?;
        let default = matches!(ty, Type::Optional(_)).then_some(Value::Null);
        Ok(Field {
            wire: string(value, "name")?,
            docs: String::new(),
            ty,
            default,
            secret: false,
        })
    };
    let params: Read<Vec<Field>> = list(get(value, "params")?)?.iter().map(param).collect();
    Ok(Method {
        docs: string(value, "docs")?,
        params: params.map_err(|error| format!("{name}: {error}"))?,
        returns: value
            .get("returns")
            .map(ty)
            .transpose()
            .map_err(|error| format!("{name}: {error}"))?,
        progress: value
            .get("progress")
            .map(ty)
            .transpose()
            .map_err(|error| format!("{name}: {error}"))?,
        other: value.get("other").and_then(Value::as_str).map(ToOwned::to_owned),
        default: value.get("default").cloned(),
        name,
    })
}

/// The type that a schema stands for, where it is used.
fn ty(schema: &Value) -> Read<Type> {
    let Some(schema) = schema.as_object() else {
        return Ok(Type::Json);
    };
    if let Some(item) = schema.get("x-page") {
        return Ok(Type::Page(Box::new(ty(item)?)));
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return Ok(Type::Named(shape_name(name.trim_start_matches("#/$defs/"))));
    }
    if let Some(any) = schema.get("anyOf") {
        let (nulls, others): (Vec<&Value>, Vec<&Value>) = list(any)?
            .iter()
            .partition(|one| one.get("type").and_then(Value::as_str) == Some("null"));
        return match (nulls.len(), others.as_slice()) {
            (1, [other]) => Ok(Type::Optional(Box::new(ty(other)?))),
            _ => Err(format!("{schema:?} is no optional value")),
        };
    }
    match schema.get("type") {
        None if schema
            .keys()
            .all(|key| matches!(key.as_str(), "description" | "default" | "title")) =>
        {
            Ok(Type::Json)
        }
        Some(Value::String(word)) => plain(word, schema),
        Some(Value::Array(words)) => match words.as_slice() {
            [Value::String(word), Value::String(null)] if null == "null" => {
                Ok(Type::Optional(Box::new(plain(word, schema)?)))
            }
            _ => Err(format!("{words:?} are no types")),
        },
        _ => Err(format!("{schema:?} is no type that is understood")),
    }
}

fn plain(word: &str, schema: &Map<String, Value>) -> Read<Type> {
    let format = schema.get("format").and_then(Value::as_str);
    Ok(match word {
        "string" if schema.contains_key("contentEncoding") => Type::Bytes,
        "string" => match format {
            // A local time names no instant: it is text, as in `2026-12-24T09:00:00`.
            None | Some("partial-date-time" | "partial-time") => Type::Text,
            Some("date-time") => Type::Time,
            Some(other) => return Err(format!("text of the format {other} has no type of its own")),
        },
        "boolean" => Type::Bool,
        "integer" => Type::Int {
            signed: schema.get("minimum").is_none(),
        },
        "number" => Type::Float,
        "array" => Type::List(Box::new(schema.get("items").map_or(Ok(Type::Json), ty)?)),
        "object" => match schema.get("additionalProperties") {
            Some(value) if !schema.contains_key("properties") => Type::Map(Box::new(ty(value)?)),
            _ => return Err("an object that is no map needs a name".to_owned()),
        },
        other => return Err(format!("{other} is no type that is understood")),
    })
}

fn shape_name(name: &str) -> String {
    super::names::pascal(name)
}

fn shape(name: &str, schema: &Value) -> Read<Shape> {
    let body = if let Some(variants) = schema.get("oneOf") {
        one_of(list(variants)?)?
    } else if schema.get("anyOf").is_some() {
        untagged(list(get(schema, "anyOf")?)?)?
    } else if schema.get("enum").is_some() {
        let word = |word: &Value| {
            let wire = word.as_str().ok_or("a choice is no text")?.to_owned();
            Ok(Word {
                wire,
                docs: String::new(),
            })
        };
        Body::Choice {
            values: list(get(schema, "enum")?)?
                .iter()
                .map(word)
                .collect::<Read<_>>()?,
        }
    } else if schema.get("format").and_then(Value::as_str) == Some("uuid") {
        Body::Id
    } else if schema.get("properties").is_some()
        || schema.get("additionalProperties") == Some(&Value::Bool(false))
    {
        Body::Record {
            fields: fields(schema, None)?,
        }
    } else {
        Body::Alias { ty: ty(schema)? }
    };
    Ok(Shape {
        name: shape_name(name),
        docs: docs(schema),
        body,
    })
}

/// The fields of an object but its tag.
fn fields(schema: &Value, tag: Option<&str>) -> Read<Vec<Field>> {
    let required: Vec<&str> = match schema.get("required") {
        Some(required) => list(required)?.iter().filter_map(Value::as_str).collect(),
        None => Vec::new(),
    };
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Ok(Vec::new());
    };
    properties
        .iter()
        .filter(|(key, _)| Some(key.as_str()) != tag)
        .map(|(key, schema)| {
            let ty = ty(schema).map_err(|error| format!("{key}: {error}"))?;
            let default = match schema.get("default") {
                Some(default) => Some(default.clone()),
                None if matches!(ty, Type::Optional(_)) => Some(Value::Null),
                None if required.contains(&key.as_str()) => None,
                None => match ty {
                    Type::List(_) => Some(Value::Array(Vec::new())),
                    Type::Map(_) => Some(Value::Object(Map::new())),
                    Type::Bool => Some(Value::Bool(false)),
                    Type::Json => Some(Value::Null),
                    _ => return Err(format!("{key} may be left out, and has no default")),
                },
            };
            Ok(Field {
                wire: key.clone(),
                docs: docs(schema),
                ty,
                default,
                secret: schema.get("x-secret").is_some(),
            })
        })
        .collect()
}

/// The variants of a schema that is one of several.
fn one_of(variants: &[Value]) -> Read<Body> {
    let constant = |schema: &Value| schema.get("const").and_then(Value::as_str).map(ToOwned::to_owned);
    // schemars groups variants without docs of their own into one list of words.
    let words = |schema: &Value| -> Option<Vec<Word>> {
        let docs = docs(schema);
        if let Some(wire) = constant(schema) {
            return Some(vec![Word { wire, docs }]);
        }
        let words = schema.get("enum")?.as_array()?.iter();
        let word = |word: &Value| {
            Some(Word {
                wire: word.as_str()?.to_owned(),
                docs: docs.clone(),
            })
        };
        words.map(word).collect()
    };
    let all: Option<Vec<Vec<Word>>> = variants.iter().map(words).collect();
    if let Some(all) = all {
        return Ok(Body::Choice {
            values: all.into_iter().flatten().collect(),
        });
    }
    let tag = variants.iter().find_map(|variant| {
        let properties = variant.get("properties")?.as_object()?;
        properties
            .iter()
            .find(|(_, schema)| constant(schema).is_some())
            .map(|(key, _)| key.clone())
    });
    let mut read = Vec::new();
    for variant in variants {
        match &tag {
            Some(tag) => read.push(inner(variant, tag, &constant)?),
            None => match words(variant) {
                Some(words) => read.extend(words.into_iter().map(|word| Variant {
                    wire: word.wire,
                    docs: word.docs,
                    holds: Holds::Nothing,
                })),
                None => read.push(outer(variant)?),
            },
        }
    }
    Ok(Body::Union {
        tagging: tag.map_or(Tagging::Outer, Tagging::Inner),
        variants: read,
    })
}

fn inner(variant: &Value, tag: &str, constant: &impl Fn(&Value) -> Option<String>) -> Read<Variant> {
    let named = get(get(variant, "properties")?, tag)?;
    let wire = constant(named).ok_or_else(|| format!("{variant} has no tag {tag}"))?;
    let holds = if variant.get("$ref").is_some() {
        Holds::Value { ty: ty(variant)? }
    } else {
        let fields = fields(variant, Some(tag))?;
        if fields.is_empty() {
            Holds::Nothing
        } else {
            Holds::Fields { fields }
        }
    };
    Ok(Variant {
        wire,
        docs: docs(variant),
        holds,
    })
}

fn outer(variant: &Value) -> Read<Variant> {
    let properties = get(variant, "properties")?
        .as_object()
        .ok_or("properties are no object")?;
    let [(wire, schema)] = properties.iter().collect::<Vec<_>>()[..] else {
        return Err(format!("{variant} is no variant that is understood"));
    };
    let holds = if schema.get("properties").is_some() {
        Holds::Fields {
            fields: fields(schema, None)?,
        }
    } else {
        Holds::Value { ty: ty(schema)? }
    };
    Ok(Variant {
        wire: wire.clone(),
        docs: docs(variant),
        holds,
    })
}

fn untagged(variants: &[Value]) -> Read<Body> {
    let variant = |schema: &Value| {
        let ty = ty(schema)?;
        let wire = match ty {
            Type::List(_) => "list",
            Type::Map(_) => "map",
            _ => return Err(format!("{schema} is told apart by nothing")),
        };
        Ok(Variant {
            wire: wire.to_owned(),
            docs: docs(schema),
            holds: Holds::Value { ty },
        })
    };
    Ok(Body::Union {
        tagging: Tagging::Untagged,
        variants: variants.iter().map(variant).collect::<Read<_>>()?,
    })
}

#[cfg(test)]
mod tests;
