//! What a caller does with an organisation: its settings, rules, attributes, templates and senders.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::account::{Account, AccountState, HIGHEST_RATE, Route, Standing};
use crate::attributes::{Attribute, AttributeKind};
use crate::channel::Channel;
use crate::context::Context;
use crate::decide::landing::set_account_state;
use crate::decide::quick_replies::check_attributes;
use crate::decide::sending::get_account;
use crate::error::{Code, Error};
use crate::ids::{AccountId, RuleId};
use crate::journal::What;
use crate::record::{Key, Org, OrgRule, OrgTemplate};
use crate::settings::Settings;
use crate::survey::Csat;
use crate::tagging::{Rule, RuleSet};
use crate::template::Template;
use crate::working_set::{Step, WorkingSet};

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// The organisation's record.
pub(crate) fn org(set: &mut WorkingSet, ctx: &Context<'_>) -> Step<Org> {
    let found: Option<Org> = set.get(&Key::Org { org: ctx.org.id })?;
    found.ok_or_else(|| {
        Error::new(
            Code::OrgNotFound,
            format!("there is no organisation {}", ctx.org.id),
        )
        .into()
    })
}

/// Replaces the settings.
///
/// Fails with `setting.invalid`, or `render.unknown_variable` for a text that names an attribute which is not defined.
pub fn set_settings(set: &mut WorkingSet, ctx: &Context<'_>, settings: &Settings) -> Step<()> {
    settings.validate()?;
    for text in settings.csat.iter().flat_map(Csat::texts) {
        check_attributes(set, ctx, text)?;
    }
    let mut org = org(set, ctx)?;
    if org.settings != *settings {
        set.journal(ctx.entry(What::SettingsChanged {
            before: json(&org.settings),
            after: json(settings),
        }));
        org.settings = settings.clone();
        set.put(org);
    }
    Ok(())
}

/// Stores an auto-tag rule, new or in place of the one with its id.
pub fn put_rule(set: &mut WorkingSet, ctx: &Context<'_>, rule: &Rule) -> Step<()> {
    RuleSet::compile([rule])?;
    let key = Key::Rule {
        org: ctx.org.id,
        rule: rule.id,
    };
    let before: Option<OrgRule> = set.get(&key)?;
    replace_rule(set, ctx, before.as_ref(), rule.clone())
}

/// Puts a rule in another's place, or behind all others; the next message is held against it.
pub(crate) fn replace_rule(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    before: Option<&OrgRule>,
    rule: Rule,
) -> Step<()> {
    let mut org = org(set, ctx)?;
    org.rules_epoch += 1;
    set.journal(ctx.entry(What::RuleChanged {
        rule: rule.id,
        before: before.map(|before| json(&before.rule)),
        after: Some(json(&rule)),
    }));
    set.put(OrgRule {
        org: ctx.org.id,
        position: before.map_or(org.rules_epoch, |before| before.position),
        rule,
    });
    set.put(org);
    Ok(())
}

/// Removes an auto-tag rule; tags that it added stay.
pub fn remove_rule(set: &mut WorkingSet, ctx: &Context<'_>, id: RuleId) -> Step<()> {
    let key = Key::Rule {
        org: ctx.org.id,
        rule: id,
    };
    let before: Option<OrgRule> = set.get(&key)?;
    let Some(before) = before else {
        return Err(Error::new(Code::RuleNotFound, format!("there is no rule {id}")).into());
    };
    let mut org = org(set, ctx)?;
    org.rules_epoch += 1;
    set.journal(ctx.entry(What::RuleChanged {
        rule: id,
        before: Some(json(&before.rule)),
        after: None,
    }));
    set.remove(key);
    set.put(org);
    Ok(())
}

/// Defines an attribute; one of the same name must have the same definition.
pub fn define_attribute(set: &mut WorkingSet, ctx: &Context<'_>, attribute: &Attribute) -> Step<()> {
    attribute.validate()?;
    let known: Option<Attribute> = set.get(&attribute_key(ctx, &attribute.name))?;
    match known {
        Some(known) if known.kind == attribute.kind => Ok(()),
        Some(_) => {
            let message = format!(
                "attribute {:?} is defined already, otherwise; change its definition",
                attribute.name
            );
            Err(Error::new(Code::AttributeInvalid, message).into())
        }
        None => {
            put_attribute(set, ctx, None, attribute);
            Ok(())
        }
    }
}

fn put_attribute(set: &mut WorkingSet, ctx: &Context<'_>, before: Option<&Attribute>, after: &Attribute) {
    set.journal(ctx.entry(What::AttributeChanged {
        name: after.name.clone(),
        before: before.map(|before| json(&before.kind)),
        after: Some(json(&after.kind)),
    }));
    set.put(after.clone());
}

/// The definition of an attribute, which must be there.
pub fn attribute(set: &mut WorkingSet, ctx: &Context<'_>, name: &str) -> Step<Attribute> {
    let known: Option<Attribute> = set.get(&attribute_key(ctx, name))?;
    known.ok_or_else(|| {
        let message = format!("no attribute {name:?} is defined");
        Error::new(Code::AttributeUnknown, message).into()
    })
}

fn attribute_key(ctx: &Context<'_>, name: &str) -> Key {
    Key::Attribute {
        org: ctx.org.id,
        name: name.to_owned(),
    }
}

/// Defines an attribute anew, in place of its definition as it was looked at; nothing if it is the same. Whose values
/// would not fit must be counted before, and their values be taken away after.
pub fn redefine_attribute(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    before: &Attribute,
    kind: &AttributeKind,
) -> Step<()> {
    let after = Attribute {
        kind: kind.clone(),
        ..before.clone()
    };
    after.validate()?;
    refuse_redefined(set, ctx, before)?;
    if after != *before {
        put_attribute(set, ctx, Some(before), &after);
    }
    Ok(())
}

/// Removes the definition of an attribute as it was looked at. Values must be counted before, and be taken away after.
pub fn remove_attribute(set: &mut WorkingSet, ctx: &Context<'_>, before: &Attribute) -> Step<()> {
    refuse_redefined(set, ctx, before)?;
    set.journal(ctx.entry(What::AttributeChanged {
        name: before.name.clone(),
        before: Some(json(&before.kind)),
        after: None,
    }));
    set.remove(attribute_key(ctx, &before.name));
    Ok(())
}

/// What was counted over one definition says nothing of another.
fn refuse_redefined(set: &mut WorkingSet, ctx: &Context<'_>, seen: &Attribute) -> Step<()> {
    if attribute(set, ctx, &seen.name)? == *seen {
        return Ok(());
    }
    let message = format!("somebody else changed attribute {:?} meanwhile", seen.name);
    Err(Error::new(Code::StorageConflict, message).into())
}

/// Stores a template, new or in place of the one with its name and language.
pub fn put_template(set: &mut WorkingSet, ctx: &Context<'_>, template: &Template) -> Step<()> {
    template.validate()?;
    let language = template.language.as_str().to_owned();
    let key = Key::Template {
        org: ctx.org.id,
        name: template.name.clone(),
        language: language.clone(),
    };
    let before: Option<OrgTemplate> = set.get(&key)?;
    if before.as_ref().is_some_and(|before| before.template == *template) {
        return Ok(());
    }
    let change = if before.is_some() { "replaced" } else { "stored" };
    let noticed = before.map(|before| before.noticed).unwrap_or_default();
    let what = What::TemplateChanged {
        name: template.name.clone(),
        language,
        change: change.to_owned(),
    };
    set.journal(ctx.entry(what));
    set.put(OrgTemplate {
        org: ctx.org.id,
        template: template.clone(),
        noticed,
    });
    Ok(())
}

/// A sender to connect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    /// The channel.
    pub channel: Channel,
    /// The platform's id of the sender (on WhatsApp the phone-number id; at Twilio the number, as in `+15005550006`, or
    /// a messaging service's id).
    pub sender_id: String,
    /// The platform's id of the business account: on WhatsApp the WABA id, as notices about templates name only that; at
    /// Twilio the account's SID, needed where the key to send with is an API key.
    pub business_id: Option<String>,
    /// The endpoint of the transport to send by, as it was given to the builder; absent: the only one that serves the
    /// channel.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// A name for people.
    pub name: String,
    /// What the host's credentials callback is asked for.
    pub credential: String,
    /// How many messages a second it sends at most; absent: as many as its platform takes by default, on WhatsApp 80; 0:
    /// there is no limit.
    #[serde(default)]
    pub messages_per_second: Option<u32>,
}

/// The route of a business account's notices.
pub fn business_route_id(business_id: &str) -> String {
    format!("business:{business_id}")
}

/// Connects a sender: from now on its webhooks find this organisation.
pub fn connect(set: &mut WorkingSet, ctx: &mut Context<'_>, new: &NewAccount) -> Step<AccountId> {
    if new.sender_id.trim().is_empty() {
        return Err(Error::new(Code::AccountInvalid, "the sender has no id at the platform").into());
    }
    check_rate(new.messages_per_second)?;
    let route_key = |sender_id: String| Key::Route {
        channel: new.channel,
        sender_id,
    };
    let own = route_key(new.sender_id.clone());
    let business = new
        .business_id
        .as_deref()
        .map(|id| route_key(business_route_id(id)));
    set.need(business.iter().cloned().chain([own.clone()]))?;
    if set.get::<Route>(&own)?.is_some() {
        let message = format!("{} sender {} is connected already", new.channel, new.sender_id);
        return Err(Error::new(Code::AccountTaken, message).into());
    }
    let account = Account {
        id: ctx.ids.next(),
        org: ctx.org.id,
        channel: new.channel,
        sender_id: new.sender_id.clone(),
        business_id: new.business_id.clone(),
        endpoint: new.endpoint.clone(),
        name: new.name.clone(),
        credential: new.credential.clone(),
        messages_per_second: new.messages_per_second,
        state: AccountState::Active,
        standing: Standing::default(),
        begun: Vec::new(),
    };
    let id = account.id;
    let route = |sender_id: String| Route {
        channel: new.channel,
        sender_id,
        org: ctx.org.id,
        account: id,
    };
    set.put(route(new.sender_id.clone()));
    if let (Some(key), Some(business_id)) = (business, &new.business_id) {
        // One business account may have several senders; the first one connected leads to the organisation.
        if set.get::<Route>(&key)?.is_none() {
            set.put(route(business_route_id(business_id)));
        }
    }
    set.journal(ctx.entry(What::AccountChanged {
        account: id,
        change: "connected".to_owned(),
    }));
    set.put(account);
    Ok(id)
}

fn check_rate(messages_per_second: Option<u32>) -> Result<(), Error> {
    match messages_per_second {
        Some(rate) if rate > HIGHEST_RATE => Err(Error::new(
            Code::AccountInvalid,
            format!("{rate} messages a second are more than any platform takes; the most is {HIGHEST_RATE}"),
        )),
        _ => Ok(()),
    }
}

/// Sets how many messages a second a sender sends at most; absent: as its platform takes them; 0: there is no limit.
pub fn set_rate(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    id: AccountId,
    messages_per_second: Option<u32>,
) -> Step<()> {
    check_rate(messages_per_second)?;
    let mut account = get_account(set, ctx, id)?;
    if account.messages_per_second == messages_per_second {
        return Ok(());
    }
    account.messages_per_second = messages_per_second;
    let change = match account.rate() {
        Some(rate) => format!("rate: {rate} a second"),
        None => "rate: no limit".to_owned(),
    };
    set.journal(ctx.entry(What::AccountChanged { account: id, change }));
    set.put(account);
    Ok(())
}

/// Lets a held, stopped or disabled sender send again.
pub fn resume(set: &mut WorkingSet, ctx: &Context<'_>, id: AccountId) -> Step<()> {
    let account = get_account(set, ctx, id)?;
    set_account_state(set, ctx, account, AccountState::Active);
    Ok(())
}

/// Switches a sender off by hand: what waits to go out by it waits until it is resumed.
pub fn disable(set: &mut WorkingSet, ctx: &Context<'_>, id: AccountId) -> Step<()> {
    let account = get_account(set, ctx, id)?;
    set_account_state(set, ctx, account, AccountState::Disabled);
    Ok(())
}
