//! What happened in a period, counted.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tertulia_core::analytics::AnalyticsGroup;
use tertulia_core::analytics::inbox::{BOUNDS, GIVEN, InboxCount, InboxFigures, KINDS};
use tertulia_core::ctwa::{AdReport, Attribution, Touch};
use tertulia_core::decide::contacts;
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::ContactId;
use tertulia_core::journal::{Entry, EntryFilter, EntryKind};
use tertulia_core::roles::Call;
use tertulia_core::survey::{CsatReport, Satisfaction, Survey};
use tertulia_core::working_set::WorkingSet;
use tertulia_storage_traits::{JournalRequest, JournalView, Query};

use crate::org::Org;
use crate::runtime::Runtime;
use crate::walk::{Entries, Records};

/// What happened in a period, counted.
#[derive(Debug, Clone, Copy)]
pub struct Analytics<'a>(pub(crate) &'a Org);

impl Analytics<'_> {
    /// How satisfied contacts were, of the surveys that went out from a time on and before another: in all, or split by who
    /// had the conversation when it was resolved, by channel, or by the day, week or month of the question. A part of which
    /// no survey went out is left out.
    ///
    /// It reads the surveys of the period.
    pub async fn csat(
        &self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        by: AnalyticsGroup,
    ) -> Result<Vec<CsatReport>, Error> {
        let runtime = &self.0.admitted(Call::AnalyticsCsat).await?.runtime;
        let zone = runtime.org(self.0.id).await?.settings.zone;
        let query = Query::Surveys {
            org: self.0.id,
            from: since,
            until,
        };
        let mut counted = Satisfaction::default();
        let mut surveys = Records::found(query);
        while let Some(found) = surveys.next(runtime).await? {
            for stored in found {
                if let Ok(survey) = Survey::try_from(stored.record) {
                    counted.count(&survey, by, zone);
                }
            }
        }
        Ok(counted.reports())
    }

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
        let mut counted = Attribution::default();
        let mut touches = Records::found(query);
        while let Some(found) = touches.next(runtime).await? {
            let mut set = WorkingSet::new();
            for stored in found {
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
        }
        Ok(counted.reports())
    }

    /// What went on in conversations from a time on and before another: messages in and out, conversations opened, opened
    /// again and closed, how long people waited for the first response and for the resolution, split as it is said; days,
    /// weeks and months are those of the organisation's zone. Parts in which nothing happened are left out.
    ///
    /// Messages of groups count as any other. What was deleted counts still, as the journal tells of it.
    ///
    /// It reads the journal of the period page by page, and of each contact in it what came before, back to where the
    /// conversation was last opened or closed; it keeps where each of those contacts stands.
    pub async fn inbox(
        &self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        by: AnalyticsGroup,
    ) -> Result<Vec<InboxFigures>, Error> {
        let runtime = &self.0.admitted(Call::AnalyticsInbox).await?.runtime;
        let zone = runtime.org(self.0.id).await?.settings.zone;
        let mut count = InboxCount::new(since, until, by, zone);
        let mut whose: HashMap<ContactId, ContactId> = HashMap::new();
        let filter = which(&KINDS, Some(since), until);
        let mut period = Entries::which(self.0.id, JournalView::Chronicle, filter);
        while let Some(entries) = period.next(runtime).await? {
            for (_, entry) in entries {
                let Some(written) = entry.contact else {
                    continue;
                };
                let contact = if let Some(contact) = whose.get(&written) {
                    *contact
                } else {
                    let ids = self.all_ids(runtime, written).await?;
                    let contact = ids.first().copied().unwrap_or(written);
                    if count.asks_before(contact, &entry) {
                        self.before(runtime, ids, since, &mut count).await?;
                    }
                    whose.insert(written, contact);
                    contact
                };
                count.take(contact, &entry);
            }
        }
        Ok(count.figures())
    }

    /// All ids of whoever an id leads to, their own first.
    async fn all_ids(&self, runtime: &Runtime, id: ContactId) -> Result<Vec<ContactId>, Error> {
        let found = runtime
            .rehearse(self.0.id, self.0.actor(), &mut WorkingSet::new(), |set, ctx| {
                contacts::even_deleted(set, ctx, id)
            })
            .await;
        match found {
            Ok(contact) => Ok(contact.ids().collect()),
            Err(error) if error.code() == Code::ContactNotFound => Ok(vec![id]),
            Err(error) => Err(error),
        }
    }

    /// Tells what was before the period of a contact with these ids.
    async fn before(
        &self,
        runtime: &Runtime,
        ids: Vec<ContactId>,
        since: DateTime<Utc>,
        count: &mut InboxCount,
    ) -> Result<(), Error> {
        let Some(contact) = ids.first().copied() else {
            return Ok(());
        };
        let view = JournalView::Timeline(ids);
        let Some(bound) = self.last(runtime, &view, &BOUNDS, since).await? else {
            return Ok(());
        };
        for kind in GIVEN {
            if let Some(entry) = self.last(runtime, &view, &[kind], bound.at).await? {
                count.take(contact, &entry);
            }
        }
        let filter = which(&KINDS, Some(bound.at), since);
        let mut since_then = Entries::which(self.0.id, view, filter);
        while let Some(entries) = since_then.next(runtime).await? {
            for (_, entry) in entries {
                count.take(contact, &entry);
            }
        }
        Ok(())
    }

    /// The last entry of a view before a time that is of one of these kinds.
    async fn last(
        &self,
        runtime: &Runtime,
        view: &JournalView,
        kinds: &[EntryKind],
        until: DateTime<Utc>,
    ) -> Result<Option<Entry>, Error> {
        let request = JournalRequest {
            org: self.0.id,
            view: view.clone(),
            filter: which(kinds, None, until),
            after: 0,
            cursor: None,
            backwards: true,
            limit: 1,
        };
        let page = runtime.journal(request).await?;
        Ok(page.entries.into_iter().next().map(|(_, entry)| entry))
    }
}

fn which(kinds: &[EntryKind], from: Option<DateTime<Utc>>, until: DateTime<Utc>) -> EntryFilter {
    EntryFilter {
        kinds: kinds.to_vec(),
        from,
        until: Some(until),
        ..EntryFilter::default()
    }
}
