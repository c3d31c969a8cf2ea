//! Python: types, codecs, errors, and the handles of both faces.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Serialize;
use serde_json::Value;

use super::Generated;
use super::model::{Api, Body, Field, Holds, Interface, Method, Shape, Tagging, Type, Variant};
use super::names::{pascal, screaming, snake};

type Made<T> = Result<T, String>;

const INIT: &str = include_str!("../../templates/python/init.py.jinja");
const TYPES: &str = include_str!("../../templates/python/types.py.jinja");
const CODEC: &str = include_str!("../../templates/python/codec.py.jinja");
const ERRORS: &str = include_str!("../../templates/python/errors.py.jinja");
const HANDLES: &str = include_str!("../../templates/python/handles.py.jinja");
const METHODS: &str = include_str!("../../templates/python/methods.py.jinja");

/// Every generated file of the Python package.
pub(crate) fn files(api: &Api) -> Made<Vec<Generated>> {
    let python = Python { api };
    let (shapes, interfaces, kinds) = (python.shapes()?, python.interfaces()?, kinds(api));
    let all = context! {
        error_names => error_names(&kinds),
        handle_names => handle_names(&interfaces),
        shapes => Serde(shapes),
        interfaces => Serde(interfaces),
        errors => Serde(&api.errors),
        kinds => Serde(kinds),
    };
    let file = |path, template, blocking: bool| -> Made<Generated> {
        let context = context! { blocking, ..all.clone() };
        Ok(Generated {
            path,
            text: render(template, context)?,
        })
    };
    Ok(vec![
        file("bindings-python/python/tertulia/__init__.py", INIT, false)?,
        file("bindings-python/python/tertulia/_types.py", TYPES, false)?,
        file("bindings-python/python/tertulia/_codec.py", CODEC, false)?,
        file("bindings-python/python/tertulia/_errors.py", ERRORS, false)?,
        file("bindings-python/python/tertulia/_handles.py", HANDLES, false)?,
        file(
            "bindings-python/python/tertulia/blocking/__init__.py",
            HANDLES,
            true,
        )?,
        file("bindings-python/tests/methods.py", METHODS, false)?,
    ])
}

fn render(template: &str, context: minijinja::Value) -> Made<String> {
    let mut environment = Environment::new();
    let syntax = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build();
    environment.set_syntax(syntax.map_err(|error| error.to_string())?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_filter("docstring", docstring);
    environment.add_filter("comment", comment);
    environment.add_function("spread", spread);
    environment
        .render_str(template, context)
        .map_err(|error| format!("{error:#}"))
}

/// The longest line that is written.
const WIDTH: usize = 116;

/// `before`, the items and `after` on one line, or each item on a line of its own if that is too long.
#[expect(clippy::needless_pass_by_value, reason = "filters get their arguments so")]
fn spread(before: String, items: Vec<String>, after: String, indent: usize) -> String {
    let line = format!("{before}{}{after}", items.join(", "));
    if items.is_empty() || indent + line.len() <= WIDTH {
        return line;
    }
    let (outer, inner) = (" ".repeat(indent), " ".repeat(indent + 4));
    let items: Vec<String> = items.iter().map(|item| format!("{inner}{item},\n")).collect();
    format!("{before}\n{}{outer}{after}", items.concat())
}

/// The lines of a text that is written `taken` columns in, and after each line's own margin of `indent`.
fn wrap(text: &str, indent: usize, taken: usize) -> Vec<String> {
    let text = text.replace("[`", "`").replace("`]", "`");
    let mut lines: Vec<String> = Vec::new();
    for paragraph in text.split("\n\n") {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && indent + taken + line.len() + word.len() + 1 > WIDTH {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// Text as a docstring.
fn docstring(text: &str, indent: usize) -> String {
    let raw = if text.contains('\\') { "r" } else { "" };
    let margin = " ".repeat(indent);
    let lines = wrap(text, indent, 3);
    let end = if lines.len() > 1 {
        format!("\n{margin}")
    } else {
        String::new()
    };
    format!("{raw}\"\"\"{}{end}\"\"\"", margined(&lines, &margin))
}

/// Text as a comment.
fn comment(text: &str, indent: usize) -> String {
    let lines = wrap(text, indent, 2);
    let lines: Vec<String> = lines
        .iter()
        .map(|line| format!("# {line}").trim_end().to_owned())
        .collect();
    margined(&lines, &" ".repeat(indent))
}

fn margined(lines: &[String], margin: &str) -> String {
    lines
        .join(&format!("\n{margin}"))
        .replace(&format!("{margin}\n"), "\n")
}

/// A kind of error, and the class that is raised for it.
#[derive(Serialize)]
struct Kind {
    name: String,
    class: String,
    docs: String,
}

/// The kinds of errors, in the order of the table.
fn kinds(api: &Api) -> Vec<Kind> {
    let mut names: Vec<&str> = Vec::new();
    for error in &api.errors {
        if !names.contains(&error.kind.as_str()) {
            names.push(&error.kind);
        }
    }
    let kind = |name: &str| Kind {
        name: name.to_owned(),
        class: format!("{}Error", pascal(name)),
        docs: match name {
            "invalid" => "The input is malformed; it will never be accepted as it stands.",
            "refused" => "A rule says no to well-formed input; the message says what would lift it.",
            "not_found" => "There is no such thing in this organisation.",
            "conflict" => "Somebody else changed or made the same thing first.",
            "forbidden" => "The request does not come from who it claims to come from.",
            "unavailable" => "A store, a platform or the network did not answer as it should.",
            "corrupt" => "What is stored cannot be read.",
            _ => "See the code.",
        }
        .to_owned(),
    };
    names.into_iter().map(kind).collect()
}

/// The public names that have to do with errors.
fn error_names(kinds: &[Kind]) -> Vec<String> {
    let mut names = ["ErrorCode", "ErrorKind", "Retry", "TertuliaError"]
        .map(str::to_owned)
        .to_vec();
    names.extend(kinds.iter().map(|kind| kind.class.clone()));
    names
}

/// The public names of handles, and of what a program may write for the library to call.
fn handle_names(interfaces: &Interfaces) -> Vec<String> {
    let mut names = ["Crm", "ManualClock", "Org", "Platform"]
        .map(str::to_owned)
        .to_vec();
    let faces = interfaces.org.iter().chain(&interfaces.callbacks);
    names.extend(faces.map(|face| face.class.clone()));
    names
}

/// The shapes, as the templates lay them out.
#[derive(Default, Serialize)]
struct Shapes {
    ids: Vec<Named>,
    choices: Vec<Choice>,
    classes: Vec<Class>,
    unions: Vec<Union>,
    aliases: Vec<Named>,
    /// Every public name.
    names: Vec<String>,
}

/// A name that stands for a type.
#[derive(Serialize)]
struct Named {
    name: String,
    docs: String,
    is: String,
}

#[derive(Serialize)]
struct Choice {
    name: String,
    docs: String,
    words: Vec<Word>,
}

#[derive(Serialize)]
struct Word {
    wire: String,
    docs: String,
}

/// A record, or a variant of a union.
#[derive(Serialize)]
struct Class {
    name: String,
    function: String,
    docs: String,
    fields: Vec<Slot>,
    secret: Vec<String>,
    /// Its one value may be given without its name.
    positional: bool,
    /// It is written under this key with this value beside its fields: the tag of a variant.
    tag: Option<[String; 2]>,
    /// It is written as the value of this only key: the name of a variant.
    key: Option<String>,
    /// It is written as its only field alone.
    bare: bool,
}

#[derive(Serialize)]
struct Slot {
    name: String,
    wire: String,
    docs: String,
    annotation: String,
    /// What it is if left out.
    default: Option<String>,
    /// The default is made anew each time.
    fresh: bool,
    /// Reads it out of the object `v`.
    read: String,
    /// Writes it out of the record `v`.
    write: String,
}

#[derive(Serialize)]
struct Union {
    name: String,
    function: String,
    docs: String,
    /// The tag's key, if it has one; else it is the only key.
    tag: Option<String>,
    untagged: bool,
    /// The variants that are bare words.
    words: Vec<Word>,
    variants: Vec<Arm>,
}

/// A variant that is more than a word.
#[derive(Serialize)]
struct Arm {
    wire: String,
    class: String,
    read: String,
    write: String,
}

/// A handle's methods.
#[derive(Serialize)]
struct Interfaces {
    crm: Face,
    org: Vec<Face>,
    platform: Face,
    clock: Face,
    callbacks: Vec<Face>,
}

#[derive(Serialize)]
struct Face {
    name: String,
    class: String,
    constant: String,
    docs: String,
    methods: Vec<Call>,
}

#[derive(Serialize)]
struct Call {
    name: String,
    /// What it is called by.
    wire: String,
    docs: String,
    params: Vec<Param>,
    returns: String,
    /// What one entry of its pages is; it lists.
    item: Option<String>,
    /// Reads the answer `{0}`.
    read: String,
    /// Writes the answer `v`.
    write: String,
    nothing: bool,
    /// What it tells of its progress, and how that is read.
    progress: Option<Progress>,
    other: Option<String>,
    /// What a callback answers by itself.
    default: Option<String>,
}

#[derive(Serialize)]
struct Progress {
    annotation: String,
    /// Reads it out of `v`.
    read: String,
}

#[derive(Serialize)]
struct Param {
    name: String,
    wire: String,
    annotation: String,
    optional: bool,
    /// Reads it out of the object `v`.
    read: String,
    write: String,
}

struct Python<'a> {
    api: &'a Api,
}

impl Python<'_> {
    fn shapes(&self) -> Made<Shapes> {
        let mut shapes = Shapes::default();
        for shape in &self.api.shapes {
            let (name, docs) = (shape.name.clone(), shape.docs.clone());
            match &shape.body {
                Body::Id => shapes.ids.push(Named {
                    name,
                    docs,
                    is: "str".to_owned(),
                }),
                Body::Alias { ty } => shapes.aliases.push(Named {
                    name,
                    docs,
                    is: Self::annotation(ty),
                }),
                Body::Choice { values } => shapes.choices.push(Choice {
                    name,
                    docs,
                    words: values
                        .iter()
                        .map(|word| Word {
                            wire: word.wire.clone(),
                            docs: word.docs.clone(),
                        })
                        .collect(),
                }),
                Body::Record { fields } => shapes.classes.push(self.class(name, docs, fields)?),
                Body::Union { tagging, variants } => {
                    let (union, classes) = self
                        .union(shape, tagging, variants)
                        .map_err(|error| format!("{}: {error}", shape.name))?;
                    shapes.unions.push(union);
                    shapes.classes.extend(classes);
                }
            }
        }
        // It is made of others.
        shapes.unions.sort_by_key(|union| union.untagged);
        let ids = shapes.ids.iter().chain(&shapes.aliases).map(|named| &named.name);
        let choices = shapes.choices.iter().map(|choice| &choice.name);
        let classes = shapes.classes.iter().map(|class| &class.name);
        let unions = shapes.unions.iter().map(|union| &union.name);
        let mut names: Vec<String> = ids.chain(choices).chain(classes).chain(unions).cloned().collect();
        names.push("Json".to_owned());
        names.sort();
        if let Some([twice, _]) = names.array_windows().find(|[one, next]| one == next) {
            return Err(format!("two types would be called {twice}"));
        }
        shapes.names = names;
        Ok(shapes)
    }

    fn class(&self, name: String, docs: String, fields: &[Field]) -> Made<Class> {
        let mut slots = fields
            .iter()
            .map(|field| self.slot(field))
            .collect::<Made<Vec<_>>>()
            .map_err(|error| format!("{name}: {error}"))?;
        // They are given by name: what must be given comes first, for the reader.
        slots.sort_by_key(|slot| slot.default.is_some());
        let secret = fields
            .iter()
            .filter(|field| field.secret)
            .map(|field| identifier(&field.wire))
            .collect();
        Ok(Class {
            function: snake(&name),
            name,
            docs,
            positional: false,
            fields: slots,
            secret,
            tag: None,
            key: None,
            bare: false,
        })
    }

    fn slot(&self, field: &Field) -> Made<Slot> {
        let name = identifier(&field.wire);
        let key = quoted(&field.wire);
        let default = field
            .default
            .as_ref()
            .map(|default| self.literal(&field.ty, default))
            .transpose()
            .map_err(|error| format!("{}: {error}", field.wire))?;
        let optional = matches!(field.ty, Type::Optional(_));
        let read = match &default {
            None => self.read(&field.ty, &format!("v[{key}]"), 0),
            Some(_) if optional => self.read(&field.ty, &format!("v.get({key})"), 0),
            Some(default) if self.plain(&field.ty) => format!("v.get({key}, {default})"),
            Some(default) => {
                let read = self.read(&field.ty, &format!("v[{key}]"), 0);
                format!("{read} if {key} in v else {default}")
            }
        };
        Ok(Slot {
            wire: field.wire.clone(),
            docs: field.docs.clone(),
            annotation: Self::annotation(&field.ty),
            fresh: default
                .as_ref()
                .is_some_and(|text| text.contains(['[', '{', '('])),
            default,
            read,
            write: self.write(&field.ty, &format!("v.{name}"), 0),
            name,
        })
    }

    fn union(&self, shape: &Shape, tagging: &Tagging, variants: &[Variant]) -> Made<(Union, Vec<Class>)> {
        let mut union = Union {
            name: shape.name.clone(),
            function: snake(&shape.name),
            docs: shape.docs.clone(),
            tag: match tagging {
                Tagging::Inner(tag) => Some(tag.clone()),
                Tagging::Outer | Tagging::Untagged => None,
            },
            untagged: *tagging == Tagging::Untagged,
            words: Vec::new(),
            variants: Vec::new(),
        };
        let mut classes = Vec::new();
        for variant in variants {
            let arm = match (tagging, &variant.holds) {
                (Tagging::Outer, Holds::Nothing) => {
                    union.words.push(Word {
                        wire: variant.wire.clone(),
                        docs: variant.docs.clone(),
                    });
                    continue;
                }
                (Tagging::Untagged, Holds::Value { ty }) => Arm {
                    wire: variant.wire.clone(),
                    class: Self::annotation(ty),
                    read: self.read(ty, "v", 0),
                    write: self.write(ty, "v", 0),
                },
                // The object is that record, and its tag.
                (
                    Tagging::Inner(tag),
                    Holds::Value {
                        ty: Type::Named(record),
                    },
                ) => {
                    self.own_record(record, variants)?;
                    Arm {
                        wire: variant.wire.clone(),
                        class: record.clone(),
                        read: format!("read_{}", snake(record)),
                        write: format!(
                            "lambda v: {{{}: {}, **write_{}(v)}}",
                            quoted(tag),
                            quoted(&variant.wire),
                            snake(record)
                        ),
                    }
                }
                (_, holds) => {
                    let (class, arm) = self.variant(&shape.name, tagging, variant, holds)?;
                    classes.push(class);
                    arm
                }
            };
            union.variants.push(arm);
        }
        Ok((union, classes))
    }

    /// Fails unless this names a record that only one of the variants holds, so that its class tells which it is.
    fn own_record(&self, name: &str, variants: &[Variant]) -> Made<()> {
        let holders = variants.iter().filter(
            |variant| matches!(&variant.holds, Holds::Value { ty: Type::Named(other) } if other == name),
        );
        let record = self.body(name);
        match (record, holders.count()) {
            (Some(Body::Record { .. }), 1) => Ok(()),
            _ => Err(format!("{name} cannot stand for a variant")),
        }
    }

    /// The class of a variant that has one of its own.
    fn variant(
        &self,
        union: &str,
        tagging: &Tagging,
        variant: &Variant,
        holds: &Holds,
    ) -> Made<(Class, Arm)> {
        let name = format!("{union}{}", pascal(&variant.wire));
        let docs = if variant.docs.is_empty() {
            format!("{union}: {}.", variant.wire)
        } else {
            variant.docs.clone()
        };
        let value;
        let fields = match holds {
            Holds::Nothing => &[][..],
            Holds::Fields { fields } => fields,
            Holds::Value { ty } => {
                value = [Field {
                    wire: "value".to_owned(),
                    docs: String::new(),
                    ty: ty.clone(),
                    default: None,
                    secret: false,
                }];
                &value[..]
            }
        };
        let mut class = self.class(name.clone(), docs, fields)?;
        class.positional = class.fields.len() == 1;
        match (tagging, holds) {
            (Tagging::Inner(tag), Holds::Nothing | Holds::Fields { .. }) => {
                class.tag = Some([tag.clone(), variant.wire.clone()]);
            }
            (Tagging::Outer, Holds::Fields { .. } | Holds::Value { .. }) => {
                class.key = Some(variant.wire.clone());
                class.bare = matches!(holds, Holds::Value { .. });
            }
            _ => return Err(format!("{} is of no form that is understood", variant.wire)),
        }
        if let (true, [field]) = (class.bare, &mut class.fields[..])
            && let Holds::Value { ty } = holds
        {
            field.read = self.read(ty, "v", 0);
        }
        let arm = Arm {
            wire: variant.wire.clone(),
            read: format!("read_{}", class.function),
            write: format!("write_{}", class.function),
            class: name,
        };
        Ok((class, arm))
    }

    fn interfaces(&self) -> Made<Interfaces> {
        // Areas have names of their own: there is a record called Settings.
        let area = |interface: &Interface| self.face(interface, format!("Org{}", pascal(&interface.name)));
        let plain = |interface: &Interface| self.face(interface, pascal(&interface.name));
        Ok(Interfaces {
            crm: plain(&self.api.crm)?,
            org: self.api.org.iter().map(area).collect::<Made<_>>()?,
            platform: plain(&self.api.platform)?,
            clock: plain(&self.api.clock)?,
            callbacks: self.api.callbacks.iter().map(plain).collect::<Made<_>>()?,
        })
    }

    fn face(&self, interface: &Interface, class: String) -> Made<Face> {
        let call = |method| {
            self.call(&interface.name, method)
                .map_err(|error| format!("{}.{}: {error}", interface.name, method.name))
        };
        Ok(Face {
            name: snake(&interface.name),
            class,
            constant: screaming(&interface.name),
            docs: interface.docs.clone(),
            methods: interface.methods.iter().map(call).collect::<Made<_>>()?,
        })
    }

    fn call(&self, interface: &str, method: &Method) -> Made<Call> {
        let param = |field: &Field| {
            let name = identifier(&field.wire);
            Param {
                wire: field.wire.clone(),
                annotation: self.parameter(&field.ty),
                optional: field.default.is_some(),
                read: self.read(&field.ty, &format!("v.get({})", quoted(&field.wire)), 0),
                write: self.write(&field.ty, &name, 0),
                name,
            }
        };
        let params: Vec<Param> = method.params.iter().map(param).collect();
        if params
            .windows(2)
            .any(|pair| pair[0].optional && !pair[1].optional)
        {
            return Err("an argument that must be given follows one that need not".to_owned());
        }
        let item = match &method.returns {
            Some(Type::Page(item)) => Some(Self::annotation(item)),
            _ => None,
        };
        if item.is_some() && params.last().is_none_or(|last| last.name != "page") {
            return Err("a list needs a page as its last argument".to_owned());
        }
        let answer = method.returns.clone();
        let default = match (&method.default, &answer) {
            (None, _) => None,
            (Some(Value::Null), _) => Some("None".to_owned()),
            (Some(default), Some(ty)) => Some(self.literal(ty, default)?),
            (Some(_), None) => return Err("it answers something by itself and nothing otherwise".to_owned()),
        };
        Ok(Call {
            name: identifier(&method.name),
            wire: format!("{interface}.{}", method.name),
            docs: method.docs.clone(),
            params,
            returns: answer.as_ref().map_or("None".to_owned(), Self::annotation),
            item,
            read: answer.as_ref().map_or(String::new(), |ty| self.read(ty, "v", 0)),
            write: answer
                .as_ref()
                .map_or("None".to_owned(), |ty| self.write(ty, "v", 0)),
            nothing: answer.is_none(),
            progress: method.progress.as_ref().map(|ty| Progress {
                annotation: Self::annotation(ty),
                read: self.read(ty, "v", 0),
            }),
            other: method.other.clone(),
            default,
        })
    }

    /// How a type is written in Python.
    fn annotation(ty: &Type) -> String {
        match ty {
            Type::Text => "str".to_owned(),
            Type::Bool => "bool".to_owned(),
            Type::Int { .. } => "int".to_owned(),
            Type::Float => "float".to_owned(),
            Type::Time => "datetime".to_owned(),
            Type::Json => "Json".to_owned(),
            Type::Bytes => "bytes".to_owned(),
            Type::Named(name) => name.clone(),
            Type::List(item) => format!("list[{}]", Self::annotation(item)),
            Type::Map(item) => format!("dict[str, {}]", Self::annotation(item)),
            Type::Optional(item) => format!("{} | None", Self::annotation(item)),
            Type::Page(item) => format!("Page[{}]", Self::annotation(item)),
        }
    }

    /// How a type is written where a value is handed over: any sequence will do for a list. Not of text, as text is a
    /// sequence of text itself.
    fn parameter(&self, ty: &Type) -> String {
        match ty {
            Type::List(item) if *self.behind(item) != Type::Text => {
                format!("Sequence[{}]", Self::annotation(item))
            }
            Type::Optional(inner) => format!("{} | None", self.parameter(inner)),
            other => Self::annotation(other),
        }
    }

    /// What a shape is made of.
    fn body(&self, name: &str) -> Option<&Body> {
        let shape = self.api.shapes.iter().find(|shape| shape.name == name);
        shape.map(|shape| &shape.body)
    }

    /// What a name stands for, if it is but another name.
    fn behind<'t>(&'t self, ty: &'t Type) -> &'t Type {
        if let Type::Named(name) = ty
            && let Some(Body::Alias { ty }) = self.body(name)
        {
            return self.behind(ty);
        }
        ty
    }

    /// Whether what JSON gives is the value itself.
    fn plain(&self, ty: &Type) -> bool {
        match self.behind(ty) {
            Type::Text | Type::Bool | Type::Int { .. } | Type::Float | Type::Json => true,
            Type::Time | Type::Bytes | Type::Page(_) => false,
            Type::Named(name) => matches!(self.body(name), Some(Body::Id | Body::Choice { .. })),
            Type::List(item) | Type::Map(item) | Type::Optional(item) => self.plain(item),
        }
    }

    /// Whether the value itself is what JSON takes. The keys of maps have to be looked at.
    fn writes_plain(&self, ty: &Type) -> bool {
        match self.behind(ty) {
            Type::Map(_) => false,
            Type::List(item) | Type::Optional(item) => self.writes_plain(item),
            other => self.plain(other),
        }
    }

    /// An expression that reads a value out of what JSON gave; it names `from` once, at the given depth of lists.
    fn read(&self, ty: &Type, from: &str, depth: usize) -> String {
        self.convert("read", Self::plain, ty, from, depth)
    }

    /// An expression that writes a value as JSON takes it.
    fn write(&self, ty: &Type, from: &str, depth: usize) -> String {
        self.convert("write", Self::writes_plain, ty, from, depth)
    }

    fn convert(
        &self,
        verb: &str,
        plain: fn(&Self, &Type) -> bool,
        ty: &Type,
        from: &str,
        depth: usize,
    ) -> String {
        let ty = self.behind(ty);
        if plain(self, ty) {
            return from.to_owned();
        }
        let item = format!("v{}", depth + 1);
        let items = |ty| self.convert(verb, plain, ty, &item, depth + 1);
        // A function of one value: one that is there, if there is one.
        let function = |ty| {
            let made = items(ty);
            let named = made
                .strip_suffix(&format!("({item})"))
                .filter(|name| !name.contains(['(', ' ']));
            named.map_or_else(|| format!("lambda {item}: {made}"), ToOwned::to_owned)
        };
        match ty {
            Type::Time => format!("{verb}_time({from})"),
            Type::Bytes => format!("{verb}_bytes({from})"),
            Type::Named(name) => format!("{verb}_{}({from})", snake(name)),
            Type::List(inner) => format!("[{} for {item} in {from}]", items(inner)),
            Type::Map(inner) if verb == "write" => {
                format!("{{k: {} for k, {item} in items({from})}}", items(inner))
            }
            Type::Map(inner) => format!("{{k: {} for k, {item} in {from}.items()}}", items(inner)),
            Type::Optional(inner) => format!("optional({from}, {})", function(inner)),
            Type::Page(inner) => format!("{verb}_page({from}, {})", function(inner)),
            Type::Text | Type::Bool | Type::Int { .. } | Type::Float | Type::Json => from.to_owned(),
        }
    }

    /// A value of a type that JSON gives, as Python's source says it.
    fn literal(&self, ty: &Type, value: &Value) -> Made<String> {
        let ty = self.behind(ty);
        Ok(match (ty, value) {
            (Type::Optional(_) | Type::Json, Value::Null) => "None".to_owned(),
            (Type::Optional(inner), value) => self.literal(inner, value)?,
            (Type::Bool, Value::Bool(true)) => "True".to_owned(),
            (Type::Bool, Value::Bool(false)) => "False".to_owned(),
            (Type::Int { .. } | Type::Float, Value::Number(number)) => number.to_string(),
            (Type::Text, Value::String(text)) => quoted(text),
            (Type::Bytes, Value::String(text)) if text.is_empty() => "b\"\"".to_owned(),
            (Type::List(_), Value::Array(items)) if items.is_empty() => "[]".to_owned(),
            (Type::Map(_), Value::Object(items)) if items.is_empty() => "{}".to_owned(),
            (Type::Named(name), value) => match (self.body(name), value) {
                (Some(Body::Choice { .. }), Value::String(word)) => quoted(word),
                (Some(Body::Union { variants, .. }), value) => {
                    let fits = |variant: &Variant| match &variant.holds {
                        Holds::Value { ty } => self.literal(ty, value).ok(),
                        Holds::Nothing if value.as_str() == Some(&variant.wire) => {
                            Some(quoted(&variant.wire))
                        }
                        Holds::Nothing | Holds::Fields { .. } => None,
                    };
                    variants
                        .iter()
                        .find_map(fits)
                        .ok_or_else(|| no_literal(ty, value))?
                }
                (Some(Body::Record { fields }), Value::Object(given)) => {
                    let mut arguments = Vec::new();
                    for field in fields {
                        match given.get(&field.wire) {
                            Some(value) if field.default.as_ref() != Some(value) => arguments.push(format!(
                                "{}={}",
                                identifier(&field.wire),
                                self.literal(&field.ty, value)?
                            )),
                            _ => {}
                        }
                    }
                    format!("{name}({})", arguments.join(", "))
                }
                _ => return Err(no_literal(ty, value)),
            },
            _ => return Err(no_literal(ty, value)),
        })
    }
}

fn no_literal(ty: &Type, value: &Value) -> String {
    format!("the default {value} of {ty:?} cannot be written in Python")
}

/// Text as Python's source quotes it. What crosses as names is ASCII, where JSON's way is Python's.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A name of the wire as Python writes it.
fn identifier(wire: &str) -> String {
    const KEYWORDS: [&str; 35] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
        "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in",
        "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    let name = snake(wire);
    if KEYWORDS.contains(&name.as_str()) {
        format!("{name}_")
    } else {
        name
    }
}
