//! Conversations and messages.

use tertulia::core::ids::{ContactId, ConversationId, MessageId};
use tertulia::core::message::Media;
use tertulia::core::render::Text;
use tertulia::{NewContact, NewMedia, Org, SendRequest, StoredFile};

use crate::areas::imports::Source;
use crate::method::area;
use crate::views::{Conversation, Message, Rendered, StartedConversation};
use crate::wire::{Page, PageRequest};

area! {
    /// Conversations and messages.
    inbox(org: Org) {
        /// Sends a message now, and returns it as the platform took it.
        ///
        /// Passes the gate first: refused with the gravest rule (`contact.blocked`, `consent.opted_out`,
        /// `window.closed`, `cap.reached`, …), and nothing changed. Fails with `send.refused` or `send.not_sent` if the
        /// platform said no or was not reached, and with `send.unknown` if its answer was lost: then the message may or
        /// may not arrive, and its status tells.
        fn send(request: SendRequest) -> Message {
            org.inbox().send(request).await.map(Message::from)
        }

        /// Begins a conversation with somebody: with the contact that has any of the addresses, which gets what it lacks,
        /// or with one that is created for it. Gives back the contact, and its open conversation if there is one.
        ///
        /// Fails with what `contacts.create` fails with, `contact.limit` and `consent.opted_out` among it, and with
        /// `contact.blocked`.
        fn start(new: NewContact) -> StartedConversation {
            let (contact, conversation) = org.inbox().start(new).await?;
            Ok(StartedConversation {
                contact: contact.into(),
                conversation: conversation.into(),
            })
        }

        /// Sends text to a contact, by the sender that they last wrote to.
        fn send_text(contact: ContactId, text: String) -> Message {
            org.inbox().send_text(contact, text).await.map(Message::from)
        }

        /// A text with variables, as a contact would get it; `strict`: a variable without value or fallback is refused.
        fn render(contact: ContactId, text: Text, strict: bool) -> Rendered {
            org.inbox().render(contact, &text, strict).await.map(Rendered::from)
        }

        /// A message's file, in the media store: downloaded from the platform the first time, found there from then on. It
        /// is kept only if it has the size and the hash that the platform told.
        ///
        /// Platforms forget files (WhatsApp after 7 days): fetch what is to be kept as it comes. Fails with
        /// `message.not_found`, `media.not_found` if the message has no file, `media.no_store`, `media.gone`,
        /// `media.corrupt`, `media.io`, `credential.missing` or `transport.*`.
        fn fetch_media(message: MessageId) -> StoredFile {
            org.inbox().fetch_media(message).await
        }

        /// Stores a file to be sent: what a message's content takes as its media, as often as one likes. It is uploaded to
        /// the platform with each message; the host removes it from the store when it is of no use any more. Fails with
        /// `media.no_store` or `media.io`.
        fn upload(file: NewMedia, source: Source) -> Media {
            org.inbox().upload(file, source.media().await?).await
        }

        /// The message, which must be there.
        fn message(id: MessageId) -> Message {
            org.inbox().message(id).await.map(Message::from)
        }

        /// The messages of a conversation, by time.
        fn messages(conversation: ConversationId, page: Option<PageRequest>) -> Page<Message> {
            let page = page.unwrap_or_default().into();
            org.inbox().messages(conversation, &page).await.map(Page::from)
        }

        /// The conversations, of one contact or of all, by last activity.
        fn conversations(contact: Option<ContactId>, page: Option<PageRequest>) -> Page<Conversation> {
            let page = page.unwrap_or_default().into();
            org.inbox().conversations(contact, &page).await.map(Page::from)
        }

        /// Tells the platform that a contact's message was read.
        fn mark_read(id: MessageId) -> () {
            org.inbox().mark_read(id).await
        }
    }
}
