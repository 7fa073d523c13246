//! Character classes as written, and their members.

use super::charset::CharSet;

/// A character class: the union of its items, or its complement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Class {
    /// True for the complement.
    pub(super) negated: bool,
    /// The items.
    pub(super) items: Vec<Item>,
}

/// An entry of a class; the flag of the named ones is `true` for the upper-case, negated form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Inclusive code points; may name surrogates, which match nothing here.
    Range(u32, u32),
    /// `\d` or `\D`
    Digit(bool),
    /// `\s` or `\S`
    Space(bool),
    /// `\w` or `\W`
    Word(bool),
    /// `\p{name}` or `\P{name}`
    Property(String, bool),
}

impl Class {
    /// A class of one item.
    pub(super) fn of(item: Item) -> Class {
        Class { negated: false, items: vec![item] }
    }

    /// The members.
    pub(super) fn set(&self) -> CharSet {
        let mut ranges = Vec::new();
        for item in &self.items {
            match item {
                Item::Range(low, high) => ranges.push((*low, *high)),
                Item::Digit(not) => extend(&mut ranges, CharSet::of(DIGIT), *not),
                Item::Space(not) => extend(&mut ranges, CharSet::space(), *not),
                Item::Word(not) => extend(&mut ranges, CharSet::of(WORD), *not),
                Item::Property(name, not) => extend(&mut ranges, CharSet::property(name).unwrap_or_default(), *not),
            }
        }
        let listed = CharSet::of(ranges);
        if self.negated { listed.complement() } else { listed }
    }
}

/// The characters matched by `\d`.
pub(super) const DIGIT: [(u32, u32); 1] = [(0x30, 0x39)];
/// The characters matched by `\w`.
pub(super) const WORD: [(u32, u32); 4] = [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)];
/// The characters not matched by `.`.
pub(super) const LINE_ENDS: [(u32, u32); 3] = [(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)];

fn extend(ranges: &mut Vec<(u32, u32)>, set: CharSet, negated: bool) {
    let set = if negated { set.complement() } else { set };
    ranges.extend_from_slice(set.ranges());
}
