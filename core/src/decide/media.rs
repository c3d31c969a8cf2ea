//! What a caller does with the files of messages.

use crate::account::Account;
use crate::context::Context;
use crate::conversation::Message;
use crate::decide::evidence::message_key;
use crate::decide::sending::get_account;
use crate::error::{Code, Error};
use crate::ids::MessageId;
use crate::media::MediaFile;
use crate::message::{Content, Media};
use crate::record::Key;
use crate::working_set::{Step, WorkingSet};

/// A message's file: what the message says of it, and what is stored of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The message.
    pub message: Message,
    /// What it says of its file.
    pub media: Media,
    /// By which sender it came, or went out.
    pub account: Account,
    /// The file in the media store, if it is the one that the message names.
    pub stored: Option<MediaFile>,
}

fn file_key(ctx: &Context<'_>, message: MessageId) -> Key {
    Key::MediaFile {
        org: ctx.org.id,
        message,
    }
}

/// The file of a message. Fails with `message.not_found`, or with `media.not_found` if it has none.
pub fn wanted(set: &mut WorkingSet, ctx: &Context<'_>, id: MessageId) -> Step<Wanted> {
    set.need([message_key(ctx, id), file_key(ctx, id)])?;
    let message: Option<Message> = set.get(&message_key(ctx, id))?;
    let message =
        message.ok_or_else(|| Error::new(Code::MessageNotFound, format!("there is no message {id}")))?;
    let Content::Media(media) = message.content.clone() else {
        return Err(Error::new(Code::MediaNotFound, format!("message {id} has no file")).into());
    };
    let account = get_account(set, ctx, message.account)?;
    let stored: Option<MediaFile> = set.get(&file_key(ctx, id))?;
    Ok(Wanted {
        account,
        stored: stored.filter(|file| file.source == media.source),
        message,
        media,
    })
}

/// Notes that a message's file was stored. Fails with `message.not_found` if the message is gone by now, and with
/// `media.not_found` if it has another file: then what was stored is to be removed.
pub fn keep(set: &mut WorkingSet, ctx: &Context<'_>, file: &MediaFile) -> Step<()> {
    let wanted = wanted(set, ctx, file.message)?;
    // An erase that takes the message away meanwhile must not leave this behind.
    set.expect(&message_key(ctx, file.message));
    if wanted.media.source != file.source {
        let message = format!("message {} has another file by now", file.message);
        return Err(Error::new(Code::MediaNotFound, message).into());
    }
    set.put(file.clone());
    Ok(())
}

/// Forgets a file that was removed from the media store, as its message was.
pub fn forget(set: &mut WorkingSet, ctx: &Context<'_>, message: MessageId) -> Step<()> {
    let key = file_key(ctx, message);
    if set.get::<MediaFile>(&key)?.is_some() {
        set.remove(key);
    }
    Ok(())
}
