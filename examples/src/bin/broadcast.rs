//! A broadcast from the list of people to what came of it: `broadcast [FILE]`.
//!
//! Over a file, by default a new temporary one, and a stand-in for WhatsApp on this machine, a small shop imports 300 people
//! and sends them its spring sale. It sees beforehand who is left out and why, what each would read, and tries it on one
//! person. While a worker sends, a bar shows how far it is, where there is a terminal to show it on. The platform throttles,
//! loses answers and fails now and then: nobody gets it twice. Afterwards the funnel is drawn, those who failed go to a file,
//! those who did not read it get a tag, and are the next broadcast's target. Time is set by hand.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::time::Duration;

use examples::{MORNING, bar, file, listen};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tertulia::core::broadcast::{BroadcastState, Stats};
use tertulia::core::ids::{AccountId, BroadcastId};
use tertulia::core::ledger::{SkipReason, StateName};
use tertulia::testing::{Fault, Faults, Inbound, ManualClock, Platform, Receipts, Refusal, Status};
use tertulia::{
    BulkAction, BulkWatch, Crm, ExportOptions, ExportWatch, Filter, ImportOptions, Language, NewBroadcast,
    NewContact, Org, PageOf, RecipientFilter, RecipientSelection, Selection, TemplateParameters, Watch,
};

const PEOPLE: usize = 300;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let clock = ManualClock::at(MORNING);
    let platform = examples::platform(&clock).await?;
    let crm = examples::crm(&file(&folder), &platform)?
        .clock(clock.clone())
        .build()?;
    listen(&platform, &crm);
    let (shop, account) = open_shop(&crm, &platform).await?;
    people(&shop).await?;

    let spring = shop
        .broadcasts()
        .create(sale(
            account,
            Selection::Filter(Filter::tagged_any(["customer"])),
        )?)
        .await?;
    look(&shop, spring).await?;
    let mia = NewContact {
        phone: Some(number(900)),
        name: Some("Mia".to_owned()),
        opted_in: Some(true),
        ..NewContact::default()
    };
    let mia = shop.contacts().create(mia).await?;
    let test = shop.broadcasts().send_test(spring, mia.id).await?;
    println!(
        "\nMia of the shop gets it first: {}",
        test.content.words().unwrap_or_default()
    );

    misbehave(&platform);
    shop.broadcasts().launch(spring).await?;
    let worker = tokio::spawn(work(crm.clone(), shop.clone(), clock.clone(), spring));
    show(&shop, spring).await?;
    worker.await??;
    platform.drain().await;
    clock.advance(Duration::from_mins(10));
    for (n, words) in [(1, "Lovely, I will come by."), (2, "Until when?"), (12, "STOP")] {
        platform.say(Inbound::text(number(n).as_str(), words)).await?;
    }
    platform.drain().await;
    draw(&shop, spring).await?;

    let failed = bucket(spring, &[StateName::Failed]);
    export(&shop, &failed).await?;
    let unread = bucket(
        spring,
        &[StateName::Accepted, StateName::Sent, StateName::Delivered],
    );
    let tag = BulkAction::Tag(vec!["spring unread".to_owned()]);
    let tagged = shop.contacts().bulk(&unread, &tag, BulkWatch::default()).await?;
    println!(
        "\nWho did not read it is tagged \"spring unread\": {}",
        tagged.changed
    );

    let again = shop.broadcasts().create(sale(account, unread)?).await?;
    let preview = shop.broadcasts().preview(again).await?;
    println!(
        "A second one to them would go to {} today, since {} had one within 24 hours;",
        preview.total,
        preview
            .left_out
            .get(&SkipReason::Capped)
            .copied()
            .unwrap_or_default()
    );
    clock.advance(Duration::from_hours(24));
    println!(
        "and to {} tomorrow.",
        shop.broadcasts().preview(again).await?.total
    );
    crm.close().await?;
    Ok(())
}

fn number(n: usize) -> String {
    format!("+351912345{n:03}")
}

/// A shop with one number and an approved template.
async fn open_shop(crm: &Crm, platform: &Platform) -> Result<(Org, AccountId), Box<dyn Error>> {
    let (shop, account) = examples::open_shop(crm, platform).await?;
    let template = json!({
        "name": "spring_sale", "language": "en_US", "category": "MARKETING", "status": "APPROVED",
        "components": [{"type": "BODY", "text": "Hi {{1}}, the new teas are in at {{2}}."}],
    });
    shop.templates().put(serde_json::from_value(template)?).await?;
    Ok((shop, account))
}

/// Customers, some of whom nobody may write to, as a file has them.
async fn people(shop: &Org) -> Result<(), Box<dyn Error>> {
    let mut csv = "phone,name,tags,optedIn\n".to_owned();
    for n in 0..PEOPLE {
        writeln!(csv, "{},Person {n},customer,{}", number(n), n % 20 != 19)?;
    }
    let options = ImportOptions::default();
    let report = shop
        .imports()
        .run(csv.as_bytes(), &options, Watch::default())
        .await?;
    println!("Imported {} people.", report.counts.created);
    for n in [30, 31, 32, 33] {
        let contact = shop
            .contacts()
            .find_by_phone(&number(n))
            .await?
            .ok_or("nobody")?
            .id;
        match n {
            30 => shop.contacts().block(contact).await?,
            31 => shop.contacts().set_active(contact, false).await?,
            _ => shop.consent().opt_out(contact, None).await.map(drop)?,
        }
    }
    Ok(())
}

fn sale(account: AccountId, target: Selection) -> Result<NewBroadcast, Box<dyn Error>> {
    Ok(NewBroadcast {
        name: "Spring sale".to_owned(),
        account,
        template: "spring_sale".to_owned(),
        language: Language::parse("en_US")?,
        parameters: TemplateParameters::body(["{{contact.firstName|there}}", "{{org.name}}"])?,
        target,
    })
}

/// Who would get it, what they would read, and why others would not.
async fn look(shop: &Org, id: BroadcastId) -> Result<(), Box<dyn Error>> {
    let preview = shop.broadcasts().preview(id).await?;
    println!("\nThe spring sale would go to {}. Left out:", preview.total);
    for (reason, count) in &preview.left_out {
        println!("  {count:>3} {}", reason.words());
    }
    let one = shop
        .contacts()
        .find_by_phone(&number(7))
        .await?
        .ok_or("nobody")?
        .id;
    let mut page = PageOf::first(100);
    loop {
        let found = shop.broadcasts().simulate(id, &page).await?;
        if let Some(text) = found
            .items
            .iter()
            .find(|who| who.contact == one)
            .and_then(|who| who.text.as_ref())
        {
            println!("Person 7 would read: {text}");
        }
        page.cursor = found.next;
        if page.cursor.is_none() {
            return Ok(());
        }
    }
}

/// What the platform does with each message: most are read, some only delivered; some numbers are none, to some it sends
/// nothing more today; one answer in fifty is lost, and as often it asks to slow down.
fn misbehave(platform: &Platform) {
    let place = |to: &str| {
        to.get(10..)
            .and_then(|n| n.parse::<usize>().ok())
            .unwrap_or_default()
    };
    platform.script(
        Faults::new(7).by(move |attempt| match (place(&attempt.recipient), attempt.tries) {
            (n, _) if n % 75 == 40 => vec![Fault::refuse(131_026)],
            (n, 1) if n % 50 == 8 => vec![Fault::refuse(130_429)],
            (n, _) if n % 50 == 9 => vec![Fault::DropAfterAccept],
            _ => Vec::new(),
        }),
    );
    platform.receipts(Receipts::by(move |sent| {
        let n = place(sent.to.as_deref().unwrap_or_default());
        match n % 10 {
            _ if n % 100 == 50 => vec![Status::Failed(Refusal::new(131_049))],
            0..=6 => vec![Status::Sent, Status::Delivered, Status::Read],
            7 | 8 => vec![Status::Sent, Status::Delivered],
            _ => vec![Status::Sent],
        }
    }));
}

/// A worker, until the broadcast is finished: what is put off is tried again as time goes by.
async fn work(crm: Crm, shop: Org, clock: ManualClock, id: BroadcastId) -> Result<(), tertulia::Error> {
    loop {
        crm.run_due().await?;
        if matches!(
            shop.broadcasts().get(id).await?.state,
            BroadcastState::Finished { .. }
        ) {
            return Ok(());
        }
        clock.advance(Duration::from_secs(1));
    }
}

/// How far it is, until nobody waits. Where there is no terminal the bar is hidden.
async fn show(shop: &Org, id: BroadcastId) -> Result<(), Box<dyn Error>> {
    let style = ProgressStyle::with_template("{bar:40.green} {pos:>3} of {len}  {msg}")?;
    let bar = ProgressBar::new(0).with_style(style);
    loop {
        let stats = shop.broadcasts().stats(id).await?;
        bar.set_length(stats.total);
        bar.set_position(stats.total - stats.pending - stats.sending);
        bar.set_message(format!("{} delivered, {} read", stats.delivered, stats.read));
        if stats.is_finished() {
            bar.finish_and_clear();
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The funnel, and why some are not in it.
async fn draw(shop: &Org, id: BroadcastId) -> Result<(), Box<dyn Error>> {
    let stats: Stats = shop.broadcasts().stats(id).await?;
    println!();
    for (step, count) in [
        ("meant", stats.total),
        ("eligible", stats.total - stats.skipped_total()),
        ("sent", stats.sent),
        ("delivered", stats.delivered),
        ("read", stats.read),
        ("replied", stats.replied),
    ] {
        println!("{step:>10} {} {count:>3}", bar(count, stats.total));
    }
    println!("{} of them opted out afterwards.", stats.opted_out_after);
    for (title, states) in [("Left out", StateName::Skipped), ("Failed", StateName::Failed)] {
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        let mut page = PageOf::first(100);
        loop {
            let who = RecipientFilter::in_states(&[states]);
            let found = shop.broadcasts().recipients(id, &who, &page).await?;
            for one in found.items {
                *reasons.entry(one.reason.unwrap_or_default()).or_default() += 1;
            }
            page.cursor = found.next;
            if page.cursor.is_none() {
                break;
            }
        }
        println!("{title}:");
        for (reason, count) in reasons {
            println!("  {count:>3} {reason}");
        }
    }
    Ok(())
}

fn bucket(broadcast: BroadcastId, states: &[StateName]) -> Selection {
    Selection::Recipients(RecipientSelection {
        broadcast,
        who: RecipientFilter::in_states(states),
    })
}

async fn export(shop: &Org, who: &Selection) -> Result<(), Box<dyn Error>> {
    let mut file = Vec::new();
    let (options, watch) = (ExportOptions::default(), ExportWatch::default());
    let report = shop.contacts().export(who, &options, &mut file, watch).await?;
    println!(
        "\nWhom it failed to reach, as a file of {}:",
        report.counts.exported
    );
    let text = String::from_utf8(file)?;
    // As a spreadsheet shows it: the file has an apostrophe before each, so that none is run as a formula.
    let cells = text.lines().skip(1).filter_map(|line| line.split(',').next());
    let mut numbers: Vec<&str> = cells.map(|cell| cell.trim_start_matches('\'')).collect();
    numbers.sort_unstable();
    println!("  {}", numbers.join(" "));
    Ok(())
}
