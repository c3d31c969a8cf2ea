//! What may depend on what, and that core does nothing but decide.

use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Package};

use crate::project::{self, Project};

/// Which of our crates each of our crates may use, by the first row that fits; `*` ends a name that may go on.
///
/// Crates that are not called `tertulia…` (examples, benches, chores) may use anything.
const LAYERS: &[(&str, &[&str])] = &[
    ("tertulia-core", &[]),
    ("tertulia-storage-traits", &["tertulia-core"]),
    ("tertulia-transport-traits", &["tertulia-core"]),
    // What the stores share that keep records as SQL.
    (
        "tertulia-storage-sql",
        &["tertulia-core", "tertulia-storage-traits"],
    ),
    (
        "tertulia-storage-*",
        &["tertulia-core", "tertulia-storage-sql", "tertulia-storage-traits"],
    ),
    // What the adapters that speak HTTP share: one client, one TLS, one way not to send twice.
    ("tertulia-transport-http", &["tertulia-core"]),
    (
        "tertulia-transport-*",
        &[
            "tertulia-core",
            "tertulia-transport-http",
            "tertulia-transport-traits",
        ],
    ),
    (
        "tertulia",
        &["tertulia-core", "tertulia-storage-*", "tertulia-transport-*"],
    ),
    ("tertulia-bindings-shapes", &["tertulia"]),
    ("tertulia-bindings-*", &["tertulia-bindings-shapes"]),
    // A tool that reads a built library.
    ("tertulia-bindgen", &[]),
];

const RUNTIMES: &[&str] = &["tokio", "tokio-*", "async-std", "smol", "mio", "socket2"];
const SQL: &[&str] = &[
    "rusqlite",
    "libsqlite3-sys",
    "sqlx*",
    "postgres*",
    "tokio-postgres*",
    "deadpool*",
    "sea-query",
    "diesel",
];
const HTTP: &[&str] = &[
    "http",
    "hyper*",
    "reqwest",
    "ureq",
    "axum*",
    "rustls",
    "native-tls",
];
const CHANCE: &[&str] = &["rand", "rand_*", "getrandom", "fastrand"];
const ASYNC: &[&str] = &["futures*", "async-trait"];
const LOGGING: &[&str] = &["tracing*"];

/// What must not be among all that a crate brings in, however far down.
const FORBIDDEN: &[(&str, &[&[&str]])] = &[
    ("tertulia-core", &[RUNTIMES, SQL, HTTP, CHANCE, ASYNC, LOGGING]),
    ("tertulia-storage-traits", &[RUNTIMES, SQL, HTTP]),
    ("tertulia-transport-traits", &[RUNTIMES, SQL, HTTP]),
];

/// What core's own code must not say, outside its tests and comments.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "thread_rng",
    "now_v7",
    "async fn",
    "async move",
];

/// The purity stage.
pub(crate) fn check(project: &Project) -> Result<String, String> {
    let mut complaints: Vec<_> = project.packages.iter().flat_map(layer_complaints).collect();
    for (name, families) in FORBIDDEN {
        if !project.packages.iter().any(|package| package.name == *name) {
            continue;
        }
        for dependency in project.tree(&["--package", name, "--all-features", "--edges", "normal"])? {
            if families.iter().any(|family| fits_any(family, &dependency.name)) {
                complaints.push(format!(
                    "{name} brings in {}: `cargo tree -p {name} --all-features -e normal --target all -i {}` says how",
                    dependency.name, dependency.name
                ));
            }
        }
    }
    for file in sources(&project.root.join("core/src"))? {
        for (line, word) in impure_words(&project::read(&file)?) {
            let file = file.strip_prefix(&project.root).unwrap_or(&file);
            complaints.push(format!(
                "{}:{line}: `{word}` has no place in core: hand the value in",
                file.display()
            ));
        }
    }
    if complaints.is_empty() {
        Ok(format!("{} packages of ours", project.packages.len()))
    } else {
        Err(complaints.join("\n"))
    }
}

fn layer_complaints(package: &Package) -> Vec<String> {
    let uses = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.as_str());
    layering(&package.name, uses)
}

/// What is wrong with a package that uses these others.
fn layering<'a>(package: &str, uses: impl Iterator<Item = &'a str>) -> Vec<String> {
    if !is_ours(package) {
        return Vec::new();
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(pattern, _)| fits(pattern, package)) else {
        return vec![format!("{package} has no row in LAYERS (xtask/src/purity.rs)")];
    };
    uses.filter(|name| is_ours(name) && !fits_any(allowed, name))
        .map(|name| format!("{package} must not depend on {name}"))
        .collect()
}

fn is_ours(name: &str) -> bool {
    name == "tertulia" || name.starts_with("tertulia-")
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    }
}

fn fits_any(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, name))
}

/// Every Rust file below a folder that is part of the library, not of its tests.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let failed = |error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The impure words of a source and the lines they stand in, leaving out comments and what is for tests only.
///
/// Relies on rustfmt: an item ends in the first `}` or `;` that stands as deep as its `#[cfg(test)]`.
fn impure_words(source: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    let mut lines = source.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        let text = line.trim_start();
        if text == "#[cfg(test)]" {
            let depth = line.len() - text.len();
            lines.find(|(_, line)| {
                line.len() - line.trim_start().len() == depth && line.ends_with([';', '}'])
            });
        } else if !text.starts_with("//") {
            found.extend(
                IMPURE
                    .iter()
                    .filter(|word| text.contains(*word))
                    .map(|word| (index + 1, *word)),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_crate_may_use_what_lies_below_it_only() {
        for (package, uses, passes) in [
            ("tertulia-core", "serde", true),
            ("tertulia-core", "tertulia-storage-traits", false),
            ("tertulia-storage-traits", "tertulia-core", true),
            ("tertulia-storage-traits", "tertulia-storage-memory", false),
            ("tertulia-storage-traits", "tertulia-transport-traits", false),
            ("tertulia-transport-traits", "tertulia-core", true),
            ("tertulia-transport-traits", "tertulia-storage-traits", false),
            ("tertulia-storage-sqlite", "tertulia-storage-traits", true),
            ("tertulia-storage-sqlite", "tertulia-storage-memory", false),
            ("tertulia-storage-sqlite", "tertulia-storage-sql", true),
            ("tertulia-storage-sqlite", "tertulia", false),
            ("tertulia-storage-postgres", "tertulia-storage-sql", true),
            ("tertulia-storage-postgres", "tertulia-storage-sqlite", false),
            ("tertulia-storage-sql", "tertulia-storage-sqlite", false),
            ("tertulia-storage-sql", "tertulia-storage-postgres", false),
            ("tertulia-transport-whatsapp", "tertulia-transport-traits", true),
            ("tertulia-transport-whatsapp", "tertulia-storage-traits", false),
            ("tertulia", "tertulia-storage-sqlite", true),
            ("tertulia", "tertulia-transport-whatsapp", true),
            ("tertulia", "tertulia-bindings-shapes", false),
            ("tertulia-bindings-python", "tertulia", false),
            ("tertulia-unheard-of", "serde", false),
            ("xtask", "tertulia", true),
        ] {
            let complaints = layering(package, std::iter::once(uses));
            assert_eq!(complaints.is_empty(), passes, "{package} uses {uses}");
        }
    }

    #[test]
    fn core_may_bring_in_no_runtime_sql_http_chance_or_async() {
        let (_, families) = FORBIDDEN[0];
        for name in [
            "tokio",
            "tokio-util",
            "rusqlite",
            "reqwest",
            "hyper",
            "hyper-util",
            "futures",
            "futures-core",
            "async-trait",
            "rand",
            "rand_core",
            "getrandom",
            "tracing",
            "tracing-core",
        ] {
            assert!(families.iter().any(|family| fits_any(family, name)), "{name}");
        }
        for name in ["serde", "chrono", "regex", "random-looking"] {
            assert!(!families.iter().any(|family| fits_any(family, name)), "{name}");
        }
    }

    #[test]
    fn impure_words_count_in_code_only() {
        let source = "\
use std::fs;
// std::net
/// Not `Utc::now`.
    let now = SystemTime::now();
#[cfg(test)]
use std::env;
#[cfg(test)]
mod tests {
    fn read() {
        std::fs::read(\"x\");
    }
}
pub async fn late() {}
";
        assert_eq!(
            impure_words(source),
            [(1, "std::fs"), (4, "SystemTime"), (13, "async fn")]
        );
    }
}
