//! What a host hands over and is not what a call takes: one typed error that names the place.

use serde_json::{Value, json};
use tertulia_bindings_shapes::{Handle, Kind, Scope, Watch, open};

use crate::support::{Shop, call};

const ID: &str = "019b8d2a-0000-7000-8000-000000000001";

#[tokio::test]
async fn bad_input_is_refused_with_its_place() {
    let shop = Shop::open().await;
    let one = format!(r#"{{"id": "{ID}"}}"#);
    let proof = |at: &str| {
        format!(
            r#"{{"contact": "{ID}", "request": {{"opt_in": true, "scope": {{"purpose": "everything"}}, "at": {at}}}}}"#
        )
    };
    let nested = format!(
        r#"{{"filter": {}"everyone"{}}}"#,
        r#"{"not":"#.repeat(5_000),
        "}".repeat(5_000)
    );
    let cases: &[(&str, &str, &str)] = &[
        // Wrong types.
        (
            "contacts.create",
            r#"{"new": {"phone": 351}}"#,
            "contacts.create new.phone: invalid type: integer `351`, expected a string",
        ),
        (
            "contacts.create",
            r#"{"new": {"tags": "vip"}}"#,
            "contacts.create new.tags: invalid type: string \"vip\", expected a sequence",
        ),
        (
            "contacts.create",
            r#"{"new": {"tags": ["vip", 7]}}"#,
            "contacts.create new.tags[1]: invalid type: integer `7`",
        ),
        (
            "contacts.create",
            r#"{"new": "Ana"}"#,
            "contacts.create new: invalid type: string \"Ana\", expected struct NewContact",
        ),
        ("contacts.create", "[]", "contacts.create: invalid length 0"),
        (
            "contacts.set_active",
            r#"{"id": "x", "active": true}"#,
            "contacts.set_active id: UUID parsing failed",
        ),
        (
            "contacts.list",
            r#"{"filter": "nobody"}"#,
            "contacts.list filter: unknown variant `nobody`, expected one of `everyone`",
        ),
        (
            "contacts.list",
            r#"{"filter": {"and": ["everyone", {"tags": {"some": []}}]}}"#,
            "contacts.list filter.and[1].tags: unknown variant `some`, expected one of `any`",
        ),
        (
            "imports.inspect",
            r#"{"file": {"bytes": "no base64!"}}"#,
            "imports.inspect file.bytes: Invalid symbol 32, offset 2.",
        ),
        // Nothing where something is needed.
        (
            "contacts.create",
            r#"{"new": null}"#,
            "contacts.create new: invalid type: null",
        ),
        (
            "contacts.create",
            r#"{"new": {"tags": null}}"#,
            "contacts.create new.tags: invalid type: null, expected a sequence",
        ),
        ("contacts.get", "{}", "contacts.get: missing field `id`"),
        ("contacts.get", "", "contacts.get: missing field `id`"),
        (
            "contacts.get",
            r#"{"id": null}"#,
            "contacts.get id: invalid type: null",
        ),
        // Numbers.
        (
            "events.read",
            r#"{"after": 18446744073709551616, "limit": 1}"#,
            "events.read after: invalid type: floating point `1.8446744073709552e+19`, expected u64",
        ),
        (
            "events.read",
            r#"{"after": -1, "limit": 1}"#,
            "events.read after: invalid value: integer `-1`, expected u64",
        ),
        (
            "events.read",
            r#"{"after": 0, "limit": 1.5}"#,
            "events.read limit: invalid type: floating point `1.5`, expected usize",
        ),
        (
            "contacts.list",
            r#"{"filter": "everyone", "page": {"limit": 1e3}}"#,
            "contacts.list page.limit: invalid type: floating point `1000.0`, expected usize",
        ),
        (
            "settings.set",
            r#"{"settings": {"window_closing_soon_seconds": 4294967296}}"#,
            "settings.set settings.window_closing_soon_seconds: invalid value: integer `4294967296`, expected u32",
        ),
        (
            "events.read",
            r#"{"after": NaN, "limit": 1}"#,
            "events.read after: expected value at line 1 column 11",
        ),
        (
            "events.read",
            r#"{"after": 1e999, "limit": 1}"#,
            "events.read after: number out of range",
        ),
        // Times.
        (
            "consent.set",
            &proof(r#""2026-01-05T09:00:00""#),
            "consent.set request.at: 2026-01-05T09:00:00 has no zone; write 2026-01-05T09:00:00Z or an offset",
        ),
        (
            "consent.set",
            &proof(r#""2026-01-05 09:00:00.25""#),
            "consent.set request.at: 2026-01-05 09:00:00.25 has no zone; write 2026-01-05T09:00:00.25Z or an offset",
        ),
        (
            "consent.set",
            &proof(r#""2026-01-05""#),
            "consent.set request.at: \"2026-01-05\" is no time; write one as in 2026-01-05T09:00:00Z",
        ),
        (
            "consent.set",
            &proof(r#""2026-13-05T09:00:00Z""#),
            "consent.set request.at: \"2026-13-05T09:00:00Z\" is no time; write one as in 2026-01-05T09:00:00Z",
        ),
        (
            "consent.set",
            &proof(r#""soon""#),
            "consent.set request.at: \"soon\" is no time",
        ),
        (
            "consent.set",
            &proof(r#""""#),
            "consent.set request.at: \"\" is no time",
        ),
        (
            "consent.set",
            &proof("1767603600"),
            "consent.set request.at: invalid type: integer `1767603600`",
        ),
        // Names.
        (
            "contacts.create",
            r#"{"new": {"colour": "red"}}"#,
            "contacts.create new.colour: unknown field `colour`, expected one of `phone`",
        ),
        (
            "contacts.get",
            &one.replace('}', r#", "also": 1}"#),
            "contacts.get also: unknown field `also`, expected `id`",
        ),
        (
            "contacts.get",
            &one.replace('}', &format!(r#", "id": "{ID}"}}"#)),
            "contacts.get: duplicate field `id`",
        ),
        (
            "imports.check",
            r#"{"file": {"bytes": ""}, "options": {"on_duplicate": "skip"}}"#,
            "imports.check options.on_duplicate: unknown field `on_duplicate`, expected one of `file`",
        ),
        // Text that is no text, and text that is no JSON.
        (
            "rules.test",
            r#"{"text": "\ud83d", "channel": "whatsapp"}"#,
            "rules.test text: ",
        ),
        (
            "rules.test",
            r#"{"text": "\udc00!", "channel": "whatsapp"}"#,
            "rules.test text: lone leading surrogate in hex escape",
        ),
        (
            "contacts.get",
            "id",
            "contacts.get: expected value at line 1 column 1",
        ),
        (
            "contacts.get",
            r#"{"id": "#,
            "contacts.get id: EOF while parsing a value",
        ),
        (
            "contacts.get",
            &format!("{one} {one}"),
            "contacts.get: trailing characters at line 1 column",
        ),
        ("contacts.count", &nested, "recursion limit exceeded"),
        // Methods.
        (
            "contacts.nonsense",
            "{}",
            "there is no method \"contacts.nonsense\" here",
        ),
        ("nonsense.get", "{}", "there is no method \"nonsense.get\" here"),
        (
            "crm.create_org",
            "{}",
            "there is no method \"crm.create_org\" here",
        ),
        ("", "{}", "there is no method \"\" here"),
    ];
    for (method, args, message) in cases {
        let failure = shop.text(method, args).await.unwrap_err();
        assert_eq!(failure.code, "input.invalid", "{method} {args:.80}");
        assert!(
            failure.message.contains(message),
            "{method} {args:.80}: {:.300}",
            failure.message
        );
        assert_eq!((&*failure.kind, &*failure.retry), ("invalid", "never"));
    }
}

#[tokio::test]
async fn a_value_that_breaks_a_rule_keeps_the_rules_code() {
    let shop = Shop::open().await;
    let strict = |text: &str| json!({"contact": ID, "text": text, "strict": true});
    for (method, args, code, message) in [
        (
            "inbox.render",
            strict("Hi {{contact.shoe}}"),
            "render.unknown_variable",
            "inbox.render text: there is no variable \"contact.shoe\"",
        ),
        (
            "inbox.render",
            strict("Hi {{contact.name"),
            "render.syntax",
            "inbox.render text: ",
        ),
        (
            "templates.get",
            json!({"name": "sale", "language": "Klingon!"}),
            "template.language_invalid",
            "templates.get language: ",
        ),
        (
            "settings.set",
            json!({"settings": {"default_region": "Brazil"}}),
            "phone.region_unknown",
            "settings.set settings.default_region: ",
        ),
    ] {
        let failure = shop.call(method, args).await.unwrap_err();
        assert_eq!(failure.code, code);
        assert!(failure.message.starts_with(message), "{}", failure.message);
        assert!(!failure.message.contains(code), "said once: {}", failure.message);
    }
    // A host cannot choose the code by what it writes.
    let failure = shop
        .call("contacts.create", json!({"new": {"colour [storage.corrupt]": 1}}))
        .await
        .unwrap_err();
    assert_eq!(failure.code, "input.invalid");
}

#[tokio::test]
async fn a_scope_that_is_no_id_or_not_there_is_refused() {
    let shop = Shop::open().await;
    let scopes = [
        (Some("casa"), None, "id.invalid"),
        (Some(&*shop.org), Some("me"), "id.invalid"),
        (Some(ID), None, "org.not_found"),
        (None, None, "input.invalid"),
    ];
    for (org, agent, code) in scopes {
        let scope = Scope {
            org: org.map(ToOwned::to_owned),
            agent: agent.map(ToOwned::to_owned),
        };
        let answer = shop
            .crm
            .call("settings.get", scope, "{}".to_owned(), Watch::default(), None);
        assert_eq!(answer.await.unwrap_err().code, code, "{org:?} {agent:?}");
    }
}

#[tokio::test]
async fn what_is_opened_with_is_checked_as_well() {
    let clock = open(
        Kind::Clock,
        json!({"now": "2026-01-05T09:00:00Z"}).to_string(),
        Vec::new(),
        Vec::new(),
    );
    let clock = clock.await.unwrap();
    let whatsapp = |more: Value| {
        let mut options = json!({"app_secret": "s", "verify_token": "v"});
        options
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"transports": {"wa": {"whatsapp": options}}})
    };
    let host = json!({"object": 0, "channel": "whatsapp", "correlation": "none"});
    for (kind, options, message) in [
        (
            Kind::Crm,
            json!({"paht": "crm.db"}),
            "open paht: unknown field `paht`",
        ),
        (
            Kind::Crm,
            json!({"clock": {"manual": 1}}),
            "there is no handle number 1",
        ),
        (
            Kind::Crm,
            json!({"clock": {"host": 0}}),
            "there is no host object number 0",
        ),
        (
            Kind::Crm,
            json!({"credentials": {"host": 0}}),
            "there is no host object number 0",
        ),
        (
            Kind::Crm,
            json!({"transports": {"own": {"host": host}}}),
            "there is no host object number 0",
        ),
        (
            Kind::Crm,
            json!({"transports": {"own": {"pigeons": {}}}}),
            "open transports.own: unknown variant `pigeons`",
        ),
        (
            Kind::Crm,
            whatsapp(json!({"timeout_seconds": 0.0})),
            "timeout_seconds is 0; give seconds above 0",
        ),
        (
            Kind::Crm,
            whatsapp(json!({"connect_timeout_seconds": -1.0})),
            "connect_timeout_seconds is -1; give seconds above 0",
        ),
        (
            Kind::Crm,
            json!({"path": "postgres://ana@localhost/crm", "convert_from": "plain"}),
            "an encryption key is for a file",
        ),
        (Kind::Platform, json!({"clock": 7}), "there is no handle number 7"),
        (
            Kind::Clock,
            json!({"now": "2026-01-05T09:00:00"}),
            "clock now: 2026-01-05T09:00:00 has no zone",
        ),
    ] {
        let opened = open(kind, options.to_string(), Vec::new(), vec![clock.clone()]);
        let failure = opened.await.unwrap_err();
        assert_eq!(failure.code, "input.invalid", "{options}");
        assert!(
            failure.message.contains(message),
            "{options}: {}",
            failure.message
        );
    }
    assert_eq!(Kind::parse("door").unwrap_err().code, "input.invalid");
}

#[tokio::test]
async fn a_handle_of_another_kind_is_refused() {
    let shop = Shop::open().await;
    let clock = open(
        Kind::Clock,
        json!({"now": "2026-01-05T09:00:00Z"}).to_string(),
        Vec::new(),
        Vec::new(),
    );
    let clock = clock.await.unwrap();
    let refused = call(&clock, "crm.run_due", &json!({})).await.unwrap_err();
    assert_eq!(refused.code, "input.invalid");
    let platform = open(Kind::Platform, "{}".to_owned(), Vec::new(), vec![clock.clone()]);
    let platform = platform.await.unwrap();
    let deliver = |to: Option<Handle>| {
        platform.call(
            "platform.deliver_to",
            Scope::default(),
            json!({"endpoint": "wa"}).to_string(),
            Watch::default(),
            to,
        )
    };
    for other in [None, Some(clock.clone()), Some(platform.clone())] {
        let failure = deliver(other).await.unwrap_err();
        assert_eq!(failure.message, "webhooks can be delivered to a CRM only");
    }
    deliver(Some(shop.crm.clone())).await.unwrap();
    let clocks = open(
        Kind::Crm,
        json!({"clock": {"manual": 0}}).to_string(),
        Vec::new(),
        vec![platform],
    );
    assert_eq!(clocks.await.unwrap_err().message, "the clock is no manual clock");
}
