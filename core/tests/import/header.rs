use proptest::prelude::*;
use tertulia_core::attributes::{Attribute, AttributeKind};
use tertulia_core::error::Code;
use tertulia_core::import::{Field, Mapping, Row, suggest, template};
use tertulia_core::settings::Settings;

use crate::support::{ORG, at};

fn header(names: &str) -> Vec<String> {
    names.split(',').map(str::to_owned).collect()
}

fn attribute(name: &str, kind: AttributeKind) -> Attribute {
    Attribute {
        org: ORG,
        name: name.to_owned(),
        kind,
    }
}

fn text(name: &str) -> Attribute {
    attribute(name, AttributeKind::Text)
}

/// The columns with a suggestion, as `column → field`.
fn suggested(names: &str, attributes: &[Attribute]) -> Vec<(String, Field)> {
    let header = header(names);
    let fields = suggest(&header, attributes);
    assert_eq!(fields.len(), header.len());
    header
        .into_iter()
        .zip(fields)
        .filter_map(|(name, field)| Some((name, field?)))
        .collect()
}

/// The tool, its header, and the columns that are recognised.
type Case = (&'static str, &'static str, &'static [(&'static str, Field)]);

#[test]
fn headers_of_other_tools_are_recognised() {
    use Field::{Email, FirstName, Ignore, LastName, Name, OptInProof, OptedIn, OtherPhones, Phone, Tags};
    let cases: &[Case] = &[
        (
            "the sample file",
            "phone,name,email,tags,optedIn",
            &[
                ("phone", Phone),
                ("name", Name),
                ("email", Email),
                ("tags", Tags),
                ("optedIn", OptedIn),
            ],
        ),
        (
            "a file with spaces after its commas",
            "name, phone, email, tags",
            &[
                ("name", Name),
                (" phone", Phone),
                (" email", Email),
                (" tags", Tags),
            ],
        ),
        (
            "Google Contacts",
            "First Name,Middle Name,Last Name,Phonetic First Name,Name Prefix,Nickname,Organization Name,Birthday,\
             Notes,Photo,Labels,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Value,Phone 1 - Label,Phone 1 - Value,\
             Phone 2 - Value",
            &[
                ("First Name", FirstName),
                ("Last Name", LastName),
                ("Labels", Tags),
                ("E-mail 1 - Value", Email),
                ("Phone 1 - Value", Phone),
                ("Phone 2 - Value", OtherPhones),
            ],
        ),
        (
            "Google Contacts, until 2024",
            "Name,Given Name,Additional Name,Family Name,Yomi Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,\
             Phone 1 - Type,Phone 1 - Value",
            &[
                ("Name", Name),
                ("Given Name", FirstName),
                ("Family Name", LastName),
                ("Group Membership", Tags),
                ("E-mail 1 - Value", Email),
                ("Phone 1 - Value", Phone),
            ],
        ),
        (
            "HubSpot",
            "Record ID,First Name,Last Name,Email,Phone Number,Mobile Phone Number,Contact owner,Lead Status,\
             Marketing contact status,Opted out of all email,Create Date",
            &[
                ("First Name", FirstName),
                ("Last Name", LastName),
                ("Email", Email),
                ("Mobile Phone Number", Phone),
            ],
        ),
        (
            "Mailchimp",
            "Email Address,First Name,Last Name,Address,Phone Number,Birthday,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,\
             CONFIRM_TIME,CONFIRM_IP,LATITUDE,LONGITUDE,CC,REGION,LAST_CHANGED,LEID,EUID,NOTES,TAGS",
            &[
                ("Email Address", Email),
                ("First Name", FirstName),
                ("Last Name", LastName),
                ("Phone Number", Phone),
                ("TAGS", Tags),
            ],
        ),
        (
            "Chatwoot",
            "id,name,email,phone_number,identifier,company_name,labels",
            &[
                ("name", Name),
                ("email", Email),
                ("phone_number", Phone),
                ("labels", Tags),
            ],
        ),
        (
            "Twilio SendGrid",
            "EMAIL,FIRST_NAME,LAST_NAME,ADDRESS_LINE_1,ALTERNATE_EMAILS,PHONE_NUMBER,WHATSAPP,LINE,CREATED_AT",
            &[
                ("EMAIL", Email),
                ("FIRST_NAME", FirstName),
                ("LAST_NAME", LastName),
                ("WHATSAPP", Phone),
                ("CREATED_AT", Ignore),
            ],
        ),
        (
            "Twilio's message log",
            "From,To,Body,Status,SentDate,ApiVersion,NumSegments,ErrorCode,AccountSid,Sid,Direction,Price",
            &[],
        ),
        (
            "a CRM's list of contacts",
            "Name,Phone,Email,Source,Last Interaction,Status",
            &[
                ("Name", Name),
                ("Phone", Phone),
                ("Email", Email),
                ("Source", Ignore),
                ("Last Interaction", Ignore),
            ],
        ),
        (
            "a CRM's list of leads",
            "Name,Phone,Status,Tags,Owner,Last Active,Created",
            &[
                ("Name", Name),
                ("Phone", Phone),
                ("Tags", Tags),
                ("Last Active", Ignore),
                ("Created", Ignore),
            ],
        ),
        (
            "Chatwoot's export",
            "id,name,email,phone_number,identifier,company_name,city,country,created_at,last_activity_at",
            &[
                ("name", Name),
                ("email", Email),
                ("phone_number", Phone),
                ("created_at", Ignore),
            ],
        ),
        (
            "HubSpot, with WhatsApp",
            "Record ID,First Name,Last Name,Email,Phone Number,WhatsApp Phone Number,Lead Status,Contact owner",
            &[
                ("First Name", FirstName),
                ("Last Name", LastName),
                ("Email", Email),
                ("WhatsApp Phone Number", Phone),
            ],
        ),
        (
            "words of one's own",
            "wa_id,Teléfono,opt_in,opted in at,Etiquetas,Label",
            &[
                ("wa_id", Phone),
                ("opt_in", OptedIn),
                ("opted in at", OptInProof),
                ("Etiquetas", Tags),
                ("Label", Tags),
            ],
        ),
        (
            "other words of one's own",
            "mobile,SUBSCRIBED,,notes",
            &[("mobile", Phone), ("SUBSCRIBED", OptedIn)],
        ),
    ];
    for (tool, names, wanted) in cases {
        let wanted: Vec<(String, Field)> = wanted
            .iter()
            .map(|(name, field)| ((*name).to_owned(), field.clone()))
            .collect();
        assert_eq!(suggested(names, &[]), wanted, "{tool}");
    }
}

#[test]
fn an_attribute_is_recognised_by_its_folded_name_but_takes_none_of_the_samples_columns() {
    let attributes = [text("loyalty_level"), text("email"), text("mobile")];
    let wanted = [
        (
            "Loyalty Level".to_owned(),
            Field::Attribute("loyalty_level".to_owned()),
        ),
        ("E-Mail".to_owned(), Field::Email),
        ("Mobile".to_owned(), Field::Attribute("mobile".to_owned())),
        ("phone".to_owned(), Field::Phone),
    ];
    assert_eq!(
        suggested("Loyalty Level,E-Mail,Mobile,phone", &attributes),
        wanted
    );
}

#[test]
fn of_two_columns_for_one_field_the_first_is_suggested() {
    assert_eq!(
        suggested("Phone,PHONE", &[]),
        [("Phone".to_owned(), Field::Phone)]
    );
}

proptest! {
    #[test]
    fn what_is_suggested_can_be_mapped_once_a_column_identifies(names in prop::collection::vec(
        prop_oneof!["[a-zA-Z _-]{0,8}", prop::sample::select(vec!["phone", "Mobile", "tags", "Labels", "optin", "size"]).prop_map(str::to_owned)], 0..12
    )) {
        let attributes = [text("size")];
        let mut header = names;
        header.push("email".to_owned());
        header.push("optedIn".to_owned());
        let fields = suggest(&header, &attributes);
        let mapping = Mapping::check(&header, &fields, &attributes);
        prop_assert!(mapping.is_ok(), "{mapping:?}");
    }
}

#[test]
fn mappings_that_do_not_hold_are_refused_before_the_first_row() {
    let some = |fields: &[Field]| fields.iter().cloned().map(Some).collect::<Vec<_>>();
    let gone = Field::Attribute("gone".to_owned());
    let cases: &[(&str, Vec<Option<Field>>, Code, &str)] = &[
        (
            "name,notes",
            some(&[Field::Name, Field::Ignore]),
            Code::ImportHeader,
            "\"name\", \"notes\"",
        ),
        (
            "a,b",
            some(&[Field::Phone, Field::Phone]),
            Code::ImportMapping,
            "columns \"a\" and \"b\"",
        ),
        (
            "a,b",
            some(&[Field::Phone]),
            Code::ImportMapping,
            "1 fields and the file 2 columns",
        ),
        (
            "a,b",
            some(&[Field::Phone, gone]),
            Code::ImportMapping,
            "column \"b\" is mapped to attribute \"gone\"",
        ),
        (
            "a,when",
            some(&[Field::Phone, Field::OptInProof]),
            Code::ImportMapping,
            "column \"when\"",
        ),
    ];
    for (names, fields, code, words) in cases {
        let error = Mapping::check(&header(names), fields, &[text("known")]).unwrap_err();
        assert_eq!(error.code(), *code, "{error}");
        assert!(error.message().contains(words), "{error}");
    }
}

#[test]
fn two_columns_for_one_attribute_are_refused_and_for_tags_are_not() {
    let known = Some(Field::Attribute("known".to_owned()));
    let error = Mapping::check(
        &header("phone,a,b"),
        &[Some(Field::Phone), known.clone(), known],
        &[text("known")],
    )
    .unwrap_err();
    assert_eq!(error.code(), Code::ImportMapping);
    assert!(error.message().contains("\"known\""), "{error}");

    let tags = [Some(Field::Phone), Some(Field::Tags), Some(Field::Tags)];
    let mapping = Mapping::check(&header("phone,a,b"), &tags, &[]).unwrap();
    let row = Row::read(
        2,
        &["+12125551234", "vip", "new"],
        &mapping,
        &Settings::default(),
        at(0),
    )
    .unwrap();
    assert_eq!(row.tags, ["vip", "new"]);
}

#[test]
fn columns_without_a_word_are_reported_and_those_left_out_on_purpose_are_not() {
    let fields = [Some(Field::Phone), None, Some(Field::Ignore), None];
    let mapping = Mapping::check(&header("phone,notes,id,"), &fields, &[]).unwrap();
    assert_eq!(mapping.unmapped(), ["notes", "column 4"]);
    assert_eq!(
        mapping.fields(),
        [Field::Phone, Field::Ignore, Field::Ignore, Field::Ignore]
    );
}

#[test]
fn the_sample_file_is_that_of_the_manual() {
    assert_eq!(
        template(&[]),
        "phone,name,email,tags,optedIn\n\
         +919876543210,John Doe,john@example.com,\"vip,retail\",true\n\
         +12125551234,Jane Smith,,lead,false\n"
    );
}

#[test]
fn the_sample_file_is_taken_as_it_stands_whatever_attributes_there_are() {
    let values = vec!["a \"quoted\", value".to_owned(), "other".to_owned()];
    let attributes = [
        text("note"),
        attribute("size", AttributeKind::Number),
        attribute("born", AttributeKind::Date),
        attribute("level", AttributeKind::Dropdown { values }),
        attribute("member", AttributeKind::Boolean),
    ];
    let sample = template(&attributes);
    let mut file = csv::Reader::from_reader(sample.as_bytes());
    let header: Vec<String> = file.headers().unwrap().iter().map(str::to_owned).collect();
    let fields = suggest(&header, &attributes);
    assert!(fields.iter().all(Option::is_some), "{fields:?}");
    let mapping = Mapping::check(&header, &fields, &attributes).unwrap();
    let rows: Vec<Row> = file
        .records()
        .map(|record| {
            let record = record.unwrap();
            let cells: Vec<&str> = record.iter().collect();
            Row::read(2, &cells, &mapping, &Settings::default(), at(0)).unwrap()
        })
        .collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].attributes.len(), 5);
    assert_eq!(rows[0].tags, ["vip", "retail"]);
    assert_eq!((rows[0].opted_in, rows[1].opted_in), (Some(true), Some(false)));
}

#[test]
fn a_real_file_without_phones_is_taken_by_its_addresses_or_refused() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/fixtures/csv/chatwoot-contacts.csv"
    );
    let Ok(mut file) = csv::Reader::from_path(path) else {
        eprintln!("skipped: {path} is not there");
        return;
    };
    let header: Vec<String> = file.headers().unwrap().iter().map(str::to_owned).collect();
    let mut fields = suggest(&header, &[]);
    let mapping = Mapping::check(&header, &fields, &[]).unwrap();
    assert_eq!(mapping.unmapped(), ["id", "gender", "ip_address", "identifier"]);
    let mut rows = 0;
    for record in file.records() {
        let record = record.unwrap();
        let cells: Vec<&str> = record.iter().collect();
        let row = Row::read(2, &cells, &mapping, &Settings::default(), at(0)).unwrap();
        assert!(row.email.is_some() && row.first_name.is_some() && row.phone.is_none());
        rows += 1;
    }
    assert!(rows > 0);

    let email = fields
        .iter()
        .position(|field| *field == Some(Field::Email))
        .unwrap();
    fields[email] = None;
    let error = Mapping::check(&header, &fields, &[]).unwrap_err();
    assert_eq!(error.code(), Code::ImportHeader);
    assert!(error.message().contains("\"first_name\""), "{error}");
}
