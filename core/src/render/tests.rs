use std::borrow::Cow;

use chrono::TimeZone;
use proptest::prelude::*;

use super::*;

fn common() -> Common {
    Common {
        org_name: "Acme & Co".to_owned(),
        agent_name: Some("Priya".to_owned()),
        date: "31/01/2026".to_owned(),
        time: "16:05".to_owned(),
    }
}

struct Fields;

impl Attributes for Fields {
    fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match name {
            "city" => Some("São Paulo".into()),
            "size" => Some(42.to_string().into()),
            "blank" => Some("  ".into()),
            _ => None,
        }
    }
}

fn ana(common: &Common) -> Values<'_> {
    Values {
        name: Some("Ana Maria Braga"),
        first_name: Some("Aninha"),
        last_name: Some("Braga"),
        phone: Some("+55 11 91234-5678"),
        email: Some("ana@example.com"),
        attributes: &Fields,
        common,
    }
}

fn render(text: &str, values: &Values<'_>) -> String {
    Text::parse(text).unwrap().render(values, false).unwrap().text
}

#[test]
fn each_variable_has_its_value() {
    let common = common();
    for (text, expected) in [
        ("{{contact.name}}", "Ana Maria Braga"),
        ("{{contact.firstName}}", "Aninha"),
        ("{{contact.lastName}}", "Braga"),
        ("{{contact.phone}}", "+55 11 91234-5678"),
        ("{{contact.email}}", "ana@example.com"),
        ("{{contact.attributes.city}}", "São Paulo"),
        ("{{contact.attributes.size}}", "42"),
        ("{{org.name}}", "Acme & Co"),
        ("{{agent.name}}", "Priya"),
        ("{{date}}", "31/01/2026"),
        ("{{time}}", "16:05"),
        ("{{ contact.name }}", "Ana Maria Braga"),
        ("{{contact.firstName|there}}", "Aninha"),
        ("Hi {{contact.firstName}}, {{org.name}}!", "Hi Aninha, Acme & Co!"),
        ("", ""),
    ] {
        let rendered = Text::parse(text).unwrap().render(&ana(&common), true).unwrap();
        assert_eq!(rendered.text, expected, "{text}");
        assert_eq!(rendered.missing, [], "{text}");
    }
}

#[test]
fn the_list_of_known_variables_is_what_parses() {
    for name in Variable::KNOWN {
        assert_eq!(name.parse::<Variable>().unwrap().to_string(), name);
        assert!(Text::parse(&format!("{{{{{name}}}}}")).is_ok(), "{name}");
    }
}

#[test]
fn names_fill_in_for_each_other() {
    let common = common();
    let nobody = Values::new(&common);
    for (name, first, last, full, called) in [
        (Some("Ana Braga"), None, None, "Ana Braga", "Ana"),
        (Some("  Ana  Braga "), None, None, "  Ana  Braga ", "Ana"),
        (
            Some("Ana Braga"),
            Some("Nina"),
            Some("Silva"),
            "Ana Braga",
            "Nina",
        ),
        (None, Some("Ana"), Some("Braga"), "Ana Braga", "Ana"),
        (None, Some("Ana"), None, "Ana", "Ana"),
        (None, None, Some("Braga"), "Braga", ""),
        (Some(" "), Some("Ana"), Some("\t"), "Ana", "Ana"),
        (Some("Ana Braga"), Some(" "), None, "Ana Braga", "Ana"),
        (None, None, None, "", ""),
    ] {
        let values = Values {
            name,
            first_name: first,
            last_name: last,
            ..nobody
        };
        assert_eq!(
            render("{{contact.name}}", &values),
            full,
            "{name:?} {first:?} {last:?}"
        );
        assert_eq!(
            render("{{contact.firstName}}", &values),
            called,
            "{name:?} {first:?} {last:?}"
        );
    }
    let values = Values {
        name: Some("Ana Braga"),
        ..nobody
    };
    assert_eq!(
        render("{{contact.lastName}}", &values),
        "",
        "a last name is never guessed"
    );
}

#[test]
fn a_missing_value_is_empty_and_reported_once_for_each_place() {
    let common = Common {
        agent_name: None,
        ..common()
    };
    let nobody = Values::new(&common);
    for name in Variable::KNOWN {
        if matches!(name, "org.name" | "date" | "time") {
            continue;
        }
        let rendered = Text::parse(&format!("a{{{{{name}}}}}b"))
            .unwrap()
            .render(&nobody, false)
            .unwrap();
        assert_eq!(rendered.text, "ab", "{name}");
        assert_eq!(rendered.missing, [name.parse().unwrap()], "{name}");
    }
    let text = Text::parse("{{contact.email}}{{agent.name|us}}{{contact.email}}").unwrap();
    let rendered = text.render(&nobody, false).unwrap();
    assert_eq!(rendered.text, "us");
    assert_eq!(rendered.missing, [Variable::ContactEmail, Variable::ContactEmail]);
}

#[test]
fn a_blank_value_counts_as_missing() {
    let common = Common {
        org_name: " ".to_owned(),
        ..common()
    };
    let values = Values {
        phone: Some("\u{a0}\n"),
        ..ana(&common)
    };
    for text in [
        "{{contact.phone|?}}",
        "{{org.name|?}}",
        "{{contact.attributes.blank|?}}",
    ] {
        assert_eq!(render(text, &values), "?", "{text}");
    }
}

#[test]
fn a_fallback_stands_in_for_a_missing_value() {
    let common = common();
    let nobody = Values::new(&common);
    for (text, expected) in [
        ("Hi {{contact.firstName|there}}!", "Hi there!"),
        ("Hi {{ contact.firstName | dear friend }}!", "Hi dear friend!"),
        ("Hi{{contact.firstName|}}!", "Hi!"),
        ("{{contact.name|a|b}}", "a|b"),
        ("{{contact.name|{x}y}}", "{x}y"),
        ("{{contact.attributes.city|Lisboa}}", "Lisboa"),
    ] {
        let rendered = Text::parse(text).unwrap().render(&nobody, true).unwrap();
        assert_eq!(rendered.text, expected, "{text}");
        assert_eq!(rendered.missing, [], "{text}");
    }
}

#[test]
fn strict_rendering_refuses_a_missing_value_and_leaves_the_buffer_alone() {
    let common = common();
    let text = Text::parse("Hi {{contact.firstName}} {{contact.email}}").unwrap();
    let mut out = "before".to_owned();
    let error = text
        .render_into(&mut out, &Values::new(&common), true)
        .unwrap_err();
    assert_eq!(error.code(), Code::RenderMissingValue);
    assert!(
        error.message().contains("contact.firstName, contact.email"),
        "{error}"
    );
    assert_eq!(out, "before");
}

#[test]
fn a_value_is_never_expanded_again() {
    let common = Common {
        org_name: "{{contact.phone}}".to_owned(),
        ..common()
    };
    let values = Values {
        name: Some("{{org.name}} {{{{ {{nothing"),
        ..ana(&common)
    };
    let expected = "{{org.name}} {{{{ {{nothing / {{contact.phone}}";
    let text = Text::parse("{{contact.name}} / {{org.name}}").unwrap();
    assert_eq!(text.render(&values, false).unwrap().text, expected);
    let folded = text.fold(&common);
    assert_eq!(folded.render(&values, false).unwrap().text, expected);
}

#[test]
fn single_braces_and_closing_ones_are_plain_text() {
    let common = common();
    for text in ["{contact.name}", "a } b { c", "{\"a\":{\"b\":1}}", "}}", "{"] {
        assert_eq!(render(text, &ana(&common)), text);
    }
}

#[test]
fn four_braces_are_two_plain_ones() {
    let common = common();
    for (text, expected) in [
        ("{{{{", "{{"),
        ("{{{{x}}", "{{x}}"),
        ("{{{{{", "{{{"),
        ("{{{{{{{{", "{{{{"),
        ("{{{time}}}", "{16:05}"),
        ("{{{{{{time}}", "{{16:05"),
        ("{{{{{{{time}}", "{{{16:05"),
    ] {
        assert_eq!(render(text, &ana(&common)), expected, "{text}");
    }
}

#[test]
fn an_unknown_variable_is_refused_with_its_place_and_the_known_ones() {
    for (text, place) in [
        ("{{contact.nam}}", "line 1, column 1"),
        ("Olá 👋 {{contact.nam}}", "line 1, column 7"),
        ("{{contact.name}}\nção {{ contact.nam | x }}", "line 2, column 5"),
        ("a\r\n\n{{{contact.nam}}}", "line 3, column 2"),
        ("{{{{{{contact.nam}}", "line 1, column 5"),
    ] {
        let error = Text::parse(text).unwrap_err();
        assert_eq!(error.code(), Code::RenderUnknownVariable, "{text}");
        assert!(error.message().contains(place), "{text}: {error}");
        assert!(error.message().contains("\"contact.nam\""), "{text}: {error}");
        for known in Variable::KNOWN {
            assert!(error.message().contains(known), "{known}: {error}");
        }
    }
    for name in [
        "Contact.Name",
        "contact",
        "1",
        "contact.attributes.",
        "contact.attributes",
        "name",
    ] {
        let error = Text::parse(&format!("{{{{{name}}}}}")).unwrap_err();
        assert_eq!(error.code(), Code::RenderUnknownVariable, "{name}");
    }
}

#[test]
fn open_braces_and_nameless_variables_are_refused_with_their_place() {
    for (text, place) in [
        ("Hi {{contact.name", "line 1, column 4"),
        ("Hi {{contact.name}", "line 1, column 4"),
        ("{{", "line 1, column 1"),
        ("a\nb {{contact.name {{org.name}}", "line 2, column 3"),
        ("{{contact.name|{{org.name}}}}", "line 1, column 1"),
        ("{{}}", "line 1, column 1"),
        ("{{ }}", "line 1, column 1"),
        ("é{{|x}}", "line 1, column 2"),
    ] {
        let error = Text::parse(text).unwrap_err();
        assert_eq!(error.code(), Code::RenderSyntax, "{text}");
        assert!(error.message().contains(place), "{text}: {error}");
    }
}

#[test]
fn an_undefined_attribute_is_refused_with_its_place() {
    let text = Text::parse("{{contact.attributes.city}} {{contact.attributes.town}}").unwrap();
    text.check_attributes(|_| true).unwrap();
    let error = text.check_attributes(|name| name == "city").unwrap_err();
    assert_eq!(error.code(), Code::RenderUnknownVariable);
    assert!(
        error.message().contains("\"town\" at line 1, column 29"),
        "{error}"
    );
}

#[test]
fn variables_and_constants_can_be_told() {
    let text = Text::parse("{{date}} at {{time}}{{date}}").unwrap();
    let names: Vec<_> = text.variables().cloned().collect();
    assert_eq!(names, [Variable::Date, Variable::Time, Variable::Date]);
    assert_eq!(text.constant(), None);
    assert_eq!(Text::parse("a {{{{").unwrap().constant(), Some("a {{"));
    assert_eq!(Text::parse("").unwrap().constant(), Some(""));
}

#[test]
fn a_text_is_stored_as_its_source_and_checked_when_read() {
    let text = Text::parse("Hi {{ contact.firstName | there }}").unwrap();
    let json = serde_json::to_string(&text).unwrap();
    assert_eq!(json, r#""Hi {{ contact.firstName | there }}""#);
    assert_eq!(serde_json::from_str::<Text>(&json).unwrap(), text);
    let error = serde_json::from_str::<Text>(r#""{{contact.nam}}""#).unwrap_err();
    assert!(error.to_string().contains("contact.nam"), "{error}");
    let variable = Variable::ContactAttribute("city".to_owned());
    let json = serde_json::to_string(&variable).unwrap();
    assert_eq!(json, r#""contact.attributes.city""#);
    assert_eq!(serde_json::from_str::<Variable>(&json).unwrap(), variable);
}

#[test]
fn date_and_time_are_those_of_the_organisations_zone_and_format() {
    let now = Utc.with_ymd_and_hms(2026, 1, 31, 23, 5, 9).unwrap();
    for (pattern, zone, expected) in [
        ("%d/%m/%Y", Tz::America__Sao_Paulo, "31/01/2026"),
        ("%d/%m/%Y", Tz::Asia__Kolkata, "01/02/2026"),
        ("%H:%M", Tz::Asia__Kolkata, "04:35"),
        ("%-I:%M %p", Tz::America__New_York, "6:05 PM"),
        ("%A, %-d %B", Tz::Europe__Lisbon, "Saturday, 31 January"),
        ("%Y年%m月%d日", Tz::Asia__Tokyo, "2026年02月01日"),
        ("%%", Tz::UTC, "%"),
    ] {
        let format = TimeFormat::parse(pattern).unwrap();
        assert_eq!(format.write(now, zone), expected, "{pattern}");
        let json = serde_json::to_string(&format).unwrap();
        assert_eq!(serde_json::from_str::<TimeFormat>(&json).unwrap(), format);
    }
    assert_eq!(TimeFormat::iso_date().write(now, Tz::UTC), "2026-01-31");
    assert_eq!(TimeFormat::hours_and_minutes().write(now, Tz::UTC), "23:05");
    for format in [TimeFormat::iso_date(), TimeFormat::hours_and_minutes()] {
        TimeFormat::parse(format.as_str()).unwrap();
    }
}

#[test]
fn a_format_that_cannot_be_written_is_refused() {
    for pattern in ["", "  ", "%", "%Q", "%d/%!", &"%d".repeat(51)] {
        let error = TimeFormat::parse(pattern).unwrap_err();
        assert_eq!(error.code(), Code::RenderFormatInvalid, "{pattern}");
        assert!(serde_json::from_str::<TimeFormat>(&format!("{pattern:?}")).is_err());
    }
}

#[test]
fn rendering_into_a_buffer_appends_without_growing_it() {
    let common = common();
    let text = Text::parse("Hi {{contact.firstName}}, {{org.name}} {{contact.attributes.city}}.").unwrap();
    let mut out = String::with_capacity(200);
    let room = out.as_ptr();
    for _ in 0..2 {
        assert!(
            text.render_into(&mut out, &ana(&common), true)
                .unwrap()
                .is_empty()
        );
    }
    assert_eq!(out, "Hi Aninha, Acme & Co São Paulo.".repeat(2));
    assert_eq!(out.as_ptr(), room);
}

#[test]
fn folding_puts_in_what_is_common_and_leaves_the_rest() {
    let text = Text::parse("{{contact.name}}, {{org.name}} {{date}} {{time}} {{agent.name|us}}").unwrap();
    let folded = text.fold(&common());
    assert_eq!(
        folded.source(),
        "{{contact.name}}, Acme & Co 31/01/2026 16:05 Priya"
    );
    let nobody = Common {
        agent_name: None,
        ..common()
    };
    assert_eq!(
        text.fold(&nobody).source(),
        "{{contact.name}}, Acme & Co 31/01/2026 16:05 {{agent.name|us}}"
    );
}

#[test]
fn values_do_not_show_a_persons_data() {
    let common = common();
    let shown = format!("{:?}", ana(&common));
    for secret in ["Ana", "Aninha", "Braga", "+55", "example.com"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// Pieces that make texts with many braces and variables, right and wrong.
fn source() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("{{".to_owned()),
        Just("}}".to_owned()),
        Just("|".to_owned()),
        Just(" ".to_owned()),
        Just("{{contact.name}}".to_owned()),
        Just("{{contact.firstName|a} }}".to_owned()),
        Just("{{ org.name |}}".to_owned()),
        Just("{{agent.name|x}}".to_owned()),
        Just("{{contact.attributes.city}}".to_owned()),
        Just("{{date}}".to_owned()),
        "\\PC{0,4}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn maybe() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("[{}a ]{0,6}")
}

proptest! {
    #[test]
    fn parsing_never_panics_and_its_source_parses_to_the_same(source in source()) {
        if let Ok(text) = Text::parse(&source) {
            prop_assert_eq!(text.source(), &source);
            let again = Text::parse(text.source()).unwrap();
            prop_assert_eq!(&again.segments, &text.segments);
        }
    }

    #[test]
    fn a_text_without_double_braces_renders_to_itself(source in any::<String>()) {
        prop_assume!(!source.contains("{{"));
        let common = common();
        prop_assert_eq!(render(&source, &ana(&common)), source);
    }

    #[test]
    fn a_literal_renders_to_itself_and_so_does_its_source(text in "[{}a|.]{0,12}") {
        let common = common();
        let literal = Text::literal(&text);
        prop_assert_eq!(literal.constant(), Some(text.as_str()));
        prop_assert_eq!(render(literal.source(), &ana(&common)), text);
    }

    #[test]
    fn folding_changes_no_rendering_nor_does_storing_the_folded(
        source in source(), name in maybe(), org in maybe(), agent_name in maybe(),
    ) {
        let Ok(text) = Text::parse(&source) else { return Ok(()) };
        let common = Common { org_name: org.unwrap_or_default(), agent_name, ..common() };
        let values = Values { name: name.as_deref(), ..Values::new(&common) };
        let expected = text.render(&values, false).unwrap();
        let folded = text.fold(&common);
        prop_assert_eq!(&folded.render(&values, false).unwrap(), &expected);
        let stored = Text::parse(folded.source()).unwrap();
        prop_assert_eq!(&stored.segments, &folded.segments);
    }
}
