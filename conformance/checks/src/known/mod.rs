//! Things of others that exist, by kind: named by the user, for an account in which the run makes none. Requests that read name
//! them; [`guard`] refuses every other request that does.

pub mod guard;

use std::collections::{BTreeMap, BTreeSet};

use connect_model::resources::{Kind, Source};
use connect_model::schema::{Kind as ShapeKind, OperationId, Schema};
use connect_model::text::excerpt;
use connect_model::validate::validate_slot;
use connect_transport::parsed::has_dot_segment;
use serde_json::{Map, Value};

use crate::ledger::LONGEST;
use crate::resources::{self, INSTANCE, Resource};

/// Most things of one kind. Each costs a request that looks for it.
pub const MOST: usize = 100;

/// Something that exists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thing {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: Option<String>,
    /// The members that name what holds it, without the instance.
    pub within: BTreeMap<String, String>,
}

/// Things that exist, by the noun of their kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known(BTreeMap<&'static str, Vec<Thing>>);

/// The nouns of the kinds of which things can be named.
pub fn nouns(schema: &'static Schema) -> impl Iterator<Item = &'static str> {
    resources::rows(schema).iter().filter(|row| !row.is_instance()).map(|row| row.noun)
}

/// The members that name what holds things of a kind, without the instance.
pub fn holders(schema: &'static Schema, noun: &str) -> Vec<&'static str> {
    let parents = resources::named(schema, noun).into_iter().flat_map(|row| &row.of.parents);
    parents.map(|(member, _)| member.as_str()).filter(|member| *member != INSTANCE).collect()
}

impl Known {
    /// True if nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The things of a kind.
    pub(crate) fn of(&self, noun: &str) -> &[Thing] {
        self.0.get(noun).map(Vec::as_slice).unwrap_or_default()
    }

    /// The first kind whose things are in an instance of Connect.
    pub fn in_instance(&self, schema: &'static Schema) -> Option<&'static str> {
        let is_inside = |noun: &&str| resources::named(schema, noun).is_some_and(Resource::in_instance);
        self.0.keys().copied().find(is_inside)
    }

    /// Adds something of a kind.
    ///
    /// # Errors
    /// Nothing can have such an id, or its holders are not named as the kind needs it; with the remedy.
    pub fn add(&mut self, schema: &'static Schema, noun: &str, thing: Thing) -> Result<(), String> {
        let row = resources::named(schema, noun).ok_or_else(|| format!("{noun} is no kind"))?;
        is_id(schema, row.of, &thing)?;
        for member in holders(schema, noun) {
            let text = thing.within.get(member).ok_or_else(|| {
                let form = format!("{{ id = \"…\", {member} = \"…\" }}");
                format!("a {} is found by what holds it: write {form} in place of the id alone", row.kind)
            })?;
            fits(schema, row.of.create, member, text)?;
        }
        if let Some(arn) = thing.arn.as_ref().filter(|arn| !arn.starts_with("arn:") || arn.len() > LONGEST) {
            return Err(format!("`{}` is no ARN, which starts with `arn:`", excerpt(arn)));
        }
        let things = self.0.entry(row.noun).or_default();
        if things.iter().any(|known| (&known.id, &known.within) == (&thing.id, &thing.within)) {
            return Err(format!("`{}` is named twice; remove one", excerpt(&thing.id)));
        }
        if things.len() == MOST {
            return Err(format!("more than {MOST} are named; a few of each kind are enough"));
        }
        things.push(thing);
        Ok(())
    }

    /// The texts that only requests which read may name.
    fn marks(&self) -> BTreeSet<&str> {
        self.0.values().flatten().flat_map(Thing::marks).collect()
    }
}

impl Thing {
    /// Its id and its ARN. What its holder alone tells from others, such as a version, has the ids of its holders.
    fn marks(&self) -> impl Iterator<Item = &str> {
        let own = Some(self.id.as_str()).filter(|_| self.within.is_empty());
        own.into_iter().chain(self.within.values().map(String::as_str)).chain(self.arn.as_deref())
    }

    /// The members of a creation that name what holds the thing.
    pub(crate) fn sent(&self, instance: Option<&str>) -> Value {
        let instance = instance.map(|id| (INSTANCE.to_owned(), Value::from(id)));
        let within = self.within.iter().map(|(member, id)| (member.clone(), Value::from(id.as_str())));
        instance.into_iter().chain(within).collect::<Map<_, _>>().into()
    }
}

/// Checks an id with the first operation that names one of the kind, and with the creation if the caller chooses it.
fn is_id(schema: &'static Schema, kind: &'static Kind, thing: &Thing) -> Result<(), String> {
    if thing.id.is_empty() || thing.id.len() > LONGEST || has_dot_segment(&thing.id) {
        let id = excerpt(&thing.id);
        return Err(format!(
            "`{id}` is no id of a {}, which has 1 to {LONGEST} bytes and leads to no other path",
            kind.words
        ));
    }
    let chosen = match &kind.id {
        Source::Input(member) => Some((kind.create, member.as_str())),
        Source::Output(_) => None,
    };
    let mut actions = kind.actions.iter().filter(|action| !action.role.lists());
    let named = actions.find_map(|action| Some((action.operation, kind.id_member(action)?)));
    for (operation, member) in chosen.into_iter().chain(named) {
        fits(schema, operation, member, &thing.id)?;
    }
    Ok(())
}

/// Checks the value of a member.
fn fits(schema: &'static Schema, operation: OperationId, member: &str, text: &str) -> Result<(), String> {
    let Some(member) = schema.input_members(&schema[operation]).and_then(|members| members.get(member)) else {
        return Ok(());
    };
    let is_number = matches!(schema[member.slot.target].kind, ShapeKind::Number(_));
    let value = text.parse::<i64>().ok().filter(|_| is_number).map_or_else(|| Value::from(text), Value::from);
    match validate_slot(schema, &member.slot, &value).first() {
        Some(violation) => {
            let (name, text) = (&schema[operation].name, excerpt(text));
            Err(format!("`{text}` is no {} of {name}: {violation}", member.name))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ID: &str = "0e7f4a52-6c1b-4d38-9a05-c0ffee000001";

    fn thing(id: &str, within: &[(&str, &str)]) -> Thing {
        let within = within.iter().map(|(member, id)| ((*member).to_owned(), (*id).to_owned())).collect();
        Thing { id: id.to_owned(), arn: None, within }
    }

    #[test]
    fn ids_have_the_form_of_their_member_and_name_their_holders() {
        let schema = Schema::connect();
        let refusal = |noun: &str, thing: Thing| Known::default().add(schema, noun, thing).err();
        assert_eq!(refusal("User", thing(ID, &[])), None);
        assert_eq!(refusal("ViewVersion", thing("2", &[("ViewId", ID)])), None);
        let long = "q".repeat(LONGEST + 1);
        for (noun, thing, expected) in [
            ("Queues", thing(ID, &[]), "is no kind"),
            ("Queue", thing("", &[]), "is no id"),
            ("Queue", thing("..", &[]), "leads to no other path"),
            ("User", thing(&long, &[]), "leads to no other path"),
            ("ViewVersion", thing("2", &[]), "write { id = \"…\", ViewId = \"…\" }"),
            ("ViewVersion", thing("two", &[("ViewId", ID)]), "is no ViewVersion of"),
            ("Queue", Thing { arn: Some("x".to_owned()), ..thing(ID, &[]) }, "is no ARN"),
        ] {
            let why = refusal(noun, thing).unwrap_or_default();
            assert!(why.contains(expected), "{noun}: {why}");
        }
        let mut known = Known::default();
        known.add(schema, "Queue", thing(ID, &[])).unwrap();
        assert!(known.add(schema, "Queue", thing(ID, &[])).unwrap_err().contains("twice"));
        assert_eq!(known.in_instance(schema), Some("Queue"));
    }

    #[test]
    fn every_kind_that_can_be_named_tells_its_holders() {
        let schema = Schema::connect();
        assert!(nouns(schema).count() > 30 && nouns(schema).all(|noun| noun != "Instance"));
        assert_eq!(holders(schema, "WorkspacePage"), ["WorkspaceId"]);
        assert!(holders(schema, "Queue").is_empty());
    }
}
