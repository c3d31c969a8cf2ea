use serde_json::json;

use super::super::tests::{parameters, text};
use super::*;

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
