//! Texts with variables for many contacts, beside minijinja.

use std::hint::black_box;
use std::time::Instant;

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;
use tertulia::core::render::{Common, Text, Values};

use crate::measure::{Outcome, compare, side};

const CONTACTS: usize = 100_000;

const OURS: &str = "Hi {{contact.firstName|there}}, {{org.name}} is open until {{time}} on {{date}}. \
    We have {{contact.phone}} and {{contact.email}}.";
const PEERS: &str = "Hi {{ contact.firstName or 'there' }}, {{ org.name }} is open until {{ time }} on {{ date }}. \
    We have {{ contact.phone }} and {{ contact.email }}.";

#[derive(Serialize)]
struct Contact {
    #[serde(rename = "firstName")]
    first_name: Option<String>,
    phone: String,
    email: String,
}

/// What the peer is given for each contact.
#[derive(Serialize)]
struct Given<'a> {
    contact: &'a Contact,
    org: Shop<'a>,
    time: &'a str,
    date: &'a str,
}

#[derive(Serialize)]
struct Shop<'a> {
    name: &'a str,
}

pub(crate) fn run() -> Outcome<()> {
    let contacts: Vec<Contact> = (0..CONTACTS)
        .map(|number| Contact {
            first_name: (number % 10 != 0).then(|| format!("Name{number}")),
            phone: format!("+9198{number:08}"),
            email: format!("p{number}@example.com"),
        })
        .collect();
    let common = Common {
        org_name: "Casa Lua".to_owned(),
        agent_name: None,
        date: "2026-03-01".to_owned(),
        time: "18:00".to_owned(),
    };
    let folded = Text::parse(OURS)?.fold(&common);
    let render = |contact: &Contact, out: &mut String| {
        let values = Values {
            first_name: contact.first_name.as_deref(),
            phone: Some(&contact.phone),
            email: Some(&contact.email),
            ..Values::new(&common)
        };
        folded
            .render_into(out, &values, true)
            .map(|missing| missing.len())
    };
    let mut environment = Environment::new();
    environment.add_template("text", PEERS)?;
    let template = environment.get_template("text")?;
    let given = |contact| Given {
        contact,
        org: Shop {
            name: &common.org_name,
        },
        time: &common.time,
        date: &common.date,
    };

    let mut bytes = 0;
    for contact in &contacts[..100] {
        let mut out = String::new();
        render(contact, &mut out)?;
        bytes += out.len();
        if out != template.render(Serde(given(contact)))? {
            return Err(format!("the two differ: {out:?}").into());
        }
    }
    let mut out = String::with_capacity(256);
    compare(
        &format!(
            "render: a text of six variables into {} bytes, one buffer",
            bytes / 100
        ),
        &mut [
            side("Text folded, render_into", CONTACTS, || {
                let start = Instant::now();
                for contact in &contacts {
                    out.clear();
                    render(contact, &mut out)?;
                    black_box(&out);
                }
                Ok(start.elapsed())
            }),
            side("peer: minijinja 3, its context from a struct", CONTACTS, || {
                let start = Instant::now();
                for contact in &contacts {
                    black_box(template.render(Serde(given(contact)))?);
                }
                Ok(start.elapsed())
            }),
        ],
    )?;
    Ok(())
}
