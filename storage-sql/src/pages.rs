//! Pages as SQL: walks along an order, from where the page before ended.

use tertulia_storage_traits::SharedRequest;

use crate::dialect::marks;
use crate::value::{Value, as_id};
use crate::{Condition, Dialect};

/// How many columns a walk selects before those of its order.
pub const SELECTED: usize = 2;

/// A page of a walk along an order.
#[derive(Debug)]
pub struct Page<'a> {
    /// [`SELECTED`] columns.
    pub select: &'a str,
    /// The tables.
    pub from: &'a str,
    /// The columns of the order.
    pub order: &'a [String],
    /// Where the page before ended.
    pub after: Option<Vec<Value>>,
    /// From the last to the first.
    pub backwards: bool,
    /// The most rows; one more tells whether there is another page.
    pub limit: usize,
}

/// Where a page ended.
#[derive(Debug)]
pub struct End {
    /// Its last row's place in the order.
    pub place: Vec<Value>,
    /// Whether there is another page.
    pub more: bool,
}

impl Page<'_> {
    /// The statement that reads it, and one row more, along conditions that no two share a row of; nothing along none.
    pub fn statement(&self, conditions: Vec<Condition>) -> Option<Condition> {
        let columns = self.order.join(", ");
        let (beyond, towards) = if self.backwards { ("<", " DESC") } else { (">", "") };
        let mut values = Vec::new();
        let mut selects = Vec::new();
        for condition in conditions {
            let mut sql = format!(
                "SELECT {}, {columns} FROM {} WHERE {}",
                self.select, self.from, condition.sql
            );
            values.extend(condition.values);
            if let Some(after) = &self.after {
                sql = format!("{sql} AND ({columns}) {beyond} ({})", marks(after.len()));
                values.extend(after.iter().cloned());
            }
            selects.push(sql);
        }
        if selects.is_empty() {
            return None;
        }
        // Selects of several conditions are merged, each along its index: their order is named by the columns' places.
        let sorted: Vec<String> = (SELECTED + 1..=SELECTED + self.order.len())
            .map(|place| format!("{place}{towards}"))
            .collect();
        values.push(one_more(self.limit));
        Some(Condition {
            sql: format!(
                "{} ORDER BY {} LIMIT ?",
                selects.join(" UNION ALL "),
                sorted.join(", ")
            ),
            values,
        })
    }
}

fn one_more(limit: usize) -> Value {
    Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1))
}

/// The texts of a page of what contacts share, and one more if there is another page.
pub fn shared_keys(
    dialect: Dialect,
    request: &SharedRequest,
    after: Option<Vec<Value>>,
    limit: usize,
) -> Condition {
    let (beyond, towards) = if request.backwards {
        ("<", "DESC")
    } else {
        (">", "ASC")
    };
    let mut sql = "SELECT key FROM contact_keys WHERE org = ?".to_owned();
    let mut values = vec![as_id(request.org.0)];
    if !request.keys.is_empty() {
        let keys = request.keys.iter().map(String::as_str);
        let among = dialect.among("key", keys, &mut values);
        sql = format!("{sql} AND {among}");
    }
    if let Some(after) = after {
        sql = format!("{sql} AND key {beyond} ?");
        values.extend(after);
    }
    values.push(one_more(limit));
    Condition {
        sql: format!("{sql} GROUP BY key HAVING count(*) > 1 ORDER BY key {towards} LIMIT ?"),
        values,
    }
}
