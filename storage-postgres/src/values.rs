//! Values as PostgreSQL takes and gives them.

use std::borrow::Cow;

use tertulia_storage_sql::{Condition, Value};
use tertulia_storage_traits::{StorageError, StorageErrorKind};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::error::Result;

/// What a `$` is given.
pub(crate) type Param = Box<dyn ToSql + Sync + Send>;

/// The one character that no text of PostgreSQL can have, and the one that stands for it, are each written as two. The
/// order of texts, and which are equal, stays.
pub(crate) fn encode(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', '\u{1}']) {
        Cow::Owned(text.replace('\u{1}', "\u{1}\u{2}").replace('\0', "\u{1}\u{1}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that was written so.
pub(crate) fn decode(text: &str) -> String {
    if !text.contains('\u{1}') {
        return text.to_owned();
    }
    let mut decoded = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\u{1}') {
            (_, true) if chars.next() == Some('\u{1}') => decoded.push('\0'),
            (_, true) => decoded.push('\u{1}'),
            (c, false) => decoded.push(c),
        }
    }
    decoded
}

fn encoded(text: &str) -> String {
    encode(text).into_owned()
}

/// A value with its type.
fn param(value: Value) -> (Param, Type) {
    match value {
        Value::Null => (Box::new(None::<String>), Type::TEXT),
        Value::Flag(flag) => (Box::new(flag), Type::BOOL),
        Value::Integer(number) => (Box::new(number), Type::INT8),
        Value::Real(number) => (Box::new(number), Type::FLOAT8),
        Value::Text(text) => (Box::new(encoded(&text)), Type::TEXT),
        Value::Id(id) => (Box::new(id.unwrap_or_default()), Type::UUID),
        Value::Integers(numbers) => (Box::new(numbers), Type::INT8_ARRAY),
        Value::Texts(texts) => {
            let texts: Vec<String> = texts.iter().map(|text| encoded(text)).collect();
            (Box::new(texts), Type::TEXT_ARRAY)
        }
        Value::Ids(ids) => (Box::new(ids), Type::UUID_ARRAY),
    }
}

/// A statement with its values, as PostgreSQL takes it.
pub(crate) fn numbered(Condition { sql, values }: Condition) -> (String, Vec<(Param, Type)>) {
    let mut numbered = String::with_capacity(sql.len() + values.len());
    for (place, part) in sql.split('?').enumerate() {
        if place > 0 {
            numbered.push('$');
            numbered.push_str(&place.to_string());
        }
        numbered.push_str(part);
    }
    (numbered, values.into_iter().map(param).collect())
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    Id,
    Number,
    Flag,
    Text,
    /// A list of texts, which goes as JSON: lists of lists would all have to be as long.
    Texts,
}

impl Holds {
    /// What a list of such values is.
    pub(crate) const fn array(self) -> &'static str {
        match self {
            Self::Id => "uuid[]",
            Self::Number => "bigint[]",
            Self::Flag => "boolean[]",
            Self::Text | Self::Texts => "text[]",
        }
    }
}

/// Rows as one list for each column, of the types that these hold.
pub(crate) fn columns(holds: &[Holds], rows: Vec<Vec<Value>>) -> Vec<Param> {
    let mut rows: Vec<_> = rows.into_iter().map(Vec::into_iter).collect();
    let mut columns: Vec<Param> = Vec::with_capacity(holds.len());
    for holds in holds {
        let values = rows.iter_mut().map(|row| row.next().unwrap_or(Value::Null));
        columns.push(match holds {
            Holds::Id => Box::new(list(values, |value| match value {
                Value::Id(id) => Some(id.unwrap_or_default()),
                _ => None,
            })),
            Holds::Number => Box::new(list(values, |value| match value {
                Value::Integer(number) => Some(number),
                _ => None,
            })),
            Holds::Flag => Box::new(list(values, |value| match value {
                Value::Flag(flag) => Some(flag),
                _ => None,
            })),
            Holds::Text | Holds::Texts => Box::new(list(values, |value| match value {
                Value::Text(text) => Some(encoded(&text)),
                Value::Texts(texts) => Some(json(&texts)),
                _ => None,
            })),
        });
    }
    columns
}

fn list<T>(values: impl Iterator<Item = Value>, read: impl Fn(Value) -> Option<T>) -> Vec<Option<T>> {
    values.map(read).collect()
}

/// A list of texts as JSON, each as columns have it.
pub(crate) fn json<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    let texts: Vec<Cow<'_, str>> = texts.into_iter().map(|text| encode(text)).collect();
    serde_json::json!(texts).to_string()
}

/// A column of an order.
pub(crate) fn place(row: &Row, column: usize) -> Result<Value> {
    let kind = row.columns().get(column).map(tokio_postgres::Column::type_);
    let read = match kind {
        Some(&Type::INT8) => row.try_get(column).map(Value::Integer),
        Some(&Type::UUID) => row
            .try_get(column)
            .map(|id: Uuid| Value::Id(Some(id).filter(|id| !id.is_nil()))),
        _ => row.try_get(column).map(|text: &str| Value::Text(decode(text))),
    };
    read.map_err(|error| misread(&error))
}

/// What stands in a column, by its place.
pub(crate) fn get<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, column: usize) -> Result<T> {
    row.try_get(column).map_err(|error| misread(&error))
}

fn misread(error: &tokio_postgres::Error) -> StorageError {
    // Its own words are about the type, and quote nothing.
    StorageError::new(
        StorageErrorKind::Corrupt,
        format!("a row is not as it was written: {error}; restore a backup"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_can_be_written_keeps_its_order_and_comes_back() {
        let texts = [
            "",
            "\0",
            "\0\0",
            "\0a",
            "\u{1}",
            "\u{1}\0",
            "\u{1}\u{1}",
            "\u{2}",
            "a",
            "a\0",
            "ä",
        ];
        for (place, text) in texts.iter().enumerate() {
            let written = encode(text);
            assert!(!written.contains('\0'));
            assert_eq!(decode(&written), *text);
            for later in &texts[place + 1..] {
                assert_eq!(text.cmp(later), written.cmp(&encode(later)), "{text:?} {later:?}");
            }
        }
    }

    #[test]
    fn values_are_numbered_in_their_order() {
        let condition = Condition {
            sql: "a = ? AND b = ?".to_owned(),
            values: vec![Value::Integer(1), Value::Text("x".to_owned())],
        };
        let (sql, params) = numbered(condition);
        assert_eq!(sql, "a = $1 AND b = $2");
        let types: Vec<_> = params.into_iter().map(|(_, kind)| kind).collect();
        assert_eq!(types, [Type::INT8, Type::TEXT]);
    }
}
