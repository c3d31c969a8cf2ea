//! `docs/features.md`: every feature has one row, and every test that a row names has passed.
//!
//! Any table of that file with a column whose heading begins with "test" is read. Its first column names the
//! feature, as `area.row`. The test column names the tests that prove it, each in backticks, as
//! `crate::path::test` (`crate::target::path::test` for one in the crate's `tests/`), or says "not yet". What a column
//! whose heading begins with "Python" names in backticks crosses to other languages.

use std::collections::BTreeSet;

use crate::generate::{self, model::Api};
use crate::project::Project;
use crate::tests_stage;

const PATH: &str = "docs/features.md";

/// What a row says in place of tests while the feature is not built.
const NOT_YET: &str = "not yet";

#[derive(Debug, PartialEq, Eq)]
struct Row {
    /// Its line in the file, from 1.
    line: usize,
    name: String,
    tests: Vec<String>,
    not_yet: bool,
    /// What other languages call.
    elsewhere: Vec<String>,
}

/// The features stage.
pub(crate) fn check(project: &Project) -> Result<String, String> {
    let rows = rows(&project.read(PATH)?);
    let crossing = Api::read(&project.read(generate::API)?)?.names();
    let complaints = complaints(&rows, &tests_stage::passed(project)?, &crossing);
    if !complaints.is_empty() {
        return Err(complaints.join("\n"));
    }
    let tests: BTreeSet<_> = rows.iter().flat_map(|row| &row.tests).collect();
    let waiting = rows.iter().filter(|row| row.not_yet).count();
    Ok(format!(
        "{} features proved by {} tests, {waiting} not yet",
        rows.len() - waiting,
        tests.len()
    ))
}

fn complaints(rows: &[Row], passed: &BTreeSet<String>, crossing: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    if rows.is_empty() {
        found.push(format!("{PATH}: no table has a column of tests"));
    }
    let mut names = BTreeSet::new();
    for Row {
        line,
        name,
        tests,
        not_yet,
        elsewhere,
    } in rows
    {
        let mut say = |what: String| found.push(format!("{PATH}:{line}: {what}"));
        if !is_name(name) {
            say(format!("`{name}` is not the name of a feature: write `area.row`"));
        }
        if !names.insert(name) {
            say(format!("{name} has a row already"));
        }
        if tests.is_empty() != *not_yet {
            say(format!(
                "{name} must either name its tests in backticks or say \"{NOT_YET}\""
            ));
        }
        for test in tests.iter().filter(|test| !passed.contains(*test)) {
            say(format!("{name}: no test `{test}` has passed"));
        }
        for call in elsewhere.iter().filter(|call| !crossing.contains(*call)) {
            say(format!("{name}: `{call}` does not cross to other languages"));
        }
    }
    found
}

fn is_name(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    text.split_once('.')
        .is_some_and(|(area, row)| word(area) && word(row))
}

/// The rows of every table that has a column of tests.
fn rows(markdown: &str) -> Vec<Row> {
    let lines: Vec<_> = markdown.lines().collect();
    let mut found = Vec::new();
    let (mut test_column, mut elsewhere_column) = (None, None);
    for (index, line) in lines.iter().enumerate() {
        if !line.trim_start().starts_with('|') {
            test_column = None;
        } else if lines.get(index + 1).is_some_and(|next| is_rule(next)) {
            let headed = |word: &str| {
                cells(line)
                    .iter()
                    .position(|cell| cell.to_lowercase().starts_with(word))
            };
            test_column = headed("test");
            elsewhere_column = headed("python");
        } else if let Some(column) = test_column
            && !is_rule(line)
        {
            let cells = cells(line);
            let tests = cells.get(column).map_or("", String::as_str);
            let elsewhere = elsewhere_column.and_then(|column| cells.get(column));
            found.push(Row {
                line: index + 1,
                name: cells
                    .first()
                    .map_or("", String::as_str)
                    .trim_matches('`')
                    .to_owned(),
                tests: quoted(tests),
                elsewhere: elsewhere.map_or_else(Vec::new, |cell| quoted(cell)),
                not_yet: tests.to_lowercase().starts_with(NOT_YET),
            });
        }
    }
    found
}

/// What stands in backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Whether a line is the rule below a table's headings.
fn is_rule(line: &str) -> bool {
    line.trim_start().starts_with('|') && line.contains('-') && line.chars().all(|c| "|-: ".contains(c))
}

/// The cells of a table's line; `\|` does not end one.
fn cells(line: &str) -> Vec<String> {
    const BAR: &str = "\u{0}";
    let line = line.trim().replace("\\|", BAR);
    let inner = line.trim_start_matches('|').trim_end_matches('|');
    inner
        .split('|')
        .map(|cell| cell.trim().replace(BAR, "|"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "\
# Features

| language | since |
|---|---|
| Rust | 0.1 |

## phone

| row | Rust | tests that prove it |
|-----|:----:|---|
| phone.parse | `parse(a \\| b)` | `core::phone::tests::reads`, `core::phone::tests::refuses` |
| `phone.absent` | | not yet: needs the engine |

A sentence.
| find.list | `list` | `core::find::tests::lists` |
";

    #[test]
    fn rows_are_read_from_tables_that_have_a_column_of_tests() {
        assert_eq!(
            rows(TABLES),
            [
                Row {
                    line: 11,
                    name: "phone.parse".to_owned(),
                    tests: vec![
                        "core::phone::tests::reads".to_owned(),
                        "core::phone::tests::refuses".to_owned()
                    ],
                    not_yet: false,
                    elsewhere: Vec::new(),
                },
                Row {
                    line: 12,
                    name: "phone.absent".to_owned(),
                    tests: Vec::new(),
                    not_yet: true,
                    elsewhere: Vec::new(),
                },
            ]
        );
    }

    fn complaints_about(rows_of_table: &str) -> Vec<String> {
        let passed = BTreeSet::from(["core::a::holds".to_owned()]);
        let crossing = BTreeSet::from(["contacts.create".to_owned()]);
        complaints(
            &rows(&format!(
                "| row | tests | Python |\n|---|---|---|\n{rows_of_table}"
            )),
            &passed,
            &crossing,
        )
    }

    #[test]
    fn a_row_passes_only_with_tests_that_passed_or_when_it_says_not_yet() {
        for (row, complaint) in [
            ("| a.b | `core::a::holds` |", None),
            ("| a.b | not yet |", None),
            (
                "| a.b | `core::a::holds`, `core::a::gone` |",
                Some("no test `core::a::gone` has passed"),
            ),
            ("| a.b | `holds` |", Some("no test `holds` has passed")),
            ("| a.b | core::a::holds |", Some("must either")),
            ("| a.b | |", Some("must either")),
            ("| a.b |", Some("must either")),
            ("| a.b | not yet, but `core::a::holds` |", Some("must either")),
            ("| a.b | `core::a::holds` | `contacts.create` |", None),
            ("| a.b | `core::a::holds` | not yet |", None),
            (
                "| a.b | `core::a::holds` | `contacts.make` |",
                Some("`contacts.make` does not cross"),
            ),
            ("| Parsing | not yet |", Some("not the name of a feature")),
            (
                "| a.b | not yet |\n| a.b | not yet |",
                Some("features.md:4: a.b has a row already"),
            ),
            ("", Some("no table")),
        ] {
            let found = complaints_about(row);
            match complaint {
                None => assert!(found.is_empty(), "{row}: {found:?}"),
                Some(words) => assert!(found.len() == 1 && found[0].contains(words), "{row}: {found:?}"),
            }
        }
    }
}
