//! Licences that may come in, packages that may not, and TLS from one provider only.
//!
//! Everything is read from the manifests of what `Cargo.lock` names; nothing is asked of the network.

use spdx::{Expression, ParseMode};

use crate::project::{Dependency, Project};

/// Licences whose terms a closed product can keep by shipping a notice.
const ALLOWED: &[&str] = &["Apache-2.0", "BSD-3-Clause", "ISC", "MIT", "Unicode-3.0", "Zlib"];

/// A package whose licence is not in [`ALLOWED`] and is taken all the same; `*` ends a name that may go on.
struct Exception {
    package: &'static str,
    licence: &'static str,
    reason: &'static str,
}

const EXCEPTIONS: &[Exception] = &[
    Exception {
        package: "webpki-root-certs",
        licence: "CDLA-Permissive-2.0",
        reason: "Data, not code: Mozilla's list of root certificates, which may be shared with its licence text.",
    },
    Exception {
        package: "target-lexicon",
        licence: "Apache-2.0 WITH LLVM-exception",
        reason: "Apache 2.0 that asks for less; it only helps to build the Python module.",
    },
    Exception {
        package: "uniffi*",
        licence: "MPL-2.0",
        reason: "Carries the calls of Swift and Kotlin, unchanged; a closed product names it and where its source is.",
    },
    Exception {
        package: "sqlcipher-src",
        licence: "MIT AND BSD-3-Clause AND blessing AND WTFPL",
        reason: "Encrypts the file where the feature is on; SQLite's blessing and the WTFPL ask for nothing.",
    },
];

impl Exception {
    fn covers(&self, name: &str) -> bool {
        match self.package.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == self.package,
        }
    }
}

/// A package that must not come in, by name and start of the version.
struct Ban {
    package: &'static str,
    version: &'static str,
    reason: &'static str,
}

const BANNED: &[Ban] = &[
    Ban {
        package: "openssl-sys",
        version: "",
        reason: "TLS is rustls: a system library would have to be found and matched on every host.",
    },
    Ban {
        package: "native-tls",
        version: "",
        reason: "TLS is rustls, which behaves alike on every platform.",
    },
    Ban {
        package: "time",
        version: "0.1.",
        reason: "Unmaintained, and reads the environment unsoundly: chrono without `oldtime` does without it.",
    },
    Ban {
        package: "sqlx-sqlite",
        version: "",
        reason: "Two SQLite libraries in one process lose each other's file locks; rusqlite is the one.",
    },
    Ban {
        package: "async-std",
        version: "",
        reason: "Discontinued; the engine runs on Tokio alone.",
    },
];

/// Either may encrypt; both at once is a second large library, and a panic when rustls has to choose.
const TLS_PROVIDERS: [&str; 2] = ["aws-lc-rs", "ring"];

/// The licences stage.
pub(crate) fn check(project: &Project) -> Result<String, String> {
    let all = project.tree(&["--workspace", "--all-features", "--edges", "normal,build,dev"])?;
    let built = project.tree(&["--workspace", "--edges", "normal,build"])?;
    let complaints: Vec<_> = all
        .iter()
        .filter_map(licence_complaint)
        .chain(all.iter().filter_map(ban_complaint))
        .chain(tls_complaint(&built))
        .collect();
    if complaints.is_empty() {
        Ok(format!("{} packages", all.len()))
    } else {
        Err(complaints.join("\n"))
    }
}

fn licence_complaint(package: &Dependency) -> Option<String> {
    let excepted = EXCEPTIONS
        .iter()
        .find(|exception| exception.covers(&package.name) && exception.licence == package.licence);
    if let Some(exception) = excepted {
        println!("{} is let in: {}", package.name, exception.reason);
        return None;
    }
    satisfiable(&package.licence).err().map(|reason| {
        format!(
            "{} {}: {reason}; replace it, or add the licence or an exception with its reason in xtask/src/licences.rs",
            package.name, package.version
        )
    })
}

/// Whether allowed licences alone satisfy an expression; else why not.
fn satisfiable(expression: &str) -> Result<(), String> {
    if expression.is_empty() {
        return Err("names no licence".to_owned());
    }
    // Lax, because older manifests write `MIT/Apache-2.0`.
    let parsed = Expression::parse_mode(expression, ParseMode::LAX)
        .map_err(|error| format!("`{expression}` is not a licence expression ({})", error.reason))?;
    let allowed = parsed.evaluate(|required| {
        required.addition.is_none()
            && required
                .license
                .id()
                .is_some_and(|licence| ALLOWED.contains(&licence.name))
    });
    if allowed {
        Ok(())
    } else {
        Err(format!("`{expression}` asks for a licence that is not allowed"))
    }
}

fn ban_complaint(package: &Dependency) -> Option<String> {
    BANNED
        .iter()
        .find(|ban| ban.package == package.name && package.version.starts_with(ban.version))
        .map(|ban| format!("{} {} is banned: {}", package.name, package.version, ban.reason))
}

fn tls_complaint(built: &[Dependency]) -> Option<String> {
    TLS_PROVIDERS
        .iter()
        .all(|provider| built.iter().any(|package| package.name == *provider))
        .then(|| format!("TLS comes from both {}: keep one", TLS_PROVIDERS.join(" and ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, version: &str, licence: &str) -> Dependency {
        Dependency {
            name: name.to_owned(),
            version: version.to_owned(),
            licence: licence.to_owned(),
        }
    }

    #[test]
    fn an_expression_passes_if_allowed_licences_alone_satisfy_it() {
        for (expression, passes) in [
            ("MIT", true),
            ("MIT OR Apache-2.0", true),
            ("MIT/Apache-2.0", true),
            ("Apache-2.0 / MIT", true),
            ("MIT OR GPL-3.0-only", true),
            ("(MIT OR GPL-3.0-only) AND Unicode-3.0", true),
            ("Apache-2.0 WITH LLVM-exception OR MIT", true),
            ("GPL-3.0-only", false),
            ("MIT AND GPL-3.0-only", false),
            ("Apache-2.0 WITH LLVM-exception", false),
            ("LGPL-2.1-or-later", false),
            ("LicenseRef-of-our-own", false),
            ("NoSuchLicence-1.0", false),
            ("", false),
        ] {
            assert_eq!(satisfiable(expression).is_ok(), passes, "{expression}");
        }
    }

    #[test]
    fn an_exception_holds_for_its_package_and_its_licence_only() {
        assert_eq!(
            licence_complaint(&package("webpki-root-certs", "1.0.0", "CDLA-Permissive-2.0")),
            None
        );
        assert!(licence_complaint(&package("webpki-root-certs", "2.0.0", "GPL-3.0-only")).is_some());
        assert!(licence_complaint(&package("other", "1.0.0", "CDLA-Permissive-2.0")).is_some());
        assert_eq!(
            licence_complaint(&package("uniffi_core", "1.0.0", "MPL-2.0")),
            None
        );
        assert!(licence_complaint(&package("webpki-root-certs-2", "1.0.0", "CDLA-Permissive-2.0")).is_some());
    }

    #[test]
    fn every_exception_is_needed_and_every_reason_is_a_sentence() {
        for exception in EXCEPTIONS {
            assert!(satisfiable(exception.licence).is_err(), "{}", exception.package);
        }
        let reasons = EXCEPTIONS
            .iter()
            .map(|it| it.reason)
            .chain(BANNED.iter().map(|it| it.reason));
        for reason in reasons {
            assert!(reason.ends_with('.') && reason.contains(' '), "{reason}");
        }
    }

    #[test]
    fn a_banned_package_is_refused_by_name_and_version() {
        assert!(ban_complaint(&package("openssl-sys", "0.9.1", "MIT")).is_some());
        assert!(ban_complaint(&package("time", "0.1.45", "MIT")).is_some());
        assert_eq!(ban_complaint(&package("time", "0.3.1", "MIT")), None);
    }

    #[test]
    fn one_tls_provider_passes_and_two_do_not() {
        let (one, other) = (
            package("ring", "0.17.0", "ISC"),
            package("aws-lc-rs", "1.0.0", "ISC"),
        );
        assert_eq!(tls_complaint(&[]), None);
        assert_eq!(tls_complaint(std::slice::from_ref(&one)), None);
        assert!(tls_complaint(&[one, other]).is_some());
    }
}
