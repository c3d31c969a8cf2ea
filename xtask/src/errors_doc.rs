//! `docs/errors.md`, made from the table of error codes.

use std::fmt::Write as _;

use tertulia_core::error::Code;

use crate::project::{self, Project};

const PATH: &str = "docs/errors.md";

const HEAD: &str = "\
# Error codes

Made by `cargo xtask gen` from the table in `core/src/error.rs`: change that table, not this file.

A code is frozen: it never changes its meaning. Retry says whether the same call may succeed: `never` without a change
to the input or to the state that the message names, `later` after a pause, `after_reload` once what the call was
based on has been read again.
";

/// Writes the file, and says so.
pub(crate) fn write(project: &Project) -> Result<String, String> {
    project::write(&project.root.join(PATH), &render(Code::ALL))?;
    Ok(format!("{PATH}: {} codes", Code::ALL.len()))
}

/// Says whether the file is what [`write()`] would write, and where it first differs.
pub(crate) fn check(project: &Project) -> Result<String, String> {
    let (found, wanted) = (project.read(PATH)?, render(Code::ALL));
    match first_difference(&found, &wanted) {
        None => Ok(format!("{PATH} is up to date")),
        Some(difference) => Err(format!(
            "{PATH} is out of date: run `cargo xtask gen` and commit it\n{difference}"
        )),
    }
}

/// One table for each area, in the order in which the areas first appear.
fn render(codes: &[Code]) -> String {
    let mut areas: Vec<&str> = Vec::new();
    for code in codes {
        if !areas.contains(&area(*code)) {
            areas.push(area(*code));
        }
    }
    let mut text = HEAD.to_owned();
    for wanted in areas {
        let _ = write!(
            text,
            "\n## {wanted}\n\n| code | kind | retry | what it means | what to do |\n|---|---|---|---|---|\n"
        );
        for code in codes.iter().filter(|code| area(**code) == wanted) {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} | {} |",
                code.as_str(),
                code.kind().as_str(),
                code.retry().as_str(),
                cell(code.meaning()),
                cell(code.remedy()),
            );
        }
    }
    text
}

fn area(code: Code) -> &'static str {
    code.as_str().split('.').next().unwrap_or_default()
}

/// Text that a Markdown table takes as it stands.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
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
    fn every_code_has_exactly_one_row() {
        let text = render(Code::ALL);
        for code in Code::ALL {
            let start = format!("| `{}` |", code.as_str());
            assert_eq!(
                text.lines().filter(|line| line.starts_with(&start)).count(),
                1,
                "{start}"
            );
        }
    }

    #[test]
    fn codes_of_one_area_share_one_table_wherever_they_stand() {
        let text = render(&[Code::PhoneEmpty, Code::TagEmpty, Code::PhoneLetters]);
        assert_eq!(text.matches("\n## phone\n").count(), 1);
        assert!(text.find("`phone.letters`") < text.find("## tag"));
    }

    #[test]
    fn a_bar_in_a_sentence_does_not_split_its_cell() {
        assert_eq!(cell("{{name|fallback}}"), "{{name\\|fallback}}");
    }

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
