//! How fast tertulia is, beside peers measured in the same run. `benches/README.md` says how to read it.

mod audit;
mod border;
mod dispatch;
mod fairness;
mod files;
mod inbox;
mod ingest;
mod measure;
mod merge;
mod nowhere;
mod people;
mod phone;
mod postgres;
mod render;
mod sequences;
mod shop;
mod tagging;

use measure::Outcome;

/// A bench: its name, and what runs it.
type Bench = (&'static str, fn() -> Outcome<()>);

const BENCHES: [Bench; 14] = [
    ("tagging", tagging::run),
    ("phone", phone::run),
    ("render", render::run),
    ("ingest", ingest::run),
    ("inbox", inbox::run),
    ("dispatch", dispatch::run),
    ("fairness", fairness::run),
    ("sequences", sequences::run),
    ("border", border::run),
    ("people", people::run),
    ("merge", merge::run),
    ("files", files::run),
    ("audit", audit::run),
    ("postgres", postgres::run),
];

fn main() -> Outcome<()> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if let [postgres::WORKER, schema] = asked.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        return postgres::work(schema);
    }
    let known = BENCHES.map(|(name, _)| name);
    if let Some(stranger) = asked.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("there is no bench {stranger:?}; there is {}", known.join(", ")).into());
    }
    for (name, run) in BENCHES {
        if asked.is_empty() && name == "postgres" && !postgres::has_server() {
            println!(
                "\npostgres: left out, since no server is named; `cargo xtask with-postgres` before the command names one"
            );
        } else if asked.is_empty() || asked.iter().any(|asked| asked == name) {
            run()?;
        }
    }
    Ok(())
}
