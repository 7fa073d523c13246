//! Sets of Unicode scalar values, and the partition of the alphabet induced by the sets of a pattern.

use std::collections::HashMap;
use std::sync::OnceLock;

/// One past the last code point.
const END: u32 = 0x11_0000;
/// The surrogates, which are not scalar values: first and last.
const SURROGATES: (u32, u32) = (0xD800, 0xDFFF);

/// A set of Unicode scalar values: sorted, disjoint, inclusive ranges without surrogates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CharSet(Vec<(u32, u32)>);

impl CharSet {
    /// The union of inclusive ranges in any order, without surrogates and values past the last code point.
    pub(super) fn of(ranges: impl IntoIterator<Item = (u32, u32)>) -> CharSet {
        let mut kept = Vec::new();
        for (low, high) in ranges {
            let high = high.min(END - 1);
            kept.extend([(low, high.min(SURROGATES.0 - 1)), (low.max(SURROGATES.1 + 1), high)]);
        }
        kept.retain(|(low, high)| low <= high);
        kept.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(kept.len());
        for (low, high) in kept {
            match merged.last_mut() {
                Some(last) if low <= last.1 + 1 => last.1 = last.1.max(high),
                _ => merged.push((low, high)),
            }
        }
        CharSet(merged)
    }

    /// Every scalar value.
    pub(super) fn all() -> CharSet {
        CharSet::of([(0, END - 1)])
    }

    /// The characters matched by `\s` in ECMA-262: its `WhiteSpace` and `LineTerminator` productions.
    pub(super) fn space() -> CharSet {
        CharSet::of(SPACE)
    }

    /// The members of a Unicode property such as `L`, `Letter` or `Script=Greek`; `None` when there is no such
    /// property.
    pub(super) fn property(name: &str) -> Option<CharSet> {
        let safe = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '=';
        if name.is_empty() || !name.chars().all(safe) {
            return None;
        }
        let parsed = regex_syntax::parse(&format!(r"\p{{{name}}}")).ok()?;
        match parsed.kind() {
            regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => {
                Some(CharSet::of(class.iter().map(|range| (u32::from(range.start()), u32::from(range.end())))))
            }
            regex_syntax::hir::HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).ok()?;
                Some(CharSet::of(text.chars().map(|c| (u32::from(c), u32::from(c)))))
            }
            _ => None,
        }
    }

    /// The scalar values that are not in this set.
    pub(super) fn complement(&self) -> CharSet {
        let mut gaps = Vec::with_capacity(self.0.len() + 1);
        let mut next = 0;
        for &(low, high) in &self.0 {
            if low > next {
                gaps.push((next, low - 1));
            }
            next = high + 1;
        }
        gaps.push((next, END));
        CharSet::of(gaps.into_iter().filter(|(low, _)| *low < END))
    }

    /// The scalar values that are in both sets.
    pub(super) fn and(&self, other: &CharSet) -> CharSet {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut common = Vec::new();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let (low, high) = (a.0.max(b.0), a.1.min(b.1));
            if low <= high {
                common.push((low, high));
            }
            if a.1 < b.1 {
                left.next()
            } else {
                right.next()
            };
        }
        CharSet(common)
    }

    /// The inclusive ranges, ascending.
    pub(super) fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }
}

/// The characters matched by `\s`, as inclusive ranges.
pub(super) const SPACE: [(u32, u32); 10] = [
    (0x09, 0x0D),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
];

/// Characters that are unreadable in a report: control, format, private and unassigned ones, line and paragraph
/// separators.
pub(super) fn odd() -> &'static CharSet {
    static ODD: OnceLock<CharSet> = OnceLock::new();
    ODD.get_or_init(|| {
        let other = CharSet::property("C").unwrap_or_else(|| CharSet::of([(0, 0x1F), (0x7F, 0x9F)]));
        CharSet::of(other.ranges().iter().copied().chain([(0x2028, 0x2029)]))
    })
}

/// Unassigned code points, as of the Unicode version of the tables.
pub(super) fn unassigned() -> &'static CharSet {
    static UNASSIGNED: OnceLock<CharSet> = OnceLock::new();
    UNASSIGNED.get_or_init(|| CharSet::property("Cn").unwrap_or_default())
}

/// The coarsest partition of the alphabet in which every set of a pattern is a union of classes.
#[derive(Debug)]
pub(super) struct Partition {
    /// Members of each class, by class.
    pub(super) classes: Vec<CharSet>,
    /// The classes of each set, in the order of the sets.
    pub(super) members: Vec<Vec<bool>>,
    /// The start of each elementary interval, with its class; ascending.
    starts: Vec<(u32, u16)>,
}

impl Partition {
    /// Partitions the alphabet by `sets`; `None` if there are too many classes.
    pub(super) fn of(sets: &[CharSet]) -> Option<Partition> {
        let mut bounds = vec![0, SURROGATES.0, SURROGATES.1 + 1, END];
        for (low, high) in sets.iter().flat_map(CharSet::ranges) {
            bounds.extend([*low, high + 1]);
        }
        bounds.sort_unstable();
        bounds.dedup();
        let mut signatures = vec![vec![0u64; sets.len().div_ceil(64)]; bounds.len()];
        for (index, set) in sets.iter().enumerate() {
            for (low, high) in set.ranges() {
                let from = bounds.partition_point(|bound| bound < low);
                let until = bounds.partition_point(|bound| bound <= high);
                for signature in &mut signatures[from..until] {
                    signature[index / 64] |= 1 << (index % 64);
                }
            }
        }
        let mut known: HashMap<&[u64], u16> = HashMap::new();
        let mut ranges: Vec<Vec<(u32, u32)>> = Vec::new();
        let mut starts = Vec::with_capacity(bounds.len());
        for (pair, signature) in bounds.windows(2).zip(&signatures) {
            if pair[0] == SURROGATES.0 {
                continue;
            }
            let class = match known.get(signature.as_slice()) {
                Some(class) => *class,
                None => {
                    let class = u16::try_from(ranges.len()).ok().filter(|class| *class < MAX_CLASSES)?;
                    known.insert(signature, class);
                    ranges.push(Vec::new());
                    class
                }
            };
            ranges[usize::from(class)].push((pair[0], pair[1] - 1));
            starts.push((pair[0], class));
        }
        let mut members = vec![vec![false; ranges.len()]; sets.len()];
        for (signature, class) in known {
            for (index, held) in members.iter_mut().enumerate() {
                held[usize::from(class)] = signature[index / 64] >> (index % 64) & 1 == 1;
            }
        }
        Some(Partition { classes: ranges.into_iter().map(CharSet::of).collect(), members, starts })
    }

    /// A character of every elementary interval of both alphabets together, a letter or digit if possible.
    pub(super) fn samples(&self, other: &Partition) -> Vec<char> {
        let mut starts: Vec<u32> = self.starts.iter().chain(&other.starts).map(|(start, _)| *start).collect();
        starts.extend([SURROGATES.1 + 1, END]);
        starts.sort_unstable();
        starts.dedup();
        let plain = |c: &u32| u8::try_from(*c).is_ok_and(|c| c.is_ascii_alphanumeric());
        let sample = |pair: &[u32]| {
            let shown = (pair[0]..pair[1].min(0x80)).find(plain);
            char::from_u32(shown.unwrap_or(pair[0]))
        };
        starts.windows(2).filter_map(sample).collect()
    }

    /// The class of a character.
    pub(super) fn class(&self, c: char) -> usize {
        let after = self.starts.partition_point(|(start, _)| *start <= u32::from(c));
        usize::from(self.starts[after - 1].1)
    }
}

/// Maximum number of classes of a pattern that supports generation.
const MAX_CLASSES: u16 = 1000;
