//! Reference models: the behaviour of one thing, of the names of a kind, of a client token and of a tag, when calls come one
//! after another. Values are numbers, so that states are small; `parts` gives them.

use std::collections::BTreeMap;

use super::order::Model;

/// The number of a value.
pub(super) type Number = u32;

/// A thing, as descriptions or lists show it.
pub(super) struct Thing {
    /// True if the history has its creation: it does not exist before.
    pub(super) is_new: bool,
}

/// A call on a thing.
#[derive(Clone, Debug)]
pub(super) enum ThingAct {
    /// Creates it with these values, by member.
    Create(Vec<(usize, Number)>),
    /// Sets these values.
    Update(Vec<(usize, Number)>),
    /// Changes it in a way that the model does not know.
    Disturb,
    /// Deletes it. The deletion of what does not exist may succeed.
    Delete,
    /// Shows it: the values that each member may have.
    Shown(Vec<(usize, Vec<Number>)>),
    /// Says that it does not exist.
    Absent,
}

/// The state of a thing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum ThingState {
    /// It may exist, since it is older than the history.
    Untold,
    /// It does not exist.
    Absent,
    /// It exists, with the known values by member.
    Alive(BTreeMap<usize, Number>),
}

impl Model for Thing {
    type State = ThingState;
    type Act = ThingAct;

    fn start(&self) -> ThingState {
        if self.is_new { ThingState::Absent } else { ThingState::Untold }
    }

    fn step(&self, state: &ThingState, act: &ThingAct) -> Option<ThingState> {
        use ThingState::{Absent, Alive, Untold};
        let set = |values: &BTreeMap<usize, Number>, sent: &[(usize, Number)]| {
            let mut values = values.clone();
            values.extend(sent.iter().copied());
            Alive(values)
        };
        let none = BTreeMap::new();
        match (act, state) {
            (ThingAct::Create(sent), Absent | Untold) => Some(set(&none, sent)),
            (ThingAct::Create(_), Alive(_)) => None,
            (ThingAct::Update(sent), Alive(values)) => Some(set(values, sent)),
            (ThingAct::Update(sent), Untold) => Some(set(&none, sent)),
            (ThingAct::Disturb, Alive(_) | Untold) | (ThingAct::Shown(_), Untold) => Some(Alive(none)),
            (ThingAct::Disturb, Absent) => Some(Absent),
            (ThingAct::Delete, _) | (ThingAct::Absent, Absent | Untold) => Some(Absent),
            (ThingAct::Shown(shown), Alive(values)) => {
                let fits =
                    |(member, may): &(usize, Vec<Number>)| values.get(member).is_none_or(|value| may.contains(value));
                shown.iter().all(fits).then(|| state.clone())
            }
            (ThingAct::Update(_) | ThingAct::Shown(_), Absent) | (ThingAct::Absent, Alive(_)) => None,
        }
    }

    fn reads(&self, act: &ThingAct) -> bool {
        matches!(act, ThingAct::Shown(_) | ThingAct::Absent)
    }
}

/// The names of a kind in one place: a name belongs to one thing at a time.
pub(super) struct Names;

/// A call that takes or frees a name. Things are numbers.
#[derive(Clone, Debug)]
pub(super) enum NamesAct {
    /// A thing gets a name, by its creation or an update, and loses another one.
    Take(Number, Number),
    /// A thing is deleted.
    Free(Number),
    /// A name is refused as taken; for an update, by another thing than this.
    Taken(Number, Option<Number>),
}

impl Model for Names {
    /// The things by name; none for a name that is free again. A name without an entry may belong to a thing that is older than
    /// the history.
    type State = BTreeMap<Number, Option<Number>>;
    type Act = NamesAct;

    fn start(&self) -> Self::State {
        BTreeMap::new()
    }

    fn step(&self, state: &Self::State, act: &NamesAct) -> Option<Self::State> {
        let without = |thing: Number| {
            let mut state = state.clone();
            state.values_mut().filter(|holder| **holder == Some(thing)).for_each(|holder| *holder = None);
            state
        };
        match *act {
            NamesAct::Take(name, thing) => {
                let is_free = state.get(&name).copied().flatten().is_none_or(|holder| holder == thing);
                is_free.then(|| {
                    let mut state = without(thing);
                    state.insert(name, Some(thing));
                    state
                })
            }
            NamesAct::Free(thing) => Some(without(thing)),
            NamesAct::Taken(name, own) => match state.get(&name) {
                Some(None) => None,
                Some(holder) if own.is_some() && *holder == own => None,
                _ => Some(state.clone()),
            },
        }
    }

    fn reads(&self, act: &NamesAct) -> bool {
        matches!(act, NamesAct::Taken(..))
    }
}

/// A client token: all creations with it make one thing.
pub(super) struct Token;

/// An observation of the creations with a token.
#[derive(Clone, Debug)]
pub(super) enum TokenAct {
    /// A creation; its thing, if an answer tells.
    Create(Option<Number>),
    /// A thing is seen that only such a creation can have made.
    Exists(Number),
}

/// The things that creations with a token have made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum TokenState {
    /// Nothing yet.
    Unused,
    /// A thing that nobody has seen.
    Made,
    /// This thing.
    MadeThis(Number),
}

impl Model for Token {
    type State = TokenState;
    type Act = TokenAct;

    fn start(&self) -> TokenState {
        TokenState::Unused
    }

    fn step(&self, state: &TokenState, act: &TokenAct) -> Option<TokenState> {
        match (state, act) {
            (TokenState::Unused, TokenAct::Create(None)) => Some(TokenState::Made),
            (_, TokenAct::Create(None)) => Some(state.clone()),
            (TokenState::MadeThis(known), TokenAct::Create(Some(thing)) | TokenAct::Exists(thing)) => {
                (known == thing).then(|| state.clone())
            }
            (_, TokenAct::Create(Some(thing)) | TokenAct::Exists(thing)) => Some(TokenState::MadeThis(*thing)),
        }
    }

    fn reads(&self, _: &TokenAct) -> bool {
        false
    }
}

/// One tag of one resource.
pub(super) struct Tag;

/// A call on a tag.
#[derive(Clone, Debug)]
pub(super) enum TagAct {
    /// Sets a value, or removes the tag.
    Set(Option<Number>),
    /// Shows the value, or no tag.
    Shown(Option<Number>),
}

impl Model for Tag {
    /// The value, once it is known.
    type State = Option<Option<Number>>;
    type Act = TagAct;

    fn start(&self) -> Self::State {
        None
    }

    fn step(&self, state: &Self::State, act: &TagAct) -> Option<Self::State> {
        match act {
            TagAct::Set(value) => Some(Some(*value)),
            TagAct::Shown(value) => state.is_none_or(|known| known == *value).then_some(Some(*value)),
        }
    }

    fn reads(&self, act: &TagAct) -> bool {
        matches!(act, TagAct::Shown(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last state of calls that come one after another; none if one of them cannot have its answer.
    fn after<M: Model>(model: &M, acts: &[M::Act]) -> Option<M::State> {
        acts.iter().try_fold(model.start(), |state, act| model.step(&state, act))
    }

    #[test]
    fn things_are_shown_as_they_were_set_until_they_are_deleted() {
        use ThingAct::{Absent, Create, Delete, Shown, Update};
        let new = Thing { is_new: true };
        let old = Thing { is_new: false };
        let create = || Create(vec![(0, 1), (1, 1)]);
        let shown = |values: &[Number]| Shown(vec![(0, values.to_vec())]);
        for (model, acts, holds) in [
            (&new, vec![Absent, create(), shown(&[1]), Update(vec![(0, 2)]), shown(&[2, 5])], true),
            (&new, vec![create(), Update(vec![(1, 2)]), shown(&[1]), Delete, Absent, Delete], true),
            (&old, vec![shown(&[9]), Update(vec![(0, 2)]), shown(&[2])], true),
            (&old, vec![Absent, Absent], true),
            (&new, vec![shown(&[1])], false),
            (&new, vec![create(), shown(&[])], false),
            (&new, vec![create(), Absent], false),
            (&new, vec![create(), Delete, shown(&[1])], false),
            (&new, vec![create(), Delete, Update(vec![])], false),
            (&old, vec![Update(vec![(0, 2)]), shown(&[1])], false),
            (&old, vec![Update(vec![(0, 2)]), ThingAct::Disturb, shown(&[1])], true),
        ] {
            assert_eq!(after(model, &acts).is_some(), holds, "{acts:?}");
        }
    }

    #[test]
    fn names_belong_to_one_thing() {
        use NamesAct::{Free, Take, Taken};
        for (acts, holds) in [
            (vec![Take(1, 10), Taken(1, None), Free(10), Take(1, 11)], true),
            (vec![Take(1, 10), Take(2, 10), Take(1, 11)], true),
            (vec![Take(1, 10), Take(1, 10)], true),
            (vec![Take(1, 10), Take(1, 11)], false),
            (vec![Taken(1, None), Take(1, 10)], true),
            (vec![Take(1, 10), Free(10), Taken(1, None)], false),
            (vec![Take(1, 10), Taken(1, Some(10))], false),
        ] {
            assert_eq!(after(&Names, &acts).is_some(), holds, "{acts:?}");
        }
    }

    #[test]
    fn a_token_makes_one_thing_and_a_tag_has_one_value() {
        use TokenAct::{Create, Exists};
        for (acts, holds) in [
            (vec![Create(None), Create(Some(1)), Exists(1)], true),
            (vec![Create(Some(1)), Create(None), Exists(2)], false),
            (vec![Exists(1), Create(Some(2))], false),
        ] {
            assert_eq!(after(&Token, &acts).is_some(), holds, "{acts:?}");
        }
        use TagAct::{Set, Shown};
        for (acts, holds) in [
            (vec![Shown(Some(1)), Set(Some(2)), Shown(Some(2)), Set(None), Shown(None)], true),
            (vec![Shown(None), Shown(Some(1))], false),
            (vec![Set(Some(1)), Shown(None)], false),
        ] {
            assert_eq!(after(&Tag, &acts).is_some(), holds, "{acts:?}");
        }
    }
}
