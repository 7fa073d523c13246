//! Flattening of mixins and `apply` statements of a Smithy JSON AST, so that every shape is self-contained.
//!
//! Source: Smithy 2.0 specification, "Mixins" and "Applying traits externally". A shape takes precedence over its mixins,
//! a later mixin over an earlier one, and `apply` over all of them, also for members that come from a mixin.

use std::collections::BTreeMap;

use crate::ast::{AstMember, AstShape, Reference, Traits};

/// Maximum depth of mixins. AWS models have a depth of two.
const DEEPEST: usize = 32;
/// Maximum number of members that mixins add to all shapes together. A small file can expand to more than fits in memory.
const MOST_MEMBERS: usize = 1_000_000;

/// Replaces mixins and `apply` statements.
pub(super) fn flatten(mut shapes: BTreeMap<String, AstShape>) -> Result<BTreeMap<String, AstShape>, String> {
    let mut applied: BTreeMap<String, Vec<(Option<String>, Traits)>> = BTreeMap::new();
    shapes.retain(|id, shape| {
        let stays = shape.kind != "apply";
        if !stays {
            let traits = std::mem::take(&mut shape.traits);
            // The id of a member is `ns#Shape$member`.
            let (owner, member) =
                id.split_once('$').map_or((id.as_str(), None), |(owner, member)| (owner, Some(member)));
            applied.entry(owner.to_owned()).or_default().push((member.map(str::to_owned), traits));
        }
        stays
    });
    // The common case, also for the built-in model, which is loaded on every start.
    if applied.is_empty() && shapes.values().all(|shape| shape.mixins.is_empty()) {
        return Ok(shapes);
    }
    let mut mixing = Mixing { shapes: &shapes, applied, done: BTreeMap::new(), members: 0 };
    for id in shapes.keys() {
        mixing.finish(id, 0)?;
    }
    Ok(mixing.done.into_iter().map(|(id, (shape, _))| (id.to_owned(), shape)).collect())
}

struct Mixing<'a> {
    shapes: &'a BTreeMap<String, AstShape>,
    /// Traits of `apply` statements by shape, each with its member if it is for one.
    applied: BTreeMap<String, Vec<(Option<String>, Traits)>>,
    /// Completed shapes, each with the depth of its mixins.
    done: BTreeMap<&'a str, (AstShape, usize)>,
    /// Number of members added so far.
    members: usize,
}

impl<'a> Mixing<'a> {
    /// Completes a shape, after its mixins. Returns the depth of its mixins.
    fn finish(&mut self, id: &'a str, depth: usize) -> Result<usize, String> {
        if let Some((_, height)) = self.done.get(id) {
            return Ok(*height);
        }
        let deep = || format!("mixins of {id} are nested more than {DEEPEST} deep, or in a cycle");
        if depth > DEEPEST {
            return Err(deep());
        }
        let shapes = self.shapes;
        let own = shapes.get(id).ok_or_else(|| format!("mixin {id} is not defined"))?;
        let mut whole = AstShape { mixins: Vec::new(), ..own.clone() };
        let mut height = 0;
        for mixin in own.mixins.iter().rev() {
            height = height.max(1 + self.finish(&mixin.target, depth + 1)?);
            if let Some((part, _)) = self.done.get(mixin.target.as_str()) {
                self.members += part.members.len();
                mix(&mut whole, part);
            }
            if self.members > MOST_MEMBERS {
                return Err(format!("mixins add more than {MOST_MEMBERS} members, the last of them to {id}"));
            }
        }
        if height > DEEPEST {
            return Err(deep());
        }
        for (member, traits) in self.applied.remove(id).into_iter().flatten() {
            match member {
                None => whole.traits.extend(traits),
                Some(name) => {
                    if let Some(member) = member_named(&mut whole, &name) {
                        member.traits.extend(traits);
                    }
                }
            }
        }
        self.done.insert(id, (whole, height));
        Ok(height)
    }
}

/// Adds the facts of a mixin that the shape does not have.
fn mix(shape: &mut AstShape, mixin: &AstShape) {
    for (name, member) in &mixin.members {
        match shape.members.get_mut(name) {
            Some(own) => add_missing(&mut own.traits, &member.traits, |_| true),
            None => {
                shape.members.insert(name.clone(), member.clone());
            }
        }
    }
    for (own, mixed) in
        [(&mut shape.member, &mixin.member), (&mut shape.key, &mixin.key), (&mut shape.value, &mixin.value)]
    {
        match (own, mixed) {
            (Some(own), Some(mixed)) => add_missing(&mut own.traits, &mixed.traits, |_| true),
            (own, mixed) => *own = own.take().or_else(|| mixed.clone()),
        }
    }
    for (own, mixed) in [
        (&mut shape.input, &mixin.input),
        (&mut shape.output, &mixin.output),
        (&mut shape.create, &mixin.create),
        (&mut shape.put, &mixin.put),
        (&mut shape.read, &mixin.read),
        (&mut shape.update, &mixin.update),
        (&mut shape.delete, &mixin.delete),
        (&mut shape.list, &mixin.list),
    ] {
        *own = own.take().or_else(|| mixed.clone());
    }
    for (own, mixed) in [
        (&mut shape.errors, &mixin.errors),
        (&mut shape.operations, &mixin.operations),
        (&mut shape.collection_operations, &mixin.collection_operations),
        (&mut shape.resources, &mixin.resources),
    ] {
        let missing: Vec<Reference> = mixed.iter().filter(|one| !own.contains(one)).cloned().collect();
        own.extend(missing);
    }
    shape.version = shape.version.take().or_else(|| mixin.version.clone());
    let definition = mixin.traits.get("smithy.api#mixin");
    let local = definition.and_then(|mixin| mixin.get("localTraits")).and_then(|list| list.as_array());
    let is_local = |id: &str| id == "smithy.api#mixin" || local.is_some_and(|list| list.iter().any(|one| *one == id));
    add_missing(&mut shape.traits, &mixin.traits, |id| !is_local(id));
}

fn add_missing(own: &mut Traits, mixed: &Traits, is_inherited: impl Fn(&str) -> bool) {
    for (id, value) in mixed.iter().filter(|(id, _)| is_inherited(id)) {
        own.entry(id.clone()).or_insert_with(|| value.clone());
    }
}

fn member_named<'s>(shape: &'s mut AstShape, name: &str) -> Option<&'s mut AstMember> {
    match (name, &mut shape.member, &mut shape.key, &mut shape.value) {
        ("member", Some(member), ..) | ("key", _, Some(member), _) | ("value", _, _, Some(member)) => Some(member),
        _ => shape.members.get_mut(name),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use serde_json::{Value, json};

    use super::*;

    fn flat(shapes: Value) -> Result<Value, String> {
        flatten(serde_json::from_value(shapes).unwrap()).map(|shapes| serde_json::to_value(shapes).unwrap())
    }

    #[test]
    fn flattens_mixins_and_applied_traits() {
        let shapes = flat(json!({
            "t#Root": {"type": "structure", "members": {"a": {"target": "t#A"}, "b": {"target": "t#B", "traits": {"x": 1, "y": 1}}},
                "traits": {"smithy.api#mixin": {}, "first": "root", "second": "root"}},
            "t#Base": {"type": "structure", "mixins": [{"target": "t#Root"}], "members": {"c": {"target": "t#C"}},
                "traits": {"smithy.api#mixin": {"localTraits": ["here"]}, "here": {}, "second": "base"}},
            "t#Other": {"type": "structure", "members": {"b": {"target": "t#B", "traits": {"y": 2}}},
                "traits": {"smithy.api#mixin": {}, "first": "other"}},
            "t#Use": {"type": "structure", "mixins": [{"target": "t#Base"}, {"target": "t#Other"}],
                "members": {"c": {"target": "t#C", "traits": {"own": true}}}},
            "t#Use$a": {"type": "apply", "traits": {"applied": true}},
            "t#Root$b": {"type": "apply", "traits": {"x": 3}},
            "t#Map": {"type": "map", "key": {"target": "t#K"}, "value": {"target": "t#V"}},
            "t#Map$key": {"type": "apply", "traits": {"applied": true}},
            "t#Map$nothing": {"type": "apply", "traits": {"applied": true}},
        }))
        .unwrap();
        assert_eq!(
            shapes["t#Use"],
            json!({"type": "structure", "members": {
                "a": {"target": "t#A", "traits": {"applied": true}},
                "b": {"target": "t#B", "traits": {"x": 3, "y": 2}},
                "c": {"target": "t#C", "traits": {"own": true}}},
                "traits": {"first": "other", "second": "base"}})
        );
        assert_eq!(shapes["t#Base"]["members"]["a"], json!({"target": "t#A"}), "applied to another shape");
        assert_eq!(shapes["t#Map"]["key"], json!({"target": "t#K", "traits": {"applied": true}}));
        assert_eq!(shapes.as_object().unwrap().len(), 5);
    }

    #[test]
    fn adds_shared_mixins_once() {
        // There are 2^30 paths to the root.
        let mut shapes =
            json!({"t#L0": {"type": "operation", "errors": [{"target": "t#E"}]}, "t#R0": {"type": "operation"}});
        for level in 1..=30 {
            for side in ["L", "R"] {
                let mixins = json!([{"target": format!("t#L{}", level - 1)}, {"target": format!("t#R{}", level - 1)}]);
                shapes[format!("t#{side}{level}")] = json!({"type": "operation", "mixins": mixins});
            }
        }
        assert_eq!(flat(shapes).unwrap()["t#R30"]["errors"], json!([{"target": "t#E"}]));
    }

    #[test]
    fn rejects_deep_and_cyclic_mixins() {
        let chain = |length: usize, name: fn(usize) -> String| {
            let mut shapes = json!({});
            for at in 0..length {
                let mixins = if at + 1 < length { json!([{"target": name(at + 1)}]) } else { json!([]) };
                shapes[name(at)] = json!({"type": "structure", "mixins": mixins});
            }
            flat(shapes)
        };
        for name in [|at| format!("t#{at:03}"), |at| format!("t#{:03}", 999 - at)] {
            assert!(chain(DEEPEST + 1, name).is_ok());
            let error = chain(DEEPEST + 2, name).unwrap_err();
            assert!(error.contains("more than 32 deep"), "{error}");
        }
        let error = flat(json!({"t#A": {"type": "structure", "mixins": [{"target": "t#A"}]}})).unwrap_err();
        assert!(error.contains("in a cycle"), "{error}");
        let error = flat(json!({"t#A": {"type": "structure", "mixins": [{"target": "t#B"}]}})).unwrap_err();
        assert_eq!(error, "mixin t#B is not defined");
    }

    #[test]
    fn limits_the_number_of_members() {
        let members: Value = (0..2000).map(|at| (format!("m{at}"), json!({"target": "t#S"}))).collect();
        let mut shapes = json!({"t#Big": {"type": "structure", "members": members}});
        for at in 0..600 {
            shapes[format!("t#S{at}")] = json!({"type": "structure", "mixins": [{"target": "t#Big"}]});
        }
        let error = flat(shapes).unwrap_err();
        assert!(error.contains("more than 1000000 members"), "{error}");
    }
}
