use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use crate::clock::Clock;

/// A clock that stands still until it is set. Clones show the same time.
///
/// Whoever sleeps on it wakes when the time is set to their deadline or past it, and at no other moment.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: watch::Sender<DateTime<Utc>>,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub fn new(now: DateTime<Utc>) -> Self {
        Self {
            now: watch::Sender::new(now),
        }
    }

    /// A clock that shows this many seconds since 1970, or the farthest time there is if there are too many.
    pub fn at(unix_seconds: i64) -> Self {
        Self::new(DateTime::from_timestamp(unix_seconds, 0).unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    /// The time shown.
    pub fn now(&self) -> DateTime<Utc> {
        *self.now.borrow()
    }

    /// Shows `now` from here on; earlier than before is allowed, as with a wall clock that was corrected.
    pub fn set(&self, now: DateTime<Utc>) {
        self.now.send_replace(now);
    }

    /// Moves the time forward, at most to the farthest time there is.
    pub fn advance(&self, by: Duration) {
        let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
        self.now
            .send_modify(|now| *now = now.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC));
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        self.now()
    }

    async fn sleep_until(&self, deadline: DateTime<Utc>) {
        // Cannot fail: `self` holds the sender.
        let _ = self.now.subscribe().wait_for(|now| *now >= deadline).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_time_reaches_its_deadline_and_not_before() {
        let clock = ManualClock::at(1_000);
        let deadline = clock.now() + TimeDelta::seconds(10);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep_until(deadline).await;
                clock.now()
            }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        assert_eq!(sleeper.await.unwrap(), deadline);
    }

    #[tokio::test]
    async fn a_deadline_that_has_passed_does_not_sleep() {
        let clock = ManualClock::at(1_000);
        clock.sleep_until(clock.now()).await;
        clock.set(DateTime::from_timestamp(2_000, 0).unwrap());
        clock
            .sleep_until(DateTime::from_timestamp(1_500, 0).unwrap())
            .await;
    }

    #[test]
    fn clones_share_the_time_and_it_may_go_backwards_but_not_overflow() {
        let clock = ManualClock::at(1_000);
        let other = clock.clone();
        other.set(DateTime::from_timestamp(500, 0).unwrap());
        assert_eq!(clock.now().timestamp(), 500);
        clock.advance(Duration::MAX);
        assert_eq!(other.now(), DateTime::<Utc>::MAX_UTC);
    }
}
