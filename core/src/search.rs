//! One box: contacts by any part of a name, number, address or attribute.
//!
//! [`text`] is all that is found of a contact, folded; [`Search`] is what somebody typed, as [needles](Term) of three
//! characters and more that the text must contain. So that a shorter word finds the words that begin with it, the text
//! repeats the first two characters of each of its words behind two marks, and the needle is the word behind enough of
//! them. A store that knows where any three characters in a row stand can answer.

use std::collections::BTreeSet;

use rlibphonenumber::PHONE_NUMBER_UTIL;
use serde_json::Value;

use crate::contact::Contact;
use crate::fold::fold;
use crate::identity::AddressKind;
use crate::phone::variants_of_wa_id;

/// What stands before the first characters of a word. No folded text has it.
const MARK: char = '\u{1}';

/// The most characters that may be searched for.
pub const MAX_CHARS: usize = 200;

/// All that is found of a contact: names, numbers in every spelling that WhatsApp treats as one, addresses in use, and
/// the texts and numbers among the attributes.
pub fn text(contact: &Contact) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut add = |line: &str| {
        let line = clean(line);
        if !line.is_empty() && !lines.contains(&line) {
            lines.push(line);
        }
    };
    for name in [
        &contact.name,
        &contact.first_name,
        &contact.last_name,
        &contact.email,
    ] {
        add(name.as_deref().unwrap_or_default());
    }
    for (_, name) in [&contact.profile_name, &contact.username].into_iter().flatten() {
        add(name);
    }
    for identity in contact.current_identities() {
        let spellings = [Some(&identity.address.value), identity.provider_value.as_ref()];
        for spelling in spellings.into_iter().flatten() {
            if identity.address.kind == AddressKind::Phone {
                let digits = spelling.trim_start_matches('+');
                for variant in variants_of_wa_id(digits) {
                    add(&variant);
                }
            } else {
                add(spelling);
            }
        }
    }
    for value in contact.attributes.values() {
        match value {
            Value::String(text) => add(text),
            Value::Number(number) => add(&number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {}
        }
    }
    let mut text = lines.join("\n");
    let starts: BTreeSet<String> = lines.iter().flat_map(|line| starts(line)).collect();
    for start in starts {
        text.extend([MARK, MARK]);
        text.push_str(&start);
    }
    text
}

/// Folded, without what cannot be seen, its words parted by single spaces.
fn clean(text: &str) -> String {
    let seen = fold(&text.replace(char::is_control, " "));
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first two characters of each word: of what begins behind anything that is neither letter nor digit.
fn starts(line: &str) -> impl Iterator<Item = String> {
    let begins = line
        .char_indices()
        .scan(None, |before: &mut Option<char>, (at, c)| {
            let begins = !before.is_some_and(char::is_alphanumeric) && !c.is_whitespace();
            *before = Some(c);
            Some(begins.then_some(at))
        });
    begins
        .flatten()
        .filter_map(|at| line.get(at..))
        .map(|rest| rest.chars().take(2).take_while(|c| !c.is_whitespace()).collect())
}

/// What somebody typed. Every term must be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The terms; of none, everything is found.
    pub terms: Vec<Term>,
}

/// A word, or words that may be a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// What all must be found, each of three characters at least.
    pub words: Vec<String>,
    /// What may be found in their place: the digits of a number, however it was spaced.
    pub number: Option<String>,
}

impl Search {
    /// Reads what somebody typed.
    pub fn new(text: &str) -> Self {
        let text = clean(text);
        let mut terms: Vec<Term> = Vec::new();
        let mut spaced: Vec<&str> = Vec::new();
        for word in text.split(' ').chain(["\n"]) {
            if is_part_of_number(word) {
                spaced.push(word);
                continue;
            }
            terms.extend(number_term(&spaced));
            spaced.clear();
            if word != "\n" && !word.is_empty() {
                terms.push(Term {
                    words: vec![needle(word)],
                    number: None,
                });
            }
        }
        Self { terms }
    }

    /// Whether a contact's [`text`] is found.
    pub fn finds(&self, text: &str) -> bool {
        self.terms.iter().all(|term| {
            let by_number = term.number.as_ref().is_some_and(|number| text.contains(number));
            by_number || term.words.iter().all(|word| text.contains(word))
        })
    }
}

/// Digits of any script, and what people put around and between them.
fn is_part_of_number(word: &str) -> bool {
    !word.is_empty()
        && word
            .chars()
            .all(|c| c.is_numeric() || matches!(c, '+' | '-' | '(' | ')' | '.' | '/' | '‐'..='―'))
}

/// Words that may be one number. Its zeros in front, and one in brackets, are for dialling and no part of it.
fn number_term(words: &[&str]) -> Option<Term> {
    let dialled = words.concat().replace("(0", "(");
    let digits = PHONE_NUMBER_UTIL.normalize_digits_only(&dialled);
    let number = digits.trim_start_matches('0');
    let words: Vec<String> = words
        .iter()
        .filter(|word| word.contains(char::is_numeric))
        .map(|word| needle(word))
        .collect();
    (!words.is_empty()).then(|| Term {
        words,
        number: (!number.is_empty()).then(|| needle(number)),
    })
}

/// A word as it must be found.
fn needle(word: &str) -> String {
    let missing = 3_usize.saturating_sub(word.chars().count());
    std::iter::repeat_n(MARK, missing).chain(word.chars()).collect()
}

#[cfg(test)]
mod tests;
