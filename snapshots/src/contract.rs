//! The contract of an operation as a page of text, for people who review what a model update changes for callers.
//!
//! One fact per line, in an order that does not depend on the facts themselves, so that a difference between two pages
//! is the difference between two contracts. Reads a [`Schema`] only.

use std::collections::HashSet;
use std::fmt::{self, Write};

use connect_model::export::words;
use connect_model::schema::{Kind, Member, Members, Number, Operation, OperationId, Pagination, Schema, ShapeId, Slot};
use connect_model::semantics::danger::{Danger, danger};

use crate::documentation;

/// The page of an operation.
pub(crate) fn page(schema: &Schema, operation: OperationId) -> String {
    let mut page = Page { schema, text: String::new(), described: HashSet::new() };
    // Writing to a string cannot fail.
    let _ = page.operation(&schema[operation]);
    page.text
}

/// Enums up to this many values stand in the line of their member; longer ones get a line for each value.
const INLINE_VALUES: usize = 3;

struct Page<'s> {
    schema: &'s Schema,
    text: String,
    /// Structures and unions that the page has described; the next time they are referred to by name.
    described: HashSet<ShapeId>,
}

impl Page<'_> {
    fn operation(&mut self, operation: &Operation) -> fmt::Result {
        let schema = self.schema;
        writeln!(self.text, "{}", operation.name)?;
        writeln!(self.text, "  request: {} {}", operation.method, operation.uri)?;
        writeln!(self.text, "  success: {}", operation.status)?;
        writeln!(self.text, "  effect: {}", danger(schema, operation).describe())?;
        writeln!(self.text, "  repetition: {}", repetition(schema, operation))?;
        writeln!(self.text, "  pages: {}", operation.pagination.as_ref().map_or("no".to_owned(), paging))?;
        if operation.deprecated {
            writeln!(self.text, "  deprecated")?;
        }
        if let Some(address) = documentation(&operation.name).filter(|_| schema.service.is_connect()) {
            writeln!(self.text, "  documentation: {address}")?;
        }
        for (title, side) in [("INPUT", operation.input), ("OUTPUT", operation.output)] {
            writeln!(self.text, "\n{title}")?;
            match side.and_then(|shape| schema[shape].kind.members()).filter(|members| !members.is_empty()) {
                Some(members) => self.members(members, 1, side == operation.input)?,
                None => writeln!(self.text, "  (empty)")?,
            }
        }
        self.errors(operation)
    }

    /// `top` at the top of an input, where members have different places.
    fn members(&mut self, members: &Members, depth: usize, top: bool) -> fmt::Result {
        members.iter().try_for_each(|member| self.member(member, depth, top))
    }

    fn member(&mut self, member: &Member, depth: usize, top: bool) -> fmt::Result {
        // Of instants and bytes the form says all.
        let is_plain = !matches!(self.schema[member.slot.target].kind, Kind::Timestamp | Kind::Blob);
        let mut facts = Vec::from_iter(is_plain.then(|| self.kind(&member.slot)));
        facts.extend(member.required.then(|| "required".to_owned()));
        facts.extend(words::binding(&member.binding).or_else(|| top.then(|| "in the body".to_owned())));
        facts.extend(words::constraints(self.schema, &member.slot));
        facts.extend(words::marks(member));
        if member.json_name != member.name {
            facts.push(format!("key `{}` in JSON", member.json_name));
        }
        if let Some(default) = &member.slot.traits.default {
            facts.push(format!("{default} when absent"));
        }
        writeln!(self.text, "{:indent$}{}: {}", "", member.name, facts.join("; "), indent = depth * 2)?;
        self.inside(member.slot.target, depth + 1)
    }

    /// What a value is: `text`, `list of RuleAction`, `map of text to Reference`.
    fn kind(&self, slot: &Slot) -> String {
        let shape = &self.schema[slot.target];
        match &shape.kind {
            Kind::Structure(_) | Kind::Union(_) => {
                let what = if matches!(shape.kind, Kind::Union(_)) { ", exactly one of its members" } else { "" };
                match (self.described.contains(&slot.target), shape.recursive) {
                    (true, true) => format!("{}{what}, as described above (recursive)", shape.name),
                    (true, false) => format!("{}{what}, as described above", shape.name),
                    (false, _) => format!("{}{what}", shape.name),
                }
            }
            Kind::List(list) => format!("list of {}", self.kind(&list.member)),
            Kind::Map(map) => format!("map of {} to {}", self.kind(&map.key), self.kind(&map.value)),
            Kind::Enum(values) if values.len() <= INLINE_VALUES => format!("one of {}", values.join(", ")),
            Kind::Enum(values) => format!("one of {} values", values.len()),
            Kind::IntEnum(values) => format!("one of {values:?}"),
            Kind::String => "text".to_owned(),
            Kind::Unit => "{}".to_owned(),
            Kind::Number(number) => number_words(*number).to_owned(),
            kind => kind.word().to_owned(),
        }
    }

    /// Members and enum values below a value's line.
    fn inside(&mut self, shape: ShapeId, depth: usize) -> fmt::Result {
        let schema = self.schema;
        match &schema[shape].kind {
            Kind::Structure(members) | Kind::Union(members) => {
                if !self.described.insert(shape) {
                    return Ok(());
                }
                if members.is_empty() {
                    writeln!(self.text, "{:indent$}(no members)", "", indent = depth * 2)?;
                }
                self.members(members, depth, false)
            }
            Kind::List(list) => self.inside(list.member.target, depth),
            Kind::Map(map) => {
                self.inside(map.key.target, depth)?;
                self.inside(map.value.target, depth)
            }
            Kind::Enum(values) if values.len() > INLINE_VALUES => {
                values.iter().try_for_each(|value| writeln!(self.text, "{:indent$}| {value}", "", indent = depth * 2))
            }
            _ => Ok(()),
        }
    }

    fn errors(&mut self, operation: &Operation) -> fmt::Result {
        let schema = self.schema;
        writeln!(self.text, "\nERRORS")?;
        let mut errors: Vec<(u16, ShapeId)> =
            operation.errors.iter().filter_map(|id| schema[*id].error.map(|error| (error.status, *id))).collect();
        errors.sort_by_key(|(status, id)| (*status, &schema[*id].name));
        for (status, id) in errors {
            writeln!(self.text, "  {status} {}", schema[id].name)?;
            if let Some(members) = schema[id].kind.members() {
                self.members(members, 2, false)?;
            }
        }
        Ok(())
    }
}

/// Numbers in words that need no programming language.
fn number_words(number: Number) -> &'static str {
    match number {
        Number::Byte => "whole number of 8 bits",
        Number::Short => "whole number of 16 bits",
        Number::Integer => "whole number of 32 bits",
        Number::Long => "whole number of 64 bits",
        Number::BigInteger => "whole number of any size",
        Number::Float => "number in single precision",
        Number::Double => "number in double precision",
        Number::BigDecimal => "number of any precision",
    }
}

/// What happens when the same request is sent twice, as far as the model says.
pub(crate) fn repetition(schema: &Schema, operation: &Operation) -> String {
    let token = schema.input_members(operation).and_then(Members::idempotency_token);
    match token {
        Some(member) => format!("the server recognises it by {}", member.name),
        None if danger(schema, operation) == Danger::Read => "harmless, it only reads".to_owned(),
        None if operation.idempotent => "the same as once (idempotent)".to_owned(),
        None => "the model promises nothing".to_owned(),
    }
}

/// How an operation pages.
pub(crate) fn paging(paging: &Pagination) -> String {
    let mut text =
        format!("{} of the output becomes {} of the next input", paging.output_token.join("."), paging.input_token);
    if let Some(items) = &paging.items {
        text += &format!("; items in {}", items.join("."));
    }
    if let Some(size) = &paging.page_size {
        text += &format!("; at most {size} on a page");
    }
    if paging.inferred {
        text += "; inferred from its members, the model does not say so";
    }
    text
}
