//! A shop with one WhatsApp number at a stand-in platform, its clock set by hand.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use tempfile::TempDir;
use tertulia::clock::Clock;
use tertulia::core::ids::{AccountId, BroadcastId, ContactId};
use tertulia::storage::Storage;
use tertulia::testing::platform::{Number, Webhook};
use tertulia::testing::{ManualClock, Platform, PlatformConfig};
use tertulia::{
    Builder, Channel, Contact, Content, Crm, Draft, Filter, Language, MemoryStorage, NewAccount,
    NewBroadcast, NewContact, Org, PostgresOptions, PostgresStorage, Selection, SendRequest, Settings,
    SqliteStorage, StaticCredentials, Template, TemplateParameters, WebhookRequest, WhatsApp, WhatsAppConfig,
};

/// 2026-03-01 12:00:00 UTC.
pub(crate) const NOON: i64 = 1_772_366_400;

/// The reference of the shop's key.
const CREDENTIAL: &str = "shop-number";

/// The platform's id of its second number.
pub(crate) const OTHER_NUMBER: &str = "106540352242999";

pub(crate) struct Shop {
    pub(crate) crm: Crm,
    pub(crate) org: Org,
    pub(crate) account: AccountId,
    pub(crate) platform: Arc<Platform>,
    pub(crate) clock: ManualClock,
    pub(crate) folder: TempDir,
    pub(crate) place: Option<Place>,
}

/// The CRM over a store, speaking to a platform.
pub(crate) fn crm(
    storage: Arc<dyn Storage>,
    base_url: &str,
    config: &PlatformConfig,
    clock: impl Clock + 'static,
) -> Crm {
    crm_with(storage, base_url, config, clock, |builder| builder)
}

/// The same, with whatever else.
pub(crate) fn crm_with(
    storage: Arc<dyn Storage>,
    base_url: &str,
    config: &PlatformConfig,
    clock: impl Clock + 'static,
    more: impl FnOnce(Builder) -> Builder,
) -> Crm {
    let whatsapp = WhatsAppConfig::new(&config.app_secret, &config.verify_token).base_url(base_url);
    let builder = Crm::builder()
        .storage(storage)
        .transport("whatsapp", WhatsApp::new(whatsapp).unwrap())
        .credentials(StaticCredentials::default().with(CREDENTIAL, &config.access_token))
        .clock(clock);
    more(builder).build().unwrap()
}

/// Where a shop's store is.
pub(crate) enum Place {
    File(PathBuf),
    /// On a PostgreSQL server.
    Schema(String),
}

impl Place {
    /// A new one: a file in the folder, or, where the tests are run on a server, a schema there.
    fn new(folder: &TempDir) -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        if server().is_none() {
            return Self::File(folder.path().join("crm.db"));
        }
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        Self::Schema(format!("it_{}_{number}", std::process::id()))
    }

    async fn open(&self) -> Arc<dyn Storage> {
        match self {
            Self::File(file) => Arc::new(SqliteStorage::open(file).unwrap()),
            Self::Schema(schema) => {
                let mut options = PostgresOptions::default();
                options.schema.clone_from(schema);
                options.max_connections = 4;
                let url = server().unwrap();
                Arc::new(PostgresStorage::open_with(&url, &options).await.unwrap())
            }
        }
    }
}

/// The server that the tests are run on, where they are.
fn server() -> Option<String> {
    std::env::var("TERTULIA_TEST_ON_POSTGRES").ok()
}

/// A webhook as the host's HTTP route hands it over.
pub(crate) fn request(webhook: Webhook) -> WebhookRequest {
    WebhookRequest {
        method: "POST".to_owned(),
        url: "https://shop.example/webhooks/whatsapp".to_owned(),
        headers: webhook.headers,
        body: webhook.body,
    }
}

/// Has the platform deliver its webhooks to a CRM.
pub(crate) fn connect(platform: &Platform, crm: &Crm) {
    let crm = crm.clone();
    platform.deliver_to(move |webhook| {
        let crm = crm.clone();
        async move {
            match crm.receive("whatsapp", request(webhook)).await {
                Ok(_) => 200,
                Err(error) => tertulia::http_status(&error),
            }
        }
    });
}

impl Shop {
    /// A shop over a store on disk.
    pub(crate) async fn open() -> Self {
        Self::with(Settings {
            name: "Casa Lua".to_owned(),
            ..Settings::default()
        })
        .await
    }

    /// A shop over a store on disk with these settings.
    pub(crate) async fn with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(&folder);
        let mut shop = Self::over(place.open().await, folder, settings).await;
        shop.place = Some(place);
        shop
    }

    /// The store, opened again, as another process does.
    pub(crate) async fn reopen(&self) -> Arc<dyn Storage> {
        self.place.as_ref().unwrap().open().await
    }

    /// A shop over the memory store.
    pub(crate) async fn in_memory() -> Self {
        Self::over(
            Arc::new(MemoryStorage::new()),
            tempfile::tempdir().unwrap(),
            Settings::default(),
        )
        .await
    }

    /// A shop over a store.
    pub(crate) async fn over(storage: Arc<dyn Storage>, folder: TempDir, settings: Settings) -> Self {
        let clock = ManualClock::at(NOON);
        let mut config = PlatformConfig {
            clock: Arc::new(clock.clone()),
            ..PlatformConfig::default()
        };
        // For another organisation.
        config.numbers.push(Number {
            id: OTHER_NUMBER.to_owned(),
            display_phone_number: "15550783882".to_owned(),
            ..config.numbers[0].clone()
        });
        let platform = Arc::new(Platform::start_with(config).await.unwrap());
        let crm = crm(
            Arc::clone(&storage),
            &platform.base_url(),
            platform.config(),
            clock.clone(),
        );
        let org = crm.create_org(settings).await.unwrap();
        let account = org.accounts().connect(new_account(&platform)).await.unwrap();
        org.templates()
            .put(template("spring_sale", "MARKETING"))
            .await
            .unwrap();
        org.templates()
            .put(template("order_ready", "UTILITY"))
            .await
            .unwrap();
        connect(&platform, &crm);
        Self {
            crm,
            org,
            account,
            platform,
            clock,
            folder,
            place: None,
        }
    }

    /// The SQLite file, past the library.
    pub(crate) fn file(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("crm.db")).unwrap()
    }

    /// A contact with a phone and an opt-in.
    pub(crate) async fn opted_in(&self, phone: &str, tags: &[&str]) -> Contact {
        self.contact(phone, tags, Some(true)).await
    }

    /// A contact with a phone.
    pub(crate) async fn contact(&self, phone: &str, tags: &[&str], opted_in: Option<bool>) -> Contact {
        let new = NewContact {
            phone: Some(phone.to_owned()),
            name: Some(format!("Person {phone}")),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            opted_in,
            ..NewContact::default()
        };
        self.org.contacts().create(new).await.unwrap()
    }

    /// The contact with this number.
    pub(crate) async fn find(&self, phone: &str) -> Contact {
        self.org.contacts().find_by_phone(phone).await.unwrap().unwrap()
    }

    /// A text to a contact by the shop's number.
    pub(crate) fn text(&self, contact: ContactId, body: &str) -> SendRequest {
        let draft = Draft::Content(Content::text(body));
        SendRequest {
            contact,
            account: Some(self.account),
            draft,
            reply_to: None,
        }
    }

    /// A template to a contact by the shop's number.
    pub(crate) fn templated(&self, contact: ContactId, name: &str) -> SendRequest {
        let draft = Draft::Template {
            name: name.to_owned(),
            language: english(),
            parameters: greeting(),
        };
        SendRequest {
            contact,
            account: Some(self.account),
            draft,
            reply_to: None,
        }
    }

    /// A broadcast of a template to everybody with a tag, launched.
    pub(crate) async fn launch(&self, template: &str, tag: &str) -> BroadcastId {
        let id = self
            .org
            .broadcasts()
            .create(self.broadcast(template, tag))
            .await
            .unwrap();
        self.org.broadcasts().launch(id).await.unwrap();
        id
    }

    /// A broadcast of a template to everybody with a tag.
    pub(crate) fn broadcast(&self, template: &str, tag: &str) -> NewBroadcast {
        NewBroadcast {
            name: format!("{template} to {tag}"),
            account: self.account,
            template: template.to_owned(),
            language: english(),
            parameters: greeting(),
            target: Selection::Filter(Filter::tagged_any([tag])),
        }
    }

    /// How often the platform accepted a message to a number.
    pub(crate) fn accepted_to(&self, phone: &str) -> usize {
        self.platform
            .accepted()
            .iter()
            .filter(|accepted| accepted.to.as_deref() == Some(phone))
            .count()
    }
}

/// The stand-in's number, to connect.
pub(crate) fn new_account(platform: &Platform) -> NewAccount {
    account_of(platform.config())
}

/// The first number of a business, to connect.
pub(crate) fn account_of(config: &PlatformConfig) -> NewAccount {
    NewAccount {
        channel: Channel::WhatsApp,
        sender_id: config.numbers[0].id.clone(),
        business_id: Some(config.waba_id.clone()),
        endpoint: None,
        name: "Shop".to_owned(),
        credential: CREDENTIAL.to_owned(),
        // The clock stands still.
        messages_per_second: Some(0),
    }
}

pub(crate) fn english() -> Language {
    Language::parse("en_US").unwrap()
}

/// `Hi {{1}}`, filled with the first name.
pub(crate) fn greeting() -> TemplateParameters {
    TemplateParameters::body(["{{contact.firstName|there}}"]).unwrap()
}

/// An approved template with one parameter.
pub(crate) fn template(name: &str, category: &str) -> Template {
    serde_json::from_value(serde_json::json!({
        "name": name,
        "language": "en_US",
        "category": category,
        "status": "APPROVED",
        "components": [{ "type": "BODY", "text": "Hi {{1}}, come and see." }],
    }))
    .unwrap()
}

/// The time so many seconds after noon.
pub(crate) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(NOON + seconds, 0).unwrap()
}
