//! Messages saved under shortcuts.

use tertulia_core::decide::quick_replies;
use tertulia_core::error::Error;
use tertulia_core::ids::{ContactId, QuickReplyId};
use tertulia_core::quick_reply::{QuickReply, pick};
use tertulia_core::record::RecordKind;
use tertulia_core::render::{Rendered, Text};
use tertulia_core::roles::Call;
use tertulia_storage_traits::Query;

use crate::org::Org;

/// Messages saved under shortcuts.
#[derive(Debug, Clone, Copy)]
pub struct QuickReplies<'a>(pub(crate) &'a Org);

impl QuickReplies<'_> {
    /// Saves a message under a shortcut such as `/greeting`; its id.
    ///
    /// Fails with `quick_reply.invalid`, `quick_reply.exists` (shortcuts are compared without regard to case and accents),
    /// or `render.unknown_variable` for an attribute that is not defined, with its place.
    pub async fn create(&self, shortcut: &str, body: &Text) -> Result<QuickReplyId, Error> {
        let (shortcut, body) = (shortcut.to_owned(), body.clone());
        self.0
            .decide(Call::QuickRepliesCreate, move |set, ctx| {
                quick_replies::create(set, ctx, &shortcut, &body)
            })
            .await
    }

    /// The quick reply, which must be there.
    pub async fn get(&self, id: QuickReplyId) -> Result<QuickReply, Error> {
        self.0
            .look(Call::QuickRepliesGet, |set, ctx| quick_replies::get(set, ctx, id))
            .await
    }

    /// All quick replies, by the time they were created.
    pub async fn list(&self) -> Result<Vec<QuickReply>, Error> {
        self.all(Call::QuickRepliesList).await
    }

    /// Gives a quick reply another shortcut and body. Fails as [`create`](Self::create) does.
    pub async fn update(&self, id: QuickReplyId, shortcut: &str, body: &Text) -> Result<(), Error> {
        let (shortcut, body) = (shortcut.to_owned(), body.clone());
        self.0
            .decide(Call::QuickRepliesUpdate, move |set, ctx| {
                quick_replies::update(set, ctx, id, &shortcut, &body)
            })
            .await
    }

    /// Deletes a quick reply.
    pub async fn delete(&self, id: QuickReplyId) -> Result<(), Error> {
        self.0
            .decide(Call::QuickRepliesDelete, move |set, ctx| {
                quick_replies::delete(set, ctx, id)
            })
            .await
    }

    /// At most twenty to offer to somebody who typed this much, as in `/gre`: first those whose shortcut begins so, then
    /// those whose shortcut has it in any part, then those whose body has.
    pub async fn pick(&self, typed: &str) -> Result<Vec<QuickReply>, Error> {
        Ok(pick(self.all(Call::QuickRepliesPick).await?, typed))
    }

    /// A quick reply as a contact would get it from whom the organisation's handle acts for; `strict`: a variable without
    /// value or fallback is refused.
    ///
    /// Fails with `quick_reply.not_found`, `contact.not_found`, `render.missing_value`, and with `render.unknown_variable`
    /// if an attribute that it names was removed since.
    pub async fn render(
        &self,
        id: QuickReplyId,
        contact: ContactId,
        strict: bool,
    ) -> Result<Rendered, Error> {
        self.0
            .look(Call::QuickRepliesRender, |set, ctx| {
                quick_replies::render(set, ctx, id, contact, strict)
            })
            .await
    }

    async fn all(&self, call: Call) -> Result<Vec<QuickReply>, Error> {
        let query = Query::Records {
            org: Some(self.0.id),
            kind: RecordKind::QuickReply,
        };
        self.0.all(call, query).await
    }
}
