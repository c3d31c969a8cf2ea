//! Telephone numbers: reading what people and platforms write, and knowing which spellings are one number.
//!
//! The numbering plans come from libphonenumber's metadata. On top of it stand this project's own rules:
//! what text counts as a number at all, how bare digits are read, and the spellings that WhatsApp mixes.

mod clean;
mod region;
mod scoped;
mod variants;

use std::fmt;

use rlibphonenumber::{NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, ValidationError};
use serde::{Deserialize, Serialize};

pub use region::Region;
pub use scoped::{BusinessScopedId, is_business_scoped_id, normalise_username};
pub use variants::{likely_key, match_key_of_wa_id, variants_of_wa_id};

use crate::error::{Code, Error};
use clean::Cleaned;

/// E.164 allows no more digits than this, country code included.
const MAX_DIGITS: usize = 15;

/// A telephone number in E.164, as in `+919876543210`.
///
/// Two `Phone`s are equal when their E.164 texts are; whether WhatsApp takes them for one number is for
/// [`Phone::match_key`] to say. The serde form is the plain E.164 text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Phone {
    e164: String,
    // A function of `e164`, kept because finding it out is most of the cost of reading a number.
    assigned: bool,
}

impl Phone {
    /// Reads a number that a person typed, pasted or exported.
    ///
    /// Accepted around and between the digits: spaces, dashes, dots and brackets, also in their Unicode forms;
    /// digits of any script; the invisible direction marks that address books put around numbers; a leading
    /// `tel:`; and the `.0` that a spreadsheet leaves behind when it took the digits for a number. Everything
    /// else, extensions such as `ext. 5` included, is refused.
    ///
    /// With a leading `+` the number is international, whatever the default region. Without it:
    ///
    /// | national reading in the default region | international reading | outcome |
    /// |---|---|---|
    /// | assigned | any | national |
    /// | possible | impossible, or not how the digits are grouped | national, flagged |
    /// | possible | assigned | international |
    /// | possible | possible, and the same number | that number, flagged |
    /// | possible | possible, and another number | refused as ambiguous |
    /// | impossible | assigned or possible | international, flagged unless assigned |
    /// | impossible | impossible | refused, for the national reading's reason |
    ///
    /// The national reading knows the region's trunk prefix, its international prefix (`011` in the US) and its
    /// own country code without `+`. The international reading takes the digits as country code and number. Digits
    /// in groups are not international when the first group is no country code: `(555) 123-4567` is not Brazil's
    /// 55. A leading `00` says that they are international; only an assigned national number overrules it. With no
    /// default region there is only the international reading.
    ///
    /// "Flagged" means that [`Phone::is_assigned`] is false. A Mexican number with the `1` that mobiles had until
    /// 2019 (`+52 1 55 …`) is read without it.
    ///
    /// # Errors
    ///
    /// [`Code::PhoneEmpty`], [`Code::PhoneLetters`], [`Code::PhoneScientific`], [`Code::PhoneTooShort`] (a number
    /// without its area code too), [`Code::PhoneTooLong`] (more than E.164's 15 digits too),
    /// [`Code::PhoneUnknownCountry`], [`Code::PhoneImpossible`], [`Code::PhoneAmbiguous`].
    pub fn parse(text: &str, default_region: Option<Region>) -> Result<Self, Error> {
        let refuse = |refusal: Refusal| refusal.of(text);
        let Cleaned {
            digits,
            first_group,
            plus,
        } = clean::clean(text).map_err(refuse)?;
        if plus {
            return international(&digits).map_err(refuse);
        }
        let after_zeros = digits.strip_prefix("00");
        let abroad = || international(after_zeros.unwrap_or(&digits));
        let Some(region) = default_region else {
            return abroad().map_err(refuse);
        };
        let home = match national(&digits, region) {
            Ok(phone) if phone.assigned => return Ok(phone),
            home => home,
        };
        let grouped_abroad = |phone: &Self| {
            first_group == digits.len() || Some(first_group) == country_code_length(phone.wa_id())
        };
        match (home, abroad()) {
            (Err(refusal), Err(_)) => Err(refuse(refusal)),
            (Ok(phone), Err(_)) | (Err(_), Ok(phone)) => Ok(phone),
            (Ok(_), Ok(abroad)) if after_zeros.is_some() => Ok(abroad),
            (Ok(home), Ok(abroad)) if home == abroad || !grouped_abroad(&abroad) => Ok(home),
            (Ok(_), Ok(abroad)) if abroad.assigned => Ok(abroad),
            (Ok(home), Ok(abroad)) => Err(Error::new(
                Code::PhoneAmbiguous,
                format!(
                    "{} could be {home} (in {region}) or {abroad}; write the one that is meant with its +",
                    clean::shown(text)
                ),
            )),
        }
    }

    /// Reads a `wa_id`: ASCII digits that begin with the country code, with or without `+`.
    ///
    /// Always international. It is stricter than [`Phone::parse`], as what is not bare digits here is not a
    /// number but another kind of identifier. An address that a provider sent must be kept even when this refuses
    /// it: see [`match_key_of_wa_id`].
    ///
    /// # Errors
    ///
    /// As [`Phone::parse`], never [`Code::PhoneAmbiguous`].
    pub fn parse_wa_id(wa_id: &str) -> Result<Self, Error> {
        let digits = wa_id.trim();
        let digits = digits.strip_prefix('+').unwrap_or(digits);
        let read = if digits.is_empty() {
            Err(Refusal::EMPTY)
        } else if !digits.bytes().all(|b| b.is_ascii_digit()) {
            Err(Refusal::new(Code::PhoneLetters, "a wa_id has digits only"))
        } else if digits.len() > MAX_DIGITS {
            Err(Refusal::TOO_LONG)
        } else {
            international(digits)
        };
        read.map_err(|refusal| refusal.of(wa_id))
    }

    /// Reads back what [`Phone::as_str`] gave, without judging it again: numbering plans change, and a number that
    /// was once accepted stays readable. [`Phone::is_assigned`] answers by today's plans.
    ///
    /// # Errors
    ///
    /// [`Code::PhoneImpossible`] when the text is not `+` and 2 to 15 digits, the first not 0.
    pub fn from_e164(text: &str) -> Result<Self, Error> {
        Self::try_from(text.to_owned())
    }

    /// The number in E.164: `+` and digits.
    pub fn as_str(&self) -> &str {
        &self.e164
    }

    /// The number as WhatsApp writes it: E.164's digits.
    ///
    /// The platform may know the person under another spelling of it; answer to the address it sent.
    pub fn wa_id(&self) -> &str {
        self.e164.trim_start_matches('+')
    }

    /// Whether the number lies in a range that its country has assigned. A number outside them is possible, and
    /// kept, but probably mistyped. A Brazilian mobile without its 9 counts as the mobile that it stands for.
    pub fn is_assigned(&self) -> bool {
        self.assigned
    }

    /// The region that the number belongs to. None for numbers of no country (`+800 …`), and where several
    /// regions share a country code and the number is in no assigned range.
    pub fn region(&self) -> Option<Region> {
        let number = literal(self.wa_id())?;
        Region::from_library(number.get_region_code()?)
    }

    /// The text under which the spellings meet that WhatsApp treats as one number: the digits, Mexican numbers
    /// without the 1, Brazilian mobiles with the 9, everything else (Argentina too) as it is.
    ///
    /// It is for comparing; it is no address to send to.
    pub fn match_key(&self) -> String {
        variants::key_of_digits(self.wa_id()).into_owned()
    }

    /// The `wa_id` spellings to look for when searching for this number: see [`variants_of_wa_id`].
    pub fn variants(&self) -> Vec<String> {
        variants_of_wa_id(self.wa_id())
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.e164)
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.e164
    }
}

impl TryFrom<String> for Phone {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let formed = (2..=MAX_DIGITS).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        if !formed {
            return Err(Refusal::new(Code::PhoneImpossible, "E.164 is + and 2 to 15 digits").of(&text));
        }
        let assigned = is_assigned(digits);
        Ok(Self { e164: text, assigned })
    }
}

/// Why a text is no number. It becomes an [`Error`] only once it is sure that no other reading is better.
struct Refusal {
    code: Code,
    why: &'static str,
}

impl Refusal {
    const EMPTY: Self = Self::new(Code::PhoneEmpty, "it has no digits");
    const TOO_SHORT: Self = Self::new(Code::PhoneTooShort, "it has too few digits for its country");
    const TOO_LONG: Self = Self::new(Code::PhoneTooLong, "it has too many digits for its country");
    const UNKNOWN_COUNTRY: Self = Self::new(
        Code::PhoneUnknownCountry,
        "it begins with no country's calling code; write it with its country code, or set a default region",
    );

    const fn new(code: Code, why: &'static str) -> Self {
        Self { code, why }
    }

    fn of(self, text: &str) -> Error {
        let shown = clean::shown(text);
        Error::new(
            self.code,
            format!("{shown} is not a telephone number: {}", self.why),
        )
    }
}

impl From<ParseError> for Refusal {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::InvalidCountryCode => Self::UNKNOWN_COUNTRY,
            ParseError::TooLongNsn => Self::TOO_LONG,
            // Only digits are ever passed on: "not a number" can only mean that there are fewer than two.
            ParseError::TooShortNsn | ParseError::TooShortAfterIdd | ParseError::NotANumber(_) => {
                Self::TOO_SHORT
            }
        }
    }
}

/// The digits as country code and number.
fn international(digits: &str) -> Result<Phone, Refusal> {
    let digits = variants::without_mexican_one(digits);
    // The way of most numbers, and a shorter one. An assigned number has no trunk prefix left to drop.
    if digits.len() <= MAX_DIGITS && is_assigned(&digits) {
        return Ok(Phone {
            e164: format!("+{digits}"),
            assigned: true,
        });
    }
    settle(&PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None)?)
}

/// The digits as somebody in the region would dial them.
fn national(digits: &str, region: Region) -> Result<Phone, Refusal> {
    settle(&PHONE_NUMBER_UTIL.parse(digits, Some(region.to_library()))?)
}

/// Judges what the library read. Its parser drops one trunk prefix at a time, so that its own output may read
/// differently when read again; what is accepted here is stable.
fn settle(number: &PhoneNumber) -> Result<Phone, Refusal> {
    let e164 = number.to_string();
    let digits = e164.trim_start_matches('+');
    if variants::without_mexican_one(digits) != digits {
        return international(digits);
    }
    match number.is_possible_with_reason() {
        Ok(NumberLengthType::IsPossible) => {}
        Ok(NumberLengthType::IsPossibleLocalOnly) => {
            return Err(Refusal::new(Code::PhoneTooShort, "it lacks its area code"));
        }
        Err(ValidationError::TooShort) => return Err(Refusal::TOO_SHORT),
        Err(ValidationError::TooLong) => return Err(Refusal::TOO_LONG),
        Err(ValidationError::InvalidCountryCode) => return Err(Refusal::UNKNOWN_COUNTRY),
        Err(ValidationError::InvalidLength) => {
            let why = "its country has shorter and longer numbers, but none with as many digits";
            return Err(Refusal::new(Code::PhoneImpossible, why));
        }
    }
    if digits.len() > MAX_DIGITS {
        return Err(Refusal::TOO_LONG);
    }
    let assigned = is_assigned(digits);
    if !assigned {
        let again = PHONE_NUMBER_UTIL.parse(&e164, None)?;
        if again != *number {
            return settle(&again);
        }
    }
    Ok(Phone { e164, assigned })
}

fn is_assigned(digits: &str) -> bool {
    literal(&variants::key_of_digits(digits)).is_some_and(|number| number.is_valid())
}

/// How many of E.164's digits are the country code. None where no country has it.
fn country_code_length(digits: &str) -> Option<usize> {
    // No country code is the beginning of another, and none begins with 0.
    (1..=3).filter(|_| !digits.starts_with('0')).find(|length| {
        let code = digits.get(..*length).and_then(|code| code.parse().ok());
        code.is_some_and(|code| PHONE_NUMBER_UTIL.get_region_for_country_code(code).is_some())
    })
}

/// The library's form of E.164 digits, taken as they are: nothing dropped, nothing checked.
fn literal(digits: &str) -> Option<PhoneNumber> {
    let (code, rest) = digits.split_at(country_code_length(digits)?);
    // Of a number that is all zeros, the last is the number and the others lead it.
    let zeros = rest
        .bytes()
        .take_while(|b| *b == b'0')
        .count()
        .min(rest.len().saturating_sub(1));
    Some(PhoneNumber {
        country_code: code.parse().ok()?,
        national_number: rest.parse().ok()?,
        italian_leading_zero: (zeros > 0).then_some(true),
        number_of_leading_zeros: i32::try_from(zeros).ok().filter(|zeros| *zeros > 1),
        ..PhoneNumber::default()
    })
}

#[cfg(test)]
mod tests;
