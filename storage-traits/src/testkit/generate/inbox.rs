//! Random conversations, and what asks for them.

use tertulia_core::conversation::{
    Conversation, ConversationStatus, Handler, HandlerKind, Predecessor, Resolution,
};
use tertulia_core::ctwa::LastTouch;
use tertulia_core::filter::OwnerFilter;
use tertulia_core::ids::{ConversationId, OrgId, SurveyId};
use tertulia_core::inbox::{Archived, ConversationFilter, ConversationOrder};
use tertulia_core::ledger::{SkipReason, StateName};
use tertulia_core::routing::{RoutingRule, RoutingTarget};
use tertulia_core::survey::{LastSurvey, Rating, Said, Survey};
use tertulia_core::turn::Turn;

use super::{Generator, TAGS};

impl Generator {
    pub(crate) fn handler(&mut self) -> Handler {
        Handler {
            name: self.one_of(&["ana", "clerk"]).to_owned(),
            kind: self.one_of(&[HandlerKind::Bot, HandlerKind::Ai]),
        }
    }

    fn turn(&mut self) -> Turn {
        Turn {
            taken: self.below(3),
            tries: self.one_of(&[0, 1, 2]),
            worker: self.maybe(Self::text),
            ..Turn::new(self.pooled(), self.some(3, Self::pooled), self.time())
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
            turn: self.maybe(Self::turn),
            resolution: self.maybe(|make| Resolution {
                at: make.time(),
                by: make.actor(),
            }),
            closed_through: self.maybe(Self::time),
            read_through: self.maybe(Self::time),
            unread: self.below(2) as u64,
            marked_unread: self.once_in(4),
            starred: self.once_in(3),
            archived: if self.once_in(3) { Some(self.time()) } else { None },
            labels: labels.into_iter().collect(),
            last_survey: self.maybe(|make| {
                let survey = make.pooled();
                let comment = make.maybe(Self::text);
                LastSurvey::of(&make.survey(org, survey), comment)
            }),
            ..Conversation::new(org, id, self.pooled(), self.time())
        }
    }

    pub(crate) fn survey(&mut self, org: OrgId, id: SurveyId) -> Survey {
        let asked_at = self.maybe(Self::time);
        let said = |make: &mut Self| Said {
            at: make.time(),
            message: make.pooled(),
        };
        Survey {
            id,
            org,
            conversation: self.pooled(),
            contact: self.pooled(),
            account: self.pooled(),
            channel: self.channel(),
            agent: self.maybe(Self::pooled),
            handler: self.maybe(Self::text),
            resolved_at: self.time(),
            dispatch: self.pooled(),
            state: self.one_of(&StateName::ALL),
            reason: self.maybe(|make| make.one_of(&[SkipReason::WindowClosed, SkipReason::SurveyOver])),
            as_text: self.once_in(4),
            asked_at,
            expires_at: asked_at,
            rating: self.maybe(|make| Rating {
                at: make.time(),
                rating: make.one_of(&[1, 2, 3, 4, 5]),
            }),
            remark: self.maybe(said),
            follow_up: self.maybe(Self::pooled),
            comment_asked_at: self.maybe(Self::time),
            comment: self.maybe(said),
            before: self.maybe(Self::pooled),
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
