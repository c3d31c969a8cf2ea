//! Handlers written in the host's language: each turn's data, and the handle that it acts by.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::json;
use tertulia::core::ids::{AgentId, OrgId, TurnId};
use tertulia::{Code, ConversationHandler, Error, Handler, Org};
use uuid::Uuid;

use crate::host::Host;
use crate::views;
use crate::wire::encode;

/// What a bot or an AI is to answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HandlerTurn {
    /// The id: the same each time that these messages are given.
    id: TurnId,
    /// Which try it is, from 1.
    number: u32,
    /// The organisation.
    org: OrgId,
    /// What to act as on the organisation, in the place of a member of the team: it may do what an agent may, sends only to
    /// this contact, and changes no other conversation.
    acting: AgentId,
    /// The handler that has the conversation.
    handler: Handler,
    /// The conversation.
    conversation: views::Conversation,
    /// With whom.
    contact: views::Contact,
    /// What the contact wrote since the last turn, by time; at least one message.
    messages: Vec<views::Message>,
}

/// How many turns are known by what they are acted in as. Who still acts in an older one is taken for no member.
const KNOWN: usize = 1_024;

/// The turns that handlers of a CRM were given, by what they are acted in as; those that are over without an organisation,
/// which would keep the CRM open.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<VecDeque<(AgentId, Option<Org>)>>);

impl Turns {
    fn known(&self) -> MutexGuard<'_, VecDeque<(AgentId, Option<Org>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The organisation, acting as the handler of a turn, if `acting` is what one is acted in as. Fails with
    /// `handler.over`.
    pub(crate) fn acting(&self, id: OrgId, acting: AgentId) -> Result<Option<Org>, Error> {
        let known = self.known();
        match known.iter().find(|(known, _)| *known == acting) {
            None => Ok(None),
            Some((_, Some(org))) if org.id() == id => Ok(Some(org.clone())),
            Some(_) => Err(Error::new(Code::HandlerOver, "the handler's turn is over")),
        }
    }
}

/// A turn that is under way until this is dropped.
struct UnderWay<'a>(&'a Turns, AgentId);

impl<'a> UnderWay<'a> {
    fn begin(turns: &'a Turns, acting: AgentId, org: Org) -> Self {
        let mut known = turns.known();
        known.push_front((acting, Some(org)));
        known.truncate(KNOWN);
        Self(turns, acting)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let Self(turns, acting) = self;
        let ended = turns
            .known()
            .iter_mut()
            .find(|(known, _)| known == acting)
            .map(|turn| turn.1.take());
        // Not under the lock: it may be the last that holds the CRM.
        drop(ended);
    }
}

/// A handler written in the host's language.
pub(crate) struct HostHandler {
    host: Host,
    turns: Arc<Turns>,
}

impl HostHandler {
    pub(crate) fn new(host: Host, turns: Arc<Turns>) -> Self {
        Self { host, turns }
    }
}

impl fmt::Debug for HostHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostHandler")
    }
}

#[async_trait]
impl ConversationHandler for HostHandler {
    async fn turn(&self, turn: tertulia::HandlerTurn) -> Result<(), Error> {
        // Another one for each try: what an earlier one still does is not this one's.
        let acting = AgentId(Uuid::from_u128(turn.id.0.as_u128() ^ u128::from(turn.number)));
        let shape = HandlerTurn {
            id: turn.id,
            number: turn.number,
            org: turn.org.id(),
            acting,
            handler: turn.handler,
            conversation: turn.conversation.into(),
            contact: turn.contact.into(),
            messages: turn.messages.into_iter().map(Into::into).collect(),
        };
        let _under_way = UnderWay::begin(&self.turns, acting, turn.org);
        let asked = self.host.ask("turn", encode(&json!({ "turn": shape }))?).await;
        match asked {
            Ok(IgnoredAny) => Ok(()),
            Err(error) if error.code() == Code::TransportFailed => {
                Err(Error::new(Code::HandlerFailed, error.message().to_owned()))
            }
            Err(error) => Err(error),
        }
    }
}
