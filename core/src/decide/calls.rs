//! Calls: they open the window as a message does, and are no messages.

use crate::contact::{CreatedBy, RecordStatus};
use crate::context::Context;
use crate::conversation::MessageRef;
use crate::decide::contacts::identity_key;
use crate::decide::evidence::ref_key;
use crate::decide::receive::{Act, Applied, Inbox, count_blocked};
use crate::decide::routing::route;
use crate::decide::suppression::is_forgotten;
use crate::inbound::{Call, CallEvent, Caller};
use crate::journal::{Entry, What};
use crate::working_set::{Step, WorkingSet};

impl Inbox<'_> {
    /// Something that happened to a call. Who calls becomes a contact and can be answered; but a call says nothing: it is
    /// no consent, no answer to a broadcast, and makes nobody active again.
    pub(super) fn call(&self, set: &mut WorkingSet, ctx: &mut Context<'_>, call: &Call) -> Step<Applied> {
        // Each event of a call once. No message stands behind the reference.
        let token = format!("{} {}", call.provider_id, call.stage.as_str());
        let dedupe = ref_key(ctx, self.account.id, &token);
        let addresses = &call.person.addresses;
        let identities = addresses.iter().map(|address| identity_key(ctx, address));
        set.need(identities.chain([dedupe.clone()]))?;
        if set.get::<MessageRef>(&dedupe)?.is_some() {
            return Ok(Applied::Duplicate);
        }
        if is_forgotten(set, ctx, addresses, Some(self.at))? {
            return Ok(Applied::Duplicate);
        }
        let by = match call.caller {
            Caller::Person => CreatedBy::Inbound,
            Caller::Business => CreatedBy::Outbound,
        };
        let incoming = call.caller == Caller::Person && call.stage == CallEvent::Connect;
        let (mut contact, _) = self.person(set, ctx, &call.person, by)?;
        if contact.status == RecordStatus::Blocked {
            if incoming {
                count_blocked(set, ctx, self.account, self.at, contact.id, &token);
            }
            set.put(contact);
            return Ok(Applied::Applied);
        }

        let act = if incoming { Act::Call } else { Act::Other };
        let (conversation, new) = self.conversation(set, ctx, &mut contact, act)?;
        contact.touch(self.at, incoming);
        contact.learn_profile(
            self.at,
            call.person.name.as_deref(),
            call.person.username.as_deref(),
        );
        if call.opens_window() {
            self.open_window(set, ctx, addresses)?;
        }
        let what = What::Call {
            call: call.provider_id.clone(),
            channel: self.account.channel,
            caller: call.caller,
            event: call.stage.clone(),
            raw: call.raw.clone(),
        };
        set.journal(Entry {
            at: self.at,
            ..ctx.about(contact.id, what)
        });
        set.put(MessageRef {
            org: ctx.org.id,
            account: self.account.id,
            token,
            message: ctx.ids.next(),
            dispatch: None,
        });
        set.put(contact);
        if new {
            route(set, ctx, conversation, self.account.channel)?;
        }
        Ok(Applied::Applied)
    }
}
