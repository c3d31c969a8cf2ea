//! Templates as the Content API lists them.

use serde_json::{Value, json};
use tertulia_core::error::Code;
use tertulia_core::template::{Category, ParameterFormat, Template};
use tertulia_transport_traits::Transport;

use crate::platform::{Act, Platform};
use crate::sends::{sender, twilio_at};

fn content(number: u8, variables: Value, types: Value, approval: Value) -> Value {
    json!({
        "sid": format!("HX{number:032}"),
        "friendly_name": format!("friendly_{number}"),
        "language": "en",
        "variables": variables,
        "types": types,
        "approval_requests": approval,
    })
}

fn approved(name: &str) -> Value {
    json!({ "name": name, "category": "UTILITY", "status": "approved", "rejection_reason": "" })
}

fn page(contents: &[Value], next: Option<&str>) -> Act {
    Act::Answer(
        200,
        json!({ "contents": contents, "meta": { "next_page_url": next } }).to_string(),
    )
}

async fn listed(acts: Vec<Act>) -> (Result<Vec<Template>, Code>, Vec<String>) {
    let mut platform = Platform::start(acts).await;
    let listed = twilio_at(&platform.url).list_templates(&sender()).await;
    let asked = platform
        .requests()
        .into_iter()
        .map(|request| request.head)
        .collect();
    (listed.map_err(|error| error.code()), asked)
}

#[tokio::test]
async fn templates_are_listed_page_by_page_with_what_whatsapp_says_of_them() {
    let text = |body: &str| json!({ "twilio/text": { "body": body } });
    let first = [
        content(1, json!({"1": "Ana"}), text("Hi {{1}}!"), approved("greeting")),
        content(
            2,
            json!({"name": "Ana"}),
            json!({"twilio/quick-reply": {"body": "Hi {{name}}", "actions": []}}),
            approved("named"),
        ),
    ];
    let marketing = json!({ "category": "MARKETING", "status": "paused" });
    let second = [content(3, json!({}), text("Sale"), marketing)];
    let next = "https://elsewhere.example/v1/ContentAndApprovals?PageSize=100&Page=1&PageToken=PAx%3D";
    let (found, asked) = listed(vec![page(&first, Some(next)), page(&second, None)]).await;
    let found = found.unwrap();
    let names: Vec<_> = found.iter().map(|template| template.name.as_str()).collect();
    assert_eq!(names, ["greeting", "named", "friendly_3"]);
    assert_eq!(
        found[0].provider_id.as_deref(),
        Some("HX00000000000000000000000000000001")
    );
    assert_eq!(
        (found[0].category, found[0].parameter_format),
        (Category::Utility, ParameterFormat::Positional)
    );
    assert_eq!(found[1].parameter_format, ParameterFormat::Named);
    assert!(found[0].sendable().is_ok() && found[2].sendable().is_err());
    for template in &found {
        template.validate().unwrap();
    }
    // The second page is asked of the same host: the key follows no link.
    assert!(asked[0].starts_with("GET /v1/ContentAndApprovals?PageSize=100 "));
    assert!(asked[1].starts_with("GET /v1/ContentAndApprovals?PageSize=100&Page=1&PageToken=PAx%3D "));
    assert!(asked.iter().all(|head| head.contains("uthorization: Basic ")));
}

#[tokio::test]
async fn what_cannot_be_sent_is_left_out_and_costs_no_neighbour() {
    let text = json!({ "twilio/text": { "body": "Hi {{1}}" } });
    let unsubmitted = json!({ "status": "unsubmitted" });
    let contents = [
        content(1, json!({"1": "a"}), text.clone(), unsubmitted),
        content(
            2,
            json!({"1": "a", "2": "b"}),
            text.clone(),
            approved("beyond its body"),
        ),
        content(
            3,
            json!({}),
            json!({"whatsapp/authentication": {}}),
            approved("no body"),
        ),
        content(
            4,
            json!({}),
            text.clone(),
            json!({"category": "CARRIER", "status": "approved"}),
        ),
        json!(7),
        json!({ "sid": "other" }),
        content(5, json!({"1": "a"}), text, approved("good")),
    ];
    let (found, _) = listed(vec![page(&contents, None)]).await;
    let found = found.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name, "good");
}

#[tokio::test]
async fn a_list_that_cannot_be_had_is_an_error() {
    for (act, code) in [
        (
            Act::Answer(401, r#"{"code":20003}"#.into()),
            Code::TransportRefused,
        ),
        (
            Act::Answer(429, r#"{"code":20429}"#.into()),
            Code::TransportFailed,
        ),
        (Act::Answer(503, "no".into()), Code::TransportFailed),
        (Act::Answer(200, "{}".into()), Code::TransportFailed),
        (Act::Answer(200, "no".into()), Code::TransportFailed),
        (Act::Hang, Code::TransportFailed),
    ] {
        assert_eq!(listed(vec![act.clone()]).await.0.unwrap_err(), code, "{act:?}");
    }
    // A page that leads to itself ends the list.
    let (found, asked) = listed(vec![page(&[], Some("/x?PageSize=100"))]).await;
    assert_eq!((found.unwrap().len(), asked.len()), (0, 1));
}
