//! Sequences from the first step to the end of the way.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tertulia::core::ids::{ContactId, EnrollmentId, SequenceId};
use tertulia::sequence::{
    Condition, Definition, Delay, Enrollment, EnrollmentFilter, EnrollmentState, ExitReason, Fate, Goal,
    MessageStep, MessageTest, SequenceState, Stage, Step, StepKind, Test, Trigger,
};
use tertulia::testing::{Fault, Faults, Inbound, Receipts, Status};
use tertulia::{
    BulkAction, BulkReport, BulkWatch, Code, Filter, ImportOptions, MergeRequest, NewSequence, PageOf, Role,
    Selection, Watch,
};

use crate::support::{Shop, connect, crm, english, greeting};

const ANA: &str = "+12025550100";
const BRUNO: &str = "+12025550101";

/// A shop over each store.
async fn shops() -> [Shop; 2] {
    [Shop::open().await, Shop::in_memory().await]
}

fn step(name: &str, does: StepKind) -> Step {
    Step {
        name: name.to_owned(),
        does,
        next: None,
    }
}

/// A step that sends a template.
fn sends(name: &str, template: &str) -> Step {
    let message = MessageStep {
        template: template.to_owned(),
        language: english(),
        parameters: greeting(),
    };
    step(name, StepKind::Message(message))
}

fn waits(name: &str, delay: Delay) -> Step {
    step(name, StepKind::Delay(delay))
}

/// A message of this kind, a day, and another one.
fn two_messages(template: &str) -> Vec<Step> {
    vec![
        sends("welcome", template),
        waits("a day", Delay::days(1)),
        sends("again", template),
    ]
}

fn days(days: i64) -> TimeDelta {
    TimeDelta::days(days)
}

impl Shop {
    fn definition(&self, steps: Vec<Step>) -> Definition {
        Definition {
            account: self.account,
            trigger: Trigger::Manual,
            from_bulk: false,
            again: false,
            goals: Vec::new(),
            steps,
        }
    }

    /// A sequence, active.
    async fn active(&self, name: &str, definition: Definition) -> SequenceId {
        let name = name.to_owned();
        let sequences = self.org.sequences();
        let id = sequences.create(NewSequence { name, definition }).await.unwrap();
        sequences.activate(id).await.unwrap();
        id
    }

    /// Enrolls somebody, a second after what was before: they are listed by that.
    async fn enroll(&self, sequence: SequenceId, contact: ContactId) -> EnrollmentId {
        self.pass(TimeDelta::seconds(1));
        self.org.sequences().enroll(sequence, contact).await.unwrap()
    }

    async fn enrollments(&self, sequence: SequenceId) -> Vec<Enrollment> {
        let (all, page) = (EnrollmentFilter::default(), PageOf::first(500));
        let sequences = self.org.sequences();
        let found = sequences.enrollments(sequence, &all, &page).await.unwrap();
        found.items
    }

    /// The only enrollment of a sequence.
    async fn enrollment(&self, sequence: SequenceId) -> Enrollment {
        let mut found = self.enrollments(sequence).await;
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    /// Why each of them left, or `None` for whoever did not.
    async fn exits(&self, sequence: SequenceId) -> Vec<Option<ExitReason>> {
        let found = self.enrollments(sequence).await.into_iter();
        found
            .map(|enrollment| match enrollment.state {
                EnrollmentState::Exited { reason, .. } => Some(reason),
                _ => None,
            })
            .collect()
    }

    fn pass(&self, time: TimeDelta) {
        self.clock.advance(time.to_std().unwrap());
    }

    /// Due work, and all that the platform has to say then.
    async fn work(&self) {
        self.crm.run_due().await.unwrap();
        self.platform.drain().await;
    }

    async fn says(&self, phone: &str, text: &str) {
        self.platform.say(Inbound::text(phone, text)).await.unwrap();
        self.platform.drain().await;
    }

    async fn bulk(&self, filter: Filter, action: BulkAction) -> BulkReport {
        let everybody = Selection::Filter(filter);
        let contacts = self.org.contacts();
        contacts
            .bulk(&everybody, &action, BulkWatch::default())
            .await
            .unwrap()
    }

    /// The steps that a sequence's messages are of, and how many of each step were left out for this reason.
    async fn skipped(&self, sequence: SequenceId, reason: &str) -> Vec<(String, u64)> {
        let funnel = self.org.sequences().stats(sequence).await.unwrap();
        let of = |step: tertulia::sequence::StepFunnel| {
            let skipped = step.messages?.skipped.get(reason).copied()?;
            Some((step.step, skipped))
        };
        funnel.steps.into_iter().filter_map(of).collect()
    }
}

fn path(enrollment: &Enrollment) -> Vec<&str> {
    enrollment
        .path
        .iter()
        .map(|passed| passed.step.as_str())
        .collect()
}

fn until(enrollment: &Enrollment) -> Option<DateTime<Utc>> {
    match enrollment.state {
        EnrollmentState::Waiting { until, .. } => Some(until),
        _ => None,
    }
}

#[tokio::test]
async fn a_drip_runs_its_course_over_days_and_goes_the_way_of_what_was_read() {
    for shop in shops().await {
        let (ana, bruno) = (shop.opted_in(ANA, &[]).await, shop.opted_in(BRUNO, &[]).await);
        // Ana opens what she gets; Bruno does not.
        shop.platform.receipts(Receipts::by(|accepted| {
            let mut course = vec![Status::Sent, Status::Delivered];
            course.extend((accepted.to.as_deref() == Some(ANA)).then_some(Status::Read));
            course
        }));
        let opened = Condition {
            when: Test::Message(MessageTest {
                step: "welcome".to_owned(),
                was: Fate::Read,
            }),
            yes: Some("thanks".to_owned()),
            no: Some("nudge".to_owned()),
        };
        let thanks = Step {
            next: Some("end".to_owned()),
            ..sends("thanks", "order_ready")
        };
        let steps = vec![
            sends("welcome", "order_ready"),
            waits("two days", Delay::days(2)),
            step("opened", StepKind::Condition(opened)),
            thanks,
            sends("nudge", "spring_sale"),
        ];
        let id = shop.active("Welcome", shop.definition(steps)).await;
        shop.enroll(id, ana.id).await;
        shop.enroll(id, bruno.id).await;
        let begun = shop.clock.now();
        shop.work().await;
        for enrollment in shop.enrollments(id).await {
            assert_eq!(path(&enrollment), ["welcome", "two days"]);
            assert_eq!(until(&enrollment), Some(begun + days(2)));
        }
        for hours in [24, 23] {
            shop.pass(TimeDelta::hours(hours));
            assert_eq!(shop.crm.run_due().await.unwrap().stepped, 0);
        }
        assert_eq!(shop.platform.accepted().len(), 2);
        shop.pass(TimeDelta::hours(1));
        shop.work().await;
        let enrollments = shop.enrollments(id).await;
        let of = |contact| {
            enrollments
                .iter()
                .find(|enrollment| enrollment.contact == contact)
                .unwrap()
        };
        assert_eq!(path(of(ana.id)), ["welcome", "two days", "opened", "thanks"]);
        assert_eq!(path(of(bruno.id)), ["welcome", "two days", "opened", "nudge"]);
        for contact in [ana.id, bruno.id] {
            let finished = EnrollmentState::Finished { at: begun + days(2) };
            assert_eq!(of(contact).state, finished);
        }
        let sent: Vec<(String, String)> = shop
            .platform
            .accepted()
            .into_iter()
            .skip(2)
            .map(|accepted| {
                let template = accepted.body["template"]["name"].as_str().unwrap_or_default();
                (accepted.to.unwrap_or_default(), template.to_owned())
            })
            .collect();
        assert_eq!(sent.len(), 2);
        assert!(
            sent.contains(&(ANA.to_owned(), "order_ready".to_owned())),
            "{sent:?}"
        );
        assert!(
            sent.contains(&(BRUNO.to_owned(), "spring_sale".to_owned())),
            "{sent:?}"
        );
        let funnel = shop.org.sequences().stats(id).await.unwrap();
        assert_eq!((funnel.enrolled, funnel.under_way, funnel.finished), (2, 0, 2));
    }
}

#[tokio::test]
async fn a_delay_survives_that_the_file_is_closed_and_opened_again() {
    let shop = Shop::open().await;
    let ana = shop.opted_in(ANA, &[]).await;
    let id = shop
        .active("Drip", shop.definition(two_messages("order_ready")))
        .await;
    shop.enroll(id, ana.id).await;
    shop.work().await;
    shop.crm.close().await.unwrap();
    let storage = shop.reopen().await;
    let (url, config) = (shop.platform.base_url(), shop.platform.config());
    let later = crm(storage, &url, config, shop.clock.clone());
    connect(&shop.platform, &later);
    shop.pass(TimeDelta::hours(23));
    assert_eq!(later.run_due().await.unwrap().stepped, 0);
    shop.pass(TimeDelta::hours(1));
    let done = later.run_due().await.unwrap();
    assert_eq!((done.stepped, done.accepted), (1, 1));
    assert_eq!(shop.accepted_to(ANA), 2);
    let page = PageOf::first(10);
    let of_ana = later
        .org(shop.org.id())
        .sequences()
        .of_contact(ana.id, &page)
        .await
        .unwrap();
    assert_eq!(of_ana.items[0].state.stage(), Stage::Finished);
}

#[tokio::test]
async fn a_late_step_runs_once_and_the_next_delay_counts_from_when_it_was_done() {
    for shop in shops().await {
        let ana = shop.opted_in(ANA, &[]).await;
        let steps = vec![
            sends("first", "order_ready"),
            waits("a day", Delay::days(1)),
            sends("second", "order_ready"),
            waits("another", Delay::days(1)),
            sends("third", "order_ready"),
        ];
        let id = shop.active("Drip", shop.definition(steps)).await;
        shop.enroll(id, ana.id).await;
        shop.work().await;
        shop.pass(days(10));
        let late = shop.clock.now();
        for _ in 0..2 {
            shop.work().await;
        }
        assert_eq!(shop.accepted_to(ANA), 2);
        assert_eq!(until(&shop.enrollment(id).await), Some(late + days(1)));
        shop.pass(TimeDelta::hours(23));
        shop.work().await;
        assert_eq!(shop.accepted_to(ANA), 2);
        shop.pass(TimeDelta::hours(1));
        shop.work().await;
        assert_eq!(shop.accepted_to(ANA), 3);
        assert_eq!(shop.enrollment(id).await.state.stage(), Stage::Finished);
    }
}

#[tokio::test]
async fn a_tag_by_a_rule_or_by_hand_and_a_new_contact_enroll_by_the_trigger() {
    for shop in shops().await {
        let pattern = serde_json::from_value(serde_json::json!({"kind": "contains", "text": "tea"})).unwrap();
        shop.org.rules().add(pattern, &["Chá"]).await.unwrap();
        let ana = shop.opted_in(ANA, &[]).await;
        let by = |trigger| Definition {
            trigger,
            ..shop.definition(two_messages("order_ready"))
        };
        // Whatever the case.
        let tagged = shop.active("Tea", by(Trigger::TagAdded("chá".to_owned()))).await;
        let vips = shop.active("VIP", by(Trigger::TagAdded("vip".to_owned()))).await;
        let new = shop.active("New", by(Trigger::ContactCreated)).await;
        shop.says(ANA, "Is there tea?").await;
        shop.says(ANA, "Tea?").await;
        let enrollment = shop.enrollment(tagged).await;
        assert_eq!((enrollment.contact, enrollment.by_trigger), (ana.id, true));
        assert!(shop.enrollments(vips).await.is_empty());
        for _ in 0..2 {
            shop.org.contacts().tag(ana.id, &["VIP"]).await.unwrap();
        }
        assert_eq!(shop.enrollment(vips).await.contact, ana.id);
        assert!(shop.enrollments(new).await.is_empty());
        // By hand, and by writing for the first time.
        shop.pass(TimeDelta::seconds(1));
        let bruno = shop.contact(BRUNO, &["vip"], None).await;
        shop.pass(TimeDelta::seconds(1));
        shop.says("+12025550102", "hello").await;
        let carla = shop.find("+12025550102").await;
        let enrolled = |found: Vec<Enrollment>| -> Vec<ContactId> {
            found.iter().map(|enrollment| enrollment.contact).collect()
        };
        assert_eq!(enrolled(shop.enrollments(new).await), [bruno.id, carla.id]);
        assert_eq!(enrolled(shop.enrollments(vips).await), [ana.id, bruno.id]);
    }
}

#[tokio::test]
async fn imports_and_bulk_tags_enroll_only_where_the_sequence_says_so() {
    for shop in shops().await {
        let by = |trigger, from_bulk| Definition {
            trigger,
            from_bulk,
            ..shop.definition(two_messages("order_ready"))
        };
        let vip = || Trigger::TagAdded("vip".to_owned());
        let mut sequences = Vec::new();
        for from_bulk in [false, true] {
            for trigger in [vip(), Trigger::ContactCreated] {
                sequences.push(shop.active("Bulk", by(trigger, from_bulk)).await);
            }
        }
        let csv = "phone,name,tags\n+12025550100,Ana,vip\n+12025550101,Bruno,\n";
        shop.org
            .imports()
            .run(csv.as_bytes(), &ImportOptions::default(), Watch::default())
            .await
            .unwrap();
        let mut counts = Vec::new();
        for id in &sequences {
            counts.push(shop.enrollments(*id).await.len());
        }
        assert_eq!(counts, [0, 0, 1, 2]);
        let tag = BulkAction::Tag(vec!["vip".to_owned()]);
        let report = shop.bulk(Filter::Everyone, tag).await;
        assert_eq!((report.changed, report.unchanged), (1, 1));
        assert!(shop.enrollments(sequences[0]).await.is_empty());
        assert_eq!(shop.enrollments(sequences[2]).await.len(), 2);
        // One tag that becomes another.
        shop.opted_in("+12025550102", &["loyal"]).await;
        shop.org.tags().merge("loyal", "vip").await.unwrap();
        assert!(shop.enrollments(sequences[0]).await.is_empty());
        assert_eq!(shop.enrollments(sequences[2]).await.len(), 3);
    }
}

#[tokio::test]
async fn whoever_replies_where_that_is_the_goal_is_out_and_what_waited_is_not_sent() {
    for shop in shops().await {
        let (ana, bruno) = (shop.opted_in(ANA, &[]).await, shop.opted_in(BRUNO, &[]).await);
        let definition = Definition {
            goals: vec![Goal::Reply],
            ..shop.definition(two_messages("order_ready"))
        };
        let id = shop.active("Drip", definition).await;
        shop.enroll(id, ana.id).await;
        shop.work().await;
        shop.enroll(id, bruno.id).await;
        // Ana waits a day; Bruno's first message waits in the ledger.
        shop.says(ANA, "Thanks!").await;
        shop.says(BRUNO, "hello").await;
        assert_eq!(shop.exits(id).await, [Some(ExitReason::Replied); 2]);
        assert_eq!(
            shop.skipped(id, "left_sequence").await,
            [("welcome".to_owned(), 1)]
        );
        shop.pass(days(2));
        shop.work().await;
        assert_eq!((shop.accepted_to(ANA), shop.accepted_to(BRUNO)), (1, 0));
    }
}

#[tokio::test]
async fn a_stop_ends_a_sequence() {
    for shop in shops().await {
        let (ana, bruno) = (shop.opted_in(ANA, &[]).await, shop.opted_in(BRUNO, &[]).await);
        let id = shop
            .active("Drip", shop.definition(two_messages("order_ready")))
            .await;
        shop.enroll(id, ana.id).await;
        shop.work().await;
        shop.enroll(id, bruno.id).await;
        shop.says(ANA, "STOP").await;
        shop.says(BRUNO, "STOP").await;
        assert_eq!(shop.exits(id).await, [Some(ExitReason::OptedOut); 2]);
        shop.pass(days(2));
        shop.work().await;
        let of_the_sequence = shop.org.sequences().stats(id).await.unwrap();
        let sent: Vec<u64> = of_the_sequence
            .steps
            .iter()
            .filter_map(|step| step.messages.as_ref())
            .map(|messages| messages.sent)
            .collect();
        assert_eq!(sent, [1, 0]);
        let again = shop.org.sequences().enroll(id, ana.id).await.unwrap_err();
        assert_eq!(again.code(), Code::SequenceEnrolled);
    }
}

#[tokio::test]
async fn a_marketing_step_within_a_day_of_the_last_is_left_out_and_the_sequence_goes_on() {
    for shop in shops().await {
        let ana = shop.opted_in(ANA, &[]).await;
        shop.launch("spring_sale", "nobody").await;
        shop.org
            .inbox()
            .send(shop.templated(ana.id, "spring_sale"))
            .await
            .unwrap();
        shop.pass(TimeDelta::hours(23));
        let steps = vec![
            sends("sale", "spring_sale"),
            waits("an hour", Delay::hours(1)),
            sends("sale again", "spring_sale"),
        ];
        let id = shop.active("Sales", shop.definition(steps)).await;
        shop.enroll(id, ana.id).await;
        shop.work().await;
        assert_eq!(shop.accepted_to(ANA), 1);
        assert_eq!(shop.skipped(id, "capped").await, [("sale".to_owned(), 1)]);
        assert_eq!(path(&shop.enrollment(id).await), ["sale", "an hour"]);
        shop.pass(TimeDelta::hours(1));
        shop.work().await;
        assert_eq!(shop.accepted_to(ANA), 2);
        assert_eq!(shop.enrollment(id).await.state.stage(), Stage::Finished);
    }
}

#[tokio::test]
async fn a_pause_holds_what_is_due_and_what_waits_and_resuming_does_each_once() {
    for shop in shops().await {
        let (ana, bruno) = (shop.opted_in(ANA, &[]).await, shop.opted_in(BRUNO, &[]).await);
        let sequences = shop.org.sequences();
        let id = shop
            .active("Drip", shop.definition(two_messages("order_ready")))
            .await;
        shop.enroll(id, ana.id).await;
        shop.work().await;
        shop.enroll(id, bruno.id).await;
        sequences.pause(id).await.unwrap();
        shop.pass(days(3));
        let done = shop.crm.run_due().await.unwrap();
        assert_eq!((done.stepped, done.accepted), (0, 0));
        let carla = shop.opted_in("+12025550102", &[]).await;
        let refused = sequences.enroll(id, carla.id).await.unwrap_err();
        assert_eq!(refused.code(), Code::SequenceWrongState);
        sequences.resume(id).await.unwrap();
        for _ in 0..2 {
            shop.work().await;
        }
        assert_eq!((shop.accepted_to(ANA), shop.accepted_to(BRUNO)), (2, 1));
        let stages: Vec<Stage> = shop
            .enrollments(id)
            .await
            .iter()
            .map(|enrollment| enrollment.state.stage())
            .collect();
        assert_eq!(stages, [Stage::Finished, Stage::Waiting]);
    }
}

#[tokio::test]
async fn a_template_that_the_platform_stops_pauses_the_sequence_which_goes_on_with_the_same_person() {
    for shop in shops().await {
        let ana = shop.opted_in(ANA, &[]).await;
        let sequences = shop.org.sequences();
        let id = shop
            .active("Drip", shop.definition(two_messages("order_ready")))
            .await;
        shop.platform
            .script(Faults::new(1).always(Fault::refuse(132_015)));
        shop.enroll(id, ana.id).await;
        shop.work().await;
        let state = sequences.get(id).await.unwrap().state;
        let SequenceState::Paused {
            refusal: Some(refusal),
            ..
        } = state
        else {
            panic!("{state:?}")
        };
        assert_eq!(refusal.code, "132015");
        assert_eq!(shop.enrollment(id).await.state.stage(), Stage::Sending);
        shop.platform.script(Faults::default());
        sequences.resume(id).await.unwrap();
        shop.work().await;
        assert_eq!(shop.accepted_to(ANA), 1);
        assert_eq!(path(&shop.enrollment(id).await), ["welcome", "a day"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_on_one_file_do_every_step_once() {
    let shop = Shop::open().await;
    for n in 0..60 {
        shop.opted_in(&format!("+1202555{n:04}"), &["vip"]).await;
    }
    let id = shop
        .active("Drip", shop.definition(two_messages("order_ready")))
        .await;
    let report = shop.bulk(Filter::Everyone, BulkAction::Enroll(id)).await;
    assert_eq!(report.changed, 60);
    let storage = shop.reopen().await;
    let (url, config) = (shop.platform.base_url(), shop.platform.config());
    let other = crm(storage, &url, config, shop.clock.clone());
    for messages in 1..=2 {
        let both = async { tokio::try_join!(shop.crm.run_due(), other.run_due()) };
        tokio::time::timeout(Duration::from_mins(2), both)
            .await
            .expect("it ends")
            .unwrap();
        // Whatever one of them left to the other.
        shop.work().await;
        for n in 0..60 {
            assert_eq!(shop.accepted_to(&format!("+1202555{n:04}")), messages);
        }
        shop.pass(days(1));
    }
    let stages: Vec<Stage> = shop
        .enrollments(id)
        .await
        .iter()
        .map(|enrollment| enrollment.state.stage())
        .collect();
    assert_eq!(stages, [Stage::Finished; 60]);
}

#[tokio::test]
async fn many_are_enrolled_and_taken_out_at_once_and_each_is_counted() {
    for shop in shops().await {
        for n in 0..5 {
            shop.opted_in(&format!("+1202555{n:04}"), &["vip"]).await;
        }
        let out = shop.opted_in(ANA, &["vip"]).await;
        shop.org.consent().opt_out(out.id, None).await.unwrap();
        let id = shop
            .active("Drip", shop.definition(two_messages("order_ready")))
            .await;
        shop.enroll(id, shop.find("+12025550000").await.id).await;
        let report = shop.bulk(Filter::Everyone, BulkAction::Enroll(id)).await;
        assert_eq!((report.changed, report.unchanged), (4, 1));
        assert_eq!(report.refused.get("consent.opted_out"), Some(&1), "{report:?}");
        let report = shop.bulk(Filter::Everyone, BulkAction::Unenroll(id)).await;
        assert_eq!((report.changed, report.unchanged), (5, 1));
        assert_eq!(shop.exits(id).await, [Some(ExitReason::Removed); 5]);
        shop.work().await;
        assert_eq!(shop.platform.accepted().len(), 0);
        let again = shop.bulk(Filter::Everyone, BulkAction::Enroll(id)).await;
        assert_eq!((again.changed, again.unchanged), (0, 5));
    }
}

#[tokio::test]
async fn an_agent_enrolls_and_only_an_admin_makes_pauses_and_activates() {
    for shop in shops().await {
        let ana = shop.opted_in(ANA, &[]).await;
        let id = shop
            .active("Drip", shop.definition(two_messages("order_ready")))
            .await;
        let agent = shop.org.team().add("Iris", Role::Agent).await.unwrap();
        let by_agent = shop.org.acting_as(agent.id);
        let sequences = by_agent.sequences();
        sequences.enroll(id, ana.id).await.unwrap();
        sequences.unenroll(id, ana.id).await.unwrap();
        let new = NewSequence {
            name: "Hers".to_owned(),
            definition: shop.definition(two_messages("order_ready")),
        };
        let refused = [
            sequences.create(new.clone()).await.map(|_| ()),
            sequences.update(id, new).await.map(|_| ()),
            sequences.activate(id).await,
            sequences.pause(id).await,
            sequences.resume(id).await,
        ];
        for refused in refused {
            assert_eq!(refused.unwrap_err().code(), Code::RoleForbidden);
        }
        let viewer = shop.org.team().add("Rui", Role::Viewer).await.unwrap();
        let by_viewer = shop.org.acting_as(viewer.id);
        by_viewer.sequences().stats(id).await.unwrap();
        let refused = by_viewer.sequences().enroll(id, ana.id).await.unwrap_err();
        assert_eq!(refused.code(), Code::RoleForbidden);
    }
}

#[tokio::test]
async fn how_far_they_got_is_told_step_by_step() {
    for shop in shops().await {
        shop.platform.receipts(Receipts::read());
        for n in 0..4 {
            shop.opted_in(&format!("+1202555{n:04}"), &["vip"]).await;
        }
        let never_in = shop.contact(BRUNO, &["vip"], None).await;
        let id = shop
            .active("Sales", shop.definition(two_messages("spring_sale")))
            .await;
        shop.bulk(Filter::Everyone, BulkAction::Enroll(id)).await;
        shop.work().await;
        let first = shop.find("+12025550000").await;
        shop.org.sequences().unenroll(id, first.id).await.unwrap();
        shop.pass(TimeDelta::minutes(1));
        shop.says("+12025550001", "Thanks!").await;
        let funnel = shop.org.sequences().stats(id).await.unwrap();
        assert_eq!((funnel.enrolled, funnel.under_way, funnel.finished), (5, 4, 0));
        assert_eq!(funnel.exited["removed"], 1);
        let here: Vec<(&str, u64)> = funnel
            .steps
            .iter()
            .map(|step| (step.step.as_str(), step.here))
            .collect();
        assert_eq!(here, [("welcome", 0), ("a day", 4), ("again", 0)]);
        let welcome = funnel.steps[0].messages.as_ref().unwrap();
        assert_eq!((welcome.sent, welcome.read, welcome.replied), (4, 4, 1));
        assert_eq!(welcome.skipped["not_opted_in"], 1);
        let at_the_day = EnrollmentFilter {
            steps: vec!["a day".to_owned()],
            ..EnrollmentFilter::default()
        };
        let waiting = shop
            .org
            .sequences()
            .enrollments(id, &at_the_day, &PageOf::first(10))
            .await
            .unwrap();
        assert_eq!(waiting.items.len(), 4);
        assert!(
            waiting
                .items
                .iter()
                .any(|enrollment| enrollment.contact == never_in.id)
        );
    }
}

#[tokio::test]
async fn who_is_under_way_finishes_on_the_edition_they_began_and_the_next_begins_on_the_new() {
    for shop in shops().await {
        let (ana, bruno) = (shop.opted_in(ANA, &[]).await, shop.opted_in(BRUNO, &[]).await);
        let sequences = shop.org.sequences();
        let old = shop.definition(two_messages("order_ready"));
        let id = shop.active("Drip", old.clone()).await;
        shop.enroll(id, ana.id).await;
        shop.work().await;
        let new = NewSequence {
            name: "Drip".to_owned(),
            definition: shop.definition(vec![sends("only", "order_ready")]),
        };
        assert_eq!(sequences.update(id, new.clone()).await.unwrap(), 2);
        shop.enroll(id, bruno.id).await;
        shop.pass(days(1));
        shop.work().await;
        assert_eq!((shop.accepted_to(ANA), shop.accepted_to(BRUNO)), (2, 1));
        let enrollments = shop.enrollments(id).await;
        assert_eq!(path(&enrollments[0]), ["welcome", "a day", "again"]);
        assert_eq!(path(&enrollments[1]), ["only"]);
        assert_eq!((enrollments[0].version, enrollments[1].version), (1, 2));
        assert_eq!(sequences.get_version(id, 1).await.unwrap(), old);
        assert_eq!(sequences.get_version(id, 2).await.unwrap(), new.definition);
        let steps: Vec<String> = sequences
            .stats(id)
            .await
            .unwrap()
            .steps
            .into_iter()
            .map(|step| step.step)
            .collect();
        assert_eq!(steps, ["only", "again", "welcome"]);
    }
}

#[tokio::test]
async fn of_two_enrollments_of_one_person_one_goes_on() {
    for shop in shops().await {
        let (ana, her) = (shop.opted_in(ANA, &[]).await, shop.opted_in(BRUNO, &[]).await);
        let id = shop
            .active("Drip", shop.definition(two_messages("order_ready")))
            .await;
        shop.enroll(id, ana.id).await;
        shop.enroll(id, her.id).await;
        let request = MergeRequest {
            duplicates: vec![her.id],
            choices: Vec::new(),
        };
        shop.org.contacts().merge(ana.id, &request).await.unwrap();
        assert_eq!(shop.exits(id).await, [None, Some(ExitReason::Merged)]);
        for _ in 0..2 {
            shop.work().await;
            shop.pass(days(1));
        }
        assert_eq!(shop.platform.accepted().len(), 2);
        let both = shop
            .org
            .sequences()
            .of_contact(ana.id, &PageOf::first(10))
            .await
            .unwrap();
        assert_eq!(both.items.len(), 2);
    }
}

#[tokio::test]
async fn whoever_is_deleted_erased_or_blocked_is_out() {
    for shop in shops().await {
        let contacts = shop.org.contacts();
        let id = shop
            .active("Drip", shop.definition(two_messages("order_ready")))
            .await;
        let mut people = Vec::new();
        for n in 0..3 {
            let contact = shop.opted_in(&format!("+1202555{n:04}"), &[]).await;
            shop.enroll(id, contact.id).await;
            people.push(contact.id);
        }
        contacts.delete(people[0]).await.unwrap();
        contacts.erase(people[1]).await.unwrap();
        contacts.block(people[2]).await.unwrap();
        let reasons = [ExitReason::Deleted, ExitReason::Deleted, ExitReason::Blocked];
        assert_eq!(shop.exits(id).await, reasons.map(Some));
        shop.work().await;
        shop.pass(days(2));
        shop.work().await;
        assert_eq!(shop.platform.accepted().len(), 0);
    }
}

#[tokio::test]
async fn who_is_through_is_enrolled_again_only_where_the_sequence_says_so_and_nobody_is_in_it_twice() {
    for shop in shops().await {
        let sequences = shop.org.sequences();
        for (phone, again) in [(ANA, true), (BRUNO, false)] {
            let somebody = shop.opted_in(phone, &[]).await;
            let definition = Definition {
                again,
                ..shop.definition(two_messages("order_ready"))
            };
            let id = shop.active("Drip", definition).await;
            shop.enroll(id, somebody.id).await;
            let twice = sequences.enroll(id, somebody.id).await.unwrap_err();
            assert_eq!(twice.code(), Code::SequenceEnrolled);
            shop.work().await;
            shop.pass(days(1));
            shop.work().await;
            assert_eq!(shop.enrollment(id).await.state.stage(), Stage::Finished);
            let anew = sequences
                .enroll(id, somebody.id)
                .await
                .map_err(|error| error.code());
            assert_eq!(anew.is_ok(), again, "{anew:?}");
            assert_eq!(shop.enrollments(id).await.len(), 1 + usize::from(again));
            // Whoever is in it again is at its beginning.
            shop.pass(TimeDelta::minutes(1));
            shop.work().await;
            assert_eq!(shop.accepted_to(phone), 2 + usize::from(again));
        }
    }
}
