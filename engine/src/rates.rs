//! How fast senders send: what each was given within the last second, in this process.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};
use tertulia_core::ids::{AccountId, OrgId};

/// What a rate is counted over.
const SECOND: TimeDelta = TimeDelta::seconds(1);

/// A sender and its organisation.
pub(crate) type Sender = (OrgId, AccountId);

/// The senders that have a rate and sent something within the last second.
#[derive(Debug, Default)]
pub(crate) struct Rates(HashMap<Sender, Recent>);

#[derive(Debug)]
struct Recent {
    rate: usize,
    /// When how many were given, the earliest first.
    given: VecDeque<(DateTime<Utc>, usize)>,
}

impl Recent {
    fn count(&self) -> usize {
        self.given.iter().map(|(_, count)| count).sum()
    }

    /// When one more may go.
    fn free_at(&self) -> Option<DateTime<Utc>> {
        let over = (self.count() + 1).saturating_sub(self.rate);
        let mut gone = 0;
        let enough = self.given.iter().find(|(_, count)| {
            gone += count;
            gone >= over
        });
        enough.filter(|_| over > 0).map(|(at, _)| *at + SECOND)
    }
}

impl Rates {
    /// How many messages each may be given yet; others, as many as their rate says.
    pub(crate) fn left(&mut self, now: DateTime<Utc>) -> BTreeMap<Sender, usize> {
        self.0.retain(|_, recent| {
            // What lies ahead was given before the clock was set back.
            recent.given.retain(|(at, _)| *at <= now && now < *at + SECOND);
            !recent.given.is_empty()
        });
        let left = |recent: &Recent| recent.rate.saturating_sub(recent.count());
        self.0
            .iter()
            .map(|(sender, recent)| (*sender, left(recent)))
            .collect()
    }

    /// A sender was given a message to send, be it above its rate: somebody waits for what people and bots write.
    pub(crate) fn give(&mut self, sender: Sender, rate: NonZeroU32, now: DateTime<Utc>) {
        let rate = rate.get() as usize;
        let recent = self.0.entry(sender).or_insert_with(|| Recent {
            rate,
            given: VecDeque::new(),
        });
        recent.rate = rate;
        match recent.given.back_mut() {
            Some((at, count)) if *at == now => *count += 1,
            _ => recent.given.push_back((now, 1)),
        }
    }

    /// One that was given was not sent.
    pub(crate) fn take_back(&mut self, sender: Sender) {
        let Some(recent) = self.0.get_mut(&sender) else {
            return;
        };
        if let Some((_, count)) = recent.given.back_mut() {
            *count -= 1;
            if *count == 0 {
                recent.given.pop_back();
            }
        }
    }

    /// When the first of those that may be given nothing now may be given something.
    pub(crate) fn next(&self) -> Option<DateTime<Utc>> {
        self.0.values().filter_map(Recent::free_at).min()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const SENDER: Sender = (OrgId(Uuid::nil()), AccountId(Uuid::nil()));

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(milliseconds).unwrap()
    }

    fn rate(a_second: u32) -> NonZeroU32 {
        NonZeroU32::new(a_second).unwrap()
    }

    fn left(rates: &mut Rates, milliseconds: i64) -> Option<usize> {
        rates.left(at(milliseconds)).get(&SENDER).copied()
    }

    #[test]
    fn any_one_second_has_no_more_than_the_rate() {
        let mut rates = Rates::default();
        assert_eq!(left(&mut rates, 0), None, "nothing is known of it yet");
        rates.give(SENDER, rate(3), at(0));
        rates.give(SENDER, rate(3), at(0));
        assert_eq!(rates.next(), None);
        rates.give(SENDER, rate(3), at(700));
        assert_eq!(left(&mut rates, 999), Some(0));
        assert_eq!(rates.next(), Some(at(1000)));
        assert_eq!(left(&mut rates, 1000), Some(2));
        assert_eq!(left(&mut rates, 1699), Some(2));
        assert_eq!(left(&mut rates, 1700), None, "forgotten");
    }

    #[test]
    fn what_goes_above_the_rate_counts_and_makes_the_others_wait_longer() {
        let mut rates = Rates::default();
        for milliseconds in [0, 100, 200] {
            rates.give(SENDER, rate(2), at(milliseconds));
        }
        assert_eq!(left(&mut rates, 999), Some(0));
        assert_eq!(rates.next(), Some(at(1100)));
        assert_eq!(left(&mut rates, 1000), Some(0));
        assert_eq!(left(&mut rates, 1100), Some(1));
    }

    #[test]
    fn what_was_not_sent_is_free_again() {
        let mut rates = Rates::default();
        rates.give(SENDER, rate(1), at(0));
        rates.take_back(SENDER);
        rates.take_back(SENDER);
        assert_eq!(left(&mut rates, 0), None);
    }

    #[test]
    fn a_clock_that_is_set_back_stops_nobody_and_another_rate_counts_at_once() {
        let mut rates = Rates::default();
        rates.give(SENDER, rate(1), at(60_000));
        assert_eq!(left(&mut rates, 0), None);
        rates.give(SENDER, rate(1), at(0));
        rates.give(SENDER, rate(5), at(1));
        assert_eq!(left(&mut rates, 2), Some(3));
    }
}
