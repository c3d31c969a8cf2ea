//! Conversations and messages.

use tertulia::core::ids::{AgentId, ContactId, ConversationId, MessageId};
use tertulia::core::message::Media;
use tertulia::core::render::Text;
use tertulia::storage::Cursor;
use tertulia::{
    ConversationAction, ConversationCounts, ConversationFilter, ConversationSelection, Handler, InboxReport,
    InboxWatch, LabelCount, NewContact, NewMedia, Org, SendRequest, StoredFile,
};

use crate::areas::imports::Source;
use crate::method::area;
use crate::views::{Conversation, Message, Rendered, StartedConversation};
use crate::wire::{Page, PageRequest, encode};

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

        /// Tells the platform that a contact's message was read; if it is the last one, its conversation is read.
        fn mark_read(id: MessageId) -> () {
            org.inbox().mark_read(id).await
        }

        /// The conversation, which must be there. Fails with `conversation.not_found`.
        fn get(id: ConversationId) -> Conversation {
            org.inbox().get(id).await.map(Conversation::from)
        }

        /// The conversations that fit a filter, by last activity, the longest silent first; read backwards, the latest
        /// first. Whatever is written meanwhile, no call fails, and no conversation is met twice on the way backwards.
        ///
        /// Fails with `contact.not_found`, or `cursor.invalid` for a place in another list.
        fn list(filter: Option<ConversationFilter>, page: Option<PageRequest>) -> Page<Conversation> {
            let page = page.unwrap_or_default().into();
            org.inbox().list(&filter.unwrap_or_default(), &page).await.map(Page::from)
        }

        /// How many conversations fit a filter: in all, by where they stand, and of each how many wait to be read.
        ///
        /// Fails with `contact.not_found`.
        fn counts(filter: Option<ConversationFilter>) -> ConversationCounts {
            org.inbox().counts(&filter.unwrap_or_default()).await
        }

        /// Makes a conversation that of a member of the team, or of nobody; gives it as it is then.
        ///
        /// Fails with `conversation.not_found`, `member.not_found` or `member.inactive`.
        fn assign(id: ConversationId, assignee: Option<AgentId>) -> Conversation {
            org.inbox().assign(id, assignee).await.map(Conversation::from)
        }

        /// Gives a conversation to a bot or an AI of the host; gives it as it is then. It stands so until somebody takes
        /// it over.
        ///
        /// Fails with `conversation.not_found` or `handler.invalid`.
        fn set_handler(id: ConversationId, handler: Handler) -> Conversation {
            org.inbox().set_handler(id, handler).await.map(Conversation::from)
        }

        /// Takes a conversation over from its bot or AI: for this member of the team, or for whoever it is assigned to;
        /// gives it as it is then.
        ///
        /// Fails with `conversation.not_found`, `member.not_found` or `member.inactive`.
        fn hand_over(id: ConversationId, to: Option<AgentId>) -> Conversation {
            org.inbox().hand_over(id, to).await.map(Conversation::from)
        }

        /// Closes a conversation; gives it as it is then. A message of the contact that is later, by the platform's time,
        /// opens it again, or opens a new one, as the setting `reopening` says. One of the same second is not later.
        /// Where the setting `csat` says so, the contact is asked how satisfied they are, at most once in 24 hours.
        ///
        /// Fails with `conversation.not_found`.
        fn resolve(id: ConversationId) -> Conversation {
            org.inbox().resolve(id).await.map(Conversation::from)
        }

        /// Opens a conversation again; gives it as it is then. It is nobody's if it was that of somebody who left.
        ///
        /// Fails with `conversation.not_found`, or with `conversation.superseded` where the contact goes on in another
        /// one.
        fn reopen(id: ConversationId) -> Conversation {
            org.inbox().reopen(id).await.map(Conversation::from)
        }

        /// Marks that all that came in so far was read; gives the conversation as it is then. The platform is not told:
        /// see `mark_read`.
        ///
        /// Fails with `conversation.not_found`.
        fn read(id: ConversationId) -> Conversation {
            org.inbox().read(id).await.map(Conversation::from)
        }

        /// Marks a conversation as unread; gives it as it is then. Fails with `conversation.not_found`.
        fn unread(id: ConversationId) -> Conversation {
            org.inbox().unread(id).await.map(Conversation::from)
        }

        /// Stars a conversation, or takes the star away; gives it as it is then. Fails with `conversation.not_found`.
        fn star(id: ConversationId, starred: bool) -> Conversation {
            org.inbox().star(id, starred).await.map(Conversation::from)
        }

        /// Hides a conversation until the contact writes again, or brings it back; gives it as it is then.
        ///
        /// Fails with `conversation.not_found`.
        fn archive(id: ConversationId, archived: bool) -> Conversation {
            org.inbox().archive(id, archived).await.map(Conversation::from)
        }

        /// Adds labels to a conversation, compared without regard to case and accents and shown as first written; how
        /// many were new.
        ///
        /// Fails with `conversation.not_found` or `label.invalid`.
        fn label(id: ConversationId, labels: Vec<String>) -> usize {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            org.inbox().label(id, &labels).await
        }

        /// Takes labels off a conversation; how many it had. Fails with `conversation.not_found` or `label.invalid`.
        fn unlabel(id: ConversationId, labels: Vec<String>) -> usize {
            let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
            org.inbox().unlabel(id, &labels).await
        }

        /// All labels that were ever given, with how many conversations have each.
        fn labels() -> Vec<LabelCount> {
            org.inbox().labels().await
        }

        /// Does one thing with many conversations, by the rules of the calls for one: what they refuse is refused,
        /// counted and listed. Some 2,000 are one commit. What was done stays done after a cancellation, and the report
        /// says where to go on, given as `after`; done again, it changes nothing twice.
        ///
        /// Fails with `label.invalid`, `contact.not_found` (one that the filter names), or `cursor.invalid` for a place
        /// in another selection.
        fn bulk(
            selection: ConversationSelection,
            action: ConversationAction,
            after: Option<String>;
            watch: InboxReport
        ) -> InboxReport {
            let (mut tell, told) = watch.teller();
            let bulk = InboxWatch {
                after: after.map(Cursor),
                progress: Some(Box::new(move |report: &InboxReport| {
                    if let Ok(report) = encode(report) {
                        tell(report);
                    }
                })),
                cancel: watch.cancel.map(|cancel| cancel.token()),
            };
            let report = org.inbox().bulk(&selection, &action, bulk).await;
            told.await;
            report
        }
    }
}
