//! How senders stand with their platform.

use chrono::{DateTime, Utc};

use crate::account::{Account, AccountState, BANNED, Ban, SenderBan, SenderLimit, SenderQuality, Waits};
use crate::context::Context;
use crate::decide::receive::Applied;
use crate::decide::sending::{get_account, others_of_business};
use crate::ids::AccountId;
use crate::inbound::{SenderNotice, Source};
use crate::journal::{Entry, What};
use crate::retry::{Failure, FailureClass};
use crate::working_set::{Lookup, Step, WorkingSet};

/// Takes in what the platform tells of a sender, or (`about` absent) of all senders of a business account: of each thing
/// the latest by the platform's time, in whatever order it comes.
pub(crate) fn told(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    about: Option<&Account>,
    source: &Source,
    at: DateTime<Utc>,
    notice: &SenderNotice,
) -> Step<Applied> {
    let mut ours: Vec<Account> = set.list(&Lookup::Accounts { org: ctx.org.id })?;
    let business = about.map_or(source.business_id.as_ref(), |about| about.business_id.as_ref());
    ours.retain(|account| {
        let of_business = business.is_some() && account.business_id.as_ref() == business;
        account.channel == source.channel
            && (of_business || about.is_some_and(|about| about.id == account.id))
    });
    let known = !ours.is_empty();
    let mut news = false;
    for before in ours {
        let mut account = before.clone();
        let named = about.is_some_and(|about| about.id == account.id);
        learn(&mut account, named, at, notice);
        if account != before {
            news = true;
            put(set, ctx, &before, account, at);
        }
    }
    if known {
        return Ok(if news {
            Applied::Applied
        } else {
            Applied::Duplicate
        });
    }
    let entry = ctx.entry(What::ProviderNotice {
        field: notice.field.clone(),
        raw: notice.raw.clone(),
    });
    set.journal(Entry { at, ..entry });
    Ok(Applied::Applied)
}

fn learn(account: &mut Account, named: bool, at: DateTime<Utc>, notice: &SenderNotice) {
    let standing = &mut account.standing;
    if let Some(low) = notice.low_quality {
        let quality = Some(SenderQuality { since: at, low });
        match (&notice.number, &standing.number) {
            _ if named => standing.quality = standing.quality.take().max(quality),
            (Some(told), Some(own)) if told == own => {
                standing.quality = standing.quality.take().max(quality);
            }
            (Some(told), None) => {
                let known = standing.unclaimed.remove(told).max(quality);
                standing
                    .unclaimed
                    .extend(known.map(|known| (told.clone(), known)));
            }
            _ => {}
        }
    }
    if let Some(limit) = &notice.limit {
        standing.limit = standing.limit.take().max(Some(SenderLimit {
            since: at,
            tier: limit.tier.clone(),
            people_a_day: limit.people_a_day,
        }));
    }
    if let Some(ban) = &notice.ban {
        let ban = Some(SenderBan {
            since: at,
            ban: ban.ban,
            detail: ban.detail.clone(),
            until: ban.until,
        });
        if ban > standing.ban {
            standing.ban = ban;
            obey(account);
        }
    }
}

/// Why nothing goes out by a sender, or nothing of broadcasts, though it waits.
pub fn waits(set: &mut WorkingSet, ctx: &Context<'_>, id: AccountId) -> Step<Option<Waits>> {
    let account = get_account(set, ctx, id)?;
    let others = others_of_business(set, ctx, &account)?;
    Ok(account.waits(&others, ctx.now))
}

/// A sender that is barred altogether is stopped, and goes on when that is lifted. One that was switched off by hand, or
/// stopped for something else, stays so.
fn obey(account: &mut Account) {
    let Some(told) = &account.standing.ban else {
        return;
    };
    let by_ban = matches!(&account.state, AccountState::Stopped { failure, .. } if failure.code == BANNED);
    let sends = matches!(account.state, AccountState::Active | AccountState::Held { .. });
    if told.ban == Ban::Disabled && (sends || by_ban) {
        let detail = told.detail.clone().unwrap_or_default();
        account.state = AccountState::Stopped {
            failure: Failure::new(FailureClass::PolicyRestricted, BANNED, detail),
            since: told.since,
        };
    } else if told.ban == Ban::Lifted && by_ban {
        account.state = AccountState::Active;
    }
}

/// Takes in the number that a sender's webhooks show, once: what was told of it before becomes its own.
pub(crate) fn learn_number(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    about: &Account,
    number: &str,
    at: DateTime<Utc>,
) -> Step<()> {
    if about.standing.number.is_some() {
        return Ok(());
    }
    let before = get_account(set, ctx, about.id)?;
    if before.standing.number.is_some() {
        return Ok(());
    }
    let mut account = before.clone();
    let standing = &mut account.standing;
    let told = std::mem::take(&mut standing.unclaimed).remove(number);
    standing.quality = standing.quality.take().max(told);
    standing.number = Some(number.to_owned());
    put(set, ctx, &before, account, at);
    Ok(())
}

/// Writes a sender, and the journal's word of what changed.
fn put(set: &mut WorkingSet, ctx: &Context<'_>, before: &Account, after: Account, at: DateTime<Utc>) {
    let (was, is) = (&before.standing, &after.standing);
    let quality = is.quality.as_ref().filter(|_| was.quality != is.quality);
    let limit = is.limit.as_ref().filter(|_| was.limit != is.limit);
    let ban = is.ban.as_ref().filter(|_| was.ban != is.ban);
    let changes = [
        quality.map(|quality| format!("quality: {}", if quality.low { "low" } else { "not low" })),
        limit.map(|limit| format!("limit: {}", limit.tier)),
        ban.map(|told| {
            let detail = told.detail.as_deref().unwrap_or("no reason told");
            format!("{}: {detail}", ban_word(told.ban))
        }),
    ];
    for change in changes.into_iter().flatten() {
        let entry = ctx.entry(What::AccountChanged {
            account: after.id,
            change,
        });
        set.journal(Entry { at, ..entry });
    }
    set.put(after);
}

const fn ban_word(ban: Ban) -> &'static str {
    match ban {
        Ban::Lifted => "ban lifted",
        Ban::Scheduled => "ban scheduled",
        Ban::Restricted => "restricted",
        Ban::Disabled => "stopped by a ban",
    }
}
