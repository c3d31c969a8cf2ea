//! Files of contacts in and out, beside a script in Python, and what memory reading takes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tertulia::core::import::Encoding;
use tertulia::core::settings::Settings;
use tertulia::{
    BulkAction, BulkWatch, Crm, ExportOptions, ExportWatch, Filter, ImportOptions, Org, Selection,
    SqliteStorage, Watch,
};
use tokio::runtime::Runtime;

use crate::measure::{Outcome, compare, side};
use crate::{dispatch, phone};

/// How many rows, unless `FILES` in the environment says otherwise.
const ROWS: usize = 1_000_000;

/// What reading may take beyond none, in KiB.
const BOUND: u64 = 64 << 10;

pub(crate) fn run() -> Outcome<()> {
    let rows = std::env::var("FILES").map_or(Ok(ROWS), |rows| rows.parse())?;
    let runtime = Runtime::new()?;
    memory(&runtime, 10 * rows)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("contacts.csv");
    write(&file, rows)?;
    // What was imported last is what is exported and tagged.
    let mut imported = None;
    let ours = || {
        runtime.block_on(async {
            let folder = tempfile::tempdir()?;
            let org = open(folder.path()).await?;
            let took = import(&org, &file).await?;
            imported = Some((org, folder));
            Ok(took)
        })
    };
    let mut sides = vec![side("Imports::run", rows, ours)];
    let one = folder.path().join("one.csv");
    write(&one, 1)?;
    match python(&one) {
        Ok(_) => sides.push(side("peer: csv, phonenumbers, sqlite3 in Python", rows, || {
            python(&file)
        })),
        Err(error) => println!("files: no peer: {error}"),
    }
    compare("files: rows of 19 countries, checked and stored", &mut sides)?;
    drop(sides);

    let (org, _imported) = imported.ok_or("nothing was imported")?;
    let out = folder.path().join("export.csv");
    let mut csv_peer = csv_of(folder.path(), rows)?;
    compare(
        "files: everybody as CSV",
        &mut [
            side("Contacts::export", rows, || runtime.block_on(export(&org, &out))),
            side("peer: bare rows of five columns", rows, || csv_peer(&out)),
        ],
    )?;
    let half = runtime.block_on(tag(&org))?;
    println!(
        "\nfiles: one tag more for {} contacts took {:.1} s",
        half.0,
        half.1.as_secs_f64()
    );
    Ok(())
}

/// The memory that reading so many rows takes beyond reading none. All of them are refused, so that only the reading
/// counts, and not what a store keeps.
fn memory(runtime: &Runtime, rows: usize) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let read = |rows: usize| {
        runtime.block_on(async {
            let org = open(&folder.path().join(rows.to_string())).await?;
            let file = Refused {
                rows,
                held: b"phone;name;tags\n".to_vec(),
            };
            // So few words look like any language of Europe.
            let options = ImportOptions {
                encoding: Some(Encoding::Windows1252),
                ..ImportOptions::default()
            };
            let report = org.imports().run(file, &options, Watch::default()).await?;
            assert_eq!(report.counts.rejected, rows as u64);
            Outcome::Ok(())
        })
    };
    read(0)?;
    dispatch::forget_peak();
    let before = dispatch::peak_kib().ok_or("this system does not say what memory was used")?;
    read(rows)?;
    let after = dispatch::peak_kib().ok_or("this system does not say what memory was used")?;
    println!(
        "\nfiles: reading {rows} rows took {} KiB at most beyond reading none, of {BOUND} allowed",
        after - before
    );
    Ok(())
}

/// A file in Windows-1252 whose rows all have a number that is none.
struct Refused {
    rows: usize,
    held: Vec<u8>,
}

impl Read for Refused {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.held.is_empty() && self.rows > 0 {
            self.rows -= 1;
            self.held = format!("+15;Jos\u{1}{:09};\"vip;new\"\n", self.rows).into_bytes();
            for byte in &mut self.held {
                if *byte == 1 {
                    *byte = 0xe9;
                }
            }
        }
        let length = self.held.len().min(to.len());
        to[..length].copy_from_slice(&self.held[..length]);
        self.held.drain(..length);
        Ok(length)
    }
}

async fn open(folder: &Path) -> Outcome<Org> {
    fs::create_dir_all(folder)?;
    let storage = Arc::new(SqliteStorage::open(folder.join("crm.db"))?);
    let crm = Crm::builder().storage(storage).build()?;
    Ok(crm.create_org(Settings::default()).await?)
}

/// People of 19 countries, one in fifty with a number that is none.
fn write(file: &Path, rows: usize) -> Outcome<()> {
    let mut file = BufWriter::new(File::create(file)?);
    let mut random = fastrand::Rng::with_seed(5);
    writeln!(file, "phone,name,email,tags,optedIn")?;
    for row in 0..rows {
        let phone = if row % 50 == 49 {
            "+1202".to_owned()
        } else {
            phone::international(&mut random)
        };
        let (tag, other) = (random.u8(..50), random.u8(..50));
        let opted_in = if random.bool() { "true" } else { "" };
        writeln!(
            file,
            "{phone},Person {row},p{row}@example.com,\"tag{tag},tag{other}\",{opted_in}"
        )?;
    }
    file.flush()?;
    Ok(())
}

async fn import(org: &Org, file: &Path) -> Outcome<Duration> {
    let start = Instant::now();
    let report = org
        .imports()
        .run(File::open(file)?, &ImportOptions::default(), Watch::default())
        .await?;
    assert!(report.finished && report.counts.created > 0);
    Ok(start.elapsed())
}

fn python(file: &Path) -> Outcome<Duration> {
    let folder = tempfile::tempdir()?;
    let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/files/peer.py");
    let ran = Command::new(python)
        .arg(script)
        .arg(file)
        .arg(folder.path().join("peer.db"))
        .output()?;
    if !ran.status.success() {
        let said = String::from_utf8_lossy(&ran.stderr);
        return Err(format!("install `phonenumbers` for the Python that PYTHON names: {said}").into());
    }
    let seconds: f64 = String::from_utf8_lossy(&ran.stdout).trim().parse()?;
    Ok(Duration::from_secs_f64(seconds))
}

async fn export(org: &Org, out: &Path) -> Outcome<Duration> {
    let start = Instant::now();
    let (all, options) = (Selection::Filter(Filter::Everyone), ExportOptions::default());
    let to = BufWriter::new(File::create(out)?);
    org.contacts()
        .export(&all, &options, to, ExportWatch::default())
        .await?;
    Ok(start.elapsed())
}

/// Writes rows of a bare table, as many.
fn csv_of(folder: &Path, rows: usize) -> Outcome<impl FnMut(&Path) -> Outcome<Duration>> {
    let schema = "CREATE TABLE t (phone TEXT PRIMARY KEY, name TEXT, email TEXT, tags TEXT, opted_in TEXT) WITHOUT ROWID;";
    let mut connection = crate::shop::bare(folder, schema)?;
    let filling = connection.transaction()?;
    for row in 0..rows {
        let values = [
            format!("+{row:012}"),
            format!("Person {row}"),
            format!("p{row}@example.com"),
        ];
        filling.execute("INSERT INTO t VALUES (?1, ?2, ?3, 'tag1,tag2', 'true')", values)?;
    }
    filling.commit()?;
    Ok(move |out: &Path| {
        let start = Instant::now();
        let mut to = BufWriter::new(File::create(out)?);
        let mut read = connection.prepare("SELECT phone, name, email, tags, opted_in FROM t")?;
        let mut found = read.query([])?;
        while let Some(row) = found.next()? {
            let cell = |column| row.get::<_, String>(column);
            writeln!(
                to,
                "{},{},{},\"{}\",{}",
                cell(0)?,
                cell(1)?,
                cell(2)?,
                cell(3)?,
                cell(4)?
            )?;
        }
        to.flush()?;
        Ok(start.elapsed())
    })
}

/// One tag more for half of all, those who opted in.
async fn tag(org: &Org) -> Outcome<(u64, Duration)> {
    let start = Instant::now();
    let who = Selection::Filter(Filter::OptedIn(true));
    let action = BulkAction::Tag(vec!["half".to_owned()]);
    let report = org.contacts().bulk(&who, &action, BulkWatch::default()).await?;
    Ok((report.changed, start.elapsed()))
}
