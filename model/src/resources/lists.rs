//! Lists: their items, the things that are listed but not described, and tags.

use super::infer::Finder;
use super::source::named;
use super::words::{MAKERS, noun, plurals};
use super::{Link, Role, Tagging};
use crate::schema::{self, Members, Operation, OperationId, Schema};

impl Finder<'_> {
    /// Finds the things that are made, ended and listed, and not described.
    pub(super) fn links(&self) -> Vec<Link> {
        let described = |noun: &str| self.graph.kind(noun).is_some_and(|kind| kind.first(Role::Describe).is_some());
        let mut links = Vec::new();
        for (maker, enders) in MAKERS {
            for (make, operation) in self.schema.operations().filter(|(_, operation)| operation.refused.is_none()) {
                let Some(noun) = noun(&operation.name, maker).filter(|noun| !described(noun)) else { continue };
                let end = enders.iter().find_map(|ender| self.operation(&format!("{ender}{noun}")));
                let plurals = || [noun.to_owned()].into_iter().chain(plurals(noun));
                let names = plurals().map(|plural| format!("ListAssociated{plural}"));
                let names = names.chain(plurals().map(|plural| format!("List{plural}")));
                let list = names.into_iter().find_map(|name| self.operation(&name));
                // A list of resources that are described shows all of them, and not what is associated.
                let of_described = |list: OperationId| {
                    self.graph.kinds.iter().any(|kind| {
                        kind.first(Role::Describe).is_some()
                            && kind.all(Role::List).any(|action| action.operation == list)
                    })
                };
                let list =
                    list.filter(|list| !of_described(*list) && items(self.schema, &self.schema[*list]).is_some());
                let (Some(end), Some(list)) = (end, list) else { continue };
                if links.iter().any(|known: &Link| known.noun == noun) {
                    continue;
                }
                let kind_of =
                    |member: &schema::Member| self.graph.kind_of(self.schema, &member.name, member.slot.target);
                let required =
                    |id: OperationId| self.members(id).into_iter().flatten().filter(|member| member.required);
                let named = |id: OperationId| {
                    required(id).filter_map(kind_of).max_by_key(|kind| self.graph.kinds[*kind].parents.len())
                };
                // The list of another holder shows something else.
                let is_other = |member: &schema::Member| {
                    let Some(kind) = kind_of(member) else { return false };
                    let is_same = |given: &schema::Member| {
                        given.name.eq_ignore_ascii_case(&member.name) || kind_of(given) == Some(kind)
                    };
                    !self.members(make).into_iter().flatten().any(is_same)
                };
                if required(list).any(is_other) {
                    continue;
                }
                // A list without the holder shows what could be associated.
                let holder = named(list);
                if holder.is_some() || named(make).is_none() {
                    links.push(Link { noun: noun.to_owned(), holder, make, end, list });
                }
            }
        }
        links.sort_by(|one, other| one.noun.cmp(&other.noun));
        links
    }
}

/// The members of the items of an operation that lists; the inner option is none for items without members. None for
/// operations that list nothing.
pub(super) fn items<'s>(schema: &'s Schema, operation: &Operation) -> Option<Option<&'s Members>> {
    let output = schema.output_members(operation)?;
    let path = operation.pagination.as_ref().and_then(|pagination| pagination.items.clone());
    let list = match path.as_deref() {
        Some([name]) => output.get(name)?,
        _ => output.iter().find(|member| matches!(schema[member.slot.target].kind, schema::Kind::List(_)))?,
    };
    match &schema[list.slot.target].kind {
        schema::Kind::List(list) => Some(schema[list.member.target].kind.members()),
        _ => None,
    }
}

/// The operations on tags.
pub(super) fn tagging(schema: &Schema) -> Option<Tagging> {
    let operation = |name: &str| schema.operation_named(name);
    let (tag, untag) = (operation("TagResource")?, operation("UntagResource")?);
    let list = operation("ListTagsForResource").or_else(|| operation("ListTags"))?;
    let [input, removal] = [tag, untag].map(|id| schema.input_members(&schema[id]));
    let output = schema.output_members(&schema[list])?;
    let arn = input?.iter().find(|member| {
        member.required
            && matches!(schema[member.slot.target].kind, schema::Kind::String)
            && named(removal, &member.name).is_some()
    })?;
    let is_tags = |member: &&schema::Member| {
        let kind = &schema[member.slot.target].kind;
        matches!(kind, schema::Kind::Map(_) | schema::Kind::List(_))
    };
    let tags = input?.iter().find(is_tags)?;
    output.get(&tags.name)?;
    let keys = removal?.iter().find(is_tags)?;
    let same = schema.input_members(&schema[list]).and_then(|members| members.get(&arn.name)).is_some();
    let (arn, tags, keys) = (arn.name.clone(), tags.name.clone(), keys.name.clone());
    same.then_some(Tagging { tag, untag, list, arn, tags, keys })
}
