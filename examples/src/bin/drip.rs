//! A drip campaign, from its definition to its funnel: `drip [FILE]`.
//!
//! Over a file, by default a new temporary one, and a stand-in for WhatsApp on this machine, a small shop welcomes whoever
//! tries its tea box: a welcome, three days later some advice or a reminder, by whether the welcome was read, and an offer
//! in the end, unless they are regulars by then. Who gets the tag `trial` is in it, who buys is out. The shop first sees
//! what three months of it would be to one person, then lives them day by day. Time is set by hand.

use std::error::Error;
use std::time::Duration;

use examples::{MORNING, bar, file, listen};
use serde_json::{Value, json};
use tertulia::core::ids::{AccountId, ContactId, SequenceId};
use tertulia::sequence::{Assume, EnrollmentFilter, ExitReason};
use tertulia::testing::{Fault, Faults, Inbound, ManualClock, Platform, Receipts, Status};
use tertulia::{NewContact, NewSequence, Org, PageOf, Selection};

const PEOPLE: usize = 40;

/// How long the shop goes on, day by day: the trials of the first weeks are over by then.
const DAYS: usize = 110;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let clock = ManualClock::at(MORNING);
    let platform = examples::platform(&clock).await?;
    let crm = examples::crm(&file(&folder), &platform)?
        .clock(clock.clone())
        .build()?;
    listen(&platform, &crm);
    let (shop, account) = examples::open_shop(&crm, &platform).await?;
    templates(&shop).await?;
    let people = people(&shop).await?;
    behave(&platform);

    let id = shop.sequences().create(onboarding(account)?).await?;
    for (title, assume) in [
        ("If Person 1 opened nothing:", Assume::Delivered),
        ("If Person 1 read all of it:", Assume::Read),
    ] {
        println!("{title}");
        rehearse(&shop, id, people[1], assume).await?;
    }

    shop.sequences().activate(id).await?;
    for day in 0..DAYS {
        live(&shop, &platform, &people, day).await?;
        crm.run_due().await?;
        platform.drain().await;
        if day == 10 {
            println!("\nThe tenth day:");
            draw(&shop, id).await?;
        }
        clock.advance(Duration::from_hours(24));
    }
    println!("\nAfter {DAYS} days:");
    draw(&shop, id).await?;
    out(&shop, id).await?;
    crm.close().await?;
    Ok(())
}

fn number(n: usize) -> String {
    format!("+351912345{n:03}")
}

/// What the steps send.
async fn templates(shop: &Org) -> Result<(), Box<dyn Error>> {
    for (name, text) in [
        ("welcome", "Welcome to {{2}}, {{1}}. Your tea box is on its way."),
        ("advice", "{{1}}, green tea is best at 80 degrees."),
        ("reminder", "{{1}}, your tea box is there. Did you try it?"),
        ("offer", "{{1}}, the next box is half the price until Sunday."),
    ] {
        let template = json!({
            "name": name, "language": "en_US", "category": "MARKETING", "status": "APPROVED",
            "components": [{"type": "BODY", "text": text}],
        });
        shop.templates().put(serde_json::from_value(template)?).await?;
    }
    Ok(())
}

/// The definition is JSON, as an editor of the host's would store it.
fn onboarding(account: AccountId) -> Result<NewSequence, Box<dyn Error>> {
    let message = |template: &str, values: &[&str]| -> Value {
        let body: Vec<Value> = values
            .iter()
            .map(|text| json!({"type": "text", "text": text}))
            .collect();
        json!({"message": {"template": template, "language": "en_US", "parameters": {"body": body}}})
    };
    let name = "{{contact.name|friend}}";
    let definition = json!({
        "account": account,
        "trigger": {"tagAdded": "trial"},
        "goals": [{"tag": "customer"}],
        "steps": [
            {"name": "welcome", "does": message("welcome", &[name, "{{org.name}}"])},
            {"name": "three days", "does": {"delay": {"days": 3}}},
            {"name": "read it?", "does": {"condition": {
                "when": {"message": {"step": "welcome", "was": "read"}}, "yes": "advice", "no": "reminder"}}},
            {"name": "reminder", "does": message("reminder", &[name]), "next": "three months"},
            {"name": "advice", "does": message("advice", &[name])},
            {"name": "three months", "does": {"delay": {"days": 87}}},
            {"name": "regular?", "does": {"condition": {
                "when": {"contact": {"tags": {"any": ["regular"]}}}, "yes": "end"}}},
            {"name": "offer", "does": message("offer", &[name])},
        ],
    });
    Ok(NewSequence {
        name: "Onboarding".to_owned(),
        definition: serde_json::from_value(definition)?,
    })
}

async fn people(shop: &Org) -> Result<Vec<ContactId>, Box<dyn Error>> {
    let mut people = Vec::with_capacity(PEOPLE);
    for n in 0..PEOPLE {
        let person = NewContact {
            phone: Some(number(n)),
            name: Some(format!("Person {n}")),
            opted_in: Some(true),
            ..NewContact::default()
        };
        people.push(shop.contacts().create(person).await?.id);
    }
    Ok(people)
}

/// Two in three read what they get, one number in twenty is none.
fn behave(platform: &Platform) {
    let faults = (0..PEOPLE)
        .filter(|n| n % 20 == 13)
        .map(|n| (number(n), Fault::refuse(131_026)));
    platform.script(faults.fold(Faults::new(7), |script, (to, fault)| script.to(&to, fault)));
    platform.receipts(Receipts::by(|sent| {
        let to = sent.to.as_deref().unwrap_or_default();
        let n: usize = to.get(10..).and_then(|n| n.parse().ok()).unwrap_or_default();
        match n % 3 {
            0 => vec![Status::Sent, Status::Delivered],
            _ => vec![Status::Sent, Status::Delivered, Status::Read],
        }
    }));
}

/// What happens on a day: two begin a trial, as long as there are any left; now and then somebody buys, is a regular, or
/// has enough.
async fn live(
    shop: &Org,
    platform: &Platform,
    people: &[ContactId],
    day: usize,
) -> Result<(), Box<dyn Error>> {
    for contact in people.iter().skip(day * 2).take(2) {
        shop.contacts().tag(*contact, &["trial"]).await?;
    }
    let today = |n: usize| people.get(n).filter(|_| n * 2 == day);
    for n in (4..PEOPLE).step_by(5) {
        if let Some(contact) = today(n) {
            shop.contacts().tag(*contact, &["customer"]).await?;
        }
    }
    for n in (5..PEOPLE).step_by(10) {
        if let Some(contact) = today(n) {
            shop.contacts().tag(*contact, &["regular"]).await?;
        }
    }
    if today(7).is_some() {
        platform.say(Inbound::text(number(7).as_str(), "STOP")).await?;
        platform.drain().await;
    }
    Ok(())
}

/// All that one person would come through, at once.
async fn rehearse(
    shop: &Org,
    id: SequenceId,
    contact: ContactId,
    assume: Assume,
) -> Result<(), Box<dyn Error>> {
    let who = Selection::Ids(vec![contact]);
    let found = shop
        .sequences()
        .simulate(id, &who, assume, &PageOf::default())
        .await?;
    for run in found.items {
        for step in run.steps {
            let comes = match (step.text, step.branch) {
                (Some(text), _) => text,
                (None, Some(true)) => "yes".to_owned(),
                (None, Some(false)) => "no".to_owned(),
                (None, None) => "…".to_owned(),
            };
            println!("  {}  {:<12}  {comes}", step.at.format("%e %B"), step.step);
        }
    }
    Ok(())
}

/// The funnel: of each step that sends, whom it reached, and who stands there.
async fn draw(shop: &Org, id: SequenceId) -> Result<(), Box<dyn Error>> {
    let funnel = shop.sequences().stats(id).await?;
    for step in &funnel.steps {
        match &step.messages {
            Some(sent) => println!(
                "{:>12} {} {:>2} sent, {:>2} read",
                step.step,
                bar(sent.sent, funnel.enrolled),
                sent.sent,
                sent.read
            ),
            None if step.here > 0 => println!("{:>12} {:40} {:>2} wait", step.step, "", step.here),
            None => {}
        }
    }
    println!(
        "  {} enrolled: {} under way, {} through",
        funnel.enrolled, funnel.under_way, funnel.finished
    );
    for (reason, count) in &funnel.exited {
        println!("  {count:>3} left: {reason}");
    }
    Ok(())
}

/// Who left, and how far they had come.
async fn out(shop: &Org, id: SequenceId) -> Result<(), Box<dyn Error>> {
    let left = EnrollmentFilter {
        reasons: vec![ExitReason::OptedOut],
        ..EnrollmentFilter::default()
    };
    for one in shop
        .sequences()
        .enrollments(id, &left, &PageOf::default())
        .await?
        .items
    {
        let name = shop.contacts().get(one.contact).await?.full_name();
        let way: Vec<&str> = one.path.iter().map(|passed| passed.step.as_str()).collect();
        println!(
            "\n{} opted out after: {}",
            name.unwrap_or_default(),
            way.join(", ")
        );
    }
    Ok(())
}
