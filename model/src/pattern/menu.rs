//! Chooses among the characters of an edge: readable ones first.

use super::charset::{CharSet, odd, unassigned};
use arbitrary::Unstructured;

/// Kinds of characters, most readable first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// ASCII letters and digits.
    Plain,
    /// Other printable ASCII characters, including the space.
    Mark,
    /// Graphic characters and spaces beyond ASCII.
    Wide,
    /// Control, format and private characters, line and paragraph separators.
    Odd,
    /// Unassigned code points, as of the Unicode version of our tables. Other versions may assign them.
    Unassigned,
}

/// The kinds in order.
pub(super) const KINDS: [Kind; 5] = [Kind::Plain, Kind::Mark, Kind::Wide, Kind::Odd, Kind::Unassigned];

/// The members of one class of the alphabet, by kind.
pub(super) struct Parts([CharSet; 5]);

impl Parts {
    /// Sorts the members of a class by kind.
    pub(super) fn of(class: &CharSet) -> Parts {
        let plain = CharSet::of([(0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)]);
        let mark = CharSet::of([(0x20, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)]);
        let wide = class.and(&CharSet::of([(0x80, 0x10_FFFF)])).and(&odd().complement());
        let assigned = unassigned().complement();
        Parts([class.and(&plain), class.and(&mark), wide, class.and(odd()).and(&assigned), class.and(unassigned())])
    }
}

/// The characters of an edge, by kind.
pub(super) struct Menu {
    kinds: [Choices; 5],
}

#[derive(Default)]
struct Choices {
    /// All of them, for the two kinds of ASCII.
    listed: Vec<char>,
    /// Their ranges, for the other kinds.
    ranges: Vec<(u32, u32)>,
    count: u32,
}

impl Menu {
    /// The union of some classes.
    pub(super) fn of<'p>(classes: impl Iterator<Item = &'p Parts>) -> Menu {
        let mut kinds: [Vec<(u32, u32)>; 5] = Default::default();
        for class in classes {
            for (all, part) in kinds.iter_mut().zip(&class.0) {
                all.extend_from_slice(part.ranges());
            }
        }
        let [plain, mark, wide, odd, unassigned] = kinds.map(CharSet::of);
        Menu { kinds: [Choices::list(&plain), Choices::list(&mark), wide.into(), odd.into(), unassigned.into()] }
    }

    /// The number of characters of a kind.
    pub(super) fn count(&self, kind: Kind) -> u32 {
        self.kinds[kind as usize].count
    }

    /// The number of characters.
    pub(super) fn size(&self) -> u32 {
        self.kinds.iter().map(|kind| kind.count).sum()
    }

    /// The character of a kind at `index`, which is below [`Menu::count`]. For a large kind, a random character from
    /// `u`.
    pub(super) fn pick(&self, kind: Kind, index: u32, u: &mut Unstructured<'_>) -> char {
        let choices = &self.kinds[kind as usize];
        match choices.listed.get(index as usize) {
            Some(listed) => *listed,
            None => choices.draw(u),
        }
    }
}

impl From<CharSet> for Choices {
    fn from(set: CharSet) -> Choices {
        let ranges = set.ranges().to_vec();
        let count = ranges.iter().map(|(low, high)| high - low + 1).sum();
        Choices { listed: Vec::new(), ranges, count }
    }
}

impl Choices {
    /// Lower case, then digits, then upper case. Exhausted input selects the first.
    fn list(set: &CharSet) -> Choices {
        let codes = set.ranges().iter().flat_map(|(low, high)| *low..=*high);
        let mut listed: Vec<char> = codes.filter_map(char::from_u32).collect();
        listed.sort_by_key(|c| (c.is_ascii_uppercase(), c.is_ascii_digit(), *c));
        Choices { count: listed.len() as u32, ranges: Vec::new(), listed }
    }

    /// A random member of a range, or its first or last: implementations differ at the edges of sets.
    fn draw(&self, u: &mut Unstructured<'_>) -> char {
        let range = below(u, self.ranges.len() as u32);
        let (low, high) = self.ranges.get(range as usize).copied().unwrap_or((0x61, 0x61));
        let code = match u.arbitrary::<u8>().unwrap_or(0) % 4 {
            0 => low,
            1 => high,
            2 => low + below(u, high - low + 1),
            _ => {
                // Uniform over the whole kind, so that large ranges are drawn more often.
                let mut left = below(u, self.count);
                let within = |range: &&(u32, u32)| {
                    let size = range.1 - range.0 + 1;
                    let found = left < size;
                    left -= if found { 0 } else { size };
                    found
                };
                let range = self.ranges.iter().find(within).copied();
                range.map_or(low, |(low, _)| low + left)
            }
        };
        char::from_u32(code).unwrap_or('a')
    }
}

/// A number below `limit` (0 if `limit` is 0) from `u`; 0 if `u` is exhausted.
pub(super) fn below(u: &mut Unstructured<'_>, limit: u32) -> u32 {
    u.int_in_range(0..=limit.saturating_sub(1)).unwrap_or(0)
}
