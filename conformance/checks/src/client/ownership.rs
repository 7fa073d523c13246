//! Looks at a resource before it is written to or deleted: it must carry the name or the tag of its run. An endpoint may
//! answer a creation with the id of something else, and a journal may have been written by others.

use connect_model::json_text::{repeated_key, scalar};
use connect_model::resources::{self as graph, Kind, Role, Source, read_tags};
use connect_model::schema::{OperationId, Schema};
use connect_model::validate::excerpt;
use connect_model::wire::message::HttpRequest;
use connect_model::wire::{encode_request, read_response};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use crate::client::Client;
use crate::client::inventory::Sign;
use crate::client::reply::{NOT_PUBLISHED, Reply, SYNTHESIZED};
use crate::client::run_tag::{RunTag, TAG, run_of_name};
use crate::ledger::undo::{NAMES, Undo};
use crate::ledger::{Entry, Ledger, Standing, has_text, is_gone, stands_for};
use crate::parts::modelled;
use crate::permission::redirecting_request;
use crate::resources::{INSTANCE, draft};
use crate::same::{ending, in_progress};
use crate::steps::Wait;

/// The result of a look at a resource.
enum Sight {
    /// A mark of the run; with the ARNs that the endpoint gave the resource, but that are those of something else.
    Ours(Vec<String>),
    /// Something without a mark of the run; a description of it.
    Others(String),
    /// The resource of another creation of the run.
    Another,
    /// Nothing.
    Absent,
    /// No operation shows it.
    Unseen,
    /// It could not be looked at, and why.
    Failed(String),
}

/// A resource that must be neither written to nor deleted.
pub(crate) struct NotOurs {
    /// The reason.
    pub(crate) why: String,
    /// False if the endpoint did not respond, so that nothing is known.
    pub(crate) answered: bool,
    /// True if nothing is there.
    pub(crate) is_absent: bool,
}

impl NotOurs {
    fn because(why: String) -> Self {
        Self { why, answered: true, is_absent: false }
    }

    fn absent() -> Self {
        Self { is_absent: true, ..Self::because(NOTHING_THERE.to_owned()) }
    }
}

/// The reason to leave alone what the endpoint does not describe.
const NOTHING_THERE: &str = "nothing is there under the id that its creation was answered with";

/// The reason to leave alone what another creation of the run made.
const ANOTHER: &str = "its creation was answered with the id of another resource of the run";

impl Client {
    /// Checks that a request is what its operation says, acts on nothing of others, and writes to nothing but resources of the
    /// run.
    ///
    /// # Errors
    /// The reason why it must not be sent.
    pub(super) async fn may_send(&self, operation: OperationId, request: &HttpRequest) -> Result<(), String> {
        if !self.permission.loopback
            && let Some(part) = redirecting_request(request)
        {
            return Err(format!("a server may take it for another by its {part}"));
        }
        match self.publishes_a_rule(operation, request) {
            Some(why) => Err(why),
            None => self.may_write(operation, request).await,
        }
    }

    /// Checks that a request writes to nothing but resources of the run, as far as the ledger knows what it names. Looks at
    /// each resource once.
    ///
    /// # Errors
    /// The reason why it must not be sent.
    async fn may_write(&self, operation: OperationId, request: &HttpRequest) -> Result<(), String> {
        let Some(ledger) = self.ledger() else { return Ok(()) };
        for at in ledger.unknown_in(request) {
            self.look_at(ledger, at).await.map_err(|not_ours| not_ours.why)?;
        }
        self.take_inventory(ledger, (operation, request)).await
    }

    /// Finds out if the resource of an entry is ours, and records it in the ledger. Sends nothing twice.
    ///
    /// # Errors
    /// It must be neither written to nor deleted.
    pub(crate) fn look_at<'c>(&'c self, ledger: &'c Ledger, at: usize) -> BoxFuture<'c, Result<(), NotOurs>> {
        async move {
            match ledger.standing(at) {
                Standing::Ours => return Ok(()),
                Standing::Foreign(why) => return Err(NotOurs::because(why)),
                Standing::Lost(_) => return Err(NotOurs::absent()),
                Standing::Unknown => {}
            }
            let Some(entry) = ledger.entry(at) else { return Ok(()) };
            let Some((undo, input)) = ledger.undo(entry.create).zip(entry.delete_input.as_ref()) else { return Ok(()) };
            // A resource inside of one of ours is ours, too: its path names that resource.
            if let Some(parents) = ledger.parents(at) {
                for parent in parents {
                    self.look_at(ledger, parent).await?;
                }
                ledger.disown_arns(at, &self.stray_arns(ledger, undo, (&entry, input), &Value::Null));
                ledger.judge(at, Standing::Ours);
                return Ok(());
            }
            let mut wait = Wait::brief(self);
            let sight = loop {
                match self.see(ledger, undo, &entry, input).await {
                    // A new resource may be shown late.
                    Sight::Absent if !ledger.visible_in(at, self.settle).is_zero() && wait.again().await => {}
                    sight => break sight,
                }
            };
            let why = match sight {
                Sight::Ours(stray) => {
                    ledger.disown_arns(at, &stray);
                    ledger.judge(at, Standing::Ours);
                    return Ok(());
                }
                Sight::Absent => {
                    ledger.lose(at, NOTHING_THERE);
                    // Another write may have found it in the meantime.
                    return if ledger.standing(at) == Standing::Ours { Ok(()) } else { Err(NotOurs::absent()) };
                }
                Sight::Another => {
                    ledger.forget_id(at);
                    return Err(NotOurs::because(ANOTHER.to_owned()));
                }
                // The run has just sent the creation that was answered with this id; a journal only says so.
                Sight::Unseen if !ledger.is_of_earlier_run() => {
                    match self.sign_of_others(undo, (&entry, input)).await {
                        Ok(Some(Sign { why, made_nothing })) => {
                            if made_nothing {
                                ledger.mark_gone(at, &why);
                            }
                            why
                        }
                        Ok(None) => {
                            ledger.judge(at, Standing::Ours);
                            return Ok(());
                        }
                        Err(why) => return Err(NotOurs { answered: false, ..NotOurs::because(why) }),
                    }
                }
                Sight::Unseen => "no operation shows its name or its tag".to_owned(),
                Sight::Others(what) => format!("it is {what}"),
                Sight::Failed(why) => return Err(NotOurs { answered: false, ..NotOurs::because(why) }),
            };
            ledger.judge(at, Standing::Foreign(why.clone()));
            Err(NotOurs::because(why))
        }
        .boxed()
    }

    /// True if what an input deletes is described as ours, false if nothing is described; none if nothing can be said.
    pub(crate) async fn shows_ours(&self, ledger: &Ledger, entry: &Entry, input: &Value) -> Option<bool> {
        match self.see(ledger, ledger.undo(entry.create)?, entry, input).await {
            Sight::Ours(_) => Some(true),
            Sight::Absent => Some(false),
            Sight::Others(_) | Sight::Another | Sight::Unseen | Sight::Failed(_) => None,
        }
    }

    /// True if a resource is described that an input would delete, that is not being deleted, and that has no tag of another
    /// run.
    ///
    /// # Errors
    /// The reason why nothing can be said: the endpoint answered neither with a description nor that there is nothing.
    pub(crate) async fn still_shows(&self, undo: &Undo, input: &Value) -> Result<bool, String> {
        let describe = undo.describe.ok_or("no operation describes it")?;
        let body = match self.description(describe, undo.id_member().unwrap_or_default(), input).await {
            Ok(body) => body,
            Err(Sight::Failed(why)) => return Err(why),
            Err(_) => return Ok(false),
        };
        let tag = resource_in(&body).and_then(tag_in).flatten();
        let is_of_another = tag.is_some_and(|tag| tag.run_id != self.run_id());
        let is_shown = body.as_object().is_some_and(|body| !body.is_empty());
        Ok(is_shown && !is_of_another && !in_progress(&body) && !is_ended(&body))
    }

    async fn see(&self, ledger: &Ledger, undo: &Undo, entry: &Entry, input: &Value) -> Sight {
        let Some(describe) = undo.describe else { return Sight::Unseen };
        let body = match self.description(describe, undo.id_member().unwrap_or_default(), input).await {
            Ok(body) => body,
            Err(sight) => return sight,
        };
        let kind = graph::shared(self.schema).made_by(undo.create);
        if let Some(other) = kind.and_then(|kind| other_id(self.schema, kind, &body, input)) {
            return Sight::Others(format!("something with the id {}, which is another one", excerpt(&other.into())));
        }
        match self.marks(ledger, undo, (entry, input), &body).await {
            Sight::Ours(_) => Sight::Ours(self.stray_arns(ledger, undo, (entry, input), &body)),
            sight => sight,
        }
    }

    /// The ARNs in the response to a creation that are not those of the resource: they are of another account or instance, or
    /// end in none of its ids. Other services have ARNs without ids, which count if the description shows them.
    fn stray_arns(&self, ledger: &Ledger, undo: &Undo, (entry, input): (&Entry, &Value), shown: &Value) -> Vec<String> {
        let ids = input.as_object().into_iter().flatten();
        let ids = ids.filter(|(member, _)| *member != INSTANCE || undo.id_member() == Some(member));
        // The id of a version is a number.
        let ids: Vec<String> = ids.filter_map(|(_, id)| scalar(id)).collect();
        let is_shown = |arn: &String| !self.schema.service.is_connect() && has_text(shown, &|text| text == arn);
        let is_its =
            |arn: &String| ledger.holds_arn(arn) && (ids.iter().any(|id| stands_for(arn, id)) || is_shown(arn));
        // A text that is no ARN names nothing.
        entry.arns.iter().filter(|arn| arn.starts_with("arn:") && !is_its(arn)).cloned().collect()
    }

    /// The response of an operation that shows a resource, else the reason why it shows none. `id_member` has the id.
    async fn description(&self, describe: OperationId, id_member: &str, input: &Value) -> Result<Value, Sight> {
        let name = &self.schema[describe].name;
        let mut asked = input.clone();
        loop {
            let request = encode_request(self.schema, describe, &asked)
                .map_err(|error| Sight::Others(format!("something that {name} cannot name: {error}")))?;
            return match self.send_necessary(describe, &request).await {
                // It is not kept, so that its name is another one each time.
                Reply::Success(exchange) if exchange.response.headers.get(SYNTHESIZED).is_some() => Err(Sight::Unseen),
                Reply::Success(exchange) => {
                    if let Some(pointer) = repeated_key(&exchange.response.body) {
                        return Err(Sight::Failed(format!("{name} shows {pointer} twice")));
                    }
                    let shown = read_response(self.schema, describe, &exchange.response).unwrap_or_default();
                    // Members beyond the model prove nothing.
                    let shape = self.schema[describe].output;
                    Ok(shape.map(|shape| modelled(self.schema, shape, &shown)).unwrap_or_default())
                }
                Reply::Refused(_, error) if error.code.as_deref() == Some(NOT_PUBLISHED) && asked == *input => {
                    let Some(id) = input[id_member].as_str() else { return Err(Sight::Unseen) };
                    asked[id_member] = draft(id).into();
                    continue;
                }
                Reply::Refused(exchange, _) if is_gone(self.schema, describe, &exchange.response) => Err(Sight::Absent),
                Reply::Unsupported(_) => Err(Sight::Unseen),
                other => Err(Sight::Failed(format!("{name}: {}", other.describe()))),
            };
        }
    }

    /// The marks of the run in the response of an operation that shows a resource.
    async fn marks(&self, ledger: &Ledger, undo: &Undo, (entry, input): (&Entry, &Value), body: &Value) -> Sight {
        let requested = undo.name_in(&entry.members);
        let is_this_run = |run: &str| run == self.run_id();
        let name = resource_in(body).and_then(name_in);
        let is_ours = |name: &str| run_of_name(name).is_some_and(is_this_run);
        // An endpoint may write a name otherwise.
        let is_same = |one: &str, other: &str| one.trim().eq_ignore_ascii_case(other.trim());
        // A journal may have any name, and the run may have changed it.
        let is_certain = !ledger.is_of_earlier_run();
        match name.zip(requested) {
            // Tags prove nothing under another name: a creation may have added them to an existing resource.
            Some((shown, own)) if !is_same(shown, own) && !is_ours(shown) => {
                Sight::Others(format!("`{shown}`, which is no name of the run"))
            }
            Some((shown, own)) if !is_same(shown, own) && is_certain => {
                match ledger.made_another(undo, entry, shown, input) {
                    true => Sight::Another,
                    // An endpoint may add something to a name, or cut it off.
                    false => Sight::Ours(Vec::new()),
                }
            }
            Some((shown, own)) if shown == own && is_certain => Sight::Ours(Vec::new()),
            _ => self.marks_in(body, is_this_run).await,
        }
    }

    /// The marks of some runs in the response of an operation that shows a resource.
    async fn marks_in(&self, body: &Value, is_run: impl Fn(&str) -> bool) -> Sight {
        let others = |what: String| Sight::Others(format!("{what}, which has neither the name nor the tag of a run"));
        let Some(shown) = resource_in(body) else { return others("something without a name".to_owned()) };
        let name = name_in(shown);
        if name.and_then(run_of_name).is_some_and(&is_run) {
            return Sight::Ours(Vec::new());
        }
        let tag = match tag_in(shown) {
            Some(tag) => tag,
            None => match shown.iter().find(|(member, _)| member.ends_with("Arn") || *member == "arn") {
                Some((_, Value::String(arn))) => match self.run_tag_of(arn).await {
                    Ok(tag) => tag,
                    Err(why) => return Sight::Failed(why),
                },
                _ => None,
            },
        };
        if tag.is_some_and(|tag| is_run(&tag.run_id)) {
            return Sight::Ours(Vec::new());
        }
        others(name.map_or("something without a name".to_owned(), |name| format!("`{name}`")))
    }

    /// Checks that the resource that a request creates has the name or the tag of a run: by its token, an endpoint may answer
    /// it with something that exists.
    fn creates_for_a_run(&self, operation: OperationId, input: &Value) -> Result<(), String> {
        let Some(kind) = graph::shared(self.schema).made_by(operation) else { return Ok(()) };
        let name = kind.name.as_ref().and_then(|member| input.get(member)?.as_str());
        let tags = self.tag_member(operation).and_then(|member| input.get(&member.name));
        let tag = tags.and_then(|tags| read_tags(tags).get(TAG)?.parse::<RunTag>().ok());
        let is_marked = match name {
            Some(name) => run_of_name(name).is_some(),
            None => tag.is_some() || tags.is_none(),
        };
        if is_marked {
            return Ok(());
        }
        Err(format!("{} creates a {} without the name or the tag of a run", self.schema[operation].name, kind.words))
    }

    /// Checks that a request that others composed writes to nothing but resources of runs: what it names, and what holds what
    /// it creates, is described, and must carry the name or the tag of a run, of this one or of an earlier one; so must the
    /// resource that it creates.
    ///
    /// # Errors
    /// The reason why it must not be sent.
    pub async fn names_resources_of_runs(&self, operation: OperationId, input: &Value) -> Result<(), String> {
        self.creates_for_a_run(operation, input)?;
        let (name, graph) = (&self.schema[operation].name, graph::shared(self.schema));
        if let Some(tagging) = graph.tagging.as_ref().filter(|of| [of.tag, of.untag].contains(&operation)) {
            return self.tags_a_resource_of_a_run(name, input, &tagging.arn).await;
        }
        let (mut looked, mut looked_at) = (false, vec![INSTANCE]);
        if let Some(made) = graph.made_by(operation) {
            looked_at.extend(made.parents.iter().map(|(member, _)| member.as_str()));
            for (member, holder) in made.parents.iter().filter(|(member, _)| member != INSTANCE) {
                let holder = holder.and_then(|at| graph.kinds().get(at));
                let holder = holder.ok_or_else(|| format!("nothing shows whose the {member} is that {name} names"))?;
                let value = |source: &Source| match source {
                    id if *id == holder.id => input.get(member),
                    Source::Input(other) => input.get(other),
                    Source::Output(_) => None,
                };
                self.is_of_a_run(name, holder, value).await?;
            }
            looked = true;
        }
        for (kind, action) in graph.actions_of(operation) {
            if action.role.lists() || action.role == Role::Describe {
                continue;
            }
            let value = |source: &Source| {
                let own = action.names.iter().find(|(_, known)| known == source);
                own.and_then(|(own, _)| input.get(own))
            };
            self.is_of_a_run(name, kind, value).await?;
            let is_new = |member: &&String| !action.is_named_by(member);
            let new_name = kind.name.as_ref().filter(is_new).and_then(|member| input.get(member)?.as_str());
            if new_name.is_some_and(|new| run_of_name(new).is_none()) {
                return Err(format!("{name} takes the name of a run away from a {}", kind.words));
            }
            looked_at.extend(action.names.iter().map(|(member, _)| member.as_str()));
            looked = true;
        }
        let mut members = input.as_object().into_iter().flatten();
        // An association changes both resources.
        if name.contains("ssociate")
            && let Some((other, _)) = members.find(|(member, _)| !looked_at.contains(&member.as_str()))
        {
            return Err(format!("nothing shows whose the {other} is that {name} names"));
        }
        if looked { Ok(()) } else { Err(format!("nothing shows what {name} writes to")) }
    }

    /// Checks that what an operation changes the tags of has the tag of a run, and keeps it.
    async fn tags_a_resource_of_a_run(&self, name: &str, input: &Value, arn: &str) -> Result<(), String> {
        let arn = input.get(arn).and_then(Value::as_str).unwrap_or_default();
        if input.to_string().contains(TAG) {
            return Err(format!("{name} sets or removes the tag `{TAG}`, by which runs know their resources"));
        }
        match self.run_tag_of(arn).await? {
            Some(_) => Ok(()),
            None => Err(format!("{name} names {arn}, which has no tag of a run")),
        }
    }

    /// Checks that a resource that an operation names is one of a run. `value` has the values by which it is described.
    async fn is_of_a_run<'v>(
        &self,
        name: &str,
        kind: &Kind,
        value: impl Fn(&Source) -> Option<&'v Value>,
    ) -> Result<(), String> {
        let unseen = || format!("nothing shows whose the {} is that {name} names", kind.words);
        let describe = kind.first(Role::Describe).ok_or_else(unseen)?;
        let mut asked = serde_json::Map::new();
        for (member, source) in &describe.names {
            asked.insert(member.clone(), value(source).ok_or_else(unseen)?.clone());
        }
        let id_member = kind.id_member(describe).unwrap_or_default();
        let asked = Value::Object(asked);
        let sight = match self.description(describe.operation, id_member, &asked).await {
            Ok(body) => match other_id(self.schema, kind, &body, &asked) {
                Some(other) => {
                    Sight::Others(format!("something with the id {}, which is another one", excerpt(&other.into())))
                }
                None => self.marks_in(&body, |_| true).await,
            },
            Err(sight) => sight,
        };
        match sight {
            Sight::Ours(_) => Ok(()),
            // A description may lag behind.
            Sight::Absent => Err(format!(
                "{name} names a {}, which {} does not show",
                kind.words, self.schema[describe.operation].name
            )),
            Sight::Others(what) => Err(format!("{name} names {what}")),
            Sight::Failed(why) => Err(format!("{}: {why}", unseen())),
            Sight::Another | Sight::Unseen => Err(unseen()),
        }
    }
}

/// The id or the ARN that a description shows for a resource of a kind, if it is another one than the input asked for. ARNs of
/// Connect end in the id.
pub(crate) fn other_id(schema: &Schema, kind: &Kind, body: &Value, asked: &Value) -> Option<String> {
    let shown = resource_in(body)?;
    let value = |path: Option<&Vec<String>>, short: [&str; 2]| {
        let own = path.and_then(|path| path.last());
        let short = own.and_then(|own| short.into_iter().find(|end| own.ends_with(end)));
        let names = own.map(String::as_str).into_iter().chain(short);
        names.filter_map(|name| scalar(shown.get(name)?)).collect::<Vec<_>>()
    };
    let ids = match &kind.id {
        Source::Output(path) => value(Some(path), ["Id", "id"]),
        Source::Input(_) => Vec::new(),
    };
    let is_arn = |text: &String| text.starts_with("arn:") && schema.service.is_connect() && !ids.is_empty();
    let arns = value(kind.arn.as_ref(), ["Arn", "arn"]).into_iter().filter(is_arn).collect::<Vec<_>>();
    let asked: Vec<String> = asked.as_object().into_iter().flatten().filter_map(|(_, id)| scalar(id)).collect();
    // One of the two may be an ARN, or have a version at its end.
    let is_same = |one: &str, other: &str| stands_for(one, other) || one.ends_with(&format!(":{other}"));
    ids.into_iter().chain(arns).find(|id| !asked.iter().any(|text| is_same(text, id) || is_same(id, text)))
}

/// True for a description of something that was deleted, and is kept for a while.
fn is_ended(body: &Value) -> bool {
    let inner = body.as_object().into_iter().flatten().map(|(_, inner)| inner);
    std::iter::once(body).chain(inner).any(|part| ending(&Value::Null, part).is_some())
}

/// The name in the members of a resource.
fn name_in(members: &serde_json::Map<String, Value>) -> Option<&str> {
    NAMES.iter().find_map(|member| members.get(*member)?.as_str())
}

/// The run tag in a description; none if it shows no tags.
fn tag_in(shown: &Map<String, Value>) -> Option<Option<RunTag>> {
    let tags = ["Tags", "tags"].iter().find_map(|member| shown.get(*member)).filter(|tags| !tags.is_null())?;
    Some(read_tags(tags).get(TAG).and_then(|tag| tag.parse().ok()))
}

/// The members of the resource that a response shows: those of the response, or of the one structure in it.
fn resource_in(body: &Value) -> Option<&serde_json::Map<String, Value>> {
    let body = body.as_object()?;
    let is_resource = |members: &serde_json::Map<String, Value>| {
        NAMES.iter().chain(&["Tags", "tags", "Arn"]).any(|member| members.contains_key(*member))
    };
    if is_resource(body) {
        return Some(body);
    }
    body.values().filter_map(Value::as_object).find(|members| is_resource(members))
}
