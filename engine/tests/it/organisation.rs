//! Settings, senders, rules, attributes, templates: what an organisation sets up, and where it shows.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono_tz::Tz;
use serde_json::json;
use tertulia::core::contact::LeadStatus;
use tertulia::core::inbound::InboundEvent;
use tertulia::core::journal::EntryKind;
use tertulia::core::ledger::{Accepted, Outcome};
use tertulia::core::render::Text;
use tertulia::core::template::TemplateStatus;
use tertulia::core::window::WindowState;
use tertulia::testing::platform::Action;
use tertulia::testing::{Inbound, ManualClock};
use tertulia::transport::{Correlation, Outgoing, SenderRef};
use tertulia::{
    AttributeKind, AuditFilter, Channel, Code, Crm, Draft, Error, MemoryStorage, NewAccount, NewContact,
    PageOf, Pattern, Role, Settings, StaticCredentials, Template, TemplateParameters, Transport,
    WebhookRequest,
};

use crate::support::{NOON, Shop, english, new_account, template};

const ANA: &str = "+12025550100";

#[tokio::test]
async fn settings_are_checked_journaled_and_obeyed() {
    let shop = Shop::open().await;
    let wrong = Settings {
        unknown_after_seconds: 0,
        ..Settings::default()
    };
    assert_eq!(
        shop.org.settings().set(wrong.clone()).await.unwrap_err().code(),
        Code::SettingInvalid
    );
    assert_eq!(
        shop.crm.create_org(wrong).await.unwrap_err().code(),
        Code::SettingInvalid
    );

    let settings = Settings {
        name: "Casa Sol".to_owned(),
        zone: Tz::America__Sao_Paulo,
        default_region: Some("BR".parse().unwrap()),
        window_closing_soon_seconds: 60,
        ..Settings::default()
    };
    shop.org.settings().set(settings.clone()).await.unwrap();
    assert_eq!(shop.org.settings().get().await.unwrap(), settings);
    let changes = shop
        .org
        .audit()
        .list(
            &AuditFilter::of(&[EntryKind::SettingsChanged]),
            &PageOf::default(),
        )
        .await
        .unwrap();
    assert_eq!(changes.items.len(), 1);

    // A national number, read in the default region; date and time in the organisation's zone.
    let bruno = shop.contact("(11) 98765-4321", &[], None).await;
    assert_eq!(bruno.phone().unwrap().address.value, "+5511987654321");
    let text = Text::parse("{{org.name}}, {{time}}, {{contact.firstName|you}}").unwrap();
    let rendered = shop.org.inbox().render(bruno.id, &text, true).await.unwrap();
    assert_eq!(rendered.text, "Casa Sol, 09:00, Person");
    shop.platform
        .say(Inbound::text("+5511987654321", "oi"))
        .await
        .unwrap();
    shop.platform.drain().await;
    shop.clock.advance(Duration::from_secs(24 * 3600 - 100));
    let window = shop.org.contacts().window(bruno.id, shop.account).await.unwrap();
    assert!(
        matches!(
            window,
            WindowState::Open {
                closing_soon: false,
                ..
            }
        ),
        "{window:?}"
    );
    shop.clock.advance(Duration::from_secs(50));
    let window = shop.org.contacts().window(bruno.id, shop.account).await.unwrap();
    assert!(
        matches!(
            window,
            WindowState::Open {
                closing_soon: true,
                ..
            }
        ),
        "{window:?}"
    );
}

#[tokio::test]
async fn everybody_follows_a_tag_that_is_renamed_merged_or_deleted() {
    let shop = Shop::open().await;
    let (tags, contacts) = (shop.org.tags(), shop.org.contacts());
    let mut ids = Vec::new();
    for number in 0..5 {
        let new = tertulia::NewContact {
            phone: Some(format!("+5511987654{number:03}")),
            tags: vec![
                "vip".to_owned(),
                if number < 2 { "gold" } else { "tea" }.to_owned(),
            ],
            ..tertulia::NewContact::default()
        };
        ids.push(contacts.create(new).await.unwrap().id);
    }
    let counted = async || -> Vec<(String, u64)> {
        let listed = tags.list().await.unwrap();
        listed.into_iter().map(|tag| (tag.name, tag.contacts)).collect()
    };
    let wanted = |wanted: &[(&str, u64)]| -> Vec<(String, u64)> {
        wanted
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    };
    assert_eq!(tags.rename("VIP", "Regular").await.unwrap(), 5);
    assert_eq!(
        counted().await,
        wanted(&[("gold", 2), ("Regular", 5), ("tea", 3)])
    );
    assert_eq!(tags.rename("regular", "REGULAR").await.unwrap(), 5);
    assert_eq!(contacts.get(ids[0]).await.unwrap().tags["regular"], "REGULAR");
    assert_eq!(tags.merge("gold", "tea").await.unwrap(), 2);
    assert_eq!(counted().await, wanted(&[("REGULAR", 5), ("tea", 5)]));
    assert_eq!(tags.delete("tea").await.unwrap(), 5);
    assert_eq!(counted().await, wanted(&[("REGULAR", 5)]));
    let gone = tags.delete("tea").await.unwrap_err();
    assert_eq!(gone.code(), tertulia::Code::TagNotFound);
}

#[tokio::test]
async fn the_team_is_listed_and_messages_carry_the_name_of_the_member_who_sends() {
    let shop = Shop::open().await;
    let priya = shop.org.team().add("Priya", Role::Agent).await.unwrap();
    shop.clock.advance(Duration::from_secs(1));
    let omar = shop.org.team().add("Omar", Role::Agent).await.unwrap();
    let team = [priya.clone(), omar.clone()];
    assert_eq!(shop.org.team().list().await.unwrap(), team);
    assert_eq!(shop.org.team().get(omar.id).await.unwrap(), omar);
    let elsewhere = shop.crm.create_org(Settings::default()).await.unwrap();
    let error = elsewhere.team().get(omar.id).await.unwrap_err();
    assert_eq!(error.code(), Code::MemberNotFound);

    let ana = shop.opted_in(ANA, &[]).await;
    let mut request = shop.templated(ana.id, "order_ready");
    let Draft::Template { parameters, .. } = &mut request.draft else {
        panic!()
    };
    *parameters = TemplateParameters::body(["{{agent.name}} of {{org.name}}"]).unwrap();
    let by = |agent| shop.org.acting_as(agent);
    let said = async |agent| {
        let sent = by(agent).inbox().send(request.clone()).await.unwrap();
        match sent.content {
            tertulia::Content::Template { text, .. } => text,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(said(priya.id).await, "Hi Priya of Casa Lua, come and see.");
    let renamed = shop.org.team().rename(priya.id, "P. Rao").await.unwrap();
    assert_eq!(said(renamed.id).await, "Hi P. Rao of Casa Lua, come and see.");

    // The host has no member's name: empty and reported, or refused where asked.
    let text = Text::parse("{{agent.name}}").unwrap();
    let rendered = shop.org.inbox().render(ana.id, &text, false).await.unwrap();
    assert_eq!((rendered.text.as_str(), rendered.missing.len()), ("", 1));
    let refused = shop.org.inbox().render(ana.id, &text, true).await.unwrap_err();
    assert_eq!(refused.code(), Code::RenderMissingValue);
    let rendered = by(omar.id).inbox().render(ana.id, &text, true).await.unwrap();
    assert_eq!(rendered.text, "Omar");
    let changes = shop
        .org
        .audit()
        .list(&AuditFilter::of(&[EntryKind::MemberChanged]), &PageOf::default())
        .await
        .unwrap();
    assert_eq!(changes.items.len(), 3);
}

#[tokio::test]
async fn a_sender_is_connected_once_in_the_world_and_can_be_switched_off() {
    let shop = Shop::open().await;
    let other = shop.crm.create_org(Settings::default()).await.unwrap();
    for org in [&shop.org, &other] {
        let taken = org
            .accounts()
            .connect(new_account(&shop.platform))
            .await
            .unwrap_err();
        assert_eq!(taken.code(), Code::AccountTaken);
    }
    let blank = NewAccount {
        sender_id: " ".to_owned(),
        ..new_account(&shop.platform)
    };
    assert_eq!(
        other.accounts().connect(blank).await.unwrap_err().code(),
        Code::AccountInvalid
    );
    assert_eq!(other.accounts().list().await.unwrap(), []);
    assert_eq!(shop.org.accounts().list().await.unwrap().len(), 1);

    for n in 0..3 {
        shop.opted_in(&format!("+1202555010{n}"), &["vip"]).await;
    }
    let id = shop.launch("order_ready", "vip").await;
    shop.org.accounts().disable(shop.account).await.unwrap();
    shop.crm.run_due().await.unwrap();
    let stats = shop.org.broadcasts().stats(id).await.unwrap();
    assert_eq!(
        (stats.pending, shop.platform.requests().len()),
        (3, 0),
        "{stats:?}"
    );
    shop.org.accounts().resume(shop.account).await.unwrap();
    shop.crm.run_due().await.unwrap();
    assert_eq!(shop.org.broadcasts().stats(id).await.unwrap().sent, 3);
}

#[tokio::test]
async fn notices_about_templates_find_the_organisation_by_its_business_account() {
    let shop = Shop::open().await;
    let paused = json!({"event": "PAUSED", "message_template_id": 1, "message_template_name": "spring_sale",
        "message_template_language": "en_US", "reason": null});
    shop.platform
        .change("message_template_status_update", &paused)
        .await;
    shop.platform.drain().await;
    let known = shop.org.templates().get("spring_sale", &english()).await.unwrap();
    assert_eq!(known.status, TemplateStatus::Paused);
    let names: Vec<String> = shop
        .org
        .templates()
        .list()
        .await
        .unwrap()
        .into_iter()
        .map(|t| t.name)
        .collect();
    assert_eq!(names, ["order_ready", "spring_sale"]);
    let ana = shop.opted_in(ANA, &[]).await;
    let refused = shop
        .org
        .inbox()
        .send(shop.templated(ana.id, "spring_sale"))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::TemplateNotApproved);
}

#[tokio::test]
async fn templates_are_taken_over_as_the_platform_lists_them() {
    let shop = Shop::open().await;
    // `support` stores spring_sale and order_ready; the platform knows the first by another status, and 120 more.
    let listed = |name: &str, status: &str| {
        json!({"id": name, "name": name, "language": "en_US", "status": status, "category": "UTILITY",
            "components": [{"type": "BODY", "text": "Hello"}]})
    };
    let more = (0..120).map(|number| listed(&format!("notice_{number}"), "APPROVED"));
    let mut templates = vec![
        listed("spring_sale", "REJECTED"),
        listed("Not A Name", "APPROVED"),
    ];
    templates.extend(more);
    shop.platform.set_templates(templates);
    assert_eq!(shop.org.templates().sync(shop.account).await.unwrap(), 121);
    let spring = shop.org.templates().get("spring_sale", &english()).await.unwrap();
    assert_eq!(spring.status, TemplateStatus::Rejected);
    let all = shop.org.templates().list().await.unwrap();
    assert_eq!(all.len(), 122);
    assert!(all.iter().any(|template| template.name == "order_ready"));

    let changes = || async { shop.org.events().read(0, 1_000).await.unwrap().len() };
    let before = changes().await;
    assert_eq!(shop.org.templates().sync(shop.account).await.unwrap(), 121);
    assert_eq!(changes().await, before, "what did not change is not journaled");

    let without_business = NewAccount {
        sender_id: "2".to_owned(),
        business_id: None,
        ..new_account(&shop.platform)
    };
    let other = shop.org.accounts().connect(without_business).await.unwrap();
    let refused = shop.org.templates().sync(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::TransportConfigInvalid);
}

#[tokio::test]
async fn rules_are_listed_in_their_order_replaced_in_place_and_removed() {
    let shop = Shop::open().await;
    let pattern = |text: &str| -> Pattern {
        serde_json::from_value(json!({"kind": "contains", "text": text})).unwrap()
    };
    let first = shop.org.rules().add(pattern("tea"), &["tea"]).await.unwrap();
    shop.org.rules().add(pattern("cake"), &["cake"]).await.unwrap();
    let mut rules = shop.org.rules().list().await.unwrap();
    rules[0].tags = vec!["Chá".to_owned()];
    shop.org.rules().put(rules[0].clone()).await.unwrap();
    assert_eq!(shop.org.rules().list().await.unwrap(), rules);
    shop.platform
        .say(Inbound::text(ANA, "tea and cake"))
        .await
        .unwrap();
    shop.platform.drain().await;
    let tags = |tags: &std::collections::BTreeMap<String, String>| tags.values().cloned().collect::<Vec<_>>();
    assert_eq!(tags(&shop.find(ANA).await.tags), ["cake", "Chá"]);

    shop.org.rules().remove(first).await.unwrap();
    assert_eq!(
        shop.org.rules().remove(first).await.unwrap_err().code(),
        Code::RuleNotFound
    );
    assert_eq!(shop.org.rules().list().await.unwrap().len(), 1);
    shop.platform
        .say(Inbound::text("+12025550101", "tea"))
        .await
        .unwrap();
    shop.platform.drain().await;
    assert!(shop.find("+12025550101").await.tags.is_empty());

    let ana = shop.find(ANA).await;
    assert_eq!(
        shop.org.contacts().untag(ana.id, &["CHA", "none"]).await.unwrap(),
        1
    );
    assert_eq!(tags(&shop.find(ANA).await.tags), ["cake"]);
    assert_eq!(
        shop.org.contacts().tag(ana.id, &["Cake", "New"]).await.unwrap(),
        1
    );
}

#[tokio::test]
async fn an_attribute_is_defined_once_and_texts_name_only_defined_ones() {
    let shop = Shop::open().await;
    shop.org
        .attributes()
        .define("City", AttributeKind::Text)
        .await
        .unwrap();
    shop.org
        .attributes()
        .define("City", AttributeKind::Text)
        .await
        .unwrap();
    let other = shop
        .org
        .attributes()
        .define("City", AttributeKind::Number)
        .await
        .unwrap_err();
    assert_eq!(other.code(), Code::AttributeInvalid);
    assert_eq!(shop.org.attributes().list().await.unwrap().len(), 1);

    let mut broadcast = shop.broadcast("order_ready", "vip");
    broadcast.parameters = TemplateParameters::body(["{{contact.attributes.Town|here}}"]).unwrap();
    let refused = shop.org.broadcasts().create(broadcast.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::RenderUnknownVariable, "{refused}");
    broadcast.parameters = TemplateParameters::body(["{{contact.attributes.City|here}}"]).unwrap();
    let id = shop.org.broadcasts().create(broadcast).await.unwrap();
    shop.org.broadcasts().launch(id).await.unwrap();
}

#[tokio::test]
async fn a_draft_can_be_replaced_until_it_is_launched() {
    let shop = Shop::open().await;
    shop.opted_in(ANA, &["vip"]).await;
    let id = shop
        .org
        .broadcasts()
        .create(shop.broadcast("spring_sale", "nobody"))
        .await
        .unwrap();
    shop.org
        .broadcasts()
        .update(id, shop.broadcast("order_ready", "vip"))
        .await
        .unwrap();
    shop.org.broadcasts().launch(id).await.unwrap();
    let late = shop
        .org
        .broadcasts()
        .update(id, shop.broadcast("order_ready", "vip"))
        .await
        .unwrap_err();
    assert_eq!(late.code(), Code::BroadcastNotDraft);
    shop.crm.run_due().await.unwrap();
    assert_eq!(shop.accepted_to(ANA), 1);
    let listed = shop.org.broadcasts().list(&PageOf::default()).await.unwrap();
    assert_eq!(listed.items.len(), 1);
    assert_eq!(listed.items[0].name, "order_ready to vip");
}

#[tokio::test]
async fn fields_given_at_creation_are_kept_and_read_receipts_and_threads_work() {
    let shop = Shop::open().await;
    let new = NewContact {
        phone: Some(ANA.to_owned()),
        first_name: Some("Ana".to_owned()),
        last_name: Some("Matos".to_owned()),
        lead: Some(LeadStatus::Warm),
        ..NewContact::default()
    };
    let ana = shop.org.contacts().create(new).await.unwrap();
    assert_eq!(
        (ana.lead, ana.source_channel),
        (LeadStatus::Warm, Some(Channel::WhatsApp))
    );
    assert_eq!(ana.full_name().as_deref(), Some("Ana Matos"));
    shop.platform.say(Inbound::text(ANA, "hello")).await.unwrap();
    shop.platform.drain().await;
    let threads = shop
        .org
        .inbox()
        .conversations(Some(ana.id), &PageOf::default())
        .await
        .unwrap()
        .items;
    assert_eq!(threads.len(), 1);
    let messages = shop
        .org
        .inbox()
        .messages(threads[0].id, &PageOf::default())
        .await
        .unwrap()
        .items;
    shop.org.inbox().mark_read(messages[0].id).await.unwrap();
    let requests = shop.platform.requests();
    assert_eq!(requests.len(), 1);
    assert!(
        matches!(requests[0].action, Action::MarkRead),
        "{:?}",
        requests[0].action
    );
}

#[tokio::test]
async fn a_number_is_replaced_by_an_explicit_step_that_keeps_the_old_one_as_history() {
    let shop = Shop::open().await;
    let (old, new) = (ANA, "+351912345678");
    let ana = shop.opted_in(old, &[]).await;
    shop.contact("+12025550199", &[], None).await;
    let contacts = shop.org.contacts();
    for (from, to, code) in [
        ("+12025550177", new, Code::ContactNoAddress),
        (old, "+12025550199", Code::ContactDuplicate),
        (old, "12", Code::PhoneTooShort),
    ] {
        assert_eq!(
            contacts.replace_phone(ana.id, from, to).await.unwrap_err().code(),
            code
        );
    }
    shop.clock.advance(Duration::from_secs(1));
    let moved = contacts.replace_phone(ana.id, old, new).await.unwrap();
    assert_eq!(moved.phone().unwrap().address.value, new);
    assert!(
        moved
            .identities
            .iter()
            .any(|identity| identity.address.value == old && identity.until.is_some())
    );
    assert!(moved.revision > ana.revision);
    // A new number is a new consent question.
    assert!(!shop.org.consent().get(ana.id).await.unwrap().opted_in);
    let page = PageOf::default();
    let audited = shop
        .org
        .audit()
        .list(&AuditFilter::of(&[EntryKind::IdentityMoved]), &page)
        .await
        .unwrap();
    assert_eq!(audited.items.len(), 1);
    // The old number may be somebody else's by now.
    shop.platform
        .say(Inbound::text(old, "Hi, I am new here"))
        .await
        .unwrap();
    shop.platform.drain().await;
    assert_ne!(shop.find(old).await.id, ana.id);

    // An opt-out follows.
    let bo = shop.find("+12025550199").await;
    shop.org.consent().opt_out(bo.id, None).await.unwrap();
    contacts.add_phone(bo.id, "+12025550200").await.unwrap();
    let moved = contacts
        .replace_phone(bo.id, "+12025550199", "+12025550201")
        .await
        .unwrap();
    assert_eq!(
        moved.phone().unwrap().address.value,
        "+12025550201",
        "it takes the primary's place"
    );
    assert_eq!(shop.find("+12025550200").await.id, bo.id);
    let basis = shop.org.consent().get(bo.id).await.unwrap().basis.unwrap();
    assert_eq!(basis.change, tertulia::core::consent::Change::OptOut);
}

/// A platform of one's own: takes everything, remembers it.
#[derive(Debug, Default)]
struct Pigeons(Arc<Mutex<Vec<Outgoing>>>);

#[async_trait]
impl Transport for Pigeons {
    fn channels(&self) -> &[Channel] {
        &[Channel::Sms]
    }

    fn correlation(&self) -> Correlation {
        Correlation::MessageId
    }

    async fn verify(&self, _: &str) -> Result<String, Error> {
        Err(Error::new(Code::WebhookVerificationFailed, "pigeons do not ask"))
    }

    async fn parse(&self, _: &WebhookRequest) -> Result<Vec<InboundEvent>, Error> {
        Ok(Vec::new())
    }

    async fn send(&self, sender: &SenderRef, message: Outgoing) -> Outcome {
        assert_eq!(sender.credential.expose(), "corn");
        let mut sent = self.0.lock().unwrap();
        sent.push(message);
        Outcome::Accepted(Accepted {
            provider_id: format!("pigeon {}", sent.len()),
            addresses: Vec::new(),
            held: false,
        })
    }

    async fn mark_read(&self, _: &SenderRef, _: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn list_templates(&self, _: &SenderRef) -> Result<Vec<Template>, Error> {
        Ok(vec![template("unused", "UTILITY")])
    }
}

#[tokio::test]
async fn a_transport_of_ones_own_sends_through_the_same_gate() {
    let pigeons = Pigeons::default();
    let sent = Arc::clone(&pigeons.0);
    let crm = Crm::builder()
        .storage(Arc::new(MemoryStorage::new()))
        .transport("pigeons", pigeons)
        .credentials(StaticCredentials::default().with("loft", "corn"))
        .clock(ManualClock::at(NOON))
        .build()
        .unwrap();
    let org = crm.create_org(Settings::default()).await.unwrap();
    let loft = NewAccount {
        channel: Channel::Sms,
        sender_id: "loft 1".to_owned(),
        business_id: None,
        endpoint: None,
        name: "Loft".to_owned(),
        credential: "loft".to_owned(),
        messages_per_second: None,
    };
    let account = org.accounts().connect(loft).await.unwrap();
    let new = |phone: &str, opted_in| NewContact {
        phone: Some(phone.to_owned()),
        opted_in: Some(opted_in),
        ..NewContact::default()
    };
    let ana = org.contacts().create(new(ANA, true)).await.unwrap();
    let bo = org.contacts().create(new("+12025550101", false)).await.unwrap();
    let text = |contact| tertulia::SendRequest {
        contact,
        account: Some(account),
        draft: tertulia::Draft::Content(tertulia::Content::text("coo")),
        reply_to: None,
    };
    // No window on this channel, but consent all the same.
    let message = org.inbox().send(text(ana.id)).await.unwrap();
    assert_eq!(message.provider_id.as_deref(), Some("pigeon 1"));
    assert_eq!(
        org.inbox().send(text(bo.id)).await.unwrap_err().code(),
        Code::ConsentNotOptedIn
    );
    assert_eq!(sent.lock().unwrap().len(), 1);
}
