//! The stage of Swift: builds the package, runs its tests and the quickstart.
//!
//! Debian has a Swift compiler from trixie on. An older host gets it in a folder of its own, made once below cargo's
//! target directory, and works there by `chroot`: on Linux, as root. What is mounted for that is seen by the command
//! that it is for and ends with it, however it ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{debian, files, is_there, only_wrong_lines_fail, quickstart, skipped, uniffi};
use crate::project::{self, Project};
use crate::said;

const SUITE: &str = "trixie";
const PACKAGES: [&str; 3] = ["swiftlang", "libc6-dev", "libstdc++-14-dev"];

/// Folders as they are seen from inside.
const BUILD: &str = "/build";
const LIBRARIES: &str = "/build/lib";

/// A Debian of its own.
struct Debian {
    root: PathBuf,
}

/// The Swift stage.
pub(crate) fn run(project: &Project) -> Result<String, String> {
    let debian = Debian {
        root: project.tools("swift")?.join(SUITE),
    };
    if let Err(why) = debian.install() {
        return Ok(skipped(&why));
    }
    let library = uniffi::library(project)?;
    debian.lay_out(project, &library)?;

    let passed = debian.test()?;
    let wrong = debian.wrong()?;
    debian.documented(project)?;
    debian.quickstart(project)?;
    Ok(format!("{passed} passed; {wrong} wrong calls do not compile"))
}

impl Debian {
    fn inside(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Makes the folder, unless it was made to its end before.
    fn install(&self) -> Result<(), String> {
        let cannot = |error| format!("Debian's Swift cannot be set up: {error}");
        let ready = self.inside("/ready");
        if ready.exists() {
            return project::succeed(self.command("swift").arg("--version")).map_err(cannot);
        }
        let user = project::output(Command::new("id").arg("-u")).unwrap_or_default();
        if user.trim() != "0" {
            return Err(
                "Debian's Swift is set up in a folder of its own, which only root on Linux can".to_owned(),
            );
        }
        if !is_there("debootstrap") {
            debian(&["debootstrap", "debian-archive-keyring"])?;
        }
        let _ = fs::remove_dir_all(&self.root);
        let mut make = Command::new("unshare");
        make.args([
            "--mount",
            "debootstrap",
            "--force-check-gpg",
            "--variant=minbase",
            SUITE,
        ])
        .arg(&self.root)
        .args(mirror());
        project::succeed(&mut make).map_err(cannot)?;
        let names = self.inside("/etc/resolv.conf");
        fs::copy("/etc/resolv.conf", &names).map_err(|error| format!("{}: {error}", names.display()))?;
        let mut get = self.command("apt-get");
        get.args(["install", "--quiet", "--yes", "--no-install-recommends"])
            .args(PACKAGES);
        project::succeed(self.command("apt-get").args(["update", "--quiet"]))
            .and_then(|()| project::succeed(&mut get))
            .and_then(|()| project::succeed(self.command("apt-get").arg("clean")))
            .map_err(cannot)?;
        project::write(&ready, "")
    }

    /// A command that runs inside, with a `/proc`: without it the compiler does not find its own libraries.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("unshare");
        command
            .arg(format!("--mount-proc={}", self.inside("/proc").display()))
            .arg("chroot")
            .arg(&self.root)
            .args(["/usr/bin/env", "--ignore-environment", "--chdir", BUILD])
            .args(["HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"])
            .arg("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .arg(format!("LD_LIBRARY_PATH={LIBRARIES}"))
            .arg(format!("SCENARIO={BUILD}/scenario.json"))
            .arg(program);
        if !self.inside(BUILD).exists() {
            let _ = fs::create_dir_all(self.inside(BUILD));
        }
        command
    }

    /// Puts the package, the glue that joins it to the library, the library and the data inside; what has not changed stays as it
    /// is, so that it is not built again.
    fn lay_out(&self, project: &Project, library: &Path) -> Result<(), String> {
        let (from, to) = (project.root.join("bindings-swift/swift"), self.inside(BUILD));
        let mut sources = files(&from, "swift")?;
        sources.extend(files(&from, "modulemap")?);
        let known = |folder: &str| -> Result<Vec<PathBuf>, String> {
            let folder = to.join(folder);
            if folder.exists() {
                files(&folder, "swift")
            } else {
                Ok(Vec::new())
            }
        };
        for old in known("Sources")?.into_iter().chain(known("Tests")?) {
            let there = old.strip_prefix(&to).is_ok_and(|path| from.join(path).exists());
            if !there && !old.ends_with("TertuliaNative.swift") {
                fs::remove_file(&old).map_err(|error| format!("{}: {error}", old.display()))?;
            }
        }
        for source in sources {
            let path = source.strip_prefix(&from).unwrap_or(&source);
            copy(&source, &to.join(path))?;
        }
        let glue = self.root.with_file_name("glue");
        uniffi::glue(project, library, "swift", &glue)?;
        for (file, folder) in [
            ("TertuliaNative.swift", "Sources/TertuliaNative"),
            ("TertuliaNativeFFI.h", "Sources/TertuliaNativeFFI"),
        ] {
            copy(&glue.join(file), &to.join(folder).join(file))?;
        }
        copy(
            library,
            &self
                .inside(LIBRARIES)
                .join(library.file_name().unwrap_or_default()),
        )?;
        copy(
            &project.root.join("bindings-shapes/scenario.json"),
            &to.join("scenario.json"),
        )?;
        copy(
            &project.root.join("examples/data/contacts.csv"),
            &to.join("contacts.csv"),
        )
    }

    /// Builds the package and runs its tests; gives how many passed.
    fn test(&self) -> Result<usize, String> {
        let mut command = self.command("swift");
        command
            .args(["test", "--disable-sandbox", "--disable-swift-testing"])
            .args(["-Xswiftc", "-warnings-as-errors", "-Xlinker"])
            .arg(format!("-L{LIBRARIES}"));
        let output = command
            .output()
            .map_err(|error| project::not_started(&command, &error))?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        said::say(format_args!("{text}"));
        let passed = text
            .lines()
            .filter_map(|line| {
                line.trim()
                    .strip_prefix("Executed ")?
                    .split(' ')
                    .next()?
                    .parse()
                    .ok()
            })
            .max();
        match passed {
            Some(passed) if passed > 0 && output.status.success() => Ok(passed),
            _ => Err(project::ended(&command, output.status)),
        }
    }

    /// Calls that the types forbid do not compile.
    fn wrong(&self) -> Result<usize, String> {
        let path = "Tests/Wrong.swift";
        let mut command = self.typecheck(path);
        let output = command
            .output()
            .map_err(|error| project::not_started(&command, &error))?;
        only_wrong_lines_fail(
            &self.inside(BUILD).join(path),
            &String::from_utf8_lossy(&output.stderr),
        )
    }

    /// What the page on Swift shows compiles.
    fn documented(&self, project: &Project) -> Result<(), String> {
        let path = "Documented.swift";
        let shown = shown(&project.read("docs/swift.md")?);
        project::write(&self.inside(BUILD).join(path), &shown)?;
        project::succeed(&mut self.typecheck(path))
    }

    fn typecheck(&self, path: &str) -> Command {
        let mut command = self.command("swiftc");
        command
            .args([
                "-typecheck",
                "-parse-as-library",
                "-suppress-warnings",
                "-swift-version",
                "6",
            ])
            .args(["-I", ".build/debug/Modules", "-I", "Sources/TertuliaNativeFFI"])
            .arg(path);
        command
    }

    fn quickstart(&self, project: &Project) -> Result<(), String> {
        let folder = format!("{BUILD}/quickstart");
        let _ = fs::remove_dir_all(self.inside(&folder));
        let mut command = self.command(".build/debug/Quickstart");
        let printed = project::output(command.args(["contacts.csv", &folder]))?;
        quickstart::compare(project, "swift", &printed, Path::new(&folder))
    }
}

/// The examples of a page, each in a function of its own.
fn shown(page: &str) -> String {
    let examples = page.split("```swift\n").skip(1);
    let functions = examples.enumerate().map(|(place, rest)| {
        let example = rest.split("```").next().unwrap_or_default();
        format!("\nfunc example{place}() async throws {{\n{example}}}\n")
    });
    format!(
        "import Foundation\nimport Tertulia\n{}",
        functions.collect::<String>()
    )
}

/// The place that the host's own packages come from.
fn mirror() -> Option<String> {
    let sources = fs::read_to_string("/etc/apt/sources.list.d/debian.sources").ok()?;
    let line = sources.lines().find_map(|line| line.strip_prefix("URIs: "))?;
    line.split_whitespace().next().map(ToOwned::to_owned)
}

/// Copies a file, unless it is there as it is.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |error| format!("{} to {}: {error}", from.display(), to.display());
    let bytes = fs::read(from).map_err(failed)?;
    if fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    fs::create_dir_all(to.parent().unwrap_or(to)).map_err(failed)?;
    fs::write(to, bytes).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn each_example_of_a_page_is_a_function() {
        let page = "# A\n```swift\nlet a = 1\n```\n```text\nno\n```\n```swift\nb()\n```\n";
        assert_eq!(
            shown(page),
            "import Foundation\nimport Tertulia\n\nfunc example0() async throws {\nlet a = 1\n}\n\n\
             func example1() async throws {\nb()\n}\n"
        );
    }
}
