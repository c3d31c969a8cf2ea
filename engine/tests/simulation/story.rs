//! What happens in a world: people, broadcasts, workers, and everything that comes between them; and at last nothing more
//! goes wrong, and all is drained.

mod sequences;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use chrono::TimeDelta;
use tertulia::core::account::AccountState;
use tertulia::core::broadcast::{Broadcast, BroadcastState};
use tertulia::core::ids::{AccountId, ContactId, OrgId};
use tertulia::core::inbound::{InboundEvent, InboundKind};
use tertulia::core::ledger::{Dispatch, StateName};
use tertulia::core::message::StatusKind;
use tertulia::core::record::{ChangeSet, Op, Org as OrgRecord};
use tertulia::core::suppression::SuppressionKey;
use tertulia::{
    Channel, Code, Crm, Done, Draft, Error, Filter, Language, MergeRequest, NewAccount, NewBroadcast,
    NewContact, NewSchedule, Org, Selection, SendRequest, Settings, StaticCredentials, Template,
    TemplateParameters, WebhookRequest,
};
use tokio::task::JoinHandle;

use crate::faults::Fault;
use crate::platform::{Line, says};
use crate::store::SharedStore;
use crate::witness;
use crate::world::{Fate, Point, Process, SkewedClock, State, World};

/// How many processes there are at any time.
const PROCESSES: usize = 3;

/// How many looks the drained world may take to come to rest, and the time between two.
const ROUNDS: usize = 120;
const ROUND: TimeDelta = TimeDelta::hours(2);

/// One organisation.
#[derive(Debug)]
struct Shop {
    id: OrgId,
    /// Its senders, with the platform's ids.
    accounts: Vec<(AccountId, String)>,
    /// Its people, with their numbers.
    people: Vec<(ContactId, String)>,
}

/// A webhook that is being taken in, and by which process.
#[derive(Debug)]
struct Delivery {
    process: usize,
    event: InboundEvent,
    taking: JoinHandle<Result<(), Error>>,
}

/// The story of one world.
#[derive(Debug)]
pub(crate) struct Story {
    world: Arc<World>,
    /// By process.
    crms: Vec<Crm>,
    runs: Vec<Option<JoinHandle<Result<Done, Error>>>>,
    shops: Vec<Shop>,
    calls: Vec<JoinHandle<Result<(), Error>>>,
    deliveries: Vec<Delivery>,
    made: u32,
}

/// Tells a story from its beginning to its end.
pub(crate) async fn tell(world: Arc<World>) {
    let mut story = Story {
        world,
        crms: Vec::new(),
        runs: Vec::new(),
        shops: Vec::new(),
        calls: Vec::new(),
        deliveries: Vec::new(),
        made: 0,
    };
    story.begin().await;
    let steps = {
        let mut state = story.world.lock();
        state.in_turns = true;
        state.faulty = true;
        state.chance.u32(150..500)
    };
    for _ in 0..steps {
        story.step();
        story.rest().await;
        if story.world.is_broken() {
            return;
        }
    }
    story.drain().await;
}

impl Story {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.world.lock()
    }

    /// Once in so many times.
    fn chance(&self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }

    fn below(&self, end: usize) -> usize {
        self.state().chance.usize(0..end)
    }

    fn strikes(&self, fault: Fault) -> bool {
        self.state().strikes(fault, 1)
    }

    fn log(&self, what: impl FnOnce() -> String) {
        self.state().log(what);
    }

    /// One process more.
    fn start_process(&mut self) -> usize {
        let process = self.crms.len();
        {
            let mut state = self.state();
            let now = state.now;
            let skew = TimeDelta::seconds(state.chance.i64(-5..=5));
            state.processes.push(Process {
                skew,
                fate: Fate::Awake,
                asleep_since: now,
                worker: None,
            });
        }
        let world = || Arc::clone(&self.world);
        let crm = Crm::builder()
            .storage(Arc::new(SharedStore {
                world: world(),
                process,
            }))
            .transport(
                "sim",
                Line {
                    world: world(),
                    process,
                },
            )
            .credentials(StaticCredentials::default().with("key", "key"))
            .clock(SkewedClock {
                world: world(),
                process,
            })
            .build()
            .expect("it has a store");
        self.crms.push(crm);
        self.runs.push(None);
        process
    }

    /// Two organisations with people; a broadcast or two are under way.
    async fn begin(&mut self) {
        for _ in 0..PROCESSES {
            self.start_process();
        }
        let many = if self.chance(10) { 40 } else { 6 + self.below(8) };
        for (n, people) in [many, 3].into_iter().enumerate() {
            self.open_shop(n, people).await;
        }
        for _ in 0..=self.below(3) {
            let launched = self.launch(None);
            let org = launched.0;
            self.rest().await;
            if let Some(call) = self.calls.pop() {
                let done = call.await.expect("no panic");
                assert!(done.is_ok(), "{org} could not launch: {done:?}");
            }
        }
    }

    async fn open_shop(&mut self, n: usize, people: usize) {
        let (now, seed, unknown_after) = {
            let mut state = self.state();
            let unknown_after = [600, 30 * 3600][state.chance.usize(0..2)];
            (state.now, state.chance.u64(..), unknown_after)
        };
        let id: OrgId = tertulia::core::ids::IdSource::new(now, seed).next();
        let settings = Settings {
            name: format!("Shop {n}"),
            unknown_after_seconds: unknown_after,
            stop_confirmation: (n == 0).then(|| "You are out.".to_owned()),
            ..Settings::default()
        };
        // As `create_org` writes it, but for a key that is the same in each run.
        let record = OrgRecord {
            id,
            settings,
            rules_epoch: 0,
            suppression_key: SuppressionKey::new([7; 32]),
            host_key: None,
            routing: Vec::new(),
            watches: Vec::new(),
        };
        let changes = ChangeSet {
            expect: Vec::new(),
            ops: vec![Op::Insert(record.into())],
        };
        self.world
            .store
            .commit(changes)
            .await
            .expect("a new organisation");
        let org = self.crms[0].org(id);
        let mut shop = Shop {
            id,
            accounts: Vec::new(),
            people: Vec::new(),
        };
        for sender in 0..2 - n {
            let sender_id = format!("sender.{n}.{sender}");
            let new = NewAccount {
                channel: Channel::WhatsApp,
                sender_id: sender_id.clone(),
                business_id: None,
                endpoint: None,
                name: sender_id.clone(),
                credential: "key".to_owned(),
                messages_per_second: None,
            };
            let account = org.accounts().connect(new).await.expect("a sender");
            shop.accounts.push((account, sender_id));
        }
        for (name, category) in [("Sale", "MARKETING"), ("News", "UTILITY")] {
            let template: Template = serde_json::from_value(serde_json::json!({
                "name": name.to_lowercase(), "language": "en", "category": category, "status": "APPROVED",
                "components": [{ "type": "BODY", "text": format!("{name} {{{{1}}}} of today.") }],
            }))
            .expect("a template");
            org.templates().put(template).await.expect("it is stored");
        }
        for person in 0..people {
            let phone = format!("+120255{n}{person:04}");
            let mut tags = vec!["all".to_owned()];
            tags.extend((person % 2 == 0).then(|| "some".to_owned()));
            let new = NewContact {
                phone: Some(phone.clone()),
                name: Some(format!("Person {person}")),
                tags,
                opted_in: Some(!self.chance(12)),
                ..NewContact::default()
            };
            let contact = org.contacts().create(new).await.expect("a contact");
            shop.people.push((contact.id, phone));
        }
        self.open_sequences(&org, &shop).await;
        self.shops.push(shop);
    }

    /// All do what they can, up to where each waits for a turn; then everything is looked at.
    async fn rest(&mut self) {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        for process in 0..self.runs.len() {
            if let Some(run) = self.runs[process].take_if(|run| run.is_finished()) {
                self.heard(process, "the run of due work", run.await.expect("no panic"));
            }
        }
        for call in std::mem::take(&mut self.calls) {
            if call.is_finished() {
                let done = call.await.expect("no panic");
                self.log(|| format!("the call ends: {:?}", done.map_err(|error| error.code())));
            } else {
                self.calls.push(call);
            }
        }
        for delivery in std::mem::take(&mut self.deliveries) {
            let killed = self.state().processes[delivery.process].fate == Fate::Killed;
            if delivery.taking.is_finished() {
                let taken = delivery.taking.await.expect("no panic");
                if taken.is_err() {
                    self.again(delivery.event);
                }
            } else if killed {
                self.again(delivery.event);
            } else {
                self.deliveries.push(delivery);
            }
        }
        witness::look(&self.world);
    }

    fn heard(&self, process: usize, of: &str, result: Result<Done, Error>) {
        self.log(|| format!("process {process}: {of} ends: {result:?}"));
        if let Err(error) = result
            && !matches!(
                error.code(),
                Code::StorageBusy | Code::StorageIo | Code::StorageConflict
            )
        {
            self.state().broken(format!("{of} failed: {error}"));
        }
    }

    /// The platform sends a webhook that was not answered again.
    fn again(&self, event: InboundEvent) {
        let mut state = self.state();
        if state.faulty {
            state.hits.hit(Fault::WebhookAgain);
        }
        state.platform.untold.push(event);
    }

    /// One thing happens.
    fn step(&mut self) {
        match self.below(100) {
            0..62 => self.let_somebody_go(),
            62 => self.enroll(),
            63 => self.leave(),
            64 => self.change_sequence(),
            65 => self.pass(600, 3 * 3_600),
            66..74 => self.pass(0, 20),
            74..76 => self.pass(31, 400),
            76 => self.pass(3_600, 30 * 3_600),
            77..82 => self.work(),
            82..87 => self.deliver(),
            87 => self.opt_out(),
            88 => self.merge(),
            89 => self.pause(),
            90 => {
                if self.chance(2) {
                    self.cancel();
                } else if self.broadcasts().len() < 5 {
                    let at = self.chance(2).then(|| TimeDelta::minutes(5));
                    self.launch(at);
                }
            }
            91 => self.send(),
            92 => self.fall_asleep(),
            93..95 => self.wake(),
            95 => self.kill(),
            96 => self.put_clock(),
            97 => self.mend(),
            98 => self.send_again(),
            _ => self.write(),
        }
    }

    fn let_somebody_go(&mut self) {
        let mut state = self.state();
        let awake = |process: usize| state.processes[process].fate == Fate::Awake;
        let ready: Vec<usize> = (0..state.waiting.len())
            .filter(|place| awake(state.waiting[*place].process))
            .collect();
        if ready.is_empty() {
            drop(state);
            return self.work();
        }
        let place = ready[state.chance.usize(0..ready.len())];
        state.let_go(place);
    }

    fn pass(&self, from: i64, to: i64) {
        let mut state = self.state();
        let seconds = state.chance.i64(from..=to);
        state.now += TimeDelta::milliseconds(seconds * 1_000 + 7);
        state.log(|| format!("{seconds} s have passed"));
    }

    /// A process that is awake, by chance.
    fn somebody(&self) -> Option<usize> {
        let mut state = self.state();
        let awake: Vec<usize> = (0..state.processes.len())
            .filter(|process| state.processes[*process].fate == Fate::Awake)
            .collect();
        (!awake.is_empty()).then(|| awake[state.chance.usize(0..awake.len())])
    }

    /// A process does what is due, if it is not at it.
    fn work(&mut self) {
        let Some(process) = self.somebody().filter(|process| self.runs[*process].is_none()) else {
            return;
        };
        self.log(|| format!("process {process} does what is due"));
        let crm = self.crms[process].clone();
        self.runs[process] = Some(tokio::spawn(async move { crm.run_due().await }));
    }

    /// A call on one of an organisation's handles.
    fn call<C>(&mut self, org: OrgId, what: impl FnOnce() -> String, call: impl FnOnce(Org) -> C)
    where
        C: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let Some(process) = self.somebody() else { return };
        self.log(|| format!("process {process} is to {}", what()));
        let call = call(self.crms[process].org(org));
        self.calls.push(tokio::spawn(call));
    }

    fn shop(&self) -> usize {
        // The larger one more often.
        self.below(3) / 2
    }

    /// A broadcast to all or some, now or after a while.
    fn launch(&mut self, after: Option<TimeDelta>) -> (OrgId,) {
        self.made += 1;
        let shop = &self.shops[self.shop()];
        let org = shop.id;
        let name = format!("b{}", self.made);
        let new = NewBroadcast {
            name: name.clone(),
            account: shop.accounts[self.below(shop.accounts.len())].0,
            template: ["sale", "news"][self.below(2)].to_owned(),
            language: Language::parse("en").expect("a language"),
            parameters: TemplateParameters::body([name.as_str()]).expect("parameters"),
            target: Selection::Filter(Filter::tagged_any([["all", "some"][self.below(2)]])),
        };
        let at = after.map(|after| (self.state().now + after).naive_utc());
        let template = new.template.clone();
        self.call(
            org,
            || format!("launch {name}, {template}"),
            |org| async move {
                let id = org.broadcasts().create(new).await?;
                match at {
                    None => org.broadcasts().launch(id).await,
                    Some(at) => {
                        let schedule = NewSchedule {
                            at,
                            zone: None,
                            recipients_zones: false,
                        };
                        org.broadcasts().schedule(id, schedule).await.map(|_| ())
                    }
                }
            },
        );
        (org,)
    }

    /// Something that the platform has to tell comes in.
    fn deliver(&mut self) {
        let Some(process) = self.somebody() else { return };
        let event = {
            let mut state = self.state();
            let untold = state.platform.untold.len();
            if untold == 0 {
                return;
            }
            let place = state.chance.usize(0..untold);
            let event = state.platform.untold.remove(place);
            if let Some(id) = status_of(&event)
                && state.platform.untold[..place]
                    .iter()
                    .any(|earlier| status_of(earlier) == Some(id))
            {
                state.hits.hit(Fault::StatusEarly);
            }
            event
        };
        self.take_in(process, event);
    }

    fn take_in(&mut self, process: usize, event: InboundEvent) {
        self.log(|| format!("process {process} hears {}", told(&event)));
        let request = WebhookRequest {
            method: "POST".to_owned(),
            body: serde_json::to_vec(&[&event]).expect("it is JSON"),
            ..WebhookRequest::default()
        };
        let crm = self.crms[process].clone();
        let taking = tokio::spawn(async move { crm.receive("sim", request).await.map(|_| ()) });
        self.deliveries.push(Delivery {
            process,
            event,
            taking,
        });
    }

    /// Rows whose message may be on its way.
    fn under_way(&self) -> Vec<Dispatch> {
        let on_its_way = |row: &Dispatch| matches!(row.state.name(), StateName::Leased | StateName::Sending);
        witness::rows(&self.world)
            .into_iter()
            .filter(on_its_way)
            .collect()
    }

    /// Somebody to whom a message is on its way, or else anybody; and which of the two.
    fn somebody_of(&self, shop: usize) -> (ContactId, String, bool) {
        let shop = &self.shops[shop];
        let under_way: BTreeSet<ContactId> = self.under_way().into_iter().map(|row| row.contact).collect();
        let waiting: Vec<_> = shop
            .people
            .iter()
            .filter(|(id, _)| under_way.contains(id))
            .collect();
        if waiting.is_empty() {
            let (id, phone) = &shop.people[self.below(shop.people.len())];
            return (*id, phone.clone(), false);
        }
        let (id, phone) = waiting[self.below(waiting.len())];
        (*id, phone.clone(), true)
    }

    /// Somebody opts out, by their own word or an agent's.
    fn opt_out(&mut self) {
        let shop = self.shop();
        let (contact, phone, under_way) = self.somebody_of(shop);
        if under_way && !self.strikes(Fault::OptOut) {
            return;
        }
        if self.chance(2) {
            let org = self.shops[shop].id;
            self.call(
                org,
                || format!("opt {phone} out"),
                |org| async move {
                    org.consent()
                        .opt_out(contact, Some("by telephone"))
                        .await
                        .map(|_| ())
                },
            );
        } else {
            self.say(shop, &phone, "STOP");
        }
    }

    /// Somebody writes.
    fn write(&mut self) {
        let shop = self.shop();
        let (_, phone, _) = self.somebody_of(shop);
        let text = ["hello", "START", "STOP"][self.below(3)];
        self.say(shop, &phone, text);
    }

    fn say(&mut self, shop: usize, phone: &str, text: &str) {
        let shop = &self.shops[shop];
        let (_, sender) = &shop.accounts[self.below(shop.accounts.len())];
        let mut state = self.state();
        let event = says(&mut state, sender, phone, text);
        state.platform.untold.push(event);
    }

    /// Two contacts become one, or two again.
    fn merge(&mut self) {
        let shop = self.shop();
        let org = self.shops[shop].id;
        let (one, _, under_way) = self.somebody_of(shop);
        let people = &self.shops[shop].people;
        let other = people[self.below(people.len())].0;
        let undone = self.chance(3);
        let fault = if undone { Fault::MergeUndone } else { Fault::Merge };
        if one == other || (under_way && !self.strikes(fault)) {
            return;
        }
        if undone {
            self.call(
                org,
                || format!("take the merge of {one} back"),
                |org| async move { org.contacts().undo_merge(one).await.map(|_| ()) },
            );
        } else {
            let (primary, duplicate) = if self.chance(2) {
                (one, other)
            } else {
                (other, one)
            };
            let request = MergeRequest {
                duplicates: vec![duplicate],
                choices: Vec::new(),
            };
            if self.are_in_one_sequence(one, other) && !self.strikes(Fault::MergeEnrolled) {
                return;
            }
            self.call(
                org,
                || format!("merge {duplicate} into {primary}"),
                |org| async move { org.contacts().merge(primary, &request).await.map(|_| ()) },
            );
        }
    }

    fn broadcasts(&self) -> Vec<Broadcast> {
        witness::broadcasts(&self.world)
    }

    /// A broadcast in such a state, by chance.
    fn broadcast(&self, in_state: impl Fn(&BroadcastState) -> bool) -> Option<Broadcast> {
        let mut found = self.broadcasts();
        found.retain(|broadcast| in_state(&broadcast.state));
        (!found.is_empty()).then(|| found.swap_remove(self.below(found.len())))
    }

    /// A running broadcast is paused, or a paused one goes on.
    fn pause(&mut self) {
        let paused = |state: &BroadcastState| matches!(state, BroadcastState::Paused { .. });
        let running = |state: &BroadcastState| matches!(state, BroadcastState::Running { .. });
        if let Some(broadcast) = self.broadcast(paused) {
            let id = broadcast.id;
            self.call(
                broadcast.org,
                || format!("resume {}", broadcast.name),
                |org| async move { org.broadcasts().resume(id).await },
            );
        } else if let Some(broadcast) = self.broadcast(running) {
            let id = broadcast.id;
            let under_way = self.under_way().iter().any(|row| row.broadcast() == Some(id));
            if !under_way || self.strikes(Fault::Pause) {
                self.call(
                    broadcast.org,
                    || format!("pause {}", broadcast.name),
                    |org| async move { org.broadcasts().pause(id).await },
                );
            }
        }
    }

    fn cancel(&mut self) {
        let running = |state: &BroadcastState| matches!(state, BroadcastState::Running { .. });
        let Some(broadcast) = self.broadcast(running) else {
            return;
        };
        let id = broadcast.id;
        let under_way = self.under_way().iter().any(|row| row.broadcast() == Some(id));
        if !under_way || self.strikes(Fault::Cancel) {
            self.call(
                broadcast.org,
                || format!("cancel {}", broadcast.name),
                |org| async move { org.broadcasts().cancel(id).await },
            );
        }
    }

    /// The host sends somebody a template by itself.
    fn send(&mut self) {
        self.made += 1;
        let shop = self.shop();
        let (contact, phone, _) = self.somebody_of(shop);
        let shop = &self.shops[shop];
        let org = shop.id;
        let name = format!("i{}", self.made);
        let request = SendRequest {
            contact,
            account: Some(shop.accounts[self.below(shop.accounts.len())].0),
            draft: Draft::Template {
                name: ["sale", "news"][self.below(2)].to_owned(),
                language: Language::parse("en").expect("a language"),
                parameters: TemplateParameters::body([name.as_str()]).expect("parameters"),
            },
            reply_to: None,
        };
        self.call(
            org,
            || format!("send {name} to {phone}"),
            |org| async move { org.inbox().send(request).await.map(|_| ()) },
        );
    }

    /// An unconfirmed message is sent again, by choice.
    fn send_again(&mut self) {
        let mut rows = witness::rows(&self.world);
        rows.retain(|row| row.state.name() == StateName::Unconfirmed && row.broadcast().is_some());
        if rows.is_empty() || !self.strikes(Fault::Resent) {
            return;
        }
        let row = rows.swap_remove(self.below(rows.len()));
        let world = Arc::clone(&self.world);
        self.call(
            row.org,
            || format!("send {} again", row.id),
            |org| async move {
                // Before the call: its commit may be made, and its answer lost.
                witness::resent(&world, row.id);
                org.broadcasts().resend_unconfirmed(row.id).await
            },
        );
    }

    /// A process is suspended wherever it is; the time passes without it.
    fn fall_asleep(&mut self) {
        let Some(process) = self.somebody() else { return };
        {
            let mut state = self.state();
            let now = state.now;
            state.processes[process].fate = Fate::Asleep;
            state.processes[process].asleep_since = now;
            state.log(|| format!("process {process} falls asleep"));
        }
        if self.chance(2) {
            self.pass(31, 2_000);
        }
    }

    fn wake(&mut self) {
        let mut state = self.state();
        let asleep = |process: &Process| process.fate == Fate::Asleep;
        let Some(process) = state.processes.iter().position(asleep) else {
            return;
        };
        let long = state.now - state.processes[process].asleep_since > TimeDelta::seconds(30);
        let waits_at = |point: Point| {
            let mut waiting = state.waiting.iter();
            waiting.any(|waiting| waiting.process == process && waiting.point == point)
        };
        let hits = [
            (waits_at(Point::Committed), Fault::SleptBeforeSocket),
            (waits_at(Point::Answer), Fault::SleptBeforeLanding),
        ];
        for (_, fault) in hits.into_iter().filter(|(waits, _)| long && *waits) {
            state.hits.hit(fault);
        }
        state.processes[process].fate = Fate::Awake;
        state.log(|| format!("process {process} wakes"));
    }

    /// A process ends, and another one begins.
    fn kill(&mut self) {
        let Some(process) = self.somebody() else { return };
        if !self.strikes(Fault::Killed) {
            return;
        }
        {
            let mut state = self.state();
            state.processes[process].fate = Fate::Killed;
            // Whoever waits for a turn waits for ever.
            state.waiting.retain(|waiting| waiting.process != process);
            state.log(|| format!("process {process} is killed"));
        }
        self.runs[process] = None;
        self.start_process();
    }

    fn put_clock(&mut self) {
        let Some(process) = self.somebody() else { return };
        let mut state = self.state();
        let most = [120, 120, 3_600, 50 * 3_600][state.chance.usize(0..4)];
        let by = TimeDelta::seconds(state.chance.i64(1..=most));
        let (by, fault) = if state.chance.bool() {
            (by, Fault::ClockForward)
        } else {
            (-by, Fault::ClockBack)
        };
        if state.strikes(fault, 1) {
            state.processes[process].skew += by;
            state.log(|| format!("process {process}'s clock is put by {by}"));
        }
    }

    /// Somebody mends what stopped a sender, and resumes it.
    fn mend(&mut self) {
        let shop = &self.shops[self.shop()];
        let org = shop.id;
        let (account, name) = shop.accounts[self.below(shop.accounts.len())].clone();
        self.call(
            org,
            || format!("resume {name}"),
            |org| async move { org.accounts().resume(account).await },
        );
    }

    /// Nothing more goes wrong: everybody finishes what they are at, all is told, what stands still is resumed, and time
    /// passes, until all has come to rest.
    async fn drain(&mut self) {
        {
            let mut state = self.state();
            state.log(|| "from here on nothing goes wrong".to_owned());
            state.faulty = false;
            state.in_turns = false;
            for process in &mut state.processes {
                process.skew = TimeDelta::zero();
                if process.fate == Fate::Asleep {
                    process.fate = Fate::Awake;
                }
            }
            while !state.waiting.is_empty() {
                let waiting = state.waiting.len();
                let place = state.chance.usize(0..waiting);
                state.let_go(place);
            }
        }
        self.quieten().await;
        let worker = self.somebody().expect("somebody is always awake");
        for _ in 0..ROUNDS {
            loop {
                let event = self.state().platform.untold.pop();
                let Some(event) = event else { break };
                self.take_in(worker, event);
                self.quieten().await;
            }
            self.get_going(worker).await;
            let crm = self.crms[worker].clone();
            self.runs[worker] = Some(tokio::spawn(async move { crm.run_due().await }));
            self.quieten().await;
            if self.world.is_broken() {
                return;
            }
            if self.runs[worker].is_some() {
                return self.state().broken("due work hangs".to_owned());
            }
            let untold = self.state().platform.untold.len();
            if untold == 0 && self.is_at_rest() {
                return witness::settle(&self.world);
            }
            self.state().now += ROUND;
        }
        witness::settle(&self.world);
        self.state().broken("the world does not come to rest".to_owned());
    }

    /// All do what they can, however long that takes.
    async fn quieten(&mut self) {
        for _ in 0..10 {
            self.rest().await;
        }
    }

    /// Resumes senders, broadcasts and sequences.
    async fn get_going(&mut self, worker: usize) {
        for shop in &self.shops {
            let org = self.crms[worker].org(shop.id);
            for (account, _) in &shop.accounts {
                let stopped = |state: &AccountState| matches!(state, AccountState::Stopped { .. });
                if org
                    .accounts()
                    .get(*account)
                    .await
                    .is_ok_and(|account| stopped(&account.state))
                {
                    org.accounts().resume(*account).await.expect("it may be resumed");
                }
            }
        }
        for broadcast in self.broadcasts() {
            let org = self.crms[worker].org(broadcast.org);
            let going = match broadcast.state {
                BroadcastState::Paused { .. } => org.broadcasts().resume(broadcast.id).await,
                BroadcastState::Held { .. } => org.broadcasts().launch(broadcast.id).await,
                _ => Ok(()),
            };
            going.expect("it may go on");
        }
        self.get_sequences_going(worker).await;
    }

    fn is_at_rest(&self) -> bool {
        let over = |state: &BroadcastState| {
            matches!(
                state,
                BroadcastState::Draft | BroadcastState::Finished { .. } | BroadcastState::Cancelled { .. }
            )
        };
        let rests = |row: &Dispatch| !row.state.name().is_open() && row.state.name() != StateName::Unknown;
        self.nobody_is_under_way()
            && self.broadcasts().iter().all(|broadcast| over(&broadcast.state))
            && witness::rows(&self.world).iter().all(rests)
    }
}

fn status_of(event: &InboundEvent) -> Option<&str> {
    match &event.kind {
        InboundKind::Status(update) => Some(&update.provider_id),
        _ => None,
    }
}

fn told(event: &InboundEvent) -> String {
    match &event.kind {
        InboundKind::Status(update) => match &update.status {
            StatusKind::Failed(_) => format!("{} failed", update.provider_id),
            status => format!("{} {status:?}", update.provider_id),
        },
        InboundKind::Message(message) => {
            format!(
                "{:?} from {}",
                message.content.words().unwrap_or_default(),
                message.from.addresses[0].value
            )
        }
        _ => String::new(),
    }
}
