// The arguments are json! literals.
#![allow(clippy::needless_pass_by_value)]

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::tests::{body, named, template};
use super::*;
use crate::render::Common;

fn header(format: &str) -> Template {
    template(json!([{"type": "HEADER", "format": format}, body("Hi")]))
}

fn button(button: Value) -> Template {
    template(json!([body("Hi"), {"type": "BUTTONS", "buttons": [button]}]))
}

fn parameters(value: Value) -> TemplateParameters {
    serde_json::from_value(value).unwrap()
}

fn text(source: &str) -> Value {
    json!({"type": "text", "text": source})
}

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

#[track_caller]
fn refused(template: &Template, given: Value, code: Code, names: &str) {
    let given = parameters(given);
    let error = template.check(&given).err().expect("refused");
    assert_eq!(error.code(), code, "{error}");
    assert!(error.message().contains(names), "{names}: {error}");
}

#[test]
fn each_kind_of_header_takes_its_own_kind_of_parameter() {
    let media = json!({"type": "media", "source": {"id": "77"}});
    let location = json!({"type": "location", "latitude": -23.5, "longitude": -46.6});
    let currency = json!({"type": "currency", "fallback": "R$ 5", "code": "BRL", "amount_1000": 5000});
    let text_header = template(json!([{"type": "HEADER", "format": "TEXT", "text": "Hi {{1}}"}, body("Hi")]));
    for (template, fits) in [
        (header("IMAGE"), vec![&media]),
        (header("VIDEO"), vec![&media]),
        (header("DOCUMENT"), vec![&media]),
        (header("LOCATION"), vec![&location]),
        (text_header, vec![&text_value(), &currency]),
    ] {
        for given in [&media, &location, &text_value(), &currency] {
            let given = json!({"header": given});
            if fits.contains(&&given["header"]) {
                template.check(&parameters(given)).unwrap();
            } else {
                refused(&template, given, Code::TemplateParameterType, "the header takes");
            }
        }
        refused(&template, json!({}), Code::TemplateParameterMissing, "the header");
    }
    let fixed = template(json!([{"type": "HEADER", "format": "TEXT", "text": "Hi"}, body("Hi")]));
    let none = template(json!([body("Hi")]));
    for template in [fixed, none] {
        refused(
            &template,
            json!({"header": text("x")}),
            Code::TemplateParameterCount,
            "the header",
        );
        template.check(&parameters(json!({}))).unwrap();
    }
}

fn text_value() -> Value {
    text("x")
}

#[test]
fn each_kind_of_button_takes_its_own_kind_of_parameter() {
    let payload = json!({"type": "payload", "payload": "yes"});
    let coupon = json!({"type": "coupon_code", "code": "SALE"});
    let flow = json!({"type": "flow_action", "token": "t"});
    let url = json!({"type": "URL", "text": "x", "url": "https://example.com/{{1}}"});
    for (listed, fits, optional) in [
        (json!({"type": "QUICK_REPLY", "text": "x"}), &payload, true),
        (json!({"type": "COPY_CODE", "text": "x"}), &coupon, false),
        (json!({"type": "FLOW", "text": "x"}), &flow, true),
        (json!({"type": "OTP", "text": "x"}), &text_value(), false),
        (url, &text_value(), false),
    ] {
        let template = button(listed);
        for given in [&payload, &coupon, &flow, &text_value()] {
            let buttons = json!({"buttons": [{"index": 0, "parameter": given}]});
            if given == fits {
                template.check(&parameters(buttons)).unwrap();
            } else {
                refused(&template, buttons, Code::TemplateParameterType, "button 0 takes");
            }
        }
        if optional {
            template.check(&parameters(json!({}))).unwrap();
        } else {
            refused(&template, json!({}), Code::TemplateParameterMissing, "button 0");
        }
    }
    for kind in ["PHONE_NUMBER", "VOICE_CALL", "CATALOG"] {
        let template = button(json!({"type": kind, "text": "x"}));
        let given = json!({"buttons": [{"index": 0, "parameter": text("x")}]});
        refused(&template, given, Code::TemplateParameterCount, "button 0");
        template.check(&parameters(json!({}))).unwrap();
    }
    let fixed = button(json!({"type": "URL", "text": "x", "url": "https://example.com/"}));
    fixed.check(&parameters(json!({}))).unwrap();
}

#[test]
fn a_button_that_is_not_there_or_given_twice_is_refused() {
    let template = button(json!({"type": "QUICK_REPLY", "text": "x"}));
    let payload = json!({"type": "payload", "payload": "yes"});
    let beyond = json!({"buttons": [{"index": 1, "parameter": payload}]});
    refused(&template, beyond, Code::TemplateParameterUnknown, "no button 1");
    let twice = json!({"buttons": [{"index": 0, "parameter": payload}, {"index": 0, "parameter": payload}]});
    refused(&template, twice, Code::TemplateParameterCount, "button 0");
}

#[test]
fn the_bodys_parameters_must_match_its_placeholders() {
    let two = template(json!([body("{{1}} {{2}}")]));
    let by_name = named(json!([body("{{who}} {{what}}")]));
    let one_each = json!({"body": {"who": text("a"), "what": text("b")}});
    two.check(&parameters(json!({"body": [text("a"), text("b")]})))
        .unwrap();
    by_name.check(&parameters(one_each.clone())).unwrap();

    refused(
        &two,
        json!({"body": [text("a")]}),
        Code::TemplateParameterCount,
        "are 1; the template takes 2",
    );
    refused(
        &two,
        json!({"body": [text("a"), text("b"), text("c")]}),
        Code::TemplateParameterCount,
        "3",
    );
    refused(&two, json!({}), Code::TemplateParameterCount, "2");
    refused(&two, json!({"body": {}}), Code::TemplateParameterCount, "2");
    refused(&two, one_each, Code::TemplateParameterUnknown, "what");

    refused(
        &by_name,
        json!({"body": {"who": text("a")}}),
        Code::TemplateParameterMissing,
        "\"what\"",
    );
    let extra = json!({"body": {"who": text("a"), "what": text("b"), "when": text("c")}});
    refused(&by_name, extra, Code::TemplateParameterUnknown, "\"when\"");
    refused(
        &by_name,
        json!({"body": [text("a"), text("b")]}),
        Code::TemplateParameterMissing,
        "who, what",
    );

    for fixed in [template(json!([body("Hi")])), named(json!([body("Hi")]))] {
        fixed.check(&parameters(json!({}))).unwrap();
        fixed.check(&parameters(json!({"body": {}}))).unwrap();
        assert!(fixed.check(&parameters(json!({"body": [text("a")]}))).is_err());
        assert!(
            fixed
                .check(&parameters(json!({"body": {"who": text("a")}})))
                .is_err()
        );
    }
    let media = json!({"type": "media", "source": {"id": "1"}});
    refused(
        &two,
        json!({"body": [text("a"), media]}),
        Code::TemplateParameterType,
        "body parameter 2",
    );
}

#[test]
fn an_empty_constant_is_refused_before_anything_is_sent() {
    let one = template(json!([body("{{1}}")]));
    for empty in ["", " ", "\n"] {
        refused(
            &one,
            json!({"body": [text(empty)]}),
            Code::TemplateParameterEmpty,
            "body parameter 1",
        );
    }
    let date = json!({"type": "date_time", "fallback": ""});
    refused(
        &one,
        json!({"body": [date]}),
        Code::TemplateParameterEmpty,
        "body parameter 1",
    );
    let amount = json!({"type": "currency", "fallback": "", "code": "BRL", "amount_1000": 1});
    refused(
        &one,
        json!({"body": [amount]}),
        Code::TemplateParameterEmpty,
        "body parameter 1",
    );
    for source in [json!({"id": " "}), json!({"link": ""})] {
        let given = json!({"header": {"type": "media", "source": source}});
        refused(
            &header("IMAGE"),
            given,
            Code::TemplateParameterEmpty,
            "the header",
        );
    }
    for (kind, parameter) in [
        ("QUICK_REPLY", json!({"type": "payload", "payload": ""})),
        ("COPY_CODE", json!({"type": "coupon_code", "code": ""})),
        ("FLOW", json!({"type": "flow_action", "token": ""})),
        ("OTP", text("")),
    ] {
        let given = json!({"buttons": [{"index": 0, "parameter": parameter}]});
        refused(
            &button(json!({"type": kind})),
            given,
            Code::TemplateParameterEmpty,
            "button 0",
        );
    }
}

#[test]
fn a_constant_that_the_platform_refuses_is_refused_before() {
    let one = template(json!([body("{{1}}")]));
    for constant in [
        "a\nb",
        "a\tb",
        "a\rb",
        "a     b",
        "{{contact.name}}\n",
        "{{contact.name|a     b}}",
    ] {
        refused(
            &one,
            json!({"body": [text(constant)]}),
            Code::TemplateParameterInvalid,
            "body parameter 1",
        );
        let date = json!({"type": "date_time", "fallback": constant});
        refused(
            &one,
            json!({"body": [date]}),
            Code::TemplateParameterInvalid,
            "body parameter 1",
        );
    }
    one.check(&parameters(json!({"body": [text("a    b")]}))).unwrap();
    for code in ["", "brl", "REAL", "R$1"] {
        let amount = json!({"type": "currency", "fallback": "x", "code": code, "amount_1000": 1});
        refused(
            &one,
            json!({"body": [amount]}),
            Code::TemplateParameterInvalid,
            "BRL",
        );
    }
    let media = |source: Value| json!({"header": {"type": "media", "source": source}});
    refused(
        &header("IMAGE"),
        media(json!({"link": "ftp://a/b"})),
        Code::TemplateParameterInvalid,
        "https://",
    );
    for link in ["https://a/b", "http://a/b", "{{contact.attributes.photo}}"] {
        header("IMAGE")
            .check(&parameters(media(json!({"link": link}))))
            .unwrap();
    }
    let with_name = json!({"header": {"type": "media", "source": {"id": "1"}, "filename": "a.pdf"}});
    header("DOCUMENT").check(&parameters(with_name.clone())).unwrap();
    refused(
        &header("VIDEO"),
        with_name,
        Code::TemplateParameterInvalid,
        "file name",
    );
    for (latitude, longitude) in [(90.1, 0.0), (-90.1, 0.0), (0.0, 180.1), (0.0, -180.1)] {
        let given = json!({"header": {"type": "location", "latitude": latitude, "longitude": longitude}});
        refused(
            &header("LOCATION"),
            given,
            Code::TemplateParameterInvalid,
            "the header",
        );
    }
    let nowhere = TemplateParameters {
        header: Some(Parameter::Location {
            latitude: f64::NAN,
            longitude: 0.0,
            name: None,
            address: None,
        }),
        ..TemplateParameters::default()
    };
    assert!(header("LOCATION").check(&nowhere).is_err());
}

#[test]
fn a_template_with_a_part_that_cannot_be_filled_is_refused() {
    for component in [
        json!({"type": "LIMITED_TIME_OFFER"}),
        json!({"type": "HEADER", "format": "PRODUCT"}),
        json!({"type": "BUTTONS", "buttons": [{"type": "MPM", "text": "View"}]}),
    ] {
        let template = template(json!([body("Hi"), component]));
        template.validate().unwrap();
        refused(
            &template,
            json!({}),
            Code::TemplateUnsupported,
            "cannot be filled in",
        );
    }
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

#[test]
fn parameters_are_stored_and_a_bad_text_in_them_is_named() {
    for given in [
        json!({"body": [text("{{contact.name}}")], "buttons": [{"index": 2, "parameter": text("x")}]}),
        json!({"body": {"who": text("a")}, "header": {"type": "media", "source": {"link": "https://a"}}}),
    ] {
        assert_eq!(serde_json::to_value(parameters(given.clone())).unwrap(), given);
    }
    for given in [
        json!({"body": [text("Hi {{contact.nam}}")]}),
        json!({"body": {"who": text("Hi {{contact.nam}}")}}),
        json!({"header": text("Hi {{contact.nam}}")}),
    ] {
        let error = serde_json::from_value::<TemplateParameters>(given).unwrap_err();
        assert!(error.to_string().contains("line 1, column 4"), "{error}");
    }
    assert_eq!(
        Parameter::text("{{date}}").unwrap(),
        Parameter::Text {
            text: Text::parse("{{date}}").unwrap()
        }
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
