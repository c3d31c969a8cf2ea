//! Random conversations, and what asks for them.

use tertulia_core::conversation::{
    Conversation, ConversationStatus, Handler, HandlerKind, Predecessor, Resolution,
};
use tertulia_core::ctwa::LastTouch;
use tertulia_core::filter::OwnerFilter;
use tertulia_core::ids::{ConversationId, OrgId};
use tertulia_core::inbox::{Archived, ConversationFilter, ConversationOrder};
use tertulia_core::routing::{RoutingRule, RoutingTarget};

use super::{Generator, TAGS};

impl Generator {
    pub(crate) fn handler(&mut self) -> Handler {
        Handler {
            name: self.one_of(&["ana", "clerk"]).to_owned(),
            kind: self.one_of(&[HandlerKind::Bot, HandlerKind::Ai]),
        }
    }

    pub(crate) fn conversation_status(&mut self) -> ConversationStatus {
        self.one_of(&ConversationStatus::ALL)
    }

    pub(crate) fn routing_rule(&mut self) -> RoutingRule {
        RoutingRule {
            id: self.pooled(),
            name: self.maybe(Self::text),
            filter: self.maybe(|make| make.filter(1)),
            channels: self.maybe(|make| vec![make.channel()]),
            to: if self.once_in(2) {
                RoutingTarget::Member(self.pooled())
            } else {
                RoutingTarget::Handler(self.handler())
            },
            enabled: self.once_in(2),
        }
    }

    pub(crate) fn conversation(&mut self, org: OrgId, id: ConversationId) -> Conversation {
        let labels = self.some(3, |make| (make.one_of(&TAGS).to_owned(), make.text()));
        Conversation {
            last_activity: self.time(),
            last_inbound: self.maybe(|make| (make.time(), make.pooled())),
            referral: self.maybe(|make| LastTouch {
                at: make.time(),
                referral: make.referral(),
            }),
            follows: self.maybe(|make| Predecessor {
                conversation: make.pooled(),
                until: make.time(),
            }),
            channels: self.some(2, Self::channel).into_iter().collect(),
            assignee: self.maybe(Self::pooled),
            handler: self.maybe(Self::handler),
            resolution: self.maybe(|make| Resolution {
                at: make.time(),
                by: make.actor(),
            }),
            read_through: self.maybe(Self::time),
            unread: self.below(2) as u64,
            marked_unread: self.once_in(4),
            starred: self.once_in(3),
            archived: if self.once_in(3) { Some(self.time()) } else { None },
            labels: labels.into_iter().collect(),
            ..Conversation::new(org, id, self.pooled(), self.time())
        }
    }

    /// A filter of conversations with up to three conditions, folded.
    pub(crate) fn conversation_filter(&mut self) -> ConversationFilter {
        let mut filter = ConversationFilter {
            archived: self.one_of(&[Archived::Without, Archived::With, Archived::Only]),
            ..ConversationFilter::default()
        };
        for _ in 0..self.below(4) {
            match self.below(9) {
                0 => filter.contact = Some(self.pooled()),
                1 => filter.status = self.some(3, Self::conversation_status),
                2 => {
                    filter.assignee = Some(match self.maybe(Self::pooled) {
                        Some(member) => OwnerFilter::Is(member),
                        None => OwnerFilter::Nobody,
                    });
                }
                3 => filter.handler = Some(self.handler().name),
                4 => filter.channel = Some(self.channel()),
                5 => filter.unread = Some(self.once_in(2)),
                6 => filter.starred = Some(self.once_in(2)),
                7 => filter.label = Some(self.one_of(&TAGS).to_owned()),
                _ => filter.text = Some(self.typed()),
            }
        }
        filter.folded()
    }

    pub(crate) fn conversation_order(&mut self) -> ConversationOrder {
        self.one_of(&[ConversationOrder::Activity, ConversationOrder::Id])
    }
}
