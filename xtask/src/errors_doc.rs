//! `docs/errors.md`, made from the table of error codes.

use std::fmt::Write as _;

use crate::generate::model::ErrorCode;

/// Where the file is.
pub(crate) const PATH: &str = "docs/errors.md";

const HEAD: &str = "\
# Error codes

Made by `cargo xtask gen` from the table in `core/src/error.rs`: change that table, not this file.

A code is frozen: it never changes its meaning. Retry says whether the same call may succeed: `never` without a change
to the input or to the state that the message names, `later` after a pause, `after_reload` once what the call was
based on has been read again.
";

/// The file's text: one table for each area, in the order in which the areas first appear.
pub(crate) fn text(codes: &[ErrorCode]) -> String {
    let mut areas: Vec<&str> = Vec::new();
    for code in codes {
        if !areas.contains(&area(code)) {
            areas.push(area(code));
        }
    }
    let mut text = HEAD.to_owned();
    for wanted in areas {
        let _ = write!(
            text,
            "\n## {wanted}\n\n| code | kind | retry | what it means | what to do |\n|---|---|---|---|---|\n"
        );
        for code in codes.iter().filter(|code| area(code) == wanted) {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} | {} |",
                code.code,
                code.kind,
                code.retry,
                cell(&code.meaning),
                cell(&code.remedy),
            );
        }
    }
    text
}

fn area(code: &ErrorCode) -> &str {
    code.code.split('.').next().unwrap_or_default()
}

/// Text that a Markdown table takes as it stands.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_one_area_share_one_table_wherever_they_stand() {
        let codes = ["phone.empty", "tag.empty", "phone.letters"].map(|code| ErrorCode {
            code: code.to_owned(),
            kind: "invalid".to_owned(),
            retry: "never".to_owned(),
            http_status: 503,
            meaning: "It is.".to_owned(),
            remedy: "Mend it.".to_owned(),
        });
        let text = text(&codes);
        assert_eq!(text.matches("\n## phone\n").count(), 1);
        assert!(text.find("| `phone.letters` | invalid | never | It is. | Mend it. |") < text.find("## tag"));
        assert_eq!(text.matches("| `").count(), codes.len());
    }

    #[test]
    fn a_bar_in_a_sentence_does_not_split_its_cell() {
        assert_eq!(cell("{{name|fallback}}"), "{{name\\|fallback}}");
    }
}
