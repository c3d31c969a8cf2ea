//! The proofs are proved: in a copy of the sources rules are taken out, and the simulation must notice each.
//!
//! All mutants are built at once, below the target folder, and chosen when the simulation runs. What is shipped has none
//! of them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::project::{self, Project};

/// How many seeds a mutant may live through.
const SEEDS: u32 = 1_000;

/// How many the copy itself, with no mutant switched on, must live through.
const SOUND: u32 = 200;

/// Where the copy's packages lie below its workspace. Cargo tells packages apart by their place in the workspace: in the
/// same place they would be taken for each other in the target folder that both share, for the sake of the dependencies.
const FOLDER: &str = "mutant";

/// The variable that says which mutant is switched on.
const SWITCH: &str = "TERTULIA_MUTANT";

/// What asks that, in the copy's core.
const ASK: &str = "
/// Whether this mutant is switched on.
pub fn mutant(name: &str) -> bool {
    std::env::var(\"TERTULIA_MUTANT\").is_ok_and(|on| on == name)
}
";

/// A rule that is taken out.
struct Mutant {
    name: &'static str,
    /// Every place that the rule is held at.
    rules: &'static [Rule],
    /// What the simulation says then, in any of these words.
    noticed: &'static [&'static str],
}

struct Rule {
    file: &'static str,
    /// The rule's text, as it stands once in the file.
    text: &'static str,
    /// What stands there without it. `$` asks whether the mutant is switched on.
    without: &'static str,
}

static MUTANTS: [Mutant; 12] = [
    Mutant {
        name: "send before the commit",
        rules: &[Rule {
            file: "engine/src/runtime.rs",
            text: "            match self.storage.commit(changes).await {",
            without: "            if $ {
                let storage = Arc::clone(&self.storage);
                tokio::spawn(async move { storage.commit(changes).await.map(|_| ()) });
                return results;
            }
            match self.storage.commit(changes).await {",
        }],
        noticed: &["a message leaves whose sending is not committed"],
    },
    Mutant {
        name: "skip the gate at sending",
        rules: &[Rule {
            file: "core/src/decide/sending.rs",
            text: "    if let Some(denial) = asked.check(ctx, &row.origin, kind).into_iter().next() {\n        set.expect",
            without: "    if let Some(denial) = asked.check(ctx, &row.origin, kind).into_iter().next().filter(|_| !$) {\n        set.expect",
        }],
        noticed: &["committed after an opt-out", "within 24 hours"],
    },
    Mutant {
        name: "resend unknown",
        rules: &[Rule {
            file: "core/src/decide/landing.rs",
            text: "        DispatchState::Sending { since } => DispatchState::Unknown {",
            without: "        DispatchState::Sending { .. } if $ => DispatchState::Pending,
        DispatchState::Sending { since } => DispatchState::Unknown {",
        }],
        noticed: &["twice"],
    },
    Mutant {
        name: "slot back on late failure",
        rules: &[Rule {
            file: "core/src/decide/landing.rs",
            text: "    row.observe(&new.delivery);\n",
            without: "    row.observe(&new.delivery);
    if row.state == DispatchState::Failed && $ {
        let slot_key = slot_key(ctx, resolve(set, ctx, row.contact)?);
        if set.get::<Slot>(&slot_key)?.is_some_and(|slot| Some(slot.attempt) == row.attempt) {
            set.remove(slot_key);
        }
    }\n",
        }],
        noticed: &["two marketing messages to one person within 24 hours"],
    },
    Mutant {
        name: "lease without fencing",
        rules: &[Rule {
            file: "core/src/decide/sending.rs",
            text: "&& row.epoch == epoch)",
            without: "&& (row.epoch == epoch || $))",
        }],
        noticed: &["sends a row that it does not hold"],
    },
    Mutant {
        name: "wake up late and send",
        rules: &[Rule {
            file: "engine/src/worker.rs",
            text: "        if self.runtime.clock.now() > flight.send_by {",
            without: "        if self.runtime.clock.now() > flight.send_by && !$ {",
        }],
        noticed: &["too late"],
    },
    Mutant {
        name: "miss a pause that is committed meanwhile",
        rules: &[Rule {
            file: "core/src/decide/sending.rs",
            text: "        // A pause or cancellation that is committed meanwhile wins.
        set.expect(&broadcasts::key(ctx, broadcast.id));",
            without: "        if !$ {
            set.expect(&broadcasts::key(ctx, broadcast.id));
        }",
        }],
        noticed: &["though the broadcast is"],
    },
    Mutant {
        name: "send to both of who were merged",
        rules: &[Rule {
            file: "core/src/decide/sending.rs",
            text: "    if goes_by_another_row(set, ctx, &row, &asked)? {",
            without: "    if goes_by_another_row(set, ctx, &row, &asked)? && !$ {",
        }],
        noticed: &["the person has it already", "within 24 hours"],
    },
    Mutant {
        name: "finish what goes on",
        rules: &[Rule {
            file: "core/src/decide/broadcasts.rs",
            text: "    if set.version(&key(ctx, id)) != Some(counted_at) {",
            without: "    if set.version(&key(ctx, id)) != Some(counted_at) && !$ {",
        }],
        noticed: &["it is over, and somebody waits"],
    },
    Mutant {
        name: "a step goes on twice",
        rules: &[Rule {
            file: "core/src/decide/enrollments.rs",
            text: "    let Some(enrollment) = known.filter(due) else {",
            without: "    let Some(enrollment) = known.filter(|known| due(known) || ($ && known.is_open())) else {",
        }],
        noticed: &["went on though their message waits", "went on before their time"],
    },
    Mutant {
        name: "an exit does not win",
        rules: &[
            Rule {
                file: "core/src/decide/enrollments.rs",
                text: "    if let Some(row) = row.filter(waits) {",
                without: "    if let Some(row) = row.filter(waits).filter(|_| !$) {",
            },
            Rule {
                file: "core/src/decide/sending.rs",
                text: "enrollment.filter(|enrollment| enrollments::waits_for(enrollment, row))",
                without: "enrollment.filter(|enrollment| enrollments::waits_for(enrollment, row) || $)",
            },
        ],
        noticed: &["though they left the sequence"],
    },
    Mutant {
        name: "miss a pause of a sequence that is committed meanwhile",
        rules: &[Rule {
            file: "core/src/decide/sending.rs",
            text: "    set.expect(&sequences::key(ctx, sequence.id));",
            without: "    if !$ {
        set.expect(&sequences::key(ctx, sequence.id));
    }",
        }],
        noticed: &["sending was committed though the sequence is"],
    },
];

/// The mutants stage.
pub(crate) fn run(project: &Project) -> Result<String, String> {
    let copy = project.scratch.join("mutants");
    copy_folder(project, &project.root, &copy.join(FOLDER))?;
    let workspace = moved(&project.read("Cargo.toml")?, project);
    for (name, text) in [
        ("Cargo.toml", workspace),
        ("Cargo.lock", project.read("Cargo.lock")?),
    ] {
        keep(&copy.join(name), text.as_bytes())?;
    }
    let simulation = project.test_program(&copy, &format!("{FOLDER}/engine"), "simulation", &[])?;
    let tell = |mutant: &str, seeds: u32| {
        let mut command = Command::new(&simulation);
        command
            .args(["whatever_goes_wrong_the_promises_hold", "--nocapture"])
            .env(SWITCH, mutant)
            .env("TERTULIA_SEEDS", seeds.to_string());
        let output = command
            .output()
            .map_err(|error| project::not_started(&command, &error))?;
        let text = [output.stdout, output.stderr].concat();
        Ok::<_, String>((
            output.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        ))
    };
    let (sound, text) = tell("", SOUND)?;
    if !sound {
        return Err(format!("the copy is broken with no mutant switched on:\n{text}"));
    }
    // How often each thing went wrong.
    println!("{text}");
    for mutant in &MUTANTS {
        let (lives, text) = tell(mutant.name, SEEDS)?;
        let said = text.lines().find(|line| line.starts_with("seed ")).unwrap_or("");
        if lives || !mutant.noticed.iter().any(|words| said.contains(words)) {
            return Err(format!("no proof notices {:?}: {text}", mutant.name));
        }
        println!("{}: noticed at {}", mutant.name, first(said, 160));
    }
    Ok(format!("{} noticed", MUTANTS.len()))
}

fn first(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Writes a file, unless it is as it should be: then cargo need not build it anew.
fn keep(path: &Path, bytes: &[u8]) -> Result<(), String> {
    if fs::read(path).is_ok_and(|known| known == bytes) {
        return Ok(());
    }
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}

/// The workspace's manifest, with its packages in the copy's folder.
fn moved(manifest: &str, project: &Project) -> String {
    let folders = project.packages.iter().filter_map(|package| {
        let folder = package.manifest_path.parent()?;
        folder.strip_prefix(&project.root).ok()
    });
    folders.fold(manifest.to_owned(), |manifest, folder| {
        manifest.replace(&format!("\"{folder}\""), &format!("\"{FOLDER}/{folder}\""))
    })
}

/// Copies what cargo builds from, with the mutants in it.
fn copy_folder(project: &Project, from: &Path, to: &Path) -> Result<(), String> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    fs::create_dir_all(to).map_err(|error| failed(to, &error))?;
    for entry in fs::read_dir(from).map_err(|error| failed(from, &error))? {
        let path = entry.map_err(|error| failed(from, &error))?.path();
        let name = path.file_name().unwrap_or_default();
        let workspace = path == project.root.join("Cargo.toml");
        if workspace || path == project.target || name == ".git" || name == "node_modules" {
            continue;
        }
        let place = to.join(name);
        if path.is_dir() {
            copy_folder(project, &path, &place)?;
        } else if path.is_file() {
            let mut bytes = fs::read(&path).map_err(|error| failed(&path, &error))?;
            if let Ok(file) = path.strip_prefix(&project.root) {
                bytes = mutated(&file.to_string_lossy(), bytes)?;
            }
            keep(&place, &bytes)?;
        }
    }
    Ok(())
}

/// A file of the sources, without the rules that mutants do without.
fn mutated(file: &str, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    let of_file = |mutant: &'static Mutant| {
        let rules = mutant.rules.iter().filter(|rule| rule.file == file);
        rules.map(|rule| (mutant.name, rule))
    };
    let mutants: Vec<_> = MUTANTS.iter().flat_map(of_file).collect();
    if mutants.is_empty() && file != "core/src/lib.rs" {
        return Ok(bytes);
    }
    let mut text = String::from_utf8(bytes).map_err(|error| format!("{file}: {error}"))?;
    if file == "core/src/lib.rs" {
        text.push_str(ASK);
    }
    for (mutant, rule) in mutants {
        if text.matches(rule.text).count() != 1 {
            return Err(format!(
                "{file} does not have the rule once that {mutant:?} takes out; say in xtask/src/mutants.rs what it is now"
            ));
        }
        let library = if file.starts_with("core/") {
            "crate"
        } else {
            "tertulia_core"
        };
        let ask = format!("{library}::mutant({mutant:?})");
        text = text.replace(rule.text, &rule.without.replace('$', &ask));
    }
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_is_not_there_any_more_is_reported() {
        let told = mutated("core/src/decide/landing.rs", b"fn land() {}".to_vec()).unwrap_err();
        assert!(told.contains("\"resend unknown\""), "{told}");
        assert_eq!(
            mutated("core/src/ids.rs", b"as it is".to_vec()).unwrap(),
            b"as it is"
        );
    }
}
