//! What a message holds, and how far it got.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::media::MediaKey;
use crate::retry::Failure;
use crate::template::FilledTemplate;

/// What a message says. One type for messages in and out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content {
    /// Plain text.
    Text {
        /// The text, at most 4,096 characters on WhatsApp.
        body: String,
    },
    /// An image, video, document, voice note, audio file or sticker.
    Media(Media),
    /// A place.
    Location(Location),
    /// Address-book cards, as the provider sent them (platform-specific objects).
    Contacts {
        /// One object a card.
        cards: Vec<Value>,
    },
    /// A tap on a reply button, of a template or of an interactive message.
    ButtonReply {
        /// The button's id or payload.
        id: String,
        /// The button's text.
        title: String,
    },
    /// A choice from a list.
    ListReply {
        /// The row's id.
        id: String,
        /// The row's title.
        title: String,
        /// The row's description.
        description: Option<String>,
    },
    /// A filled form (WhatsApp Flow) or address message.
    FormReply {
        /// `flow` or `address_message`.
        name: String,
        /// The text shown for the reply.
        body: Option<String>,
        /// The provider's JSON string, unparsed: it may be no object, or no JSON.
        response_json: String,
    },
    /// An order from a catalogue, as the provider sent it.
    Order {
        /// The provider's `order` object.
        order: Value,
    },
    /// Outgoing reply buttons: at most three.
    Buttons(Buttons),
    /// An outgoing list: at most ten rows in all.
    List(List),
    /// An outgoing provider template, filled for one person.
    Template {
        /// What goes over the wire.
        template: FilledTemplate,
        /// The body as the recipient sees it.
        text: String,
    },
    /// An outgoing reaction to a message; an empty emoji takes the reaction back.
    Reaction {
        /// The provider's id of the message reacted to.
        target: String,
        /// The emoji, or empty.
        emoji: String,
    },
    /// A provider's notice inside the thread, such as a changed security code.
    System {
        /// The provider's name for the notice.
        notice: String,
        /// The provider's words.
        body: Option<String>,
    },
    /// A message that the provider could not pass on, or of a type this library does not know: kept raw.
    Unsupported {
        /// The provider's name for the type.
        provider_type: String,
        /// The provider's object, untouched.
        raw: Value,
    },
}

/// The coarse kind of a message: what the window's rules are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContentKind {
    /// Plain text.
    Text,
    /// An image.
    Image,
    /// A video.
    Video,
    /// A document.
    Document,
    /// Audio.
    Audio,
    /// A sticker.
    Sticker,
    /// A place.
    Location,
    /// Address-book cards.
    Contacts,
    /// Buttons or a list.
    Interactive,
    /// A provider template: the only kind that may go outside the window.
    Template,
    /// A reaction.
    Reaction,
    /// A reply to something interactive, an order or a form: inbound only.
    Reply,
    /// A provider's notice: inbound only.
    System,
    /// Not understood: inbound only.
    Unsupported,
}

impl Content {
    /// Plain text.
    pub fn text(body: impl Into<String>) -> Self {
        Self::Text { body: body.into() }
    }

    /// The coarse kind.
    pub const fn kind(&self) -> ContentKind {
        match self {
            Self::Text { .. } => ContentKind::Text,
            Self::Media(media) => match media.kind {
                MediaKind::Image => ContentKind::Image,
                MediaKind::Video => ContentKind::Video,
                MediaKind::Audio => ContentKind::Audio,
                MediaKind::Document => ContentKind::Document,
                MediaKind::Sticker => ContentKind::Sticker,
            },
            Self::Location(_) => ContentKind::Location,
            Self::Contacts { .. } => ContentKind::Contacts,
            Self::ButtonReply { .. }
            | Self::ListReply { .. }
            | Self::FormReply { .. }
            | Self::Order { .. } => ContentKind::Reply,
            Self::Buttons(_) | Self::List(_) => ContentKind::Interactive,
            Self::Template { .. } => ContentKind::Template,
            Self::Reaction { .. } => ContentKind::Reaction,
            Self::System { .. } => ContentKind::System,
            Self::Unsupported { .. } => ContentKind::Unsupported,
        }
    }

    /// The words that rules and keywords look at: text, caption, or the title of the button or row chosen.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Text { body } => Some(body),
            Self::Media(media) => media.caption.as_deref(),
            Self::ButtonReply { title, .. } | Self::ListReply { title, .. } => Some(title),
            Self::Template { text, .. } => Some(text),
            Self::Buttons(buttons) => Some(&buttons.body),
            Self::List(list) => Some(&list.body),
            _ => None,
        }
    }
}

/// The kind of a media file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// An image.
    Image,
    /// A video.
    Video,
    /// Audio or a voice note.
    Audio,
    /// A document.
    Document,
    /// A sticker.
    Sticker,
}

/// A media file, by the provider's id or by link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// Where it is.
    pub source: MediaSource,
    /// The media type, as in `image/jpeg`.
    pub mime_type: Option<String>,
    /// The provider's SHA-256 of the file, as it spelled it.
    pub sha256: Option<String>,
    /// The caption; images, videos and documents only.
    pub caption: Option<String>,
    /// The file's name; documents only.
    pub filename: Option<String>,
    /// Whether it is a voice note.
    #[serde(default)]
    pub voice: bool,
}

impl Media {
    /// Media of this kind from there, with nothing else known.
    pub const fn new(kind: MediaKind, source: MediaSource) -> Self {
        Self {
            kind,
            source,
            mime_type: None,
            sha256: None,
            caption: None,
            filename: None,
            voice: false,
        }
    }
}

/// Where a media file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaSource {
    /// The provider's id; on WhatsApp good for 7 days (inbound) or 30 days (uploaded).
    Id(String),
    /// A public link.
    Link(String),
    /// A file in the media store, by its key: it is uploaded when the message is sent. Transports never see this.
    Stored(MediaKey),
}

/// A place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// The place's name.
    pub name: Option<String>,
    /// The place's address.
    pub address: Option<String>,
}

/// Outgoing reply buttons (WhatsApp: 1 to 3, id at most 256 and title at most 20 characters).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ButtonsMessage")]
pub struct Buttons {
    /// Text above the body.
    pub header: Option<String>,
    /// The message itself, at most 1,024 characters.
    pub body: String,
    /// Small text below, at most 60 characters.
    pub footer: Option<String>,
    /// The buttons.
    pub buttons: Vec<ReplyButton>,
}

/// One reply button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReplyButton {
    /// What comes back when it is tapped.
    pub id: String,
    /// What it shows.
    pub title: String,
}

/// An outgoing list (WhatsApp: at most 10 sections and 10 rows in all).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ListMessage")]
pub struct List {
    /// Text above the body, at most 60 characters.
    pub header: Option<String>,
    /// The message itself, at most 1,024 characters.
    pub body: String,
    /// Small text below, at most 60 characters.
    pub footer: Option<String>,
    /// The text of the button that opens the list, at most 20 characters.
    pub button: String,
    /// The sections.
    pub sections: Vec<ListSection>,
}

/// A section of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListSection {
    /// The heading, at most 24 characters; needed when there are several sections.
    pub title: Option<String>,
    /// The rows.
    pub rows: Vec<ListRow>,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListRow {
    /// What comes back when it is chosen, at most 200 characters.
    pub id: String,
    /// What it shows, at most 24 characters.
    pub title: String,
    /// A line below, at most 72 characters.
    pub description: Option<String>,
}

/// How far an outgoing message got, as one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Committed, not answered for yet.
    Queued,
    /// Accepted, and held by the platform for a quality check.
    Held,
    /// Accepted by the platform.
    Accepted,
    /// Left the platform.
    Sent,
    /// Reached the device.
    Delivered,
    /// Opened.
    Read,
    /// Will not arrive.
    Failed,
}

/// The evidence about one outgoing message: a join, the same whatever order it came in.
///
/// Each time is the earliest the provider named. Delivery evidence beats failure; `read` implies `delivered`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// The platform answered that it took the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<DateTime<Utc>>,
    /// The platform holds the message for a quality check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<DateTime<Utc>>,
    /// It left the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<DateTime<Utc>>,
    /// It reached the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<DateTime<Utc>>,
    /// It was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<DateTime<Utc>>,
    /// It failed, at that time, for that reason; of several the earliest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<(DateTime<Utc>, Failure)>,
    /// Statuses that this library has no word for, with their earliest time.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other: BTreeMap<String, DateTime<Utc>>,
}

impl Delivery {
    /// Adds one piece of evidence.
    pub fn observe(&mut self, status: &StatusKind, at: DateTime<Utc>) {
        match status {
            StatusKind::Accepted => earliest(&mut self.accepted, at),
            StatusKind::Held => earliest(&mut self.held, at),
            StatusKind::Sent => earliest(&mut self.sent, at),
            StatusKind::Delivered => earliest(&mut self.delivered, at),
            StatusKind::Read => earliest(&mut self.read, at),
            StatusKind::Failed(failure) => {
                let new = (at, failure.clone());
                if self.failed.as_ref().is_none_or(|old| new < *old) {
                    self.failed = Some(new);
                }
            }
            StatusKind::Other(name) => {
                let slot = self.other.entry(name.clone()).or_insert(at);
                *slot = at.min(*slot);
            }
        }
    }

    /// How far the message got, by all evidence.
    pub const fn status(&self) -> DeliveryStatus {
        if self.read.is_some() {
            DeliveryStatus::Read
        } else if self.delivered.is_some() {
            DeliveryStatus::Delivered
        } else if self.failed.is_some() {
            DeliveryStatus::Failed
        } else if self.sent.is_some() {
            DeliveryStatus::Sent
        } else if self.held.is_some() {
            DeliveryStatus::Held
        } else if self.accepted.is_some() {
            DeliveryStatus::Accepted
        } else {
            DeliveryStatus::Queued
        }
    }
}

fn earliest(slot: &mut Option<DateTime<Utc>>, at: DateTime<Utc>) {
    *slot = Some(slot.map_or(at, |old| old.min(at)));
}

/// What a platform says became of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusKind {
    /// Taken.
    Accepted,
    /// Taken, and held for a quality check.
    Held,
    /// Left the platform.
    Sent,
    /// Reached the device.
    Delivered,
    /// Opened (or, a voice note, played).
    Read,
    /// Will not arrive.
    Failed(Failure),
    /// A word this library does not know: kept.
    Other(String),
}

#[cfg(test)]
mod tests;
