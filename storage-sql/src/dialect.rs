//! What the databases say differently.

use uuid::Uuid;

use crate::value::Value;

/// A database's way to say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite, which is told the index of each walk, and finds words by FTS5.
    Sqlite,
    /// PostgreSQL, which chooses by its statistics, and finds words by trigrams.
    Postgres,
}

impl Dialect {
    /// A condition that always holds, or never.
    pub const fn truth(self, holds: bool) -> &'static str {
        match (self, holds) {
            (Self::Sqlite, true) => "1",
            (Self::Sqlite, false) => "0",
            (Self::Postgres, true) => "TRUE",
            (Self::Postgres, false) => "FALSE",
        }
    }

    /// No id, in a column that is never absent.
    pub const fn no_id(self) -> &'static str {
        match self {
            Self::Sqlite => "x''",
            Self::Postgres => "'00000000-0000-0000-0000-000000000000'::uuid",
        }
    }

    /// A table as `t`, walked along an index.
    pub fn along(self, table: &str, index: &str) -> String {
        match self {
            Self::Sqlite => format!("{table} t INDEXED BY {index}"),
            Self::Postgres => format!("{table} t"),
        }
    }

    /// A join whose left side comes first.
    pub const fn join(self) -> &'static str {
        match self {
            Self::Sqlite => "CROSS JOIN",
            Self::Postgres => "JOIN",
        }
    }

    /// A column has one of these words.
    pub fn among<'a>(
        self,
        column: &str,
        words: impl Iterator<Item = &'a str>,
        values: &mut Vec<Value>,
    ) -> String {
        let words: Vec<String> = words.map(str::to_owned).collect();
        match self {
            Self::Sqlite => {
                let marks = marks(words.len());
                values.extend(words.into_iter().map(Value::Text));
                format!("{column} IN ({marks})")
            }
            Self::Postgres => {
                values.push(Value::Texts(words));
                format!("{column} = ANY (?)")
            }
        }
    }

    /// A column has one of these ids.
    pub fn among_ids(self, column: &str, ids: impl Iterator<Item = Uuid>, values: &mut Vec<Value>) -> String {
        let ids: Vec<Uuid> = ids.collect();
        match self {
            Self::Sqlite => {
                let marks = marks(ids.len());
                values.extend(ids.into_iter().map(|id| Value::Id(Some(id))));
                format!("{column} IN ({marks})")
            }
            Self::Postgres => {
                values.push(Value::Ids(ids));
                format!("{column} = ANY (?)")
            }
        }
    }
}

/// So many `?`s; of none, SQLite's empty list, which nothing is in.
pub(crate) fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}
