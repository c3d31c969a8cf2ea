//! What happened in a period, counted.

use chrono::{DateTime, Utc};
use tertulia::{AdReport, AnalyticsGroup, CsatReport, InboxFigures, Org};

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

        /// How satisfied contacts were, of the surveys that went out from a time on and before another: in all, or split by
        /// who had the conversation when it was resolved, by channel, or by the day, week or month of the question. A part
        /// of which no survey went out is left out.
        fn csat(since: DateTime<Utc>, until: DateTime<Utc>, by: AnalyticsGroup) -> Vec<CsatReport> {
            org.analytics().csat(since, until, by).await
        }

        /// What went on in conversations from a time on and before another: messages in and out, conversations opened,
        /// opened again and closed, how long people waited for the first response and for the resolution, split as it is
        /// said; days, weeks and months are those of the organisation's zone. Parts in which nothing happened are left out.
        /// Messages of groups count as any other. What was deleted counts still.
        fn inbox(since: DateTime<Utc>, until: DateTime<Utc>, by: AnalyticsGroup) -> Vec<InboxFigures> {
            org.analytics().inbox(since, until, by).await
        }
    }
}
