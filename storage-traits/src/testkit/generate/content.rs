//! What random messages say.

use serde_json::json;
use tertulia_core::inbound::Referral;
use tertulia_core::media::MediaKey;
use tertulia_core::message::{
    Buttons, Content, List, ListRow, ListSection, Location, Media, MediaKind, MediaSource, ReplyButton,
};
use tertulia_core::template::{FilledButton, FilledParameter, FilledTemplate, FilledValue};

use super::Generator;

impl Generator {
    /// Content of any kind.
    pub(super) fn content(&mut self) -> Content {
        match self.below(16) {
            0 => Content::Media(self.media()),
            1 => Content::Location(self.location()),
            2 => Content::Contacts {
                cards: self.some(2, Self::value),
            },
            3 => Content::ButtonReply {
                id: self.text(),
                title: self.text(),
            },
            4 => Content::ListReply {
                id: self.text(),
                title: self.text(),
                description: self.maybe(Self::text),
            },
            5 => Content::FormReply {
                name: self.text(),
                body: self.maybe(Self::text),
                response_json: self.text(),
            },
            6 => Content::Order {
                order: json!({ "items": [self.value()] }),
            },
            7 => Content::Buttons(Buttons {
                header: self.maybe(Self::text),
                body: self.text(),
                footer: self.maybe(Self::text),
                buttons: self.some(3, |make| ReplyButton {
                    id: make.text(),
                    title: make.text(),
                }),
            }),
            8 => Content::List(self.list()),
            9 => Content::Template {
                template: self.filled_template(),
                text: self.text(),
            },
            10 => Content::Reaction {
                target: self.text(),
                emoji: self.text(),
            },
            11 => Content::System {
                notice: self.text(),
                body: self.maybe(Self::text),
            },
            12 => Content::Unsupported {
                provider_type: self.text(),
                raw: self.value(),
            },
            _ => Content::text(self.text()),
        }
    }

    fn media(&mut self) -> Media {
        let source = match self.below(3) {
            0 => MediaSource::Id(self.text()),
            1 => MediaSource::Stored(MediaKey {
                org: self.org(),
                file: self.pooled(),
            }),
            _ => MediaSource::Link(self.text()),
        };
        let kind = self.one_of(&[MediaKind::Image, MediaKind::Audio, MediaKind::Document]);
        Media {
            mime_type: self.maybe(Self::text),
            caption: self.maybe(Self::text),
            voice: self.once_in(2),
            ..Media::new(kind, source)
        }
    }

    fn location(&mut self) -> Location {
        Location {
            latitude: -23.5,
            longitude: 46.25,
            name: self.maybe(Self::text),
            address: self.maybe(Self::text),
        }
    }

    fn list(&mut self) -> List {
        List {
            header: self.maybe(Self::text),
            body: self.text(),
            footer: self.maybe(Self::text),
            button: self.text(),
            sections: self.some(2, |make| ListSection {
                title: make.maybe(Self::text),
                rows: make.some(2, |make| ListRow {
                    id: make.text(),
                    title: make.text(),
                    description: make.maybe(Self::text),
                }),
            }),
        }
    }

    fn filled_template(&mut self) -> FilledTemplate {
        FilledTemplate {
            name: self.text(),
            language: self.language(),
            provider_id: self.maybe(Self::text),
            header: self.maybe(|make| FilledParameter {
                name: None,
                value: FilledValue::Media { media: make.media() },
            }),
            body: self.some(2, |make| FilledParameter {
                name: make.maybe(Self::text),
                value: FilledValue::Text { text: make.text() },
            }),
            buttons: self.some(1, |make| FilledButton {
                index: make.below(3),
                value: FilledValue::Payload { payload: make.text() },
            }),
            missing: Vec::new(),
        }
    }

    /// The ad that led to a message.
    pub(crate) fn referral(&mut self) -> Referral {
        Referral {
            source_url: self.maybe(Self::text),
            source_id: self.maybe(Self::text),
            source_type: Some("ad".to_owned()),
            headline: self.maybe(Self::text),
            body: None,
            media_type: None,
            media_url: None,
            ctwa_clid: self.maybe(Self::text),
        }
    }
}
