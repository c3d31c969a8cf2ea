//! A conversation in the terminal: `inbox [FILE]`.
//!
//! Over a file, by default a new temporary one, and a stand-in for WhatsApp on this machine, three people write to a small
//! shop. Mia lists what waits, opens a conversation, answers, types `/d` for a quick reply, labels and closes it; the
//! customer writes again and it is open again. Time is set by hand, so that the day takes a second.

use std::error::Error;
use std::time::Duration;

use examples::{MORNING, file, listen};
use tertulia::core::conversation::{Author, Conversation, Message};
use tertulia::core::render::Text;
use tertulia::testing::{Inbound, ManualClock, Person, Platform, Receipts};
use tertulia::{AnalyticsGroup, ConversationFilter, Crm, Org, PageOf, Role};

const ANA: &str = "+351912345601";
const BRUNO: &str = "+351912345602";
const CARLA: &str = "+351912345603";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let clock = ManualClock::at(MORNING);
    let platform = examples::platform(&clock).await?;
    platform.receipts(Receipts::read());
    let crm = examples::crm(&file(&folder), &platform)?
        .clock(clock.clone())
        .build()?;
    let shop = open_shop(&crm, &platform).await?;
    listen(&platform, &crm);
    let mia = shop.team().add("Mia", Role::Agent).await?.id;
    let desk = Desk {
        platform,
        clock,
        shop: shop.acting_as(mia),
    };

    desk.hear(ANA, "Ana", "Do you deliver to Porto?").await?;
    desk.hear(BRUNO, "Bruno", "Is the green tea back?").await?;
    desk.hear(ANA, "Ana", "It is for a birthday.").await?;
    desk.hear(CARLA, "Carla", "Thank you!").await?;
    desk.list("What waits:", &ConversationFilter::default()).await?;

    let inbox = desk.shop.inbox();
    let ana = desk.thread_of(ANA).await?;
    inbox.assign(ana, Some(mia)).await?;
    inbox.read(ana).await?;
    println!("\nMia takes Ana's conversation, reads it, and types /d:");
    let contact = inbox.get(ana).await?.contact;
    for offered in desk.shop.quick_replies().pick("/d").await? {
        let rendered = desk
            .shop
            .quick_replies()
            .render(offered.id, contact, true)
            .await?;
        println!("  {:<10} {}", offered.shortcut, rendered.text);
        desk.pass(40);
        inbox.send_text(contact, rendered.text).await?;
    }
    desk.platform.drain().await;
    desk.hear(ANA, "Ana", "Perfect, I will order two.").await?;
    desk.pass(20);
    inbox.send_text(contact, "They are on their way. 🍵").await?;
    desk.platform.drain().await;
    inbox.read(ana).await?;
    inbox.label(ana, &["Order"]).await?;
    inbox.resolve(ana).await?;
    desk.draw(ana).await?;

    let carla = desk.thread_of(CARLA).await?;
    inbox.read(carla).await?;
    inbox.resolve(carla).await?;
    let unread = ConversationFilter {
        unread: Some(true),
        ..ConversationFilter::default()
    };
    desk.list("Carla's needs no answer. Unread still:", &unread)
        .await?;

    desk.pass(3_600);
    desk.hear(ANA, "Ana", "One more question…").await?;
    let orders = ConversationFilter {
        label: Some("order".to_owned()),
        ..ConversationFilter::default()
    };
    desk.list("An hour later Ana writes, and hers is open again:", &orders)
        .await?;
    desk.pass(25 * 3_600);
    if let Err(refused) = inbox.send_text(contact, "Yes?").await {
        println!("\nA day later free text is refused: {}", refused.code().as_str());
    }
    desk.figures().await?;
    crm.close().await?;
    Ok(())
}

/// A shop with one number and three quick replies.
async fn open_shop(crm: &Crm, platform: &Platform) -> Result<Org, Box<dyn Error>> {
    let (shop, _) = examples::open_shop(crm, platform).await?;
    for (shortcut, body) in [
        ("/greeting", "Hi {{contact.firstName|there}}, how can we help?"),
        (
            "/delivery",
            "We deliver on weekdays, {{contact.firstName|friend}}. {{agent.name}}",
        ),
        ("/hours", "We are open from 9 to 18."),
    ] {
        shop.quick_replies().create(shortcut, &Text::parse(body)?).await?;
    }
    Ok(shop)
}

/// Where Mia sits.
struct Desk {
    platform: Platform,
    clock: ManualClock,
    shop: Org,
}

impl Desk {
    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Somebody writes, a minute later.
    async fn hear(&self, from: &str, name: &str, words: &str) -> Result<(), Box<dyn Error>> {
        self.pass(60);
        let person = Person::phone(from).named(name);
        self.platform.say(Inbound::text(person, words)).await?;
        self.platform.drain().await;
        Ok(())
    }

    async fn thread_of(&self, number: &str) -> Result<tertulia::core::ids::ConversationId, Box<dyn Error>> {
        let contact = self.shop.contacts().find_by_phone(number).await?;
        let thread = contact.and_then(|contact| contact.conversation);
        Ok(thread.ok_or("nobody wrote from that number")?)
    }

    /// The conversations that a filter means, the latest first.
    async fn list(&self, title: &str, filter: &ConversationFilter) -> Result<(), Box<dyn Error>> {
        println!("\n{title}");
        for thread in self.shop.inbox().list(filter, &PageOf::last(20)).await?.items {
            println!("  {}", self.line(&thread).await?);
        }
        Ok(())
    }

    async fn line(&self, thread: &Conversation) -> Result<String, Box<dyn Error>> {
        let name = self.name(thread).await?;
        let last = self
            .shop
            .inbox()
            .messages(thread.id, &PageOf::last(1))
            .await?
            .items;
        let words = last
            .first()
            .and_then(|message| message.content.words())
            .unwrap_or("…");
        let unread = if thread.unread > 0 {
            format!("({})", thread.unread)
        } else {
            String::new()
        };
        let labels: Vec<&str> = thread.labels.values().map(String::as_str).collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!(" [{}]", labels.join(", "))
        };
        let (at, status) = (thread.last_activity.format("%H:%M"), thread.status().as_str());
        Ok(format!("{at}  {name:<6}{unread:<4}{status:<9} {words}{labels}"))
    }

    async fn name(&self, thread: &Conversation) -> Result<String, Box<dyn Error>> {
        let contact = self.shop.contacts().get(thread.contact).await?;
        Ok(contact.full_name().unwrap_or_else(|| "somebody".to_owned()))
    }

    /// The whole thread, theirs on the left, ours on the right.
    async fn draw(&self, id: tertulia::core::ids::ConversationId) -> Result<(), Box<dyn Error>> {
        let thread = self.shop.inbox().get(id).await?;
        let name = self.name(&thread).await?;
        println!("\n── {name}, {} {}", thread.status().as_str(), "─".repeat(48));
        for message in self.shop.inbox().messages(id, &PageOf::first(50)).await?.items {
            println!("{}", bubble(&message));
        }
        println!("{}", "─".repeat(68));
        Ok(())
    }

    /// What came of it all.
    async fn figures(&self) -> Result<(), Box<dyn Error>> {
        let (since, until) = ("2026-03-02T00:00:00Z".parse()?, "2026-03-04T00:00:00Z".parse()?);
        println!("\nThe days in figures:");
        for day in self
            .shop
            .analytics()
            .inbox(since, until, AnalyticsGroup::Day)
            .await?
        {
            println!(
                "  {}: {} in, {} out; {} opened, {} again, {} closed; first response {} s, {} wait",
                day.key.period.unwrap_or_default(),
                day.received,
                day.sent_by_people,
                day.opened,
                day.reopened,
                day.resolved,
                day.first_response.median_seconds.unwrap_or_default(),
                day.waiting
            );
        }
        Ok(())
    }
}

fn bubble(message: &Message) -> String {
    let (at, words) = (message.at.format("%H:%M"), message.content.words().unwrap_or("…"));
    if message.author == Author::Contact {
        format!("{at}  {words}")
    } else {
        let ticks = match message.delivery.read {
            Some(_) => "✓✓ read",
            None => "✓",
        };
        format!("{:>68}", format!("{words}  {at} {ticks}"))
    }
}
