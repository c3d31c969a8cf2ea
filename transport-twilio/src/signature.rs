//! Who sent a webhook: the signature over the public URL and the form's parameters (Twilio, "Webhooks security").

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tertulia_core::error::{Code, Error};
use tertulia_transport_traits::WebhookRequest;

use crate::public_url::PublicUrl;

/// The header that carries the signature.
pub const HEADER: &str = "X-Twilio-Signature";

/// The parameter of the URL that carries the digest of a body that is no form.
const BODY_DIGEST: &str = "bodySHA256";

/// The header's value that the platform sends with this form to this URL: what a test of a webhook endpoint needs.
///
/// Names in the order of their bytes, each with its distinct values in order, behind the URL.
pub fn sign(auth_token: &str, url: &str, form: &[u8]) -> String {
    STANDARD.encode(mac(auth_token, url, form).finalize().into_bytes())
}

fn mac(auth_token: &str, url: &str, form: &[u8]) -> Hmac<Sha1> {
    let mut sorted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(form) {
        sorted
            .entry(name.into_owned())
            .or_default()
            .insert(value.into_owned());
    }
    let mut mac = Hmac::<Sha1>::new_from_slice(auth_token.as_bytes()).unwrap_or_else(|_| {
        unreachable!("HMAC takes keys of any length (RFC 2104, section 2)");
    });
    mac.update(url.as_bytes());
    for (name, values) in &sorted {
        for value in values {
            mac.update(name.as_bytes());
            mac.update(value.as_bytes());
        }
    }
    mac
}

/// Whether the body is no form, but vouched for by its digest in the URL.
pub(crate) fn has_body_digest(query: &str) -> bool {
    body_digest(query).is_some()
}

fn body_digest(query: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find(|(name, _)| name == BODY_DIGEST)
        .map(|(_, value)| value.into_owned())
}

/// Checks the header against the request, in constant time, for the URL with and without its port.
pub(crate) fn check(auth_token: &str, url: &PublicUrl, request: &WebhookRequest) -> Result<(), Error> {
    let Some(header) = request.header(HEADER) else {
        return Err(Error::new(
            Code::WebhookSignatureMissing,
            format!("the request has no {HEADER} header; hand over all headers that the host received"),
        ));
    };
    let malformed = |what: &str| {
        Error::new(
            Code::WebhookSignatureMalformed,
            format!("the {HEADER} header {what}; it is the base64 of 20 bytes"),
        )
    };
    let signature = STANDARD
        .decode(header)
        .map_err(|cause| malformed("is no base64").because(cause))?;
    if signature.len() != 20 {
        return Err(malformed("is of another length"));
    }
    let query = request.query();
    let digest = body_digest(query);
    let form: &[u8] = if digest.is_some() { &[] } else { &request.body };
    let signed = url.spellings(query).iter().fold(false, |signed, url| {
        signed | mac(auth_token, url, form).verify_slice(&signature).is_ok()
    });
    let intact = digest.is_none_or(|digest| {
        let own = hex::encode(Sha256::digest(&request.body));
        own.as_bytes()
            .ct_eq(digest.to_ascii_lowercase().as_bytes())
            .into()
    });
    if signed && intact {
        return Ok(());
    }
    Err(Error::new(
        Code::WebhookSignatureWrong,
        format!(
            "the {HEADER} header belongs to another auth token, body or URL; it was checked for {url}: set public_url to \
             the address exactly as it stands in Twilio's console (scheme, host and path as they are outside of any \
             proxy), hand over the query as it came, and check the auth token",
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "12345";
    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
    const FORM: &str =
        "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212";

    #[test]
    fn the_published_vectors_are_what_sign_makes() {
        assert_eq!(sign(TOKEN, URL, FORM.as_bytes()), "RSOYDt4T1cUTdK1PDd93/VVr8B8=");
        let with_port = URL.replace(".com", ".com:443");
        assert_eq!(
            sign(TOKEN, &with_port, FORM.as_bytes()),
            "kvajT1Ptam85bY51eRf/AJRuM3w="
        );
        let doubles = "Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234";
        assert_eq!(
            sign(TOKEN, URL, doubles.as_bytes()),
            "IK+Dwps556ElfBT0I3Rgjkr1wJU="
        );
        let repeated = "Digits=1234&Sid=CA123&Digits=5678&SidAccount=AC123&Digits=5678";
        assert_eq!(
            sign(TOKEN, URL, repeated.as_bytes()),
            "IK+Dwps556ElfBT0I3Rgjkr1wJU="
        );
        let json = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
        let url = format!("{URL}&bodySHA256={json}");
        assert_eq!(sign(TOKEN, &url, b""), "a9nBmqA0ju/hNViExpshrM61xv4=");
    }

    fn request(url: &str, signature: Option<&str>, body: &str) -> WebhookRequest {
        WebhookRequest {
            method: "POST".into(),
            url: url.into(),
            headers: signature
                .map(|value| (HEADER.to_lowercase(), value.into()))
                .into_iter()
                .collect(),
            body: body.into(),
        }
    }

    fn checked(public_url: &str, request: &WebhookRequest) -> Result<(), Code> {
        let url = PublicUrl::parse(public_url).unwrap();
        check(TOKEN, &url, request).map_err(|error| error.code())
    }

    #[test]
    fn the_configured_url_counts_and_not_what_the_proxy_made_of_it() {
        let signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
        for seen in [
            "/myapp.php?foo=1&bar=2",
            "http://10.0.0.1:8080/inner?foo=1&bar=2",
            URL,
        ] {
            assert_eq!(
                checked(
                    "https://mycompany.com/myapp.php",
                    &request(seen, Some(signature), FORM)
                ),
                Ok(())
            );
        }
        for wrong in [
            "http://mycompany.com/myapp.php",
            "https://mycompany.com/inner",
            "https://www.mycompany.com/myapp.php",
            "https://mycompany.com:8443/myapp.php",
        ] {
            let told = checked(wrong, &request("/myapp.php?foo=1&bar=2", Some(signature), FORM));
            // A port of one's own is left out of what the platform signs.
            let expected = if wrong.contains("8443") {
                Ok(())
            } else {
                Err(Code::WebhookSignatureWrong)
            };
            assert_eq!(told, expected, "{wrong}");
        }
        let url = PublicUrl::parse("http://mycompany.com/myapp.php?key=k").unwrap();
        let error = check(TOKEN, &url, &request("/", Some(signature), FORM)).unwrap_err();
        assert!(
            error.message().contains("http://mycompany.com/myapp.php:"),
            "{error}"
        );
        assert!(error.message().contains("public_url") && !error.message().contains("key=k"));
    }

    #[test]
    fn the_port_may_stand_in_the_signed_url_or_not() {
        for port in ["", ":443"] {
            for signature in ["RSOYDt4T1cUTdK1PDd93/VVr8B8=", "kvajT1Ptam85bY51eRf/AJRuM3w="] {
                let url = format!("https://mycompany.com{port}/myapp.php");
                assert_eq!(
                    checked(&url, &request("/?foo=1&bar=2", Some(signature), FORM)),
                    Ok(()),
                    "{url}"
                );
            }
        }
    }

    #[test]
    fn a_json_body_is_vouched_for_by_its_digest_in_the_url() {
        let body = r#"{"property": "value", "boolean": true}"#;
        let digest = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
        let url = format!("/myapp.php?foo=1&bar=2&bodySHA256={digest}");
        let signature = Some("a9nBmqA0ju/hNViExpshrM61xv4=");
        let public = "https://mycompany.com/myapp.php";
        assert_eq!(checked(public, &request(&url, signature, body)), Ok(()));
        let wrong = Err(Code::WebhookSignatureWrong);
        assert_eq!(
            checked(public, &request(&url, signature, &format!("{body} "))),
            wrong
        );
        let forged = url.replace(digest, &hex::encode(Sha256::digest("{}")));
        assert_eq!(checked(public, &request(&forged, signature, "{}")), wrong);
    }

    #[test]
    fn any_other_signature_body_token_or_query_is_wrong() {
        let public = "https://mycompany.com/myapp.php";
        let right = sign(TOKEN, URL, FORM.as_bytes());
        let query = "/?foo=1&bar=2";
        let wrong = Err(Code::WebhookSignatureWrong);
        for position in 0..FORM.len() {
            if let Some(cut) = FORM.get(..position) {
                assert_eq!(
                    checked(public, &request(query, Some(&right), cut)),
                    wrong,
                    "cut at {position}"
                );
            }
        }
        assert_eq!(checked(public, &request("/?foo=1", Some(&right), FORM)), wrong);
        assert_eq!(
            checked(
                public,
                &request(query, Some(&sign("1234", URL, FORM.as_bytes())), FORM)
            ),
            wrong
        );
        assert_eq!(
            checked(public, &request(query, None, FORM)),
            Err(Code::WebhookSignatureMissing)
        );
        for malformed in [
            "",
            "x",
            "sha256=0",
            &right[..24],
            &right.replace('=', ""),
            &format!("{right}{right}"),
        ] {
            let told = checked(public, &request(query, Some(malformed), FORM));
            assert_eq!(told, Err(Code::WebhookSignatureMalformed), "{malformed:?}");
        }
    }
}
