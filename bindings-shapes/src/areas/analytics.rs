//! What happened in a period, counted.

use chrono::{DateTime, Utc};
use tertulia::{AdReport, Org};

use crate::method::area;

area! {
    /// What happened in a period, counted.
    analytics(org: Org) {
        /// What each ad and post brought, of the messages that one led to from a time on and before another: who wrote, in
        /// which conversations, and who of them became a customer within 7 days. Those that led most contacts to write
        /// first.
        fn ctwa(since: DateTime<Utc>, until: DateTime<Utc>) -> Vec<AdReport> {
            org.analytics().ctwa(since, until).await
        }
    }
}
