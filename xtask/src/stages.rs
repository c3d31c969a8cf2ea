//! The stages of `cargo xtask test`, cheapest first.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::project::{self, Project};
use crate::{encryption, features, generate, languages, licences, purity, tests_stage};

/// One check of the whole project.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    /// The code is formatted
    Fmt,
    /// Dependencies' licences are allowed, none is banned, TLS has one provider
    Licences,
    /// Crates depend on what lies below them only; core does no I/O
    Purity,
    /// Files that are made from code are up to date
    Generated,
    /// Clippy has nothing to say
    Clippy,
    /// The documentation builds without a warning
    Docs,
    /// Every test passes
    Tests,
    /// The file store passes its tests under a key, too
    Encryption,
    /// The Python package does what its tests and type checkers ask
    Python,
    /// The Node.js package is built, tested and type-checked, and tells the README's story
    Node,
    /// Kotlin: tests, types, scenario and quickstart
    Kotlin,
    /// Swift: tests, types, scenario and quickstart
    Swift,
    /// docs/features.md names tests that passed
    Features,
    /// The README's example runs, twice over the same folder
    Quickstart,
}

impl Stage {
    fn run(self, project: &Project) -> Result<String, String> {
        match self {
            Self::Fmt => succeed(project, ["fmt", "--all", "--check"]),
            Self::Licences => licences::check(project),
            Self::Purity => purity::check(project),
            Self::Generated => generate::check(project),
            Self::Clippy => succeed(
                project,
                [
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--locked",
                    "--",
                    "-D",
                    "warnings",
                ],
            ),
            Self::Docs => docs(project),
            Self::Tests => tests_stage::run(project),
            Self::Encryption => encryption::run(project),
            Self::Python => languages::python::run(project),
            Self::Node => languages::node::run(project),
            Self::Kotlin => languages::kotlin::run(project),
            Self::Swift => languages::swift::run(project),
            Self::Features => features::check(project),
            Self::Quickstart => quickstart(project),
        }
    }

    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn help(self) -> String {
        self.to_possible_value()
            .and_then(|value| value.get_help().map(ToString::to_string))
            .unwrap_or_default()
    }
}

/// Prints the stages and what each holds.
pub(crate) fn list() {
    for stage in Stage::value_variants() {
        println!("{:<11} {}", stage.name(), stage.help());
    }
}

/// Runs these stages, or all where none is named, until one fails; prints each one's time and a summary.
pub(crate) fn run(project: &Project, only: &[Stage]) -> Result<(), String> {
    let chosen = Stage::value_variants()
        .iter()
        .filter(|stage| only.is_empty() || only.contains(stage));
    let mut summary = Vec::new();
    let mut outcome = Ok(());
    let begun = Instant::now();
    for stage in chosen {
        if outcome.is_err() {
            summary.push(format!("{:<11}           not run", stage.name()));
            continue;
        }
        println!("\n== {}: {}", stage.name(), stage.help());
        let begun = Instant::now();
        let result = stage.run(project);
        let took = seconds(begun.elapsed());
        match result {
            Ok(remark) => {
                println!("== {}: ok in {}", stage.name(), took.trim_start());
                summary.push(
                    format!("{:<11} {took}  ok        {remark}", stage.name())
                        .trim_end()
                        .to_owned(),
                );
            }
            Err(reason) => {
                summary.push(format!("{:<11} {took}  FAILED", stage.name()));
                outcome = Err(format!("stage {} failed: {reason}", stage.name()));
            }
        }
    }
    println!(
        "\n{}\n{:<11} {}",
        summary.join("\n"),
        "in all",
        seconds(begun.elapsed())
    );
    outcome
}

fn seconds(time: Duration) -> String {
    format!("{:>7.1} s", time.as_secs_f64())
}

fn succeed<const N: usize>(project: &Project, arguments: [&str; N]) -> Result<String, String> {
    project::succeed(&mut project.cargo(arguments)).map(|()| String::new())
}

fn docs(project: &Project) -> Result<String, String> {
    let mut command = project.cargo(["doc", "--workspace", "--no-deps", "--locked"]);
    project::succeed(command.env("RUSTDOCFLAGS", "-D warnings")).map(|()| String::new())
}

/// The second run finds what the first one left, and has to come to terms with it.
fn quickstart(project: &Project) -> Result<String, String> {
    let folder = project.scratch.join("quickstart");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let program = project.program("quickstart")?;
    for _ in ["first", "second"] {
        project::succeed(Command::new(&program).arg(&folder))?;
    }
    Ok(String::new())
}
