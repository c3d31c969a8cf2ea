//! Files of messages, down and up.

use std::sync::Arc;

use tertulia_core::contact::Contact;
use tertulia_core::conversation::Message;
use tertulia_core::decide::media::{self as decide, Wanted};
use tertulia_core::decide::sending::{self, Draft, SendRequest};
use tertulia_core::error::{Code, Error};
use tertulia_core::ids::{ContactId, IdSource, MessageId, OrgId};
use tertulia_core::journal::Actor;
use tertulia_core::media::{MediaFile, MediaKey, NewMedia};
use tertulia_core::message::{Content, Media, MediaSource};
use tertulia_core::record::Key;
use tertulia_core::roles::Call;
use tertulia_storage_traits::Query;
use tertulia_transport_traits::{MediaBytes, Upload};

use crate::crm::Inner;
use crate::error::from_storage;
use crate::handles::Inbox;
use crate::media::{self, MediaStore, StoredFile};
use crate::org::Org;
use crate::runtime::to_the_end;

impl Inbox<'_> {
    /// A message's file, in the media store: downloaded from the platform the first time, found there from then on. It is
    /// kept only if it has the size and the hash that the platform told. A file that was sent out of the store is found
    /// there, too.
    ///
    /// Platforms forget files (`WhatsApp` after 7 days): fetch what is to be kept as it comes. Fails with
    /// `message.not_found`, `media.not_found` if the message has no file, `media.no_store`, `media.gone`,
    /// `media.corrupt`, `media.io`, `credential.missing` or `transport.*`.
    pub async fn fetch_media(&self, message: MessageId) -> Result<StoredFile, Error> {
        let call = Call::InboxFetchMedia;
        let inner = Arc::clone(self.0.admitted(call).await?);
        let org = self.0.clone();
        to_the_end(async move {
            let wanted = org
                .look(call, |set, ctx| decide::wanted(set, ctx, message))
                .await?;
            inner.fetched(&org, call, wanted).await
        })
        .await
    }

    /// Stores a file to be sent: what [`Content::Media`](tertulia_core::message::Content::Media) takes, as often as one
    /// likes. It is uploaded to the platform with each message.
    ///
    /// The host removes it from the store when it is of no use any more. Fails with `media.no_store`, `media.io`, or with
    /// what the bytes end with.
    pub async fn upload(&self, file: NewMedia, bytes: MediaBytes) -> Result<Media, Error> {
        let inner = Arc::clone(self.0.admitted(Call::InboxUpload).await?);
        let org = self.0.id;
        to_the_end(async move {
            let store = inner.media_store()?;
            let runtime = &inner.runtime;
            let key = MediaKey {
                org,
                file: IdSource::new(runtime.clock.now(), runtime.random()).next(),
            };
            let seen = media::put(&**store, key, bytes, None, Vec::new()).await?;
            Ok(Media {
                mime_type: Some(file.mime_type),
                sha256: Some(seen.sha256),
                filename: file.filename,
                ..Media::new(file.kind, MediaSource::Stored(key))
            })
        })
        .await
    }
}

impl Inner {
    pub(crate) fn media_store(&self) -> Result<&Arc<dyn MediaStore>, Error> {
        let missing = || Error::new(Code::MediaNoStore, "the builder was given no media store");
        self.media.as_ref().ok_or_else(missing)
    }

    async fn fetched(&self, org: &Org, call: Call, wanted: Wanted) -> Result<StoredFile, Error> {
        let store = self.media_store()?;
        let media = wanted.media;
        if let MediaSource::Stored(key) = media.source {
            let (size, _) = self.stored(org.id, key).await?;
            return Ok(StoredFile {
                key,
                mime_type: media.mime_type,
                size,
                sha256: media.sha256,
                path: store.path(key),
            });
        }
        let told = |file: MediaFile| StoredFile {
            key: file.key(),
            path: store.path(file.key()),
            mime_type: file.mime_type,
            size: file.size,
            sha256: Some(file.sha256),
        };
        let key = MediaKey::of(org.id, wanted.message.id);
        if let Some(file) = wanted.stored
            && store.get(key).await?.is_some()
        {
            return Ok(told(file));
        }
        let transport = self.transport(&wanted.account)?;
        let sender = self.sender(&wanted.account).await?;
        let download = transport.download(&sender, &media.source).await?;
        let mime_type = download.mime_type.clone().or(media.mime_type);
        let seen = media::put_download(&**store, key, download, media.sha256).await?;
        let file = MediaFile {
            org: org.id,
            message: wanted.message.id,
            contact: wanted.message.contact,
            account: wanted.account.id,
            channel: wanted.account.channel,
            source: media.source,
            mime_type,
            size: seen.size,
            sha256: seen.sha256,
            at: self.runtime.clock.now(),
        };
        let kept = file.clone();
        let keeping = org
            .decide(call, move |set, ctx| decide::keep(set, ctx, &kept))
            .await;
        if let Err(error) = keeping {
            // The message went, or changed, while its file came.
            store.remove(key).await?;
            return Err(error);
        }
        Ok(told(file))
    }

    /// A file of the organisation's in the media store.
    async fn stored(&self, org: OrgId, key: MediaKey) -> Result<(u64, MediaBytes), Error> {
        let missing = || Error::new(Code::MediaNotFound, format!("the media store has no file {key}"));
        if key.org != org {
            return Err(missing());
        }
        self.media_store()?.get(key).await?.ok_or_else(missing)
    }

    /// Uploads the file that a message is to send out of the media store, if it may be sent; by which name the platform
    /// knows it. The request is then held to the sender that it was uploaded by.
    pub(crate) async fn uploaded(
        &self,
        org: &Org,
        call: Call,
        request: &mut SendRequest,
    ) -> Result<Option<MediaSource>, Error> {
        let Draft::Content(Content::Media(media)) = &request.draft else {
            return Ok(None);
        };
        let MediaSource::Stored(key) = media.source else {
            return Ok(None);
        };
        // What may not be sent is not uploaded.
        let flight = org
            .look(call, |set, ctx| sending::send(set, ctx, request))
            .await?;
        let (size, bytes) = self.stored(org.id, key).await?;
        let upload = Upload {
            kind: media.kind,
            mime_type: media
                .mime_type
                .clone()
                .unwrap_or_else(|| "application/octet-stream".to_owned()),
            size,
            bytes,
        };
        let transport = self.transport(&flight.account)?;
        let sender = self.sender(&flight.account).await?;
        request.account = Some(flight.account.id);
        transport.upload(&sender, upload).await.map(Some)
    }

    /// Removes the files of contacts' messages that are gone. What is cut off is left to an erase.
    pub(crate) async fn remove_files(&self, org: OrgId, contacts: &[ContactId]) -> Result<(), Error> {
        let Some(store) = &self.media else {
            return Ok(());
        };
        let keys = contacts.iter().map(|id| Key::Contact { org, contact: *id });
        let found = self
            .runtime
            .storage
            .load(keys.collect())
            .await
            .map_err(from_storage)?;
        let found = found.into_iter().flatten();
        let contacts = found
            .filter_map(|stored| Contact::try_from(stored.record).ok())
            .flat_map(|contact| contact.ids().collect::<Vec<_>>())
            .collect();
        for record in self.runtime.all(Query::MediaFiles { org, contacts }).await? {
            let Ok(file) = MediaFile::try_from(record) else {
                continue;
            };
            let message = Key::Message {
                org,
                message: file.message,
            };
            if self.runtime.get::<Message>(message).await?.is_some() {
                continue;
            }
            store.remove(file.key()).await?;
            self.runtime
                .decide(org, &Actor::Worker, |set, ctx| {
                    decide::forget(set, ctx, file.message)
                })
                .await?;
        }
        Ok(())
    }
}
