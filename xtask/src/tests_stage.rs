//! Runs every test, shows and keeps what they say, and notes by full name the ones that passed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::Stdio;

use cargo_metadata::{Artifact, Message, TargetKind};

use crate::postgres::Cluster;
use crate::project::{self, Project};

const COMMAND: [&str; 5] = ["test", "--workspace", "--locked", "--color", "never"];

/// What is added to run the file store's tests of encrypted files, over the SQLite that can. The whole workspace is named,
/// so that only that SQLite and what stands on it is built anew.
const ENCRYPTED: [&str; 6] = [
    "--features",
    "tertulia-storage-sqlite/encryption",
    "--test",
    "store",
    "--",
    "encrypt",
];

/// Tests of the engine that look into the file itself, or at it through the file store.
const OF_FILES: [&str; 7] = [
    "audit::whatever_is_changed_in_the_file_is_found_where_it_is",
    "erasure::nothing_of_an_erased_person_can_be_read_in_the_files_and_nobody_else_is_touched",
    "handlers::turns_that_wait_for_the_store_never_wait_for_each_other",
    "host_key::an_organisation_from_before_takes_the_key_with_all_its_hashes_and_nobody_goes_on_without",
    "targets::a_list_is_there_after_a_restart_and_gone_once_it_is_needed_no_more",
    "targets::an_erased_person_is_on_no_list_any_more",
    "copying::",
];

/// What cargo and the tests printed, word for word.
const LOG: &str = "tests.log";

/// The full names of the tests that passed, one a line.
const PASSED: &str = "tests-passed.txt";

/// The tests stage.
pub(crate) fn run(project: &Project) -> Result<String, String> {
    // Nothing of an earlier run may vouch for this one.
    project::write(&project.scratch.join(PASSED), "")?;
    let cluster = Cluster::start(project)?;
    note(project, &run_and_listen(project, &[], LOG, cluster.variables())?)
}

/// The encryption stage: its tests are noted beside those of the tests stage.
pub(crate) fn run_encrypted(project: &Project) -> Result<String, String> {
    note(
        project,
        &run_and_listen(project, &ENCRYPTED, "tests-encrypted.log", &[])?,
    )
}

/// The server stage: the engine's own tests again, their shops over a server. What it has to say of them goes under no
/// other name, so nothing is noted.
pub(crate) fn run_on_a_server(project: &Project) -> Result<String, String> {
    let cluster = Cluster::start(project)?;
    let mut variables = cluster.variables().to_vec();
    let url = variables
        .iter()
        .find(|(name, _)| name == "TERTULIA_TEST_POSTGRES")
        .map(|(_, url)| url.clone())
        .or_else(|| std::env::var("TERTULIA_TEST_POSTGRES").ok());
    let url = url.ok_or("the server says no URL")?;
    variables.push(("TERTULIA_TEST_ON_POSTGRES".to_owned(), url));
    let mut also = vec!["--test", "it", "--", "--test-threads", "4"];
    for name in OF_FILES {
        also.extend(["--skip", name]);
    }
    let passed = run_and_listen(project, &also, "tests-on-a-server.log", &variables)?;
    Ok(format!("{} passed", passed.len()))
}

fn note(project: &Project, passed: &BTreeSet<String>) -> Result<String, String> {
    let path = project.scratch.join(PASSED);
    let before = project::read(&path).unwrap_or_default();
    let names: BTreeSet<_> = before.lines().chain(passed.iter().map(String::as_str)).collect();
    let names: Vec<_> = names.into_iter().collect();
    project::write(&path, &names.join("\n"))?;
    Ok(format!(
        "{} passed; log in {}",
        passed.len(),
        project.scratch.display()
    ))
}

/// The names that the last run of the stage noted.
pub(crate) fn passed(project: &Project) -> Result<BTreeSet<String>, String> {
    let path = project.scratch.join(PASSED);
    let names: BTreeSet<_> = project::read(&path)
        .unwrap_or_default()
        .lines()
        .map(str::to_owned)
        .collect();
    if names.is_empty() {
        return Err("no tests have passed yet: run `cargo xtask test --only tests` first".to_owned());
    }
    Ok(names)
}

/// Builds the test binaries; gives each file's name with what the names of its tests begin with.
fn build(project: &Project, also: &[&str]) -> Result<BTreeMap<String, String>, String> {
    let mut command = project.cargo(COMMAND);
    command
        .args(["--no-run", "--message-format", "json-render-diagnostics"])
        .args(also)
        .stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .map_err(|error| project::not_started(&command, &error))?;
    let mut binaries = BTreeMap::new();
    if let Some(stdout) = child.stdout.take() {
        for message in Message::parse_stream(BufReader::new(stdout)) {
            if let Message::CompilerArtifact(artifact) = message.map_err(|error| error.to_string())?
                && let Some(file) = artifact.executable.as_ref().and_then(|path| path.file_name())
            {
                binaries.insert(file.to_owned(), prefix(project, &artifact));
            }
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() {
        Ok(binaries)
    } else {
        Err(project::ended(&command, status))
    }
}

/// `crate` for a library's or program's own tests, `crate::target` for any other target of the package.
fn prefix(project: &Project, artifact: &Artifact) -> String {
    let target = artifact.target.name.replace('-', "_");
    let package = project
        .packages
        .iter()
        .find(|package| package.id == artifact.package_id);
    let package = package.map_or_else(String::new, |package| package.name.replace('-', "_"));
    let own = artifact
        .target
        .kind
        .iter()
        .any(|kind| matches!(kind, TargetKind::Lib | TargetKind::ProcMacro));
    if own || target == package {
        target
    } else {
        format!("{package}::{target}")
    }
}

fn run_and_listen(
    project: &Project,
    also: &[&str],
    log: &str,
    variables: &[(String, String)],
) -> Result<BTreeSet<String>, String> {
    let binaries = build(project, also)?;
    let failed = |error: io::Error| error.to_string();
    let path = project.scratch.join(log);
    let mut log = File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    // One pipe for both streams: cargo says on one which binary is next, the tests answer on the other.
    let (reader, writer) = io::pipe().map_err(failed)?;
    let mut command = project.cargo(COMMAND);
    command
        .arg("--no-fail-fast")
        .args(also)
        .stdout(writer.try_clone().map_err(failed)?)
        .stderr(writer);
    // Said of the command alone: the variables hold a password.
    let line = project::line(&command);
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    let mut child = command
        .spawn()
        .map_err(|error| format!("`{line}` cannot be run: {error}"))?;
    // The command holds the pipe's other end open; without it the end of the output would never come.
    drop(command);

    let mut listener = Listener {
        binaries: &binaries,
        prefix: None,
        passed: BTreeSet::new(),
    };
    let (mut reader, mut bytes) = (BufReader::new(reader), Vec::new());
    while reader.read_until(b'\n', &mut bytes).map_err(failed)? > 0 {
        log.write_all(&bytes).map_err(failed)?;
        io::stdout().write_all(&bytes).map_err(failed)?;
        listener.hear(&String::from_utf8_lossy(&bytes));
        bytes.clear();
    }
    let status = child.wait().map_err(failed)?;
    if status.success() {
        Ok(listener.passed)
    } else {
        Err(format!("`{line}` ended with {status}"))
    }
}

/// Puts together which binary is running and what its tests are called.
struct Listener<'a> {
    binaries: &'a BTreeMap<String, String>,
    prefix: Option<&'a str>,
    passed: BTreeSet<String>,
}

impl Listener<'_> {
    fn hear(&mut self, line: &str) {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("Running ") {
            let file = rest
                .rsplit_once('(')
                .and_then(|(_, path)| Path::new(path.trim_end_matches(')')).file_name());
            self.prefix = file
                .and_then(|file| self.binaries.get(&*file.to_string_lossy()))
                .map(String::as_str);
        } else if line.starts_with("Doc-tests ") {
            self.prefix = None;
        } else if let Some(prefix) = self.prefix
            && let Some(name) = line
                .strip_prefix("test ")
                .and_then(|rest| rest.strip_suffix(" ... ok"))
        {
            let name = name.trim_end_matches(" - should panic");
            self.passed.insert(format!("{prefix}::{name}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tests_that_passed_are_noted_each_under_its_own_binary() {
        let binaries = BTreeMap::from([
            ("core-1a".to_owned(), "core".to_owned()),
            ("conformance-2b".to_owned(), "store::conformance".to_owned()),
        ]);
        let mut listener = Listener {
            binaries: &binaries,
            prefix: None,
            passed: BTreeSet::new(),
        };
        for line in [
            "     Running unittests src/lib.rs (target/debug/deps/core-1a)\n",
            "test a::tests::holds ... ok\n",
            "test a::tests::panics - should panic ... ok\n",
            "test a::tests::fails ... FAILED\n",
            "test a::tests::waits ... ignored, needs a server\n",
            "test result: ok. 2 passed; 0 failed\n",
            "     Running tests/conformance.rs (/elsewhere/debug/deps/conformance-2b)\n",
            "test holds ... ok\n",
            "   Doc-tests core\n",
            "test core/src/lib.rs - (line 3) ... ok\n",
        ] {
            listener.hear(line);
        }
        let passed: Vec<_> = listener.passed.iter().map(String::as_str).collect();
        assert_eq!(
            passed,
            [
                "core::a::tests::holds",
                "core::a::tests::panics",
                "store::conformance::holds"
            ]
        );
    }
}
