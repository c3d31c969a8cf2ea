//! Cells that a spreadsheet would run, and lists within a cell.

use std::borrow::Cow;

/// What makes a spreadsheet take a cell for a formula; the wide forms do where they are typed. After OWASP's page on CSV
/// injection, looked at in 2026.
const STARTS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Whether a spreadsheet may run a cell: quotes and white space before the start of a formula do not always help.
fn runs(cell: &str) -> bool {
    let skipped = |c: char| matches!(c, '\'' | '"' | '\u{feff}') || c.is_whitespace();
    cell.starts_with(['\t', '\r', '\n']) || cell.trim_start_matches(skipped).starts_with(STARTS)
}

/// Whether a cell cannot stand as it is: one that a spreadsheet would run, or that would not be read back as it is, for
/// the white space at its ends or because it is empty. Apostrophes before it make no difference.
fn unsafe_bare(cell: &str) -> bool {
    let rest = cell.trim_start_matches('\'');
    rest.is_empty() || rest.trim() != rest || rest.starts_with('\u{feff}') || runs(rest)
}

/// A value as an exported cell: with one `'` before it if it cannot stand as it is. [`unguard`] takes it off again.
pub fn guard(value: &str) -> Cow<'_, str> {
    if unsafe_bare(value) {
        Cow::Owned(format!("'{value}"))
    } else {
        Cow::Borrowed(value)
    }
}

/// The exact value of a cell that [`guard`] put a `'` before; `None` for any other cell.
pub fn unguard(cell: &str) -> Option<&str> {
    cell.strip_prefix('\'').filter(|value| unsafe_bare(value))
}

/// A cell of somebody's file as it can be given back: what a spreadsheet would run gets a `'`, which says the same to
/// an import.
pub fn harmless(cell: &str) -> Cow<'_, str> {
    if runs(cell) && !cell.starts_with('\'') {
        Cow::Owned(format!("'{}", cell.trim()))
    } else {
        Cow::Borrowed(cell)
    }
}

/// Google's separator.
pub(super) const COLONS: &str = ":::";

/// The items of a list: separated by commas, semicolons or, as Google writes them, `:::`; blank ones left out. An item
/// in double quotes may hold separators, and quotes doubled.
pub(crate) fn read_list(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some((item, after)) = quoted(rest) {
            items.push(item);
            rest = after;
        } else {
            let end = separator(rest).map_or(rest.len(), |(at, _)| at);
            let item = rest[..end].trim();
            if !item.is_empty() {
                items.push(item.to_owned());
            }
            rest = &rest[end..];
        }
        rest = match separator(rest) {
            Some((0, length)) => rest[length..].trim_start(),
            _ => rest,
        };
    }
    items
}

/// Where the first separator is, and how long.
fn separator(text: &str) -> Option<(usize, usize)> {
    let single = text.find([',', ';']).map(|at| (at, 1));
    let colons = text.find(COLONS).map(|at| (at, COLONS.len()));
    [single, colons].into_iter().flatten().min()
}

/// An item in double quotes at the beginning of a text, and what follows it: a separator or nothing.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut item = String::new();
    let mut rest = text.strip_prefix('"')?;
    loop {
        let (before, after) = rest.split_once('"')?;
        item.push_str(before);
        if let Some(more) = after.strip_prefix('"') {
            item.push('"');
            rest = more;
            continue;
        }
        let after = after.trim_start();
        return (after.is_empty() || separator(after).is_some_and(|(at, _)| at == 0))
            .then_some((item, after));
    }
}

/// A list as [`read_list`] reads it.
pub(crate) fn write_list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for item in items {
        if !text.is_empty() {
            text.push(',');
        }
        if item.is_empty() || item.trim() != item || item.contains(['"', ',', ';']) || item.contains(COLONS) {
            text.push('"');
            text.push_str(&item.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(item);
        }
    }
    text
}

#[cfg(test)]
mod tests;
