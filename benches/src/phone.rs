//! Reading telephone numbers, beside the crate `phonenumber`.

use phonenumber::Mode;
use phonenumber::country::Id;
use tertulia::core::phone::{Phone, Region};

use crate::measure::{Outcome, compare, side, timed};

const OURS: usize = 20_000;
/// The peer is slow on a mix of countries.
const PEERS: usize = 500;

/// Region, country code, trunk prefix, how its mobile numbers begin, their digits, and how many of a hundred are its.
const COUNTRIES: [(&str, &str, &str, &str, usize, usize); 19] = [
    ("IN", "91", "0", "98", 10, 18),
    ("US", "1", "", "212", 10, 12),
    ("BR", "55", "0", "119", 11, 10),
    ("ID", "62", "0", "812", 11, 7),
    ("GB", "44", "0", "7400", 10, 6),
    ("MX", "52", "", "55", 10, 6),
    ("DE", "49", "0", "151", 11, 5),
    ("FR", "33", "0", "6", 9, 4),
    ("NG", "234", "0", "803", 10, 4),
    ("ZA", "27", "0", "82", 9, 3),
    ("AE", "971", "0", "50", 9, 3),
    ("SA", "966", "0", "50", 9, 3),
    ("ES", "34", "", "6", 9, 3),
    ("IT", "39", "", "32", 10, 3),
    ("TR", "90", "0", "532", 10, 3),
    ("PK", "92", "0", "300", 10, 3),
    ("EG", "20", "0", "100", 10, 3),
    ("KE", "254", "0", "72", 9, 2),
    ("AU", "61", "0", "41", 9, 2),
];

/// A number as somebody wrote it, and their region if it is not international.
struct Row {
    text: String,
    region: Option<&'static str>,
}

pub(crate) fn run() -> Outcome<()> {
    let mut random = fastrand::Rng::with_seed(1);
    let rows: Vec<Row> = (0..OURS).map(|_| row(&mut random)).collect();
    let mut ours = Vec::with_capacity(OURS);
    for row in &rows {
        ours.push((
            row.text.as_str(),
            row.region.map(str::parse::<Region>).transpose()?,
        ));
    }
    let mut peers = Vec::with_capacity(PEERS);
    for row in &rows[..PEERS] {
        let region = row.region.map(str::parse::<Id>).transpose();
        peers.push((
            row.text.as_str(),
            region.map_err(|_| "the peer does not know a region")?,
        ));
    }
    let read = |(text, region): &(&str, Option<Region>)| {
        Phone::parse(text, *region)
            .ok()
            .filter(Phone::is_assigned)
            .map(|phone| phone.as_str().to_owned())
    };
    let read_by_peer = |(text, region): &(&str, Option<Id>)| {
        let number = phonenumber::parse(*region, text)
            .ok()
            .filter(phonenumber::is_valid)?;
        Some(number.format().mode(Mode::E164).to_string())
    };
    let alike = ours
        .iter()
        .zip(&peers)
        .filter(|(a, b)| read(a) == read_by_peer(b))
        .count();
    let assigned = ours.iter().filter(|row| read(row).is_some()).count();
    compare(
        "phone: read, check against the numbering plans, write as E.164; 19 countries",
        &mut [
            side("Phone::parse", OURS, || {
                Ok(timed(|| {
                    ours.iter().filter_map(read).map(|text| text.len()).sum::<usize>()
                }))
            }),
            side(
                "peer: phonenumber 0.3, parse and is_valid and format",
                PEERS,
                || {
                    Ok(timed(|| {
                        peers
                            .iter()
                            .filter_map(read_by_peer)
                            .map(|text| text.len())
                            .sum::<usize>()
                    }))
                },
            ),
        ],
    )?;
    println!("{assigned} of {OURS} are assigned numbers; {alike} of the first {PEERS} are read alike");
    Ok(())
}

/// A number of one of the countries, written internationally.
pub(crate) fn international(random: &mut fastrand::Rng) -> String {
    loop {
        let row = row(random);
        if row.region.is_none() && !row.text.starts_with("+999") {
            return row.text;
        }
    }
}

fn row(random: &mut fastrand::Rng) -> Row {
    let mut share = random.usize(..100);
    let mut country = COUNTRIES[0];
    for candidate in COUNTRIES {
        country = candidate;
        match share.checked_sub(candidate.5) {
            Some(rest) => share = rest,
            None => break,
        }
    }
    let (region, code, trunk, start, digits, _) = country;
    let mut national = start.to_owned();
    national.push(random.digit(10).max('2'));
    while national.len() < digits {
        national.push(random.digit(10));
    }
    let (first, last) = national.split_at(3);
    match random.u32(..100) {
        ..60 => Row {
            text: format!("+{code}{national}"),
            region: None,
        },
        60..80 => Row {
            text: format!("+{code} {first} {last}"),
            region: None,
        },
        80..98 => Row {
            text: format!("{trunk}{first} {last}"),
            region: Some(region),
        },
        _ => Row {
            text: format!("+999{last}"),
            region: None,
        },
    }
}
