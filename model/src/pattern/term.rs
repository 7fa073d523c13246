//! Terms: regular languages as shared, normalised expressions, and their derivatives.
//!
//! A term is a set of *rests of the text*, and depends on the rest starting at the start of the text or later. This
//! allows `^`, `$`, intersection and complement together with concatenation and counted repetition.

use std::collections::HashMap;

/// Index of a term in its [`Terms`].
pub(super) type Id = u32;

/// The empty language.
pub(super) const VOID: Id = 0;
/// The empty string only.
pub(super) const EMPTY: Id = 1;
/// Any text.
pub(super) const ANY: Id = 2;

/// Maximum amount of work for one pattern, in members of the terms built.
const BUDGET: usize = 10_000_000;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Term {
    Void,
    Empty,
    /// One character of the set with that index.
    Set(usize),
    Start,
    End,
    Concat(Id, Id),
    Or(Box<[Id]>),
    And(Box<[Id]>),
    Not(Id),
    Repeat(Id, u32, Option<u32>),
}

/// A position in the text at which a term is evaluated.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// At the start of the text.
    pub(super) start: bool,
    /// At the end of the text.
    pub(super) end: bool,
}

/// A store of terms over one alphabet.
pub(super) struct Terms {
    terms: Vec<Term>,
    /// For each term, one bit for each of the four places, set if the term matches the empty string there.
    empty: Vec<u8>,
    known: HashMap<Term, Id>,
    derived: HashMap<(Id, u16, bool), Id>,
    /// The classes of the alphabet in each set.
    members: Vec<Vec<bool>>,
    spent: usize,
}

impl Terms {
    /// A store over an alphabet. `members` has the classes of each set; the first set is the whole alphabet.
    pub(super) fn new(members: Vec<Vec<bool>>) -> Terms {
        let mut terms = Terms {
            terms: Vec::new(),
            empty: Vec::new(),
            known: HashMap::new(),
            derived: HashMap::new(),
            members,
            spent: 0,
        };
        terms.intern(Term::Void);
        terms.intern(Term::Empty);
        let whole = Id::try_from(terms.terms.len() + 1).unwrap_or(Id::MAX);
        terms.intern(Term::Repeat(whole, 0, None));
        terms.intern(Term::Set(0));
        terms
    }

    /// Returns true if the work allowed for one pattern is used up. Terms built afterwards are meaningless.
    pub(super) fn exhausted(&self) -> bool {
        self.spent > BUDGET
    }

    /// Derivatives computed so far.
    pub(super) fn spent(&self) -> usize {
        self.spent
    }

    /// One character of a set.
    pub(super) fn set(&mut self, index: usize) -> Id {
        self.intern(Term::Set(index))
    }

    /// `^`
    pub(super) fn start(&mut self) -> Id {
        self.intern(Term::Start)
    }

    /// `$`
    pub(super) fn end(&mut self) -> Id {
        self.intern(Term::End)
    }

    /// `head`, then `tail`. The head has no `and` and `not`, which apply to the whole rest of the text.
    pub(super) fn concat(&mut self, head: Id, tail: Id) -> Id {
        if tail == ANY && self.matches_empty(head, Place { start: false, end: false }) {
            return ANY;
        }
        match (&self.terms[head as usize], tail) {
            (Term::Void, _) | (_, VOID) => VOID,
            (Term::Empty, _) => tail,
            (_, EMPTY) => head,
            (&Term::Concat(first, second), _) => {
                let tail = self.concat(second, tail);
                self.concat(first, tail)
            }
            (Term::Or(members), _) => {
                let members = members.to_vec();
                let members = members.into_iter().map(|member| self.concat(member, tail)).collect();
                self.or(members)
            }
            _ => self.intern(Term::Concat(head, tail)),
        }
    }

    /// Any of the members.
    pub(super) fn or(&mut self, members: Vec<Id>) -> Id {
        let mut flat = Vec::with_capacity(members.len());
        for member in members {
            match &self.terms[member as usize] {
                Term::Or(inner) => flat.extend_from_slice(inner),
                _ => flat.push(member),
            }
        }
        self.spent += flat.len();
        flat.retain(|member| *member != VOID);
        flat.sort_unstable();
        flat.dedup();
        match flat.as_slice() {
            [] => VOID,
            [one] => *one,
            _ if flat.contains(&ANY) => ANY,
            _ => self.intern(Term::Or(flat.into())),
        }
    }

    /// All of the members.
    pub(super) fn and(&mut self, members: Vec<Id>) -> Id {
        let mut flat = Vec::with_capacity(members.len());
        for member in members {
            match &self.terms[member as usize] {
                Term::And(inner) => flat.extend_from_slice(inner),
                _ => flat.push(member),
            }
        }
        self.spent += flat.len();
        flat.retain(|member| *member != ANY);
        flat.sort_unstable();
        flat.dedup();
        match flat.as_slice() {
            [] => ANY,
            [one] => *one,
            _ if flat.contains(&VOID) => VOID,
            _ => self.intern(Term::And(flat.into())),
        }
    }

    /// Every rest of the text except those of `term`.
    pub(super) fn not(&mut self, term: Id) -> Id {
        match self.terms[term as usize] {
            Term::Not(inner) => inner,
            _ if term == VOID => ANY,
            _ if term == ANY => VOID,
            _ => self.intern(Term::Not(term)),
        }
    }

    /// `min` to `max` repetitions of `term`.
    pub(super) fn repeat(&mut self, term: Id, min: u32, max: Option<u32>) -> Id {
        let min = if self.matches_empty(term, Place { start: false, end: false }) { 0 } else { min };
        match (&self.terms[term as usize], min, max) {
            (_, _, Some(0)) | (Term::Empty, _, _) | (Term::Void, 0, _) => EMPTY,
            (Term::Void, _, _) => VOID,
            (_, 1, Some(1)) | (Term::Repeat(_, 0, None), _, _) => term,
            _ => self.intern(Term::Repeat(term, min, max)),
        }
    }

    /// Returns true if the term matches the empty string at a place.
    pub(super) fn matches_empty(&self, term: Id, place: Place) -> bool {
        self.empty[term as usize] & bit(place) != 0
    }

    /// The derivative: the rests that follow a character of `class`. `start` is true if that character is the first.
    pub(super) fn derive(&mut self, term: Id, class: u16, start: bool) -> Id {
        if self.exhausted() {
            return VOID;
        }
        if let Some(known) = self.derived.get(&(term, class, start)) {
            return *known;
        }
        self.spent += 1;
        let here = Place { start, end: false };
        let derived = match self.terms[term as usize].clone() {
            Term::Void | Term::Empty | Term::Start | Term::End => VOID,
            Term::Set(index) if self.members[index][usize::from(class)] => EMPTY,
            Term::Set(_) => VOID,
            Term::Concat(head, tail) => {
                let within = self.derive(head, class, start);
                let within = self.concat(within, tail);
                if self.matches_empty(head, here) {
                    let after = self.derive(tail, class, start);
                    self.or(vec![within, after])
                } else {
                    within
                }
            }
            Term::Or(members) => {
                let members = members.iter().map(|member| self.derive(*member, class, start)).collect();
                self.or(members)
            }
            Term::And(members) => {
                let members = members.iter().map(|member| self.derive(*member, class, start)).collect();
                self.and(members)
            }
            Term::Not(inner) => {
                let inner = self.derive(inner, class, start);
                self.not(inner)
            }
            Term::Repeat(inner, min, max) => {
                // A repetition that can be empty here can be skipped here, but perhaps not later: `(?:^|a){3}`.
                let min = if self.matches_empty(inner, here) { 0 } else { min.saturating_sub(1) };
                let first = self.derive(inner, class, start);
                let others = self.repeat(inner, min, max.map(|max| max - 1));
                self.concat(first, others)
            }
        };
        self.derived.insert((term, class, start), derived);
        derived
    }

    fn intern(&mut self, term: Term) -> Id {
        if let Some(known) = self.known.get(&term) {
            return *known;
        }
        let of = |id: &Id| self.empty[*id as usize];
        let empty = match &term {
            Term::Void | Term::Set(_) => 0,
            Term::Empty => 0b1111,
            Term::Start => bit(Place { start: true, end: false }) | bit(Place { start: true, end: true }),
            Term::End => bit(Place { start: false, end: true }) | bit(Place { start: true, end: true }),
            Term::Concat(head, tail) => of(head) & of(tail),
            Term::Or(members) => members.iter().fold(0, |all, member| all | of(member)),
            Term::And(members) => members.iter().fold(0b1111, |all, member| all & of(member)),
            Term::Not(inner) => 0b1111 & !of(inner),
            Term::Repeat(_, 0, _) => 0b1111,
            Term::Repeat(inner, _, _) => of(inner),
        };
        self.spent += 1;
        let id = Id::try_from(self.terms.len()).unwrap_or(VOID);
        self.terms.push(term.clone());
        self.empty.push(empty);
        self.known.insert(term, id);
        id
    }
}

fn bit(place: Place) -> u8 {
    1 << (u8::from(place.start) + 2 * u8::from(place.end))
}
