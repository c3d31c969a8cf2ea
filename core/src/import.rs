//! CSV imports: what a column means, what a row says, and how far an import got.

mod header;
mod row;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use header::{Mapping, suggest, template};
pub use row::{CellError, Rejection, Row};

use crate::ids::{ImportId, OrgId};

/// What a column is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ImportField")]
pub enum Field {
    /// A telephone number.
    Phone,
    /// The full name.
    Name,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// The e-mail address.
    Email,
    /// A list of tags, separated by commas or semicolons.
    Tags,
    /// `optedIn`: true/false/yes/no/1/0/y/n, or blank.
    OptedIn,
    /// When the person agreed, as RFC 3339 or a date (its first instant in the organisation's zone): evidence that
    /// may lift an earlier opt-out.
    OptInProof,
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
    /// A digest of the header and of the rows done: going on with another file is refused.
    pub digest: String,
    /// The counts so far; their sum is the number of data rows done.
    pub counts: ImportCounts,
    /// Whether the end of the file was reached.
    pub finished: bool,
}
