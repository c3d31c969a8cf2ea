//! Two processes import overlapping files into one organisation, again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tertulia::core::ids::{ImportId, OrgId};
use tertulia::core::import::ImportCounts;
use tertulia::core::journal::What;
use tertulia::{Code, Filter, ImportOptions, Org, Settings, Watch};

use crate::number;
use crate::place::Place;
use crate::process::{Part, Process};

/// How many people a file has; half of them are in the other one, too.
const PEOPLE: u64 = 600;

/// How often each process imports its file, unless `TERTULIA_IMPORT_SECONDS` says for how long.
const ROUNDS: u64 = 6;

/// Every so many rows one has a number that cannot be.
const REFUSED: u64 = 50;

/// The part of one of the two.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Importer {
    place: Place,
    org: OrgId,
    /// What its file is called, and what it tags.
    name: String,
    /// Its first person.
    from: u64,
    /// From the last to the first.
    backwards: bool,
    rounds: u64,
    seconds: Option<u64>,
}

/// What one of them has to say.
#[derive(Debug, Serialize, Deserialize)]
struct Imported {
    /// Each import, with what it reported.
    done: Vec<(ImportId, ImportCounts)>,
    /// How often the API said that others were faster, by the code.
    failed: BTreeMap<String, u64>,
}

fn phone(person: u64) -> String {
    format!("+1202{}", 2_000_000 + person)
}

impl Importer {
    fn people(&self) -> BTreeSet<u64> {
        (self.from..self.from + PEOPLE).collect()
    }

    /// The file of a round: each time everybody has another name.
    fn file(&self, round: u64) -> String {
        let mut people: Vec<u64> = self.people().into_iter().collect();
        if self.backwards {
            people.reverse();
        }
        let mut file = "phone,name,tags,optedIn\n".to_owned();
        for (row, person) in people.into_iter().enumerate() {
            let name = &self.name;
            writeln!(file, "{},{name} {round},{name},true", phone(person)).unwrap();
            if (row as u64).is_multiple_of(REFUSED) {
                writeln!(file, "+1202,{name} {round},{name},true").unwrap();
            }
        }
        file
    }

    const fn rows() -> u64 {
        PEOPLE + Self::refused()
    }

    const fn refused() -> u64 {
        PEOPLE.div_ceil(REFUSED)
    }

    /// Imports, in a process of its own. An import that failed is begun again, as the API says that it may be.
    pub(crate) async fn import(self) -> Value {
        let crm = self.place.open().await;
        let org = crm.org(self.org);
        let options = ImportOptions {
            file: self.name.clone(),
            ..ImportOptions::default()
        };
        let (begun, mut round) = (Instant::now(), 0);
        let goes_on = |round: u64| match self.seconds {
            Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
            None => round < self.rounds,
        };
        let mut imported = Imported {
            done: Vec::new(),
            failed: BTreeMap::new(),
        };
        while goes_on(round) || imported.done.is_empty() {
            let file = self.file(round);
            match org
                .imports()
                .run(file.as_bytes(), &options, Watch::default())
                .await
            {
                Ok(report) => {
                    imported.done.push((report.import.unwrap(), report.counts));
                    round += 1;
                }
                Err(error) if matches!(error.code(), Code::StorageBusy | Code::StorageConflict) => {
                    *imported
                        .failed
                        .entry(error.code().as_str().to_owned())
                        .or_default() += 1;
                }
                Err(error) => panic!("an import failed: {error}"),
            }
        }
        crm.close().await.unwrap();
        json!(imported)
    }
}

/// No error comes but those that say to try again; every row of every file is accounted for; everybody is there once, with
/// what both files say of them.
pub(crate) async fn prove(place: Place) {
    let crm = place.open().await;
    let org = crm.create_org(Settings::default()).await.unwrap();
    let seconds = number("TERTULIA_IMPORT_SECONDS");
    let importer = |name: &str, from: u64, backwards: bool| Importer {
        place: place.clone(),
        org: org.id(),
        name: name.to_owned(),
        from,
        backwards,
        rounds: ROUNDS,
        seconds,
    };
    // In opposite orders, whoever locks row by row waits for the other one.
    let two = [importer("north", 0, false), importer("south", PEOPLE / 2, true)];
    let processes = two
        .clone()
        .map(|importer| Process::begin(&Part::Import(importer)));
    let mut said = Vec::new();
    for process in processes {
        said.push(process.answer::<Imported>().await);
    }
    for imported in &said {
        println!("{} imports, failed {:?}", imported.done.len(), imported.failed);
    }

    for (import, counts) in said.iter().flat_map(|imported| &imported.done) {
        assert_eq!(
            (counts.rows(), counts.rejected),
            (Importer::rows(), Importer::refused())
        );
        let kept = org.imports().get(*import).await.unwrap();
        assert_eq!((kept.counts, kept.finished), (*counts, true));
    }
    let [north, south] = two.each_ref().map(Importer::people);
    let everybody: BTreeSet<u64> = north.union(&south).copied().collect();
    let created: u64 = said
        .iter()
        .flat_map(|imported| &imported.done)
        .map(|(_, counts)| counts.created)
        .sum();
    let there = org.contacts().count(&Filter::Everyone).await.unwrap();
    assert_eq!((created, there), (everybody.len() as u64, everybody.len() as u64));
    assert_eq!(created_by_the_journal(&org).await, created);
    for of in &two {
        let tagged = Filter::tagged_any([of.name.as_str()]);
        assert_eq!(org.contacts().count(&tagged).await.unwrap(), PEOPLE);
    }
    for tag in org.tags().list().await.unwrap() {
        assert_eq!(tag.contacts, PEOPLE, "{tag:?}");
    }
    for person in everybody {
        let contact = org
            .contacts()
            .find_by_phone(&phone(person))
            .await
            .unwrap()
            .unwrap();
        let last: Vec<String> = two
            .iter()
            .zip(&said)
            .filter(|(importer, _)| importer.people().contains(&person))
            .map(|(importer, said)| format!("{} {}", importer.name, said.done.len() - 1))
            .collect();
        assert!(
            last.contains(&contact.full_name().unwrap()),
            "{contact:?}, not {last:?}"
        );
        assert!(org.consent().get(contact.id).await.unwrap().opted_in);
    }
}

/// How many contacts the journal says were made.
async fn created_by_the_journal(org: &Org) -> u64 {
    let (mut created, mut after) = (0, 0);
    loop {
        let events = org.events().read(after, 1_000).await.unwrap();
        let Some(last) = events.last() else {
            return created;
        };
        after = last.position;
        let made = |what: &What| matches!(what, What::ContactCreated { .. });
        created += events.iter().filter(|event| made(&event.entry.what)).count() as u64;
    }
}
