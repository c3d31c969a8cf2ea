//! The transport as its users see it: webhooks in, sends out.

// Helpers of tests are not tests to clippy.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value)]

mod media;
#[allow(
    dead_code,
    reason = "the tests of WhatsApp's transport, whose it is, use more of it"
)]
#[path = "../../../transport-whatsapp/tests/whatsapp/platform.rs"]
mod platform;
mod requests;
mod sends;
mod shapes;
mod templates;
mod webhooks;

use tertulia_core::error::Error;
use tertulia_core::inbound::InboundEvent;
use tertulia_transport_traits::WebhookRequest;
use tertulia_transport_twilio::{Twilio, TwilioConfig, signature};

const TOKEN: &str = "auth-token";
const URL: &str = "https://shop.example/webhooks/twilio";

fn config() -> TwilioConfig {
    TwilioConfig::new(TOKEN, URL)
}

fn twilio() -> Twilio {
    Twilio::new(config()).unwrap()
}

/// A form of these parameters.
fn form(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters);
    form.finish().into_bytes()
}

/// A request as the platform makes it, with this query.
fn request(query: &str, body: &[u8]) -> WebhookRequest {
    let url = if query.is_empty() {
        URL.to_owned()
    } else {
        format!("{URL}?{query}")
    };
    WebhookRequest {
        method: "POST".into(),
        headers: vec![(
            signature::HEADER.to_lowercase(),
            signature::sign(TOKEN, &url, body),
        )],
        // As a server behind a proxy sees it.
        url: url.replace("https://shop.example", "http://10.0.0.1:8080"),
        body: body.to_vec(),
    }
}

/// Reads a body as if the platform had signed and sent it.
fn read(query: &str, body: &[u8]) -> Result<Vec<InboundEvent>, Error> {
    twilio().parse(&request(query, body))
}
