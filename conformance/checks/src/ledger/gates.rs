//! The gates of a write or deletion: it names a resource that a run of ours created, in its instance, and sends an operation
//! that the account allows. Journals and answers may name others by mistake or on purpose.

use connect_model::planted;
use connect_model::resources::{read_tags, tag_member};
use connect_model::schema::{OperationId, Schema};
use connect_model::semantics::danger::{Danger, danger};
use connect_model::validate::validate;
use connect_model::wire::message::HttpRequest;
use connect_transport::parsed::has_dot_segment;
use serde_json::{Map, Value, json};

use super::journal::Header;
use super::marks::{denotes, has_text, is_of_entry, marks, names, stands_for};
use super::narrow::narrow_name;
use super::undo::{Source, Undo};
use super::{Entry, Ledger, State, input_of};
use crate::client::run_tag::{RunTag, TAG};
use crate::permission::Permission;

/// The owner of a resource, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nothing yet. It is looked at before it is written to or deleted.
    #[default]
    Unknown,
    /// It carries the name or the tag of its run.
    Ours,
    /// Its creation was answered, but nothing is described under the id in the answer: the input that would delete it. It is
    /// looked for by name.
    Lost(Value),
    /// It is neither written to nor deleted, and why.
    Foreign(String),
}

/// The limits of a sweep beyond those of the journal itself.
#[derive(Clone, Debug, Default)]
pub struct Gates {
    /// The operations that may be sent.
    pub permission: Permission,
    /// The instance that the user named.
    pub instance: Option<String>,
    /// The account that the user named.
    pub account: Option<String>,
}

impl Gates {
    /// Checks where the resources of a journal are.
    ///
    /// # Errors
    /// The journal is for another place than the user named, or, for Connect, names none.
    pub fn admit(&self, schema: &Schema, header: &Header) -> Result<(), String> {
        let places = [
            ("instance", "--instance-id", &header.instance_id, &self.instance),
            ("account", "--account", &header.account, &self.account),
        ];
        for (what, flag, named, given) in places {
            match (named, given) {
                (Some(named), Some(given)) if named != given => {
                    return Err(format!(
                        "it belongs to a run in the {what} {named}, but {flag} is {given}; name another --journal, or the \
                         {what} of the run"
                    ));
                }
                (None, _) if schema.service.is_connect() => {
                    return Err(format!("it names no {what}, so that nothing shows whose resources it lists"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Ledger {
    /// Marks the entries that must not be deleted, each with the reason.
    pub fn restrict(&self, gates: &Gates) {
        if planted::is("journal_sweep") {
            return;
        }
        let mut state = self.state();
        for entry in state.entries.values_mut() {
            if let Some(undo) = self.undo.get(&entry.create)
                && let Err(why) = self.admit(undo, entry, &gates.permission)
            {
                entry.standing = Standing::Foreign(why);
            }
        }
    }

    fn admit(&self, undo: &Undo, entry: &Entry, permission: &Permission) -> Result<(), String> {
        for operation in [undo.create, undo.delete] {
            permission.check(self.schema, &self.schema[operation])?;
        }
        self.is_inside(&entry.members)?;
        entry.delete_input.as_ref().map_or(Ok(()), |input| self.fits(undo, &entry.members, input))
    }

    /// Checks that members name the instance of the ledger and no other.
    fn is_inside(&self, members: &Map<String, Value>) -> Result<(), String> {
        let (Some(instance), Some(named)) = (&self.instance, members.get("InstanceId")) else { return Ok(()) };
        if named.as_str().is_some_and(|named| names(named, instance)) {
            return Ok(());
        }
        Err(format!("it is in the instance {named}, and the run was in {instance}"))
    }

    /// Checks the input of a deletion: exactly its members, those of the request as they were sent, and ids of the form that
    /// the model gives them.
    pub(super) fn fits(&self, undo: &Undo, request: &Map<String, Value>, input: &Value) -> Result<(), String> {
        let members = input.as_object().ok_or_else(|| format!("{input} is no input of a deletion"))?;
        if self.is_of_earlier_run {
            self.is_inside(members)?;
        }
        for (name, source) in &undo.delete_members {
            let value = members.get(name).ok_or_else(|| format!("{input} has no {name}"))?;
            let sent = match source {
                Source::Input(member) => request.get(member),
                Source::Output(_) => None,
            };
            if sent.is_some_and(|sent| sent != value) {
                return Err(format!("{name} is {value}, which is not that of its creation"));
            }
            if value.as_str().is_some_and(has_dot_segment) {
                return Err(format!("{name} is {value}, which is no id but a place in a path"));
            }
        }
        if let Some(other) = members.keys().find(|name| undo.delete_members.iter().all(|(known, _)| known != *name)) {
            return Err(format!("{input} has the member {other}, which deletes nothing"));
        }
        let shape = self.schema[undo.delete].input;
        match shape.map(|shape| validate(self.schema, shape, input)).unwrap_or_default().first() {
            Some(violation) => Err(format!("{input} names no resource: {violation}")),
            None => Ok(()),
        }
    }

    /// The owner of an entry's resource, as far as it is known.
    pub fn standing(&self, at: usize) -> Standing {
        self.state().entries.get(at).map(|entry| entry.standing.clone()).unwrap_or_default()
    }

    /// Records what was found out about the owner of an entry's resource. A run that was told the id of something else looks
    /// for its own resource by name.
    pub(crate) fn judge(&self, at: usize, standing: Standing) {
        let mut state = self.state();
        state.entries.change(at, |entry| entry.standing = standing.clone());
        let Some(entry) = state.entries.get(at) else { return };
        if standing == Standing::Ours {
            // A creation that is sent again with its token is answered with the same resource.
            let same = |one: &Entry| {
                one.standing == Standing::Unknown
                    && (one.create, &one.members) == (entry.create, &entry.members)
                    && (&one.delete_input, &one.arns) == (&entry.delete_input, &entry.arns)
            };
            let again: Vec<usize> =
                state.entries.like(entry).into_iter().filter(|(_, one)| same(one)).map(|(at, _)| at).collect();
            for at in again {
                state.entries.change(at, |one| one.standing = Standing::Ours);
            }
            return;
        }
        if let Standing::Foreign(why) = standing
            && !self.is_of_earlier_run
            && let Some(undo) = self.undo.get(&entry.create)
            && let Some(input) = entry.delete_input.clone()
        {
            let marks = marks(undo, &input, entry.arns.clone());
            state.foreign.push(Foreign { delete: undo.delete, input, marks, why, is_absent: false });
            state.entries.change(at, |entry| (entry.delete_input, entry.arns) = (None, Vec::new()));
        }
    }

    /// Records that nothing is described under the id in the answer to a creation. The id may be that of something else, which
    /// the endpoint does not show: nothing is written to it, unless our resource is described under it later.
    pub(crate) fn lose(&self, at: usize, why: &str) {
        let mut state = self.state();
        let Some(entry) = state.entries.get(at) else { return };
        // Another write may have found it, or deleted it.
        if entry.gone || entry.standing != Standing::Unknown {
            return;
        }
        let Some((undo, input)) = self.undo.get(&entry.create).zip(entry.delete_input.clone()) else { return };
        let marks = marks(undo, &input, entry.arns.clone());
        state.foreign.push(Foreign { delete: undo.delete, input, marks, why: why.to_owned(), is_absent: true });
        state.forget_id(at);
    }

    /// Records that the answer to a creation has the id of another resource of the run. The new resource is looked for by name.
    pub(crate) fn forget_id(&self, at: usize) {
        self.state().forget_id(at);
    }

    /// True unless an ARN is of another account or instance than the run.
    pub(crate) fn holds_arn(&self, arn: &str) -> bool {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [_, _, _, _, account, resource] = parts[..] else { return true };
        let is_in = |own: &Option<String>, named: &str| own.as_ref().is_none_or(|own| named.is_empty() || own == named);
        let instance = resource.strip_prefix("instance/").and_then(|rest| rest.split('/').next());
        let is_connect = self.schema.service.is_connect();
        is_in(&self.account, account) && (!is_connect || is_in(&self.instance, instance.unwrap_or_default()))
    }

    /// Records ARNs that the endpoint gave the resource of an entry, but that are those of something else.
    pub(crate) fn disown_arns(&self, at: usize, arns: &[String]) {
        let mut state = self.state();
        state.entries.change(at, |entry| entry.arns.retain(|arn| !arns.contains(arn)));
        let Some(entry) = state.entries.get(at) else { return };
        let Some(delete) = self.undo.get(&entry.create).map(|undo| undo.delete) else { return };
        state.foreign.extend(arns.iter().map(|arn| Foreign {
            delete,
            input: json!({ "Arn": arn }),
            marks: vec![arn.clone()],
            why: "it is not the ARN of the new resource".to_owned(),
            is_absent: false,
        }));
    }

    /// True if the entries come from a journal.
    pub(crate) fn is_of_earlier_run(&self) -> bool {
        self.is_of_earlier_run
    }

    /// True if an entry comes from a journal that must not lead to it: it is left alone, and not even looked up.
    pub(crate) fn is_off_limits(&self, at: usize) -> bool {
        self.is_of_earlier_run && matches!(self.standing(at), Standing::Foreign(_))
    }

    /// The deletion that undoes a creation whose resource nothing describes, and the members of its input that identify the
    /// resource; none for other requests, and for those of an earlier run.
    pub(crate) fn undescribed(
        &self,
        create: OperationId,
        request: &HttpRequest,
    ) -> Option<(&Undo, Map<String, Value>)> {
        let undo = self.undo.get(&create).filter(|undo| undo.inventory.is_some() && !self.is_of_earlier_run)?;
        let route = self.router.route(&request.method, &request.uri).ok().filter(|route| route.operation == create)?;
        Some((undo, undo.members_in(&input_of(self.schema, &route, request))))
    }

    /// Open entries whose resources this write names, and of which it is not known that they are ours.
    pub(crate) fn unknown_in(&self, request: &HttpRequest) -> Vec<usize> {
        let Some(write) = self.write(request) else { return Vec::new() };
        self.unknown(&self.state(), &write)
    }

    fn unknown(&self, state: &State, write: &Write) -> Vec<usize> {
        let is_named = |entry: &Entry| {
            let known = self.undo.get(&entry.create).zip(entry.delete_input.as_ref());
            write.names_one_of(&entry.arns) || known.is_some_and(|(undo, input)| write.names(undo, input))
        };
        let near = state.entries.near([&write.input]).into_iter();
        let open = near.filter(|(_, entry)| !entry.gone && entry.standing == Standing::Unknown);
        open.filter(|(_, entry)| is_named(entry)).map(|(at, _)| at).collect()
    }

    /// Checks that a request may be sent.
    ///
    /// # Errors
    /// The reason why it may not.
    pub(super) fn admits(&self, request: &HttpRequest) -> Result<(), String> {
        let path = request.uri.split(['?', '#']).next().unwrap_or_default();
        if !["GET", "HEAD"].contains(&request.method.as_str()) && has_dot_segment(path) {
            return Err(format!("a segment of its path {path} leads elsewhere, and the request writes"));
        }
        let Some(write) = self.write(request) else { return Ok(()) };
        if self.leaves_no_mark(&write, request) {
            return Err(format!(
                "nothing would show that what it creates is ours: it has no name, and the request has no tag `{TAG}`"
            ));
        }
        let state = self.state();
        // Another creation may have the same id, where the caller chooses it.
        let creates = self.undo.get(&write.operation).map(|undo| undo.delete);
        let is_named = |one: &&Foreign| write.names_foreign(one, creates == Some(one.delete));
        if let Some(Foreign { why, .. }) = state.foreign.iter().find(is_named) {
            return Err(why.clone());
        }
        if !self.unknown(&state, &write).is_empty() {
            return Err("nothing shows that the resource that it writes to is ours".to_owned());
        }
        if let Some(member) = self.narrow_name(&state, &write) {
            return Err(format!(
                "{member} has so few possible values, or such a short one, that it may name a resource of others; only ids of \
                 the run are written to there"
            ));
        }
        let named = self.named(&state, write.operation, &write.input);
        match named.into_iter().find_map(|at| Some(&state.entries.get(at)?.standing)) {
            Some(Standing::Foreign(why)) => Err(why.clone()),
            _ => Ok(()),
        }
    }

    /// True if what a request creates could not be told from a resource of others: it has no name, it could have the tag of the
    /// run, and the request has none.
    fn leaves_no_mark(&self, write: &Write, request: &HttpRequest) -> bool {
        let is_nameless = |undo: &Undo| undo.name_member.is_none();
        if self.is_of_earlier_run || !self.undo.get(&write.operation).is_some_and(is_nameless) {
            return false;
        }
        let members = self.schema.input_members(&self.schema[write.operation]);
        let Some(member) = members.and_then(|members| tag_member(self.schema, members)) else { return false };
        let tag = self.run_tag.get().map_or("", String::as_str);
        // A request that is malformed on purpose may still have it.
        let raw = format!("\"{TAG}\":\"{tag}\"");
        let is_raw = request.body.windows(raw.len()).any(|part| part == raw.as_bytes());
        let tags = write.input.get(&member.name).map(read_tags).unwrap_or_default();
        !is_raw && tags.get(TAG).is_none_or(|value| value != tag)
    }

    /// Tells the ledger the tag of its run.
    pub(crate) fn belongs_to(&self, run: &RunTag) {
        self.run_tag.get_or_init(|| run.to_string());
    }

    /// A member of a write in which the model of somebody else may name a resource of others; see [`narrow_name`].
    fn narrow_name(&self, state: &State, write: &Write) -> Option<String> {
        if self.is_of_earlier_run || std::ptr::eq(self.schema, Schema::connect()) {
            return None;
        }
        let is_known = |text: &str| {
            self.instance.as_deref().is_some_and(|instance| stands_for(text, instance))
                || state.entries.values().any(|entry| is_of_entry(entry, text))
        };
        narrow_name(self.schema, write.operation, &write.input, is_known)
    }

    /// The operation and the input of a request that writes something.
    fn write(&self, request: &HttpRequest) -> Option<Write> {
        let route = self.router.route(&request.method, &request.uri).ok()?;
        let writes = danger(self.schema, &self.schema[route.operation]) != Danger::Read;
        writes.then(|| Write { operation: route.operation, input: input_of(self.schema, &route, request) })
    }

    /// Open entries whose resources an input of a deletion names.
    pub(super) fn named(&self, state: &State, delete: OperationId, input: &Value) -> Vec<usize> {
        let is_named = |entry: &Entry| {
            !entry.gone
                && self.undo.get(&entry.create).is_some_and(|undo| undo.delete == delete)
                && entry.delete_input.as_ref().is_some_and(|wanted| denotes(input, wanted))
        };
        state.entries.near([input]).into_iter().filter(|(_, entry)| is_named(entry)).map(|(at, _)| at).collect()
    }

    /// Things that the endpoint named as created by the run, and that are not ours.
    pub(crate) fn foreign(&self) -> Vec<(OperationId, Value, String)> {
        let state = self.state();
        let there = state.foreign.iter().filter(|one| !one.is_absent);
        there.map(|one| (one.delete, one.input.clone(), one.why.clone())).collect()
    }
}

/// Something that the endpoint named as created by the run, and that is not ours.
#[derive(Debug)]
pub(super) struct Foreign {
    /// The operation that would delete it.
    pub(super) delete: OperationId,
    /// The input that would delete it.
    pub(super) input: Value,
    /// The ids and ARNs that the endpoint gave it.
    pub(super) marks: Vec<String>,
    /// The reason why it is not ours.
    pub(super) why: String,
    /// True if nothing is there, as far as the endpoint shows.
    pub(super) is_absent: bool,
}

/// A request that writes something.
struct Write {
    operation: OperationId,
    input: Value,
}

impl Write {
    /// True if the input names the resource that the input of a deletion names.
    fn names(&self, undo: &Undo, deletion: &Value) -> bool {
        self.deletes(undo.delete, deletion) || self.names_one_of(&marks(undo, deletion, Vec::new()))
    }

    /// True if the input names what is not ours. What has no id of its own is named by the members of its deletion.
    fn names_foreign(&self, one: &Foreign, creates: bool) -> bool {
        let is_denoted = one.marks.is_empty() && !creates && denotes(&self.input, &one.input);
        is_denoted || self.deletes(one.delete, &one.input) || self.names_one_of(&one.marks)
    }

    fn deletes(&self, delete: OperationId, deletion: &Value) -> bool {
        self.operation == delete && denotes(&self.input, deletion)
    }

    /// True if a text of the input stands for one of these ids or ARNs: it is one, is a version of one, or ends in one.
    fn names_one_of<'m>(&self, marks: impl IntoIterator<Item = &'m String>) -> bool {
        let mut marks = marks.into_iter();
        marks.any(|mark| has_text(&self.input, &|text| stands_for(text, mark)))
    }
}
