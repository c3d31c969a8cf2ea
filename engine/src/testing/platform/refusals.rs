//! What the platform answers when it says no.

use serde_json::{Value, json};

/// A refusal as the platform words it: in the answer to a request, or later in a `failed` status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The numeric code by which failures are told apart.
    pub code: i64,
    /// The subcode, where there is one.
    pub subcode: Option<i64>,
    /// The HTTP status of the answer.
    pub http: u16,
    /// The short text beside the code.
    pub title: String,
    /// What was wrong with this request in particular.
    pub details: String,
    /// The platform's own word on whether trying again may help, where it gives one.
    pub transient: Option<bool>,
}

/// Code, HTTP status, `is_transient` where given, title. Codes and statuses: Meta, Cloud API error codes (2026);
/// throttling is documented as 429 and seen as 400 too, for which there is [`Refusal::http`].
const KNOWN: &[(i64, u16, Option<bool>, &str)] = &[
    (0, 401, None, "Authentication failed"),
    (1, 400, None, "Unknown API error"),
    (2, 503, Some(true), "Service unavailable"),
    (3, 500, None, "No such capability"),
    (4, 429, None, "Too many API calls"),
    (10, 403, None, "Permission denied"),
    (100, 400, None, "Invalid parameter"),
    (190, 401, None, "Access token expired or invalid"),
    (200, 403, None, "Permission missing"),
    (368, 403, None, "Blocked for policy violations"),
    (80_007, 429, None, "Account rate limit"),
    (130_429, 429, None, "Throughput limit of the number"),
    (130_472, 400, None, "Recipient is part of an experiment"),
    (130_497, 403, None, "Business may not message this country"),
    (131_000, 500, None, "Something went wrong"),
    (131_005, 403, None, "Access denied"),
    (131_008, 400, None, "Required parameter missing"),
    (131_009, 400, None, "Parameter value not valid"),
    (131_016, 500, Some(true), "Service overloaded"),
    (131_021, 400, None, "Recipient is the sender"),
    (131_026, 400, None, "Message undeliverable"),
    (131_030, 400, None, "Recipient not on the allow-list"),
    (131_031, 403, None, "Business account locked"),
    (131_037, 400, None, "Display name not approved"),
    (131_042, 400, None, "Payment problem"),
    (131_044, 400, None, "Payment method missing"),
    (131_045, 500, None, "Sender not registered"),
    (131_047, 400, None, "More than 24 hours since the person wrote"),
    (131_048, 429, None, "Restricted for spam or quality"),
    (131_049, 400, None, "Held back for the ecosystem's health"),
    (131_050, 400, None, "Person stopped marketing messages"),
    (131_051, 400, None, "Unsupported message type"),
    (131_052, 400, None, "Media download failed"),
    (131_053, 400, None, "Media upload failed"),
    (131_056, 429, None, "Pair rate limit"),
    (131_057, 500, Some(true), "Account in maintenance"),
    (131_062, 400, None, "Recipient must be a phone number"),
    (131_063, 400, None, "Marketing not enabled on this endpoint"),
    (131_064, 429, None, "Limited for misclassified templates"),
    (132_000, 400, None, "Wrong number of template parameters"),
    (132_001, 404, None, "Template does not exist in this language"),
    (132_005, 400, None, "Template text too long once filled in"),
    (132_007, 400, None, "Template violates policy"),
    (132_008, 400, None, "Template parameter value not valid"),
    (132_012, 400, None, "Template parameter of the wrong format"),
    (132_015, 400, None, "Template paused"),
    (132_016, 400, None, "Template disabled"),
    (132_068, 400, None, "Flow blocked"),
    (132_069, 400, None, "Flow throttled"),
    (133_004, 503, Some(true), "Server unavailable"),
    (133_010, 400, None, "Number not registered"),
    (133_016, 400, None, "Registered too often"),
    (135_000, 400, None, "Generic user error"),
    (137_000, 400, None, "Identity hash mismatch"),
];

impl Refusal {
    /// The refusal with this code, with the HTTP status and title that go with it. A code that isn't known gets 400.
    pub fn new(code: i64) -> Self {
        let (http, transient, title) = KNOWN
            .iter()
            .find(|row| row.0 == code)
            .map_or((400, None, "Unknown error"), |row| (row.1, row.2, row.3));
        Self {
            code,
            subcode: None,
            http,
            title: title.into(),
            details: title.into(),
            transient,
        }
    }

    /// The same with another HTTP status.
    #[must_use]
    pub fn http(mut self, status: u16) -> Self {
        self.http = status;
        self
    }

    /// The same with `error_data.details`.
    #[must_use]
    pub fn details(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }

    /// The same with `is_transient`.
    #[must_use]
    pub fn transient(mut self, transient: bool) -> Self {
        self.transient = Some(transient);
        self
    }

    /// The object that was named isn't there, or isn't the caller's.
    pub(super) fn no_object(id: &str) -> Self {
        let mut refusal = Self::new(100).details(format!("Object with ID '{id}' does not exist"));
        refusal.subcode = Some(33);
        refusal
    }

    /// The body of an answer that refuses.
    pub(super) fn answer(&self, trace: u64) -> Value {
        let mut error = json!({
            "message": format!("(#{}) {}", self.code, self.title),
            "type": "OAuthException",
            "code": self.code,
            "error_data": { "messaging_product": "whatsapp", "details": self.details },
            "fbtrace_id": format!("A{trace:016X}"),
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        if let Some(transient) = self.transient {
            error["is_transient"] = transient.into();
        }
        json!({ "error": error })
    }

    /// One of the `errors` of a status.
    pub(super) fn in_status(&self) -> Value {
        json!({
            "code": self.code,
            "title": self.title,
            "message": self.title,
            "error_data": { "details": self.details },
            "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        })
    }
}
