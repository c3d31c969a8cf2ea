//! Auto-tag rules: which tags a message's text earns, and where in the text.
//!
//! All literal rules are found together, so that what a message costs depends on its length and on how many of
//! them fire, and hardly on how many there are. Regular expressions run one by one, each in time linear in the
//! text.

mod dictionary;

use std::collections::{HashMap, HashSet};
use std::iter::successors;
use std::ops::Range;

use regex::{Regex, RegexBuilder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_normalization::char::is_combining_mark;

use self::dictionary::Dictionary;
use crate::channel::Channel;
use crate::error::{Code, Error};
use crate::fold::{Folded, fold, is_word};
use crate::ids::RuleId;

/// The most characters that a tag's name may have.
pub const MAX_TAG_CHARS: usize = 100;
/// The most characters that a rule's pattern may have.
pub const MAX_PATTERN_CHARS: usize = 1_000;
/// The most bytes that one compiled regular expression may take.
const MAX_REGEX_BYTES: usize = 1 << 20;

/// How a pattern is held against a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PatternKind {
    /// The folded text contains the folded pattern, with its spaces.
    Contains,
    /// The folded text is the folded pattern, white space at both ends aside.
    Exact,
    /// The folded text starts with the folded pattern, leading white space aside.
    StartsWith,
    /// The folded text contains the folded pattern as whole words: no letter, digit, mark or underscore
    /// runs on over its ends. Han, Hiragana, Thai, Lao, Khmer and Myanmar do not space their words, so that
    /// there any two letters may be parted (as by default in Unicode UAX #29).
    Word,
    /// The regular expression, in the syntax of the `regex` crate, matches somewhere in the text as it was
    /// written: unfolded, but regardless of case unless asked. Anchor it with `^` and `$`.
    Regex,
}

/// What a rule looks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pattern {
    /// How the text is compared.
    pub kind: PatternKind,
    /// The text or regular expression to look for.
    pub text: String,
    /// Whether upper and lower case differ. Accents and compatibility forms fold all the same.
    #[serde(default, skip_serializing_if = "is_default")]
    pub case_sensitive: bool,
}

/// An auto-tag rule. In JSON, at its shortest:
/// `{"id": "…", "pattern": {"kind": "contains", "text": "order"}, "tags": ["buyer"]}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// The rule's id.
    pub id: RuleId,
    /// A name for people.
    #[serde(default, skip_serializing_if = "is_default")]
    pub name: Option<String>,
    /// What to look for.
    pub pattern: Pattern,
    /// The tags that a message with it earns; one at least.
    pub tags: Vec<String>,
    /// Whether the rule is on, as it is unless told.
    #[serde(default = "on")]
    pub enabled: bool,
    /// The channels it applies to; all of them if absent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub channels: Option<Vec<Channel>>,
}

fn on() -> bool {
    true
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A rule that fires for a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "RuleMatch")]
pub struct Match {
    /// The rule.
    pub rule: RuleId,
    /// The first place that makes it fire, in bytes of the text as it was written, widened to whole characters with
    /// their accents.
    #[schemars(with = "Span")]
    pub span: Range<usize>,
}

/// A place in a text, in bytes.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes a range to other languages")]
struct Span {
    /// The first byte.
    start: usize,
    /// The byte after the last.
    end: usize,
}

/// A list of rules, made ready to be held against texts.
#[derive(Debug, Clone)]
pub struct RuleSet {
    rules: Vec<Ready>,
    /// By rule: the numbers of its tags.
    tags_of: Vec<Vec<usize>>,
    /// Every tag once (by its folded name, written as in the first rule that names it).
    tags: Vec<String>,
    any_case: Option<Literals>,
    this_case: Option<Literals>,
    expressions: Vec<(usize, Regex)>,
}

/// What is left to know of a rule when its pattern has been found. It is small, for each rule that fires waits for
/// memory.
#[derive(Debug, Clone)]
struct Ready {
    id: RuleId,
    kind: PatternKind,
    channels: Channels,
    /// The last rule before that looks for the same in the same way.
    alike: Option<usize>,
}

/// A bit for each channel.
#[derive(Debug, Clone, Copy)]
struct Channels(u8);

impl Channels {
    const ALL: Self = Self(u8::MAX);

    fn of(channels: &[Channel]) -> Self {
        Self(channels.iter().fold(0, |all, &channel| all | 1 << channel as u8))
    }

    fn contain(self, channel: Channel) -> bool {
        self.0 & 1 << channel as u8 != 0
    }
}

impl RuleSet {
    /// Makes rules ready. Those that are switched off are checked, too, and then left out.
    ///
    /// # Errors
    /// The first rule that could not do what it seems to: `rule.pattern_empty`, `rule.regex_invalid` (with the
    /// position), `rule.too_large`, `rule.no_tags`, `rule.no_channels`, `tag.empty`, `tag.too_long`.
    pub fn compile<'a>(rules: impl IntoIterator<Item = &'a Rule>) -> Result<Self, Error> {
        let (mut ready, mut tags_of) = (Vec::new(), Vec::new());
        let (mut tags, mut tag_numbers) = (Vec::new(), HashMap::new());
        let (mut any_case, mut this_case) = (HashMap::new(), HashMap::new());
        let mut expressions = Vec::new();
        for rule in rules {
            let needle = rule.check()?;
            if !rule.enabled {
                continue;
            }
            let number = ready.len();
            let kind = rule.pattern.kind;
            let alike = match needle {
                Needle::Regex(regex) => {
                    expressions.push((number, regex));
                    None
                }
                Needle::Literal(text) if rule.pattern.case_sensitive => {
                    this_case.insert((text, kind), number)
                }
                Needle::Literal(text) => any_case.insert((text, kind), number),
            };
            ready.push(Ready {
                id: rule.id,
                kind,
                channels: rule.channels.as_deref().map_or(Channels::ALL, Channels::of),
                alike,
            });
            let tag_number = |tag: &String| {
                *tag_numbers.entry(fold(tag.trim())).or_insert_with(|| {
                    tags.push(tag.trim().to_owned());
                    tags.len() - 1
                })
            };
            tags_of.push(rule.tags.iter().map(tag_number).collect());
        }
        Ok(Self {
            rules: ready,
            tags_of,
            tags,
            any_case: Literals::new(any_case),
            this_case: Literals::new(this_case),
            expressions,
        })
    }

    /// The rules that fire for a text that came over a channel, in the order in which they were given, each
    /// once.
    pub fn matches(&self, text: &str, channel: Channel) -> Vec<Match> {
        self.fired(text, channel)
            .into_iter()
            .map(|(rule, span)| Match {
                rule: self.rules[rule].id,
                span,
            })
            .collect()
    }

    /// The tags that a text earns which came over a channel, each once, in the order of the rules that name
    /// them.
    pub fn tags(&self, text: &str, channel: Channel) -> Vec<&str> {
        let mut seen = HashSet::new();
        self.fired(text, channel)
            .iter()
            .flat_map(|&(rule, _)| &self.tags_of[rule])
            .filter(|&tag| seen.insert(tag))
            .map(|&tag| self.tags[tag].as_str())
            .collect()
    }

    fn fired(&self, text: &str, channel: Channel) -> Vec<(usize, Range<usize>)> {
        let on_channel = |rule: usize| self.rules[rule].channels.contain(channel);
        let mut fired = Vec::with_capacity(8);
        let mut find = |literals: &Option<Literals>, fold: fn(&str) -> Folded| {
            if let Some(literals) = literals {
                let folded = fold(text);
                literals.find(folded.text(), &self.rules, |last, span| {
                    let span = folded.original(span);
                    let alike = successors(Some(last), |&rule| self.rules[rule].alike);
                    let rules = alike.filter(|&rule| on_channel(rule));
                    fired.extend(rules.map(|rule| (rule, span.clone())));
                });
            }
        };
        find(&self.any_case, Folded::new);
        find(&self.this_case, Folded::keeping_case);
        for (rule, regex) in &self.expressions {
            if on_channel(*rule)
                && let Some(found) = regex.find(text)
            {
                fired.push((*rule, found.range()));
            }
        }
        fired.sort_unstable_by_key(|&(rule, _)| rule);
        fired
    }
}

/// A checked pattern.
enum Needle {
    /// Folded, and trimmed where its kind has it so.
    Literal(String),
    Regex(Regex),
}

impl Rule {
    /// Checks that the rule can do what it seems to; see [`RuleSet::compile`].
    fn check(&self) -> Result<Needle, Error> {
        let refuse = |code, why: &str| Err(Error::new(code, format!("{}: {why}", self.title())));
        if self.tags.is_empty() {
            return refuse(Code::RuleNoTags, "names no tag; give at least one");
        }
        for tag in &self.tags {
            if fold(tag).trim().is_empty() {
                return refuse(Code::TagEmpty, "has a tag without a name");
            }
            let chars = tag.trim().chars().count();
            if chars > MAX_TAG_CHARS {
                return refuse(
                    Code::TagTooLong,
                    &format!("has a tag of {chars} characters; {MAX_TAG_CHARS} are allowed"),
                );
            }
        }
        if self.channels.as_ref().is_some_and(Vec::is_empty) {
            return refuse(
                Code::RuleNoChannels,
                "has an empty list of channels; leave it out to mean all of them",
            );
        }

        let Pattern {
            kind,
            text,
            case_sensitive,
        } = &self.pattern;
        let chars = text.chars().count();
        if chars > MAX_PATTERN_CHARS {
            return refuse(
                Code::RuleTooLarge,
                &format!("its pattern has {chars} characters; {MAX_PATTERN_CHARS} are allowed"),
            );
        }
        if *kind == PatternKind::Regex {
            return if text.is_empty() {
                refuse(
                    Code::RulePatternEmpty,
                    "its regular expression is empty and would match every message",
                )
            } else {
                self.regex().map(Needle::Regex)
            };
        }
        let folded = if *case_sensitive {
            Folded::keeping_case(text)
        } else {
            Folded::new(text)
        };
        let folded = folded.text();
        let folded = match kind {
            PatternKind::Exact | PatternKind::Word => folded.trim(),
            PatternKind::StartsWith => folded.trim_start(),
            PatternKind::Contains | PatternKind::Regex => folded,
        };
        if folded.trim().is_empty() {
            return refuse(
                Code::RulePatternEmpty,
                &format!("its pattern {text:?} has nothing visible in it; give the text to look for"),
            );
        }
        Ok(Needle::Literal(folded.to_owned()))
    }

    fn regex(&self) -> Result<Regex, Error> {
        let text = &self.pattern.text;
        RegexBuilder::new(text)
            .case_insensitive(!self.pattern.case_sensitive)
            .size_limit(MAX_REGEX_BYTES)
            .dfa_size_limit(MAX_REGEX_BYTES)
            .build()
            .map_err(|error| {
                let (code, why) = if let regex::Error::CompiledTooBig(limit) = error {
                    (
                        Code::RuleTooLarge,
                        format!("takes more than {limit} bytes when compiled; lower its repetitions"),
                    )
                } else {
                    (
                        Code::RuleRegexInvalid,
                        format!("does not compile{}", syntax_error(text)),
                    )
                };
                Error::new(
                    code,
                    format!("{}: the regular expression {text:?} {why}", self.title()),
                )
                .because(error)
            })
    }

    /// How errors call the rule.
    fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("rule {name:?} ({})", self.id),
            None => format!("rule {}", self.id),
        }
    }
}

/// Where a regular expression is wrong, counted in characters from 1, and why. `regex` tells it in a drawing
/// only, so its parser is asked again.
fn syntax_error(pattern: &str) -> String {
    let (start, why) = match regex_syntax::parse(pattern) {
        Err(regex_syntax::Error::Parse(error)) => (error.span().start, error.kind().to_string()),
        Err(regex_syntax::Error::Translate(error)) => (error.span().start, error.kind().to_string()),
        _ => return String::new(),
    };
    let before = pattern
        .get(..start.offset)
        .map_or(0, |before| before.chars().count());
    format!(": at character {}, {why}", before + 1)
}

/// Literal patterns of one folding, all looked for at once, each under the number of the last rule that looks for it
/// in its way.
#[derive(Debug, Clone)]
struct Literals {
    /// Those that may stand anywhere in a text.
    anywhere: Dictionary,
    /// Those that stand at its start.
    at_start: Dictionary,
}

impl Literals {
    fn new(patterns: HashMap<(String, PatternKind), usize>) -> Option<Self> {
        if patterns.is_empty() {
            return None;
        }
        let (mut anywhere, mut at_start) = (Vec::new(), Vec::new());
        for ((text, kind), number) in patterns {
            match kind {
                PatternKind::Exact | PatternKind::StartsWith => at_start.push((text, number)),
                PatternKind::Contains | PatternKind::Word | PatternKind::Regex => {
                    anywhere.push((text, number));
                }
            }
        }
        Some(Self {
            anywhere: Dictionary::new(anywhere),
            at_start: Dictionary::new(at_start),
        })
    }

    /// Calls `fire` with the number of every pattern that holds for a folded text and the first place that makes it
    /// hold.
    fn find(&self, text: &str, rules: &[Ready], mut fire: impl FnMut(usize, Range<usize>)) {
        let start = text.len() - text.trim_start().len();
        let end = text.trim_end().len();
        self.at_start.starts(&text[start..], |number, len| {
            if rules[number].kind == PatternKind::StartsWith || start + len == end {
                fire(number, start..start + len);
            }
        });
        let mut fired = Vec::new(); // A bit for each rule.
        self.anywhere.find(text, |number, span| {
            fired.resize(rules.len().div_ceil(64), 0);
            let (word, bit) = (number / 64, 1_u64 << (number % 64));
            if fired[word] & bit != 0 {
                return;
            }
            if rules[number].kind != PatternKind::Word || is_edge(text, span.start) && is_edge(text, span.end)
            {
                fired[word] |= bit;
                fire(number, span);
            }
        });
    }
}

/// Whether a word may end or begin at a place of a folded text; see [`PatternKind::Word`].
fn is_edge(text: &str, at: usize) -> bool {
    let is_word = |c: char| is_word(c) || c == '_';
    match (text[..at].chars().next_back(), text[at..].chars().next()) {
        (Some(before), Some(after)) if is_word(before) && is_word(after) => {
            !is_combining_mark(after) && (is_unspaced(before) || is_unspaced(after))
        }
        _ => true,
    }
}

/// Whether a character belongs to a script that does not put spaces between words.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{E01}'..='\u{EFF}' // Thai, Lao
        | '\u{1000}'..='\u{109F}' | '\u{AA60}'..='\u{AA7F}' // Myanmar
        | '\u{1780}'..='\u{17FF}' // Khmer
        | '\u{3041}'..='\u{309F}' // Hiragana
        | '\u{3005}'..='\u{3007}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}') // Han
}

#[cfg(test)]
mod tests;
