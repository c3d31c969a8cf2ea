//! A filled template on the wire.

use serde_json::{Map, Value, json};
use tertulia_core::retry::Failure;
use tertulia_core::template::{FilledParameter, FilledTemplate, FilledValue};

use super::{bad, file, location};

/// The `template` object.
pub(super) fn template(filled: &FilledTemplate) -> Result<Value, Failure> {
    let mut components = Vec::new();
    if let Some(header) = &filled.header {
        components.push(json!({ "type": "header", "parameters": [parameter(header)?] }));
    }
    if !filled.body.is_empty() {
        let parameters = filled.body.iter().map(parameter).collect::<Result<Vec<_>, _>>()?;
        components.push(json!({ "type": "body", "parameters": parameters }));
    }
    for button in &filled.buttons {
        let (kind, parameter) = self::button(&button.value)?;
        components.push(json!({
            "type": "button",
            "sub_type": kind,
            "index": button.index.to_string(),
            "parameters": [parameter],
        }));
    }
    let mut typed = json!({ "name": filled.name, "language": { "code": filled.language.as_str() } });
    if !components.is_empty() {
        typed["components"] = components.into();
    }
    Ok(typed)
}

/// A value of header or body.
fn parameter(filled: &FilledParameter) -> Result<Value, Failure> {
    let (kind, value) = match &filled.value {
        FilledValue::Text { text } => ("text", json!(text)),
        FilledValue::Currency {
            fallback,
            code,
            amount_1000,
        } => (
            "currency",
            json!({ "fallback_value": fallback, "code": code, "amount_1000": amount_1000 }),
        ),
        FilledValue::DateTime { fallback } => ("date_time", json!({ "fallback_value": fallback })),
        FilledValue::Media { media } => file(media)?,
        FilledValue::Location { location: place } => ("location", location(place)?),
        FilledValue::Payload { .. } | FilledValue::CouponCode { .. } | FilledValue::FlowAction { .. } => {
            return Err(bad("a header or body parameter holds what only buttons take"));
        }
    };
    let mut typed = Map::from_iter([("type".to_owned(), kind.into()), (kind.to_owned(), value)]);
    if let Some(name) = &filled.name {
        typed.insert("parameter_name".into(), name.as_str().into());
    }
    Ok(Value::Object(typed))
}

/// The button's kind, which its value tells, and the parameter.
fn button(value: &FilledValue) -> Result<(&'static str, Value), Failure> {
    Ok(match value {
        FilledValue::Text { text } => ("url", json!({ "type": "text", "text": text })),
        FilledValue::Payload { payload } => ("quick_reply", json!({ "type": "payload", "payload": payload })),
        FilledValue::CouponCode { code } => {
            ("copy_code", json!({ "type": "coupon_code", "coupon_code": code }))
        }
        FilledValue::FlowAction { token, data } => {
            let mut action = Map::new();
            if let Some(token) = token {
                action.insert("flow_token".into(), token.as_str().into());
            }
            if let Some(data) = data {
                action.insert("flow_action_data".into(), Value::Object(data.clone()));
            }
            ("flow", json!({ "type": "action", "action": action }))
        }
        FilledValue::Currency { .. }
        | FilledValue::DateTime { .. }
        | FilledValue::Media { .. }
        | FilledValue::Location { .. } => {
            return Err(bad("a button's parameter holds what only header or body take"));
        }
    })
}
