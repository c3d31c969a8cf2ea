//! The file store over the SQLite that can encrypt: the suite of all stores under a key, and what keys ask of a file.

use std::process::Command;

use crate::languages::{debian, skipped};
use crate::project::{self, Project};
use crate::tests_stage;

/// The encryption stage.
pub(crate) fn run(project: &Project) -> Result<String, String> {
    // On Apple's systems the system's own library takes OpenSSL's place.
    if cfg!(target_os = "linux")
        && !has_openssl(project)
        && let Err(why) = debian(&["libssl-dev"])
    {
        return Ok(skipped(&why));
    }
    tests_stage::run_encrypted(project)
}

/// Whether OpenSSL's header is found, and its library linked.
fn has_openssl(project: &Project) -> bool {
    let probe = project.scratch.join("openssl-probe");
    let mut compiler = Command::new("cc");
    compiler
        .args([
            "-shared",
            "-include",
            "openssl/evp.h",
            "-x",
            "c",
            "/dev/null",
            "-o",
        ])
        .arg(&probe)
        .arg("-lcrypto");
    project::succeed(&mut compiler).is_ok()
}
