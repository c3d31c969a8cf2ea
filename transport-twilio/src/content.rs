//! Templates, as the Content API lists them with what WhatsApp says of them.
//!
//! Source: Content API, `GET /v1/ContentAndApprovals` (`twilio.com/docs/content`, and its published description,
//! `twilio_content_v1`), read in 2026.

use serde_json::{Map, Value};
use tertulia_core::template::{
    Body, Category, Component, Language, ParameterFormat, Template, TemplateStatus,
};

use crate::wire::sid;

/// Contents asked for at once.
pub(crate) const PAGE: &str = "100";

/// The query of the next page.
type Next = Vec<(String, String)>;

/// The templates of one page, and the query of the next one.
///
/// A content that was never submitted to WhatsApp has no category, and one with variables outside of its body cannot be
/// filled: they are left out, with a warning.
pub(crate) fn page(answer: &Value) -> Option<(Vec<Template>, Option<Next>)> {
    let mut templates = Vec::new();
    for item in answer.get("contents")?.as_array()? {
        match template(item) {
            Ok(template) => templates.push(template),
            Err(why) => tracing::warn!(sid = ?item.get("sid"), why, "content left out"),
        }
    }
    // Only the query: the key must not follow a link to another host.
    let next = answer
        .get("meta")
        .and_then(|meta| meta.get("next_page_url")?.as_str());
    let query = next
        .and_then(|next| next.split_once('?'))
        .map(|(_, query)| form_urlencoded::parse(query.as_bytes()).into_owned().collect());
    Some((templates, query))
}

fn template(item: &Value) -> Result<Template, &'static str> {
    let text = |value: &Value, key: &str| {
        let text = value.get(key).and_then(Value::as_str);
        text.filter(|text| !text.trim().is_empty()).map(str::to_owned)
    };
    let id = text(item, "sid")
        .filter(|id| sid(id, "HX"))
        .ok_or("it has no SID")?;
    let approval = item.get("approval_requests").ok_or("it has no approval")?;
    let approval = approval.get("whatsapp").unwrap_or(approval);
    let category = text(approval, "category").ok_or("it was never submitted to WhatsApp")?;
    let category: Category = serde_json::from_value(category.to_ascii_uppercase().into())
        .map_err(|_| "its category is not known")?;
    let status = text(approval, "status").ok_or("it has no status")?;
    let name = text(approval, "name")
        .or_else(|| text(item, "friendly_name"))
        .ok_or("it has no name")?;
    let language = text(item, "language").ok_or("it has no language")?;
    let language = Language::parse(&language).map_err(|_| "its language cannot be read")?;
    let kinds = item
        .get("types")
        .and_then(Value::as_object)
        .ok_or("it has no types")?;
    let body = kinds
        .values()
        .find_map(|kind| text(kind, "body"))
        .ok_or("it has no body")?;
    let variables = item.get("variables").and_then(Value::as_object);
    let mut places = variables.into_iter().flat_map(Map::keys);
    if !places.all(|place| body.contains(&format!("{{{{{place}}}}}"))) {
        return Err("it has variables outside of its body");
    }
    let named = variables.is_some_and(|variables| variables.keys().any(|key| key.parse::<usize>().is_err()));
    Ok(Template {
        provider_id: Some(id),
        name,
        language,
        category,
        status: TemplateStatus::from(status.as_str()),
        parameter_format: if named {
            ParameterFormat::Named
        } else {
            ParameterFormat::Positional
        },
        components: vec![Component::Body(Body {
            text: body,
            rest: Map::new(),
        })],
        quality: None,
    })
}
