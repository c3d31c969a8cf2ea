//! The Python stage: pytest over the package, which replays the scenario and runs type checkers and the quickstart.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{quickstart, skipped};
use crate::project::{self, Project};

/// What the tests need, by version.
const REQUIREMENTS: &str = "bindings-python/tests/requirements.txt";

/// Runs the stage; without a Python that is new enough it is skipped, loudly.
pub(crate) fn run(project: &Project) -> Result<String, String> {
    if let Err(reason) = project::output(Command::new("python3").args(["-c", SUITS])) {
        return Ok(skipped(&format!("no Python 3.10 or newer with venv: {reason}")));
    }
    let tools = project.tools("python")?;
    let python = environment(project, &tools)?;
    build(project)?;
    let mut tests = Command::new(&python);
    tests
        .args(["-m", "pytest", "--quiet", "-p", "no:cacheprovider"])
        .current_dir(project.root.join("bindings-python"))
        .env("MYPY_CACHE_DIR", tools.join("mypy"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    project::succeed(&mut tests)?;
    let folder = quickstart::folder(project, "python")?;
    let mut play = Command::new(&python);
    play.arg(project.root.join("examples/python/quickstart.py"))
        .arg(&folder)
        .env("PYTHONPATH", project.root.join("bindings-python/python"))
        .env("PYTHONIOENCODING", "utf-8");
    quickstart::compare(project, "python", &project::output(&mut play)?, &folder)?;
    Ok(String::new())
}

const SUITS: &str = "import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))";

/// The interpreter of an environment that holds what the tests need; made anew when that changes.
fn environment(project: &Project, tools: &Path) -> Result<PathBuf, String> {
    let wanted = project.read(REQUIREMENTS)?;
    let (place, stamp) = (tools.join("environment"), tools.join("requirements.txt"));
    let python = place.join(if cfg!(windows) {
        "Scripts/python"
    } else {
        "bin/python"
    });
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) && python.exists() {
        return Ok(python);
    }
    project::succeed(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&place),
    )?;
    project::succeed(
        Command::new(&python)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--requirement",
            ])
            .arg(project.root.join(REQUIREMENTS)),
    )?;
    project::write(&stamp, &wanted)?;
    Ok(python)
}

/// Builds the native module and puts it where the package looks for it.
fn build(project: &Project) -> Result<(), String> {
    let built = project.library("_native")?;
    let name = if cfg!(windows) {
        "_native.pyd"
    } else {
        "_native.abi3.so"
    };
    let place = project.root.join("bindings-python/python/tertulia").join(name);
    // A process may have the old one loaded: it keeps it.
    let _ = fs::remove_file(&place);
    fs::copy(&built, &place)
        .map(|_| ())
        .map_err(|error| format!("{}: {error}", built.display()))
}
