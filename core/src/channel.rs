//! The channels that a message can travel by.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};

/// A way to reach a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// WhatsApp, by the Cloud API or a reseller of it.
    #[serde(rename = "whatsapp")]
    WhatsApp,
    /// SMS and MMS.
    Sms,
    /// Instagram direct messages.
    Instagram,
    /// Facebook Messenger.
    Messenger,
    /// E-mail.
    Email,
}

impl Channel {
    /// All channels.
    pub const ALL: [Self; 5] = [
        Self::WhatsApp,
        Self::Sms,
        Self::Instagram,
        Self::Messenger,
        Self::Email,
    ];

    /// Whether a STOP is confirmed to the person by the carrier or the provider: then nobody else may.
    ///
    /// Source: Twilio and the carriers answer STOP words by themselves (Twilio help article 223134027).
    pub const fn confirms_stop(self) -> bool {
        matches!(self, Self::Sms)
    }

    /// The channel's name as stored and as bindings spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WhatsApp => "whatsapp",
            Self::Sms => "sms",
            Self::Instagram => "instagram",
            Self::Messenger => "messenger",
            Self::Email => "email",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Channel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|channel| channel.as_str() == text)
            .ok_or_else(|| {
                Error::new(
                    Code::ChannelUnknown,
                    format!("{text:?} is no channel; use whatsapp, sms, instagram, messenger or email"),
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::Channel;
    use crate::error::Code;

    #[test]
    fn a_channel_has_one_name_in_text_and_json() {
        for channel in Channel::ALL {
            assert_eq!(channel.to_string().parse::<Channel>().unwrap(), channel);
            assert_eq!(serde_json::to_string(&channel).unwrap(), format!("\"{channel}\""));
        }
    }

    #[test]
    fn an_unknown_channel_is_refused_by_its_name() {
        let refused = "fax".parse::<Channel>().unwrap_err();
        assert_eq!(refused.code(), Code::ChannelUnknown);
        assert!(refused.message().contains("\"fax\"") && refused.message().contains("whatsapp, sms"));
    }
}
