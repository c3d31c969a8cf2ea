//! Every language's quickstart tells the same story as Rust's, line by line.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{self, Project};

/// The quickstart in Rust.
pub(super) const PROGRAM: &str = "quickstart";

/// A folder of its own for a run of the quickstart, empty.
pub(super) fn folder(project: &Project, language: &str) -> Result<PathBuf, String> {
    let folder = project.scratch.join(format!("quickstart-{language}"));
    let failed = |error| format!("{}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(&folder).map_err(failed)?;
    Ok(folder)
}

/// Fails where what a language's quickstart said over a folder differs from what Rust's says over one of its own.
pub(super) fn compare(project: &Project, language: &str, said: &str, over: &Path) -> Result<(), String> {
    let own = folder(project, &format!("{language}-rust"))?;
    let wanted = project::output(Command::new(project.program(PROGRAM)?).arg(&own))?;
    match difference(&masked(said, over), &masked(&wanted, &own)) {
        Some((said, wanted)) => Err(format!(
            "the quickstart says\n  {said}\nwhere that of Rust says\n  {wanted}"
        )),
        None => Ok(()),
    }
}

/// What a quickstart said, without what no two runs have in common: the folder, the times, and how many read the
/// broadcast, which the stand-in is told person by person in Rust only.
fn masked(said: &str, folder: &Path) -> Vec<String> {
    let mask = |line: &str| {
        let line = line.replace(&*folder.to_string_lossy(), "FOLDER");
        if line.starts_with("  read ") {
            return "  read".to_owned();
        }
        if let Some((before, after)) = line.split_once("window: open, ") {
            let after = after.split_once(" left").map_or(after, |(_, after)| after);
            return format!("{before}window: open{after}");
        }
        let mut time = line.char_indices().skip(2);
        let is_time = "0000-00-00 00:00:00  ".chars().all(|like| {
            time.next()
                .is_some_and(|(_, letter)| letter == like || (like == '0' && letter.is_ascii_digit()))
        });
        if is_time {
            return format!("  TIME  {}", time.map(|(_, letter)| letter).collect::<String>());
        }
        line
    };
    said.lines().map(mask).collect()
}

/// The first line in which they differ.
fn difference<'a>(said: &'a [String], wanted: &'a [String]) -> Option<(&'a str, &'a str)> {
    let line = |lines: &'a [String], at: usize| lines.get(at).map_or("(nothing)", String::as_str);
    let most = said.len().max(wanted.len());
    (0..most)
        .find(|at| said.get(*at) != wanted.get(*at))
        .map(|at| (line(said, at), line(wanted, at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_two_runs_share_is_masked_and_nothing_else() {
        let said = "The CRM is one file: /tmp/a/crm.db\n  Ana  window: open, 23 h 59 min left  tags: vip\n  \
                    read  3 ███\n  2026-01-05 09:00:00  wrote\n  delivered  5 █████";
        let masked = masked(said, Path::new("/tmp/a"));
        assert_eq!(
            masked,
            [
                "The CRM is one file: FOLDER/crm.db",
                "  Ana  window: open  tags: vip",
                "  read",
                "  TIME  wrote",
                "  delivered  5 █████",
            ]
        );
    }

    #[test]
    fn the_first_line_that_differs_is_found() {
        let lines = |text: &str| text.lines().map(ToOwned::to_owned).collect::<Vec<_>>();
        assert_eq!(difference(&lines("a\nb"), &lines("a\nb")), None);
        assert_eq!(difference(&lines("a\nb"), &lines("a\nc")), Some(("b", "c")));
        assert_eq!(difference(&lines("a"), &lines("a\nc")), Some(("(nothing)", "c")));
    }
}
