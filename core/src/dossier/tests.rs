use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{GATHERED, Gathering};
use crate::contact::{Contact, CreatedBy};
use crate::context::OrgContext;
use crate::ids::{ContactId, EnrollmentId, OrgId, SequenceId};
use crate::journal::Actor;
use crate::record::{Org, RecordKind};
use crate::sequence::{Enrollment, EnrollmentState, ExitReason};
use crate::settings::Settings;
use crate::suppression::SuppressionKey;

const ORG: OrgId = OrgId(Uuid::from_u128(1));

fn contact_id(number: u128) -> ContactId {
    ContactId(Uuid::from_u128(number))
}

fn org() -> OrgContext {
    let org = Org {
        id: ORG,
        settings: Settings::default(),
        rules_epoch: 0,
        suppression_key: SuppressionKey::new([7; 32]),
        host_key: None,
        routing: Vec::new(),
        watches: Vec::new(),
    };
    OrgContext::new(org, 1, Vec::new(), None).unwrap()
}

fn enrollment(number: u128, contact: u128) -> Enrollment {
    let at = DateTime::<Utc>::UNIX_EPOCH;
    Enrollment {
        id: EnrollmentId(Uuid::from_u128(number)),
        org: ORG,
        sequence: SequenceId(Uuid::from_u128(9)),
        version: 1,
        contact: contact_id(contact),
        enrolled_at: at,
        by: Actor::Worker,
        by_trigger: false,
        state: EnrollmentState::Exited {
            at,
            reason: ExitReason::Merged,
        },
        path: Vec::new(),
    }
}

#[test]
fn a_dossier_has_the_enrollments_of_the_person_under_any_id_and_of_nobody_else() {
    assert!(GATHERED.contains(&RecordKind::Enrollment));
    let mut contact = Contact::new(ORG, contact_id(1), CreatedBy::Api, DateTime::UNIX_EPOCH);
    contact.merged = vec![contact_id(2)];
    let mut gathering = Gathering::new(contact, &[], &org());
    for (number, whose) in [(11, 1), (12, 2), (13, 3)] {
        gathering.add(enrollment(number, whose).into());
    }
    let dossier = gathering.finish();
    assert_eq!(dossier.enrollments, [enrollment(11, 1), enrollment(12, 2)]);
    assert!(dossier.mentions.is_empty());
    let told = serde_json::to_value(&dossier).unwrap();
    assert_eq!(told["enrollments"].as_array().map(Vec::len), Some(2));
}
