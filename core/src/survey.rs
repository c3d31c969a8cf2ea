//! Surveys of satisfaction (CSAT): one question when a conversation is resolved, a rating from 1 to 5, perhaps a comment.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use rlibphonenumber::PHONE_NUMBER_UTIL;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analytics::{AnalyticsGroup, AnalyticsKey};
use crate::channel::Channel;
use crate::error::{Code, Error};
use crate::ids::{AccountId, AgentId, ContactId, ConversationId, DispatchId, MessageId, OrgId, SurveyId};
use crate::ledger::{SkipReason, StateName};
use crate::message::{Content, List, ListRow, ListSection};
use crate::render::Text;
use crate::template::Language;

/// How soon after a survey went out the next one may go out in the same conversation, and how long one may wait for its
/// turn.
pub const ONCE_WITHIN: TimeDelta = TimeDelta::hours(24);

/// The most characters that a question may have: those of a list's text on WhatsApp (Cloud API,
/// "Interactive list messages").
pub const QUESTION_MAX_CHARS: usize = 1_024;

/// The most characters that a button opening a list may have on WhatsApp (the same page).
pub const BUTTON_MAX_CHARS: usize = 20;

/// The longest that answers may count, in seconds: seven days.
pub const EXPIRES_MAX_SECONDS: u32 = 7 * 24 * 60 * 60;

/// What a contact is asked when a conversation is resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Csat {
    /// The question, with variables, at most 1,024 characters; `{{agent.name}}` is whoever had the conversation. Where no
    /// list can be shown (SMS, Twilio), the digits 1 to 5 stand below it.
    pub question: Text,
    /// What opens the list, at most 20 characters; default `1 – 5`.
    #[serde(default)]
    pub button: Option<String>,
    /// What answers the first rating, with variables; default nothing.
    #[serde(default)]
    pub thanks: Option<Text>,
    /// What asks for a comment, behind the thanks, with variables; default nobody is asked. What the contact writes next is
    /// the comment.
    #[serde(default)]
    pub comment_question: Option<Text>,
    /// The template that asks where the window is closed; default nobody is asked then.
    #[serde(default)]
    pub template: Option<CsatTemplate>,
    /// For how many seconds answers count, at most seven days; default 24 hours.
    #[serde(default)]
    pub expires_after_seconds: Option<u32>,
}

/// A template that takes no parameters. Its quick replies, if it has any, begin with the digits 1 to 5.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsatTemplate {
    /// The template's name.
    pub name: String,
    /// The template's language.
    pub language: Language,
}

impl Csat {
    /// Refuses what could not be sent, or answered.
    ///
    /// # Errors
    /// `setting.invalid`.
    pub fn validate(&self) -> Result<(), Error> {
        let texts = [
            ("question", Some(self.question.source())),
            ("button", self.button.as_deref()),
            ("thanks", self.thanks.as_ref().map(Text::source)),
            (
                "comment_question",
                self.comment_question.as_ref().map(Text::source),
            ),
        ];
        for (field, text) in texts {
            let most = if field == "button" {
                BUTTON_MAX_CHARS
            } else {
                QUESTION_MAX_CHARS
            };
            let Some(text) = text else { continue };
            let length = text.chars().count();
            if text.trim().is_empty() || length > most {
                let message = format!(
                    "csat.{field} has {length} characters; it has 1 to {most}, and not only white space"
                );
                return Err(Error::new(Code::SettingInvalid, message));
            }
        }
        let seconds = self.expires_after_seconds.unwrap_or(1);
        if !(1..=EXPIRES_MAX_SECONDS).contains(&seconds) {
            let message = format!("csat.expires_after_seconds is {seconds}; give 1 to {EXPIRES_MAX_SECONDS}");
            return Err(Error::new(Code::SettingInvalid, message));
        }
        Ok(())
    }

    /// Every text, which may hold variables.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        [
            Some(&self.question),
            self.thanks.as_ref(),
            self.comment_question.as_ref(),
        ]
        .into_iter()
        .flatten()
    }

    /// How long answers count.
    pub fn expires_after(&self) -> TimeDelta {
        self.expires_after_seconds
            .map_or(ONCE_WITHIN, |seconds| TimeDelta::seconds(seconds.into()))
    }

    /// The question as a list of five.
    pub(crate) fn list(&self, survey: SurveyId, question: String) -> Content {
        let row = |rating: u8| ListRow {
            id: format!("{CHOICE}{survey}:{rating}"),
            title: rating.to_string(),
            description: Some("★".repeat(rating.into())),
        };
        Content::List(List {
            header: None,
            body: question,
            footer: None,
            button: self.button.clone().unwrap_or_else(|| "1 – 5".to_owned()),
            sections: vec![ListSection {
                title: None,
                rows: (1..=5).map(row).collect(),
            }],
        })
    }
}

/// One survey: asked, or decided to be asked, once. What was said is in messages; here is only which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// The id.
    pub id: SurveyId,
    /// The organisation.
    pub org: OrgId,
    /// The conversation that was resolved.
    pub conversation: ConversationId,
    /// With whom.
    pub contact: ContactId,
    /// By which of our senders.
    pub account: AccountId,
    /// The sender's channel.
    pub channel: Channel,
    /// The member of the team who had the conversation, else who resolved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// The bot or AI that had it, by its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    /// When the conversation was resolved.
    pub resolved_at: DateTime<Utc>,
    /// The ledger row that asks.
    pub dispatch: DispatchId,
    /// Where that row stands: what is leased is pending.
    pub state: StateName,
    /// Why it was not sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<SkipReason>,
    /// It goes as text: the platform did not take it as a list.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_text: bool,
    /// When it went out: what is said since may be an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_at: Option<DateTime<Utc>>,
    /// Until when answers count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// The latest rating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<Rating>,
    /// The latest message that said more than its rating.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<Said>,
    /// The ledger row that thanks, and asks for a comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<DispatchId>,
    /// When a comment was asked for: the first text since is the comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment_asked_at: Option<DateTime<Utc>>,
    /// The comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Said>,
    /// The survey of the same conversation before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<SurveyId>,
}

/// A rating: of two the later counts, of one instant the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rating {
    /// When it was given, by the platform's time.
    pub at: DateTime<Utc>,
    /// 1 to 5.
    pub rating: u8,
}

/// Something that was said in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// When, by the platform's time.
    pub at: DateTime<Utc>,
    /// The message.
    pub message: MessageId,
}

/// What a message says to a survey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A rating from 1 to 5, and what is said with it.
    Rating(u8, Option<String>),
    /// A text that was asked for.
    Comment(String),
    /// A choice from the survey's list when answers do not count any more.
    TooLate,
}

impl Survey {
    /// What a message at that time is to this survey; `None`: nothing. It depends on nothing but the message, when the
    /// survey went out, until when it counts, and when a comment was asked for.
    pub fn hears(&self, at: DateTime<Utc>, content: &Content) -> Option<Answer> {
        let expires_at = self.expires_at?;
        if let Some((_, rating)) = choice(content) {
            // Whoever has the list was asked, whatever the platform's clock says.
            let counts = at <= expires_at;
            return Some(if counts {
                Answer::Rating(rating, None)
            } else {
                Answer::TooLate
            });
        }
        if !since(self.asked_at, at) || at > expires_at {
            return None;
        }
        let (Content::Text { body: words } | Content::ButtonReply { title: words, .. }) = content else {
            return None;
        };
        let asked_for_words = since(self.comment_asked_at, at);
        match rating_in(words) {
            Some((rating, None)) => Some(Answer::Rating(rating, None)),
            Some((rating, said)) if !asked_for_words => Some(Answer::Rating(rating, said.map(str::to_owned))),
            _ if asked_for_words && matches!(content, Content::Text { .. }) => {
                Some(Answer::Comment(words.clone())).filter(|_| !words.trim().is_empty())
            }
            _ => None,
        }
    }

    /// Whether it keeps another one of the same conversation from being asked.
    pub fn keeps_out(&self, now: DateTime<Utc>) -> bool {
        match self.state {
            StateName::Pending | StateName::Leased => true,
            StateName::Skipped | StateName::Failed => false,
            _ => self.asked_at.is_none_or(|asked| now < asked + ONCE_WITHIN),
        }
    }

    /// Whether it went out: the platform took it, or somebody answered.
    pub const fn went_out(&self) -> bool {
        self.rating.is_some()
            || matches!(
                self.state,
                StateName::Accepted | StateName::Sent | StateName::Delivered | StateName::Read
            )
    }

    /// Whether anything was said but a rating.
    pub const fn has_words(&self) -> bool {
        self.comment.is_some() || self.remark.is_some()
    }
}

/// Whether something was said since we asked: in the same second or later, as platforms tell whole seconds.
pub(crate) fn since(asked: Option<DateTime<Utc>>, at: DateTime<Utc>) -> bool {
    asked.is_some_and(|asked| asked.timestamp() <= at.timestamp())
}

/// A conversation's last survey, as a list of conversations shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LastSurvey {
    /// The survey.
    pub id: SurveyId,
    /// Where its question stands: waits, went out, was not sent.
    pub state: StateName,
    /// Why it was not sent.
    pub reason: Option<SkipReason>,
    /// When it went out.
    pub asked_at: Option<DateTime<Utc>>,
    /// Until when answers count.
    pub expires_at: Option<DateTime<Utc>>,
    /// The rating, 1 to 5.
    pub rating: Option<u8>,
    /// The comment.
    pub comment: Option<String>,
}

impl LastSurvey {
    /// What is shown of a survey and its comment.
    pub fn of(survey: &Survey, comment: Option<String>) -> Self {
        Self {
            id: survey.id,
            state: survey.state,
            reason: survey.reason,
            asked_at: survey.asked_at,
            expires_at: survey.expires_at,
            rating: survey.rating.map(|rating| rating.rating),
            comment,
        }
    }
}

/// What a choice's id begins with: `csat:<survey>:<rating>`.
const CHOICE: &str = "csat:";

/// The survey and the rating that somebody chose from its list.
pub fn choice(content: &Content) -> Option<(SurveyId, u8)> {
    let (Content::ListReply { id, .. } | Content::ButtonReply { id, .. }) = content else {
        return None;
    };
    let (survey, rating) = id.strip_prefix(CHOICE)?.split_once(':')?;
    let rating: u8 = rating.parse().ok()?;
    Some((survey.parse().ok()?, rating)).filter(|_| (1..=5).contains(&rating))
}

/// The rating that a text begins with, in digits of any script, and what is said behind it. A number with more to it than
/// its digit (`45`, `4.5`, `4th`, `4-5`) is none; `4/5` is.
fn rating_in(text: &str) -> Option<(u8, Option<&str>)> {
    let mut chars = text.trim().chars();
    let rating = digit(chars.next()?).filter(|rating| (1..=5).contains(rating))?;
    // A keycap is a digit with two marks behind it.
    let rest = chars.as_str().trim_start_matches(['\u{fe0f}', '\u{20e3}']);
    let rest = rest.strip_prefix("/5").unwrap_or(rest);
    let parted = rest.trim_start_matches(|c: char| !c.is_alphanumeric() && !c.is_whitespace());
    let goes_on = |c: char| {
        if parted.len() == rest.len() {
            c.is_alphanumeric()
        } else {
            digit(c).is_some()
        }
    };
    if parted.chars().next().is_some_and(goes_on) {
        return None;
    }
    let said = rest.contains(char::is_alphanumeric).then(|| {
        rest.trim_start_matches(|c: char| {
            c.is_whitespace() || matches!(c, ',' | '.' | ':' | ';' | '-' | '–' | '—')
        })
    });
    Some((rating, said))
}

fn digit(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.to_digit(10).and_then(|digit| u8::try_from(digit).ok());
    }
    PHONE_NUMBER_UTIL
        .normalize_digits_only(c.encode_utf8(&mut [0; 4]))
        .parse()
        .ok()
}

/// How satisfied contacts were, of the surveys that went out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CsatReport {
    /// Which part of the figures this is.
    pub key: AnalyticsKey,
    /// The surveys that went out.
    pub asked: u64,
    /// Those that were rated.
    pub answered: u64,
    /// Those that were rated 4 or 5.
    pub satisfied: u64,
    /// The share of 4 and 5 among the ratings, 0 to 1; absent: nobody rated.
    pub score: Option<f64>,
    /// The mean rating, 1 to 5; absent: nobody rated.
    pub mean: Option<f64>,
    /// How many rated 1, 2, 3, 4 and 5, in this order.
    pub ratings: Vec<u64>,
}

/// Counts surveys, one after another.
#[derive(Debug, Default)]
pub struct Satisfaction(BTreeMap<AnalyticsKey, (u64, [u64; 5])>);

impl Satisfaction {
    /// Takes a survey in, if it went out.
    pub fn count(&mut self, survey: &Survey, by: AnalyticsGroup, zone: Tz) {
        let Some(asked_at) = survey.asked_at.filter(|_| survey.went_out()) else {
            return;
        };
        let (agent, handler) = match by {
            AnalyticsGroup::Agent => (survey.agent, survey.handler.clone()),
            _ => (None, None),
        };
        let key = AnalyticsKey {
            agent,
            handler,
            channel: (by == AnalyticsGroup::Channel).then_some(survey.channel),
            period: by.period(asked_at, zone),
        };
        let (asked, ratings) = self.0.entry(key).or_default();
        *asked += 1;
        let place = survey
            .rating
            .map(|rating| usize::from(rating.rating).wrapping_sub(1));
        if let Some(count) = place.and_then(|place| ratings.get_mut(place)) {
            *count += 1;
        }
    }

    /// The figures of each part, by its key.
    #[expect(clippy::cast_precision_loss, reason = "nobody asks 2^53 people")]
    pub fn reports(self) -> Vec<CsatReport> {
        let report = |(key, (asked, ratings)): (AnalyticsKey, (u64, [u64; 5]))| {
            let answered: u64 = ratings.iter().sum();
            let satisfied = ratings[3] + ratings[4];
            let sum: u64 = (1..).zip(ratings).map(|(rating, count)| rating * count).sum();
            let share = |of: u64| (answered > 0).then(|| of as f64 / answered as f64);
            CsatReport {
                key,
                asked,
                answered,
                satisfied,
                score: share(satisfied),
                mean: share(sum),
                ratings: ratings.to_vec(),
            }
        };
        self.0.into_iter().map(report).collect()
    }
}

#[cfg(test)]
mod tests;
