// The arguments are json! literals.
#![allow(clippy::needless_pass_by_value)]

use serde_json::{Value, json};

use super::super::tests::{body, header, named, parameters, template, text};
use super::*;

fn button(button: Value) -> Template {
    template(json!([body("Hi"), {"type": "BUTTONS", "buttons": [button]}]))
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
