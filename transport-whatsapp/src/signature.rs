//! Who sent a webhook: the signature over its raw bytes, and the verification request.
//!
//! Source: WhatsApp webhooks, "Create a webhook endpoint".

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tertulia_core::error::{Code, Error};

/// The header that carries the signature.
pub const HEADER: &str = "X-Hub-Signature-256";

const PREFIX: &str = "sha256=";
const DIGITS: usize = 64;

/// The header's value that the platform sends with this body: what a test of a webhook endpoint needs.
pub fn sign(app_secret: &str, body: &[u8]) -> String {
    format!(
        "{PREFIX}{}",
        hex::encode(mac(app_secret, body).finalize().into_bytes())
    )
}

/// Checks the header's value against the raw body, in constant time.
pub(crate) fn check(app_secret: &str, header: Option<&str>, body: &[u8]) -> Result<(), Error> {
    let Some(header) = header else {
        return Err(Error::new(
            Code::WebhookSignatureMissing,
            format!("the request has no {HEADER} header; hand over all headers that the host received"),
        ));
    };
    let malformed = |what: &str| {
        Error::new(
            Code::WebhookSignatureMalformed,
            format!("the {HEADER} header {what}; it is {PREFIX} and {DIGITS} lowercase hexadecimal digits"),
        )
    };
    let digits = header
        .strip_prefix(PREFIX)
        .ok_or_else(|| malformed("does not begin with sha256="))?;
    if digits.len() != DIGITS {
        return Err(malformed(&format!(
            "has {} signs after sha256=",
            digits.chars().count()
        )));
    }
    // `hex` would take capitals too; the platform never sends them.
    if !digits
        .bytes()
        .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    {
        return Err(malformed("has signs other than lowercase hexadecimal digits"));
    }
    let signature = hex::decode(digits).map_err(|cause| malformed("cannot be decoded").because(cause))?;
    mac(app_secret, body).verify_slice(&signature).map_err(|_| {
        Error::new(
            Code::WebhookSignatureWrong,
            format!(
                "the {HEADER} header does not belong to this body of {} bytes and the app secret; \
                 check the secret, and that the body is the bytes as received",
                body.len()
            ),
        )
    })
}

/// Answers the verification request with its challenge if it carries our token.
pub(crate) fn challenge(verify_token: &str, query: &str) -> Result<String, Error> {
    let mut mode = None;
    let mut token = None;
    let mut challenge = None;
    for (key, value) in form_urlencoded::parse(query.as_bytes()) {
        let slot = match &*key {
            "hub.mode" => &mut mode,
            "hub.verify_token" => &mut token,
            "hub.challenge" => &mut challenge,
            _ => continue,
        };
        slot.get_or_insert(value);
    }
    let refused = |what: &str| {
        Error::new(
            Code::WebhookVerificationFailed,
            format!("the verification request {what}"),
        )
    };
    if mode.as_deref() != Some("subscribe") {
        return Err(refused("does not have hub.mode=subscribe"));
    }
    let token = token.ok_or_else(|| refused("has no hub.verify_token"))?;
    if !bool::from(token.as_bytes().ct_eq(verify_token.as_bytes())) {
        return Err(refused(
            "carries another hub.verify_token than the one configured",
        ));
    }
    Ok(challenge
        .ok_or_else(|| refused("has no hub.challenge"))?
        .into_owned())
}

fn mac(app_secret: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()).unwrap_or_else(|_| {
        unreachable!("HMAC takes keys of any length (RFC 2104, section 2)");
    });
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "app-secret";
    const EMPTY: (&str, &str) = (
        r#"{"object":"whatsapp_business_account","entry":[]}"#,
        "sha256=d3e4f9da0ce6c71ab3dba55929b8eeeee2455349e534924ead19f98d143e904f",
    );
    const UTF8: (&str, &str) = (
        r#"{"body":"Olá ✅"}"#,
        "sha256=b90847d94e077dd3785a0f2196cd1b49b81ff142e54d1244eb0700535eeb9aa4",
    );

    fn code(header: Option<&str>, body: &str) -> Code {
        check(SECRET, header, body.as_bytes()).unwrap_err().code()
    }

    #[test]
    fn the_check_vectors_verify_and_are_what_sign_makes() {
        for (body, header) in [EMPTY, UTF8] {
            check(SECRET, Some(header), body.as_bytes()).unwrap();
            assert_eq!(sign(SECRET, body.as_bytes()), header);
        }
    }

    #[test]
    fn a_signature_of_another_body_or_secret_is_wrong() {
        assert_eq!(code(Some(UTF8.1), EMPTY.0), Code::WebhookSignatureWrong);
        assert_eq!(
            code(Some(EMPTY.1), &format!("{} ", EMPTY.0)),
            Code::WebhookSignatureWrong
        );
        assert_eq!(
            code(Some(&sign("other", EMPTY.0.as_bytes())), EMPTY.0),
            Code::WebhookSignatureWrong
        );
        for digit in 7..EMPTY.1.len() {
            let mut header = EMPTY.1.to_owned().into_bytes();
            header[digit] = if header[digit] == b'0' { b'1' } else { b'0' };
            assert_eq!(
                code(Some(&String::from_utf8(header).unwrap()), EMPTY.0),
                Code::WebhookSignatureWrong
            );
        }
    }

    #[test]
    fn a_missing_signature_is_told_from_a_malformed_one() {
        assert_eq!(code(None, EMPTY.0), Code::WebhookSignatureMissing);
        let digits = &EMPTY.1[7..];
        for header in [
            String::new(),
            "sha256=".into(),
            digits.into(),
            format!("sha1={digits}"),
            format!("SHA256={digits}"),
            format!(" sha256={digits}"),
            format!("sha256={digits}0"),
            format!("sha256={}", &digits[1..]),
            format!("sha256={}", digits.to_uppercase()),
            format!("sha256={}g", &digits[1..]),
            format!("sha256={}é", &digits[2..]),
        ] {
            assert_eq!(
                code(Some(&header), EMPTY.0),
                Code::WebhookSignatureMalformed,
                "{header}"
            );
        }
    }

    #[test]
    fn the_challenge_comes_back_decoded_for_our_token_only() {
        let ok = "hub.mode=subscribe&hub.challenge=115%208&hub.verify_token=s%26cret%2B";
        assert_eq!(challenge("s&cret+", ok).unwrap(), "115 8");
        assert_eq!(challenge("s&cret+", &ok.replace('.', "%2E")).unwrap(), "115 8");
        for query in [
            "",
            "hub.mode=subscribe&hub.challenge=1",
            "hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
            "hub.mode=subscribe&hub.challenge=1&hub.verify_token=s%26cret",
            "hub.mode=subscribe&hub.challenge=1&hub.verify_token=s%26cret%2B%2B",
            "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=s%26cret%2B",
            "hub.challenge=1&hub.verify_token=s%26cret%2B",
            "hub.mode=subscribe&hub.verify_token=s%26cret%2B",
            "hub.mode=subscribe&hub.challenge=1&hub.verify_token=no&hub.verify_token=s%26cret%2B",
        ] {
            assert_eq!(
                challenge("s&cret+", query).unwrap_err().code(),
                Code::WebhookVerificationFailed,
                "{query}"
            );
        }
    }
}
