//! SMS and WhatsApp by Twilio, end to end: a shop with a number at the stand-in, beside one at WhatsApp's.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tertulia::core::consent::Source;
use tertulia::core::conversation::Message;
use tertulia::core::ids::{AccountId, ContactId};
use tertulia::core::ledger::{DispatchState, StateName};
use tertulia::core::message::DeliveryStatus;
use tertulia::core::window::WindowState;
use tertulia::testing::twilio::{Twilio as Standin, TwilioConfig as Agreed};
use tertulia::testing::{Fault, Faults, ManualClock, Platform, PlatformConfig};
use tertulia::{
    Channel, Code, Content, Credentials, Crm, Draft, Error, MemoryStorage, NewAccount, NewContact, Org,
    RecipientFilter, Secret, SendRequest, Settings, StaticCredentials, Twilio, TwilioConfig, WebhookRequest,
    WhatsApp, WhatsAppConfig,
};

use crate::support::{self, NOON, at, english};

const ANA: &str = "+12025550123";
const NUMBER: &str = "+15005550006";

struct Shop {
    crm: Crm,
    org: Org,
    sms: AccountId,
    whatsapp: AccountId,
    twilio: Arc<Standin>,
    meta: Arc<Platform>,
    clock: ManualClock,
}

fn request(contact: ContactId, account: Option<AccountId>, body: &str) -> SendRequest {
    SendRequest {
        contact,
        account,
        draft: Draft::Content(Content::text(body)),
        reply_to: None,
    }
}

fn account(channel: Channel, sender_id: &str, endpoint: Option<&str>) -> NewAccount {
    NewAccount {
        channel,
        sender_id: sender_id.to_owned(),
        business_id: None,
        endpoint: endpoint.map(str::to_owned),
        name: format!("{channel} {sender_id}"),
        credential: "twilio".to_owned(),
        messages_per_second: None,
    }
}

impl Shop {
    async fn open(settings: Settings, advanced_opt_out: bool) -> Self {
        let clock = ManualClock::at(NOON);
        let agreed = Agreed {
            advanced_opt_out,
            clock: Arc::new(clock.clone()),
            ..Agreed::default()
        };
        let twilio = Arc::new(Standin::start(agreed).await.unwrap());
        let config = PlatformConfig {
            clock: Arc::new(clock.clone()),
            ..PlatformConfig::default()
        };
        let meta = Arc::new(Platform::start_with(config).await.unwrap());
        let speaks = TwilioConfig::new(&twilio.config().auth_token, &twilio.config().public_url)
            .base_url(twilio.base_url())
            .content_url(twilio.base_url());
        let graph = WhatsAppConfig::new(&meta.config().app_secret, &meta.config().verify_token)
            .base_url(meta.base_url());
        let keys = StaticCredentials::default()
            .with("twilio", twilio.config().key())
            .with("shop-number", &meta.config().access_token);
        let crm = Crm::builder()
            .storage(Arc::new(MemoryStorage::new()))
            .transport("twilio", Twilio::new(speaks).unwrap())
            .transport("whatsapp", WhatsApp::new(graph).unwrap())
            .credentials(keys)
            .clock(clock.clone())
            .build()
            .unwrap();
        let org = crm.create_org(settings).await.unwrap();
        let sms = org
            .accounts()
            .connect(account(Channel::Sms, NUMBER, None))
            .await
            .unwrap();
        let by_meta = NewAccount {
            endpoint: Some("whatsapp".to_owned()),
            ..support::new_account(&meta)
        };
        let whatsapp = org.accounts().connect(by_meta).await.unwrap();
        support::connect(&meta, &crm);
        let receiving = crm.clone();
        twilio.deliver_to(move |request| {
            let crm = receiving.clone();
            async move {
                match crm.receive("twilio", request).await {
                    Ok(_) => 200,
                    Err(error) => tertulia::http_status(&error),
                }
            }
        });
        Self {
            crm,
            org,
            sms,
            whatsapp,
            twilio,
            meta,
            clock,
        }
    }

    async fn default() -> Self {
        Self::open(Settings::default(), true).await
    }

    async fn ana(&self) -> ContactId {
        self.org.contacts().find_by_phone(ANA).await.unwrap().unwrap().id
    }

    async fn send(&self, account: Option<AccountId>, body: &str) -> Result<Message, Code> {
        let sent = self
            .org
            .inbox()
            .send(request(self.ana().await, account, body))
            .await;
        sent.map_err(|error| error.code())
    }

    /// The rules that forbid a text to Ana by a sender.
    async fn denied(&self, account: AccountId) -> Vec<Code> {
        let request = request(self.ana().await, Some(account), "hi");
        let explained = self.org.consent().explain(&request).await.unwrap();
        explained.denials.into_iter().map(|denial| denial.code).collect()
    }
}

#[tokio::test]
async fn an_sms_conversation_runs_from_the_first_word_to_the_report_of_delivery() {
    let shop = Shop::default().await;
    shop.twilio.receipts(&["sent", "delivered"]);
    shop.twilio.say(ANA, "Are you open?", &[]).await;
    let ana = shop.ana().await;
    let seen = shop.org.contacts().get(ana).await.unwrap();
    assert_eq!(
        (seen.source_channel, seen.consent.opted_in()),
        (Some(Channel::Sms), true)
    );
    assert_eq!(
        shop.org.contacts().window(ana, shop.sms).await.unwrap(),
        WindowState::None
    );

    let sent = shop.send(None, "Until eight.").await.unwrap();
    assert_eq!((sent.account, sent.channel), (shop.sms, Channel::Sms));
    assert_eq!(shop.twilio.drain().await, 0);
    let accepted = shop.twilio.accepted();
    assert_eq!(accepted.len(), 1);
    assert_eq!(
        (accepted[0].from.as_str(), accepted[0].to.as_str()),
        (NUMBER, ANA)
    );
    assert_eq!(accepted[0].parameters["Body"], "Until eight.");
    let seen = shop.org.inbox().message(sent.id).await.unwrap();
    assert_eq!(seen.delivery.status(), DeliveryStatus::Delivered);
    assert_eq!(seen.provider_id.as_deref(), Some(accepted[0].sid.as_str()));
}

#[tokio::test]
async fn a_webhook_is_answered_with_an_empty_document_and_counts_once() {
    let shop = Shop::default().await;
    let seen: Arc<std::sync::Mutex<Vec<WebhookRequest>>> = Arc::default();
    let keep = Arc::clone(&seen);
    shop.twilio.deliver_to(move |request| {
        keep.lock().unwrap().push(request);
        async { 200 }
    });
    shop.twilio.say(ANA, "hello", &[]).await;
    let webhook = seen.lock().unwrap().remove(0);
    let received = shop.crm.receive("twilio", webhook.clone()).await.unwrap();
    assert_eq!(
        (received.applied, received.content_type.as_str()),
        (1, "text/xml")
    );
    assert!(received.body.ends_with("<Response/>"));
    let again = shop.crm.receive("twilio", webhook.clone()).await.unwrap();
    assert_eq!(
        (again.applied, again.duplicate),
        (0, 1),
        "a webhook that is played again says nothing new"
    );

    let mut forged = webhook.clone();
    forged.body.extend_from_slice(b"&Body=other");
    let refused = shop.crm.receive("twilio", forged).await.unwrap_err();
    assert_eq!(
        (refused.code(), tertulia::http_status(&refused)),
        (Code::WebhookSignatureWrong, 401)
    );
    let asked = WebhookRequest {
        method: "GET".to_owned(),
        ..webhook
    };
    let refused = shop.crm.receive("twilio", asked).await.unwrap_err();
    assert_eq!(refused.code(), Code::WebhookVerificationFailed);
    // What WhatsApp's endpoint answers is as it was.
    let query = format!(
        "https://x/?hub.mode=subscribe&hub.challenge=42&hub.verify_token={}",
        shop.meta.config().verify_token
    );
    let challenge = WebhookRequest {
        method: "GET".to_owned(),
        url: query,
        ..WebhookRequest::default()
    };
    let answer = shop.crm.receive("whatsapp", challenge).await.unwrap();
    assert_eq!(
        (answer.body.as_str(), answer.content_type.as_str()),
        ("42", "text/plain")
    );
}

#[tokio::test]
async fn two_transports_of_one_channel_are_told_apart_by_the_endpoint_that_is_named() {
    let shop = Shop::default().await;
    let connect = |new| async {
        shop.org
            .accounts()
            .connect(new)
            .await
            .map_err(|error| error.code())
    };
    let unclear = account(Channel::WhatsApp, NUMBER, None);
    assert_eq!(connect(unclear).await, Err(Code::AccountEndpointUnclear));
    for (endpoint, sender) in [("pigeons", NUMBER), ("whatsapp", NUMBER)] {
        let channel = if endpoint == "whatsapp" {
            Channel::Sms
        } else {
            Channel::WhatsApp
        };
        let missing = account(channel, sender, Some(endpoint));
        assert_eq!(connect(missing).await, Err(Code::AccountInvalid), "{endpoint}");
    }
    let misspelt = account(Channel::WhatsApp, "whatsapp:+15005550006", Some("twilio"));
    assert_eq!(connect(misspelt).await, Err(Code::AccountInvalid));
    let by_twilio = connect(account(Channel::WhatsApp, NUMBER, Some("twilio")))
        .await
        .unwrap();
    let kept = shop.org.accounts().get(by_twilio).await.unwrap();
    assert_eq!(kept.endpoint.as_deref(), Some("twilio"));
    let chosen = shop.org.accounts().get(shop.sms).await.unwrap();
    assert_eq!(chosen.endpoint.as_deref(), Some("twilio"), "the only one for SMS");

    // Both send, each by its own platform.
    shop.twilio
        .say(&format!("whatsapp:{ANA}"), "hello", &[("ProfileName", "Ana")])
        .await;
    shop.meta
        .say(tertulia::testing::Inbound::text(ANA, "hello"))
        .await
        .unwrap();
    assert_eq!(
        shop.send(Some(by_twilio), "by Twilio").await.unwrap().account,
        by_twilio
    );
    assert_eq!(
        shop.send(Some(shop.whatsapp), "by Meta").await.unwrap().account,
        shop.whatsapp
    );
    assert_eq!(shop.twilio.accepted()[0].to, format!("whatsapp:{ANA}"));
    assert_eq!(shop.meta.accepted().len(), 1);
    assert_eq!(
        shop.org
            .contacts()
            .get(shop.ana().await)
            .await
            .unwrap()
            .full_name()
            .as_deref(),
        Some("Ana")
    );
}

#[tokio::test]
async fn one_contact_over_whatsapp_and_sms_is_one_conversation_and_a_pick_holds_for_one_message() {
    let shop = Shop::default().await;
    shop.meta
        .say(tertulia::testing::Inbound::text(ANA, "hello"))
        .await
        .unwrap();
    shop.clock.set(at(60));
    shop.twilio.say(ANA, "and by SMS", &[]).await;
    let ana = shop.ana().await;
    let conversations = shop
        .org
        .inbox()
        .conversations(Some(ana), &tertulia::PageOf::default())
        .await
        .unwrap();
    assert_eq!(conversations.items.len(), 1);
    assert_eq!(
        shop.send(None, "1").await.unwrap().account,
        shop.sms,
        "where they wrote last"
    );
    assert_eq!(
        shop.send(Some(shop.whatsapp), "2").await.unwrap().account,
        shop.whatsapp
    );
    assert_eq!(shop.send(None, "3").await.unwrap().account, shop.sms);
    // The window of the channel that is picked decides.
    shop.clock.set(at(25 * 3600));
    assert_eq!(shop.denied(shop.whatsapp).await, [Code::WindowClosed]);
    assert_eq!(shop.denied(shop.sms).await, []);
    assert!(matches!(
        shop.org.contacts().window(ana, shop.whatsapp).await.unwrap(),
        WindowState::Closed { .. }
    ));
    assert_eq!(
        shop.send(Some(shop.whatsapp), "4").await.unwrap_err(),
        Code::WindowClosed
    );
    assert_eq!(shop.send(None, "5").await.unwrap().channel, Channel::Sms);
}

#[tokio::test]
async fn a_survey_by_twilio_is_text_with_digits() {
    let csat = serde_json::from_value(serde_json::json!({"question": "How was it?"})).unwrap();
    let settings = Settings {
        csat: Some(csat),
        ..Settings::default()
    };
    let shop = Shop::open(settings, true).await;
    let by_twilio = account(Channel::WhatsApp, NUMBER, Some("twilio"));
    shop.org.accounts().connect(by_twilio).await.unwrap();
    for (from, sender) in [(ANA.to_owned(), "SMS"), (format!("whatsapp:{ANA}"), "WhatsApp")] {
        shop.clock.advance(std::time::Duration::from_secs(25 * 3_600));
        shop.twilio.say(&from, "hello", &[]).await;
        let ana = shop.org.contacts().get(shop.ana().await).await.unwrap();
        let id = ana.conversation.unwrap();
        let before = shop.twilio.accepted().len();
        shop.org.inbox().resolve(id).await.unwrap();
        shop.crm.run_due().await.unwrap();
        let accepted = shop.twilio.accepted();
        assert_eq!(accepted.len(), before + 1, "{sender}");
        assert_eq!(
            accepted[before].parameters["Body"], "How was it?\n\n1 2 3 4 5",
            "{sender}"
        );
        shop.clock.advance(std::time::Duration::from_secs(60));
        shop.twilio.say(&from, "5", &[]).await;
        let thread = shop.org.inbox().get(id).await.unwrap();
        assert_eq!(thread.last_survey.unwrap().rating, Some(5), "{sender}");
        assert!(thread.resolution.is_some());
    }
}

#[tokio::test]
async fn a_stop_that_twilio_took_stops_that_number_and_start_to_it_is_the_way_back() {
    let confirming = Settings {
        stop_confirmation: Some("You are out.".to_owned()),
        ..Settings::default()
    };
    let shop = Shop::open(confirming, true).await;
    shop.meta
        .say(tertulia::testing::Inbound::text(ANA, "hello"))
        .await
        .unwrap();
    shop.twilio.say(ANA, "hello", &[]).await;
    shop.clock.set(at(10));
    shop.twilio.say(ANA, "Stop", &[]).await;
    assert_eq!(shop.denied(shop.sms).await, [Code::ConsentOptedOut]);
    assert_eq!(shop.denied(shop.whatsapp).await, []);
    let done = shop.crm.run_due().await.unwrap();
    assert_eq!(
        (done.accepted, shop.twilio.accepted().len()),
        (0, 0),
        "Twilio confirms it, and nobody else"
    );
    shop.clock.set(at(20));
    shop.twilio.say(ANA, "start", &[]).await;
    assert_eq!(shop.denied(shop.sms).await, []);
    shop.send(Some(shop.sms), "welcome back").await.unwrap();
}

#[tokio::test]
async fn a_stop_word_that_twilio_did_not_mark_stops_every_sender_and_is_not_confirmed_again() {
    let confirming = Settings {
        stop_confirmation: Some("You are out.".to_owned()),
        ..Settings::default()
    };
    let shop = Shop::open(confirming, false).await;
    shop.twilio.say(ANA, "hello", &[]).await;
    shop.clock.set(at(10));
    shop.twilio.say(ANA, "STOP", &[]).await;
    assert_eq!(shop.denied(shop.sms).await, [Code::ConsentOptedOut]);
    assert_eq!(shop.denied(shop.whatsapp).await[0], Code::ConsentOptedOut);
    assert_eq!(shop.crm.run_due().await.unwrap().accepted, 0);
}

#[tokio::test]
async fn a_refusal_for_a_stop_that_was_missed_is_recorded_for_that_number() {
    let shop = Shop::default().await;
    shop.meta
        .say(tertulia::testing::Inbound::text(ANA, "hello"))
        .await
        .unwrap();
    shop.twilio.script(Faults::new(1).first(1, Fault::refuse(21_610)));
    assert_eq!(
        shop.send(Some(shop.sms), "hi").await.unwrap_err(),
        Code::SendRefused
    );
    assert_eq!(shop.denied(shop.sms).await, [Code::ConsentOptedOut]);
    assert_eq!(shop.denied(shop.whatsapp).await, []);
    let history = shop.org.consent().get(shop.ana().await).await.unwrap().history;
    let fact = history.last().unwrap();
    assert_eq!(
        (fact.source, fact.scope.sender),
        (Source::Provider, Some(shop.sms))
    );
}

#[tokio::test]
async fn who_never_wrote_is_reached_by_the_only_sender_there_is() {
    let shop = Shop::default().await;
    let new = NewContact {
        phone: Some(ANA.to_owned()),
        opted_in: Some(true),
        name: Some("Ana".to_owned()),
        ..NewContact::default()
    };
    shop.org.contacts().create(new).await.unwrap();
    assert_eq!(
        shop.send(None, "hi").await.unwrap_err(),
        Code::AccountNotFound,
        "two reach her"
    );
    shop.org.accounts().disable(shop.whatsapp).await.unwrap();
    assert_eq!(shop.send(None, "hi").await.unwrap().account, shop.sms);
}

#[tokio::test]
async fn a_broadcast_goes_by_sms_as_text_and_each_recipient_once_whatever_fails() {
    let shop = Shop::default().await;
    shop.org
        .templates()
        .put(support::template("spring_sale", "MARKETING"))
        .await
        .unwrap();
    for number in 0..20 {
        let new = NewContact {
            phone: Some(format!("+120255501{number:02}")),
            first_name: Some(format!("P{number}")),
            opted_in: Some(true),
            tags: vec!["tea".to_owned()],
            ..NewContact::default()
        };
        shop.org.contacts().create(new).await.unwrap();
    }
    let faults = Faults::new(7)
        .to("+12025550101", Fault::DropAfterAccept)
        .to("+12025550102", Fault::ServerErrorAfterAccept(503))
        .to("+12025550103", Fault::refuse(21_211))
        .to("+12025550104", Fault::fail_later(30_005))
        .first(1, Fault::refuse(20_429));
    shop.twilio.script(faults);
    shop.twilio.receipts(&["sent", "delivered"]);
    let new = tertulia::NewBroadcast {
        name: "sale".to_owned(),
        account: shop.sms,
        template: "spring_sale".to_owned(),
        language: english(),
        parameters: support::greeting(),
        target: tertulia::Selection::Filter(tertulia::Filter::tagged_any(["tea"])),
    };
    let broadcast = shop.org.broadcasts().create(new).await.unwrap();
    shop.org.broadcasts().launch(broadcast).await.unwrap();
    for minute in 1..40 {
        shop.crm.run_due().await.unwrap();
        assert_eq!(shop.twilio.drain().await, 0);
        shop.clock.set(at(minute * 120));
    }
    let accepted = shop.twilio.accepted();
    let mut to: Vec<&str> = accepted.iter().map(|accepted| accepted.to.as_str()).collect();
    let sent = to.len();
    to.sort_unstable();
    to.dedup();
    assert_eq!((to.len(), sent), (19, 19), "all but the wrong number, once each");
    assert!(
        accepted
            .iter()
            .all(|accepted| accepted.parameters["Body"].ends_with("come and see."))
    );
    let mut states = std::collections::BTreeMap::new();
    let rows = shop
        .org
        .broadcasts()
        .recipients(
            broadcast,
            &RecipientFilter::in_states(&[]),
            &tertulia::PageOf::default(),
        )
        .await
        .unwrap();
    for row in rows.items {
        *states.entry(row.state.name()).or_insert(0) += 1;
    }
    // Answers that were lost settled by the status that names the attempt.
    assert_eq!(states.get(&StateName::Delivered), Some(&18), "{states:?}");
    assert_eq!(states.get(&StateName::Failed), Some(&2), "{states:?}");
    let _ = DispatchState::Failed;
}

#[tokio::test]
async fn a_messaging_service_is_one_sender_of_all_its_numbers() {
    let service = "MG00000000000000000000000000000001";
    let shop = Shop::default().await;
    let pool = shop
        .org
        .accounts()
        .connect(account(Channel::WhatsApp, service, Some("twilio")))
        .await
        .unwrap();
    let to = "whatsapp:+15005550009";
    shop.twilio
        .say(
            &format!("whatsapp:{ANA}"),
            "hello",
            &[("To", to), ("MessagingServiceSid", service)],
        )
        .await;
    let ana = shop.ana().await;
    let window = shop.org.contacts().window(ana, pool).await.unwrap();
    assert!(matches!(window, WindowState::Open { .. }));
    // A number of a service that is nobody's is not taken in.
    shop.twilio
        .say(
            "+12025550199",
            "hello",
            &[("To", "+15005550009"), ("MessagingServiceSid", "MG9")],
        )
        .await;
    assert!(
        shop.org
            .contacts()
            .find_by_phone("+12025550199")
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn who_can_sign_for_one_endpoint_says_nothing_about_the_senders_of_another() {
    let clock = ManualClock::at(NOON);
    let ours = Standin::start(Agreed::default()).await.unwrap();
    let agreed = Agreed {
        auth_token: "theirs".to_owned(),
        ..Agreed::default()
    };
    let theirs = Standin::start(agreed).await.unwrap();
    let transport = |standin: &Standin| {
        Twilio::new(TwilioConfig::new(
            &standin.config().auth_token,
            &standin.config().public_url,
        ))
        .unwrap()
    };
    let crm = Crm::builder()
        .storage(Arc::new(MemoryStorage::new()))
        .transport("ours", transport(&ours))
        .transport("theirs", transport(&theirs))
        .clock(clock)
        .build()
        .unwrap();
    let org = crm.create_org(Settings::default()).await.unwrap();
    org.accounts()
        .connect(account(Channel::Sms, NUMBER, Some("ours")))
        .await
        .unwrap();
    let receiving = crm.clone();
    let quarantined = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let count = Arc::clone(&quarantined);
    theirs.deliver_to(move |request| {
        let (crm, count) = (receiving.clone(), Arc::clone(&count));
        async move {
            let received = crm.receive("theirs", request).await.unwrap();
            count.fetch_add(received.quarantined, std::sync::atomic::Ordering::Relaxed);
            200
        }
    });
    theirs.say(ANA, "START", &[]).await;
    assert_eq!(quarantined.load(std::sync::atomic::Ordering::Relaxed), 1);
    assert!(org.contacts().find_by_phone(ANA).await.unwrap().is_none());
}

#[tokio::test]
async fn templates_are_taken_over_from_twilio_and_sent_by_their_sid() {
    let shop = Shop::default().await;
    let by_twilio = shop
        .org
        .accounts()
        .connect(account(Channel::WhatsApp, NUMBER, Some("twilio")))
        .await
        .unwrap();
    shop.twilio.set_contents(vec![serde_json::json!({
        "sid": "HX00000000000000000000000000000001", "friendly_name": "greeting", "language": "en_US",
        "variables": {"1": "Ana"}, "types": {"twilio/text": {"body": "Hi {{1}}, come and see."}},
        "approval_requests": {"name": "greeting", "category": "UTILITY", "status": "approved"},
    })]);
    assert_eq!(shop.org.templates().sync(by_twilio).await.unwrap(), 1);
    let new = NewContact {
        phone: Some(ANA.to_owned()),
        opted_in: Some(true),
        first_name: Some("Ana".to_owned()),
        ..NewContact::default()
    };
    let ana = shop.org.contacts().create(new).await.unwrap();
    let draft = Draft::Template {
        name: "greeting".to_owned(),
        language: english(),
        parameters: support::greeting(),
    };
    let request = SendRequest {
        contact: ana.id,
        account: Some(by_twilio),
        draft,
        reply_to: None,
    };
    shop.org.inbox().send(request).await.unwrap();
    let sent = shop.twilio.accepted().remove(0);
    assert_eq!(
        sent.parameters["ContentSid"],
        "HX00000000000000000000000000000001"
    );
    assert_eq!(sent.parameters["ContentVariables"], r#"{"1":"Ana"}"#);
}

/// Credentials that have an old key until they are told that it is refused.
#[derive(Debug)]
struct Renewing {
    new: String,
    asked: Arc<AtomicUsize>,
}

#[async_trait]
impl Credentials for Renewing {
    async fn credential(&self, _: &str) -> Result<Secret, Error> {
        Ok(Secret::new("AC00000000000000000000000000000000:old"))
    }

    async fn renew(&self, _: &str, refused: &Secret) -> Result<Secret, Error> {
        assert!(refused.expose().ends_with(":old"));
        self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(Secret::new(&self.new))
    }
}

#[tokio::test]
async fn a_key_that_twilio_refuses_is_asked_for_again_and_the_new_one_is_kept() {
    let twilio = Standin::start(Agreed::default()).await.unwrap();
    let speaks = TwilioConfig::new(&twilio.config().auth_token, &twilio.config().public_url)
        .base_url(twilio.base_url())
        .content_url(twilio.base_url());
    let asked = Arc::new(AtomicUsize::new(0));
    let keys = Renewing {
        new: twilio.config().key(),
        asked: Arc::clone(&asked),
    };
    let crm = Crm::builder()
        .storage(Arc::new(MemoryStorage::new()))
        .transport("twilio", Twilio::new(speaks).unwrap())
        .credentials(keys)
        .build()
        .unwrap();
    let org = crm.create_org(Settings::default()).await.unwrap();
    let sms = org
        .accounts()
        .connect(account(Channel::Sms, NUMBER, None))
        .await
        .unwrap();
    let ana = NewContact {
        phone: Some(ANA.to_owned()),
        name: Some("Ana".to_owned()),
        opted_in: Some(true),
        ..NewContact::default()
    };
    let ana = org.contacts().create(ana).await.unwrap().id;
    for body in ["one", "two"] {
        org.inbox().send(request(ana, Some(sms), body)).await.unwrap();
    }
    assert_eq!(
        asked.load(Ordering::SeqCst),
        1,
        "the new key is kept though the old one is given"
    );
}
