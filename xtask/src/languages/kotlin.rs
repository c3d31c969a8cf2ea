//! The stage of Kotlin: compiles the binding, its tests and the quickstart, and runs them on a Java virtual machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{debian, files, is_there, made_from, only_wrong_lines_fail, quickstart, skipped, uniffi};
use crate::project::{self, Project};
use crate::said;

/// The npm package that is the compiler, with the standard library and coroutines.
const COMPILER: &str = "kotlin-compiler@2.4.20";

/// What the binding needs at run time and in its tests: jars in [`JARS`], by the Debian package that brings them.
const PACKAGES: [(&str, &str); 4] = [
    ("jna.jar", "libjna-java"),
    ("gson.jar", "libgoogle-gson-java"),
    ("junit4.jar", "junit4"),
    ("hamcrest.jar", "libhamcrest-java"),
];
const JARS: &str = "/usr/share/java";

/// Where everything is.
struct Kotlin<'a> {
    project: &'a Project,
    tools: PathBuf,
}

/// The Kotlin stage.
pub(crate) fn run(project: &Project) -> Result<String, String> {
    let kotlin = Kotlin {
        project,
        tools: project.tools("kotlin")?,
    };
    if let Err(why) = kotlin.install() {
        return Ok(skipped(&why));
    }
    let library = uniffi::library(project)?;
    let glue = kotlin.tools.join("glue");
    uniffi::glue(project, &library, "kotlin", &glue)?;

    let source = project.root.join("bindings-swift/kotlin");
    let mut main = files(&source.join("main"), "kt")?;
    main.extend(files(&glue, "kt")?);
    let classes = kotlin.tools.join("main");
    kotlin.compile(&classes, &main, &["-Werror", "-module-name", "tertulia"], &[])?;

    let mut tests = files(&source.join("test/org"), "kt")?;
    let suites: Vec<String> = tests.iter().filter_map(|file| suite(file)).collect();
    tests.extend(files(&source.join("quickstart"), "kt")?);
    tests.extend(kotlin.documented()?);
    // Tests look at what is internal; they are built anew when what they test is.
    let friend = format!("-Xfriend-paths={}", classes.display());
    tests.push(classes.with_added_extension("from"));
    let test_classes = kotlin.tools.join("test");
    kotlin.compile(&test_classes, &tests, &[&friend, "-Werror"], &[&classes])?;

    let wrong = kotlin.wrong(&source.join("test/Wrong.kt"), &classes)?;
    let passed = kotlin.test(&library, &[&classes, &test_classes], &suites)?;
    kotlin.quickstart(&kotlin.jar(&library, &classes)?, &test_classes)?;
    Ok(format!("{passed} passed; {wrong} wrong calls do not compile"))
}

/// The class of tests that a file holds, if it is named so.
fn suite(file: &Path) -> Option<String> {
    let name = file.file_stem()?.to_str()?;
    name.ends_with("Test").then(|| format!("org.tertulia.{name}"))
}

/// The blocks of Kotlin in a page of Markdown.
fn blocks(page: &str) -> impl Iterator<Item = &str> {
    let after = page.split("```kotlin\n").skip(1);
    after.filter_map(|rest| rest.split("```").next())
}

impl Kotlin<'_> {
    fn lib(&self, jar: &str) -> PathBuf {
        self.tools.join("node_modules/kotlin-compiler/lib").join(jar)
    }

    /// Gets the compiler and the jars.
    fn install(&self) -> Result<(), String> {
        let missing: Vec<&str> = PACKAGES
            .iter()
            .filter(|(jar, _)| !Path::new(JARS).join(jar).exists())
            .map(|(_, package)| *package)
            .chain((!is_there("java")).then_some("default-jdk-headless"))
            .chain((!is_there("npm")).then_some("npm"))
            .collect();
        if !missing.is_empty() {
            debian(&missing)?;
        }
        let version = COMPILER.split('@').nth(1).unwrap_or_default();
        let known = project::read(&self.lib("../package.json")).unwrap_or_default();
        if !known.contains(&format!("\"{version}\"")) {
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--no-save", "--prefix"])
                .arg(&self.tools)
                .arg(COMPILER);
            project::succeed(&mut npm).map_err(|error| format!("{COMPILER} cannot be installed: {error}"))?;
        }
        Ok(())
    }

    fn class_path(&self, more: &[&Path]) -> String {
        let jars = PACKAGES.iter().map(|(jar, _)| Path::new(JARS).join(jar));
        let own = ["kotlin-stdlib.jar", "kotlinx-coroutines-core-jvm.jar"].map(|jar| self.lib(jar));
        let all = jars.chain(own).chain(more.iter().map(|path| path.to_path_buf()));
        all.map(|path| path.display().to_string())
            .collect::<Vec<_>>()
            .join(":")
    }

    fn compiler(&self, into: &Path, arguments: &[&str], more: &[&Path]) -> Command {
        let own = [
            "kotlin-compiler.jar",
            "kotlin-stdlib.jar",
            "kotlin-reflect.jar",
            "kotlin-script-runtime.jar",
            "kotlinx-coroutines-core-jvm.jar",
        ];
        let own: Vec<_> = own
            .iter()
            .map(|jar| self.lib(jar).display().to_string())
            .collect();
        let mut command = Command::new("java");
        command
            // The compiler does not run for long enough to be worth compiling well.
            .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx1500m"])
            .args(["-cp", &own.join(":")])
            .arg("org.jetbrains.kotlin.cli.jvm.K2JVMCompiler")
            .args(["-no-stdlib", "-no-reflect", "-jvm-target", "17", "-cp"])
            .arg(self.class_path(more))
            .arg("-d")
            .arg(into)
            .args(arguments);
        command
    }

    fn compile(
        &self,
        into: &Path,
        sources: &[PathBuf],
        arguments: &[&str],
        more: &[&Path],
    ) -> Result<(), String> {
        made_from(into, sources, &format!("{COMPILER} {arguments:?}"), || {
            let _ = fs::remove_dir_all(into);
            let sources = sources
                .iter()
                .filter(|file| file.extension().is_some_and(|it| it == "kt"));
            project::succeed(self.compiler(into, arguments, more).args(sources))
        })
    }

    /// Calls that the types forbid do not compile.
    fn wrong(&self, source: &Path, classes: &Path) -> Result<usize, String> {
        let noted = self.tools.join("wrong.txt");
        let inputs = [source.to_path_buf(), classes.with_added_extension("from")];
        made_from(&noted, &inputs, COMPILER, || {
            let mut command = self.compiler(&self.tools.join("wrong"), &["-nowarn"], &[classes]);
            let output = command
                .arg(source)
                .output()
                .map_err(|error| project::not_started(&command, &error))?;
            project::write(&noted, &String::from_utf8_lossy(&output.stderr))
        })?;
        only_wrong_lines_fail(source, &project::read(&noted)?)
    }

    fn java(&self, class_path: &[&Path]) -> Command {
        let mut command = Command::new("java");
        command
            .current_dir(&self.project.root)
            .arg("-Dfile.encoding=UTF-8")
            .arg("-Dstdout.encoding=UTF-8")
            .arg("-Dscenario=bindings-shapes/scenario.json")
            .args(["-cp", &self.class_path(class_path)]);
        command
    }

    /// The programs that the documentation shows, each a file of a package of its own.
    fn documented(&self) -> Result<Vec<PathBuf>, String> {
        let page = self.project.read("docs/kotlin.md")?;
        let folder = self.tools.join("documented");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut programs = Vec::new();
        for (place, program) in blocks(&page).enumerate() {
            let file = folder.join(format!("Documented{place}.kt"));
            project::write(&file, &format!("package documented{place}\n\n{program}"))?;
            programs.push(file);
        }
        Ok(programs)
    }

    /// Runs the tests; gives how many passed.
    fn test(&self, library: &Path, class_path: &[&Path], suites: &[String]) -> Result<usize, String> {
        let beside = library.parent().unwrap_or(library);
        let mut command = self.java(class_path);
        command
            .env(
                "JAVA_TOOL_OPTIONS",
                format!("-Djna.library.path={}", beside.display()),
            )
            .arg("org.junit.runner.JUnitCore")
            .args(suites);
        let output = command
            .output()
            .map_err(|error| project::not_started(&command, &error))?;
        let text = String::from_utf8_lossy(&output.stdout);
        said::say(format_args!("{text}"));
        let passed = text
            .lines()
            .find_map(|line| line.strip_prefix("OK (")?.split(' ').next()?.parse().ok());
        match passed {
            Some(passed) if passed > 0 && output.status.success() => Ok(passed),
            _ => Err(project::ended(&command, output.status)),
        }
    }

    /// The binding as programs use it: one jar, the native library inside, where JNA looks for it.
    fn jar(&self, library: &Path, classes: &Path) -> Result<PathBuf, String> {
        let inside = self.tools.join("native");
        let folder = inside.join(format!(
            "{}-{}",
            std::env::consts::OS,
            std::env::consts::ARCH.replace('_', "-")
        ));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let copy = folder.join(library.file_name().unwrap_or_default());
        fs::copy(library, &copy).map_err(|error| format!("{}: {error}", copy.display()))?;
        let jar = self.tools.join("tertulia.jar");
        let mut command = Command::new("jar");
        command.args(["--create", "--no-compress", "--file"]).arg(&jar);
        command
            .arg("-C")
            .arg(classes)
            .arg(".")
            .arg("-C")
            .arg(&inside)
            .arg(".");
        project::succeed(&mut command)?;
        Ok(jar)
    }

    fn quickstart(&self, jar: &Path, classes: &Path) -> Result<(), String> {
        let folder = quickstart::folder(self.project, "kotlin")?;
        let printed = project::output(self.java(&[jar, classes]).arg("QuickstartKt").arg(&folder))?;
        quickstart::compare(self.project, "kotlin", &printed, &folder)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{blocks, suite};

    #[test]
    fn suites_are_told_by_their_names() {
        assert_eq!(
            suite(Path::new("a/CallTest.kt")).as_deref(),
            Some("org.tertulia.CallTest")
        );
        assert_eq!(suite(Path::new("a/Support.kt")), None);
    }

    #[test]
    fn only_blocks_of_kotlin_are_programs() {
        let page = "a\n```kotlin\nfun one()\n```\nb\n```sh\nls\n```\n```kotlin\nfun two()\n```\n";
        assert_eq!(blocks(page).collect::<Vec<_>>(), ["fun one()\n", "fun two()\n"]);
    }
}
