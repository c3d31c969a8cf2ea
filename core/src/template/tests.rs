// The arguments are json! literals.
#![allow(clippy::needless_pass_by_value)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// A template of these components, numbered unless said otherwise.
pub(super) fn template(components: Value) -> Template {
    serde_json::from_value(json!({
        "name": "order_update", "language": "en_US", "category": "UTILITY", "status": "APPROVED",
        "components": components,
    }))
    .unwrap()
}

pub(super) fn named(components: Value) -> Template {
    Template {
        parameter_format: ParameterFormat::Named,
        ..template(components)
    }
}

pub(super) fn body(text: &str) -> Value {
    json!({"type": "BODY", "text": text})
}

pub(super) fn header(format: &str) -> Template {
    template(json!([{"type": "HEADER", "format": format}, body("Hi")]))
}

pub(super) fn parameters(value: Value) -> TemplateParameters {
    serde_json::from_value(value).unwrap()
}

pub(super) fn text(source: &str) -> Value {
    json!({"type": "text", "text": source})
}

#[test]
fn a_listed_template_is_read_and_written_back_with_every_field() {
    let listed = json!({
        "id": "1627019861106475",
        "name": "login_code",
        "language": "pt_BR",
        "category": "AUTHENTICATION",
        "status": "APPROVED",
        "parameter_format": "POSITIONAL",
        "quality_score": {"score": "GREEN"},
        "components": [
            {"type": "BODY", "text": "*{{1}}* is your code.", "add_security_recommendation": true,
             "example": {"body_text": [["123456"]]}},
            {"type": "FOOTER", "text": "Expires in 10 minutes.", "code_expiration_minutes": 10},
            {"type": "BUTTONS", "buttons": [
                {"type": "URL", "text": "Copy", "url": "https://example.com/?code=otp{{1}}", "example": ["x"]},
                {"type": "NEW_KIND", "text": "?", "spice": 3},
            ]},
            {"type": "CAROUSEL", "cards": [{"components": []}]},
        ],
    });
    let template: Template = serde_json::from_value(listed.clone()).unwrap();
    template.validate().unwrap();
    assert_eq!(serde_json::to_value(&template).unwrap(), listed);
    assert_eq!(template.provider_id.as_deref(), Some("1627019861106475"));
    assert_eq!(template.quality, Some(Quality::Green));
    let places = template.placeholders().unwrap();
    assert_eq!(places.body, Slots::Positional(1));
    assert_eq!(places.buttons, [Takes::UrlSuffix, Takes::Nothing]);
    assert_eq!(places.unsupported, ["CAROUSEL", "NEW_KIND button"]);
}

#[test]
fn lower_case_numbers_and_absent_fields_are_read_too() {
    let template: Template = serde_json::from_value(json!({
        "id": 9_876_543_210_123_456_789_u64, "name": "a", "language": "en-us", "category": "marketing",
        "status": "approved", "parameter_format": "named", "quality_score": null,
        "components": [{"type": "header", "format": "text", "text": "Hi {{who}}"},
                       {"type": "body", "text": "Bye"},
                       {"type": "buttons", "buttons": [{"type": "quick_reply", "text": "Yes"}]}],
        "sub_category": "CUSTOM",
    }))
    .unwrap();
    assert_eq!(template.provider_id.as_deref(), Some("9876543210123456789"));
    assert_eq!(template.category, Category::Marketing);
    assert_eq!(template.status, TemplateStatus::Approved);
    let places = template.placeholders().unwrap();
    assert_eq!(
        (places.header, places.header_name.as_deref()),
        (Takes::Text, Some("who"))
    );
    assert_eq!(places.buttons, [Takes::Payload]);
}

#[test]
fn a_template_that_cannot_be_read_says_where() {
    let base = json!({"name": "a", "language": "en", "category": "UTILITY", "status": "APPROVED"});
    for (field, value, names) in [
        ("category", json!("GREETING"), "GREETING"),
        ("language", json!("english!"), "english!"),
        ("components", json!([{"type": "HEADER"}]), "HEADER component"),
        ("components", json!([{"type": "BODY"}]), "BODY component"),
        ("components", json!([{"text": "x"}]), "no type"),
        ("id", json!([1]), "id"),
    ] {
        let mut listed = base.clone();
        listed[field] = value;
        let error = serde_json::from_value::<Template>(listed).unwrap_err();
        assert!(error.to_string().contains(names), "{field}: {error}");
    }
}

#[test]
fn only_an_approved_template_is_sendable_and_unknown_states_are_kept() {
    for word in [
        "APPROVED",
        "PENDING",
        "REJECTED",
        "PAUSED",
        "DISABLED",
        "IN_APPEAL",
        "REINSTATED",
        "FLAGGED",
        "PENDING_DELETION",
        "DELETED",
        "LIMIT_EXCEEDED",
        "ARCHIVED",
        "UNARCHIVED",
        "LOCKED",
        "ON_FIRE",
    ] {
        let template = Template {
            status: word.into(),
            ..template(json!([body("Hi")]))
        };
        assert_eq!(template.status.as_str(), word);
        assert_eq!(
            matches!(template.status, TemplateStatus::Unknown(_)),
            word == "ON_FIRE",
            "{word}"
        );
        match template.sendable() {
            Ok(()) => assert_eq!(word, "APPROVED"),
            Err(error) => {
                assert_ne!(word, "APPROVED");
                assert_eq!(error.code(), Code::TemplateNotApproved);
                assert!(error.message().contains(word), "{error}");
            }
        }
    }
}

#[test]
fn languages_are_compared_without_their_spelling() {
    for (code, canonical) in [
        ("en", "en"),
        ("en_US", "en_US"),
        ("en-US", "en_US"),
        ("EN_us", "en_US"),
        ("fil", "fil"),
        ("zh-hant-tw", "zh_Hant_TW"),
        ("es_419", "es_419"),
        ("es_ARG", "es_ARG"),
    ] {
        assert_eq!(Language::parse(code).unwrap().as_str(), canonical, "{code}");
    }
    for code in [
        "",
        "e",
        "engl",
        "en_",
        "_US",
        "en_U",
        "en US",
        "e1",
        "en_US_x1_y2",
        "pt_BRASILEIRO",
        "pt_ão",
    ] {
        let error = Language::parse(code).unwrap_err();
        assert_eq!(error.code(), Code::TemplateLanguageInvalid, "{code}");
    }
}

#[test]
fn a_name_the_platform_does_not_allow_is_refused() {
    for (name, allowed) in [
        ("order_update_2", true),
        (&*"a".repeat(512), true),
        (&*"a".repeat(513), false),
        ("", false),
        ("Order", false),
        ("order update", false),
        ("order-update", false),
        ("ordér", false),
    ] {
        let template = Template {
            name: name.to_owned(),
            ..template(json!([body("Hi")]))
        };
        let code = template.validate().map_err(|error| error.code());
        assert_eq!(
            code,
            if allowed {
                Ok(())
            } else {
                Err(Code::TemplateNameInvalid)
            },
            "{name}"
        );
    }
}

#[test]
fn components_that_contradict_each_other_are_refused() {
    let text_header = |text: &str| json!({"type": "HEADER", "format": "TEXT", "text": text});
    let buttons = |button: Value| json!({"type": "BUTTONS", "buttons": [button]});
    for (components, says) in [
        (json!([]), "no body"),
        (json!([body("a"), body("b")]), "two parts of one kind"),
        (
            json!([body("a"), {"type": "FOOTER"}, {"type": "FOOTER"}]),
            "two parts of one kind",
        ),
        (
            json!([body("a"), text_header("x"), text_header("y")]),
            "two parts of one kind",
        ),
        (
            json!([body("a"), {"type": "BUTTONS", "buttons": []}, {"type": "BUTTONS", "buttons": []}]),
            "two parts",
        ),
        (
            json!([body("a"), {"type": "HEADER", "format": "TEXT"}]),
            "without text",
        ),
        (
            json!([body("a"), {"type": "HEADER", "format": "IMAGE", "text": "x"}]),
            "text in its IMAGE header",
        ),
        (
            json!([body("a"), text_header("{{1}} {{2}}")]),
            "several placeholders in its header",
        ),
        (
            json!([body("a"), {"type": "FOOTER", "text": "by {{1}}"}]),
            "placeholder in its footer",
        ),
        (json!([body("{{1}} {{3}}")]), "no {{2}}"),
        (json!([body("{{0}}")]), "no {{1}}"),
        (json!([body("{{name}}")]), "no {{1}}"),
        (
            json!([body("a"), buttons(json!({"type": "URL", "text": "x"}))]),
            "no link in its URL button 0",
        ),
        (
            json!([
                body("a"),
                buttons(json!({"type": "URL", "url": "https://a/{{1}}/{{2}}"}))
            ]),
            "link of button 0",
        ),
    ] {
        let error = template(components).validate().unwrap_err();
        assert_eq!(error.code(), Code::TemplateMalformed, "{says}");
        assert!(error.message().contains(says), "{says}: {error}");
    }
    let error = named(json!([body("{{first}} {{2}}")])).validate().unwrap_err();
    assert_eq!(error.code(), Code::TemplateMalformed);
    let error = named(json!([body("a"), text_header("{{a}} {{b}}")]))
        .validate()
        .unwrap_err();
    assert_eq!(error.code(), Code::TemplateMalformed);
}

#[test]
fn placeholders_are_found_wherever_they_stand() {
    for (text, expected) in [
        ("none, {1} or {{ }} or {{a b}}", 0),
        ("{{1}}", 1),
        ("{{2}} and {{ 1 }}", 2),
        ("{{1}} and {{1}} again", 1),
        ("{{{1}}}", 1),
    ] {
        let places = template(json!([body(text)])).placeholders().unwrap();
        assert_eq!(places.body, Slots::Positional(expected), "{text}");
    }
    let places = named(json!([body("{{b}} {{a_1}} {{b}}")]))
        .placeholders()
        .unwrap();
    assert_eq!(places.body, Slots::Named(vec!["b".to_owned(), "a_1".to_owned()]));
}

#[test]
fn real_components_are_read_written_back_and_filled() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/fixtures/whatsapp/message-template-components.json"
    );
    let Ok(json) = std::fs::read_to_string(path) else {
        eprintln!("skipped: no {path}");
        return;
    };
    let listed: Vec<Value> = serde_json::from_str(&json).unwrap();
    assert!(listed.len() > 10);
    let mut fillable = 0;
    for component in listed {
        let read: Component = serde_json::from_value(component.clone()).unwrap();
        assert!(!matches!(read, Component::Other(..)), "{component}");
        assert_eq!(serde_json::to_value(&read).unwrap(), component);
        let mut components = vec![component.clone()];
        if !matches!(read, Component::Body(_)) {
            components.push(body("Hi"));
        }
        let components = Value::Array(components);
        let is_named = component.to_string().contains("{{name}}");
        let template = if is_named {
            named(components)
        } else {
            template(components)
        };
        let places = template.placeholders().unwrap();
        fillable += usize::from(places.unsupported.is_empty());
        assert_eq!(
            component.to_string().contains("{{"),
            places.header == Takes::Text
                || places.buttons.contains(&Takes::UrlSuffix)
                || !matches!(&places.body, Slots::Positional(0)) && places.body != Slots::Named(vec![]),
            "{component}"
        );
    }
    assert!(fillable >= 12);
}

proptest! {
    #[test]
    fn no_component_text_makes_a_check_panic(text in "[{}a1 _\\PC]{0,20}", by_name in any::<bool>()) {
        let components = json!([{"type": "HEADER", "format": "TEXT", "text": text}, body(&text),
                                {"type": "BUTTONS", "buttons": [{"type": "URL", "url": text}]}]);
        let template = if by_name { named(components) } else { template(components) };
        let _ = template.check(&TemplateParameters::default()).map(drop);
    }
}
