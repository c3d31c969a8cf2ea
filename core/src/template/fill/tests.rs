// The arguments are json! literals.
#![allow(clippy::needless_pass_by_value)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::tests::{body, header, named, parameters, template, text};
use super::*;
use crate::error::Code;
use crate::render::Common;

fn common() -> Common {
    Common {
        org_name: "Acme".to_owned(),
        ..Common::default()
    }
}

fn filled(template: &Template, given: Value) -> FilledTemplate {
    let common = common();
    let values = Values {
        name: Some("Ana Braga"),
        ..Values::new(&common)
    };
    let given = parameters(given);
    template.check(&given).unwrap().fill(&values, true).unwrap()
}

#[test]
fn parameters_are_filled_for_one_contact() {
    let template = template(json!([
        {"type": "HEADER", "format": "DOCUMENT"},
        body("Hi {{1}}, {{2}} by {{3}} - {{1}}"),
        {"type": "BUTTONS", "buttons": [
            {"type": "QUICK_REPLY", "text": "Yes"},
            {"type": "PHONE_NUMBER", "text": "Call"},
            {"type": "URL", "text": "Open", "url": "https://example.com/{{1}}"},
            {"type": "COPY_CODE", "text": "Copy"},
            {"type": "FLOW", "text": "Form"},
            {"type": "FLOW", "text": "Form"},
        ]},
    ]));
    let filled = filled(
        &template,
        json!({
            "header": {"type": "media", "source": {"link": "https://example.com/{{contact.firstName}}.pdf"},
                       "filename": "{{contact.name}}.pdf"},
            "body": [text("{{contact.firstName}}"),
                     {"type": "currency", "fallback": "R$ 5", "code": "BRL", "amount_1000": 5000},
                     {"type": "date_time", "fallback": "Monday"}],
            "buttons": [
                {"index": 3, "parameter": {"type": "coupon_code", "code": "SALE"}},
                {"index": 0, "parameter": {"type": "payload", "payload": "yes-{{contact.firstName}}"}},
                {"index": 2, "parameter": text("a/{{contact.firstName}}")},
                {"index": 5, "parameter": {"type": "flow_action", "token": "{{contact.email|}}",
                                           "data": {"screen": "A"}}},
            ],
        }),
    );
    assert_eq!(filled.preview_text(&template), "Hi Ana, R$ 5 by Monday - Ana");
    let media = Media {
        filename: Some("Ana Braga.pdf".to_owned()),
        ..Media::new(
            MediaKind::Document,
            MediaSource::Link("https://example.com/Ana.pdf".to_owned()),
        )
    };
    let Some(data) = json!({"screen": "A"}).as_object().cloned() else {
        unreachable!()
    };
    let button = |index, value| FilledButton { index, value };
    let parameter = |value| FilledParameter { name: None, value };
    assert_eq!(
        filled,
        FilledTemplate {
            name: "order_update".to_owned(),
            language: Language::parse("en_US").unwrap(),
            provider_id: None,
            header: Some(parameter(FilledValue::Media { media })),
            body: vec![
                parameter(FilledValue::Text {
                    text: "Ana".to_owned()
                }),
                parameter(FilledValue::Currency {
                    fallback: "R$ 5".to_owned(),
                    code: "BRL".to_owned(),
                    amount_1000: 5000
                }),
                parameter(FilledValue::DateTime {
                    fallback: "Monday".to_owned()
                }),
            ],
            buttons: vec![
                button(
                    0,
                    FilledValue::Payload {
                        payload: "yes-Ana".to_owned()
                    }
                ),
                button(
                    2,
                    FilledValue::Text {
                        text: "a/Ana".to_owned()
                    }
                ),
                button(
                    3,
                    FilledValue::CouponCode {
                        code: "SALE".to_owned()
                    }
                ),
                button(
                    4,
                    FilledValue::FlowAction {
                        token: None,
                        data: None
                    }
                ),
                button(
                    5,
                    FilledValue::FlowAction {
                        token: None,
                        data: Some(data)
                    }
                ),
            ],
            missing: vec![],
        }
    );
    let stored = serde_json::to_string(&filled).unwrap();
    assert_eq!(serde_json::from_str::<FilledTemplate>(&stored).unwrap(), filled);
}

#[test]
fn named_parameters_keep_their_names() {
    let template = named(json!([
        {"type": "HEADER", "format": "TEXT", "text": "To {{who}}"},
        body("{{what}} for {{who}}, {{who}}!"),
    ]));
    let filled = filled(
        &template,
        json!({"header": text("{{contact.name}}"),
               "body": {"who": text("{{contact.firstName}}"), "what": text("Cake")}}),
    );
    assert_eq!(filled.header.as_ref().unwrap().name.as_deref(), Some("who"));
    let names: Vec<_> = filled
        .body
        .iter()
        .map(|parameter| parameter.name.as_deref())
        .collect();
    assert_eq!(names, [Some("what"), Some("who")]);
    assert_eq!(filled.preview_text(&template), "Cake for Ana, Ana!");
}

#[test]
fn a_location_is_filled_without_the_names_that_come_out_blank() {
    let filled = filled(
        &header("LOCATION"),
        json!({"header": {"type": "location", "latitude": 1.5, "longitude": 2.5,
                          "name": "{{org.name}}", "address": "{{agent.name|}}"}}),
    );
    let FilledValue::Location { location } = filled.header.unwrap().value else {
        panic!("not a location")
    };
    assert_eq!((location.latitude, location.longitude), (1.5, 2.5));
    assert_eq!((location.name.as_deref(), location.address), (Some("Acme"), None));
}

#[test]
fn a_parameter_that_comes_out_blank_is_refused_for_that_contact() {
    let template = template(json!([body("Hi {{1}} {{2}}")]));
    let given = parameters(json!({"body": [text("x"), text(" {{contact.email}} ")]}));
    let checked = template.check(&given).unwrap();
    let common = common();
    let nobody = Values::new(&common);
    let error = checked.fill(&nobody, false).unwrap_err();
    assert_eq!(error.code(), Code::TemplateParameterEmpty);
    assert!(error.message().contains("body parameter 2"), "{error}");
    let error = checked.fill(&nobody, true).unwrap_err();
    assert_eq!(error.code(), Code::RenderMissingValue);
    let known = Values {
        email: Some("a@b.c"),
        ..nobody
    };
    checked.fill(&known, true).unwrap();
}

#[test]
fn a_variable_that_leaves_a_hole_is_reported_with_the_filled_template() {
    let template = template(json!([body("{{1}}")]));
    let given = parameters(json!({"body": [text("Dear {{contact.firstName}}")]}));
    let common = common();
    let filled = template
        .check(&given)
        .unwrap()
        .fill(&Values::new(&common), false)
        .unwrap();
    assert_eq!(filled.preview_text(&template), "Dear ");
    assert_eq!(filled.missing, [Variable::ContactFirstName]);
}

#[test]
fn a_contacts_value_is_put_into_one_line_in_header_and_body_only() {
    let template = template(json!([
        body("{{1}}"),
        {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Yes"}]},
    ]));
    let given = parameters(json!({
        "body": [text("{{contact.name}}")],
        "buttons": [{"index": 0, "parameter": {"type": "payload", "payload": "{{contact.name}}"}}],
    }));
    let checked = template.check(&given).unwrap();
    let common = common();
    for (name, expected) in [
        ("Ana\nBraga", "Ana Braga"),
        ("Ana\t\r\n Braga\n", "Ana Braga"),
        ("Ana     Braga", "Ana Braga"),
        ("Ana    Braga", "Ana    Braga"),
    ] {
        let values = Values {
            name: Some(name),
            ..Values::new(&common)
        };
        let filled = checked.fill(&values, true).unwrap();
        assert_eq!(filled.preview_text(&template), expected);
        let payload = name.to_owned();
        assert_eq!(filled.buttons[0].value, FilledValue::Payload { payload });
    }
}

#[test]
fn a_value_with_a_placeholder_in_it_is_not_filled_again() {
    let template = template(json!([body("{{1}} {{2}}")]));
    let given = parameters(json!({"body": [text("{{contact.name}}"), text("b")]}));
    let common = common();
    let values = Values {
        name: Some("{{2}} {{org.name}}"),
        ..Values::new(&common)
    };
    let filled = template.check(&given).unwrap().fill(&values, true).unwrap();
    assert_eq!(filled.preview_text(&template), "{{2}} {{org.name}} b");
}

#[test]
fn a_preview_against_another_template_leaves_what_it_cannot_fill() {
    let filled = filled(&template(json!([body("{{1}}")])), json!({"body": [text("a")]}));
    let later = template(json!([body(
        "{{1}} {{2}} {{0}} {{who}} {{99999999999999999999}}"
    )]));
    assert_eq!(
        filled.preview_text(&later),
        "a {{2}} {{0}} {{who}} {{99999999999999999999}}"
    );
    let by_name = named(json!([body("{{who}}")]));
    let filled = super::tests::filled(&by_name, json!({"body": {"who": text("a")}}));
    assert_eq!(
        filled.preview_text(&later),
        "{{1}} {{2}} {{0}} a {{99999999999999999999}}"
    );
}

proptest! {
    #[test]
    fn what_is_filled_is_always_what_the_platform_takes(name in "[a \t\n\r]{0,12}") {
        let template = template(json!([body("{{1}}")]));
        let given = parameters(json!({"body": [text("{{contact.name}}")]}));
        let common = common();
        let values = Values { name: Some(&name), ..Values::new(&common) };
        match template.check(&given).unwrap().fill(&values, false) {
            Ok(filled) => {
                let sent = filled.preview_text(&template);
                prop_assert!(!sent.trim().is_empty());
                prop_assert!(!sent.contains(['\n', '\r', '\t']) && !sent.contains("     "), "{sent:?}");
            }
            Err(error) => {
                prop_assert_eq!(error.code(), Code::TemplateParameterEmpty);
                prop_assert!(name.trim().is_empty());
            }
        }
    }
}
