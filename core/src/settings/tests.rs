use serde_json::json;

use super::{Plan, PlanUsage, Settings};

#[test]
fn plans_allow_what_they_say() {
    for (plan, json, limit) in [
        (Plan::Free, json!("free"), Some(100)),
        (Plan::Starter, json!("starter"), Some(5_000)),
        (Plan::Growth, json!("growth"), Some(25_000)),
        (Plan::Scale, json!("scale"), None),
        (Plan::Contacts(250), json!({"contacts": 250}), Some(250)),
        (Plan::Contacts(0), json!({"contacts": 0}), Some(0)),
    ] {
        assert_eq!(serde_json::to_value(plan).unwrap(), json);
        assert_eq!(serde_json::from_value::<Plan>(json).unwrap(), plan);
        assert_eq!(plan.limit(), limit);
        let limit = limit.unwrap_or(u64::MAX - 1);
        assert!(!plan.is_full(limit.saturating_sub(1)) || limit == 0, "{plan:?}");
        assert_eq!(plan.is_full(limit), plan != Plan::Scale, "{plan:?}");
    }
    assert_eq!(Settings::default().plan, Plan::Scale);
    for (plan, contacts, over_by) in [
        (Plan::Free, 99, 0),
        (Plan::Free, 100, 0),
        (Plan::Free, 103, 3),
        (Plan::Scale, 1_000_000, 0),
    ] {
        let limit = plan.limit();
        let usage = PlanUsage {
            contacts,
            limit,
            over_by,
        };
        assert_eq!(plan.usage(contacts), usage);
    }
}
