//! The long proofs: as many seeds of the simulation, as many kills and as much work side by side as one has time for.

use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::project::{self, Project};

/// The test that simulates.
const SIMULATION: &str = "whatever_goes_wrong_the_promises_hold";

/// How long to soak.
#[derive(Args)]
pub(crate) struct Soak {
    /// Simulate so many seeds
    #[arg(long, default_value_t = 1_000_000)]
    seeds: u64,
    /// From this seed on
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Kill so many processes
    #[arg(long, default_value_t = 500)]
    kills: u64,
    /// While they send to so many recipients
    #[arg(long, default_value_t = 20_000)]
    recipients: u64,
    /// Have two processes import the same people for so many seconds, while others are killed and cut off
    #[arg(long, default_value_t = 60)]
    imports: u64,
    /// Tell the story of one seed, and do nothing else
    #[arg(long)]
    seed: Option<u64>,
}

/// Soaks, or tells one story.
pub(crate) fn run(project: &Project, soak: &Soak) -> Result<(), String> {
    let told = |program: &Path, test: &str, variables: &[(&str, u64)]| {
        let mut command = Command::new(program);
        command.args([test, "--nocapture"]);
        for (name, value) in variables {
            command.env(name, value.to_string());
        }
        project::succeed(&mut command)
    };
    let fast = |name: &str| project.test_program(&project.root, "engine", name, &["--release"]);
    if let Some(seed) = soak.seed {
        let simulation = project.test_program(&project.root, "engine", "simulation", &[])?;
        return told(&simulation, SIMULATION, &[("TERTULIA_SEED", seed)]);
    }
    if soak.seeds > 0 {
        let simulation = fast("simulation")?;
        let seeds = [("TERTULIA_SEEDS", soak.seeds), ("TERTULIA_FIRST_SEED", soak.from)];
        told(&simulation, SIMULATION, &seeds)?;
    }
    if soak.kills > 0 {
        let it = fast("it")?;
        let kills = [
            ("TERTULIA_KILLS", soak.kills),
            ("TERTULIA_RECIPIENTS", soak.recipients),
        ];
        told(&it, "kills::", &kills)?;
    }
    if soak.imports > 0 {
        let processes = fast("processes")?;
        let long = [
            ("TERTULIA_IMPORT_SECONDS", soak.imports),
            ("TERTULIA_RECIPIENTS", soak.recipients),
        ];
        told(&processes, "", &long)?;
    }
    Ok(())
}
