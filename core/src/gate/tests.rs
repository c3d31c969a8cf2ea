use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::{Lift, Passage, check};
use crate::account::{Account, AccountState, Standing};
use crate::broadcast::left_out;
use crate::channel::Channel;
use crate::consent::{Change, Fact, Proof, Purpose, Scope, Source};
use crate::contact::{Contact, CreatedBy, Identity, RecordStatus};
use crate::conversation::Author;
use crate::error::Code;
use crate::identity::{Address, AddressKind};
use crate::ids::{AccountId, AgentId, AttemptId, BroadcastId, ContactId, OrgId};
use crate::ledger::{SLOT, SkipReason, Slot};
use crate::message::ContentKind;
use crate::retry::{Failure, FailureClass};
use crate::settings::Settings;
use crate::template::{Category, Template};
use crate::window::WindowState;

const ORG: OrgId = OrgId(Uuid::from_u128(1));
const SHOP: AccountId = AccountId(Uuid::from_u128(2));
const BROADCAST: Author = Author::Broadcast(BroadcastId(Uuid::from_u128(3)));
const CLOSED: WindowState = WindowState::Closed {
    since: None,
    free_entry_until: None,
};
const AGENT: Author = Author::Agent(AgentId(Uuid::from_u128(4)));

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(100)
}

fn fact(change: Change, source: Source) -> Fact {
    Fact {
        at: now() - TimeDelta::hours(3),
        change,
        scope: Scope::EVERYTHING,
        source,
        via: None,
        new_proof: false,
        proof: Proof::Stated(String::new()),
    }
}

/// All that the gate looks at, owned; a marketing template to an opted-in contact, by an agent.
#[derive(Debug)]
struct Case {
    contact: Contact,
    account: Account,
    author: Author,
    template: Option<Template>,
    window: WindowState,
    slot: Option<Slot>,
    settings: Settings,
}

impl Case {
    fn new() -> Self {
        let mut contact = Contact::new(ORG, ContactId(Uuid::nil()), CreatedBy::Api, DateTime::UNIX_EPOCH);
        contact.identities.push(Identity {
            address: Address::new(AddressKind::Phone, "+351912345678"),
            match_key: "351912345678".to_owned(),
            provider_value: None,
            unassigned: false,
            since: DateTime::UNIX_EPOCH,
            until: None,
            merged_from: None,
        });
        let opt_in = Fact {
            at: DateTime::UNIX_EPOCH,
            ..fact(Change::OptIn, Source::Api)
        };
        contact.consent.record(opt_in);
        Self {
            contact,
            account: Account {
                id: SHOP,
                org: ORG,
                channel: Channel::WhatsApp,
                sender_id: "1".to_owned(),
                business_id: None,
                endpoint: None,
                name: "shop".to_owned(),
                credential: "shop".to_owned(),
                state: AccountState::Active,
                standing: Standing::default(),
            },
            author: AGENT,
            template: Some(template("MARKETING", "APPROVED")),
            window: CLOSED,
            slot: None,
            settings: Settings::default(),
        }
    }

    fn text() -> Self {
        Self {
            template: None,
            window: WindowState::Open {
                until: now(),
                seconds_left: 1,
                closing_soon: true,
                free_entry_until: None,
            },
            ..Self::new()
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn check(&self) -> Vec<super::Denial> {
        check(&Passage {
            contact: &self.contact,
            account: &self.account,
            address: self.contact.reachable_at(self.account.channel).next(),
            author: &self.author,
            kind: if self.template.is_some() {
                ContentKind::Template
            } else {
                ContentKind::Text
            },
            template: self.template.as_ref(),
            window: self.window,
            slot: self.slot.as_ref(),
            settings: &self.settings,
            now: now(),
        })
    }

    fn codes(&self) -> Vec<Code> {
        self.check().into_iter().map(|denial| denial.code).collect()
    }
}

fn template(category: &str, status: &str) -> Template {
    serde_json::from_value(json!({
        "name": "offer", "language": "en", "category": category, "status": status,
        "components": [{"type": "BODY", "text": "Hi"}],
    }))
    .unwrap()
}

fn slot(age: TimeDelta) -> Slot {
    Slot {
        org: ORG,
        contact: ContactId(Uuid::nil()),
        attempt: AttemptId(Uuid::nil()),
        taken_at: now() - age,
    }
}

fn never_in(case: &mut Case) {
    case.contact.consent = crate::consent::Consent::default();
}

fn stop(case: &mut Case) {
    case.contact.consent.record(fact(Change::OptOut, Source::Keyword));
}

/// A case, and the one rule that says no: its code, what a broadcast records, when it lifts by itself.
type Row = (Case, Code, Option<SkipReason>, Option<DateTime<Utc>>);

#[test]
fn each_rule_alone_says_no_with_its_code_skip_and_lift() {
    assert_eq!(Case::new().codes(), []);
    assert_eq!(Case::text().codes(), []);
    let until = now() + TimeDelta::seconds(90);
    let stopped = || AccountState::Stopped {
        failure: Failure::new(FailureClass::Payment, "131042", ""),
        since: now(),
    };
    let day = TimeDelta::hours(24);
    let second = TimeDelta::seconds(1);
    let table: Vec<Row> = vec![
        (
            Case::new().with(|case| case.contact.status = RecordStatus::Blocked),
            Code::ContactBlocked,
            Some(SkipReason::Blocked),
            None,
        ),
        (
            Case::new().with(|case| case.contact.status = RecordStatus::Deleted),
            Code::ContactDeleted,
            Some(SkipReason::Deleted),
            None,
        ),
        (
            Case::new().with(|case| {
                case.contact.status = RecordStatus::Inactive;
                case.author = BROADCAST;
            }),
            Code::ContactInactive,
            Some(SkipReason::Inactive),
            None,
        ),
        (
            Case::new().with(never_in),
            Code::ConsentNotOptedIn,
            Some(SkipReason::NotOptedIn),
            None,
        ),
        (
            Case::text().with(never_in),
            Code::ConsentNotOptedIn,
            Some(SkipReason::NotOptedIn),
            None,
        ),
        (
            Case::new().with(stop),
            Code::ConsentOptedOut,
            Some(SkipReason::OptedOut),
            None,
        ),
        (
            Case::new().with(|case| case.contact.identities.clear()),
            Code::ContactNoAddress,
            Some(SkipReason::NoAddress),
            None,
        ),
        (
            Case::new().with(|case| case.account.state = AccountState::Held { until }),
            Code::AccountNotSending,
            None,
            Some(until),
        ),
        (
            Case::new().with(|case| case.account.state = stopped()),
            Code::AccountNotSending,
            None,
            None,
        ),
        (
            Case::new().with(|case| case.template = Some(template("MARKETING", "PAUSED"))),
            Code::TemplateNotApproved,
            Some(SkipReason::TemplateNotApproved),
            None,
        ),
        (
            Case::text().with(|case| case.window = CLOSED),
            Code::WindowClosed,
            Some(SkipReason::WindowClosed),
            None,
        ),
        (
            Case::new().with(|case| case.slot = Some(slot(day - second))),
            Code::CapReached,
            Some(SkipReason::Capped),
            Some(now() + second),
        ),
    ];
    for (case, code, skip, at) in table {
        let denials = case.check();
        assert_eq!(denials.len(), 1, "{denials:?}");
        let denial = &denials[0];
        assert_eq!((denial.code, denial.skip), (code, skip));
        let lifts_at = match denial.lifts {
            Lift::At(at) => Some(at),
            Lift::When(_) => None,
        };
        assert_eq!(lifts_at, at, "{code:?}");
    }
}

#[test]
fn all_that_say_no_are_named_the_gravest_first() {
    let everything = Case::new().with(|case| {
        case.contact.status = RecordStatus::Blocked;
        case.contact.identities.clear();
        case.account.state = AccountState::Disabled;
        case.template = Some(template("MARKETING", "DISABLED"));
        case.slot = Some(slot(TimeDelta::zero()));
        stop(case);
    });
    let expected = [
        Code::ContactBlocked,
        Code::ConsentOptedOut,
        Code::ContactNoAddress,
        Code::AccountNotSending,
        Code::TemplateNotApproved,
        Code::CapReached,
    ];
    assert_eq!(everything.codes(), expected);
}

#[test]
fn the_cap_is_on_marketing_templates_and_ends_at_exactly_24_hours() {
    let capped = |category: &str, age| {
        let case = Case::new().with(|case| {
            case.template = Some(template(category, "APPROVED"));
            case.slot = Some(slot(age));
        });
        !case.codes().is_empty()
    };
    assert!(capped("MARKETING", SLOT - TimeDelta::seconds(1)));
    assert!(!capped("MARKETING", SLOT));
    assert!(!capped("UTILITY", TimeDelta::zero()));
    assert!(!capped("AUTHENTICATION", TimeDelta::zero()));
    assert_eq!(
        Case::text()
            .with(|case| case.slot = Some(slot(TimeDelta::zero())))
            .codes(),
        []
    );
}

#[test]
fn somebody_set_aside_may_still_be_answered() {
    let inactive = |author| {
        Case::new()
            .with(|case| {
                case.contact.status = RecordStatus::Inactive;
                case.author = author;
            })
            .codes()
    };
    assert_eq!(inactive(AGENT), []);
    assert_eq!(inactive(BROADCAST), [Code::ContactInactive]);
}

#[test]
fn only_the_confirmation_of_a_stop_goes_to_who_opted_out() {
    let out = |author: Author| {
        Case::text()
            .with(|case| {
                stop(case);
                case.author = author;
            })
            .codes()
    };
    assert_eq!(out(Author::StopConfirmation), []);
    for author in [AGENT, BROADCAST, Author::Host("shop".to_owned())] {
        assert_eq!(out(author), [Code::ConsentOptedOut]);
    }
    let blocked = Case::text().with(|case| {
        case.author = Author::StopConfirmation;
        case.contact.status = RecordStatus::Blocked;
    });
    assert_eq!(blocked.codes(), [Code::ContactBlocked]);
}

#[test]
fn a_relaxed_organisation_answers_inside_the_window_those_who_wrote_since() {
    let relaxed = |change: fn(&mut Case)| {
        Case::text()
            .with(|case| {
                case.settings.strict_consent = false;
                change(case);
            })
            .codes()
    };
    let wrote = |case: &mut Case, hours| case.contact.last_inbound = Some(now() - TimeDelta::hours(hours));
    assert_eq!(relaxed(never_in), []);
    assert_eq!(
        relaxed(stop),
        [Code::ConsentOptedOut],
        "the STOP was the last word"
    );
    let answered = Case::text().with(|case| {
        case.settings.strict_consent = false;
        stop(case);
        wrote(case, 2);
    });
    assert_eq!(answered.codes(), []);
    let same_moment = Case::text().with(|case| {
        case.settings.strict_consent = false;
        stop(case);
        wrote(case, 3);
    });
    assert_eq!(same_moment.codes(), [Code::ConsentOptedOut]);
    let by_broadcast = |case: &mut Case| {
        never_in(case);
        case.author = BROADCAST;
    };
    assert_eq!(relaxed(by_broadcast), [Code::ConsentNotOptedIn]);
    let marketing = |case: &mut Case| {
        never_in(case);
        case.template = Some(template("MARKETING", "APPROVED"));
    };
    assert_eq!(relaxed(marketing), [Code::ConsentNotOptedIn]);
    let outside = |case: &mut Case| {
        never_in(case);
        case.window = CLOSED;
    };
    assert_eq!(relaxed(outside), [Code::ConsentNotOptedIn, Code::WindowClosed]);
    let no_window = |case: &mut Case| {
        never_in(case);
        case.window = WindowState::None;
    };
    assert_eq!(relaxed(no_window), [Code::ConsentNotOptedIn]);
}

#[test]
fn a_free_entry_point_is_about_the_price_and_opens_nothing() {
    let case = Case::text().with(|case| {
        case.window = WindowState::Closed {
            since: Some(now()),
            free_entry_until: Some(now() + TimeDelta::hours(48)),
        };
    });
    assert_eq!(case.codes(), [Code::WindowClosed]);
}

#[test]
fn an_opt_out_says_what_lifts_it() {
    let provider = |purpose| Fact {
        scope: Scope {
            purpose,
            sender: Some(SHOP),
        },
        ..fact(Change::OptOut, Source::Provider)
    };
    let table = [
        (
            fact(Change::OptOut, Source::Keyword),
            "START, or a later written proof",
        ),
        (
            fact(Change::OptOut, Source::Manual),
            "an agent or the host records an opt-in",
        ),
        (
            provider(Purpose::Marketing),
            "resumes marketing messages at the platform",
        ),
        (provider(Purpose::Everything), "sends START to that sender"),
    ];
    for (fact, words) in table {
        let case = Case::new().with(|case| {
            case.contact.consent.record(fact);
        });
        let denial = case.check().remove(0);
        assert!(
            matches!(denial.lifts, Lift::When(when) if when.contains(words)),
            "{denial:?}"
        );
        assert!(
            denial.message.contains(words) && !denial.message.contains("+351"),
            "{denial:?}"
        );
        let json = serde_json::to_value(&denial).unwrap();
        assert_eq!(json["code"], "consent.opted_out");
    }
}

fn any_case() -> impl Strategy<Value = Case> {
    let status = prop::sample::select(vec![
        RecordStatus::Active,
        RecordStatus::Active,
        RecordStatus::Inactive,
        RecordStatus::Blocked,
        RecordStatus::Deleted,
    ]);
    let purpose = prop::sample::select(vec![
        Purpose::Everything,
        Purpose::Marketing,
        Purpose::AllButMarketing,
    ]);
    let sender = prop::option::of(Just(SHOP));
    let change = prop::sample::select(vec![Change::OptIn, Change::OptOut]);
    let source = prop::sample::select(vec![Source::Keyword, Source::Provider, Source::Api]);
    let said = prop::collection::vec((purpose, sender, change, source), 0..4);
    let category = prop::sample::select(vec!["MARKETING", "UTILITY"]);
    let slot_age = prop::option::of(0..30_i64);
    (status, said, any::<bool>(), any::<bool>(), category, slot_age).prop_map(
        |(status, said, opted_in, reachable, category, slot_age)| {
            Case::new().with(|case| {
                case.author = BROADCAST;
                case.contact.status = status;
                case.template = Some(template(category, "APPROVED"));
                case.slot = slot_age.map(|hours| slot(TimeDelta::hours(hours)));
                if !opted_in {
                    never_in(case);
                }
                if !reachable {
                    case.contact.identities.clear();
                }
                for (purpose, sender, change, source) in said {
                    let scope = Scope { purpose, sender };
                    case.contact.consent.record(Fact {
                        scope,
                        ..fact(change, source)
                    });
                }
            })
        },
    )
}

proptest! {
    #[test]
    fn who_is_left_out_beforehand_is_who_the_gate_would_skip(case in any_case()) {
        let template = case.template.as_ref().unwrap();
        let category: Category = template.category;
        let beforehand = left_out(Some(&case.contact), &case.account, category, case.slot.as_ref(), now());
        let at_the_gate = case.check().into_iter().next().and_then(|denial| denial.skip);
        prop_assert_eq!(beforehand, at_the_gate);
    }
}
