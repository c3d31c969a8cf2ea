//! Ads and posts that led people to write (click to WhatsApp): the first and the last touch, and what each ad brought.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::ids::{ContactId, ConversationId, MessageId, OrgId};
use crate::inbound::Referral;

/// The reserved attribute that a contact's first touch lives under.
pub const ATTRIBUTE: &str = "ctwa";

/// How long after a click a new customer counts for its ad ("Conversions API for Business Messaging").
pub const ATTRIBUTED_WITHIN: TimeDelta = TimeDelta::days(7);

/// A message that an ad or post led to. One for each such message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// The organisation.
    pub org: OrgId,
    /// The message.
    pub message: MessageId,
    /// Who wrote it.
    pub contact: ContactId,
    /// The thread that it is in.
    pub conversation: ConversationId,
    /// When, by the provider's time.
    pub at: DateTime<Utc>,
    /// The ad or post.
    pub referral: Referral,
}

/// The ad or post that last led somebody into a conversation. Of two, the later; of one instant, the greater.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct LastTouch {
    /// When they wrote, by the provider's time.
    pub at: DateTime<Utc>,
    /// The ad or post.
    pub referral: Referral,
}

/// What stands at `attributes.ctwa`: `source` (`ad` or `post`), `id`, `url`, `headline`, `body`, `media` (a link),
/// `ctwaClid`, each null if the platform did not say, and `at`, the time of the message.
pub fn value(at: DateTime<Utc>, referral: &Referral) -> Value {
    json!({
        "source": referral.source_type,
        "id": referral.source_id,
        "url": referral.source_url,
        "headline": referral.headline,
        "body": referral.body,
        "media": referral.media_url,
        "ctwaClid": referral.ctwa_clid,
        "at": at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    })
}

/// The first touch of a contact is the earliest that becomes known, in whatever order: a join.
pub fn touched(attributes: &mut BTreeMap<String, Value>, new: &Value) {
    let rank = |value: &Value| {
        let at = value["at"]
            .as_str()
            .and_then(|at| DateTime::parse_from_rfc3339(at).ok());
        (at, value.to_string())
    };
    match attributes.get(ATTRIBUTE) {
        Some(known) if rank(known) <= rank(new) => {}
        _ => {
            attributes.insert(ATTRIBUTE.to_owned(), new.clone());
        }
    }
}

/// What an ad or post brought in a period. One that the platform gave no id is known by its link.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AdReport {
    /// `ad` or `post`, as last seen.
    pub source: Option<String>,
    /// Its id.
    pub id: Option<String>,
    /// Its link, as last seen.
    pub url: Option<String>,
    /// Its headline, as last seen.
    pub headline: Option<String>,
    /// The contacts that it led to write.
    pub contacts: u64,
    /// The conversations that they wrote in.
    pub conversations: u64,
    /// Those of the contacts who became customers within 7 days of a message that it led to.
    pub customers: u64,
}

/// Counts touches by ad, one after another.
#[derive(Debug, Default)]
pub struct Attribution(BTreeMap<(Option<String>, Option<String>), Ad>);

#[derive(Debug, Default)]
struct Ad {
    seen: Option<LastTouch>,
    contacts: BTreeSet<ContactId>,
    conversations: BTreeSet<ConversationId>,
    customers: BTreeSet<ContactId>,
}

impl Attribution {
    /// Takes a touch in: who wrote it by now, and when they became a customer.
    pub fn count(&mut self, touch: &Touch, contact: ContactId, became_customer: &BTreeSet<DateTime<Utc>>) {
        let id = touch.referral.source_id.clone();
        let url = touch.referral.source_url.clone().filter(|_| id.is_none());
        let ad = self.0.entry((id, url)).or_default();
        ad.seen = ad.seen.take().max(Some(LastTouch {
            at: touch.at,
            referral: touch.referral.clone(),
        }));
        ad.contacts.insert(contact);
        ad.conversations.insert(touch.conversation);
        if became_customer
            .range(touch.at..=touch.at + ATTRIBUTED_WITHIN)
            .next()
            .is_some()
        {
            ad.customers.insert(contact);
        }
    }

    /// Each ad, those that led most contacts to write first.
    pub fn reports(self) -> Vec<AdReport> {
        let mut reports: Vec<AdReport> = self
            .0
            .into_values()
            .map(|ad| {
                let seen = ad.seen.map(|seen| seen.referral).unwrap_or_default();
                AdReport {
                    source: seen.source_type,
                    id: seen.source_id,
                    url: seen.source_url,
                    headline: seen.headline,
                    contacts: ad.contacts.len() as u64,
                    conversations: ad.conversations.len() as u64,
                    customers: ad.customers.len() as u64,
                }
            })
            .collect();
        reports.sort_by_key(|report| std::cmp::Reverse(report.contacts));
        reports
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn ad(id: &str, headline: &str) -> Referral {
        Referral {
            source_id: Some(id.to_owned()),
            headline: Some(headline.to_owned()),
            ..Referral::default()
        }
    }

    fn id<I: From<uuid::Uuid>>(number: u128) -> I {
        uuid::Uuid::from_u128(number).into()
    }

    fn touch(message: u128, contact: u128, seconds: i64, referral: Referral) -> Touch {
        Touch {
            org: id(1),
            message: id(message),
            contact: id(contact),
            conversation: id(contact + 100),
            at: at(seconds),
            referral,
        }
    }

    #[test]
    fn what_the_platform_did_not_say_is_null() {
        let shown = value(at(0), &ad("1", "Tea"));
        assert_eq!(
            shown,
            json!({
                "source": null, "id": "1", "url": null, "headline": "Tea", "body": null, "media": null,
                "ctwaClid": null, "at": "2027-01-15T08:00:00Z",
            })
        );
    }

    #[test]
    fn the_first_touch_is_the_earliest_in_any_order() {
        let touches = [(5, "b"), (9, "c"), (5, "a"), (7, "d")]
            .map(|(seconds, name)| value(at(seconds), &ad(name, name)));
        for turn in 0..touches.len() {
            let mut attributes = BTreeMap::new();
            for number in 0..touches.len() {
                touched(&mut attributes, &touches[(turn + number) % touches.len()]);
                touched(&mut attributes, &touches[turn]);
            }
            assert_eq!(attributes[ATTRIBUTE]["id"], "a", "{turn}");
        }
    }

    #[test]
    fn ads_are_counted_by_contact_conversation_and_customer() {
        let day = 86_400;
        let mut counted = Attribution::default();
        let never = BTreeSet::new();
        let on = |seconds| BTreeSet::from([at(seconds)]);
        counted.count(&touch(1, 1, 0, ad("1", "Tea")), id(1), &on(7 * day));
        counted.count(&touch(2, 1, 20, ad("1", "Green tea")), id(1), &on(7 * day));
        counted.count(&touch(3, 2, 5, ad("1", "Tea")), id(2), &never);
        counted.count(&touch(4, 3, 0, ad("1", "Tea")), id(3), &on(7 * day + 1));
        counted.count(&touch(5, 4, 10, ad("1", "Tea")), id(4), &on(9));
        counted.count(&touch(6, 4, 0, ad("2", "Coffee")), id(4), &on(9));
        let link = Referral {
            source_url: Some("https://fb.me/x".to_owned()),
            ..Referral::default()
        };
        counted.count(&touch(7, 5, 0, link), id(5), &never);
        let reports = counted.reports();
        let told: Vec<_> = reports
            .iter()
            .map(|ad| {
                (
                    ad.id.as_deref(),
                    ad.headline.as_deref(),
                    ad.contacts,
                    ad.conversations,
                    ad.customers,
                )
            })
            .collect();
        assert_eq!(told[0], (Some("1"), Some("Green tea"), 4, 4, 1));
        assert!(told.contains(&(Some("2"), Some("Coffee"), 1, 1, 1)));
        assert!(told.contains(&(None, None, 1, 1, 0)));
        assert_eq!(told.len(), 3);
    }
}
