//! Whoever revoked is never messaged without their START or a new proof, whatever is done to their contact in whatever
//! order, and by whichever way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tertulia::core::ids::ContactId;
use tertulia::testing::{Inbound, Person};
use tertulia::{
    BulkAction, BulkWatch, Code, Contact, ContactUpdate, Filter, ImportOptions, MergeRequest, NewContact,
    Role, Selection, Watch,
};

use crate::support::{Shop, template};

const NUMBERS: [&str; 5] = [
    "+12025550100",
    "+12025550101",
    "+919876543210",
    "+5511987654321",
    "+447400123456",
];

/// The shop, and whose number was revoked by the person, as a sceptic would keep book of it: without any of the
/// library's rules, but for who was one contact when something was said.
struct Sceptic {
    shop: Shop,
    random: fastrand::Rng,
    stopped: BTreeSet<&'static str>,
    /// Who stopped marketing at the platform.
    quiet: BTreeSet<&'static str>,
    merged: Vec<ContactId>,
    seen: usize,
    done: BTreeMap<&'static str, usize>,
}

impl Sceptic {
    async fn new(seed: u64) -> Self {
        let shop = Shop::in_memory().await;
        Self {
            shop,
            random: fastrand::Rng::with_seed(seed),
            stopped: BTreeSet::new(),
            quiet: BTreeSet::new(),
            merged: Vec::new(),
            seen: 0,
            done: BTreeMap::new(),
        }
    }

    fn number(&mut self) -> &'static str {
        NUMBERS[self.random.usize(..NUMBERS.len())]
    }

    async fn known(&self, number: &str) -> Option<Contact> {
        self.shop.org.contacts().find_by_phone(number).await.unwrap()
    }

    /// The numbers of whoever has this one.
    async fn together(&self, number: &'static str) -> Vec<&'static str> {
        let Some(contact) = self.known(number).await else {
            return vec![number];
        };
        let has = |number: &&str| {
            contact
                .current_identities()
                .any(|identity| identity.address.value == **number)
        };
        NUMBERS.iter().copied().filter(|number| has(number)).collect()
    }

    async fn stop(&mut self, number: &'static str) {
        let together = self.together(number).await;
        self.stopped.extend(together);
    }

    async fn lift(&mut self, number: &'static str) {
        for number in self.together(number).await {
            self.stopped.remove(number);
        }
    }

    /// One of all the ways in which consent can change, or might.
    async fn step(&mut self) -> &'static str {
        let org = self.shop.org.clone();
        let (contacts, consent) = (org.contacts(), org.consent());
        let number = self.number();
        let contact = self.known(number).await;
        match (self.random.u8(..20), contact) {
            (0..=2, _) => {
                let word = ["stop", "Stop!", "STOP"][self.random.usize(..3)];
                self.shop.platform.say(Inbound::text(number, word)).await.unwrap();
                self.stop(number).await;
                "a STOP"
            }
            (3, _) => {
                self.shop
                    .platform
                    .say(Inbound::text(number, "start"))
                    .await
                    .unwrap();
                self.lift(number).await;
                "a START"
            }
            (4, _) => {
                self.shop
                    .platform
                    .say(Inbound::text(number, "hello"))
                    .await
                    .unwrap();
                "a message"
            }
            (5, _) => {
                self.shop.platform.prefers(number, "stop").await;
                let together = self.together(number).await;
                self.quiet.extend(together);
                "no marketing at the platform"
            }
            (6, _) => {
                self.shop.platform.prefers(number, "resume").await;
                for number in self.together(number).await {
                    self.quiet.remove(number);
                }
                "marketing again at the platform"
            }
            (7 | 8, _) => {
                let new = NewContact {
                    phone: Some(number.to_owned()),
                    name: Some("Ana".to_owned()),
                    opted_in: [None, Some(true), Some(true)][self.random.usize(..3)],
                    ..NewContact::default()
                };
                let made = match self.random.u8(..4) {
                    0 => contacts.capture_lead(new).await.err(),
                    1 => self.shop.org.inbox().start(new).await.err(),
                    2 => contacts.upsert(new, "shop", number).await.err(),
                    _ => contacts.create(new).await.err(),
                };
                let expected = [
                    None,
                    Some(Code::ContactDuplicate),
                    Some(Code::ConsentOptedOut),
                    Some(Code::ContactAddressDiffers),
                ];
                assert!(
                    expected.contains(&made.as_ref().map(tertulia::Error::code)),
                    "{made:?}"
                );
                "a creation"
            }
            (9..=11, _) => {
                let dated = self.random.u8(..4) == 0;
                let opted_in = ["true", "", "false"][self.random.usize(..3)];
                let proof = if dated && opted_in == "true" {
                    self.shop.clock.now().to_rfc3339()
                } else {
                    String::new()
                };
                let file = format!("phone,name,optedIn,optInDate\n{number},Ana,{opted_in},{proof}\n");
                let options = ImportOptions {
                    file: "people.csv".to_owned(),
                    ..ImportOptions::default()
                };
                let imports = self.shop.org.imports();
                let report = imports
                    .run(file.as_bytes(), &options, Watch::default())
                    .await
                    .unwrap();
                assert_eq!(report.counts.rejected, 0);
                if !proof.is_empty() {
                    self.lift(number).await;
                }
                "an import"
            }
            (12, Some(contact)) => {
                let proof = Some("signed at the counter").filter(|_| self.random.u8(..4) == 0);
                let given = consent.opt_in(contact.id, proof).await;
                if proof.is_some() && given.is_ok() {
                    self.lift(number).await;
                }
                "an opt-in by the host"
            }
            (13, Some(contact)) => {
                consent.opt_out(contact.id, None).await.unwrap();
                "an opt-out by the host"
            }
            (14, Some(contact)) => {
                let agent = self.shop.org.team().add("Priya", Role::Agent).await.unwrap();
                let org = self.shop.org.acting_as(agent.id);
                let _ = org.consent().opt_in(contact.id, None).await;
                let update = ContactUpdate {
                    opted_in: Some(true),
                    ..ContactUpdate::default()
                };
                let _ = org.contacts().update(contact.id, contact.revision, &update).await;
                "an opt-in by an agent"
            }
            (15, Some(contact)) => {
                contacts.delete(contact.id).await.unwrap();
                "a deletion"
            }
            (16, Some(contact)) => {
                let ids = Selection::Ids(vec![contact.id]);
                let watch = BulkWatch::default();
                let report = contacts.bulk(&ids, &BulkAction::Delete, watch).await.unwrap();
                assert_eq!(report.changed, 1);
                "a deletion of many"
            }
            (17 | 18, Some(contact)) => {
                let other = self.number();
                let Some(other) = self.known(other).await.filter(|other| other.id != contact.id) else {
                    return "nothing";
                };
                let request = MergeRequest {
                    duplicates: vec![other.id],
                    choices: Vec::new(),
                };
                self.merged.push(other.id);
                contacts.merge(contact.id, &request).await.unwrap();
                "a merge"
            }
            (19, _) if !self.merged.is_empty() => {
                let place = self.random.usize(..self.merged.len());
                let id = self.merged.swap_remove(place);
                match contacts.undo_merge(id).await {
                    Ok(_) => "a merge taken back",
                    Err(error) => {
                        assert!(matches!(
                            error.code(),
                            Code::ContactMergeFinal | Code::ContactNotFound
                        ));
                        "nothing"
                    }
                }
            }
            _ => "nothing",
        }
    }

    /// Everybody is sent to in every way; nobody who revoked got anything.
    async fn check(&mut self, trace: &[&str]) {
        for number in NUMBERS {
            if let Some(contact) = self.known(number).await {
                let name = ["order_ready", "spring_sale"][self.random.usize(..2)];
                let _ = self
                    .shop
                    .org
                    .inbox()
                    .send(self.shop.templated(contact.id, name))
                    .await;
            }
        }
        if self.random.u8(..4) == 0 {
            let mut new = self.shop.broadcast("spring_sale", "none");
            new.target = Selection::Filter(Filter::Everyone);
            let broadcasts = self.shop.org.broadcasts();
            let id = broadcasts.create(new).await.unwrap();
            broadcasts.launch(id).await.unwrap();
        }
        self.shop.crm.run_due().await.unwrap();
        let accepted = self.shop.platform.accepted();
        for message in &accepted[self.seen..] {
            let is_theirs = |number: &&str| Person::from(*number).user_id == message.user_id;
            let number = NUMBERS.into_iter().find(is_theirs).unwrap();
            // What any of them said who are one contact now.
            let together = self.together(number).await;
            let revoked = |numbers: &BTreeSet<&str>| together.iter().any(|number| numbers.contains(number));
            assert!(!revoked(&self.stopped), "{number} said STOP: {trace:?}");
            let marketing = message.category == "marketing";
            let quiet = marketing && revoked(&self.quiet);
            assert!(!quiet, "{number} wants no marketing: {trace:?}");
            *self
                .done
                .entry(if marketing { "marketing" } else { "receipts" })
                .or_default() += 1;
        }
        self.seen = accepted.len();
    }
}

#[tokio::test]
async fn who_revoked_is_never_messaged_whatever_is_done_by_whichever_way() {
    let mut done: BTreeMap<&'static str, usize> = BTreeMap::new();
    for seed in 0..40 {
        let mut sceptic = Sceptic::new(seed).await;
        let templates = [
            template("spring_sale", "MARKETING"),
            template("order_ready", "UTILITY"),
        ];
        let known = templates.map(|template| serde_json::to_value(template).unwrap());
        sceptic.shop.platform.set_templates(known.to_vec());
        let mut trace = Vec::new();
        for _ in 0..40 {
            // Beyond the cap of marketing messages, mostly.
            let minutes = sceptic.random.u64(1..2_400);
            sceptic.shop.clock.advance(Duration::from_secs(60 * minutes));
            let what = sceptic.step().await;
            sceptic.shop.platform.drain().await;
            trace.push(what);
            *sceptic.done.entry(what).or_default() += 1;
            sceptic.check(&trace).await;
        }
        for (what, count) in sceptic.done {
            *done.entry(what).or_default() += count;
        }
    }
    // Each way was gone often, and those who may be messaged are.
    for what in [
        "a STOP",
        "a START",
        "a message",
        "no marketing at the platform",
        "marketing again at the platform",
        "a creation",
        "an import",
        "an opt-in by the host",
        "an opt-out by the host",
        "an opt-in by an agent",
        "a deletion",
        "a deletion of many",
        "a merge",
        "a merge taken back",
        "marketing",
        "receipts",
    ] {
        assert!(
            done.get(what).is_some_and(|count| *count >= 15),
            "{what}: {done:?}"
        );
    }
}
