//! A bot that takes the first of every conversation: `bot [FILE]`.
//!
//! It greets, tells the opening hours, notes down who wants a table, and hands over to a person when it is asked for one,
//! or knows no more. People write over a stand-in for WhatsApp on this machine, at a clock set by hand.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use examples::{file, listen};
use tertulia::core::conversation::Author;
use tertulia::testing::{Inbound, ManualClock, Platform};
use tertulia::{
    ConversationHandler, Crm, Handler, HandlerKind, HandlerTurn, NewContact, NewRoutingRule, Org, PageOf,
    Role, RoutingTarget,
};

/// What the bot knows. An AI would ask its model here, with the conversation before: `turn.org.inbox().messages(..)`.
#[derive(Debug)]
struct Greeter;

#[async_trait]
impl ConversationHandler for Greeter {
    async fn turn(&self, turn: HandlerTurn) -> Result<(), tertulia::Error> {
        let said: Vec<String> = turn
            .messages
            .iter()
            .filter_map(|message| message.content.words())
            .map(str::to_lowercase)
            .collect();
        let asks = |word: &str| said.iter().any(|said| said.contains(word));
        let email = said
            .iter()
            .flat_map(|said| said.split_whitespace())
            .find(|word| word.contains('@'));
        if asks("person") {
            turn.reply_text("Of course. Somebody will write to you here.")
                .await?;
            turn.hand_over(None).await?;
        } else if asks("open") {
            turn.reply_text("We are open from 9 to 19, on Sundays from 10 to 14.")
                .await?;
        } else if let Some(email) = email {
            let lead = NewContact {
                phone: turn.contact.phone().map(|phone| phone.address.value.clone()),
                email: Some(email.to_owned()),
                tags: vec!["table".to_owned()],
                ..NewContact::default()
            };
            turn.org.contacts().capture_lead(lead).await?;
            turn.reply_text(format!("Thank you, we confirm your table to {email}."))
                .await?;
        } else if asks("table") {
            turn.reply_text("With pleasure. Where may we confirm it to? Your e-mail, please.")
                .await?;
        } else if asks("hello") {
            turn.reply_text("Hello, this is Casa Lua's bot. Ask me when we are open, or for a table.")
                .await?;
        } else {
            turn.reply_text("That is beyond me: somebody will write to you here.")
                .await?;
            turn.hand_over(None).await?;
        }
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let clock = ManualClock::at(1_772_366_400);
    let platform = examples::platform(&clock).await?;
    let crm = examples::crm(&file(&folder), &platform)?
        .handler("greeter", Greeter)
        .clock(clock.clone())
        .build()?;
    let shop = open_shop(&crm, &platform).await?;
    listen(&platform, &crm);

    println!("A bot answers what it can, and captures a lead:");
    let ana = "+351912345678";
    for words in [
        "Hello!",
        "When do you open?",
        "A table for two, please",
        "ana@example.com",
    ] {
        says(&platform, &clock, ana, words).await?;
        crm.run_due().await?;
        clock.advance(Duration::from_mins(1));
    }
    show(&shop, ana).await?;
    let contact = found(&shop, ana).await?;
    println!(
        "  {} is tagged {}",
        contact.email.unwrap_or_default(),
        contact.tags.values().cloned().collect::<Vec<_>>().join(", ")
    );

    println!("\nAsked for a person, it hands over, and says nothing more:");
    says(&platform, &clock, ana, "I want to speak to a person").await?;
    crm.run_due().await?;
    let rui = shop.team().add("Rui", Role::Agent).await?.id;
    clock.advance(Duration::from_mins(1));
    shop.acting_as(rui)
        .inbox()
        .send_text(contact.id, "Rui here. What can I do?")
        .await?;
    says(&platform, &clock, ana, "Hello! When do you open?").await?;
    crm.run_due().await?;
    show(&shop, ana).await?;

    println!("\nA person who writes takes the conversation over; a STOP is for no bot:");
    let ze = "+351913333333";
    says(&platform, &clock, ze, "Hello!").await?;
    clock.advance(Duration::from_mins(1));
    let contact = found(&shop, ze).await?;
    shop.acting_as(rui)
        .inbox()
        .send_text(contact.id, "Hello Zé, Rui here.")
        .await?;
    says(&platform, &clock, "+351914444444", "STOP").await?;
    let done = crm.run_due().await?;
    show(&shop, ze).await?;
    println!("  The bot was asked {} times.", done.answered);
    crm.close().await?;
    Ok(())
}

/// The shop, whose new conversations are the bot's.
async fn open_shop(crm: &Crm, platform: &Platform) -> Result<Org, Box<dyn Error>> {
    let (shop, _) = examples::open_shop(crm, platform).await?;
    let greeter = Handler {
        name: "greeter".to_owned(),
        kind: HandlerKind::Bot,
    };
    shop.routing()
        .add(NewRoutingRule {
            name: None,
            filter: None,
            channels: None,
            to: RoutingTarget::Handler(greeter),
        })
        .await?;
    Ok(shop)
}

async fn says(
    platform: &Platform,
    clock: &ManualClock,
    phone: &str,
    words: &str,
) -> Result<(), Box<dyn Error>> {
    clock.advance(Duration::from_mins(1));
    platform.say(Inbound::text(phone, words)).await?;
    platform.drain().await;
    clock.advance(Duration::from_secs(1));
    Ok(())
}

async fn found(shop: &Org, phone: &str) -> Result<tertulia::Contact, Box<dyn Error>> {
    let found = shop.contacts().find_by_phone(phone).await?;
    found.ok_or_else(|| format!("nobody has {phone}").into())
}

/// The conversation with somebody, and where it stands.
async fn show(shop: &Org, phone: &str) -> Result<(), Box<dyn Error>> {
    let contact = found(shop, phone).await?;
    let conversation = contact.conversation.ok_or("there is no conversation")?;
    let messages = shop.inbox().messages(conversation, &PageOf::default()).await?;
    for message in messages.items {
        let who = match &message.author {
            Author::Contact => "they",
            Author::Handler(name) => name,
            Author::Agent(_) => "Rui",
            _ => "shop",
        };
        println!("  {who:<8} {}", message.content.words().unwrap_or_default());
    }
    let stands = shop.inbox().get(conversation).await?.status();
    println!("  [{}]", stands.as_str());
    Ok(())
}
