//! What the chores know of the workspace, and the one way in which they run cargo.

use std::collections::BTreeSet;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use cargo_metadata::{Message, MetadataCommand, Package};

use crate::said;

/// The workspace that the current folder belongs to.
pub(crate) struct Project {
    /// The workspace's own folder.
    pub(crate) root: PathBuf,
    /// Where chores leave what they make in passing: inside the target folder.
    pub(crate) scratch: PathBuf,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    /// The workspace's own packages.
    pub(crate) packages: Vec<Package>,
    /// What was built in this run, or that all was.
    built: Mutex<Built>,
}

enum Built {
    Some(BTreeSet<String>),
    All,
}

/// A package that takes part in a build, ours or not.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The licence expression of its manifest; empty where there is none.
    pub(crate) licence: String,
}

impl Project {
    pub(crate) fn open() -> Result<Self, String> {
        let metadata = MetadataCommand::new()
            .no_deps()
            .exec()
            .map_err(|error| error.to_string())?;
        let scratch = metadata.target_directory.join("xtask").into_std_path_buf();
        fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
        Ok(Self {
            root: metadata.workspace_root.into_std_path_buf(),
            scratch,
            target: metadata.target_directory.into_std_path_buf(),
            packages: metadata.packages,
            built: Mutex::new(Built::Some(BTreeSet::new())),
        })
    }

    /// A cargo command that will run in the workspace's folder.
    pub(crate) fn cargo<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new("cargo");
        command.args(arguments).current_dir(&self.root);
        afresh(&mut command);
        command
    }

    /// Builds a program of the workspace, and says where it is.
    ///
    /// The whole workspace is named, so that dependencies get the features that all members ask for together: named
    /// alone, a program would have them built a second time with fewer.
    pub(crate) fn program(&self, name: &str) -> Result<PathBuf, String> {
        self.build(&["--bin", name])?;
        Ok(self.target.join("debug").join(format!("{name}{EXE_SUFFIX}")))
    }

    /// Builds the libraries of the workspace, and says where that of this name is that other languages load.
    pub(crate) fn library(&self, name: &str) -> Result<PathBuf, String> {
        self.build(&["--lib"])?;
        Ok(self
            .target
            .join("debug")
            .join(format!("{DLL_PREFIX}{name}{DLL_SUFFIX}")))
    }

    /// Builds everything, tests too.
    pub(crate) fn build_all(&self) -> Result<(), String> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        succeed(&mut self.cargo(["build", "--locked", "--workspace", "--all-targets"]))?;
        *built = Built::All;
        Ok(())
    }

    /// Builds once a run: a stage need not wait for cargo, which another one may keep busy, to hear that all is built.
    fn build(&self, what: &[&str]) -> Result<(), String> {
        let mut built = self.built.lock().unwrap_or_else(PoisonError::into_inner);
        if let Built::Some(built) = &mut *built
            && !built.contains(&what.join(" "))
        {
            let always = ["build", "--quiet", "--locked", "--workspace"];
            succeed(&mut self.cargo(always.into_iter().chain(what.iter().copied())))?;
            built.insert(what.join(" "));
        }
        Ok(())
    }

    /// Builds a test program of the package in a folder of this workspace, or of a copy of it, and says where it is.
    pub(crate) fn test_program(
        &self,
        root: &Path,
        folder: &str,
        name: &str,
        also: &[&str],
    ) -> Result<PathBuf, String> {
        let always = [
            "test",
            "--workspace",
            "--locked",
            "--no-run",
            "--message-format",
            "json-render-diagnostics",
        ];
        let mut command = self.cargo(
            always
                .into_iter()
                .chain(["--test", name])
                .chain(also.iter().copied()),
        );
        command.current_dir(root).env("CARGO_TARGET_DIR", &self.target);
        let package = root.join(folder);
        for message in Message::parse_stream(output(&mut command)?.as_bytes()) {
            if let Message::CompilerArtifact(artifact) = message.map_err(|error| error.to_string())?
                && artifact.target.name == name
                && artifact.manifest_path.starts_with(&package)
                && let Some(program) = artifact.executable
            {
                return Ok(program.into_std_path_buf());
            }
        }
        Err(format!("`{}` built no {name}", line(&command)))
    }

    /// The folder, below cargo's, for what a language needs to be tested.
    pub(crate) fn tools(&self, language: &str) -> Result<PathBuf, String> {
        let place = self.target.join("tools").join(language);
        fs::create_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
        Ok(place)
    }

    pub(crate) fn read(&self, path: &str) -> Result<String, String> {
        read(&self.root.join(path))
    }

    /// Everything that `cargo tree` with these arguments lists, once each and sorted, for every platform.
    ///
    /// `cargo tree` and not `cargo metadata`, because the latter adds up the features of all members: it
    /// would accuse one crate of what only another has asked for.
    pub(crate) fn tree(&self, selection: &[&str]) -> Result<Vec<Dependency>, String> {
        const FORM: [&str; 8] = [
            "tree", "--locked", "--target", "all", "--prefix", "none", "--format", "{p}|{l}|",
        ];
        let mut listed: Vec<_> = output(&mut self.cargo(FORM.into_iter().chain(selection.iter().copied())))?
            .lines()
            .filter_map(dependency)
            .collect();
        listed.sort();
        listed.dedup();
        Ok(listed)
    }
}

/// Takes out what cargo told this program of its own package: build scripts that look at it (ring's) would run anew, and
/// all that depends on them be built anew, whenever a chore follows a plain `cargo build`.
pub(crate) fn afresh(command: &mut Command) -> &mut Command {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_")
            || name.to_string_lossy().starts_with("CARGO_MANIFEST_")
        {
            command.env_remove(name);
        }
    }
    command
}

pub(crate) fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Reads `name v1.2.3 (where it is from)|licence|`.
fn dependency(line: &str) -> Option<Dependency> {
    let mut parts = line.split('|');
    let mut package = parts.next()?.split_whitespace();
    Some(Dependency {
        name: package.next()?.to_owned(),
        version: package.next()?.trim_start_matches('v').to_owned(),
        licence: parts.next()?.trim().to_owned(),
    })
}

/// Runs a command to its end; anything but success is an error that shows the command line.
pub(crate) fn succeed(command: &mut Command) -> Result<(), String> {
    command.stdout(said::place()).stderr(said::place());
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() {
        Ok(())
    } else {
        Err(ended(command, status))
    }
}

/// The same, and gives what the command wrote to its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output = command
        .stderr(said::place())
        .output()
        .map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        return Err(ended(command, output.status));
    }
    String::from_utf8(output.stdout).map_err(|error| format!("`{}`: {error}", line(command)))
}

pub(crate) fn not_started(command: &Command, error: &std::io::Error) -> String {
    format!("`{}` cannot be run: {error}", line(command))
}

pub(crate) fn ended(command: &Command, status: std::process::ExitStatus) -> String {
    format!("`{}` ended with {status}", line(command))
}

/// The command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let quoted = |text: &str| {
        if text.contains([' ', '|']) {
            format!("'{text}'")
        } else {
            text.to_owned()
        }
    };
    let variables = command.get_envs().filter_map(|(name, value)| {
        Some(format!(
            "{}={}",
            name.to_string_lossy(),
            quoted(&value?.to_string_lossy())
        ))
    });
    let program = std::iter::once(command.get_program().to_string_lossy().into_owned());
    let arguments = command
        .get_args()
        .map(|argument| quoted(&argument.to_string_lossy()));
    variables
        .chain(program)
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_cargo_tree_is_read_with_its_licence_and_without_its_marks() {
        for (text, name, version, licence) in [
            (
                "serde v1.0.229|MIT OR Apache-2.0|",
                "serde",
                "1.0.229",
                "MIT OR Apache-2.0",
            ),
            (
                "serde_derive v1.0.229 (proc-macro)|MIT| (*)",
                "serde_derive",
                "1.0.229",
                "MIT",
            ),
            ("xtask v0.1.0 (/some/where)||", "xtask", "0.1.0", ""),
        ] {
            let read = dependency(text).unwrap();
            assert_eq!(
                (&*read.name, &*read.version, &*read.licence),
                (name, version, licence)
            );
        }
        assert_eq!(dependency(""), None);
    }

    #[test]
    fn a_failure_shows_the_command_line_with_its_variables() {
        let mut command = Command::new("cargo");
        command
            .args(["doc", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(line(&command), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
    }
}
