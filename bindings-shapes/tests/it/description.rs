//! The description: every language's code is made from it.

use std::collections::BTreeSet;

use serde_json::Value;
use tertulia_bindings_shapes::describe;

/// Shapes that no method or callback names, and that a binding needs all the same.
const OWN: [&str; 6] = [
    "Channel",
    "Correlation",
    "Failure",
    "PageRequest",
    "Twilio",
    "WhatsApp",
];

/// Names that every program of one of the languages has anyway, and that a shape of the name would hide from it.
const TAKEN: [&str; 13] = [
    "Any", "Array", "Date", "Error", "Iterator", "List", "Map", "Object", "Optional", "Result", "Sequence",
    "Set", "Task",
];

/// The names of shapes that a value refers to.
fn named(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(name)) = object.get("$ref") {
                found.insert(name.trim_start_matches("#/$defs/").to_owned());
            }
            object.values().for_each(|value| named(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| named(value, found)),
        _ => {}
    }
}

#[test]
fn every_shape_is_reachable_and_every_shape_that_is_named_is_there() {
    let description = describe();
    let shapes = description["shapes"].as_object().unwrap();
    let mut waiting = BTreeSet::from(OWN.map(ToOwned::to_owned));
    for list in ["crm", "org", "platform", "clock", "callbacks"] {
        named(&description[list], &mut waiting);
    }
    let mut reached = BTreeSet::new();
    while let Some(name) = waiting.pop_first() {
        let shape = shapes.get(&name);
        let mut more = BTreeSet::new();
        named(shape.unwrap_or_else(|| panic!("no shape {name}")), &mut more);
        reached.insert(name);
        waiting.extend(more.difference(&reached).cloned());
    }
    let unreached: Vec<&String> = shapes.keys().filter(|name| !reached.contains(*name)).collect();
    assert!(unreached.is_empty(), "{unreached:?}");
}

#[test]
fn a_shapes_name_is_a_word_in_every_language() {
    let description = describe();
    for name in description["shapes"].as_object().unwrap().keys() {
        let plain = name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.chars().all(|letter| letter.is_ascii_alphabetic());
        assert!(
            plain,
            "{name}: digits come from schemars telling two types of one name apart"
        );
    }
}

#[test]
fn no_shape_hides_a_name_that_a_language_has_anyway() {
    let description = describe();
    let shapes = description["shapes"].as_object().unwrap();
    let hidden: Vec<&str> = TAKEN
        .into_iter()
        .filter(|name| shapes.contains_key(*name))
        .collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn every_area_and_method_says_what_it_is() {
    let description = describe();
    for list in ["crm", "org", "platform", "clock", "callbacks"] {
        for area in description[list].as_array().unwrap() {
            for said in area["methods"].as_array().unwrap().iter().chain([area]) {
                let docs = said["docs"].as_str().unwrap();
                assert!(
                    docs.ends_with('.') && !docs.contains("[`"),
                    "{}: {docs:?}",
                    said["name"]
                );
            }
        }
    }
}

#[test]
fn no_variant_has_a_field_of_its_own_that_is_called_as_the_unions_tag() {
    let description = describe();
    let shapes = description["shapes"].as_object().unwrap();
    let mut seen = 0;
    for (name, shape) in shapes {
        for variant in shape["oneOf"].as_array().into_iter().flatten() {
            let (Some(own), Some(record)) = (variant["properties"].as_object(), variant["$ref"].as_str())
            else {
                continue;
            };
            let record = &shapes[record.trim_start_matches("#/$defs/")];
            for tag in own.keys() {
                assert!(
                    record["properties"].get(tag).is_none(),
                    "{name}: {record} has {tag}"
                );
                seen += 1;
            }
        }
    }
    assert!(seen > 10);
}

#[test]
fn the_definition_on_the_page_about_sequences_can_be_created() {
    let page = include_str!("../../../docs/sequences.md");
    let json = page.split("```json\n").nth(1).unwrap();
    let json = json.split("```").next().unwrap();
    let definition: tertulia::sequence::Definition = serde_json::from_str(json).unwrap();
    definition.check().unwrap();
}
