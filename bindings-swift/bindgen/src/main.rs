//! Writes what UniFFI adds to a binding: `tertulia-bindgen LIBRARY kotlin|swift FOLDER`.
//!
//! Its code is made where the binding is built and not kept in the repository: it fits exactly one library, checks
//! that when it is loaded, and is under UniFFI's licence.

use std::process::ExitCode;

use uniffi_bindgen::bindings::{GenerateOptions, TargetLanguage, generate};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [library, language, folder] = arguments.as_slice() else {
        eprintln!("usage: tertulia-bindgen LIBRARY kotlin|swift FOLDER");
        return ExitCode::FAILURE;
    };
    let language = match language.as_str() {
        "kotlin" => TargetLanguage::Kotlin,
        "swift" => TargetLanguage::Swift,
        other => {
            eprintln!("error: {other:?} is neither kotlin nor swift");
            return ExitCode::FAILURE;
        }
    };
    let written = generate(GenerateOptions {
        languages: vec![language],
        source: library.into(),
        out_dir: folder.into(),
        config_override: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/uniffi.toml").into()),
        ..GenerateOptions::default()
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
