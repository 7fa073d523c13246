//! Lists: their items, things that are shown in a list or with their holder, and tags.

use super::infer::Finder;
use super::source::{described, named};
use super::words::{self, MAKERS, noun, plurals};
use super::{Link, Role, Tagging};
use crate::schema::{self, Members, Operation, OperationId, Schema, ShapeId};

impl Finder<'_> {
    /// Finds the things that are made, ended and shown together, and that no operation describes.
    pub(super) fn links(&self) -> Vec<Link> {
        let described = |noun: &str| self.graph.kind(noun).is_some_and(|kind| kind.first(Role::Describe).is_some());
        let mut links: Vec<Link> = Vec::new();
        for (maker, enders) in MAKERS {
            for (make, operation) in self.schema.operations().filter(|(_, operation)| operation.refused.is_none()) {
                let Some(noun) = noun(&operation.name, maker).filter(|noun| !described(noun)) else { continue };
                let end = enders.iter().find_map(|ender| self.operation(&format!("{ender}{noun}")));
                let Some(end) = end.filter(|_| links.iter().all(|known| known.noun != noun)) else { continue };
                let link = self.listed(noun, make, end).or_else(|| self.described(noun, make, end));
                links.extend(link.map(|link| Link { update: self.update(noun, make), ..link }));
            }
        }
        links.sort_by(|one, other| one.noun.cmp(&other.noun));
        links
    }

    /// Things that an operation lists.
    fn listed(&self, noun: &str, make: OperationId, end: OperationId) -> Option<Link> {
        let plurals = || [noun.to_owned()].into_iter().chain(plurals(noun));
        let names = plurals().map(|plural| format!("ListAssociated{plural}"));
        let names = names.chain(plurals().map(|plural| format!("List{plural}")));
        let named = names.filter_map(|name| self.operation(&name)).take(1);
        // The list may name the holder before them: ListGroupResources, which requires a GroupIdentifier.
        let holder = |operation: &Operation| {
            let rest = words::noun(&operation.name, "List").filter(|_| operation.refused.is_none())?;
            plurals()
                .find_map(|plural| rest.strip_suffix(&plural))
                .filter(|holder| !holder.is_empty())
                .map(str::to_lowercase)
        };
        let given = self.members(make);
        let is_held = |id: OperationId, holder: &str| {
            // Plain texts may be the ids of what the request names in another way.
            let shows_members = items(self.schema, &self.schema[id]).flatten().is_some();
            let is_given = |member: &schema::Member| given.is_some_and(|given| given.get(&member.name).is_some());
            shows_members
                && self.required(id).all(is_given)
                && self.required(id).any(|member| member.name.to_lowercase().starts_with(holder))
        };
        let mut ending = self.schema.operations().filter_map(|(id, operation)| Some((id, holder(operation)?)));
        let ending = ending.find(|(id, holder)| is_held(*id, holder)).map(|(id, _)| id);
        let lists = named.chain(ending);
        lists.filter(|list| self.shows_parts(*list)).find_map(|list| self.list_of(noun, make, end, list))
    }

    /// True for an operation with a list of other things than the resources that another one describes: such a list shows all of
    /// them, and not what is associated.
    fn shows_parts(&self, list: OperationId) -> bool {
        let is_of_described = self.graph.kinds.iter().any(|kind| {
            kind.first(Role::Describe).is_some() && kind.all(Role::List).any(|action| action.operation == list)
        });
        !is_of_described && items(self.schema, &self.schema[list]).is_some()
    }

    /// Things that one operation makes and another lists, if it lists these.
    fn list_of(&self, noun: &str, make: OperationId, end: OperationId, list: OperationId) -> Option<Link> {
        // The list of another holder shows something else.
        let is_other = |member: &schema::Member| {
            let Some(kind) = self.kind_of(member) else { return false };
            let is_same = |given: &schema::Member| {
                given.name.eq_ignore_ascii_case(&member.name) || self.kind_of(given) == Some(kind)
            };
            !self.members(make).into_iter().flatten().any(is_same)
        };
        if self.required(list).any(is_other) {
            return None;
        }
        // A list without the holder shows what could be associated.
        let holder = self.named(list);
        let is_held = holder.is_some() || self.named(make).is_none();
        is_held.then(|| Link { noun: noun.to_owned(), holder, make, end, list, member: None, update: None })
    }

    /// Associations that the description of their holder shows: as structures of the shape that the request has, or in a list
    /// of the same name.
    fn described(&self, noun: &str, make: OperationId, end: OperationId) -> Option<Link> {
        let holder = self.named(make).filter(|_| words::noun(&self.schema[make].name, "Associate").is_some())?;
        let kind = &self.graph.kinds[holder];
        let element = |member: &schema::Member| match &self.schema[member.slot.target].kind {
            schema::Kind::List(list) => Some(list.member.target),
            _ => None,
        };
        let is_structure = |shape: ShapeId| matches!(self.schema[shape].kind, schema::Kind::Structure(_));
        let shows = |shown: &schema::Member, given: &schema::Member| match (element(shown), element(given)) {
            (Some(shown), None) => shown == given.slot.target && is_structure(shown),
            (Some(of_shown), Some(of_given)) => {
                (of_shown == of_given && is_structure(of_shown)) || list_noun(&shown.name) == list_noun(&given.name)
            }
            (None, _) => false,
        };
        let mut members = described(self.schema, kind)?.iter();
        let member = members.find(|shown| self.required(make).any(|given| shows(shown, given)))?.name.clone();
        let list = kind.first(Role::Describe)?.operation;
        let (noun, holder, member) = (noun.to_owned(), Some(holder), Some(member));
        Some(Link { noun, holder, make, end, list, member, update: None })
    }

    /// The operation that takes the same as another one, and changes what that made.
    fn update(&self, noun: &str, make: OperationId) -> Option<OperationId> {
        let (update, given) = (self.operation(&format!("Update{noun}"))?, self.members(make)?);
        let is_given = |member: &schema::Member| {
            given.get(&member.name).is_some_and(|given| given.slot.target == member.slot.target)
        };
        self.required(update).all(is_given).then_some(update)
    }

    fn kind_of(&self, member: &schema::Member) -> Option<usize> {
        self.graph.kind_of(self.schema, &member.name, member.slot.target)
    }

    fn required(&self, operation: OperationId) -> impl Iterator<Item = &schema::Member> {
        self.members(operation).into_iter().flatten().filter(|member| member.required)
    }

    /// The kind that an operation names; of several, the one that lives in the others.
    fn named(&self, operation: OperationId) -> Option<usize> {
        let kinds = self.required(operation).filter_map(|member| self.kind_of(member));
        kinds.max_by_key(|kind| self.graph.kinds[*kind].parents.len())
    }
}

/// The name of a list without the words for references: `Parent` of `ParentConfigs`, `ParentIds` and `Parents`.
fn list_noun(name: &str) -> &str {
    let ends = ["Configs", "Configurations", "References", "Ids", "Arns", "List", "s"];
    ends.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::resources::Graph;

    /// The holder of what Connect associates, with the operation that shows it and the member of a description.
    fn link(noun: &str) -> (&'static str, &'static str, Option<&'static str>) {
        let (schema, graph) = (Schema::connect(), crate::resources::shared(Schema::connect()));
        let link = graph.links.iter().find(|link| link.noun == noun).unwrap();
        let holder = &graph.kinds()[link.holder.unwrap()].noun;
        (holder, &schema[link.list].name, link.member.as_deref())
    }

    #[test]
    fn associations_are_listed_or_described_with_their_holder() {
        assert_eq!(link("QueueQuickConnects"), ("Queue", "ListQueueQuickConnects", None));
        assert_eq!(link("ApprovedOrigin"), ("Instance", "ListApprovedOrigins", None));
        assert_eq!(link("UserProficiencies"), ("User", "ListUserProficiencies", None));
        // The list of resources that are described shows all of them, not those that are associated.
        assert_eq!(link("SecurityProfiles"), ("Instance", "ListEntitySecurityProfiles", None));
        // ListChildHoursOfOperations shows the other end.
        let described = Some("ParentHoursOfOperations");
        assert_eq!(link("HoursOfOperations"), ("HoursOfOperation", "DescribeHoursOfOperation", described));
        let described = Some("AliasConfigurations");
        assert_eq!(link("EmailAddressAlias"), ("EmailAddress", "DescribeEmailAddress", described));
        let graph = Graph::of(Schema::connect());
        let link = graph.links.iter().find(|link| link.noun == "QueueQuickConnects").unwrap();
        assert_eq!(Schema::connect()[link.end].name, "DisassociateQueueQuickConnects");
        let updates = graph.links.iter().filter_map(|link| Some(Schema::connect()[link.update?].name.as_str()));
        assert_eq!(
            updates.collect::<Vec<_>>(),
            ["UpdateRoutingProfileQueues", "UpdateUserProficiencies", "UpdateWorkspacePage"]
        );
    }

    #[test]
    fn an_association_is_shown_by_the_operations_of_its_own_noun() {
        let graph = Graph::of(Schema::connect());
        let named = |noun: &str, role: Role| {
            let action = graph.kind(noun).unwrap().first(role).unwrap();
            (Schema::connect()[action.operation].name.as_str(), action.item_id.as_deref())
        };
        assert_eq!(named("Flow", Role::Describe), ("GetFlowAssociation", None));
        assert_eq!(named("Flow", Role::List), ("ListFlowAssociations", Some("ResourceId")));
        assert_eq!(named("AnalyticsDataSet", Role::List), ("ListAnalyticsDataAssociations", Some("DataSetId")));
        // A flow is described by DescribeContactFlow, and its associations are no flows.
        assert_eq!(named("ContactFlow", Role::Describe).0, "DescribeContactFlow");
    }
}
