//! A PostgreSQL server of our own, for as long as a stage or a command takes.

use std::env;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::languages::debian;
use crate::project::{self, Project};
use crate::said;

/// How tests find the server; more variables begin so.
const VARIABLE: &str = "TERTULIA_TEST_POSTGRES";

/// Starts the server, and ends it when it is told no more: so the server ends with us, however we end.
const SCRIPT: &str = "storage-postgres/tests/cluster.sh";

/// What the script needs of PostgreSQL's programs.
const PROGRAMS: [&str; 5] = ["initdb", "pg_basebackup", "pg_ctl", "postgres", "psql"];

/// A running server, which ends when this is dropped.
pub(crate) struct Cluster {
    script: Option<(Child, ChildStdin)>,
    variables: Vec<(String, String)>,
}

impl Cluster {
    /// Starts a server, unless the environment names one.
    pub(crate) fn start(project: &Project) -> Result<Self, String> {
        if env::var_os(VARIABLE).is_some() {
            return Ok(Self {
                script: None,
                variables: Vec::new(),
            });
        }
        let mut command = Command::new("sh");
        command
            .arg(project.root.join(SCRIPT))
            .arg(programs()?)
            .arg("max_connections=200")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(said::place());
        // What a terminal tells those in front of it would cut the script off before it has removed anything.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut script = command
            .spawn()
            .map_err(|error| project::not_started(&command, &error))?;
        let failed = || format!("`{}` started no server", project::line(&command));
        let (Some(input), Some(output)) = (script.stdin.take(), script.stdout.take()) else {
            return Err(failed());
        };
        let mut cluster = Self {
            script: Some((script, input)),
            variables: Vec::new(),
        };
        for line in BufReader::new(output).lines() {
            let line = line.map_err(|error| error.to_string())?;
            match line.split_once('=') {
                Some((name, value)) => cluster.variables.push((name.to_owned(), value.to_owned())),
                None if line == "ready" => return Ok(cluster),
                None => break,
            }
        }
        Err(failed())
    }

    /// What tells programs of the server.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some((mut script, input)) = self.script.take() {
            drop(input);
            // What it had to say, it has said.
            let _ = script.wait();
        }
    }
}

/// Runs a command that finds a server.
pub(crate) fn with(project: &Project, command: &[OsString]) -> Result<(), String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("no command is given".to_owned());
    };
    let cluster = Cluster::start(project)?;
    let mut command = Command::new(program);
    command.args(arguments);
    project::afresh(&mut command);
    // Said of the command alone: the variables hold a password.
    let line = project::line(&command);
    let status = command
        .envs(cluster.variables().iter().map(|(name, value)| (name, value)))
        .status()
        .map_err(|error| format!("`{line}` cannot be run: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{line}` ended with {status}"))
    }
}

/// The folder of PostgreSQL's programs, which are installed if they are nowhere.
fn programs() -> Result<PathBuf, String> {
    if let Some(found) = find() {
        return Ok(found);
    }
    debian(&["postgresql", "openssl"]).map_err(|why| format!("PostgreSQL is needed: {why}"))?;
    find().ok_or_else(|| "PostgreSQL was installed, and its programs are nowhere".to_owned())
}

/// Debian keeps them apart by version; of several the newest is taken.
fn find() -> Option<PathBuf> {
    let has_all = |folder: &PathBuf| PROGRAMS.iter().all(|program| folder.join(program).exists());
    let version = |folder: &Path| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = installed
        .flatten()
        .filter_map(|entry| Some((version(&entry.path())?, entry.path().join("bin"))))
        .filter(|(_, folder)| has_all(folder))
        .max();
    newest.map(|(_, folder)| folder).or_else(|| {
        let path = env::var_os("PATH")?;
        env::split_paths(&path).find(has_all)
    })
}
