//! Organisations with a number each at one platform, who send to many, and what must be true in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use tertulia::core::broadcast::Stats;
use tertulia::core::ids::{AccountId, BroadcastId, OrgId};
use tertulia::core::ledger::{DispatchState, SEND_WINDOW, StateName};
use tertulia::testing::platform::Number;
use tertulia::testing::{Fault, Faults, Platform, PlatformConfig, Receipts, Status};
use tertulia::{
    Channel, Code, Crm, Filter, ImportOptions, Language, NewAccount, NewBroadcast, PageOf, RecipientFilter,
    Selection, Settings, Template, TemplateParameters, Watch, WebhookRequest,
};

use crate::place::{CREDENTIAL, Place};

/// How long one looks away from what one waits for.
const LOOK_AWAY: Duration = Duration::from_millis(10);

/// How often one looks before something is not coming any more: some minutes, on a machine with nothing else to do.
const LOOKS: u32 = 12_000;

pub(crate) async fn look_away() {
    tokio::time::sleep(LOOK_AWAY).await;
}

/// Waits until something is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    for _ in 0..LOOKS {
        if is_so().await {
            return;
        }
        look_away().await;
    }
    panic!("it never came to this: {what}");
}

/// An organisation.
#[derive(Debug, Clone)]
pub(crate) struct Shop {
    org: OrgId,
    account: AccountId,
    /// The platform's id of its number.
    number: String,
    people: BTreeSet<String>,
}

/// A broadcast that was launched.
#[derive(Debug, Clone)]
pub(crate) struct Launched {
    shop: Shop,
    id: BroadcastId,
    template: String,
    /// How many messages the platform had taken by then.
    pub(crate) at: usize,
}

/// How many messages the platform took, by number and template.
type Taken = Arc<Mutex<BTreeMap<(String, String), usize>>>;

/// The stand-in, and several organisations with a number each.
pub(crate) struct Street {
    pub(crate) place: Place,
    crm: Crm,
    /// The same, for who does not wait for others that write.
    hasty: Crm,
    platform: Platform,
    taken: Taken,
}

impl Street {
    /// So many numbers at a platform that keeps back what it has to say.
    pub(crate) async fn open(mut place: Place, numbers: usize) -> Self {
        let mut config = PlatformConfig {
            clock: Arc::new(place.clock),
            ..PlatformConfig::default()
        };
        let first = config.numbers.remove(0);
        config.numbers = (0..numbers)
            .map(|n| Number {
                id: format!("10654035224290{n}"),
                display_phone_number: format!("1555078388{n}"),
                ..first.clone()
            })
            .collect();
        let platform = Platform::start_with(config).await.unwrap();
        let taken = Taken::default();
        let counted = Arc::clone(&taken);
        platform.receipts(
            Receipts::by(move |accepted| {
                let key = (accepted.phone_number_id.clone(), template_of(&accepted.body));
                *counted.lock().unwrap().entry(key).or_default() += 1;
                vec![Status::Delivered]
            })
            .in_batches_of(100)
            .shuffled(11),
        );
        // So that whoever is killed or cut off has something on the wire.
        platform.script(Faults::new(7).always(Fault::DelayBefore(Duration::from_secs(1))));
        platform.hold();
        place.platform = Some(platform.base_url());
        let hasty = Place {
            patience: LOOK_AWAY,
            ..place.clone()
        };
        Self {
            crm: place.open().await,
            hasty: hasty.open().await,
            place,
            platform,
            taken,
        }
    }

    /// An organisation of the n-th number, with so many people.
    pub(crate) async fn shop(&self, n: usize, people: u64) -> Shop {
        let number = &self.platform.config().numbers[n];
        let org = self.crm.create_org(Settings::default()).await.unwrap();
        let account = NewAccount {
            channel: Channel::WhatsApp,
            sender_id: number.id.clone(),
            business_id: Some(self.platform.config().waba_id.clone()),
            endpoint: None,
            name: format!("Shop {n}"),
            credential: CREDENTIAL.to_owned(),
            messages_per_second: Some(0),
        };
        let account = org.accounts().connect(account).await.unwrap();
        for template in ["first", "second"] {
            org.templates().put(approved(template)).await.unwrap();
        }
        let people: BTreeSet<String> = (0..people)
            .map(|person| format!("+120{}{}", 2 + n, 2_000_000 + person))
            .collect();
        let mut file = "phone,name,optedIn\n".to_owned();
        for phone in &people {
            writeln!(file, "{phone},Person {phone},true").unwrap();
        }
        let options = ImportOptions {
            file: "people.csv".to_owned(),
            ..ImportOptions::default()
        };
        let imported = org
            .imports()
            .run(file.as_bytes(), &options, Watch::default())
            .await
            .unwrap();
        assert_eq!(imported.counts.created, people.len() as u64);
        Shop {
            org: org.id(),
            account,
            number: number.id.clone(),
            people,
        }
    }

    /// A broadcast of a template to all people of an organisation goes out from now on.
    pub(crate) async fn launch(&self, shop: &Shop, template: &str) -> Launched {
        let org = self.crm.org(shop.org);
        let new = NewBroadcast {
            name: template.to_owned(),
            account: shop.account,
            template: template.to_owned(),
            language: Language::parse("en_US").unwrap(),
            parameters: TemplateParameters::default(),
            target: Selection::Filter(Filter::Everyone),
        };
        let id = org.broadcasts().create(new).await.unwrap();
        org.broadcasts().launch(id).await.unwrap();
        Launched {
            shop: shop.clone(),
            id,
            template: template.to_owned(),
            at: self.taken(),
        }
    }

    /// How many messages the platform took.
    pub(crate) fn taken(&self) -> usize {
        self.taken.lock().unwrap().values().sum()
    }

    /// Waits until the platform took so many messages.
    pub(crate) async fn until_taken(&self, messages: usize) {
        let what = format!("{messages} messages are taken");
        until(&what, async || self.taken() >= messages).await;
    }

    /// Waits until the platform took all of a broadcast.
    pub(crate) async fn until_all_taken(&self, launched: &Launched) {
        let key = (launched.shop.number.clone(), launched.template.clone());
        let all = launched.shop.people.len();
        let taken = async || self.taken.lock().unwrap().get(&key).copied() == Some(all);
        until("all of a broadcast are taken", taken).await;
    }

    /// The rows that some worker whose name begins so has leased, of some broadcasts.
    pub(crate) async fn held_by(&self, worker: &str, of: &[&Launched]) -> usize {
        let mut held = 0;
        for launched in of {
            let leased = RecipientFilter::in_states(&[StateName::Leased]);
            let broadcasts = self.crm.org(launched.shop.org);
            let page = PageOf::first(1_000);
            let found = broadcasts
                .broadcasts()
                .recipients(launched.id, &leased, &page)
                .await;
            let by = |state: &DispatchState| matches!(state, DispatchState::Leased { worker: by, .. } if by.starts_with(worker));
            held += found.unwrap().items.iter().filter(|row| by(&row.state)).count();
        }
        held
    }

    async fn stats(crm: &Crm, launched: &Launched) -> Stats {
        crm.org(launched.shop.org)
            .broadcasts()
            .stats(launched.id)
            .await
            .unwrap()
    }

    /// Whether others than who is cut off can write.
    pub(crate) async fn can_be_written(&self) -> bool {
        match self.hasty.create_org(Settings::default()).await {
            Ok(_) => true,
            Err(error) if error.code() == Code::StorageBusy => false,
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits until nobody of these broadcasts waits or is on the wire.
    pub(crate) async fn until_over(&self, all: &[&Launched]) {
        for launched in all {
            let over = async || {
                let stats = Self::stats(&self.crm, launched).await;
                stats.pending + stats.sending == 0
            };
            until("nobody waits", over).await;
        }
    }

    /// Of a broadcast, the place among all that the platform took at which it took the last.
    pub(crate) fn last_taken(&self, launched: &Launched) -> usize {
        let accepted = self.platform.accepted();
        let last = accepted.iter().rposition(|accepted| {
            accepted.phone_number_id == launched.shop.number
                && template_of(&accepted.body) == launched.template
        });
        last.unwrap()
    }

    async fn drain(&self) {
        let drained = self.platform.drain().await;
        assert_eq!((drained.refused, drained.waiting), (0, 0));
    }

    /// The platform says what it kept back, and a month goes by. Then by its log nobody got a message twice; the ledger
    /// says of each who was meant what became of them; and those of whom nobody knows are named, one by one, and are no
    /// more than so many.
    pub(crate) async fn settle(self, all: &[&Launched], in_doubt: usize) {
        let crm = self.crm.clone();
        self.platform.deliver_to(move |webhook| {
            let crm = crm.clone();
            let request = WebhookRequest {
                method: "POST".to_owned(),
                url: "https://shops.example/webhooks/whatsapp".to_owned(),
                headers: webhook.headers,
                body: webhook.body,
            };
            async move {
                let received = crm.receive("whatsapp", request).await;
                received.map_or_else(|error| tertulia::http_status(&error), |_| 200)
            }
        });
        self.platform.release();
        self.drain().await;
        let later = Place {
            clock: self.place.clock.later(TimeDelta::days(31)),
            ..self.place.clone()
        };
        let later = later.open().await;
        later.run_due().await.unwrap();
        // What somebody who was cut off gave back at the very end has gone out only now.
        self.drain().await;
        later.run_due().await.unwrap();

        let mut unconfirmed = 0;
        for launched in all {
            let of_it = self.platform.accepted().into_iter().filter(|accepted| {
                accepted.phone_number_id == launched.shop.number
                    && template_of(&accepted.body) == launched.template
            });
            let mut got = BTreeSet::new();
            for phone in of_it.filter_map(|accepted| accepted.to) {
                assert!(got.insert(phone.clone()), "{phone} was sent to twice");
            }
            let stats = Self::stats(&later, launched).await;
            let people = &launched.shop.people;
            assert_eq!(stats.total, people.len() as u64);
            assert_eq!(stats.delivered, got.len() as u64, "{stats:?}");
            assert_eq!(stats.delivered + stats.unconfirmed, stats.total, "{stats:?}");
            let named = unconfirmed_of(&later, launched).await;
            let missed: BTreeSet<String> = people.difference(&got).cloned().collect();
            assert_eq!(named, missed, "who is unconfirmed is not who got nothing");
            unconfirmed += named.len();
        }
        println!("{} messages taken, {unconfirmed} unconfirmed", self.taken());
        assert!(unconfirmed <= in_doubt, "{unconfirmed} unconfirmed");
    }
}

/// The numbers of whom nobody knows whether they got it.
async fn unconfirmed_of(crm: &Crm, launched: &Launched) -> BTreeSet<String> {
    let org = crm.org(launched.shop.org);
    let unconfirmed = RecipientFilter::in_states(&[StateName::Unconfirmed]);
    let page = PageOf::first(1_000);
    let found = org
        .broadcasts()
        .recipients(launched.id, &unconfirmed, &page)
        .await;
    let mut named = BTreeSet::new();
    for recipient in found.unwrap().items {
        let contact = org.contacts().get(recipient.contact).await.unwrap();
        named.insert(contact.phone().unwrap().address.value.clone());
    }
    named
}

/// How many recipients so many processes leave in doubt at most, each with a window's worth.
pub(crate) const fn windows(processes: usize) -> usize {
    processes * SEND_WINDOW
}

/// The name of the template in a request to send.
fn template_of(body: &serde_json::Value) -> String {
    body["template"]["name"].as_str().unwrap_or_default().to_owned()
}

/// An approved template that any number of may be sent a day.
pub(crate) fn approved(name: &str) -> Template {
    serde_json::from_value(serde_json::json!({
        "name": name,
        "language": "en_US",
        "category": "UTILITY",
        "status": "APPROVED",
        "components": [{ "type": "BODY", "text": "Your order is ready." }],
    }))
    .unwrap()
}
