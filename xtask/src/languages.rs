//! The stages of the other languages, one module each, and what they share.

pub(crate) mod kotlin;
pub(crate) mod node;
pub(crate) mod python;
mod quickstart;
pub(crate) mod swift;
mod uniffi;

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::project;
use crate::said;

/// What a stage says that could not run, since its tools cannot be had on this machine.
pub(crate) fn skipped(why: &str) -> String {
    said::say(format_args!("SKIPPED: {why}\n"));
    format!("SKIPPED: {why}")
}

/// Whether a program of this name can be started.
fn is_there(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok()
}

/// The first line that a tool prints, if it is there.
fn says(tool: &str, argument: &str) -> Option<String> {
    let said = Command::new(tool)
        .arg(argument)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    said.lines().next().map(ToOwned::to_owned)
}

/// Held by who installs packages: of two that do so at once, Debian's tools refuse one.
static INSTALLING: Mutex<()> = Mutex::new(());

/// Installs packages of Debian's; an error says why they cannot be had.
pub(crate) fn debian(packages: &[&str]) -> Result<(), String> {
    let names = packages.join(" ");
    if !is_there("apt-get") {
        return Err(format!("there is no apt-get to install {names} with"));
    }
    let _alone = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    project::succeed(Command::new("apt-get").args(["update", "--quiet"]))
        .and_then(|()| {
            project::succeed(
                Command::new("apt-get")
                    .env("DEBIAN_FRONTEND", "noninteractive")
                    .args(["install", "--quiet", "--yes", "--no-install-recommends"])
                    .args(packages),
            )
        })
        .map_err(|error| format!("{names} cannot be installed: {error}"))
}

/// Every file below a folder with this extension, sorted.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let failed = |error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            found.extend(files(&path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Makes `made`, unless it was made from just these files and arguments.
fn made_from(
    made: &Path,
    files: &[PathBuf],
    arguments: &str,
    how: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    let mut hasher = DefaultHasher::new();
    arguments.hash(&mut hasher);
    for file in files {
        file.hash(&mut hasher);
        fs::read(file)
            .map_err(|error| format!("{}: {error}", file.display()))?
            .hash(&mut hasher);
    }
    let (now, note) = (
        format!("{:x}", hasher.finish()),
        made.with_added_extension("from"),
    );
    if made.exists() && fs::read_to_string(&note).is_ok_and(|then| then == now) {
        return Ok(());
    }
    // Nothing of an earlier run may vouch for this one.
    let _ = fs::remove_file(&note);
    how()?;
    project::write(&note, &now)
}

/// The lines, from 1, of a file of calls that must not compile: those that end in `// wrong`.
fn wrong_lines(text: &str) -> Vec<usize> {
    let marked = text.lines().enumerate();
    marked
        .filter(|(_, line)| line.ends_with("// wrong"))
        .map(|(place, _)| place + 1)
        .collect()
}

/// The lines of `file` that a compiler's output has errors in, as in `file.ext:7:3: error: …`.
fn lines_with_errors(output: &str, file: &str) -> Vec<usize> {
    let mut lines: Vec<usize> = output
        .lines()
        .filter(|line| line.contains(": error: "))
        .filter_map(|line| {
            line.split_once(file)?
                .1
                .strip_prefix(':')?
                .split(':')
                .next()?
                .parse()
                .ok()
        })
        .collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// Fails unless just the lines that are marked so are wrong to the compiler; gives how many.
fn only_wrong_lines_fail(source: &Path, output: &str) -> Result<usize, String> {
    let name = source
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let marked = wrong_lines(&project::read(source)?);
    let failed = lines_with_errors(output, &name);
    if marked.is_empty() || marked != failed {
        return Err(format!(
            "{}: lines {marked:?} are marked as wrong, the compiler finds {failed:?}:\n{output}",
            source.display()
        ));
    }
    Ok(marked.len())
}

#[cfg(test)]
mod tests {
    use super::{lines_with_errors, wrong_lines};

    #[test]
    fn wrong_lines_are_those_marked_and_errors_are_read_of_their_file_only() {
        assert_eq!(
            wrong_lines("a()\nb() // wrong\n// wrong lines end so\nc() // wrong"),
            [2, 4]
        );
        let output = "/x/Wrong.kt:4:2: error: no c\nwarning: /x/Wrong.kt:1:1: odd\nOther.kt:9:9: error: no\n\
                      /x/Wrong.kt:2:1: error: no b\n/x/Wrong.kt:2:3: error: again\n";
        assert_eq!(lines_with_errors(output, "Wrong.kt"), [2, 4]);
    }
}
