//! The transport as its users see it: webhooks in, sends out.

// Helpers of tests are not tests to clippy.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

mod media;
mod platform;
mod real;
mod requests;
mod sends;
mod shapes;
mod webhooks;

use tertulia_core::error::Error;
use tertulia_core::inbound::InboundEvent;
use tertulia_transport_traits::WebhookRequest;
use tertulia_transport_whatsapp::{WhatsApp, WhatsAppConfig, signature};

const APP_SECRET: &str = "app-secret";

fn config() -> WhatsAppConfig {
    WhatsAppConfig::new(APP_SECRET, "verify-token")
}

/// Reads a body as if the platform had signed and sent it.
fn read(whatsapp: &WhatsApp, body: &[u8]) -> Result<Vec<InboundEvent>, Error> {
    whatsapp.parse(&WebhookRequest {
        method: "POST".into(),
        url: "https://shop.example/webhook".into(),
        headers: vec![(
            signature::HEADER.to_lowercase(),
            signature::sign(APP_SECRET, body),
        )],
        body: body.to_vec(),
    })
}
