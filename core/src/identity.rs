//! Addresses: under what a person can be reached, and the key under which two spellings meet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::phone;

/// The kind of an address. A phone serves WhatsApp and SMS alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddressKind {
    /// A telephone number, or the `wa_id` that WhatsApp derives from one.
    Phone,
    /// A business-scoped WhatsApp user id (BSUID), as in `US.13491208655302741918`.
    #[serde(rename = "whatsapp_id")]
    WhatsAppId,
    /// An Instagram-scoped id.
    InstagramId,
    /// A page-scoped Facebook id.
    FacebookId,
    /// An e-mail address.
    Email,
}

impl AddressKind {
    /// The kind's name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::WhatsAppId => "whatsapp_id",
            Self::InstagramId => "instagram_id",
            Self::FacebookId => "facebook_id",
            Self::Email => "email",
        }
    }

    /// Whether an address of this kind can be messaged over this channel.
    pub const fn reaches(self, channel: Channel) -> bool {
        matches!(
            (self, channel),
            (Self::Phone, Channel::WhatsApp | Channel::Sms)
                | (Self::WhatsAppId, Channel::WhatsApp)
                | (Self::InstagramId, Channel::Instagram)
                | (Self::FacebookId, Channel::Messenger)
                | (Self::Email, Channel::Email)
        )
    }
}

/// An address as its provider, file or caller spelled it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// What kind of address it is.
    pub kind: AddressKind,
    /// The spelling: E.164 for a stored phone, the provider's own digits for one it sent.
    pub value: String,
}

impl Address {
    /// An address of this kind, spelled so.
    pub fn new(kind: AddressKind, value: impl Into<String>) -> Self {
        Self {
            kind,
            value: value.into(),
        }
    }

    /// The key under which all spellings of one address meet; unique per organisation and kind.
    ///
    /// Phones follow [`phone::match_key_of_wa_id`]; e-mail addresses are compared without case; ids as they are.
    pub fn match_key(&self) -> String {
        match self.kind {
            AddressKind::Phone => phone::match_key_of_wa_id(&self.value),
            AddressKind::Email => self.value.trim().to_lowercase(),
            AddressKind::WhatsAppId | AddressKind::InstagramId | AddressKind::FacebookId => {
                self.value.trim().to_owned()
            }
        }
    }
}
