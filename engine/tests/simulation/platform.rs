//! The simulated platform: takes, refuses, loses answers, and tells later what became of what it took.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use fastrand::Rng;
use tertulia::core::error::{Code, Error};
use tertulia::core::identity::{Address, AddressKind};
use tertulia::core::ids::AttemptId;
use tertulia::core::inbound::{InboundEvent, InboundKind, InboundMessage, Person, Source, StatusUpdate};
use tertulia::core::ledger::{Accepted, Outcome};
use tertulia::core::message::StatusKind;
use tertulia::core::retry::{Failure, FailureClass, LimitScope, OptOutScope};
use tertulia::transport::{Correlation, Outgoing, SenderRef};
use tertulia::{Channel, Content, Template, Transport, WebhookRequest};

use crate::faults::Fault;
use crate::witness;
use crate::world::{Point, State, World};

/// What the platform knows.
#[derive(Debug)]
pub(crate) struct Platform {
    /// Whether it can be asked what became of an attempt.
    can_be_asked: bool,
    /// Whether its statuses name our attempt.
    echoes: bool,
    /// What it said of each attempt that it answered, whether or not the answer arrived.
    answers: Vec<(AttemptId, Outcome)>,
    /// What it has to tell, and has not yet; by message, in the order of what happened.
    pub(crate) untold: Vec<InboundEvent>,
    made: u32,
}

impl Platform {
    pub(crate) fn new(chance: &mut Rng) -> Self {
        Self {
            can_be_asked: chance.u8(0..4) == 0,
            echoes: chance.u8(0..4) > 0,
            answers: Vec::new(),
            untold: Vec::new(),
            made: 0,
        }
    }
}

/// The webhook of what a person writes to a sender.
pub(crate) fn says(state: &mut State, sender: &str, phone: &str, text: &str) -> InboundEvent {
    state.platform.made += 1;
    InboundEvent {
        source: source(sender),
        at: Some(state.now),
        kind: InboundKind::Message(InboundMessage {
            provider_id: format!("in.{}", state.platform.made),
            from: Person {
                addresses: vec![address(phone)],
                ..Person::default()
            },
            content: Content::text(text),
            reply_to: None,
            forwarded: false,
            group_id: None,
            referral: None,
            keyword: None,
        }),
    }
}

fn source(sender: &str) -> Source {
    Source {
        channel: Channel::WhatsApp,
        business_id: None,
        sender_id: Some(sender.to_owned()),
        pool_id: None,
        number: None,
    }
}

fn address(phone: &str) -> Address {
    Address::new(AddressKind::Phone, phone.trim_start_matches('+'))
}

/// The way of one process to the platform.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) world: Arc<World>,
    pub(crate) process: usize,
}

#[async_trait]
impl Transport for Line {
    fn channels(&self) -> &[Channel] {
        &[Channel::WhatsApp]
    }

    fn correlation(&self) -> Correlation {
        Correlation::EchoedField
    }

    async fn verify(&self, _: &str) -> Result<String, Error> {
        Ok(String::new())
    }

    async fn parse(&self, request: &WebhookRequest) -> Result<Vec<InboundEvent>, Error> {
        serde_json::from_slice(&request.body)
            .map_err(|error| Error::new(Code::WebhookMalformed, error.to_string()))
    }

    async fn send(&self, sender: &SenderRef, message: Outgoing) -> Outcome {
        witness::leaves(&self.world, self.process, message.attempt);
        self.world.turn(self.process, Point::Socket).await;
        let (outcome, took) = answer(&mut self.world.lock(), &sender.sender_id, &message);
        if took {
            let text = message.content.words().unwrap_or_default();
            witness::taken(&self.world, message.attempt, text, &message.to.value);
        }
        self.world.turn(self.process, Point::Answer).await;
        outcome
    }

    async fn mark_read(&self, _: &SenderRef, _: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn list_templates(&self, _: &SenderRef) -> Result<Vec<Template>, Error> {
        Ok(Vec::new())
    }

    async fn settle(&self, _: &SenderRef, attempt: AttemptId) -> Option<Outcome> {
        let state = self.world.lock();
        let mut answers = state.platform.answers.iter();
        let found = answers.find(|(known, _)| state.platform.can_be_asked && *known == attempt);
        found.map(|(_, outcome)| outcome.clone())
    }
}

/// What the platform makes of a message: what the caller hears, and whether it was taken.
fn answer(state: &mut State, sender: &str, message: &Outgoing) -> (Outcome, bool) {
    if state.strikes(Fault::TimedOut, 25) {
        return (lost("the request timed out"), false);
    }
    if state.strikes(Fault::Unreachable, 40) {
        let outcome = Outcome::NotSent(failure(FailureClass::Unreachable));
        state.platform.answers.push((message.attempt, outcome.clone()));
        return (outcome, false);
    }
    if let Some(refusal) = refusal(state) {
        state.log(|| format!("the platform refuses: {:?}", refusal.class));
        let outcome = if state.chance.bool() {
            Outcome::NotSent(refusal)
        } else {
            Outcome::Refused(refusal)
        };
        state.platform.answers.push((message.attempt, outcome.clone()));
        return (outcome, false);
    }
    state.platform.made += 1;
    let provider_id = format!("out.{}", state.platform.made);
    state.log(|| format!("the platform takes {provider_id} to {}", message.to.value));
    tell(state, sender, message, &provider_id);
    let outcome = Outcome::Accepted(Accepted {
        provider_id,
        addresses: if state.chance.bool() {
            vec![message.to.clone()]
        } else {
            Vec::new()
        },
        held: state.chance.u8(0..16) == 0,
    });
    state.platform.answers.push((message.attempt, outcome.clone()));
    if state.strikes(Fault::AnswerLost, 15) {
        return (lost("the answer was lost"), true);
    }
    (outcome, true)
}

fn lost(detail: &str) -> Outcome {
    Outcome::Unknown {
        detail: detail.to_owned(),
    }
}

fn failure(class: FailureClass) -> Failure {
    Failure::new(class, "simulated", "as the simulation has it")
}

/// Why the platform does not take a message, if it does not.
fn refusal(state: &mut State) -> Option<Failure> {
    use FailureClass::{
        AuthOrConfig, BadRequest, KeyRefused, MediaProblem, Payment, PerUserCap, PolicyRestricted,
        RateLimited, RecipientInvalid, RecipientOptedOut, TemplateProblem, TemplateStopped, Transient,
        Unclassified, Unexplained,
    };
    let classes: [(Fault, u32, &[FailureClass]); 7] = [
        (Fault::PairLimited, 30, &[RateLimited(LimitScope::Pair)]),
        (
            Fault::SenderLimited,
            40,
            &[
                RateLimited(LimitScope::Number),
                RateLimited(LimitScope::Account),
                RateLimited(LimitScope::App),
            ],
        ),
        (Fault::Passing, 20, &[Transient, Unexplained, MediaProblem]),
        (
            Fault::SenderStopped,
            80,
            &[AuthOrConfig, KeyRefused, Payment, PolicyRestricted],
        ),
        (Fault::TemplateStopped, 80, &[TemplateStopped]),
        (
            Fault::Refused,
            30,
            &[
                RecipientInvalid,
                BadRequest,
                Unclassified,
                TemplateProblem,
                PerUserCap,
            ],
        ),
        (
            Fault::OptedOutThere,
            60,
            &[
                RecipientOptedOut(OptOutScope::Marketing),
                RecipientOptedOut(OptOutScope::Sender),
            ],
        ),
    ];
    let (_, _, of) = classes
        .into_iter()
        .find(|(fault, one_in, _)| state.strikes(*fault, *one_in))?;
    let class = of[state.chance.usize(0..of.len())];
    Some(failure(class))
}

/// What the platform will tell of a message that it took.
fn tell(state: &mut State, sender: &str, message: &Outgoing, provider_id: &str) {
    let mut course = vec![StatusKind::Sent];
    if state.strikes(Fault::FailedLate, 12) {
        course.push(StatusKind::Failed(failure(FailureClass::RecipientInvalid)));
    } else {
        let further = [StatusKind::Delivered, StatusKind::Read];
        course.extend(further.into_iter().take(state.chance.usize(0..3)));
    }
    let mut at = state.now;
    for status in course {
        at += TimeDelta::seconds(state.chance.i64(0..5));
        if state.strikes(Fault::StatusMissing, 8) {
            continue;
        }
        let event = InboundEvent {
            source: source(sender),
            at: Some(at),
            kind: InboundKind::Status(StatusUpdate {
                provider_id: provider_id.to_owned(),
                status,
                correlation: state.platform.echoes.then_some(message.attempt),
                recipient: vec![message.to.clone()],
                price_category: None,
                billable: None,
                free_entry_until: None,
            }),
        };
        if state.strikes(Fault::StatusTwice, 8) {
            state.platform.untold.push(event.clone());
        }
        state.platform.untold.push(event);
    }
}
