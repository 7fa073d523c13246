//! Valid inputs for a case: generated, then filled with resources of the run, unused names and tokens.

use arbitrary::Unstructured;
use connect_model::generate::{Config, Side};
use connect_model::path::{SchemaPath, Step};
use connect_model::resources::{self as graph, Source};
use connect_model::schema::{Kind, Member, OperationId, Slot};
use connect_model::semantics;
use connect_model::validate::validate_slot;
use serde_json::Value;

use crate::client::Client;
use crate::client::fixtures::is_creating;
use crate::client::forms::give_usual_forms;
use crate::client::places::{as_value, places};
use crate::resources;
use crate::resources::Resource;
use crate::steps;
use crate::tagging;

/// Number of different resources that a list names.
const DIFFERENT: usize = 6;

impl Client {
    /// A valid input with resources and names of the run, and a value at `focus`.
    ///
    /// # Errors
    /// The reason why there is no such input.
    pub async fn input(
        &self,
        operation: OperationId,
        config: Config,
        label: &str,
        focus: &SchemaPath,
    ) -> Result<Value, String> {
        let bytes = self.bytes(label);
        let known_good = config.optional_percent == 0;
        let mut u = Unstructured::new(&bytes);
        let made = self.generator(config).focused(operation, Side::Input, focus, &mut u);
        let mut value = made.map_err(|error| error.to_string())?.value;
        self.complete(operation, &mut value, (focus, known_good), &mut u).await;
        Ok(value)
    }

    /// A valid input with resources and names of the run, in which one member has been made by another configuration than the
    /// others.
    ///
    /// # Errors
    /// The reason why there is no such input.
    pub(crate) async fn input_with(
        &self,
        operation: OperationId,
        (member, config): (&Member, Config),
        label: &str,
    ) -> Result<Value, String> {
        let bytes = self.bytes(label);
        let mut u = Unstructured::new(&bytes);
        let focus = SchemaPath(vec![Step::Member(member.name.clone())]);
        let made = self.generator(Config::sparse()).focused(operation, Side::Input, &focus, &mut u);
        let mut value = made.map_err(|error| error.to_string())?.value;
        let own = self.generator(config).member(member, &mut u);
        value[&member.name] = own.map_err(|error| error.to_string())?;
        self.complete(operation, &mut value, (&focus, true), &mut u).await;
        Ok(value)
    }

    /// Fills a generated input, and makes it agree with the languages outside the model.
    async fn complete(
        &self,
        operation: OperationId,
        value: &mut Value,
        (focus, known_good): (&SchemaPath, bool),
        u: &mut Unstructured<'_>,
    ) {
        self.fill(operation, value, focus, known_good).await;
        self.keep_unpublished(operation, value, focus);
        if self.schema.service.is_connect() {
            // The inserted values must agree with the generated ones, and with the resource that is named.
            let operation = &self.schema[operation];
            resources::in_context(self.schema, &operation.name, focus, |context| {
                semantics::repair(&operation.name, value, focus, context, u);
            });
        }
    }

    /// Replaces name, id and token of an input that was sent before by unused ones.
    pub fn renew(&self, operation: OperationId, value: &mut Value) {
        for member in self.schema.input_members(&self.schema[operation]).into_iter().flatten() {
            let fresh = value.get(&member.name).and_then(|_| self.unused_value(operation, &member.name));
            if let Some(fresh) = fresh.map(Value::from) {
                value[&member.name] = fresh;
            }
        }
    }

    /// Removes an empty id from a creation whose resource has to be deleted later: nothing could name it.
    fn remove_empty_id(&self, operation: OperationId, value: &mut Value) {
        let kind = graph::shared(self.schema).made_by(operation).filter(|_| self.ledger().is_some());
        if let (Some(Source::Output(path)), Some(map)) = (kind.map(|kind| &kind.id), value.as_object_mut())
            && let Some(id) = path.last().filter(|id| map.get(*id).is_some_and(|chosen| chosen == ""))
        {
            map.remove(id);
        }
    }

    /// Inserts the instance, resources and unused names into a generated input. Page tokens are removed, since only the
    /// endpoint issues them. With `known_good`, a creation or an update becomes one that a healthy service accepts, except
    /// for the value at `focus`.
    async fn fill(&self, operation: OperationId, value: &mut Value, focus: &SchemaPath, known_good: bool) {
        self.add_run_tag(operation, value, focus);
        self.remove_empty_id(operation, value);
        let id = operation;
        let operation = &self.schema[operation];
        if let (Some(pagination), Some(map)) = (&operation.pagination, value.as_object_mut()) {
            map.remove(&pagination.input_token);
        }
        let Some(members) = self.schema.input_members(operation) else { return };
        if let Some(row) = resources::created_by(self.schema, &operation.name) {
            self.merge_template(row, value, focus, known_good);
        }
        if let Some(row) = resources::updated_by(self.schema, &operation.name).filter(|_| known_good) {
            for (key, inner) in row.template_for(members) {
                if !in_focus(focus, &key) {
                    value[key] = inner;
                }
            }
        }
        for member in members {
            let text = matches!(self.schema[member.slot.target].kind, Kind::String);
            if !text || (!member.required && value.get(&member.name).is_none()) {
                continue;
            }
            let tagged = tagging::tagged_by(self.schema, id, &member.name);
            let replacement = if !tagged.is_empty() {
                self.tagged(&tagged, &operation.name, &member.slot).await
            } else if (operation.name.as_str(), member.name.as_str()) == resources::DIGEST {
                self.published_digest(&operation.name).await
            } else {
                self.unused_value(id, &member.name)
            };
            if let Some(replacement) = replacement.map(Value::from) {
                // A value that breaks the contract is not inserted: a trial must fail for its own reason.
                if validate_slot(self.schema, &member.slot, &replacement).is_empty() {
                    value[&member.name] = replacement;
                }
            }
        }
        self.give_usual_forms(id, value, focus);
        if known_good {
            resources::make_showable(self.schema, operation, value, |top| self.is_kept(id, top, focus));
        }
        self.name_existing(id, value, (focus, "")).await;
    }

    /// Gives the texts of an input the forms that a service expects beyond its model. Names, tokens, tags and what lies in
    /// focus stay.
    pub(super) fn give_usual_forms(&self, operation: OperationId, value: &mut Value, focus: &SchemaPath) {
        let Some(shape) = self.schema[operation].input else { return };
        give_usual_forms(self.schema, shape, value, |part| {
            !self.is_kept(operation, part.pointer[1..].split('/').next().unwrap_or_default(), focus)
        });
    }

    /// True for a top-level member that a generated form does not replace: what lies in focus, names, tokens and tags.
    fn is_kept(&self, operation: OperationId, top: &str, focus: &SchemaPath) -> bool {
        let members = self.schema.input_members(&self.schema[operation]);
        let member = members.and_then(|members| members.get(top));
        in_focus(focus, top)
            || resources::takes_new_name(self.schema, operation, top)
            || member.is_some_and(|member| {
                member.idempotency_token
                    || graph::is_tags(self.schema, member)
                    || resources::takes_new_id(self.schema, operation, member)
            })
            || !tagging::tagged_by(self.schema, operation, top).is_empty()
    }

    /// Inserts the ids of resources that exist: of the one that the operation is about, and of all others that it names. Ids
    /// of kinds that the run cannot create stay as they are, and so does the one at the JSON Pointer `kept`.
    pub(crate) async fn name_existing(
        &self,
        operation: OperationId,
        value: &mut Value,
        (focus, kept): (&SchemaPath, &str),
    ) {
        let contract = &self.schema[operation];
        let (Some(shape), graph) = (contract.input, graph::shared(self.schema)) else { return };
        let mut done = Vec::new();
        // Resources that may name each other would wait for each other.
        let made = graph.made_by(operation).filter(|_| is_creating());
        let in_circle = |noun: &str| {
            graph.kind(noun).zip(made).is_some_and(|(kind, made)| kind.noun == made.noun || graph.leads_to(kind, made))
        };
        let created_here = graph.made_by(operation);
        for (kind, action) in graph.actions_of(operation) {
            let Some(row) = resources::named(self.schema, &kind.noun).filter(|row| !in_circle(row.noun)) else {
                continue;
            };
            let named_by =
                |source: &Source| matches!(source, Source::Input(own) if kind.id_member(action) == Some(own));
            // A resource with the id of its parent exists once for each parent, so it gets a new parent.
            let found = if created_here.is_some_and(|created| named_by(&created.id)) {
                self.create(row).await.ok()
            } else {
                self.resource_for(row, &contract.name, focus).await
            };
            let Some(made) = found else { continue };
            let Value::Object(names) = row.naming(&contract.name, &made.sent, &made.id) else { continue };
            let members = self.schema.input_members(contract);
            let updates = row.updates.contains(&contract.name.as_str());
            // An update that takes the name must not rename what is found by its name.
            let own = match &row.of.id {
                Source::Input(own) if !names.contains_key(own) && updates => {
                    Some((own.clone(), Value::from(made.id.clone())))
                }
                _ => None,
            };
            for (name, id) in names.into_iter().chain(own) {
                let slot = members.and_then(|members| members.get(&name)).map(|member| &member.slot);
                // A value that breaks the contract is not inserted: a trial must fail for its own reason.
                let is_new = created_here.is_some_and(|created| created.name.as_ref() == Some(&name));
                let is_kept = is_new || kept.strip_prefix('/') == Some(&*name);
                if slot
                    .is_some_and(|slot| !is_kept && !id.is_null() && validate_slot(self.schema, slot, &id).is_empty())
                {
                    value[&name] = id;
                    done.push(name);
                }
            }
        }
        let created = resources::created_by(self.schema, &contract.name);
        // A request names the parents of a resource together with it.
        let mut homes = Vec::new();
        for place in places(self.schema, graph, shape, value) {
            let top = place.pointer[1..].split('/').next().unwrap_or_default();
            let is_nested = top.len() + 1 < place.pointer.len();
            let is_own = created.is_some_and(|row| row.noun == place.noun && !is_nested && !row.names_another(top));
            let is_kept = place.pointer == kept;
            let is_name = created_here.is_some_and(|created| created.name.as_deref() == Some(top));
            let is_same = made.is_some_and(|made| made.noun == place.noun);
            if done.iter().any(|name| name == top) || is_own || is_name || is_kept || is_same {
                continue;
            }
            let Some(row) = resources::named(self.schema, place.noun) else { continue };
            // The items of a list name different resources.
            let label = match place.nth % DIFFERENT {
                0 => contract.name.clone(),
                nth => format!("{} #{nth}", contract.name),
            };
            // There is one of these for each holder.
            let is_single = created.is_some_and(|row| !is_nested && row.of.id == Source::Input(top.to_owned()));
            let made = if is_single {
                self.create(row).await.ok()
            } else if in_circle(place.noun) {
                // One that names no more than it must waits for nothing.
                let instance = if row.in_instance() { Box::pin(self.instance()).await } else { None };
                self.needed_beside(row, instance.as_deref(), place.nth % DIFFERENT).await.ok()
            } else {
                self.resource_for(row, &label, focus).await
            };
            let Some(made) = made else { continue };
            let id = as_value(self.schema, place.slot, &made.id);
            if validate_slot(self.schema, place.slot, &id).is_empty()
                && let Some(target) = value.pointer_mut(&place.pointer)
            {
                *target = id;
                let parents = row.of.parents.iter().filter(|(member, _)| !is_nested && member != top);
                homes.extend(parents.filter_map(|(member, _)| Some((member, made.sent.get(member)?.clone()))));
            }
        }
        for (member, id) in homes {
            let slot = self.schema.input_members(contract).and_then(|members| members.get(member));
            let fits = slot.is_some_and(|member| validate_slot(self.schema, &member.slot, &id).is_empty());
            let is_free = fits && !done.contains(member) && !in_focus(focus, member);
            if let Some(place) = value.get_mut(member).filter(|_| is_free) {
                *place = id;
            }
        }
    }

    /// Replaces the ids of resources in an input by those of resources in this instance: an instance knows no others.
    pub(crate) async fn move_to(&self, instance: &str, operation: OperationId, value: &mut Value) {
        let Some(shape) = self.schema[operation].input else { return };
        for place in places(self.schema, graph::shared(self.schema), shape, value) {
            let Some(row) = resources::named(self.schema, place.noun).filter(|row| row.in_instance()) else { continue };
            if row.of.parents.len() == 1
                && let Ok(made) = self.needed(row, Some(instance)).await
                && validate_slot(self.schema, place.slot, &made.id.as_str().into()).is_empty()
                && let Some(target) = value.pointer_mut(&place.pointer)
            {
                *target = made.id.into();
            }
        }
    }

    /// Replaces the ids of resources in an input by those of new ones in this instance, but for the holders that it names. A
    /// holder may name others of its kind: `HoursOfOperationId` in ParentHoursOfOperationConfigs.
    ///
    /// # Errors
    /// The reason why one of them cannot be created.
    pub(crate) async fn name_new(
        &self,
        instance: &str,
        operation: OperationId,
        value: &mut Value,
        is_holder: impl Fn(&str) -> bool,
    ) -> Result<(), String> {
        let Some(shape) = self.schema[operation].input else { return Ok(()) };
        for place in places(self.schema, graph::shared(self.schema), shape, value) {
            let row = resources::named(self.schema, place.noun).filter(|row| row.is_judged());
            let Some(row) = row.filter(|_| !is_holder(&place.pointer[1..])) else { continue };
            let (made, _) = steps::create_in(self, row, instance).await?;
            if let Some(target) = value.pointer_mut(&place.pointer) {
                *target = as_value(self.schema, place.slot, &made.id);
            }
        }
        Ok(())
    }

    /// The ARN of a resource of the run that can have tags, in the form that a slot allows.
    async fn tagged(&self, kinds: &[&'static Resource], operation: &str, slot: &Slot) -> Option<String> {
        for row in kinds.iter().take(DIFFERENT) {
            let arn = self.resource(row, operation).await.and_then(|made| made.arn);
            let is_valid = |arn: &String| validate_slot(self.schema, slot, &arn.as_str().into()).is_empty();
            if let Some(arn) = arn.filter(is_valid) {
                return Some(arn);
            }
        }
        None
    }

    /// Adds the members that a healthy service needs to accept a creation; with `known_good`, replaces generated ones.
    fn merge_template(&self, row: &Resource, value: &mut Value, focus: &SchemaPath, known_good: bool) {
        let Some(map) = value.as_object_mut() else { return };
        for (key, inner) in row.given().into_iter().flatten() {
            if known_good && !in_focus(focus, key) {
                map.insert(key.clone(), inner.clone());
            } else {
                map.entry(key.clone()).or_insert_with(|| inner.clone());
            }
        }
        if let (Some(member), Some(name)) = (row.name_member, self.unused_name(row)) {
            map.entry(member).or_insert_with(|| name.into());
        }
    }
}

/// True if a focus lies in a top-level member.
pub(crate) fn in_focus(focus: &SchemaPath, member: &str) -> bool {
    matches!(focus.0.first(), Some(Step::Member(name)) if name == member)
}
