//! The files that are made from code: docs/errors.md, docs/roles.md, and every language's types, handles and stubs.
//!
//! They are committed, so that a reader sees them and a review sees them change; `--check` fails where one is not what
//! would be written.

/// Adds lines of text, indented by four spaces a level.
macro_rules! put {
    ($out:expr, $level:expr, $($text:tt)*) => {{
        let indent = "    ".repeat($level);
        // Writing to a string does not fail.
        let _ = writeln!($out, "{indent}{}", format_args!($($text)*));
    }};
}

mod kotlin;
pub(crate) mod model;
pub(crate) mod names;
mod node;
mod python;
mod swift;

use std::process::Command;

use crate::errors_doc;
use crate::project::{self, Project};
use crate::roles_doc;
use model::Api;

/// A file to write: its path below the project's root, and what it holds.
pub(crate) struct Generated {
    /// The path.
    pub(crate) path: &'static str,
    /// The text.
    pub(crate) text: String,
}

/// Where the description of all that crosses is kept.
pub(crate) const API: &str = "bindings-shapes/api.json";

/// Every generated file.
fn all(project: &Project) -> Result<Vec<Generated>, String> {
    let text = describe(project)?;
    let api = Api::read(&text)?;
    let mut files = vec![
        Generated {
            path: errors_doc::PATH,
            text: errors_doc::text(&api.errors),
        },
        Generated {
            path: roles_doc::PATH,
            text: roles_doc::text(&api.calls),
        },
        Generated { path: API, text },
    ];
    files.extend(python::files(&api)?);
    files.extend(node::files(&api));
    files.extend(kotlin::files(&api)?);
    files.extend(swift::files(&api)?);
    Ok(files)
}

/// The description, from the crate that holds it.
fn describe(project: &Project) -> Result<String, String> {
    project::output(&mut Command::new(project.program("describe")?))
}

/// Writes every generated file that differs.
pub(crate) fn write(project: &Project) -> Result<String, String> {
    let mut written = Vec::new();
    for file in all(project)? {
        if differs(project, &file).is_some() {
            project::write(&project.root.join(file.path), &file.text)?;
            written.push(file.path);
        }
    }
    Ok(if written.is_empty() {
        "nothing to write".to_owned()
    } else {
        format!("wrote {}", written.join(", "))
    })
}

/// Fails if a generated file is not what would be written.
pub(crate) fn check(project: &Project) -> Result<String, String> {
    let files = all(project)?;
    let stale: Vec<String> = files
        .iter()
        .filter_map(|file| differs(project, file).map(|how| format!("{}, {how}", file.path)))
        .collect();
    if stale.is_empty() {
        Ok(format!("{} files", files.len()))
    } else {
        let stale = stale.join("\n");
        Err(format!(
            "out of date; run `cargo xtask gen` and commit what it writes:\n{stale}"
        ))
    }
}

/// Where a file differs from what would be written, if it does.
fn differs(project: &Project, file: &Generated) -> Option<String> {
    match project.read(file.path) {
        Ok(found) => first_difference(&found, &file.text),
        Err(reason) => Some(reason),
    }
}

fn first_difference(found: &str, wanted: &str) -> Option<String> {
    if found == wanted {
        return None;
    }
    let same = found
        .lines()
        .zip(wanted.lines())
        .take_while(|(one, other)| one == other)
        .count();
    let shown = |text: &str| text.lines().nth(same).unwrap_or("(the end)").to_owned();
    Some(format!(
        "line {}:\n  is        {}\n  should be {}",
        same + 1,
        shown(found),
        shown(wanted)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_shown() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert!(
            first_difference("a\nb\n", "a\nc\n")
                .unwrap()
                .starts_with("line 2:")
        );
        assert!(first_difference("a\n", "a\nc\n").unwrap().contains("(the end)"));
        assert!(first_difference("a", "a\n").is_some());
    }
}
