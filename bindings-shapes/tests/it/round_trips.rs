//! Whatever the description says fits, fits; and what is written of it is read back the same.

use std::fmt::Debug;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tertulia::core::inbound::InboundEvent;
use tertulia::core::ledger::Outcome;
use tertulia::core::tagging::Rule;
use tertulia::{
    AttributeKind, ConsentRequest, Content, Draft, Filter, ImportOptions, NewAccount, NewBroadcast,
    NewContact, SendRequest, Settings, TemplateParameters,
};
use tertulia_bindings_shapes::describe;

/// How many values of each shape are tried.
const TRIES: u64 = 300;

/// How deep a value goes before it takes the simplest variants.
const DEPTH: usize = 6;

/// Random values that fit the description. The same seed makes the same ones.
struct Maker<'a> {
    shapes: &'a Map<String, Value>,
    rng: fastrand::Rng,
}

impl Maker<'_> {
    fn pick<'v, T>(&mut self, from: &'v [T]) -> &'v T {
        &from[self.rng.usize(..from.len())]
    }

    /// A value of a schema, found under this key.
    fn value(&mut self, schema: &Value, key: &str, depth: usize) -> Value {
        if let Some(known) = self.of_form(key) {
            return known;
        }
        let Some(schema) = schema.as_object().filter(|schema| !schema.is_empty()) else {
            return self.any();
        };
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            return self.pick(words).clone();
        }
        for several in ["oneOf", "anyOf"] {
            if let Some(variants) = schema.get(several).and_then(Value::as_array) {
                let simple = depth > DEPTH;
                let variant = if simple { &variants[0] } else { self.pick(variants) };
                return self.value(variant, key, depth + 1);
            }
        }
        // The fields of a variant that is a record stand beside its tag.
        let mut named = Map::new();
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let shape = &self.shapes[name.trim_start_matches("#/$defs/")];
            match self.value(shape, "", depth + 1) {
                Value::Object(fields) => named = fields,
                other => return other,
            }
        }
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let required = schema.get("required").and_then(Value::as_array);
            for (key, property) in properties {
                if required.is_some_and(|required| required.contains(&json!(key))) || self.rng.bool() {
                    named.insert(key.clone(), self.value(property, key, depth + 1));
                }
            }
        }
        match schema.get("type") {
            Some(Value::String(word)) => self.of_type(word, schema, depth).unwrap_or(named.into()),
            Some(Value::Array(words)) => {
                let word = self.pick(words).as_str().unwrap().to_owned();
                self.of_type(&word, schema, depth).unwrap_or(named.into())
            }
            // Any JSON, with a description.
            None if !schema.contains_key("$ref") && !schema.contains_key("properties") => self.any(),
            _ => named.into(),
        }
    }

    /// A value of a type; none for an object whose fields are named.
    fn of_type(&mut self, word: &str, schema: &Map<String, Value>, depth: usize) -> Option<Value> {
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        Some(match word {
            "null" => Value::Null,
            "boolean" => self.rng.bool().into(),
            "integer" => match format {
                "uint16" => self.rng.u16(..).into(),
                "uint32" => self.rng.u32(..).into(),
                "int64" => self.rng.i64(..).into(),
                _ => self.rng.u64(..).into(),
            },
            "number" => (f64::from(self.rng.i32(-8_000..8_000)) / 8.0).into(),
            "string" if schema.contains_key("contentEncoding") => {
                let bytes: Vec<u8> = (0..self.rng.usize(..9)).map(|_| self.rng.u8(..)).collect();
                STANDARD.encode(bytes).into()
            }
            "string" => match format {
                "uuid" => format!("019b8d2a-0000-7000-8000-{:012x}", self.rng.u32(..)).into(),
                "date-time" => {
                    let (second, milli) = (self.rng.u8(..60), self.rng.u16(..1_000));
                    let zone = self.pick(&["Z", "+05:30", "-03:00"]);
                    format!("2026-01-05T09:00:{second:02}.{milli:03}{zone}").into()
                }
                "partial-date-time" => (*self.pick(&["2026-12-24T09:00:00", "2028-02-29T23:59:59"])).into(),
                "partial-time" => (*self.pick(&["08:00:00", "21:30:00"])).into(),
                _ => (*self.pick(&TEXTS)).into(),
            },
            "array" => {
                let items = schema.get("items").unwrap_or(&Value::Null).clone();
                let count = if depth > DEPTH { 0 } else { self.rng.usize(..4) };
                (0..count).map(|_| self.value(&items, "", depth + 1)).collect()
            }
            "object" if schema.contains_key("properties") => return None,
            "object" => {
                let of = schema.get("additionalProperties").unwrap_or(&Value::Null).clone();
                let count = self.rng.usize(..3);
                let fields = (0..count).map(|_| {
                    let key = (*self.pick(&TEXTS)).to_owned();
                    (key, self.value(&of, "", depth + 1))
                });
                Value::Object(fields.collect())
            }
            other => panic!("a type {other:?} is described"),
        })
    }

    /// Text that is described as text and has a form of its own.
    fn of_form(&mut self, key: &str) -> Option<Value> {
        Some(match key {
            "zone" => json!(self.pick(&["UTC", "America/Sao_Paulo"])),
            "language" => json!(self.pick(&["en_US", "pt_BR", "de"])),
            "default_region" => json!(self.pick(&[Some("BR"), Some("IN"), None])),
            "missing" => json!(self.pick(&[vec![], vec!["contact.name", "contact.attributes.City"]])),
            "stored" => json!("019b8d2a-0000-7000-8000-000000000001/019b8d2a-0000-7000-8000-000000000002"),
            "date_format" => json!("%d/%m/%Y"),
            "time_format" => json!("%I:%M %p"),
            "keywords" => json!({"pt-br": {"stop": ["sair"], "start": ["voltar"], "help": ["ajuda"]}}),
            _ => return None,
        })
    }

    fn any(&mut self) -> Value {
        let values = [
            Value::Null,
            json!(true),
            json!(-7),
            json!(0.125),
            json!("São João"),
            json!([1, {"a": [null]}]),
            json!({"kind": "x", "deep": {"er": []}}),
        ];
        self.pick(&values).clone()
    }
}

const TEXTS: [&str; 8] = [
    "",
    "a",
    "São João",
    "日本語",
    "👩‍👩‍👧",
    "x\"y\\z/",
    "line\nbreak\t\u{1}",
    "Hi {{contact.name|you}}",
];

fn goes_round<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str) {
    let description = describe();
    let shapes = description["shapes"].as_object().unwrap();
    for seed in 0..TRIES {
        let mut maker = Maker {
            shapes,
            rng: fastrand::Rng::with_seed(seed),
        };
        let made = maker.value(&shapes[name], "", 0);
        let read: T = serde_json::from_value(made.clone())
            .unwrap_or_else(|error| panic!("{name}, seed {seed}: {error} in {made:#}"));
        let written = serde_json::to_string(&read).unwrap();
        let again: T = serde_json::from_str(&written).unwrap();
        assert_eq!(again, read, "{name}, seed {seed}: {written}");
    }
}

#[test]
fn what_fits_the_description_is_taken_and_read_back_the_same() {
    goes_round::<Filter>("Filter");
    goes_round::<Content>("Content");
    goes_round::<TemplateParameters>("TemplateParameters");
    goes_round::<NewContact>("NewContact");
    goes_round::<NewAccount>("NewAccount");
    goes_round::<NewBroadcast>("NewBroadcast");
    goes_round::<Draft>("Draft");
    goes_round::<SendRequest>("SendRequest");
    goes_round::<ConsentRequest>("ConsentRequest");
    goes_round::<ImportOptions>("ImportOptions");
    goes_round::<AttributeKind>("AttributeKind");
    goes_round::<Settings>("Settings");
    goes_round::<Rule>("Rule");
    goes_round::<InboundEvent>("InboundEvent");
    goes_round::<Outcome>("Outcome");
}
