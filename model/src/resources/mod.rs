//! Kinds of resource, found in the model: for each, the operations that make, show, list, change and delete it, the values
//! that name it, the resources that it lives in and those that it needs.
//!
//! A kind is found by the verb of the operation that makes it (`CreateQueue`), and other operations by the values that
//! they need: each must be in the request or in the answer to the creation. Every such inference has a [`Rule`] with a
//! confidence. `resources.toml` corrects what inference gets wrong.

mod arns;
mod corrections;
mod identify;
mod infer;
mod lists;
mod page;
mod source;
mod tags;
mod words;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::planted;
use crate::schema::{Member, Members, OperationId, PerSchema, Schema, ShapeId};

pub use arns::arn_segment;
pub use corrections::{BUILT_IN, Correction, CorrectionError, Corrections};
pub use source::{Rule, Source};
pub use tags::{Tags, is_tags, read_tags, tag_member, write_tags};
pub use words::{IDENTITIES, in_words, is_reference, object, plurals, tails};

/// The kinds of resource of a service.
#[derive(Debug, Default)]
pub struct Graph {
    kinds: Vec<Kind>,
    /// Kinds by the shape of their ids, where one shape belongs to one kind.
    by_shape: HashMap<ShapeId, usize>,
    /// Kinds by the name of the member with their id, in lower case.
    by_member: HashMap<String, usize>,
    /// Kinds and actions of each operation.
    by_operation: HashMap<OperationId, Vec<(usize, usize)>>,
    /// The things that are shown in a list or with their holder.
    pub links: Vec<Link>,
    /// The operations on tags, if the service has them.
    pub tagging: Option<Tagging>,
    /// Corrections that changed nothing, one sentence each.
    pub stale: Vec<String>,
}

/// A kind of resource.
#[derive(Debug)]
pub struct Kind {
    /// The noun in the names of its operations, for example `HoursOfOperation`.
    pub noun: String,
    /// Its name in words: `hours of operation`.
    pub words: String,
    /// The operation that makes one.
    pub create: OperationId,
    /// Other operations that make one.
    pub others: Vec<OperationId>,
    /// The value that tells one from another of the same parents.
    pub id: Source,
    /// Path to the ARN in the output of `create`.
    pub arn: Option<Vec<String>>,
    /// Input member of `create` with the name that the caller chooses; the id in place of it, if the caller chooses that.
    pub name: Option<String>,
    /// Input member of `create` by which a server recognises a repeated request.
    pub token: Option<String>,
    /// Input members of `create` that name the resources that hold the new one, outermost first, with their kinds.
    pub parents: Vec<(String, Option<usize>)>,
    /// Places in the input of `create` that name resources of other kinds.
    pub needs: Vec<Need>,
    /// The operations that concern one resource or list them, in the order of [`Role`] and then by name.
    pub actions: Vec<Action>,
    /// Members of the input of `create` that a healthy service accepts, beside names and ids.
    pub template: Option<Value>,
    /// Members of the creation that a healthy service needs beside the required ones, or in a usual form.
    pub sample: Option<Value>,
    /// Reason for corrections of this kind.
    pub reason: Option<String>,
}

/// A place in the input of a creation that names a resource of another kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The place, for example `SecurityProfileIds[]`.
    pub place: String,
    /// Position of the kind in [`Graph::kinds`].
    pub kind: usize,
    /// True if every creation must name one.
    pub required: bool,
}

/// The part of an operation in the life of a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Shows one.
    Describe,
    /// Lists those of a parent.
    List,
    /// Lists those that fulfil a condition.
    Search,
    /// Changes one.
    Update,
    /// Deletes one.
    Delete,
    /// Joins one with something else.
    Associate,
    /// Ends such an association.
    Disassociate,
    /// Names one for another purpose.
    Use,
}

impl Role {
    /// True for operations that show many resources.
    pub fn lists(self) -> bool {
        matches!(self, Role::List | Role::Search)
    }

    /// The role in a word.
    pub fn word(self) -> &'static str {
        match self {
            Role::Describe => "describe",
            Role::List => "list",
            Role::Search => "search",
            Role::Update => "update",
            Role::Delete => "delete",
            Role::Associate => "associate",
            Role::Disassociate => "disassociate",
            Role::Use => "use",
        }
    }
}

/// An operation on a kind of resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// The part of the operation.
    pub role: Role,
    /// The operation.
    pub operation: OperationId,
    /// Input members that name the resource and its parents, each with the source of its value in a creation. A list or
    /// search has those of the parents.
    pub names: Vec<(String, Source)>,
    /// Member of an item with the id of the resource, for lists and searches.
    pub item_id: Option<String>,
    /// The weakest rule among those by which the action was found.
    pub rule: Rule,
}

/// Something that one operation makes, another ends and a third shows with others of its kind: an association of two
/// resources, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The noun in the names of the operations.
    pub noun: String,
    /// Position of the kind that holds it, in [`Graph::kinds`].
    pub holder: Option<usize>,
    /// Makes one.
    pub make: OperationId,
    /// Ends one.
    pub end: OperationId,
    /// Lists those of the holder, or describes the holder with them.
    pub list: OperationId,
    /// The member of the description that has them, if `list` describes the holder.
    pub member: Option<String>,
    /// Changes what belongs to one, such as a priority.
    pub update: Option<OperationId>,
}

/// The operations on tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagging {
    /// Adds tags.
    pub tag: OperationId,
    /// Removes tags.
    pub untag: OperationId,
    /// Lists tags.
    pub list: OperationId,
    /// Input member of all three with the ARN.
    pub arn: String,
    /// Member with the tags, in the input of `tag` and in the output of `list`.
    pub tags: String,
    /// Input member of `untag` with the keys.
    pub keys: String,
}

impl Link {
    /// True for the operations that make, change, end and show it.
    pub fn has(&self, operation: OperationId) -> bool {
        [Some(self.make), self.update, Some(self.end), Some(self.list)].contains(&Some(operation))
    }
}

impl Action {
    /// True for an input member that names the resource, or what holds it.
    pub fn is_named_by(&self, member: &str) -> bool {
        self.names.iter().any(|(name, _)| name == member)
    }
}

impl Kind {
    /// The actions of a role.
    pub fn all(&self, role: Role) -> impl Iterator<Item = &Action> {
        self.actions.iter().filter(move |action| action.role == role)
    }

    /// The first action of a role.
    pub fn first(&self, role: Role) -> Option<&Action> {
        self.all(role).next()
    }

    /// The member with the resource in the output of the operation that shows one, with its members. None if the output
    /// itself is the resource.
    pub fn wrapper<'s>(&self, schema: &'s Schema) -> Option<(&'s Member, &'s Members)> {
        source::wrapper(schema, self)
    }

    /// The members that the description of a resource shows.
    pub fn described<'s>(&self, schema: &'s Schema) -> Option<&'s Members> {
        source::described(schema, self)
    }

    /// The member of an input that holds the id of the resource itself, in an action on one resource.
    pub fn id_member<'a>(&self, action: &'a Action) -> Option<&'a str> {
        action.names.iter().find(|(_, source)| *source == self.id).map(|(member, _)| member.as_str())
    }
}

/// The graph of a model that lives as long as the process, inferred once.
pub fn shared(schema: &'static Schema) -> &'static Graph {
    static GRAPHS: PerSchema<Graph> = PerSchema::new();
    GRAPHS.get(schema, Graph::of)
}

impl Graph {
    /// The kinds of resource of a service, with the built-in corrections if it is Amazon Connect.
    pub fn of(schema: &Schema) -> Self {
        let corrections = if schema.service.is_connect() { Corrections::built_in() } else { Corrections::default() };
        Self::corrected(schema, &corrections)
    }

    /// The kinds of resource of a service, with corrections.
    pub fn corrected(schema: &Schema, corrections: &Corrections) -> Self {
        infer::graph(schema, corrections)
    }

    /// All kinds, sorted by noun.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// The kind with a noun.
    pub fn kind(&self, noun: &str) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.noun == noun)
    }

    /// The kind that an operation makes.
    pub fn made_by(&self, operation: OperationId) -> Option<&Kind> {
        self.kinds.iter().find(|kind| kind.create == operation || kind.others.contains(&operation))
    }

    /// The kinds and actions of an operation that makes nothing.
    pub fn actions_of(&self, operation: OperationId) -> impl Iterator<Item = (&Kind, &Action)> {
        let found = self.by_operation.get(&operation).into_iter().flatten();
        found.map(|(kind, action)| (&self.kinds[*kind], &self.kinds[*kind].actions[*action]))
    }

    /// The members of the items of an operation that lists; none if the items are no structures.
    pub fn items<'s>(&self, schema: &'s Schema, operation: OperationId) -> Option<&'s Members> {
        lists::items(schema, &schema[operation]).flatten()
    }

    /// The kind whose ids the values of a member with a shape are.
    pub fn named_at(&self, schema: &Schema, member: &str, shape: ShapeId) -> Option<&Kind> {
        self.kind_of(schema, member, shape).map(|kind| &self.kinds[kind])
    }

    /// The kind whose ids the values at a place have: by their shape, else by the name of the member. Numbers, such as those of
    /// versions, have a name alone.
    pub(crate) fn kind_of(&self, schema: &Schema, member: &str, shape: ShapeId) -> Option<usize> {
        let by_shape = match schema[shape].kind {
            // A word, such as `DRAFT` for a version, is no id.
            crate::schema::Kind::String if identify::is_word(schema, shape) => return None,
            crate::schema::Kind::String => self.by_shape.get(&shape),
            crate::schema::Kind::Number(_) => None,
            _ => return None,
        };
        by_shape.or_else(|| self.by_member.get(&member.to_ascii_lowercase())).copied()
    }

    /// The kinds that have to be made before one of this kind, in order, itself last.
    ///
    /// # Errors
    /// The kinds need one another, in this order.
    pub fn plan(&self, kind: &Kind) -> Result<Vec<&Kind>, Vec<&str>> {
        let at = self.position(kind);
        let (mut order, mut open) = (Vec::new(), Vec::new());
        self.visit(at, &mut order, &mut open)?;
        Ok(order.into_iter().map(|at| &self.kinds[at]).collect())
    }

    fn visit<'g>(&'g self, at: usize, order: &mut Vec<usize>, open: &mut Vec<usize>) -> Result<(), Vec<&'g str>> {
        if order.contains(&at) {
            return Ok(());
        }
        if let Some(start) = open.iter().position(|one| *one == at) {
            return Err(open[start..].iter().map(|at| self.kinds[*at].noun.as_str()).collect());
        }
        open.push(at);
        for needed in self.needed(at).filter(|_| !planted::is("graph_infer")) {
            self.visit(needed, order, open)?;
        }
        open.pop();
        order.push(at);
        Ok(())
    }

    /// The kinds that a creation must name.
    fn needed(&self, at: usize) -> impl Iterator<Item = usize> {
        let kind = &self.kinds[at];
        let parents = kind.parents.iter().filter_map(|(_, kind)| *kind);
        parents
            .chain(kind.needs.iter().filter(|need| need.required).map(|need| need.kind))
            .filter(move |one| *one != at)
    }

    /// Position of a kind.
    pub fn position(&self, kind: &Kind) -> usize {
        self.kinds.iter().position(|one| one.noun == kind.noun).unwrap_or_default()
    }

    /// True if the creation of a kind can name the other one, or something whose creation can, and so on.
    pub fn leads_to(&self, from: &Kind, to: &Kind) -> bool {
        let (target, mut open, mut seen) = (self.position(to), vec![self.position(from)], Vec::new());
        while let Some(at) = open.pop() {
            let kind = &self.kinds[at];
            let holders = kind.parents.iter().filter_map(|(_, holder)| *holder);
            for next in holders.chain(kind.needs.iter().map(|need| need.kind)) {
                if next == target {
                    return true;
                }
                if !seen.contains(&next) {
                    seen.push(next);
                    open.push(next);
                }
            }
        }
        false
    }

    /// The order of deletion, by noun: a kind before those that it lives in or names. Kinds that name one another come in
    /// the order of their nouns.
    pub fn ranks(&self) -> BTreeMap<&str, usize> {
        let mut order = Vec::new();
        for at in 0..self.kinds.len() {
            self.settle(at, &mut order, &mut Vec::new());
        }
        order.iter().rev().enumerate().map(|(rank, at)| (self.kinds[*at].noun.as_str(), rank)).collect()
    }

    fn settle(&self, at: usize, order: &mut Vec<usize>, open: &mut Vec<usize>) {
        if order.contains(&at) || open.contains(&at) {
            return;
        }
        open.push(at);
        for needed in self.needed(at) {
            self.settle(needed, order, open);
        }
        for need in self.kinds[at].needs.iter().filter(|need| !need.required) {
            self.settle(need.kind, order, open);
        }
        open.pop();
        order.push(at);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    /// An operation whose name is the first segment of its path.
    fn operation(path: &str, input: &str, output: &str) -> Value {
        let name = path.split('/').next().unwrap();
        json!({ "name": name, "http": { "method": "POST", "requestUri": format!("/{path}") },
            "input": { "shape": input }, "output": { "shape": output } })
    }

    fn service(operations: &Value, shapes: &Value) -> Schema {
        let metadata = json!({ "endpointPrefix": "x", "protocol": "rest-json", "apiVersion": "1", "serviceId": "X" });
        let model = json!({ "metadata": metadata, "operations": operations, "shapes": shapes });
        Schema::from_text("service-2.json", model.to_string().into_bytes()).unwrap()
    }

    fn names<'s>(schema: &'s Schema, kind: &Kind, role: Role) -> Vec<&'s str> {
        kind.all(role).map(|action| schema[action.operation].name.as_str()).collect()
    }

    #[test]
    fn a_creation_leads_to_all_that_it_plans_and_not_back() {
        let graph = shared(Schema::connect());
        for kind in graph.kinds() {
            for needed in graph.plan(kind).unwrap().into_iter().filter(|needed| needed.noun != kind.noun) {
                assert!(graph.leads_to(kind, needed), "{} {}", kind.noun, needed.noun);
            }
        }
        let (alias, instance) = (graph.kind("ContactFlowAlias").unwrap(), graph.kind("Instance").unwrap());
        assert!(graph.leads_to(alias, instance) && !graph.leads_to(instance, alias));
    }

    #[test]
    fn kinds_are_found_with_their_operations() {
        let schema = Schema::connect();
        let graph = Graph::of(schema);
        assert!(graph.kinds().len() >= 40, "{}", graph.kinds().len());
        assert_eq!(graph.stale, Vec::<String>::new());
        let queue = graph.kind("Queue").unwrap();
        assert_eq!(schema[queue.create].name, "CreateQueue");
        assert_eq!(names(schema, queue, Role::Describe), ["DescribeQueue"]);
        assert_eq!(names(schema, queue, Role::List), ["ListQueues"]);
        assert_eq!(names(schema, queue, Role::Search), ["SearchQueues"]);
        assert_eq!(names(schema, queue, Role::Delete), ["DeleteQueue"]);
        assert!(names(schema, queue, Role::Update).contains(&"UpdateQueueName"));
        assert_eq!(queue.id, Source::Output(vec!["QueueId".to_owned()]));
        assert_eq!(queue.name.as_deref(), Some("Name"));
        // The answer holds the view in a structure; attributes are found by the name that the caller chose.
        let view = graph.kind("View").unwrap();
        assert_eq!(view.id, Source::Output(vec!["View".to_owned(), "Id".to_owned()]));
        assert_eq!(graph.kind("PredefinedAttribute").unwrap().id, Source::Input("Name".to_owned()));
        // An alias lives in a flow, which lives in an instance.
        let alias = graph.kind("ContactFlowAlias").unwrap();
        let parents = alias.parents.iter().map(|(_, kind)| kind.map(|kind| graph.kinds()[kind].noun.as_str()));
        assert_eq!(parents.collect::<Vec<_>>(), [Some("Instance"), Some("ContactFlow")]);
        assert_eq!(alias.id_member(alias.first(Role::Describe).unwrap()), Some("AliasId"));
    }

    #[test]
    fn creations_are_planned_before_those_that_need_them() {
        let schema = Schema::connect();
        let graph = Graph::of(schema);
        let plan = graph.plan(graph.kind("User").unwrap()).unwrap();
        let plan: Vec<&str> = plan.iter().map(|kind| kind.noun.as_str()).collect();
        assert_eq!(plan, ["Instance", "HoursOfOperation", "Queue", "RoutingProfile", "SecurityProfile", "User"]);
        let ranks = graph.ranks();
        let before = |one: &str, other: &str| assert!(ranks[one] < ranks[other], "{one} {other}");
        before("User", "RoutingProfile");
        before("RoutingProfile", "Queue");
        before("Rule", "ContactFlow");
        before("ContactFlowAlias", "ContactFlow");
        assert_eq!(ranks["Instance"], ranks.len() - 1);
    }

    #[test]
    fn kinds_that_need_one_another_are_named() {
        let schema = Schema::connect();
        let mut graph = Graph::of(schema);
        let (queue, hours) = (graph.position(graph.kind("Queue").unwrap()), "HoursOfOperation");
        let hours = graph.position(graph.kind(hours).unwrap());
        graph.kinds[hours].needs.push(Need { place: "QueueId".to_owned(), kind: queue, required: true });
        assert_eq!(graph.plan(&graph.kinds[queue]).unwrap_err(), ["Queue", "HoursOfOperation"]);
    }

    #[test]
    fn an_id_is_a_scalar_and_the_last_name_of_the_path() {
        let text = json!({ "shape": "S" });
        let label = |name: &str| json!({ "shape": "S", "location": "uri", "locationName": name });
        // The members have other names than their labels, and come in another order.
        let named = json!({ "type": "structure", "required": ["Name", "Namespace"],
            "members": { "Name": label("name"), "Namespace": label("namespace") } });
        let operations = json!({
                "CreateTable": operation("CreateTable/{namespace}/{name}", "Named", "Gone"),
                "GetTable": operation("GetTable/{namespace}/{name}", "Named", "Gone"),
                "CreateTheme": operation("CreateTheme/{ThemeId}", "Theme", "Gone"),
                "GetTheme": operation("GetTheme/{ThemeId}", "Theme", "Gone"),
                "CreateEventAction": operation("CreateEventAction", "Made", "Made"),
                "GetEventAction": operation("GetEventAction/{EventActionId}", "Event", "Made"),
                "ListEventActions": operation("ListEventActions", "Gone", "Listed"),
        });
        let shapes = json!({
                "Named": named,
                "Theme": { "type": "structure", "required": ["ThemeId", "Name"],
                    "members": { "ThemeId": label("ThemeId"), "Name": text } },
                "Event": { "type": "structure", "required": ["EventActionId"],
                    "members": { "EventActionId": label("EventActionId") } },
                "Made": { "type": "structure", "members": { "Action": { "shape": "Gone" }, "Id": text } },
                "Listed": { "type": "structure", "members": { "Items": { "shape": "Items" } } },
                "Items": { "type": "list", "member": { "shape": "Made" } },
                "Gone": { "type": "structure", "members": {} },
                "S": { "type": "string" },
        });
        let schema = service(&operations, &shapes);
        let graph = Graph::of(&schema);
        let kind = |noun: &str| graph.kind(noun).unwrap();
        assert_eq!(kind("Table").id, Source::Input("Name".to_owned()));
        // The caller chooses the id, so that a name may occur twice.
        assert_eq!(kind("Theme").id, Source::Input("ThemeId".to_owned()));
        assert_eq!(kind("Theme").name.as_deref(), Some("ThemeId"));
        assert_eq!(kind("EventAction").first(Role::List).unwrap().item_id.as_deref(), Some("Id"));
    }

    #[test]
    fn a_list_that_requires_the_name_of_a_resource_shows_other_things() {
        let text = json!({ "shape": "S" });
        let label = json!({ "shape": "S", "location": "querystring", "locationName": "vault" });
        let operations = json!({
                "CreateCopyVault": operation("CreateCopyVault", "Make", "Made"),
                "DeleteCopyVault": operation("DeleteCopyVault", "Made", "Made"),
                "ListCopyVaults": operation("ListCopyVaults", "In", "Listed"),
        });
        let shapes = |list: Value| {
            json!({
                "Make": { "type": "structure", "required": ["VaultName"], "members": { "VaultName": text } },
                "Made": { "type": "structure", "required": ["CopyArn"], "members": { "CopyArn": text } },
                "In": list,
                "Listed": { "type": "structure", "members": { "Items": { "shape": "Items" } } },
                "Items": { "type": "list", "member": { "shape": "Made" } },
                "S": { "type": "string" },
            })
        };
        let of_vault = json!({ "type": "structure", "required": ["VaultName"], "members": { "VaultName": label } });
        let of_all = json!({ "type": "structure", "members": {} });
        for (list, expected) in [(of_vault, &[][..]), (of_all, &["ListCopyVaults"])] {
            let schema = service(&operations, &shapes(list));
            assert_eq!(names(&schema, Graph::of(&schema).kind("CopyVault").unwrap(), Role::List), expected);
        }
    }

    #[test]
    fn members_named_identifier_take_the_arn_where_they_can() {
        let model = |pattern: &str| {
            let text = json!({ "shape": "S" });
            let operations = json!({
                    "CreateSink": operation("CreateSink", "Make", "Made"),
                    "GetSink": operation("GetSink", "Named", "Made"),
                    "DeleteSink": operation("DeleteSink", "Named", "Gone"),
                    "GetSinkPolicy": operation("GetSinkPolicy", "Long", "Gone"),
            });
            let shapes = json!({
                    "Make": { "type": "structure", "members": { "Name": text } },
                    "Made": { "type": "structure", "members": { "Id": text, "Arn": text, "Name": text } },
                    "Named": { "type": "structure", "required": ["Identifier"], "members": { "Identifier": { "shape": "R" } } },
                    "Long": { "type": "structure", "required": ["SinkIdentifier"],
                        "members": { "SinkIdentifier": { "shape": "R" } } },
                    "Gone": { "type": "structure", "members": {} },
                    "R": { "type": "string", "pattern": pattern },
                    "S": { "type": "string" },
            });
            service(&operations, &shapes)
        };
        for (pattern, id) in [("^[a-z0-9:/-]+$", "Arn"), ("^(arn:aws:x:.*|s-[a-z]+)$", "Arn"), ("^s-[a-z]+$", "Id")] {
            let schema = model(pattern);
            let graph = Graph::of(&schema);
            let sink = graph.kind("Sink").unwrap();
            assert_eq!(sink.id, Source::Output(vec![id.to_owned()]), "{pattern}");
            assert_eq!(names(&schema, sink, Role::Delete), ["DeleteSink"]);
            assert_eq!(names(&schema, sink, Role::Use), ["GetSinkPolicy"]);
        }
    }

    #[test]
    fn a_correction_that_changes_nothing_is_stale() {
        let schema = Schema::connect();
        let row = "service = 'Connect'\n[[kind]]\nnoun = 'Queue'\nwords = 'queue'\nreason = 'x'\n";
        let graph = Graph::corrected(schema, &Corrections::parse(row).unwrap());
        assert_eq!(graph.stale, ["Queue: the correction changes nothing; remove it"]);
    }
}
