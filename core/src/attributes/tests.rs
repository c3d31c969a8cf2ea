use serde_json::{Value, json};
use uuid::Uuid;

use super::{Attribute, AttributeKind, read_boolean};
use crate::error::Code;
use crate::ids::OrgId;

fn attribute(name: &str, kind: AttributeKind) -> Attribute {
    Attribute {
        org: OrgId(Uuid::nil()),
        name: name.to_owned(),
        kind,
    }
}

fn dropdown(values: &[&str]) -> AttributeKind {
    AttributeKind::Dropdown {
        values: values.iter().map(|&value| value.to_owned()).collect(),
    }
}

#[test]
fn a_definition_that_nothing_could_use_is_refused() {
    let long = "a".repeat(65);
    let bad = [
        attribute("", AttributeKind::Text),
        attribute("two words", AttributeKind::Text),
        attribute("größe", AttributeKind::Text),
        attribute(&long, AttributeKind::Text),
        attribute("ctwa", AttributeKind::Text),
        attribute("size", dropdown(&[])),
        attribute("size", dropdown(&["S", ""])),
        attribute("size", dropdown(&["S", " M"])),
    ];
    for attribute in bad {
        assert_eq!(
            attribute.validate().unwrap_err().code(),
            Code::AttributeInvalid,
            "{attribute:?}"
        );
    }
    for good in [
        attribute(&long[..64], AttributeKind::Text),
        attribute("Size_2", dropdown(&["S", "M L"])),
    ] {
        assert!(good.validate().is_ok());
    }
}

#[test]
fn a_text_is_read_as_its_type_says_and_refused_with_the_attributes_name() {
    let sizes = dropdown(&["S", "M"]);
    let table: [(&AttributeKind, &str, Option<Value>); 13] = [
        (&AttributeKind::Text, " hello ", Some(json!("hello"))),
        (&AttributeKind::Number, " 12 ", Some(json!(12))),
        (&AttributeKind::Number, "-1.5", Some(json!(-1.5))),
        (&AttributeKind::Number, "1,5", None),
        (&AttributeKind::Number, "twelve", None),
        (&AttributeKind::Date, "2026-2-3", Some(json!("2026-02-03"))),
        (&AttributeKind::Date, "2026-02-30", None),
        (&AttributeKind::Date, "03/02/2026", None),
        (&sizes, "M", Some(json!("M"))),
        (&sizes, "m", None),
        (&AttributeKind::Boolean, "YES", Some(json!(true))),
        (&AttributeKind::Boolean, "0", Some(json!(false))),
        (&AttributeKind::Boolean, "maybe", None),
    ];
    for (kind, text, value) in table {
        let attribute = attribute("size", kind.clone());
        let Some(value) = value else {
            let refused = attribute.read(text).unwrap_err();
            assert_eq!(refused.code(), Code::AttributeMisfit);
            assert!(
                refused.message().contains("\"size\"") && refused.message().contains(text),
                "{refused}"
            );
            continue;
        };
        assert_eq!(attribute.read(text).unwrap(), value, "{text}");
        assert!(
            attribute.check(&value).is_ok(),
            "what is read can be stored: {value}"
        );
    }
}

#[test]
fn a_value_of_another_type_or_spelling_does_not_fit() {
    let sizes = dropdown(&["S"]);
    let table = [
        (AttributeKind::Text, json!(1)),
        (AttributeKind::Number, json!("1")),
        (AttributeKind::Boolean, json!("true")),
        (AttributeKind::Date, json!("2026-2-3")),
        (AttributeKind::Date, json!(20_260_203)),
        (sizes.clone(), json!("M")),
        (sizes, json!(" S ")),
        (AttributeKind::Text, Value::Null),
        (AttributeKind::Text, json!(["a"])),
    ];
    for (kind, value) in table {
        let refused = attribute("size", kind.clone()).check(&value).unwrap_err();
        assert_eq!(refused.code(), Code::AttributeMisfit, "{kind:?} {value}");
    }
}

#[test]
fn a_yes_or_no_is_read_as_people_write_it() {
    for text in ["true", "Yes", "1", " y "] {
        assert_eq!(read_boolean(text), Some(true), "{text}");
    }
    for text in ["FALSE", "no", "0", "N"] {
        assert_eq!(read_boolean(text), Some(false), "{text}");
    }
    for text in ["", "2", "ja", "truee"] {
        assert_eq!(read_boolean(text), None, "{text}");
    }
}
