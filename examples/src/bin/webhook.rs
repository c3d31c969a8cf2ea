//! A whole server: WhatsApp webhooks by axum, and a worker beside it.
//!
//! `APP_SECRET=… VERIFY_TOKEN=… ACCESS_TOKEN=… webhook` listens on 127.0.0.1:8080; senders are connected once, by
//! [`tertulia::Accounts::connect`] with the credential reference `main`.

use std::error::Error;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::routing::any;
use tertulia::{
    Crm, SqliteStorage, StaticCredentials, WebhookRequest, WhatsApp, WhatsAppConfig, http_status,
};

async fn whatsapp(
    State(crm): State<Crm>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
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
    match crm.receive("whatsapp", request).await {
        Ok(received) => (StatusCode::OK, received.body),
        Err(error) => {
            let status = StatusCode::from_u16(http_status(&error)).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            (status, error.to_string())
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
    let crm = Crm::builder()
        .storage(Arc::new(SqliteStorage::open("crm.db")?))
        .transport("whatsapp", transport)
        .credentials(StaticCredentials::default().with("main", secret("ACCESS_TOKEN")?))
        .build()?;
    let worker = tokio::spawn({
        let crm = crm.clone();
        async move { crm.work().await }
    });
    let app = Router::new()
        .route("/webhooks/whatsapp", any(whatsapp))
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
