//! The native library of Swift and Kotlin, and the code that UniFFI adds in each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::project::{self, Project};

/// What writes the code.
pub(super) const PROGRAM: &str = "tertulia-bindgen";

/// Builds the library; where it is.
pub(super) fn library(project: &Project) -> Result<PathBuf, String> {
    project.library("tertulia_native")
}

/// Writes what UniFFI adds in a language into a folder.
pub(super) fn glue(project: &Project, library: &Path, language: &str, folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut command = Command::new(project.program(PROGRAM)?);
    project::succeed(command.arg(library).arg(language).arg(folder))
}
