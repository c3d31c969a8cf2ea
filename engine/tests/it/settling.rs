//! A platform that can be asked what became of an attempt whose answer was lost.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tertulia::core::conversation::Message;
use tertulia::core::ids::AttemptId;
use tertulia::core::inbound::InboundEvent;
use tertulia::core::ledger::{Accepted, Outcome};
use tertulia::core::message::DeliveryStatus;
use tertulia::core::retry::{Failure, FailureClass};
use tertulia::testing::ManualClock;
use tertulia::transport::{Correlation, Outgoing, SenderRef};
use tertulia::{
    Channel, Code, Content, Crm, Done, Draft, Error, MemoryStorage, NewAccount, NewContact, Org, SendRequest,
    Settings, StaticCredentials, Template, Transport, WebhookRequest,
};

use crate::support::NOON;

/// What the platform says when it is asked: in turn, and then nothing.
type Answers = Arc<Mutex<VecDeque<Option<Outcome>>>>;

/// A platform that loses every answer.
#[derive(Debug)]
struct Forgetful(Answers);

#[async_trait]
impl Transport for Forgetful {
    fn channels(&self) -> &[Channel] {
        &[Channel::Sms]
    }

    fn correlation(&self) -> Correlation {
        Correlation::None
    }

    async fn verify(&self, _: &str) -> Result<String, Error> {
        Ok(String::new())
    }

    async fn parse(&self, _: &WebhookRequest) -> Result<Vec<InboundEvent>, Error> {
        Ok(Vec::new())
    }

    async fn send(&self, _: &SenderRef, _: Outgoing) -> Outcome {
        Outcome::Unknown {
            detail: "the line went dead".to_owned(),
        }
    }

    async fn mark_read(&self, _: &SenderRef, _: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn list_templates(&self, _: &SenderRef) -> Result<Vec<Template>, Error> {
        Ok(Vec::new())
    }

    async fn settle(&self, sender: &SenderRef, _: AttemptId) -> Option<Outcome> {
        assert_eq!(sender.credential.expose(), "key");
        self.0.lock().unwrap().pop_front().flatten()
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is what a platform answers when asked"
)]
fn accepted() -> Option<Outcome> {
    Some(Outcome::Accepted(Accepted {
        provider_id: "found".to_owned(),
        addresses: Vec::new(),
        held: false,
    }))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it is what a platform answers when asked"
)]
fn no_news() -> Option<Outcome> {
    Some(Outcome::Unknown {
        detail: "still looking".to_owned(),
    })
}

/// Sends one message over a platform that answers so when it is asked, then does what is due a month later.
async fn sent(answers: &[Option<Outcome>]) -> (Result<Message, Error>, Done, Org) {
    let clock = ManualClock::at(NOON);
    let crm = Crm::builder()
        .storage(Arc::new(MemoryStorage::new()))
        .transport(
            "sms",
            Forgetful(Arc::new(Mutex::new(answers.iter().cloned().collect()))),
        )
        .credentials(StaticCredentials::default().with("reference", "key"))
        .clock(clock.clone())
        .build()
        .unwrap();
    let org = crm.create_org(Settings::default()).await.unwrap();
    let account = NewAccount {
        channel: Channel::Sms,
        sender_id: "1".to_owned(),
        business_id: None,
        endpoint: None,
        name: "One".to_owned(),
        credential: "reference".to_owned(),
        messages_per_second: None,
    };
    let account = org.accounts().connect(account).await.unwrap();
    let ana = NewContact {
        phone: Some("+12025550100".to_owned()),
        opted_in: Some(true),
        name: Some("Ana".to_owned()),
        ..NewContact::default()
    };
    let ana = org.contacts().create(ana).await.unwrap();
    let request = SendRequest {
        contact: ana.id,
        account: Some(account),
        draft: Draft::Content(Content::text("Hello?")),
        reply_to: None,
    };
    let sent = org.inbox().send(request).await;
    clock.advance(Duration::from_secs(31 * 24 * 3600));
    let done = crm.run_due().await.unwrap();
    assert_eq!(crm.run_due().await.unwrap(), Done::default(), "it is over");
    (sent, done, org)
}

#[tokio::test]
async fn an_attempt_whose_answer_was_lost_is_asked_after_at_once() {
    let (sent, done, _) = sent(&[accepted()]).await;
    let sent = sent.unwrap();
    assert_eq!(sent.delivery.status(), DeliveryStatus::Accepted);
    assert_eq!(sent.provider_id.as_deref(), Some("found"));
    assert_eq!(done, Done::default());

    let refused = Failure::new(FailureClass::RecipientInvalid, "7", "nobody there");
    let (failed, done, _) = self::sent(&[Some(Outcome::Refused(refused))]).await;
    assert_eq!(failed.unwrap_err().code(), Code::SendRefused);
    assert_eq!(done, Done::default());
}

#[tokio::test]
async fn an_unknown_attempt_is_asked_after_once_more_before_it_ends_unconfirmed() {
    let one = |count: u64| Done {
        unconfirmed: count,
        accepted: 1 - count,
        ..Done::default()
    };
    for (answers, expected) in [
        (vec![None, accepted()], one(0)),
        (vec![no_news(), accepted()], one(0)),
        (vec![None, no_news()], one(1)),
        (vec![], one(1)),
    ] {
        let (unknown, done, _) = sent(&answers).await;
        assert_eq!(unknown.unwrap_err().code(), Code::SendUnknown, "{answers:?}");
        assert_eq!(done, expected, "{answers:?}");
    }
}
