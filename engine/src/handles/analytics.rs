//! What happened in a period, counted.

use chrono::{DateTime, Utc};
use tertulia_core::ctwa::{AdReport, Attribution, Touch};
use tertulia_core::decide::contacts;
use tertulia_core::error::Error;
use tertulia_core::roles::Call;
use tertulia_core::working_set::WorkingSet;
use tertulia_storage_traits::{PageRequest, Query};

use crate::org::Org;
use crate::runtime::BATCH;

/// What happened in a period, counted.
#[derive(Debug, Clone, Copy)]
pub struct Analytics<'a>(pub(crate) &'a Org);

impl Analytics<'_> {
    /// What each ad and post brought, of the messages that one led to from a time on and before another: who wrote, in
    /// which conversations, and who of them became a customer within 7 days. Those that led most contacts to write first.
    ///
    /// It reads the messages of the period that an ad led to, and who wrote them.
    pub async fn ctwa(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> Result<Vec<AdReport>, Error> {
        let call = Call::AnalyticsCtwa;
        let runtime = &self.0.admitted(call).await?.runtime;
        runtime.org(self.0.id).await?;
        let query = Query::Touches {
            org: self.0.id,
            from,
            until,
        };
        let mut request = PageRequest::first(query, BATCH);
        let mut counted = Attribution::default();
        loop {
            let page = runtime.page(request.clone()).await?;
            let mut set = WorkingSet::new();
            for stored in page.records {
                let Ok(touch) = Touch::try_from(stored.record) else {
                    continue;
                };
                // Whoever was merged counts as one.
                let contact = self
                    .0
                    .rehearse(call, &mut set, |set, ctx| {
                        contacts::even_deleted(set, ctx, touch.contact)
                    })
                    .await?;
                counted.count(&touch, contact.id, &contact.became_customer);
            }
            match page.next {
                Some(next) => request.cursor = Some(next),
                None => return Ok(counted.reports()),
            }
        }
    }
}
