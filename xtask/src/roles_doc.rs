//! `docs/roles.md`, made from the table of roles.

use std::fmt::Write as _;

use crate::generate::model::RoleOfCall;

/// Where the file is.
pub(crate) const PATH: &str = "docs/roles.md";

const HEAD: &str = "\
# Roles

Made by `cargo xtask gen` from the table in `core/src/roles.rs`: change that table, not this file.

A member of a team has one role, and may make the calls in its column and in the columns before it. Calls on a member's
behalf (`acting_as`) are held to this table when they are committed; one that is refused changes nothing, fails with
`role.forbidden` and is audited. Without `acting_as` the host itself calls, who may do everything.

| area | viewer | agent | admin | owner |
|---|---|---|---|---|
";

/// The file's text: one row for each area, in the order in which the areas first appear.
pub(crate) fn text(calls: &[RoleOfCall]) -> String {
    let mut areas: Vec<&str> = calls.iter().map(|call| parts(call).0).collect();
    areas.dedup();
    let mut text = HEAD.to_owned();
    for area in areas {
        let of = |role: &str| {
            let may = calls
                .iter()
                .filter(|call| parts(call).0 == area && call.needs == role);
            let names: Vec<String> = may.map(|call| format!("`{}`", parts(call).1)).collect();
            names.join(", ")
        };
        let columns = ["viewer", "agent", "admin", "owner"].map(of);
        let _ = writeln!(text, "| {area} | {} |", columns.join(" | "));
    }
    text
}

/// The area of a call, and its name there.
fn parts(call: &RoleOfCall) -> (&str, &str) {
    call.name.split_once('.').unwrap_or(("", &call.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_stands_in_the_column_of_the_least_role_that_may_make_it() {
        let calls = [
            ("tags.list", "viewer"),
            ("tags.rename", "admin"),
            ("tags.merge", "admin"),
            ("team.add", "owner"),
        ];
        let text = text(&calls.map(|(name, needs)| RoleOfCall {
            name: name.to_owned(),
            needs: needs.to_owned(),
        }));
        assert!(text.contains("| tags | `list` |  | `rename`, `merge` |  |\n| team |  |  |  | `add` |\n"));
    }
}
