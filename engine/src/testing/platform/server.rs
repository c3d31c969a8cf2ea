//! The HTTP side.

use std::fmt;
use std::sync::Arc;

use chrono::TimeDelta;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::faults::key;
use super::{Accepted, Action, Answer, Attempt, Exchange, Fault, Inner, Number, Refusal, State, sends};

const LARGEST_BODY: usize = 16 << 20;
const HOURS_OF_WINDOW: i64 = 24;
const SECONDS_OF_PAIR: i64 = 6;

/// Makes hyper close the connection without an answer.
#[derive(Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection closed without an answer")
    }
}

impl std::error::Error for Dropped {}

/// Serves until it is aborted, and its connections with it.
pub(super) async fn serve(inner: Arc<Inner>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else {
                    // Out of descriptors, most likely: the backlog keeps the client.
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    continue;
                };
                let inner = Arc::clone(&inner);
                let service = service_fn(move |request| answer(Arc::clone(&inner), request));
                connections.spawn(async move {
                    // An error is a client that went away or a connection dropped on purpose.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// What a request is answered with when all goes well.
enum Content {
    Json(Value),
    File { mime_type: String, bytes: Vec<u8> },
}

/// A request, read.
struct Call {
    action: Action,
    /// The object that the path names: a number, an account or a file.
    object: String,
    query: Vec<(String, String)>,
    /// `None` if there is none or it isn't JSON.
    body: Option<Value>,
    /// The bytes of it, as they came.
    bytes: Bytes,
}

impl Call {
    fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

async fn answer(inner: Arc<Inner>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Dropped> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_BODY)
        .collect()
        .await
        .map_err(|_| Dropped)?
        .to_bytes();
    let call = read(&inner, &parts.method, &parts.uri, body);
    let expected = format!("Bearer {}", inner.state().access_token);
    let authorized = parts
        .headers
        .get(AUTHORIZATION)
        .is_some_and(|given| given.as_bytes() == expected.as_bytes());

    let (place, seq, attempt) = open(&inner, &call, &parts.method, parts.uri.path(), authorized);
    if !authorized {
        return Ok(refuse(&inner, place, seq, &Refusal::new(190)));
    }
    // Outside of the lock: a rule may ask the platform.
    let faults = inner.faults();
    let faults = faults.of(&attempt);
    for fault in &faults {
        if let Fault::DelayBefore(time) = fault {
            sleep(&inner, *time).await;
        }
    }
    match faults
        .iter()
        .find(|fault| matches!(fault, Fault::DropBefore | Fault::Refuse(_)))
    {
        Some(Fault::Refuse(refusal)) => return Ok(refuse(&inner, place, seq, refusal)),
        Some(_) => return Err(Dropped),
        None => {}
    }
    let content = match act(&inner, &call, &faults, place) {
        Ok(content) => content,
        Err(refusal) => return Ok(refuse(&inner, place, seq, &refusal)),
    };
    inner.wake.notify_one();
    for fault in &faults {
        match fault {
            Fault::DelayAfterAccept(time) => sleep(&inner, *time).await,
            Fault::DropAfterAccept => return Err(Dropped),
            Fault::GarbageAfterAccept => {
                let page = "<!doctype html><title>OK</title>".into();
                return Ok(respond(&inner, place, 200, None, "text/html", page));
            }
            Fault::ServerErrorAfterAccept(http) => {
                let page = "<!doctype html><title>Sorry, something went wrong</title>".into();
                return Ok(respond(&inner, place, *http, None, "text/html", page));
            }
            _ => {}
        }
    }
    Ok(match content {
        Content::Json(value) => respond(
            &inner,
            place,
            200,
            None,
            "application/json",
            value.to_string().into(),
        ),
        Content::File { mime_type, bytes } => respond(&inner, place, 200, None, &mime_type, bytes.into()),
    })
}

fn read(inner: &Inner, method: &Method, uri: &hyper::Uri, bytes: Bytes) -> Call {
    let body: Option<Value> = serde_json::from_slice(&bytes).ok();
    let path: Vec<&str> = uri.path().split('/').skip(1).collect();
    let (action, object) = match (method.as_str(), path.as_slice()) {
        ("POST", [_, id, "messages"]) if body.as_ref().is_some_and(|body| body["status"] == "read") => {
            (Action::MarkRead, *id)
        }
        ("POST", [_, id, "messages" | "marketing_messages"]) => (Action::Send, *id),
        ("POST", [_, id, "media"]) => (Action::UploadMedia, *id),
        ("GET", [_, id, "message_templates"]) => (Action::ListTemplates, *id),
        ("GET", ["media", id]) => (Action::DownloadMedia, *id),
        ("GET", [_, id]) if inner.config.number(id).is_some() => (Action::ReadNumber, *id),
        ("GET", [_, id]) => (Action::ReadMedia, *id),
        _ => (Action::Other, uri.path()),
    };
    // The base is only there because a URL needs one.
    let query = Url::parse(&format!("http://localhost/?{}", uri.query().unwrap_or_default()))
        .map(|url| url.query_pairs().into_owned().collect())
        .unwrap_or_default();
    Call {
        action,
        object: object.to_owned(),
        query,
        body,
        bytes,
    }
}

/// Logs a request that came in, and says what the rules for faults get to see of it.
fn open(inner: &Inner, call: &Call, method: &Method, path: &str, authorized: bool) -> (usize, u64, Attempt) {
    let body = call.body.clone().unwrap_or_default();
    let recipient = body["to"]
        .as_str()
        .or(body["recipient"].as_str())
        .unwrap_or_default()
        .to_owned();
    let mut state = inner.state();
    let seq = state.next();
    let mut tries = 0;
    if call.action == Action::Send && authorized {
        let counted = state.tries.entry(key(&recipient)).or_default();
        *counted += 1;
        tries = *counted;
    }
    state.requests.push(Exchange {
        seq,
        method: method.to_string(),
        path: path.to_owned(),
        action: call.action,
        body: body.clone(),
        wamid: None,
        answer: None,
    });
    let correlation = body["biz_opaque_callback_data"].as_str().map(str::to_owned);
    let attempt = Attempt {
        seq,
        action: call.action,
        recipient,
        tries,
        correlation,
        body,
    };
    (state.requests.len() - 1, seq, attempt)
}

async fn sleep(inner: &Inner, time: std::time::Duration) {
    let clock = &inner.config.clock;
    let time = TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX);
    let deadline = clock
        .now()
        .checked_add_signed(time)
        .unwrap_or(chrono::DateTime::<chrono::Utc>::MAX_UTC);
    clock.sleep_until(deadline).await;
}

fn refuse(inner: &Inner, place: usize, seq: u64, refusal: &Refusal) -> Response<Full<Bytes>> {
    let body = refusal.answer(seq).to_string().into();
    respond(
        inner,
        place,
        refusal.http,
        Some(refusal.code),
        "application/json",
        body,
    )
}

fn respond(
    inner: &Inner,
    place: usize,
    http: u16,
    code: Option<i64>,
    mime_type: &str,
    body: Bytes,
) -> Response<Full<Bytes>> {
    inner.state().requests[place].answer = Some(Answer { http, code });
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(http).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(mime_type) = mime_type.parse() {
        response.headers_mut().insert(CONTENT_TYPE, mime_type);
    }
    response
}

/// Does what is asked, all at once.
fn act(inner: &Inner, call: &Call, faults: &[Fault], place: usize) -> Result<Content, Refusal> {
    let no_object = || Refusal::no_object(&call.object);
    let no_json = || Refusal::new(100).details("The body is not a JSON object");
    let body = || {
        call.body
            .as_ref()
            .filter(|body| body.is_object())
            .ok_or_else(no_json)
    };
    let mut state = inner.state();
    match call.action {
        Action::Send => {
            let number = inner.config.number(&call.object).ok_or_else(no_object)?;
            accept(inner, &mut state, number, body()?, faults, place).map(Content::Json)
        }
        Action::MarkRead => {
            inner.config.number(&call.object).ok_or_else(no_object)?;
            match body()?["message_id"].as_str() {
                Some(id) if !id.is_empty() => Ok(Content::Json(json!({ "success": true }))),
                _ => Err(Refusal::new(100).details("The parameter message_id is required")),
            }
        }
        Action::ListTemplates if call.object == inner.config.waba_id => {
            list(inner, &state, call).map(Content::Json)
        }
        Action::ReadNumber => {
            let number = inner.config.number(&call.object).ok_or_else(no_object)?;
            Ok(Content::Json(json!({
                "id": number.id,
                "display_phone_number": number.display_phone_number,
                "verified_name": "Test Business",
                "quality_rating": "GREEN",
                "whatsapp_business_manager_messaging_limit": "TIER_UNLIMITED",
            })))
        }
        Action::UploadMedia => {
            inner.config.number(&call.object).ok_or_else(no_object)?;
            let bad = || Refusal::new(100).details("The parameter file is required");
            let (mime_type, file) = form_file(&call.bytes).ok_or_else(bad)?;
            let media = state.add_media(inner.run, &mime_type, file);
            Ok(Content::Json(json!({ "id": media.id })))
        }
        Action::ReadMedia | Action::DownloadMedia => {
            let (media, bytes) = state.media.get(&call.object).ok_or_else(no_object)?;
            let mime_type = media.mime_type.clone();
            if call.action == Action::DownloadMedia {
                return Ok(Content::File {
                    mime_type,
                    bytes: bytes.clone(),
                });
            }
            Ok(Content::Json(json!({
                "messaging_product": "whatsapp",
                "id": media.id,
                "url": format!("{}/media/{}", inner.base_url(), media.id),
                "mime_type": mime_type,
                "sha256": media.sha256,
                "file_size": bytes.len(),
            })))
        }
        Action::ListTemplates | Action::Other => Err(no_object()),
    }
}

fn accept(
    inner: &Inner,
    state: &mut State,
    number: &Number,
    body: &Value,
    faults: &[Fault],
    place: usize,
) -> Result<Value, Refusal> {
    let send = sends::check(body, number, &state.templates)?;
    let at = inner.config.clock.now();
    if inner.config.windows && send.free_form {
        let from = [Some(&send.user_id), send.wa_id.as_ref()];
        let written = from
            .into_iter()
            .flatten()
            .filter_map(|id| state.written.get(&(number.id.clone(), id.clone())));
        if written
            .max()
            .is_none_or(|written| at - written >= TimeDelta::hours(HOURS_OF_WINDOW))
        {
            return Err(Refusal::new(131_047));
        }
    }
    let within = |seconds| {
        let since = at - TimeDelta::seconds(seconds);
        let latest = state
            .accepted
            .iter()
            .rev()
            .take_while(move |accepted| accepted.at > since);
        latest.filter(|accepted| accepted.phone_number_id == number.id)
    };
    if let Some(most) = state.limits.per_second
        && within(1).count() >= most
    {
        return Err(Refusal::new(130_429));
    }
    if state.limits.pairs && within(SECONDS_OF_PAIR).any(|accepted| accepted.user_id == send.user_id) {
        return Err(Refusal::new(131_056));
    }
    let held = faults.contains(&Fault::HeldForQuality);
    let seq = state.next();
    let text = |field: &str| body[field].as_str().map(str::to_owned);
    let accepted = Accepted {
        seq,
        wamid: format!("wamid.HBgL{:016X}{seq:012X}", inner.run),
        phone_number_id: number.id.clone(),
        to: text("to"),
        recipient: text("recipient"),
        wa_id: send.wa_id,
        user_id: send.user_id,
        correlation: text("biz_opaque_callback_data"),
        category: send.category,
        held,
        at,
        body: body.clone(),
    };
    let failures = faults.iter().filter_map(|fault| match fault {
        Fault::FailLater(refusal) => Some(refusal.clone()),
        _ => None,
    });
    state.outbox.report(&accepted, number, failures.collect());
    let contact = match (&accepted.to, &accepted.wa_id) {
        (Some(to), Some(wa_id)) => json!({ "input": to, "wa_id": wa_id }),
        _ => json!({ "input": accepted.recipient, "user_id": accepted.user_id }),
    };
    let status = if held {
        "held_for_quality_assessment"
    } else {
        "accepted"
    };
    let answer = json!({
        "messaging_product": "whatsapp",
        "contacts": [contact],
        "messages": [{ "id": accepted.wamid, "message_status": status }],
    });
    state.requests[place].wamid = Some(accepted.wamid.clone());
    state.index.insert(accepted.wamid.clone(), state.accepted.len());
    state.accepted.push(accepted);
    Ok(answer)
}

/// The type and the bytes of the part `file` of a form (RFC 7578).
fn form_file(form: &[u8]) -> Option<(String, &[u8])> {
    let find = |text: &[u8], what: &[u8]| text.windows(what.len()).position(|window| window == what);
    let line = find(form, b"\r\n")?;
    let boundary = [b"\r\n", &form[..line]].concat();
    let part = &form[find(form, b"name=\"file\"")?..];
    let head_end = find(part, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&part[..head_end]).to_lowercase();
    let mime_type = head
        .split("content-type:")
        .nth(1)?
        .lines()
        .next()?
        .trim()
        .to_owned();
    let file = &part[head_end + 4..];
    Some((mime_type, &file[..find(file, &boundary)?]))
}

/// One page of the templates: `name` and `status` narrow, `fields` picks, `limit` and `after` page.
fn list(inner: &Inner, state: &State, call: &Call) -> Result<Value, Refusal> {
    let bad = |name: &str| Refusal::new(100).details(format!("Param {name} is not valid"));
    let number = |name: &str, default: usize| match call.query(name) {
        None => Ok(default),
        Some(text) => text.parse::<usize>().map_err(|_| bad(name)),
    };
    let (limit, after) = (number("limit", 25)?.max(1), number("after", 0)?);
    let asked = |template: &&Value| {
        ["name", "status"]
            .iter()
            .all(|field| call.query(field).is_none_or(|asked| template[*field] == *asked))
    };
    let found: Vec<&Value> = state.templates.iter().filter(asked).collect();
    let page = found.iter().skip(after).take(limit).map(|template| {
        let mut template = (*template).clone();
        if let (Some(fields), Some(object)) = (call.query("fields"), template.as_object_mut()) {
            object.retain(|name, _| name == "id" || fields.split(',').any(|field| field.trim() == name));
        }
        template
    });
    let data: Vec<Value> = page.collect();
    let end = after + data.len();
    let mut paging = json!({ "cursors": { "before": after.to_string(), "after": end.to_string() } });
    if end < found.len() {
        let mut next = Url::parse(&format!(
            "{}/v25.0/{}/message_templates",
            inner.base_url(),
            call.object
        ))
        .map_err(|_| bad("id"))?;
        let kept = call.query.iter().filter(|(name, _)| name != "after");
        next.query_pairs_mut()
            .extend_pairs(kept)
            .append_pair("after", &end.to_string());
        paging["next"] = next.as_str().into();
    }
    Ok(json!({ "data": data, "paging": paging }))
}
