//! Which messages the platform takes. Sources: Meta, "send messages" and "templates overview" (2026).

use std::collections::BTreeSet;

use serde_json::Value;

use super::people::{is_user_id, user_id, wa_id};
use super::{Number, Refusal};

/// A message that is well-formed and may go out as far as its own content goes.
pub(super) struct Send {
    pub(super) wa_id: Option<String>,
    pub(super) user_id: String,
    /// Only with an open service window.
    pub(super) free_form: bool,
    /// As statuses name it: the template's, or `service`.
    pub(super) category: String,
}

type Checked<T = ()> = Result<T, Refusal>;

const TYPES: &[&str] = &[
    "text",
    "image",
    "video",
    "audio",
    "document",
    "sticker",
    "reaction",
    "location",
    "contacts",
    "interactive",
    "template",
];

/// Checks a message. With `templates` empty, any well-formed template is taken.
pub(super) fn check(body: &Value, number: &Number, templates: &[Value]) -> Checked<Send> {
    if body["messaging_product"] != "whatsapp" {
        return Err(Refusal::new(100).details("The parameter messaging_product is required"));
    }
    if body
        .get("recipient_type")
        .is_some_and(|kind| kind != "individual")
    {
        return Err(invalid(
            "recipient_type",
            "must be 'individual'; there are no groups here",
        ));
    }
    let (wa_id, user_id) = recipient(body, number)?;
    if let Some(data) = body.get("biz_opaque_callback_data") {
        within(data, "biz_opaque_callback_data", 0, 512)?;
    }
    if let Some(context) = body.get("context") {
        within(&context["message_id"], "context.message_id", 1, 512)?;
    }
    let kind = match &body["type"] {
        Value::Null => "text",
        Value::String(kind) if TYPES.contains(&kind.as_str()) => kind,
        _ => return Err(Refusal::new(100).details(format!("Param type must be one of {}", TYPES.join(", ")))),
    };
    let payload = match &body[kind] {
        Value::Null => return Err(missing(kind)),
        payload if payload.is_object() || (kind == "contacts" && payload.is_array()) => payload,
        _ => return Err(invalid(kind, "is of the wrong JSON type")),
    };
    let mut category = "service".to_owned();
    match kind {
        "text" => {
            within(&payload["body"], "text.body", 1, 4096)?;
        }
        "reaction" => {
            within(&payload["message_id"], "reaction.message_id", 1, 512)?;
            within(&payload["emoji"], "reaction.emoji", 0, 64)?;
        }
        "location" => {
            for (axis, limit) in [("latitude", 90.0), ("longitude", 180.0)] {
                let degrees = payload[axis]
                    .as_f64()
                    .or_else(|| payload[axis].as_str()?.parse().ok());
                if degrees.is_none_or(|degrees| degrees.abs() > limit) {
                    return Err(invalid(
                        &format!("location.{axis}"),
                        "must be a number of degrees",
                    ));
                }
            }
        }
        "contacts" => contacts(payload)?,
        "interactive" => interactive(payload)?,
        "template" => category = template(payload, wa_id.is_none(), templates)?,
        _ => media(payload, kind)?,
    }
    Ok(Send {
        wa_id,
        user_id,
        free_form: kind != "template",
        category,
    })
}

/// `to` wins where both are given.
fn recipient(body: &Value, number: &Number) -> Checked<(Option<String>, String)> {
    match (&body["to"], &body["recipient"]) {
        (Value::String(to), _) => {
            let to = wa_id(to, &number.calling_code)
                .ok_or_else(|| invalid("to", "must be a phone number; a user id goes into 'recipient'"))?;
            if to == number.wa_id() {
                return Err(Refusal::new(131_021));
            }
            let user_id = user_id(&to);
            Ok((Some(to), user_id))
        }
        (Value::Null, Value::String(recipient)) if is_user_id(recipient) => Ok((None, recipient.clone())),
        (Value::Null, Value::Null) => Err(Refusal::new(100).details("The parameter to is required")),
        (Value::Null, _) => Err(invalid("recipient", "must be a business-scoped user id")),
        _ => Err(invalid("to", "must be a string")),
    }
}

fn contacts(payload: &Value) -> Checked {
    let contacts = payload.as_array().filter(|contacts| !contacts.is_empty());
    for contact in contacts.ok_or_else(|| missing("contacts"))? {
        within(
            &contact["name"]["formatted_name"],
            "contacts.name.formatted_name",
            1,
            1024,
        )?;
    }
    Ok(())
}

fn media(payload: &Value, kind: &str) -> Checked {
    match (payload["id"].as_str(), payload["link"].as_str()) {
        (Some(id), None) if !id.is_empty() => {}
        (None, Some(link)) if link.starts_with("http://") || link.starts_with("https://") => {}
        _ => {
            return Err(invalid(
                kind,
                "must have either an 'id' or a 'link' that is a URL",
            ));
        }
    }
    match payload.get("caption") {
        Some(_) if kind == "audio" || kind == "sticker" => Err(invalid(kind, "takes no caption")),
        Some(caption) => within(caption, "caption", 0, 1024).map(drop),
        None => Ok(()),
    }
}

fn interactive(payload: &Value) -> Checked {
    let kind = within(&payload["type"], "interactive.type", 1, 64)?;
    if let Some(footer) = payload.get("footer") {
        within(&footer["text"], "interactive.footer.text", 1, 60)?;
    }
    let action = &payload["action"];
    if !action.is_object() {
        return Err(missing("interactive.action"));
    }
    match kind {
        "button" => {
            within(&payload["body"]["text"], "interactive.body.text", 1, 1024)?;
            let buttons = some(&action["buttons"], "interactive.action.buttons", 3)?;
            for button in buttons {
                within(&button["reply"]["id"], "button.reply.id", 1, 256)?;
                within(&button["reply"]["title"], "button.reply.title", 1, 20)?;
            }
            distinct(
                buttons.iter().map(|button| &button["reply"]["id"]),
                "button.reply.id",
            )
        }
        "list" => {
            within(&payload["body"]["text"], "interactive.body.text", 1, 4096)?;
            within(&action["button"], "interactive.action.button", 1, 20)?;
            let sections = some(&action["sections"], "interactive.action.sections", 10)?;
            let mut rows = Vec::new();
            for section in sections {
                if sections.len() > 1 || section.get("title").is_some() {
                    within(&section["title"], "section.title", 1, 24)?;
                }
                rows.extend(some(&section["rows"], "section.rows", 10)?);
            }
            if rows.len() > 10 {
                return Err(invalid("section.rows", "may be 10 in all sections together"));
            }
            for row in &rows {
                within(&row["id"], "row.id", 1, 200)?;
                within(&row["title"], "row.title", 1, 24)?;
                if let Some(description) = row.get("description") {
                    within(description, "row.description", 0, 72)?;
                }
            }
            distinct(rows.iter().map(|row| &row["id"]), "row.id")
        }
        _ => Ok(()),
    }
}

/// The category of the template that is sent.
fn template(payload: &Value, to_user_id: bool, templates: &[Value]) -> Checked<String> {
    let name = within(&payload["name"], "template.name", 1, 512)?;
    if name
        .bytes()
        .any(|byte| !byte.is_ascii_lowercase() && !byte.is_ascii_digit() && byte != b'_')
    {
        return Err(invalid(
            "template.name",
            "may have lowercase letters, digits and '_'",
        ));
    }
    let language = within(&payload["language"]["code"], "template.language.code", 2, 16)?;
    let none = Vec::new();
    let components = match payload.get("components") {
        None | Some(Value::Null) => &none,
        Some(Value::Array(components)) => components,
        Some(_) => return Err(invalid("template.components", "must be an array")),
    };
    for component in components {
        check_component(component)?;
    }
    if templates.is_empty() {
        return Ok("utility".to_owned());
    }
    let known = templates
        .iter()
        .find(|known| known["name"] == *name && known["language"] == *language)
        .ok_or_else(|| Refusal::new(132_001).details(format!("template {name} in {language}")))?;
    let category = known["category"].as_str().unwrap_or("UTILITY").to_lowercase();
    match known["status"].as_str() {
        Some("APPROVED") => {}
        Some("PAUSED") => return Err(Refusal::new(132_015)),
        Some("DISABLED") => return Err(Refusal::new(132_016)),
        _ => return Err(Refusal::new(132_001).details(format!("template {name} is not approved"))),
    }
    if to_user_id && category == "authentication" {
        return Err(Refusal::new(131_062));
    }
    for (part, text) in known["components"]
        .as_array()
        .unwrap_or(&none)
        .iter()
        .filter_map(|component| {
            let format = component["format"].as_str().unwrap_or("TEXT");
            let text = component["text"].as_str().filter(|_| format == "TEXT")?;
            Some((component["type"].as_str()?.to_lowercase(), text))
        })
    {
        if part == "header" || part == "body" {
            fills(components, &part, &placeholders(text))?;
        }
    }
    Ok(category)
}

fn check_component(component: &Value) -> Checked {
    let kind = within(&component["type"], "component.type", 1, 32)?.to_lowercase();
    if kind == "button" {
        within(&component["sub_type"], "component.sub_type", 1, 32)?;
        let index = &component["index"];
        if index
            .as_u64()
            .or_else(|| index.as_str()?.parse().ok())
            .is_none_or(|index| index > 9)
        {
            return Err(invalid("component.index", "must be a button's position, from 0"));
        }
    } else if !["header", "body", "carousel", "limited_time_offer", "order_status"].contains(&kind.as_str()) {
        return Err(invalid("component.type", "is not one that a template has"));
    }
    for parameter in component["parameters"].as_array().into_iter().flatten() {
        let kind = within(&parameter["type"], "parameter.type", 1, 32)?;
        match &parameter[kind] {
            Value::Null => return Err(Refusal::new(132_012).details(format!("parameter without '{kind}'"))),
            Value::String(text) if text.is_empty() => {
                return Err(Refusal::new(131_008).details("parameter of type text is missing text value"));
            }
            Value::String(text) if text.contains(['\n', '\t']) || text.contains("    ") => {
                return Err(
                    Refusal::new(132_012).details("line breaks, tabs or more than 4 spaces in a parameter")
                );
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether the parameters given are as many as the text has places, and named as they are where they have names.
fn fills(components: &[Value], part: &str, places: &BTreeSet<&str>) -> Checked {
    let given: Vec<&Value> = components
        .iter()
        .filter(|component| {
            component["type"]
                .as_str()
                .is_some_and(|kind| kind.eq_ignore_ascii_case(part))
        })
        .flat_map(|component| component["parameters"].as_array().into_iter().flatten())
        .collect();
    if given.len() != places.len() {
        let details = format!(
            "{part}: {} parameters given, {} expected",
            given.len(),
            places.len()
        );
        return Err(Refusal::new(132_000).details(details));
    }
    let positional = places
        .iter()
        .all(|place| place.bytes().all(|byte| byte.is_ascii_digit()));
    let names: BTreeSet<&str> = given
        .iter()
        .filter_map(|given| given["parameter_name"].as_str())
        .collect();
    if !positional && names != *places {
        return Err(Refusal::new(100).details(format!("{part}: parameter names do not match the template's")));
    }
    Ok(())
}

/// What stands between `{{` and `}}`, each once.
fn placeholders(text: &str) -> BTreeSet<&str> {
    text.split("{{")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once("}}")?.0.trim()))
        .collect()
}

/// A string of so many characters.
fn within<'a>(value: &'a Value, name: &str, least: usize, most: usize) -> Checked<&'a str> {
    match value {
        Value::Null => Err(missing(name)),
        Value::String(text) if (least..=most).contains(&text.chars().count()) => Ok(text),
        Value::String(_) => {
            Err(Refusal::new(100).details(format!("Param {name} must be {least} to {most} characters long")))
        }
        _ => Err(invalid(name, "must be a string")),
    }
}

/// An array with something in it.
fn some<'a>(value: &'a Value, name: &str, most: usize) -> Checked<&'a [Value]> {
    match value {
        Value::Array(items) if (1..=most).contains(&items.len()) => Ok(items),
        Value::Null => Err(missing(name)),
        _ => Err(invalid(name, &format!("must be an array of 1 to {most}"))),
    }
}

fn distinct<'a>(values: impl Iterator<Item = &'a Value>, name: &str) -> Checked {
    let mut seen = BTreeSet::new();
    for value in values {
        if !seen.insert(value.as_str()) {
            return Err(invalid(name, "occurs twice"));
        }
    }
    Ok(())
}

fn missing(name: &str) -> Refusal {
    Refusal::new(131_008).details(format!("Required parameter {name} is missing"))
}

fn invalid(name: &str, why: &str) -> Refusal {
    Refusal::new(131_009).details(format!("Parameter {name} {why}"))
}
