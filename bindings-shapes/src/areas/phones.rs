//! Telephone numbers, read without a contact.

use schemars::JsonSchema;
use serde::Serialize;
use tertulia::Org;
use tertulia::core::phone::Phone as Number;

use crate::method::area;

/// A telephone number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Phone {
    /// The number in E.164, as it is stored.
    e164: String,
    /// Its digits: what WhatsApp calls it, unless the platform told another spelling.
    wa_id: String,
    /// ISO 3166 code of its region, where it has one.
    region: Option<String>,
    /// Whether it is in a range that its country has assigned; one that is not is kept and flagged.
    assigned: bool,
    /// The spellings of its digits that WhatsApp treats as this number.
    variants: Vec<String>,
}

impl From<Number> for Phone {
    fn from(number: Number) -> Self {
        Self {
            e164: number.as_str().to_owned(),
            wa_id: number.wa_id().to_owned(),
            region: number.region().map(|region| region.as_str().to_owned()),
            assigned: number.is_assigned(),
            variants: number.variants(),
        }
    }
}

area! {
    /// Telephone numbers, read as contacts' numbers are.
    phones(org: Org) {
        /// Reads a number in any spelling, national ones by the organisation's default region. Fails with `phone.*`.
        fn parse(text: String) -> Phone {
            org.phones().parse(&text).await.map(Phone::from)
        }

        /// Reads the digits that WhatsApp names a number by: always internationally. Fails with `phone.*`.
        fn parse_wa_id(wa_id: String) -> Phone {
            org.phones().parse_wa_id(&wa_id).await.map(Phone::from)
        }
    }
}
