//! What a person may ask of a business, and what an auditor may: `privacy [FILE]`.
//!
//! Over a file, by default a new temporary one, a clinic holds its team to roles, tells a patient everything that it holds
//! about her, erases her, and proves that to whoever asks, without keeping what it proves. It needs no platform and no
//! network.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use tertulia::core::ids::ContactId;
use tertulia::core::journal::EntryKind;
use tertulia::{
    AttributeKind, AuditFilter, Crm, ImportOptions, NewContact, Org, PageOf, Role, Settings, SqliteStorage,
    Watch, check_audit,
};

const NUMBER: &str = "+351912345678";

/// What the file may not say any more once she is erased.
const SAID: [&str; 4] = [
    "351912345678",
    "Bartolomea",
    "penicillin",
    "bartolomea@example.com",
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = std::env::args_os()
        .nth(1)
        .map_or_else(|| folder.path().join("crm.db"), PathBuf::from);
    let crm = Crm::builder()
        .storage(Arc::new(SqliteStorage::open(&file)?))
        .build()?;
    let clinic = crm
        .create_org(Settings {
            name: "Clínica Sol".to_owned(),
            ..Settings::default()
        })
        .await?;
    let patient = take_in(&clinic).await?;
    println!("in the file: {}", legible(&file)?);

    let agent = clinic.team().add("Rui", Role::Agent).await?;
    let admin = clinic.team().add("Marta", Role::Admin).await?;
    let refused = clinic.acting_as(agent.id).contacts().erase(patient).await;
    println!(
        "{}",
        refused.err().map_or("erased", |error| error.code().as_str())
    );

    tell(&clinic.acting_as(admin.id), patient).await?;
    let kept = clinic.audit().export(&mut Vec::new()).await?.head;
    erase(&clinic.acting_as(admin.id), patient).await?;
    println!("in the file: {}", legible(&file)?);

    come_back(&clinic).await?;
    account(&clinic, kept).await?;
    crm.close().await?;
    Ok(())
}

/// A patient who opted in, then out, and of whom something is written down.
async fn take_in(clinic: &Org) -> Result<ContactId, Box<dyn Error>> {
    clinic.attributes().define("allergy", AttributeKind::Text).await?;
    let patient = clinic
        .contacts()
        .create(NewContact {
            phone: Some(NUMBER.to_owned()),
            name: Some("Bartolomea Pires".to_owned()),
            email: Some("bartolomea@example.com".to_owned()),
            attributes: BTreeMap::from([("allergy".to_owned(), json!("penicillin"))]),
            opted_in: Some(true),
            ..NewContact::default()
        })
        .await?;
    clinic
        .notes()
        .add(patient.id, "Bartolomea asked for mornings.")
        .await?;
    clinic.consent().opt_out(patient.id, Some("by telephone")).await?;
    Ok(patient.id)
}

/// The right of access.
async fn tell(clinic: &Org, patient: ContactId) -> Result<(), Box<dyn Error>> {
    let dossier = clinic.contacts().dossier(patient).await?;
    println!(
        "held about {}: {} notes, {} entries of consent, {} of the journal",
        dossier.contact.full_name().unwrap_or_default(),
        dossier.notes.len(),
        dossier.contact.consent.history().len(),
        dossier.journal.len(),
    );
    Ok(())
}

/// The right to be forgotten.
async fn erase(clinic: &Org, patient: ContactId) -> Result<(), Box<dyn Error>> {
    let certificate = clinic.contacts().erase(patient).await?;
    println!(
        "erased: {} addresses, {} notes, {} attributes, {} proofs, {} entries of the journal; scrubbed: {}",
        certificate.counts.identities,
        certificate.counts.notes,
        certificate.counts.attributes,
        certificate.counts.proofs,
        certificate.counts.journal_entries,
        certificate.scrubbed,
    );
    Ok(())
}

/// An old list still has her, as somebody who agreed. Her number is held to what she said.
async fn come_back(clinic: &Org) -> Result<(), Box<dyn Error>> {
    let list = format!("phone,name,optedIn\n{NUMBER},B. Pires,true\n");
    let report = clinic
        .imports()
        .run(list.as_bytes(), &ImportOptions::default(), Watch::default())
        .await?;
    println!(
        "an old list: {} created, {} opt-ins held back",
        report.counts.created, report.opt_ins_withheld
    );
    Ok(())
}

/// What an auditor asks: who did it, and whether all of it is still as it was.
async fn account(clinic: &Org, kept: Option<tertulia::core::audit::AuditHead>) -> Result<(), Box<dyn Error>> {
    let asked = AuditFilter::of(&[EntryKind::AccessRefused, EntryKind::ContactErased]);
    for entry in clinic.audit().list(&asked, &PageOf::default()).await?.items {
        println!("  {}", entry.what.kind().as_str());
    }
    let verdict = clinic.audit().verify(kept).await?;
    println!(
        "broken: {}, erased since: {}, what was kept elsewhere is there: {}",
        verdict.first_break.is_some(),
        verdict.redacted,
        verdict.holds_head == Some(true),
    );
    let mut copy = Vec::new();
    let exported = clinic.audit().export(&mut copy).await?;
    let checked = check_audit(&copy[..])?;
    println!(
        "a copy holds: {}",
        checked.holds_head == Some(true) && checked.head == exported.head
    );
    let lines = String::from_utf8(copy)?;
    let cut = lines.trim_end().rsplit_once('\n').map_or("", |(start, _)| start);
    println!(
        "a copy cut short holds: {}",
        check_audit(cut.as_bytes())?.holds_head == Some(true)
    );
    Ok(())
}

/// Which of her words can be read in the file and its log.
fn legible(file: &Path) -> Result<String, Box<dyn Error>> {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    let mut bytes = fs::read(file)?;
    bytes.extend(fs::read(log).unwrap_or_default());
    let text = String::from_utf8_lossy(&bytes);
    let found: Vec<&str> = SAID.into_iter().filter(|word| text.contains(word)).collect();
    Ok(if found.is_empty() {
        "nothing of her".to_owned()
    } else {
        found.join(", ")
    })
}
