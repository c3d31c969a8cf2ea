//! The committed description, as generators read it.

use std::path::Path;

use super::{Api, Body, Field, Holds, Shape, Tagging, Type};
use crate::generate::API;

fn api() -> Api {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join(API)).unwrap();
    Api::read(&text).unwrap()
}

/// The shapes that a type names.
fn names<'a>(ty: &'a Type, found: &mut Vec<&'a str>) {
    match ty {
        Type::Named(name) => found.push(name),
        Type::List(of) | Type::Map(of) | Type::Optional(of) | Type::Page(of) => names(of, found),
        Type::Text | Type::Bool | Type::Int { .. } | Type::Float | Type::Time | Type::Json | Type::Bytes => {}
    }
}

fn of_fields<'a>(fields: &'a [Field], found: &mut Vec<&'a str>) {
    for field in fields {
        names(&field.ty, found);
    }
}

fn shape<'a>(api: &'a Api, name: &str) -> Option<&'a Shape> {
    api.shapes.iter().find(|shape| shape.name == name)
}

#[test]
fn every_type_that_is_named_is_a_shape() {
    let api = api();
    let mut found = Vec::new();
    let org = api.org.iter().chain(&api.callbacks);
    for area in org.chain([&api.crm, &api.platform, &api.clock]) {
        for method in &area.methods {
            let params = method.params.iter().map(|param| &param.ty);
            params.chain(&method.returns).for_each(|ty| names(ty, &mut found));
        }
    }
    for shape in &api.shapes {
        match &shape.body {
            Body::Id | Body::Choice { .. } => {}
            Body::Alias { ty } => names(ty, &mut found),
            Body::Record { fields } => of_fields(fields, &mut found),
            Body::Union { variants, .. } => {
                for variant in variants {
                    match &variant.holds {
                        Holds::Nothing => {}
                        Holds::Fields { fields } => of_fields(fields, &mut found),
                        Holds::Value { ty } => names(ty, &mut found),
                    }
                }
            }
        }
    }
    let missing: Vec<&&str> = found.iter().filter(|name| shape(&api, name).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(found.len() > api.shapes.len(), "something was looked at");
}

#[test]
fn each_form_of_union_is_told_from_the_others() {
    let api = api();
    let tagging = |name: &str| match &shape(&api, name).unwrap().body {
        Body::Union { tagging, .. } => tagging.clone(),
        other => panic!("{name} is no union: {other:?}"),
    };
    assert_eq!(tagging("Filter"), Tagging::Outer);
    assert_eq!(tagging("Content"), Tagging::Inner("type".to_owned()));
    assert_eq!(tagging("InboundKind"), Tagging::Inner("event".to_owned()));
    assert_eq!(tagging("BodyParameters"), Tagging::Untagged);
    assert!(matches!(shape(&api, "ContactId").unwrap().body, Body::Id));
    assert!(matches!(
        shape(&api, "Channel").unwrap().body,
        Body::Choice { .. }
    ));
    assert!(matches!(
        shape(&api, "Keywords").unwrap().body,
        Body::Alias { ty: Type::Map(_) }
    ));
}

#[test]
fn methods_are_read_with_their_pages_watchers_other_handles_and_defaults() {
    let api = api();
    let method = |area: &str, name: &str| {
        let areas = api.org.iter().chain(&api.callbacks).chain([&api.platform]);
        let mut areas = areas.filter(|listed| listed.name == area);
        let methods = areas.next().unwrap().methods.iter();
        methods.clone().find(|listed| listed.name == name).unwrap()
    };
    let list = method("contacts", "list");
    assert_eq!(
        list.returns,
        Some(Type::Page(Box::new(Type::Named("Contact".to_owned()))))
    );
    assert!(list.params[0].default.is_none(), "a filter must be given");
    assert!(list.params[1].default.is_some(), "an order need not");
    assert!(method("imports", "run").progress.is_some() && method("imports", "inspect").progress.is_none());
    assert_eq!(method("platform", "deliver_to").other.as_deref(), Some("crm"));
    assert_eq!(method("contacts", "block").returns, None);
    assert!(method("Transport", "settle").default.is_some() && method("Transport", "send").default.is_none());
}
