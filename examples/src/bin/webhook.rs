//! A whole server: webhooks of WhatsApp and of Twilio by axum, and a worker beside it.
//!
//! `APP_SECRET=… VERIFY_TOKEN=… ACCESS_TOKEN=… webhook` listens on 127.0.0.1:8080; senders are connected once, by
//! [`tertulia::Accounts::connect`] with the credential reference `main`. With `TWILIO_ACCOUNT_SID`, `TWILIO_AUTH_TOKEN` and
//! `PUBLIC_URL` (this server's address from outside, as in `https://shop.example`) it speaks SMS too, with the reference
//! `twilio`.

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use tertulia::{
    Crm, SqliteStorage, StaticCredentials, Twilio, TwilioConfig, WebhookRequest, WhatsApp, WhatsAppConfig,
    http_status,
};

async fn webhook(
    State(crm): State<Crm>,
    Path(endpoint): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    let request = WebhookRequest {
        method: method.to_string(),
        url: uri.to_string(),
        headers,
        body: body.to_vec(),
    };
    match crm.receive(&endpoint, request).await {
        Ok(received) => ([(CONTENT_TYPE, received.content_type)], received.body).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(http_status(&error)).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            (status, error.to_string()).into_response()
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let secret = |name: &str| std::env::var(name).map_err(|_| format!("the environment lacks {name}"));
    let transport = WhatsApp::new(WhatsAppConfig::new(
        secret("APP_SECRET")?,
        secret("VERIFY_TOKEN")?,
    ))?;
    let mut keys = StaticCredentials::default().with("main", secret("ACCESS_TOKEN")?);
    let mut builder = Crm::builder()
        .storage(Arc::new(SqliteStorage::open("crm.db")?))
        .transport("whatsapp", transport);
    if let Ok(account) = secret("TWILIO_ACCOUNT_SID") {
        let token = secret("TWILIO_AUTH_TOKEN")?;
        let public_url = format!("{}/webhooks/twilio", secret("PUBLIC_URL")?);
        keys = keys.with("twilio", format!("{account}:{token}"));
        builder = builder.transport("twilio", Twilio::new(TwilioConfig::new(token, public_url))?);
    }
    let crm = builder.credentials(keys).build()?;
    let worker = tokio::spawn({
        let crm = crm.clone();
        async move { crm.work().await }
    });
    let app = Router::new()
        .route("/webhooks/{endpoint}", any(webhook))
        .with_state(crm.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    let until = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    axum::serve(listener, app).with_graceful_shutdown(until).await?;
    crm.close().await?;
    worker.await??;
    Ok(())
}
