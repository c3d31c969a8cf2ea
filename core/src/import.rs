//! CSV imports: what a column means, what a row says, and how far an import got.

mod cell;
mod header;
mod row;

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use cell::write_list;
pub use cell::{guard, harmless, unguard};
pub use header::{Mapping, repeated, suggest, template};
pub(crate) use header::{OF_SYSTEM, column_name};
pub(crate) use row::{ALL_BUT_MARKETING, PURPOSES};
pub use row::{CellError, OptOut, Rejection, Row};

use crate::ids::{ImportId, OrgId};

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ImportField")]
pub enum Field {
    /// A telephone number.
    Phone,
    /// Further telephone numbers, a list.
    OtherPhones,
    /// Business-scoped WhatsApp user ids, a list.
    WhatsappIds,
    /// The full name.
    Name,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// The e-mail address.
    Email,
    /// A list of tags, separated by commas or semicolons; one that holds these stands in double quotes.
    Tags,
    /// The lead status: cold, warm, hot or customer.
    Lead,
    /// The member of the team who is responsible: the name, if only one who works here has it, or the id.
    Owner,
    /// `recordStatus`: active, inactive or blocked. A file blocks, and never lifts a block.
    RecordStatus,
    /// Ids in other systems, as JSON: `{"shop": "17"}`.
    ExternalIds,
    /// The id in one other system.
    ExternalId(String),
    /// `optedIn`: true/false/yes/no/1/0/y/n, `allButMarketing`, or blank.
    OptedIn,
    /// When the person agreed, as RFC 3339 or a date (its first instant in the organisation's zone): evidence that
    /// may lift an earlier opt-out.
    OptInProof,
    /// Opt-outs in force, a list: each what it is about (`everything` or `marketing`), after `@` the id of the sender
    /// if it is about one only, and when it was said, as in `marketing 2026-01-31T09:30:00Z`.
    OptOuts,
    /// An attribute of the organisation.
    Attribute(String),
    /// Left out on purpose.
    Ignore,
}

/// What to do with a row whose contact is known, or was in the file before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDuplicate {
    /// Leave the contact as it is.
    Skip,
    /// The row's values win.
    #[default]
    Update,
    /// The row fills what is empty.
    FillGaps,
}

/// How a file's text is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, the lower byte first, as Windows writes it.
    Utf16Le,
    /// UTF-16, the higher byte first.
    Utf16Be,
    /// Windows-1252, what western versions of Excel call ANSI.
    Windows1252,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Windows1252 => "Windows-1252",
        })
    }
}

/// What stands between a file's columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
}

impl Delimiter {
    /// All of them; of two that fit a file alike, the first is taken.
    pub const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    /// The character.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

/// What the caller says about how a file is written; what is absent is found out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ImportFormat")]
pub struct Format {
    /// How the text is written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// What stands between the columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<Delimiter>,
}

/// The four counts; together they are the rows read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportCounts {
    /// Rows that made a contact.
    pub created: u64,
    /// Rows that changed one.
    pub updated: u64,
    /// Rows that changed nothing, skipped duplicates included.
    pub unchanged: u64,
    /// Rows that were refused.
    pub rejected: u64,
}

impl ImportCounts {
    /// The rows read.
    pub const fn rows(&self) -> u64 {
        self.created + self.updated + self.unchanged + self.rejected
    }
}

/// How far an import got: what a crash leaves, and what it goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Import {
    /// The id: the token to go on with.
    pub id: ImportId,
    /// The organisation.
    pub org: OrgId,
    /// The file, as the caller named it.
    pub file: String,
    /// What the columns are, in the order of the file.
    pub columns: Vec<Field>,
    /// What to do with known contacts.
    pub on_duplicate: OnDuplicate,
    /// What the caller said about how the file is written.
    #[serde(default)]
    pub format: Format,
    /// A digest of the header and of the rows done: going on with another file is refused.
    pub digest: String,
    /// The counts so far; their sum is the number of data rows done.
    pub counts: ImportCounts,
    /// Whether the end of the file was reached.
    pub finished: bool,
}
