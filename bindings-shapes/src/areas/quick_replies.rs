//! Messages saved under shortcuts.

use tertulia::core::ids::{ContactId, QuickReplyId};
use tertulia::core::render::Text;
use tertulia::{Org, QuickReply};

use crate::method::area;
use crate::views::Rendered;

area! {
    /// Messages saved under shortcuts.
    quick_replies(org: Org) {
        /// Saves a message under a shortcut such as `/greeting`; its id.
        ///
        /// Fails with `quick_reply.invalid`, `quick_reply.exists` (shortcuts are compared without regard to case and
        /// accents), or `render.unknown_variable` for an attribute that is not defined, with its place.
        fn create(shortcut: String, body: Text) -> QuickReplyId {
            org.quick_replies().create(&shortcut, &body).await
        }

        /// The quick reply, which must be there.
        fn get(id: QuickReplyId) -> QuickReply {
            org.quick_replies().get(id).await
        }

        /// All quick replies, by the time they were created.
        fn list() -> Vec<QuickReply> {
            org.quick_replies().list().await
        }

        /// Gives a quick reply another shortcut and body. Fails as `create` does.
        fn update(id: QuickReplyId, shortcut: String, body: Text) -> () {
            org.quick_replies().update(id, &shortcut, &body).await
        }

        /// Deletes a quick reply.
        fn delete(id: QuickReplyId) -> () {
            org.quick_replies().delete(id).await
        }

        /// At most twenty to offer to somebody who typed this much, as in `/gre`: first those whose shortcut begins so,
        /// then those whose shortcut has it in any part, then those whose body has.
        fn pick(typed: String) -> Vec<QuickReply> {
            org.quick_replies().pick(&typed).await
        }

        /// A quick reply as a contact would get it from whoever asks; `strict`: a variable without value or fallback is
        /// refused.
        fn render(id: QuickReplyId, contact: ContactId, strict: bool) -> Rendered {
            org.quick_replies().render(id, contact, strict).await.map(Rendered::from)
        }
    }
}
