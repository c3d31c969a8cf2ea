//! Telephone numbers, read without a contact.

use tertulia_core::error::Error;
use tertulia_core::phone::Phone;
use tertulia_core::roles::Call;

use crate::org::Org;

/// Telephone numbers, read as contacts' numbers are.
#[derive(Debug, Clone, Copy)]
pub struct Phones<'a>(pub(crate) &'a Org);

impl Phones<'_> {
    /// Reads a number in any spelling, national ones by the organisation's default region. Fails with `phone.*`.
    pub async fn parse(&self, text: &str) -> Result<Phone, Error> {
        let runtime = &self.0.admitted(Call::PhonesParse).await?.runtime;
        let org = runtime.fresh_org(self.0.id).await?;
        Phone::parse(text, org.settings.default_region)
    }

    /// Reads the digits that WhatsApp names a number by: always internationally. Fails with `phone.*`.
    pub async fn parse_wa_id(&self, wa_id: &str) -> Result<Phone, Error> {
        let runtime = &self.0.admitted(Call::PhonesParseWaId).await?.runtime;
        // The organisation must be there, as for every call on one.
        runtime.fresh_org(self.0.id).await?;
        Phone::parse_wa_id(wa_id)
    }
}
