//! The TypeScript of the Node.js package: types, codecs, handles and errors.
//!
//! Properties are in camel case; words that are values stay as they are on the wire.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Generated;
use super::model::{Api, Body, Field, Holds, Interface, Method, Shape, Tagging, Type, Variant, Word};
use super::names::{camel, pascal};

const HEADER: &str = "// Made by `cargo xtask gen` from bindings-shapes/api.json; edit it there.\n";

/// How wide comments are.
const WIDTH: usize = 120;

/// What TypeScript keeps for itself and the description uses as the name of an argument.
const RESERVED: &[&str] = &["default", "delete", "function", "in", "new", "var", "with"];

/// The files.
pub(super) fn files(api: &Api) -> Vec<Generated> {
    let typescript = TypeScript::new(api);
    let file = |path, text: String| Generated {
        path,
        text: format!("{HEADER}{text}"),
    };
    vec![
        file("bindings-node/ts/types.ts", typescript.types()),
        file("bindings-node/ts/codec.ts", typescript.codec()),
        file("bindings-node/ts/handles.ts", typescript.handles()),
        file("bindings-node/ts/errors.ts", errors(api)),
    ]
}

/// Whether a value is handed over or given back: what has a default may be left out of the former.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

struct TypeScript<'a> {
    api: &'a Api,
    /// The shapes that are handed over.
    inward: BTreeSet<&'a str>,
    /// The shapes that are given back.
    outward: BTreeSet<&'a str>,
    /// The shapes that look otherwise when handed over.
    loose: BTreeSet<&'a str>,
    /// Names in prose that are written otherwise in TypeScript.
    renamed: BTreeMap<String, String>,
}

fn types(fields: &[Field]) -> Vec<&Type> {
    fields.iter().map(|field| &field.ty).collect()
}

/// The types of what a shape is made of.
fn parts(shape: &Shape) -> Vec<&Type> {
    match &shape.body {
        Body::Id | Body::Choice { .. } => Vec::new(),
        Body::Alias { ty } => vec![ty],
        Body::Record { fields } => types(fields),
        Body::Union { variants, .. } => variants
            .iter()
            .flat_map(|variant| match &variant.holds {
                Holds::Nothing => Vec::new(),
                Holds::Fields { fields } => types(fields),
                Holds::Value { ty } => vec![ty],
            })
            .collect(),
    }
}

/// The shape that a type is about, if any.
fn shape_in(ty: &Type) -> Option<&str> {
    match ty {
        Type::Named(name) => Some(name),
        Type::List(of) | Type::Map(of) | Type::Optional(of) | Type::Page(of) => shape_in(of),
        _ => None,
    }
}

/// Whether a field has a default that is no mere absence.
fn defaults(field: &Field) -> bool {
    field.default.is_some() && !matches!(field.ty, Type::Optional(_))
}

fn loose_itself(shape: &Shape) -> bool {
    match &shape.body {
        Body::Record { fields } => fields.iter().any(defaults),
        Body::Union { variants, .. } => variants.iter().any(|variant| match &variant.holds {
            Holds::Fields { fields } => fields.iter().any(defaults),
            _ => false,
        }),
        _ => false,
    }
}

impl<'a> TypeScript<'a> {
    fn new(api: &'a Api) -> Self {
        let methods: Vec<&Method> = [&api.crm, &api.platform, &api.clock]
            .into_iter()
            .chain(&api.org)
            .flat_map(|area| &area.methods)
            .collect();
        let callbacks: Vec<&Method> = api.callbacks.iter().flat_map(|area| &area.methods).collect();
        let given = |methods: &[&'a Method]| -> Vec<&'a str> {
            let params = methods.iter().flat_map(|method| &method.params);
            params.filter_map(|param| shape_in(&param.ty)).collect()
        };
        let returned = |methods: &[&'a Method]| -> Vec<&'a str> {
            let given_back = methods
                .iter()
                .flat_map(|method| method.returns.iter().chain(&method.progress));
            given_back.filter_map(shape_in).collect()
        };
        let mut this = Self {
            api,
            inward: BTreeSet::new(),
            outward: BTreeSet::new(),
            loose: BTreeSet::new(),
            renamed: renamed(api),
        };
        this.inward = this.reached(given(&methods).into_iter().chain(returned(&callbacks)));
        this.outward = this.reached(returned(&methods).into_iter().chain(given(&callbacks)));
        // What nothing crosses by is there to open something with.
        let shapes = || api.shapes.iter().map(|shape| shape.name.as_str());
        let rest = shapes().filter(|name| !this.inward.contains(name) && !this.outward.contains(name));
        this.inward
            .extend(this.reached(rest.collect::<Vec<_>>().into_iter()));
        this.loose = shapes()
            .filter(|name| {
                let within = this.reached(std::iter::once(*name));
                this.inward.contains(name)
                    && this.outward.contains(name)
                    && within
                        .into_iter()
                        .any(|name| this.shape(name).is_some_and(loose_itself))
            })
            .collect();
        this
    }

    fn shape(&self, name: &str) -> Option<&'a Shape> {
        self.api.shapes.iter().find(|shape| shape.name == name)
    }

    /// These shapes and all that they are made of.
    fn reached(&self, from: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
        let mut waiting: Vec<&'a str> = from.collect();
        let mut reached = BTreeSet::new();
        while let Some(name) = waiting.pop() {
            if reached.insert(name)
                && let Some(shape) = self.shape(name)
            {
                waiting.extend(parts(shape).into_iter().filter_map(shape_in));
            }
        }
        reached
    }

    fn name(&self, name: &str, way: Way) -> String {
        let input = way == Way::In && self.loose.contains(name);
        format!("{name}{}", if input { "Input" } else { "" })
    }

    fn ty(&self, ty: &Type, way: Way) -> String {
        match ty {
            Type::Text => "string".to_owned(),
            Type::Bool => "boolean".to_owned(),
            Type::Int { .. } | Type::Float => "number".to_owned(),
            Type::Time => "Date".to_owned(),
            Type::Json => "Json".to_owned(),
            Type::Bytes => "Uint8Array".to_owned(),
            Type::Named(name) => self.name(name, way),
            Type::List(of) => match self.ty(of, way) {
                of if of.contains(' ') => format!("({of})[]"),
                of => format!("{of}[]"),
            },
            Type::Map(of) => format!("Record<string, {}>", self.ty(of, way)),
            Type::Optional(of) => format!("{} | undefined", self.ty(of, way)),
            Type::Page(of) => format!("Page<{}>", self.ty(of, way)),
        }
    }

    /// A doc comment, as deep as this.
    fn docs(&self, depth: usize, text: &str) -> String {
        let text = self.prose(text);
        let indent = " ".repeat(depth);
        let lines: Vec<String> = text
            .lines()
            .flat_map(|line| wrapped(line, WIDTH - depth - 7))
            .collect();
        match &lines[..] {
            [] => String::new(),
            [line] => format!("{indent}/** {line} */\n"),
            lines => {
                let mut comment = format!("{indent}/**\n");
                for line in lines {
                    comment += format!("{indent} * {line}").trim_end();
                    comment += "\n";
                }
                comment + &format!("{indent} */\n")
            }
        }
    }

    /// Prose with the names of methods and fields as TypeScript spells them.
    fn prose(&self, text: &str) -> String {
        let parts = text.split('`').enumerate().map(|(index, part)| {
            let renamed = self.renamed.get(part).filter(|_| index % 2 == 1);
            renamed.map_or(part, String::as_str)
        });
        parts.collect::<Vec<_>>().join("`").replace("*/", "*\\/")
    }

    fn types(&self) -> String {
        let mut text = String::from(
            "
/** Any JSON. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** One page of a list. */
export interface Page<T> {
  items: T[];
  /** What `cursor` is on the next page; absent on the last one. */
  next?: string | undefined;
}

declare const of: unique symbol;
",
        );
        for shape in &self.api.shapes {
            let name = shape.name.as_str();
            let ways: &[Way] = if self.loose.contains(name) {
                &[Way::Out, Way::In]
            } else if self.inward.contains(name) {
                &[Way::In]
            } else {
                &[Way::Out]
            };
            for way in ways {
                text += "\n";
                let to_hand_over =
                    format!("A {{@link {name}}} to hand over: what has a default may be left out.");
                let second = ways.len() == 2 && *way == Way::In;
                text += &self.docs(0, if second { &to_hand_over } else { &shape.docs });
                text += &self.declaration(shape, *way);
            }
        }
        text
    }

    fn declaration(&self, shape: &Shape, way: Way) -> String {
        let name = self.name(&shape.name, way);
        match &shape.body {
            Body::Id => format!("export type {name} = string & {{ readonly [of]: \"{name}\" }};\n"),
            Body::Alias { ty } => format!("export type {name} = {};\n", self.ty(ty, way)),
            Body::Record { fields } => {
                format!("export interface {name} {{\n{}}}\n", self.fields(2, fields, way))
            }
            Body::Choice { values } => self.alternatives(&name, values.iter().map(word)),
            Body::Union { tagging, variants } => {
                let variant = |variant| self.variant(tagging, variant, way);
                self.alternatives(&name, variants.iter().map(variant))
            }
        }
    }

    fn alternatives(&self, name: &str, alternatives: impl Iterator<Item = (String, String)>) -> String {
        let mut text = format!("export type {name} =");
        for (docs, alternative) in alternatives {
            text += "\n";
            text += &self.docs(2, &docs);
            let _ = write!(text, "  | {alternative}");
        }
        text + ";\n"
    }

    fn variant(&self, tagging: &Tagging, variant: &Variant, way: Way) -> (String, String) {
        let text = match (tagging, &variant.holds) {
            (Tagging::Inner(tag), Holds::Nothing) => format!("{{ {tag}: {} }}", quoted(&variant.wire)),
            (Tagging::Inner(tag), Holds::Fields { fields }) => format!(
                "{{\n      {tag}: {};\n{}    }}",
                quoted(&variant.wire),
                self.fields(6, fields, way)
            ),
            (Tagging::Inner(tag), Holds::Value { ty }) => {
                format!("({{ {tag}: {} }} & {})", quoted(&variant.wire), self.ty(ty, way))
            }
            (Tagging::Outer, Holds::Nothing) => quoted(&variant.wire),
            (Tagging::Outer, Holds::Fields { fields }) => format!(
                "{{\n      {}: {{\n{}      }};\n    }}",
                camel(&variant.wire),
                self.fields(8, fields, way)
            ),
            (Tagging::Outer, Holds::Value { ty }) => {
                format!("{{ {}: {} }}", camel(&variant.wire), self.ty(ty, way))
            }
            (Tagging::Untagged, Holds::Value { ty }) => self.ty(ty, way),
            (Tagging::Untagged, _) => "never".to_owned(),
        };
        (variant.docs.clone(), text)
    }

    fn fields(&self, depth: usize, fields: &[Field], way: Way) -> String {
        let indent = " ".repeat(depth);
        let mut text = String::new();
        for field in fields {
            let absent = matches!(field.ty, Type::Optional(_));
            let (mark, ty) = match self.ty(&field.ty, way) {
                ty if absent => ("?", ty),
                ty if way == Way::In && field.default.is_some() => ("?", format!("{ty} | undefined")),
                ty => ("", ty),
            };
            text += &self.docs(depth, &field.docs);
            let _ = writeln!(text, "{indent}{}{mark}: {ty};", camel(&field.wire));
        }
        text
    }

    fn codec(&self) -> String {
        let mut text = String::from(
            "import type * as t from \"./types.js\";
import * as w from \"./wire.js\";
",
        );
        for shape in &self.api.shapes {
            let name = &shape.name;
            let kind = match &shape.body {
                Body::Record { .. } => "RecordCodec",
                _ => "Codec",
            };
            let made = match &shape.body {
                Body::Id => "w.id()".to_owned(),
                Body::Alias { ty } => format!("w.alias(() => {})", codec_of(ty)),
                Body::Record { fields } => record(2, fields),
                Body::Choice { values } => {
                    let words: Vec<String> = values.iter().map(|word| quoted(&word.wire)).collect();
                    format!("w.choice([{}])", words.join(", "))
                }
                Body::Union {
                    tagging: Tagging::Inner(tag),
                    variants,
                } => {
                    let mut made = format!("w.tagged({}, () => ({{\n", quoted(tag));
                    for variant in variants {
                        let of = match &variant.holds {
                            Holds::Nothing => record(4, &[]),
                            Holds::Fields { fields } => record(4, fields),
                            Holds::Value { ty } => codec_of(ty),
                        };
                        let _ = writeln!(made, "  {}: {of},", variant.wire);
                    }
                    made + "}))"
                }
                Body::Union {
                    tagging: Tagging::Outer,
                    variants,
                } => {
                    let (bare, holding): (Vec<_>, Vec<_>) = variants
                        .iter()
                        .partition(|variant| matches!(variant.holds, Holds::Nothing));
                    let words: Vec<String> = bare.iter().map(|variant| quoted(&variant.wire)).collect();
                    let mut made = format!("w.named([{}], () => ({{\n", words.join(", "));
                    for variant in holding {
                        let of = match &variant.holds {
                            Holds::Fields { fields } => record(4, fields),
                            Holds::Value { ty } => codec_of(ty),
                            Holds::Nothing => continue,
                        };
                        let (name, wire) = (camel(&variant.wire), quoted(&variant.wire));
                        let _ = writeln!(made, "  {name}: [{wire}, {of}],");
                    }
                    made + "}))"
                }
                Body::Union {
                    tagging: Tagging::Untagged,
                    variants,
                } => {
                    let of = variants.iter().filter_map(|variant| match &variant.holds {
                        Holds::Value { ty } => Some(format!("{}: {}", variant.wire, codec_of(ty))),
                        _ => None,
                    });
                    format!("w.listOrMap(() => ({{ {} }}))", of.collect::<Vec<_>>().join(", "))
                }
            };
            let _ = writeln!(text, "\nexport const {name}: w.{kind}<t.{name}> = {made};");
        }
        text += "\n/** Every method, by area and name. */\nexport const methods = {\n";
        let bare = [&self.api.crm, &self.api.platform, &self.api.clock];
        for area in bare.into_iter().chain(&self.api.org) {
            for method in &area.methods {
                let name = quoted(&format!("{}.{}", area.name, method.name));
                let (params, returns) = (params_of(method), returned(method));
                let progress = method.progress.as_ref();
                let progress = progress.map_or_else(String::new, |ty| format!(", {}", codec_of(ty)));
                let _ = writeln!(text, "  {name}: w.method({name}, {params}, {returns}{progress}),");
            }
        }
        text += "};\n\n/** What objects of the host are called by. */\n";
        text += "export const callbacks: Record<string, w.Callback> = {\n";
        for method in self.api.callbacks.iter().flat_map(|area| &area.methods) {
            let fallback = method.default.as_ref();
            let fallback = fallback.map_or_else(String::new, |answer| format!(", fallback: {answer}"));
            let _ = writeln!(
                text,
                "  {}: {{ key: {}, params: {}, returns: {}{fallback} }},",
                method.name,
                quoted(&camel(&method.name)),
                params_of(method),
                returned(method)
            );
        }
        text + "};\n"
    }

    fn handles(&self) -> String {
        let mut text = String::from(
            "import { methods } from \"./codec.js\";
import { Handle, Scope, type Declared, type Watch } from \"./runtime.js\";
import type * as t from \"./types.js\";
",
        );
        for interface in &self.api.callbacks {
            text += "\n";
            text += &self.docs(0, &interface.docs);
            // How a transport's statuses find what they are about is no call: it is said once.
            let declared = if interface.name == "Transport" {
                " extends Declared"
            } else {
                ""
            };
            let _ = writeln!(text, "export interface {}{declared} {{", interface.name);
            for method in &interface.methods {
                text += &self.docs(2, &method.docs);
                let mark = if method.default.is_some() { "?" } else { "" };
                let returns = match &method.returns {
                    Some(ty) => self.ty(ty, Way::In),
                    None => "void".to_owned(),
                };
                let returns = imported(&returns);
                let _ = writeln!(
                    text,
                    "  {}{mark}({}): {returns} | Promise<{returns}>;",
                    camel(&method.name),
                    self.params(&method.params, Way::Out)
                );
            }
            text += "}\n";
        }
        for area in [&self.api.crm, &self.api.platform, &self.api.clock] {
            text += &self.class(area, &format!("{}Methods", pascal(&area.name)));
        }
        for area in &self.api.org {
            text += &self.class(area, &area_class(area));
        }
        text +=
            "\n/** An organisation: the wall that nothing crosses. */\nexport class Org extends Handle {\n";
        for area in &self.api.org {
            text += &self.docs(2, &area.docs);
            let _ = writeln!(text, "  readonly {}: {};", camel(&area.name), area_class(area));
        }
        text += "
  constructor(
    scope: Scope,
    /** Its id. */
    readonly id: t.OrgId,
  ) {
    super(scope);
";
        for area in &self.api.org {
            let _ = writeln!(
                text,
                "    this.{} = new {}(scope);",
                camel(&area.name),
                area_class(area)
            );
        }
        text + "  }

  /** The same organisation, with calls made on behalf of a member of the team. */
  actingAs(agent: t.AgentId): Org {
    return new Org(new Scope(this.scope().core, this.id, agent), this.id);
  }
}
"
    }

    fn class(&self, area: &Interface, class: &str) -> String {
        let mut text = format!(
            "\n{}export class {class} extends Handle {{\n",
            self.docs(0, &area.docs)
        );
        for (index, method) in area.methods.iter().enumerate() {
            if index > 0 {
                text += "\n";
            }
            text += &self.method(area, method);
        }
        text + "}\n"
    }

    fn method(&self, area: &Interface, method: &Method) -> String {
        let name = camel(&method.name);
        let key = quoted(&format!("{}.{}", area.name, method.name));
        let params = self.params(&method.params, Way::In);
        let values: Vec<String> = method.params.iter().map(|param| argument(&param.wire)).collect();
        let values = values.join(", ");
        let returns = match &method.returns {
            Some(ty) => imported(&self.ty(ty, Way::Out)),
            None => "void".to_owned(),
        };
        if let Some(Type::Page(of)) = &method.returns {
            let item = imported(&self.ty(of, Way::Out));
            let all = format!(
                "{}\n\nAll of them, page after page; each page is asked for when it is reached.",
                method.docs
            );
            let one = format!("One page of what `{name}` gives.");
            return format!(
                "{}  {name}({params}): AsyncIterableIterator<{item}> {{
    return this.pages(methods[{key}], [{values}]);
  }}

{}  {name}Page({params}): Promise<{returns}> {{
    return this.call(methods[{key}], [{values}]);
  }}
",
                self.docs(2, &all),
                self.docs(2, &one)
            );
        }
        let mut parts: Vec<String> = Some(params)
            .filter(|params| !params.is_empty())
            .into_iter()
            .collect();
        let mut extra = Vec::new();
        if let Some(progress) = &method.progress {
            parts.push(format!(
                "watch?: Watch<{}>",
                imported(&self.ty(progress, Way::Out))
            ));
            extra.push("watch".to_owned());
        }
        if let Some(other) = &method.other {
            parts.insert(0, format!("{other}: {}Methods", pascal(other)));
            extra.push(format!("other: {other}"));
        }
        let params = parts.join(", ");
        let extra = match extra.as_slice() {
            [] => String::new(),
            extra => format!(", {{ {} }}", extra.join(", ")),
        };
        format!(
            "{}  {name}({params}): Promise<{returns}> {{
    return this.call(methods[{key}], [{values}]{extra});
  }}
",
            self.docs(2, &method.docs)
        )
    }

    fn params(&self, params: &[Field], way: Way) -> String {
        let last_needed = params
            .iter()
            .rposition(|param| !matches!(param.ty, Type::Optional(_)));
        let param = |(index, param): (usize, &Field)| {
            let ty = imported(&self.ty(&param.ty, way));
            match &param.ty {
                Type::Optional(of) if way == Way::In && last_needed.is_none_or(|last| index > last) => {
                    format!("{}?: {}", argument(&param.wire), imported(&self.ty(of, way)))
                }
                _ => format!("{}: {ty}", argument(&param.wire)),
            }
        };
        params
            .iter()
            .enumerate()
            .map(param)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// The names that prose spells as the wire does, and what TypeScript calls them.
fn renamed(api: &Api) -> BTreeMap<String, String> {
    let interfaces = [&api.crm, &api.platform, &api.clock]
        .into_iter()
        .chain(&api.org)
        .chain(&api.callbacks);
    let methods: Vec<&Method> = interfaces.flat_map(|interface| &interface.methods).collect();
    let params = methods.iter().flat_map(|method| &method.params);
    let fields = api.shapes.iter().flat_map(|shape| match &shape.body {
        Body::Record { fields } => fields.as_slice(),
        _ => &[],
    });
    let names = params.chain(fields).map(|field| &field.wire);
    let words: BTreeSet<&str> = api
        .shapes
        .iter()
        .flat_map(|shape| match &shape.body {
            Body::Choice { values } => values.as_slice(),
            _ => &[],
        })
        .map(|word| word.wire.as_str())
        .collect();
    methods
        .iter()
        .map(|method| &method.name)
        .chain(names)
        .filter(|name| camel(name) != **name && !words.contains(name.as_str()))
        .map(|name| (name.clone(), camel(name)))
        .collect()
}

fn word(word: &Word) -> (String, String) {
    (word.docs.clone(), quoted(&word.wire))
}

/// A line of prose as lines of this width.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        match lines.last_mut() {
            Some(last) if last.is_empty() || last.chars().count() + 1 + word.chars().count() <= width => {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn argument(wire: &str) -> String {
    let name = camel(wire);
    if RESERVED.contains(&name.as_str()) {
        format!("{name}_")
    } else {
        name
    }
}

fn area_class(area: &Interface) -> String {
    format!("{}Area", pascal(&area.name))
}

/// A type as another file than its own spells it: with the names that it imports.
fn imported(ty: &str) -> String {
    const OWN: &[&str] = &["Record", "Date", "Uint8Array", "Promise"];
    let mut text = String::new();
    let mut word = String::new();
    for letter in ty.chars().chain([' ']) {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        if word.starts_with(char::is_uppercase) && !OWN.contains(&word.as_str()) {
            text += "t.";
        }
        text += &word;
        text.push(letter);
        word.clear();
    }
    text.pop();
    text
}

fn codec_of(ty: &Type) -> String {
    match ty {
        Type::Text => "w.text".to_owned(),
        Type::Bool => "w.bool".to_owned(),
        Type::Int { signed: true } => "w.integer".to_owned(),
        Type::Int { signed: false } => "w.natural".to_owned(),
        Type::Float => "w.float".to_owned(),
        Type::Time => "w.time".to_owned(),
        Type::Json => "w.json".to_owned(),
        Type::Bytes => "w.bytes".to_owned(),
        Type::Named(name) => name.clone(),
        Type::List(of) => format!("w.list({})", codec_of(of)),
        Type::Map(of) => format!("w.map({})", codec_of(of)),
        Type::Optional(of) => format!("w.optional({})", codec_of(of)),
        Type::Page(of) => format!("w.page({})", codec_of(of)),
    }
}

fn params_of(method: &Method) -> String {
    let params = method.params.iter();
    let params = params.map(|param| format!("[{}, {}]", quoted(&param.wire), codec_of(&param.ty)));
    format!("[{}]", params.collect::<Vec<_>>().join(", "))
}

fn returned(method: &Method) -> String {
    method
        .returns
        .as_ref()
        .map_or_else(|| "w.nothing".to_owned(), codec_of)
}

fn record(depth: usize, fields: &[Field]) -> String {
    if fields.is_empty() {
        return "w.record(() => ({}))".to_owned();
    }
    let indent = " ".repeat(depth);
    let mut text = "w.record(() => ({\n".to_owned();
    for field in fields {
        let (name, wire) = (camel(&field.wire), quoted(&field.wire));
        let of = match codec_of(&field.ty) {
            of if field.secret => format!("w.secret({of})"),
            of => of,
        };
        let fallback = field.default.as_ref().filter(|_| defaults(field));
        let fallback = fallback.map_or_else(String::new, |default| format!(", {default}"));
        let _ = writeln!(text, "{indent}{name}: [{wire}, {of}{fallback}],");
    }
    text + &" ".repeat(depth - 2) + "}))"
}

fn errors(api: &Api) -> String {
    let kinds: BTreeSet<&str> = api.errors.iter().map(|error| error.kind.as_str()).collect();
    let retries: BTreeSet<&str> = api.errors.iter().map(|error| error.retry.as_str()).collect();
    let union = |words: &BTreeSet<&str>| words.iter().copied().map(quoted).collect::<Vec<_>>().join(" | ");
    let mut text = format!(
        "
/** What went wrong, coarsely. */
export type ErrorKind = {};

/** Whether the same call may succeed later, or after what it was based on is read again. */
export type Retry = {};

const CODES = {{
",
        union(&kinds),
        union(&retries)
    );
    for error in &api.errors {
        let _ = writeln!(
            text,
            "  /** {} */\n  {}: [{}, {}, {}],",
            error.meaning,
            quoted(&error.code),
            quoted(&error.kind),
            quoted(&error.retry),
            error.http_status
        );
    }
    text += "} as const satisfies Record<string, readonly [ErrorKind, Retry, number]>;

/** What went wrong: a code that never changes its meaning. docs/errors.md says what to do about each. */
export type ErrorCode = keyof typeof CODES;

/** Whatever the library fails with. A transport of yours may throw one, too. */
export class TertuliaError extends Error {
  /** What went wrong, coarsely. */
  readonly kind: ErrorKind;
  /** Whether the same call may succeed later. */
  readonly retry: Retry;
  /** The HTTP status to answer a platform with, if receiving its webhook failed so. */
  readonly httpStatus: number;

  constructor(
    /** What went wrong. */
    readonly code: ErrorCode,
    message: string,
  ) {
    super(message);
    if (!Object.hasOwn(CODES, code)) throw new TypeError(`there is no error code ${JSON.stringify(code)}`);
    [this.kind, this.retry, this.httpStatus] = CODES[code];
    this.name = new.target.name;
  }
}
";
    for kind in &kinds {
        let name = pascal(kind);
        let of = kind.replace('_', " ");
        let _ = writeln!(
            text,
            "\n/** An error of the kind `{of}`. */\nexport class {name}Error extends TertuliaError {{}}"
        );
    }
    text += "\nconst CLASSES: Record<ErrorKind, typeof TertuliaError> = {\n";
    for kind in &kinds {
        let _ = writeln!(text, "  {kind}: {}Error,", pascal(kind));
    }
    text + "};

/** The error of a code, in the class of its kind. */
export function errorOf(code: ErrorCode, message: string): TertuliaError {
  return new CLASSES[CODES[code][0]](code, message);
}
"
}
