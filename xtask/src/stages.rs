//! The stages of `cargo xtask test`, cheapest first.

use std::collections::BTreeMap;
use std::fs;
use std::ops::RangeInclusive;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::project::{self, Project};
use crate::{encryption, features, generate, languages, licences, mutants, purity, said, tests_stage};

/// One check of the whole project.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Stage {
    /// The code is formatted
    Fmt,
    /// Dependencies' licences are allowed, none is banned, TLS has one provider
    Licences,
    /// Crates depend on what lies below them only; core does no I/O
    Purity,
    /// Everything compiles: at once, so that no core waits while one crate holds up a stage
    Build,
    /// Files that are made from code are up to date
    Generated,
    /// Clippy has nothing to say
    Clippy,
    /// The documentation builds without a warning
    Docs,
    /// Every test passes, beside a PostgreSQL server of its own
    Tests,
    /// The engine's tests pass over a PostgreSQL server, too
    Server,
    /// With any of the rules taken out that keep a message from going out twice, the simulation fails
    Mutants,
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
            Self::Build => project.build_all().map(|()| String::new()),
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
            Self::Server => tests_stage::run_on_a_server(project),
            Self::Mutants => mutants::run(project),
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

/// Runs these stages, or all where none is named, until one fails; prints each one's time and a summary. Those of the
/// other languages, which wait more than they compute, run beside those of Rust.
pub(crate) fn run(project: &Project, only: &[Stage]) -> Result<(), String> {
    let begun = Instant::now();
    let run = Run {
        project,
        ended: Mutex::default(),
    };
    let chosen = |range: RangeInclusive<Stage>| -> Vec<Stage> {
        let all = Stage::value_variants().iter().copied();
        all.filter(|stage| range.contains(stage) && (only.is_empty() || only.contains(stage)))
            .collect()
    };
    let rust = chosen(Stage::Clippy..=Stage::Encryption);
    let languages = chosen(Stage::Python..=Stage::Swift);
    run.in_turn(&chosen(Stage::Fmt..=Stage::Generated));
    if rust.is_empty() || languages.is_empty() {
        run.in_turn(&rust);
        run.in_turn(&languages);
    } else if !run.has_failed() {
        thread::scope(|scope| {
            scope.spawn(|| run.aside(&languages));
            run.in_turn(&rust);
        });
    }
    run.in_turn(&chosen(Stage::Features..=Stage::Quickstart));
    run.sum_up(&chosen(Stage::Fmt..=Stage::Quickstart), begun)
}

/// How long each stage took, with its remark or the reason that it failed.
type Ended = BTreeMap<Stage, (Duration, Result<String, String>)>;

/// Stages under way, and what came of those that have ended.
struct Run<'a> {
    project: &'a Project,
    ended: Mutex<Ended>,
}

impl Run<'_> {
    fn ended(&self) -> MutexGuard<'_, Ended> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_failed(&self) -> bool {
        self.ended().values().any(|(_, result)| result.is_err())
    }

    /// Runs stages one after the other, unless one has failed.
    fn in_turn(&self, stages: &[Stage]) {
        for stage in stages {
            if self.has_failed() {
                return;
            }
            println!("\n== {}: {}", stage.name(), stage.help());
            let begun = Instant::now();
            self.end(*stage, begun, stage.run(self.project));
        }
    }

    /// The same; shows what a stage printed when it has ended.
    fn aside(&self, stages: &[Stage]) {
        for stage in stages {
            if self.has_failed() {
                return;
            }
            let begun = Instant::now();
            let log = self.project.scratch.join(format!("{}.log", stage.name()));
            let result = said::keep(&log).and_then(|()| stage.run(self.project));
            let text = fs::read(&log).unwrap_or_default();
            println!("\n== {}: {}", stage.name(), stage.help());
            println!("{}", String::from_utf8_lossy(&text).trim_end());
            self.end(*stage, begun, result);
        }
    }

    fn end(&self, stage: Stage, begun: Instant, result: Result<String, String>) {
        let took = begun.elapsed();
        if result.is_ok() {
            println!("== {}: ok in {}", stage.name(), seconds(took).trim_start());
        }
        self.ended().insert(stage, (took, result));
    }

    /// Prints what came of each stage; fails with the first that did.
    fn sum_up(&self, stages: &[Stage], begun: Instant) -> Result<(), String> {
        println!();
        let mut outcome = Ok(());
        for stage in stages {
            let name = stage.name();
            match self.ended().get(stage) {
                None => println!("{name:<11}           not run"),
                Some((took, Ok(remark))) => {
                    let line = format!("{name:<11} {}  ok        {remark}", seconds(*took));
                    println!("{}", line.trim_end());
                }
                Some((took, Err(reason))) => {
                    println!("{name:<11} {}  FAILED", seconds(*took));
                    outcome = outcome.and(Err(format!("stage {name} failed: {reason}")));
                }
            }
        }
        println!("{:<11} {}", "in all", seconds(begun.elapsed()));
        outcome
    }
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
