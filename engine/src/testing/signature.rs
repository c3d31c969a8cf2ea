use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// The value of the `X-Hub-Signature-256` header that Meta's platforms send with this body: `sha256=` and the
/// HMAC-SHA256 of the raw bytes under the app's secret, in lowercase hex.
///
/// Source: Meta, `WhatsApp` webhooks, "create a webhook endpoint" (April 2026).
#[expect(clippy::missing_panics_doc, reason = "HMAC takes a key of any length")]
pub fn sign(app_secret: &str, body: &[u8]) -> String {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// The value of the `X-Twilio-Signature` header that Twilio sends with this form to this URL: the base64 of the HMAC-SHA1,
/// under the account's auth token, of the URL and then of each parameter's name and value, sorted.
///
/// Source: twilio.com/docs/usage/security (2026).
#[expect(clippy::missing_panics_doc, reason = "HMAC takes a key of any length")]
pub fn sign_twilio(auth_token: &str, url: &str, form: &str) -> String {
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    pairs.sort();
    pairs.dedup();
    let mut mac =
        Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(url.as_bytes());
    for (name, value) in &pairs {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    base64(&mac.finalize().into_bytes())
}

pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn signatures_are_those_of_the_known_vectors() {
        for (body, expected) in [
            (
                r#"{"object":"whatsapp_business_account","entry":[]}"#,
                "sha256=d3e4f9da0ce6c71ab3dba55929b8eeeee2455349e534924ead19f98d143e904f",
            ),
            (
                r#"{"body":"Olá ✅"}"#,
                "sha256=b90847d94e077dd3785a0f2196cd1b49b81ff142e54d1244eb0700535eeb9aa4",
            ),
        ] {
            assert_eq!(super::sign("app-secret", body.as_bytes()), expected);
        }
    }

    #[test]
    fn twilios_signatures_are_those_of_its_own_library() {
        let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
        for (form, expected) in [
            (
                "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212",
                "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
            ),
            (
                "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234",
                "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
            ),
        ] {
            assert_eq!(super::sign_twilio("12345", url, form), expected);
        }
    }
}
