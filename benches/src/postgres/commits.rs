//! Contacts changed, of one organisation and of several, beside rows changed in a bare table.

use std::time::{Duration, Instant};

use tertulia::clock::SystemClock;
use tertulia::core::ids::ContactId;
use tertulia::{ContactOrder, ContactUpdate, Filter, Org, PageOf};

use crate::measure::{Outcome, Side, compare, side};
use crate::nowhere::{Nowhere, people};
use crate::shop::{SENDER, crm, organisation};

use super::Server;

/// How many contacts are changed in a run; `UPDATES` in the environment says otherwise.
const UPDATES: usize = 4_000;

/// How many callers there are at once, each with a contact of its own.
const CALLERS: [usize; 3] = [1, 8, 64];

/// Of how many organisations the contacts are.
const ORGS: [usize; 2] = [1, 8];

const MOST: usize = CALLERS[CALLERS.len() - 1];

pub(super) fn run(server: &Server) -> Outcome<()> {
    let updates: usize = std::env::var("UPDATES").map_or(Ok(UPDATES), |updates| updates.parse())?;
    let runtime = &server.runtime;
    let shops = &*runtime.block_on(shops(server))?;
    for callers in CALLERS {
        let each = (updates / callers).max(1);
        let mut sides: Vec<Side<'_>> = Vec::new();
        for orgs in ORGS {
            let name = format!("contacts().update, {orgs} organisations, {callers} callers");
            sides.push(side(name, each * callers, move || {
                runtime.block_on(ours(&shops[..orgs], callers, each))
            }));
        }
        let name = format!("peer: a row of a bare table, {callers} clients");
        sides.push(side(name, each * callers, move || {
            runtime.block_on(peers(server, callers, each))
        }));
        compare(
            &format!("postgres: contacts changed, one a call, {callers} callers"),
            &mut sides,
        )?;
    }
    Ok(())
}

/// An organisation, and who is in it.
type Shop = (Org, Vec<ContactId>);

async fn shops(server: &Server) -> Outcome<Vec<Shop>> {
    let storage = server.store(&server.schema()).await?;
    let crm = crm(storage, Nowhere::of_this_process(), SystemClock)?;
    let mut shops = Vec::new();
    for number in 0..ORGS[ORGS.len() - 1] {
        let (org, _) = organisation(&crm, &format!("{}{number}", &SENDER[1..])).await?;
        people(&org, MOST).await?;
        let page = PageOf::first(MOST);
        let found = org
            .contacts()
            .list(&Filter::Everyone, ContactOrder::Created, &page)
            .await?;
        shops.push((org, found.items.iter().map(|contact| contact.id).collect()));
    }
    Ok(shops)
}

async fn ours(shops: &[Shop], callers: usize, each: usize) -> Outcome<Duration> {
    let start = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let (org, ids) = &shops[caller % shops.len()];
            let (org, id) = (org.clone(), ids[caller / shops.len()]);
            tokio::spawn(async move {
                let contacts = org.contacts();
                let mut contact = contacts.get(id).await?;
                // What an update does not change is not written.
                let before = contact.revision;
                for _ in 0..each {
                    let update = ContactUpdate {
                        name: Some(format!("Name {}", contact.revision)),
                        ..ContactUpdate::default()
                    };
                    contact = contacts.update(id, contact.revision, &update).await?;
                }
                Outcome::Ok(usize::try_from(contact.revision - before)?)
            })
        })
        .collect();
    let mut changed = 0;
    for task in tasks {
        changed += task.await??;
    }
    let took = start.elapsed();
    if changed != callers * each {
        return Err(format!("{changed} changes of {} were made", callers * each).into());
    }
    Ok(took)
}

async fn peers(server: &Server, callers: usize, each: usize) -> Outcome<Duration> {
    let schema = server
        .bare("CREATE TABLE contacts (id bigint PRIMARY KEY, revision bigint NOT NULL, name text NOT NULL)")
        .await?;
    let filling = server.client(&schema).await?;
    let fill = "INSERT INTO contacts SELECT n, 0, '' FROM generate_series(0, $1::bigint) n";
    filling.execute(fill, &[&i64::try_from(callers)?]).await?;
    let clients = server.clients(&schema, callers).await?;
    let start = Instant::now();
    let tasks: Vec<_> = (0_i64..)
        .zip(clients)
        .map(|(id, client)| {
            tokio::spawn(async move {
                let update = client
                    .prepare(
                        "UPDATE contacts SET revision = $2::bigint + 1, name = $3 WHERE id = $1 AND revision = $2",
                    )
                    .await?;
                for (revision, _) in (0_i64..).zip(0..each) {
                    let name = format!("Person {revision}");
                    client.execute(&update, &[&id, &revision, &name]).await?;
                }
                Outcome::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(start.elapsed())
}
