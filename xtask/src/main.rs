//! The project's chores.
//!
//! `cargo xtask test` checks everything that the project promises of itself, in stages; `cargo xtask gen`
//! writes the files that are made from code; `cargo xtask soak` proves at length what the tests prove in short;
//! `cargo xtask with-postgres` runs a command beside a server that tests may use.

mod encryption;
mod errors_doc;
mod features;
mod generate;
mod languages;
mod licences;
mod mutants;
mod postgres;
mod project;
mod purity;
mod roles_doc;
mod said;
mod soak;
mod stages;
mod tests_stage;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::project::Project;
use crate::stages::Stage;

/// The project's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run every check, in stages; the first that fails ends the run.
    Test {
        /// Run these stages only, in their usual order.
        #[arg(long, value_enum, value_delimiter = ',', value_name = "STAGE,…")]
        only: Vec<Stage>,
        /// List the stages and do nothing.
        #[arg(long)]
        list: bool,
    },
    /// Prove at length what the tests prove in short: a million simulated stories, hundreds of killed processes.
    Soak(soak::Soak),
    /// Run a command beside a PostgreSQL server of its own, as in `cargo xtask with-postgres cargo test --test store`.
    WithPostgres {
        /// The command, with its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Write the files that are made from code (docs/errors.md, docs/roles.md, the languages' types and handles).
    Gen {
        /// Write nothing; fail if a file is not what would be written.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    match run(&Arguments::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("error: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: &Chore) -> Result<(), String> {
    match chore {
        Chore::Test { list: true, .. } => {
            stages::list();
            Ok(())
        }
        Chore::Test { only, .. } => stages::run(&Project::open()?, only),
        Chore::Soak(soak) => soak::run(&Project::open()?, soak),
        Chore::WithPostgres { command } => postgres::with(&Project::open()?, command),
        Chore::Gen { check: true } => generate::check(&Project::open()?).map(|done| println!("{done}")),
        Chore::Gen { check: false } => generate::write(&Project::open()?).map(|done| println!("{done}")),
    }
}
