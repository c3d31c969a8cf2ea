//! Messages that are often written, saved under a shortcut.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::contact::tag_key;
use crate::error::{Code, Error};
use crate::fold::fold;
use crate::ids::{OrgId, QuickReplyId};
use crate::render::Text;

/// The most characters that a shortcut may have, the stroke before it not counted.
pub const SHORTCUT_MAX_CHARS: usize = 50;

/// The most characters that a body may have: those of a text on WhatsApp.
pub const BODY_MAX_CHARS: usize = 4_096;

/// How many are offered at once.
pub const OFFERED: usize = 20;

/// A message that is often written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuickReply {
    /// The id.
    pub id: QuickReplyId,
    /// The organisation.
    pub org: OrgId,
    /// What is typed for it, as in `/greeting`: unique without regard to case and accents.
    pub shortcut: String,
    /// What it says, with variables.
    pub body: Text,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Whose a shortcut is. Unique per organisation and folded shortcut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickReplyName {
    /// The organisation.
    pub org: OrgId,
    /// The folded shortcut, without the stroke.
    pub key: String,
    /// Whose it is.
    pub reply: QuickReplyId,
}

/// A shortcut's key, and the shortcut with one stroke before it, out of what somebody wrote with or without.
///
/// # Errors
/// `quick_reply.invalid` if it is empty, has white space or another stroke in it, or is longer than
/// [`SHORTCUT_MAX_CHARS`].
pub fn shortcut(text: &str) -> Result<(String, String), Error> {
    let invalid = |what: &str| {
        let message = format!("the shortcut {text:?} {what}; write one such as /greeting");
        Err(Error::new(Code::QuickReplyInvalid, message))
    };
    let trimmed = text.trim();
    let name = trimmed.strip_prefix('/').unwrap_or(trimmed);
    let key = tag_key(name);
    if key.is_empty() {
        return invalid("is empty");
    }
    if name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/') {
        return invalid("has white space or a stroke in it");
    }
    if name.chars().count() > SHORTCUT_MAX_CHARS {
        return invalid(&format!("has more than {SHORTCUT_MAX_CHARS} characters"));
    }
    Ok((key, format!("/{name}")))
}

/// Refuses a body that could not be sent.
///
/// # Errors
/// `quick_reply.invalid` if it is blank, or longer than [`BODY_MAX_CHARS`].
pub fn check_body(body: &Text) -> Result<(), Error> {
    let length = body.source().chars().count();
    if body.source().trim().is_empty() || length > BODY_MAX_CHARS {
        let message = format!(
            "the body of a quick reply has 1 to {BODY_MAX_CHARS} characters, and not only white space; this has {length}"
        );
        return Err(Error::new(Code::QuickReplyInvalid, message));
    }
    Ok(())
}

/// Those to offer to somebody who typed this much, with or without the stroke, the likeliest first: whose shortcut begins
/// so, then whose shortcut has it in any part, then whose body has; each by shortcut. Compared without regard to case and
/// accents.
pub fn pick(all: Vec<QuickReply>, typed: &str) -> Vec<QuickReply> {
    let typed = typed.trim();
    let typed = fold(typed.strip_prefix('/').unwrap_or(typed));
    let mut found: Vec<(u8, String, QuickReply)> = all
        .into_iter()
        .filter_map(|reply| {
            let key = tag_key(reply.shortcut.trim_start_matches('/'));
            let rank = if key.starts_with(&typed) {
                0
            } else if key.contains(&typed) {
                1
            } else if fold(reply.body.source()).contains(&typed) {
                2
            } else {
                return None;
            };
            Some((rank, key, reply))
        })
        .collect();
    found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    found
        .into_iter()
        .take(OFFERED)
        .map(|(_, _, reply)| reply)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(shortcut: &str, body: &str) -> QuickReply {
        let at = DateTime::UNIX_EPOCH;
        QuickReply {
            id: QuickReplyId(uuid::Uuid::nil()),
            org: OrgId(uuid::Uuid::nil()),
            shortcut: shortcut.to_owned(),
            body: Text::parse(body).unwrap(),
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn a_shortcut_has_one_stroke_and_is_compared_folded() {
        for (written, key, shown) in [
            ("/greeting", "greeting", "/greeting"),
            (" Greeting ", "greeting", "/Greeting"),
            ("/Olá", "ola", "/Olá"),
        ] {
            assert_eq!(shortcut(written).unwrap(), (key.to_owned(), shown.to_owned()));
        }
        let long = "x".repeat(SHORTCUT_MAX_CHARS + 1);
        for bad in ["", "/", "  ", "//a", "/a/b", "/good morning", "/a\tb", &long] {
            assert_eq!(
                shortcut(bad).unwrap_err().code(),
                Code::QuickReplyInvalid,
                "{bad:?}"
            );
        }
        shortcut(&long[1..]).unwrap();
    }

    #[test]
    fn a_body_says_something_that_fits() {
        for (body, fits) in [
            ("Hi", true),
            (" \n", false),
            ("", false),
            (&"x".repeat(BODY_MAX_CHARS), true),
            (&"x".repeat(BODY_MAX_CHARS + 1), false),
        ] {
            assert_eq!(check_body(&Text::parse(body).unwrap()).is_ok(), fits);
        }
    }

    #[test]
    fn what_begins_so_comes_first_then_any_part_of_the_shortcut_then_of_the_body() {
        let all = || {
            vec![
                reply("/thanks", "Many greetings to you"),
                reply("/regret", "We are sorry"),
                reply("/GREETING", "Olá!"),
                reply("/greatnews", "It is back"),
                reply("/hours", "We open at nine"),
            ]
        };
        let picked = |typed| -> Vec<String> {
            pick(all(), typed)
                .into_iter()
                .map(|reply| reply.shortcut)
                .collect()
        };
        assert_eq!(picked("/gre"), ["/greatnews", "/GREETING", "/regret", "/thanks"]);
        assert_eq!(picked("Gré"), picked("/gre"));
        assert_eq!(picked("/nobody"), [""; 0]);
        assert_eq!(picked("/").len(), 5);
        let many = (0..50).map(|number| reply(&format!("/a{number}"), "x"));
        assert_eq!(pick(many.collect(), "/a").len(), OFFERED);
    }
}
