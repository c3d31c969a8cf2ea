//! Cursors: a place in a query's order, as text.

use std::fmt;

use tertulia_storage_traits::{Cursor, StorageError, StorageErrorKind};
use uuid::Uuid;

use crate::error::Result;
use crate::value::Value;

/// Tells queries apart, so that a cursor of one is not taken for a cursor of another (FNV-1a: cursors may outlive
/// the process, the standard library's hasher may change).
pub fn fingerprint(query: &impl fmt::Debug) -> u64 {
    format!("{query:?}")
        .bytes()
        .fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        })
}

fn bad_cursor(why: &str) -> StorageError {
    StorageError::new(
        StorageErrorKind::BadCursor,
        format!("the cursor {why}; give one that a page of this very query ended with, or none"),
    )
}

/// A place in the feed.
pub fn feed_cursor(position: u64) -> Cursor {
    Cursor(position.to_string())
}

/// The position that a cursor of the feed names.
pub fn read_position(cursor: &Cursor) -> Result<i64> {
    let position = cursor.0.parse::<u64>().ok();
    position
        .and_then(|position| i64::try_from(position).ok())
        .ok_or_else(|| bad_cursor("is no position of the feed"))
}

/// A place in the order of the query that has this fingerprint.
pub fn write_cursor(token: u64, place: &[Value]) -> Cursor {
    let parts = place.iter().map(|value| match value {
        Value::Integer(number) => format!(".i{number}"),
        Value::Text(text) => format!(".t{}", hex::encode(text)),
        Value::Id(Some(id)) => format!(".b{}", hex::encode(id.as_bytes())),
        // No column of an order is anything else.
        _ => ".".to_owned(),
    });
    Cursor(format!("{token:016x}{}", parts.collect::<String>()))
}

/// The place that a cursor names.
pub fn read_cursor(cursor: &Cursor, token: u64, columns: usize) -> Result<Vec<Value>> {
    let mut parts = cursor.0.split('.');
    if parts.next() != Some(&format!("{token:016x}")) {
        return Err(bad_cursor("is not one of this query's"));
    }
    let place: Option<Vec<Value>> = parts.map(read_value).collect();
    place
        .filter(|place| place.len() == columns)
        .ok_or_else(|| bad_cursor("is not as it was given"))
}

fn read_value(part: &str) -> Option<Value> {
    let (kind, value) = part.split_at_checked(1)?;
    match kind {
        "i" => value.parse().ok().map(Value::Integer),
        "t" => String::from_utf8(hex::decode(value).ok()?).ok().map(Value::Text),
        "b" => Uuid::from_slice(&hex::decode(value).ok()?)
            .ok()
            .map(|id| Value::Id(Some(id))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
        let place = vec![
            Value::Integer(-5),
            Value::Text("ä.b\0".to_owned()),
            Value::Id(Some(Uuid::from_u128(0xff))),
        ];
        let cursor = write_cursor(7, &place);
        assert_eq!(read_cursor(&cursor, 7, 3).unwrap(), place);
        let good = cursor.0;
        let bad = [
            String::new(),
            "5".to_owned(),
            good.replace(".i", ".x"),
            good.replace(".b0", ".b"),
            good.replace("ff", "fg"),
            good.replace("ff", "f"),
            good.replace("c3", "ff"),
            format!("{good}."),
            format!("{good}.i1"),
        ];
        for bad in bad.into_iter().filter(|bad| *bad != good) {
            let error = read_cursor(&Cursor(bad.clone()), 7, 3).unwrap_err();
            assert_eq!(error.kind, StorageErrorKind::BadCursor, "{bad}");
        }
        assert!(read_cursor(&Cursor(good), 8, 3).is_err());
    }
}
