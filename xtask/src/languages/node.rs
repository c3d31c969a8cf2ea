//! The Node.js package: built, type-checked, tested, and its quickstart played.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{quickstart, says, skipped};
use crate::project::{self, Project};

/// The oldest Node.js that can `require` what is written to be imported.
const OLDEST: (u32, u32) = (20, 19);

/// The `node` stage.
pub(crate) fn run(project: &Project) -> Result<String, String> {
    let package = project.root.join("bindings-node");
    let Some(version) = says("node", "--version").filter(|version| is_new_enough(version)) else {
        let why = format!("there is no Node.js from {}.{} on", OLDEST.0, OLDEST.1);
        return Ok(skipped(&why));
    };
    if project::read(&package.join("package-lock.json"))?.contains("\"resolved\"") {
        return Err("package-lock.json names hosts; .npmrc keeps npm from that".to_owned());
    }
    install(&package)?;
    // What was built of tests that are gone would be run.
    remove(&package.join("build"))?;
    let npm = |arguments: &[&str]| {
        let mut command = Command::new("npm");
        command.arg("run").args(arguments).current_dir(&package);
        project::succeed(project::afresh(&mut command))
    };
    npm(&["build"])?;
    npm(&["native", "--", "--quiet"])?;
    npm(&["test"])?;
    let folder = quickstart::folder(project, "node")?;
    let mut play = Command::new("node");
    play.arg("build/examples/quickstart.js")
        .arg(&folder)
        .current_dir(&package);
    quickstart::compare(project, "node", &project::output(&mut play)?, &folder)?;
    // Again over the same folder: what was done is done.
    project::output(&mut play)?;
    Ok(format!("Node.js {version}"))
}

/// Installs what the package is built with, unless that is what is installed.
fn install(package: &Path) -> Result<(), String> {
    let wanted = project::read(&package.join("package-lock.json"))?;
    let stamp = package.join("node_modules/.tertulia");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut command = Command::new("npm");
    command
        .args(["ci", "--no-audit", "--no-fund"])
        .current_dir(package);
    project::succeed(&mut command)?;
    project::write(&stamp, &wanted)
}

fn remove(folder: &PathBuf) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Err(error) if folder.exists() => Err(format!("{}: {error}", folder.display())),
        _ => Ok(()),
    }
}

/// Whether `v20.19.1` is new enough.
fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(str::parse);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        return false;
    };
    (major, minor) >= OLDEST
}

#[cfg(test)]
mod tests {
    use super::is_new_enough;

    #[test]
    fn an_old_node_is_told_from_a_new_one() {
        for (version, new) in [
            ("v20.19.0", true),
            ("v22.3.1", true),
            ("v20.18.9", false),
            ("v9.99.0", false),
            ("", false),
            ("v20", false),
        ] {
            assert_eq!(is_new_enough(version), new, "{version}");
        }
    }
}
