use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, RegionStr};
use serde::{Deserialize, Serialize};

use crate::error::{Code, Error};

/// A region with a numbering plan, by its ISO 3166 alpha-2 code. The serde form is the code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(RegionStr);

impl Region {
    /// The code, as in `IN`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// None for the library's region of numbers that belong to no country.
    pub(super) fn from_library(region: rlibphonenumber::Region) -> Option<Self> {
        (region != rlibphonenumber::Region::World).then(|| Self(region.as_region_str()))
    }

    pub(super) fn to_library(self) -> rlibphonenumber::Region {
        rlibphonenumber::Region::from_code(&self.0).unwrap_or(rlibphonenumber::Region::World)
    }
}

crate::text_schema::written_as_text!(Region);

impl FromStr for Region {
    type Err = Error;

    /// Reads a code in either case.
    fn from_str(text: &str) -> Result<Self, Error> {
        rlibphonenumber::Region::from_code(text)
            .ok()
            .filter(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(*region).is_some())
            .and_then(Self::from_library)
            .ok_or_else(|| {
                let hint = if text.eq_ignore_ascii_case("UK") {
                    "; the United Kingdom is GB"
                } else {
                    ""
                };
                let shown = super::clean::shown(text);
                Error::new(
                    Code::PhoneRegionUnknown,
                    format!(
                        "{shown} is no region with a numbering plan: use its two-letter ISO 3166 code{hint}"
                    ),
                )
            })
    }
}

impl TryFrom<String> for Region {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> Self {
        region.as_str().to_owned()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Region({self})")
    }
}
