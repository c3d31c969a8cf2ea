//! What a caller does with broadcasts, and when one is finished.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::attributes::{Attribute, RESERVED};
use crate::broadcast::{Audience, Broadcast, BroadcastState};
use crate::context::Context;
use crate::decide::sending::{get_account, get_template, settles_within};
use crate::decide::{filters, segments};
use crate::error::{Code, Error};
use crate::filter::Filter;
use crate::identity::AddressKind;
use crate::ids::{AccountId, BroadcastId};
use crate::journal::What;
use crate::record::{Key, Op};
use crate::render::{Text, Variable};
use crate::segment::SegmentUser;
use crate::template::{Language, Template, TemplateParameters};
use crate::working_set::{Step, WorkingSet};

/// A broadcast to create.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewBroadcast {
    /// A name for people.
    pub name: String,
    /// The sender.
    pub account: AccountId,
    /// The template's name.
    pub template: String,
    /// The template's language.
    pub language: Language,
    /// What fills the template.
    #[serde(default)]
    pub parameters: TemplateParameters,
    /// Who is meant.
    pub target: Filter,
}

/// The broadcast, which must be there.
pub fn get(set: &mut WorkingSet, ctx: &Context<'_>, broadcast: BroadcastId) -> Step<Broadcast> {
    let found: Option<Broadcast> = set.get(&Key::Broadcast {
        org: ctx.org.id,
        broadcast,
    })?;
    found.ok_or_else(|| {
        Error::new(
            Code::BroadcastNotFound,
            format!("there is no broadcast {broadcast}"),
        )
        .into()
    })
}

/// Saves a draft: everything that could never be sent is refused now.
pub fn create(set: &mut WorkingSet, ctx: &mut Context<'_>, new: &NewBroadcast) -> Step<BroadcastId> {
    new.target.check_size()?;
    let broadcast = Broadcast {
        id: ctx.ids.next(),
        org: ctx.org.id,
        name: new.name.trim().to_owned(),
        account: new.account,
        template: new.template.clone(),
        language: new.language.clone(),
        parameters: new.parameters.clone(),
        target: new.target.folded(),
        state: BroadcastState::Draft,
        created_at: ctx.now,
    };
    check(set, ctx, &broadcast)?;
    let id = broadcast.id;
    let user = SegmentUser::Broadcast(id);
    segments::rely(set, ctx, user, None, Some(&broadcast.target))?;
    journal(set, ctx, id, "created");
    set.put(broadcast);
    Ok(id)
}

/// Replaces a draft.
pub fn update(set: &mut WorkingSet, ctx: &Context<'_>, id: BroadcastId, new: &NewBroadcast) -> Step<()> {
    let mut broadcast = get(set, ctx, id)?;
    refuse_launched(&broadcast)?;
    new.target.check_size()?;
    new.name.trim().clone_into(&mut broadcast.name);
    broadcast.account = new.account;
    broadcast.template.clone_from(&new.template);
    broadcast.language = new.language.clone();
    broadcast.parameters = new.parameters.clone();
    let before = std::mem::replace(&mut broadcast.target, new.target.folded());
    check(set, ctx, &broadcast)?;
    let user = SegmentUser::Broadcast(id);
    segments::rely(set, ctx, user, Some(&before), Some(&broadcast.target))?;
    journal(set, ctx, id, "updated");
    set.put(broadcast);
    Ok(())
}

fn refuse_launched(broadcast: &Broadcast) -> Result<(), Error> {
    if broadcast.state == BroadcastState::Draft {
        Ok(())
    } else {
        Err(Error::new(
            Code::BroadcastNotDraft,
            format!("broadcast {:?} was launched already", broadcast.name),
        ))
    }
}

/// Refuses parameters that name an attribute which nobody defined: it would be missing for everybody.
fn check_variables(set: &mut WorkingSet, ctx: &Context<'_>, parameters: &TemplateParameters) -> Step<()> {
    let key = |name: &str| Key::Attribute {
        org: ctx.org.id,
        name: name.to_owned(),
    };
    let named = || {
        let variables = parameters.texts().flat_map(Text::variables);
        variables.filter_map(|variable| match variable {
            Variable::ContactAttribute(name) => Some(name.as_str()),
            _ => None,
        })
    };
    set.need(named().map(key))?;
    let mut defined = HashSet::new();
    for name in named() {
        if set.get::<Attribute>(&key(name))?.is_some() {
            defined.insert(name);
        }
    }
    for text in parameters.texts() {
        text.check_attributes(|name| defined.contains(name) || RESERVED.contains(&name))?;
    }
    Ok(())
}

/// The sender and template of a broadcast, which must fit together.
pub fn check(set: &mut WorkingSet, ctx: &Context<'_>, broadcast: &Broadcast) -> Step<(Account, Template)> {
    if broadcast.name.is_empty() {
        return Err(Error::new(Code::BroadcastInvalid, "the broadcast has no name").into());
    }
    let account = get_account(set, ctx, broadcast.account)?;
    if !AddressKind::Phone.reaches(account.channel) {
        let message = format!(
            "sender {} is on {}, which has no templates",
            account.name, account.channel
        );
        return Err(Error::new(Code::BroadcastInvalid, message).into());
    }
    let template = get_template(set, ctx, &broadcast.template, &broadcast.language)?;
    template.check(&broadcast.parameters)?;
    check_variables(set, ctx, &broadcast.parameters)?;
    filters::ready(set, ctx, &broadcast.target)?;
    Ok((account, template))
}

/// Fixes the recipients and starts sending.
pub fn launch(set: &mut WorkingSet, ctx: &mut Context<'_>, id: BroadcastId, seed: u64) -> Step<()> {
    let mut broadcast = get(set, ctx, id)?;
    refuse_launched(&broadcast)?;
    let (account, template) = check(set, ctx, &broadcast)?;
    template.sendable()?;
    let target = filters::ready(set, ctx, &broadcast.target)?;
    let draft = std::mem::replace(&mut broadcast.target, target);
    segments::rely(set, ctx, SegmentUser::Broadcast(id), Some(&draft), None)?;
    broadcast.state = BroadcastState::Running { since: ctx.now };
    journal(set, ctx, id, "launched");
    set.put(broadcast.clone());
    broadcast.target = broadcast.target.without_deleted();
    let audience = Audience {
        settles_within_seconds: settles_within(ctx, Some(template.category)),
        category: template.category,
        broadcast,
        account,
        now: ctx.now,
    };
    set.also(Op::SnapshotAudience(Box::new(audience), seed));
    Ok(())
}

/// Ends a broadcast of which no recipient is pending, leased or sending, as the caller counted.
pub fn finish(set: &mut WorkingSet, ctx: &Context<'_>, id: BroadcastId) -> Step<()> {
    let mut broadcast = get(set, ctx, id)?;
    if let BroadcastState::Running { since } = broadcast.state {
        broadcast.state = BroadcastState::Finished {
            launched: since,
            at: ctx.now,
        };
        journal(set, ctx, id, "finished");
        set.put(broadcast);
    }
    Ok(())
}

/// Runs a finished broadcast again, because some of its rows are to be sent again.
pub fn reopen(set: &mut WorkingSet, ctx: &Context<'_>, id: BroadcastId) -> Step<()> {
    let mut broadcast = get(set, ctx, id)?;
    if let BroadcastState::Finished { launched, .. } = broadcast.state {
        broadcast.state = BroadcastState::Running { since: launched };
        journal(set, ctx, id, "reopened");
        set.put(broadcast);
    }
    Ok(())
}

fn journal(set: &mut WorkingSet, ctx: &Context<'_>, broadcast: BroadcastId, change: &str) {
    set.journal(ctx.entry(What::BroadcastChanged {
        broadcast,
        change: change.to_owned(),
    }));
}
