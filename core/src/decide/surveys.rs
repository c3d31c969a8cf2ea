//! Surveys of satisfaction: when one is asked, what goes out, and what a message says to it.
//!
//! Whether a message is an answer depends on nothing but the message and on when we asked: no order of events changes it. A
//! comment is what the contact writes first after they were asked for one; a text that comes in late and is earlier takes
//! its place, and the other one is then an ordinary message.

use chrono::{DateTime, TimeDelta, Utc};

use crate::account::Account;
use crate::channel::Channel;
use crate::contact::Contact;
use crate::context::Context;
use crate::conversation::{Author, Conversation, Message};
use crate::decide::evidence::message_key;
use crate::decide::sending::{sender, settles_within, window_of, with_values};
use crate::decide::{contacts, conversations};
use crate::ids::{AccountId, ConversationId, DispatchId, SurveyId};
use crate::journal::{Actor, Entry, What};
use crate::ledger::{Dispatch, DispatchState, StateName};
use crate::message::{Content, ContentKind};
use crate::record::Key;
use crate::render::Text;
use crate::retry::{Failure, FailureClass};
use crate::survey::{
    Answer, Csat, CsatTemplate, EXPIRES_MAX_SECONDS, LastSurvey, ONCE_WITHIN, Rating, Said, Survey, choice,
    since,
};
use crate::working_set::{Step, Stop, WorkingSet};

fn key(ctx: &Context<'_>, survey: SurveyId) -> Key {
    Key::Survey {
        org: ctx.org.id,
        survey,
    }
}

/// Writes a survey, and what its conversation shows of it; `comment` is what it shows from now on, if that is news.
fn put(set: &mut WorkingSet, ctx: &Context<'_>, survey: Survey, comment: Option<String>) -> Step<()> {
    let thread: Option<Conversation> = set.get(&conversations::key(ctx, survey.conversation))?;
    if let Some(mut thread) = thread {
        let known = thread.last_survey.take_if(|last| last.id == survey.id);
        if let Some(known) = known {
            thread.last_survey = Some(LastSurvey::of(&survey, comment.or(known.comment)));
            set.put(thread);
        }
    }
    set.put(survey);
    Ok(())
}

fn tell(ctx: &Context<'_>, survey: &Survey, change: &str) -> Entry {
    ctx.about(
        survey.contact,
        What::Survey {
            survey: survey.id,
            conversation: survey.conversation,
            change: change.to_owned(),
            rating: None,
            message: None,
        },
    )
}

/// Closes a conversation as [`conversations::resolve`] does, and asks its contact how satisfied they are, if the
/// organisation wants to know and did not ask in this conversation within the last 24 hours.
///
/// Fails with `conversation.not_found`.
pub fn resolve(set: &mut WorkingSet, ctx: &mut Context<'_>, id: ConversationId) -> Step<bool> {
    let closed = conversations::resolve(set, ctx, id)?;
    if closed && ctx.org.settings.csat.is_some() {
        ask(set, ctx, id)?;
    }
    Ok(closed)
}

/// One row of the ledger: whether it may be sent, and as what, is decided when it is.
fn ask(set: &mut WorkingSet, ctx: &mut Context<'_>, id: ConversationId) -> Step<()> {
    let mut thread = conversations::get(set, ctx, id)?;
    let last: Option<Survey> = match &thread.last_survey {
        Some(last) => set.get(&key(ctx, last.id))?,
        None => None,
    };
    let known = contacts::find(set, ctx, thread.contact)?;
    let Some(contact) = known.filter(|contact| contact.conversation == Some(id)) else {
        return Ok(());
    };
    if last.as_ref().is_some_and(|last| last.keeps_out(ctx.now)) {
        return Ok(());
    }
    let account = match sender(set, ctx, &contact, None) {
        Ok(account) => account,
        // Nobody can say by which sender: they never wrote.
        Err(Stop::Refused(_)) => return Ok(()),
        Err(stop) => return Err(stop),
    };
    let (agent, handler) = match (&thread.handler, thread.assignee, &ctx.actor) {
        (Some(handler), ..) => (None, Some(handler.name.clone())),
        (None, Some(agent), _) => (Some(agent), None),
        (None, None, Actor::Agent(agent)) => (Some(*agent), None),
        (None, None, Actor::Handler(name)) => (None, Some(name.clone())),
        _ => (None, None),
    };
    let survey = Survey {
        id: ctx.ids.next(),
        org: ctx.org.id,
        conversation: id,
        contact: contact.id,
        account: account.id,
        channel: account.channel,
        agent,
        handler,
        resolved_at: ctx.now,
        dispatch: ctx.ids.next(),
        state: StateName::Pending,
        reason: None,
        as_text: false,
        asked_at: None,
        expires_at: None,
        rating: None,
        remark: None,
        follow_up: None,
        comment_asked_at: None,
        comment: None,
        before: last.map(|last| last.id),
    };
    set.put(row(ctx, &survey, survey.dispatch));
    thread.last_survey = Some(LastSurvey::of(&survey, None));
    set.put(thread);
    set.put(survey);
    Ok(())
}

fn row(ctx: &Context<'_>, survey: &Survey, id: DispatchId) -> Dispatch {
    Dispatch::pending(
        id,
        ctx.org.id,
        Author::Survey(survey.id),
        survey.contact,
        survey.account,
        ctx.now,
        settles_within(ctx, None),
    )
}

/// What a row of a survey says, now that it is to be sent.
pub(super) struct Letter {
    survey: Survey,
    csat: Csat,
    question: bool,
}

impl Letter {
    /// What a row says; `None`: its time is over.
    pub(super) fn of(
        set: &mut WorkingSet,
        ctx: &Context<'_>,
        row: &Dispatch,
        survey: SurveyId,
        contact: &Contact,
    ) -> Step<Option<Self>> {
        let found: Option<Survey> = set.get(&key(ctx, survey))?;
        let (Some(survey), Some(csat)) = (found, ctx.org.settings.csat.clone()) else {
            return Ok(None);
        };
        let thread: Option<Conversation> = set.get(&conversations::key(ctx, survey.conversation))?;
        let Some(thread) = thread else { return Ok(None) };
        let question = row.id == survey.dispatch;
        let over = if question {
            // The contact goes on already.
            thread.resolution.is_none()
                || contact.conversation != Some(thread.id)
                || ctx.now >= survey.resolved_at + ONCE_WITHIN
        } else {
            survey.expires_at.is_none_or(|expires| ctx.now > expires)
        };
        Ok((!over).then_some(Self {
            survey,
            csat,
            question,
        }))
    }

    /// The template that it goes by: where the window is closed, if the organisation has one for that.
    pub(super) fn template(
        &self,
        set: &mut WorkingSet,
        ctx: &Context<'_>,
        contact: &Contact,
        account: &Account,
    ) -> Step<Option<CsatTemplate>> {
        let Some(template) = self.csat.template.as_ref().filter(|_| self.question) else {
            return Ok(None);
        };
        let window = window_of(set, ctx, contact, account)?;
        Ok((!window.permits(ContentKind::Interactive)).then(|| template.clone()))
    }

    fn shows_list(&self) -> bool {
        self.question && self.survey.channel == Channel::WhatsApp && !self.survey.as_text
    }

    /// What kind of message it is, where it is no template.
    pub(super) fn kind(&self) -> ContentKind {
        if self.shows_list() {
            ContentKind::Interactive
        } else {
            ContentKind::Text
        }
    }

    fn asks_for_words(&self) -> bool {
        !self.question && self.csat.comment_question.is_some() && !self.survey.has_words()
    }

    /// What it says, where it is no template; `None`: nothing.
    pub(super) fn content(
        &self,
        set: &mut WorkingSet,
        ctx: &Context<'_>,
        contact: &Contact,
    ) -> Step<Option<Content>> {
        let texts: Vec<&Text> = if self.question {
            vec![&self.csat.question]
        } else {
            let comment = self
                .csat
                .comment_question
                .as_ref()
                .filter(|_| self.asks_for_words());
            self.csat.thanks.iter().chain(comment).collect()
        };
        // Whoever had the conversation asks.
        let by = Context {
            now: ctx.now,
            org: ctx.org,
            actor: self.survey.agent.map_or_else(|| ctx.actor.clone(), Actor::Agent),
            ids: ctx.ids.clone(),
            bulk: ctx.bulk,
            turn: None,
        };
        let mut parts = Vec::new();
        for text in texts {
            parts.push(with_values(set, &by, contact, |values| text.render(values, false))?.text);
        }
        let said = parts.join("\n\n");
        if said.trim().is_empty() {
            return Ok(None);
        }
        Ok(Some(match (self.shows_list(), self.question) {
            (true, _) => self.csat.list(self.survey.id, said),
            (false, true) => Content::text(format!("{said}\n\n1 2 3 4 5")),
            (false, false) => Content::text(said),
        }))
    }

    /// The thread that it goes into.
    pub(super) const fn conversation(&self) -> ConversationId {
        self.survey.conversation
    }

    /// It is about to go out: what is said from now on may answer it. `heard` is when the contact last wrote: what was seen
    /// before is no answer, whatever the platform's clock says.
    pub(super) fn goes_out(
        self,
        set: &mut WorkingSet,
        ctx: &Context<'_>,
        heard: Option<DateTime<Utc>>,
    ) -> Step<()> {
        let at = heard.map_or(ctx.now, |heard| heard.max(ctx.now));
        let asks_for_words = self.asks_for_words();
        let mut survey = self.survey;
        if self.question {
            survey.state = StateName::Sending;
            survey.asked_at = Some(at);
            survey.expires_at = Some(at + self.csat.expires_after());
            set.journal(tell(ctx, &survey, "asked"));
        } else if asks_for_words {
            survey.comment_asked_at = Some(at);
        }
        put(set, ctx, survey, None)
    }
}

/// The survey that a row asks.
fn asked_by(set: &mut WorkingSet, ctx: &Context<'_>, row: &Dispatch) -> Step<Option<Survey>> {
    let Author::Survey(survey) = row.origin else {
        return Ok(None);
    };
    let survey: Option<Survey> = set.get(&key(ctx, survey))?;
    Ok(survey.filter(|survey| survey.dispatch == row.id))
}

/// Where the row of a question stands, its survey says.
pub(super) fn follow(set: &mut WorkingSet, ctx: &Context<'_>, row: &Dispatch) -> Step<()> {
    let Some(before) = asked_by(set, ctx, row)? else {
        return Ok(());
    };
    let mut survey = before.clone();
    survey.state = row.state.name();
    survey.reason = match row.state {
        DispatchState::Skipped { reason } => Some(reason),
        _ => None,
    };
    if survey != before {
        put(set, ctx, survey, None)?;
    }
    Ok(())
}

/// The platform took nothing of an attempt: nobody was asked. Whether it is to be tried as text, since the platform takes no
/// such list.
pub(super) fn not_sent(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    row: &Dispatch,
    failure: &Failure,
) -> Step<bool> {
    let Author::Survey(id) = row.origin else {
        return Ok(false);
    };
    let Some(mut survey) = set.get::<Survey>(&key(ctx, id))? else {
        return Ok(false);
    };
    let mut again = false;
    if survey.dispatch == row.id {
        survey.asked_at = None;
        survey.expires_at = None;
        again = survey.channel == Channel::WhatsApp
            && !survey.as_text
            && failure.class == FailureClass::BadRequest;
        survey.as_text |= again;
    } else {
        survey.comment_asked_at = None;
    }
    put(set, ctx, survey, None)?;
    Ok(again)
}

/// What a message of the contact says to a survey; `None`: nothing, it is a message like any other.
pub(super) fn answer(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &Contact,
    account: AccountId,
    at: DateTime<Utc>,
    content: &Content,
    provider_id: &str,
) -> Step<Option<(Survey, Answer)>> {
    let survey = match choice(content) {
        Some((id, _)) => set.get(&key(ctx, id))?,
        None => asked_before(set, ctx, contact, at)?,
    };
    let Some(survey) = survey
        .filter(|survey: &Survey| survey.account == account && contact.ids().any(|id| id == survey.contact))
    else {
        return Ok(None);
    };
    let thread: Option<Conversation> = set.get(&conversations::key(ctx, survey.conversation))?;
    if thread.is_none_or(|thread| thread.contact != contact.id) {
        return Ok(None);
    }
    let Some(answer) = survey.hears(at, content) else {
        return Ok(None);
    };
    if let (Answer::Comment(_), Some(first)) = (&answer, survey.comment)
        && !comes_before(set, ctx, (at, provider_id), first)?
    {
        return Ok(None);
    }
    Ok(Some((survey, answer)))
}

/// Whether a stored message of the contact answers a survey.
pub(super) fn is_answer(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &Contact,
    message: &Message,
) -> Step<bool> {
    let (account, id) = (
        message.account,
        message.provider_id.as_deref().unwrap_or_default(),
    );
    if answer(set, ctx, contact, account, message.at, &message.content, id)?.is_some() {
        return Ok(true);
    }
    let asked = asked_before(set, ctx, contact, message.at)?;
    let comment = asked.and_then(|survey| survey.comment);
    Ok(comment.is_some_and(|comment| comment.message == message.id))
}

/// Whether a message was said before another one; of one instant, the platform's ids say.
fn comes_before(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    (at, provider_id): (DateTime<Utc>, &str),
    other: Said,
) -> Step<bool> {
    if at != other.at {
        return Ok(at < other.at);
    }
    let known: Option<Message> = set.get(&message_key(ctx, other.message))?;
    Ok(known.is_none_or(|known| Some(provider_id) < known.provider_id.as_deref()))
}

/// The last survey of a contact that something said at some time may be about.
fn asked_before(
    set: &mut WorkingSet,
    ctx: &Context<'_>,
    contact: &Contact,
    at: DateTime<Utc>,
) -> Step<Option<Survey>> {
    let mut thread = conversations::current(set, ctx, contact)?;
    while let Some(here) = thread {
        if let Some(last) = &here.last_survey
            && since(last.asked_at, at)
            && last.expires_at.is_some_and(|expires| at > expires)
        {
            // Over for long, as with most of whom were ever asked: nothing is read for them.
            return Ok(None);
        }
        let mut next = here.last_survey.map(|last| last.id);
        while let Some(id) = next {
            let survey: Option<Survey> = set.get(&key(ctx, id))?;
            let Some(survey) = survey else { break };
            if since(survey.asked_at, at) {
                return Ok(Some(survey));
            }
            next = survey.before;
        }
        // Of conversations that were over for long, no survey counts any more.
        let before = here
            .follows
            .filter(|before| at <= before.until + ONCE_WITHIN + longest());
        thread = match before {
            Some(before) => set.get(&conversations::key(ctx, before.conversation))?,
            None => None,
        };
    }
    Ok(None)
}

/// The longest that answers to any survey count.
fn longest() -> TimeDelta {
    TimeDelta::seconds(EXPIRES_MAX_SECONDS.into())
}

/// Takes in an answer that was stored as a message. The message that was the comment before, and what it said then, if this
/// one takes its place: it is a message like any other now.
pub(super) fn take(
    set: &mut WorkingSet,
    ctx: &mut Context<'_>,
    mut survey: Survey,
    answer: Answer,
    message: &Message,
) -> Step<Option<(Message, Option<String>)>> {
    let said = Said {
        at: message.at,
        message: message.id,
    };
    let mut instead_of = None;
    let mut shown = None;
    let (change, rating) = match answer {
        Answer::TooLate => return Ok(None),
        Answer::Rating(rating, words) => {
            let new = Rating {
                at: message.at,
                rating,
            };
            survey.rating = survey.rating.max(Some(new));
            if let Some(words) = words {
                let later = match survey.remark {
                    Some(remark) => {
                        let provider_id = message.provider_id.as_deref().unwrap_or_default();
                        !comes_before(set, ctx, (message.at, provider_id), remark)?
                    }
                    None => true,
                };
                if later {
                    survey.remark = Some(said);
                    shown = Some(words).filter(|_| survey.comment.is_none());
                }
            }
            let csat = ctx.org.settings.csat.as_ref();
            let follows = csat.is_some_and(|csat| csat.thanks.is_some() || csat.comment_question.is_some());
            if follows && survey.follow_up.is_none() {
                let id = ctx.ids.next();
                set.put(row(ctx, &survey, id));
                survey.follow_up = Some(id);
            }
            ("rated", Some(rating))
        }
        Answer::Comment(words) => {
            if let Some(first) = survey.comment.replace(said) {
                let known: Option<Message> = set.get(&message_key(ctx, first.message))?;
                let thread: Option<Conversation> = set.get(&conversations::key(ctx, survey.conversation))?;
                let last = thread.and_then(|thread| thread.last_survey);
                let words = last
                    .filter(|last| last.id == survey.id)
                    .and_then(|last| last.comment);
                instead_of = known.map(|known| (known, words));
            }
            shown = Some(words);
            ("commented", None)
        }
    };
    let mut entry = Entry {
        at: message.at,
        ..tell(ctx, &survey, change)
    };
    if let What::Survey {
        rating: told,
        message: by,
        ..
    } = &mut entry.what
    {
        *told = rating;
        *by = Some(message.id);
    }
    set.journal(entry);
    put(set, ctx, survey, shown)?;
    Ok(instead_of)
}
