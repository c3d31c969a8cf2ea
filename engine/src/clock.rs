//! Where the time comes from: handed in, so that a test can run a month in seconds.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

/// A source of time. Everything that depends on the time asks one of these and nothing else.
#[async_trait]
pub trait Clock: Debug + Send + Sync {
    /// The present moment. May go backwards, as wall clocks do.
    fn now(&self) -> DateTime<Utc>;

    /// Returns once [`now`](Clock::now) has reached `deadline`; at once if it has already.
    async fn sleep_until(&self, deadline: DateTime<Utc>);

    /// Lets others go first for so long, a fraction of a second, before something is tried again. It passes even where
    /// [`now`](Clock::now) stands still.
    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

/// The wall clock of the machine, sleeping on Tokio's timer.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// Tokio's timer doesn't count the time that a machine was suspended, nor see its clock set: the wall clock is
/// looked at again at least this often.
const LONGEST_NAP: Duration = Duration::from_secs(30);

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from(SystemTime::now())
    }

    async fn sleep_until(&self, deadline: DateTime<Utc>) {
        while let Some(left) = (deadline - self.now())
            .to_std()
            .ok()
            .filter(|left| !left.is_zero())
        {
            tokio::time::sleep(left.min(LONGEST_NAP)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_clock_sleeps_up_to_the_deadline_and_not_at_all_past_it() {
        let clock = SystemClock;
        let deadline = clock.now() + chrono::TimeDelta::milliseconds(5);
        clock.sleep_until(deadline).await;
        assert!(clock.now() >= deadline);
        clock.sleep_until(DateTime::<Utc>::MIN_UTC).await;
    }
}
