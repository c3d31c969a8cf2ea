//! Files of messages: fetched once, kept whole or not at all, sent, and gone with the person.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use tertulia::core::conversation::Message;
use tertulia::core::ids::{ContactId, MessageId};
use tertulia::core::media::{MediaFile, MediaKey};
use tertulia::core::message::{Media, MediaKind, MediaSource};
use tertulia::storage::{PageRequest, Query, Storage};
use tertulia::testing::platform::Action;
use tertulia::testing::{Fault, Faults, Inbound};
use tertulia::{
    Code, Content, Crm, Draft, MediaFolder, NewMedia, Org, PageOf, SendRequest, Settings, StoredFile,
    media_of_bytes, media_of_file,
};

use crate::support::{Shop, connect, crm_with};

const ANA: &str = "+12025550123";

/// The shop with a folder for files.
struct Kept {
    shop: Shop,
    org: Org,
    store: Arc<dyn Storage>,
    files: PathBuf,
    _folder: TempDir,
}

impl Kept {
    async fn open() -> Self {
        Self::with(Settings::default()).await
    }

    async fn with(settings: Settings) -> Self {
        let shop = Shop::with(settings).await;
        let folder = tempfile::tempdir().unwrap();
        let files = folder.path().join("media");
        let store = shop.reopen().await;
        let media = MediaFolder::open(&files).unwrap();
        let crm: Crm = crm_with(
            Arc::clone(&store),
            &shop.platform.base_url(),
            shop.platform.config(),
            shop.clock.clone(),
            |builder| builder.media(media),
        );
        connect(&shop.platform, &crm);
        let org = crm.org(shop.org.id());
        Self {
            shop,
            org,
            store,
            files,
            _folder: folder,
        }
    }

    /// Ana sends a picture of these bytes; its id at the platform, and the message.
    async fn picture(&self, bytes: &[u8]) -> (String, Message) {
        let media = self.shop.platform.add_media("image/png", bytes);
        let message = self.said(Inbound::image(ANA, &media, Some("look"))).await;
        (media.id, message)
    }

    /// The message that somebody wrote.
    async fn said(&self, what: Inbound) -> Message {
        let id = self.shop.platform.say(what).await.unwrap();
        let inbox = self.org.inbox();
        for thread in inbox.conversations(None, &PageOf::first(9)).await.unwrap().items {
            let messages = inbox.messages(thread.id, &PageOf::first(99)).await.unwrap().items;
            let found = messages
                .into_iter()
                .find(|message| message.provider_id.as_ref() == Some(&id));
            if let Some(found) = found {
                return found;
            }
        }
        panic!("no message {id}")
    }

    async fn fetch(&self, message: MessageId) -> Result<StoredFile, Code> {
        self.org
            .inbox()
            .fetch_media(message)
            .await
            .map_err(|error| error.code())
    }

    fn names(&self) -> Vec<String> {
        fn below(folder: &Path, names: &mut Vec<String>) {
            for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if file.path().is_dir() {
                    below(&file.path(), names);
                } else {
                    names.push(file.file_name().into_string().unwrap());
                }
            }
        }
        let mut names = Vec::new();
        below(&self.files, &mut names);
        names
    }

    async fn noted(&self) -> Vec<MediaFile> {
        let kind = tertulia::core::record::RecordKind::MediaFile;
        let query = Query::Records {
            org: Some(self.org.id()),
            kind,
        };
        let page = self.store.page(PageRequest::first(query, 100)).await.unwrap();
        let records = page.records.into_iter();
        records
            .filter_map(|stored| stored.record.try_into().ok())
            .collect()
    }

    fn downloads(&self) -> usize {
        let requests = self.shop.platform.requests();
        requests
            .iter()
            .filter(|request| request.action == Action::DownloadMedia)
            .count()
    }

    fn send(&self, contact: ContactId, media: Media) -> SendRequest {
        SendRequest {
            draft: Draft::Content(Content::Media(media)),
            ..self.shop.text(contact, "")
        }
    }
}

fn new_file(kind: MediaKind, mime_type: &str) -> NewMedia {
    NewMedia {
        kind,
        mime_type: mime_type.to_owned(),
        filename: Some("../../menu.pdf".to_owned()),
    }
}

#[tokio::test]
async fn a_file_is_downloaded_once_under_a_name_of_ours_and_found_again() {
    let kept = Kept::open().await;
    let bytes = vec![42; 1_000_000];
    let (_, message) = kept.picture(&bytes).await;
    let file = kept.fetch(message.id).await.unwrap();
    assert_eq!(file.key, MediaKey::of(kept.org.id(), message.id));
    assert_eq!(
        (file.size, file.mime_type.as_deref()),
        (1_000_000, Some("image/png"))
    );
    assert_eq!(std::fs::read(file.path.clone().unwrap()).unwrap(), bytes);
    assert_eq!(kept.names(), [message.id.to_string()]);
    assert_eq!(kept.fetch(message.id).await.unwrap(), file);
    assert_eq!(kept.downloads(), 1, "the second time it was there");
    // What was lost from the folder is fetched again.
    std::fs::remove_file(file.path.clone().unwrap()).unwrap();
    assert_eq!(kept.fetch(message.id).await.unwrap(), file);
    assert_eq!((kept.downloads(), kept.noted().await.len()), (2, 1));
}

#[tokio::test]
async fn what_is_not_the_file_that_the_platform_told_of_is_not_kept() {
    let kept = Kept::open().await;
    for (kept_before, bytes) in [&b"longer than it was"[..], b"cut", b"bytet"]
        .into_iter()
        .enumerate()
    {
        let (id, message) = kept.picture(b"bytes").await;
        // The message told of other bytes than come.
        kept.shop.platform.spoil_media(&id, bytes);
        assert_eq!(kept.fetch(message.id).await, Err(Code::MediaCorrupt));
        assert_eq!(
            (kept.names().len(), kept.noted().await.len()),
            (kept_before, kept_before)
        );
        kept.shop.platform.spoil_media(&id, b"bytes");
        kept.fetch(message.id).await.unwrap();
    }
}

#[tokio::test]
async fn a_download_that_fails_says_why_and_can_be_tried_again() {
    let kept = Kept::open().await;
    let (id, message) = kept.picture(b"bytes").await;
    let broken = |fault: Fault, times: u64| {
        let left = Arc::new(std::sync::atomic::AtomicU64::new(times));
        Faults::new(1).by(move |attempt| {
            let hit = attempt.action == Action::DownloadMedia
                && left
                    .fetch_update(
                        std::sync::atomic::Ordering::SeqCst,
                        std::sync::atomic::Ordering::SeqCst,
                        |left| left.checked_sub(1),
                    )
                    .is_ok();
            if hit { vec![fault.clone()] } else { Vec::new() }
        })
    };
    for fault in [
        Fault::DropBefore,
        Fault::refuse(100),
        Fault::ServerErrorAfterAccept(502),
    ] {
        kept.shop.platform.script(broken(fault, 9));
        assert_eq!(kept.fetch(message.id).await, Err(Code::TransportFailed));
        assert!(kept.names().is_empty());
    }
    // A URL that expired is asked for once more.
    kept.shop.platform.script(broken(Fault::refuse(100), 1));
    kept.fetch(message.id).await.unwrap();
    kept.shop.platform.script(Faults::default());
    std::fs::remove_dir_all(&kept.files).unwrap();
    kept.shop.platform.forget_media(&id);
    assert_eq!(kept.fetch(message.id).await, Err(Code::MediaGone));
}

#[tokio::test]
async fn a_message_without_a_file_a_stranger_and_a_crm_without_a_store_are_refused() {
    let kept = Kept::open().await;
    let text = kept.said(Inbound::text(ANA, "hello")).await;
    assert_eq!(kept.fetch(text.id).await, Err(Code::MediaNotFound));
    assert_eq!(
        kept.fetch(tertulia::core::ids::MessageId(text.contact.0)).await,
        Err(Code::MessageNotFound)
    );
    let (_, message) = kept.picture(b"bytes").await;
    let without = kept.shop.org.inbox();
    assert_eq!(
        without.fetch_media(message.id).await.unwrap_err().code(),
        Code::MediaNoStore
    );
    let file = new_file(MediaKind::Image, "image/png");
    let refused = without.upload(file, media_of_bytes("x")).await;
    assert_eq!(refused.unwrap_err().code(), Code::MediaNoStore);
}

#[tokio::test]
async fn a_stored_file_is_uploaded_with_each_message_and_found_by_it() {
    let kept = Kept::open().await;
    kept.shop
        .platform
        .say(Inbound::text(ANA, "the menu?"))
        .await
        .unwrap();
    let ana = kept.shop.find(ANA).await.id;
    let menu = kept.shop.folder.path().join("menu");
    std::fs::write(&menu, vec![7; 300_000]).unwrap();
    let bytes = media_of_file(&menu).await.unwrap();
    let file = new_file(MediaKind::Document, "application/pdf");
    let media = kept.org.inbox().upload(file, bytes).await.unwrap();
    let MediaSource::Stored(key) = media.source else {
        panic!("{media:?}")
    };
    assert_eq!(kept.names(), [key.file.to_string()]);
    for _ in 0..2 {
        let sent = kept
            .org
            .inbox()
            .send(kept.send(ana, media.clone()))
            .await
            .unwrap();
        assert_eq!(sent.content, Content::Media(media.clone()));
        let file = kept.fetch(sent.id).await.unwrap();
        assert_eq!(
            (file.key, file.size, file.sha256),
            (key, 300_000, media.sha256.clone())
        );
    }
    let accepted = kept.shop.platform.accepted();
    let ids: Vec<&str> = accepted
        .iter()
        .map(|message| message.body["document"]["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 2);
    for id in &ids {
        assert_eq!(kept.shop.platform.media(id).unwrap(), vec![7; 300_000]);
    }
    assert_eq!(accepted[0].body["document"]["filename"], json!("../../menu.pdf"));
}

#[tokio::test]
async fn what_may_not_be_sent_does_not_fit_or_is_not_there_is_neither_uploaded_nor_sent() {
    let kept = Kept::open().await;
    let uploads = || {
        let requests = kept.shop.platform.requests();
        requests
            .iter()
            .filter(|request| request.action == Action::UploadMedia)
            .count()
    };
    let upload = async |mime_type: &str| {
        let file = new_file(MediaKind::Image, mime_type);
        kept.org.inbox().upload(file, media_of_bytes("x")).await.unwrap()
    };
    let try_send = async |contact, media| {
        let sent = kept.org.inbox().send(kept.send(contact, media)).await;
        sent.unwrap_err().code()
    };
    let stranger = kept.shop.opted_in("+12025550199", &[]).await.id;
    assert_eq!(
        try_send(stranger, upload("image/png").await).await,
        Code::WindowClosed
    );
    kept.shop.platform.say(Inbound::text(ANA, "hello")).await.unwrap();
    let ana = kept.shop.find(ANA).await.id;
    assert_eq!(try_send(ana, upload("image/gif").await).await, Code::MediaInvalid);
    let lost = upload("image/png").await;
    let MediaSource::Stored(key) = lost.source else {
        panic!("{lost:?}")
    };
    for other in [
        MediaKey {
            org: tertulia::core::ids::OrgId(key.file),
            ..key
        },
        MediaKey {
            file: key.org.0,
            ..key
        },
    ] {
        let media = Media {
            source: MediaSource::Stored(other),
            ..lost.clone()
        };
        assert_eq!(try_send(ana, media).await, Code::MediaNotFound);
    }
    assert_eq!((uploads(), kept.shop.platform.accepted().len()), (0, 0));
    let refuse = |attempt: &tertulia::testing::platform::Attempt| {
        if attempt.action == Action::UploadMedia {
            vec![Fault::refuse(131_053)]
        } else {
            Vec::new()
        }
    };
    kept.shop.platform.script(Faults::new(1).by(refuse));
    assert_eq!(try_send(ana, lost).await, Code::MediaInvalid);
    assert_eq!(kept.shop.platform.accepted().len(), 0);
}

#[tokio::test]
async fn an_erase_removes_the_files_that_the_person_sent_and_names_those_sent_to_them() {
    let kept = Kept::open().await;
    let (id, picture) = kept.picture(b"zq").await;
    let ana = kept.shop.find(ANA).await.id;
    let own = kept.fetch(picture.id).await.unwrap();
    let file = new_file(MediaKind::Image, "image/png");
    let menu = kept
        .org
        .inbox()
        .upload(file, media_of_bytes("menu"))
        .await
        .unwrap();
    let sent = kept.org.inbox().send(kept.send(ana, menu.clone())).await.unwrap();
    // A fetch that was cut off after it had written the file.
    let (_, other) = kept.picture(b"half").await;
    std::fs::write(
        own.path.clone().unwrap().with_file_name(other.id.to_string()),
        "half",
    )
    .unwrap();
    let neighbour = kept.shop.platform.add_media("image/png", b"theirs");
    let theirs = kept.said(Inbound::image("+12025550199", &neighbour, None)).await;
    kept.fetch(theirs.id).await.unwrap();

    let dossier = serde_json::to_value(kept.org.contacts().dossier(ana).await.unwrap()).unwrap();
    assert_eq!(dossier["files"].as_array().unwrap().len(), 1);
    let certificate = kept.org.contacts().erase(ana).await.unwrap();
    assert_eq!(certificate.counts.files, 1);
    let media = certificate.media.into_iter();
    let named: Vec<(MessageId, MediaSource)> = media.map(|media| (media.message, media.source)).collect();
    assert_eq!(named.len(), 4, "{named:?}");
    for named_one in [
        (picture.id, MediaSource::Id(id)),
        (picture.id, MediaSource::Stored(own.key)),
        (sent.id, menu.source.clone()),
    ] {
        assert!(named.contains(&named_one), "{named_one:?}");
    }
    let MediaSource::Stored(menu) = menu.source else {
        panic!("{menu:?}")
    };
    let mut left = kept.names();
    left.sort();
    let mut expected = vec![menu.file.to_string(), theirs.id.to_string()];
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(kept.noted().await.len(), 1, "the neighbour's");
    assert_eq!(kept.fetch(picture.id).await, Err(Code::MessageNotFound));
}

#[tokio::test]
async fn files_go_with_conversations_that_a_deletion_removes_and_stay_with_those_that_it_keeps() {
    use tertulia::{BulkAction, BulkWatch, DeletedConversations, Selection};
    for (keep, bulk) in [(true, false), (false, false), (false, true)] {
        let deleted_conversations = if keep {
            DeletedConversations::Keep
        } else {
            DeletedConversations::Remove
        };
        let kept = Kept::with(Settings {
            deleted_conversations,
            ..Settings::default()
        })
        .await;
        let (_, message) = kept.picture(b"bytes").await;
        kept.fetch(message.id).await.unwrap();
        let ana = kept.shop.find(ANA).await.id;
        if bulk {
            let selection = Selection::Ids(vec![ana]);
            let watch = BulkWatch::default();
            kept.org
                .contacts()
                .bulk(&selection, &BulkAction::Delete, watch)
                .await
                .unwrap();
        } else {
            kept.org.contacts().delete(ana).await.unwrap();
        }
        assert_eq!(
            (kept.names().len(), kept.noted().await.len()),
            (usize::from(keep), usize::from(keep))
        );
        if keep {
            kept.org.contacts().erase(ana).await.unwrap();
            assert!(kept.names().is_empty() && kept.noted().await.is_empty());
        }
    }
}

#[tokio::test]
async fn files_go_with_conversations_that_are_deleted_in_bulk_and_no_others_do() {
    use tertulia::{ConversationAction, ConversationSelection, InboxWatch};
    let kept = Kept::open().await;
    let (_, message) = kept.picture(b"bytes").await;
    kept.fetch(message.id).await.unwrap();
    let neighbour = kept.shop.platform.add_media("image/png", b"theirs");
    let theirs = kept.said(Inbound::image("+12025550199", &neighbour, None)).await;
    kept.fetch(theirs.id).await.unwrap();
    let bulk = async |action| {
        let selection = ConversationSelection::Ids(vec![message.conversation]);
        let report = kept
            .org
            .inbox()
            .bulk(&selection, &action, InboxWatch::default())
            .await;
        assert_eq!(report.unwrap().changed, 1);
    };
    bulk(ConversationAction::Star).await;
    assert_eq!((kept.names().len(), kept.noted().await.len()), (2, 2));
    bulk(ConversationAction::Delete).await;
    assert_eq!(kept.names(), [theirs.id.to_string()]);
    assert_eq!(kept.noted().await.len(), 1);
}
