//! Generates a text from an automaton: first its length, then its characters, each of which keeps the length feasible.

use super::LengthBounds;
use super::automaton::{Automaton, Edge, holds};
use super::menu::{KINDS, Kind, below};
use arbitrary::Unstructured;

/// Texts are usually at most this much longer than the shortest possible one.
const USUAL_SPREAD: u64 = 16;
/// Maximum length of random texts, unless the shortest possible one is longer.
const MAX_DRAWN: u64 = 4096;
/// Maximum length of requested texts.
const MAX_EXACT: u64 = 1 << 24;

/// The choice between several edges.
#[derive(Clone, Copy)]
enum Style {
    /// Every character is equally likely.
    Even,
    /// Every edge is equally likely.
    ByWay,
    /// Mostly the edge with the fewest characters, which spells out the literals of a pattern (`arn:…`).
    Narrow,
}

impl Automaton {
    /// The minimum and maximum length within the bounds; [`u64::MAX`] if the length is unbounded.
    pub(super) fn feasible(&self, bounds: LengthBounds) -> Option<(u64, u64)> {
        let least = self.lengths.least(bounds.min, bounds.max.unwrap_or(u64::MAX))?;
        let greatest = match bounds.max {
            None if self.lengths.endless() => Some(u64::MAX),
            max => self.lengths.greatest(least, max.unwrap_or(u64::MAX)),
        };
        Some((least, greatest.unwrap_or(least)))
    }

    /// A text within the bounds.
    pub(super) fn sample(&self, u: &mut Unstructured<'_>, bounds: LengthBounds) -> Option<String> {
        let (least, greatest) = self.feasible(bounds)?;
        let cap = greatest.min(MAX_DRAWN.max(least));
        let drawn: u8 = u.arbitrary().unwrap_or(0);
        let spread = match drawn {
            0..=207 => u64::from(drawn) % (USUAL_SPREAD + 1),
            208..=239 => u64::from(u.arbitrary::<u8>().unwrap_or(0)),
            240..=251 => u64::from(below(u, u32::try_from(cap - least + 1).unwrap_or(u32::MAX))),
            252..=255 => cap,
        };
        let wanted = least.saturating_add(spread).min(cap);
        let length = self.lengths.least(wanted, cap).or_else(|| self.lengths.greatest(least, wanted))?;
        self.sample_exact(u, length)
    }

    /// A text of exactly that many characters.
    pub(super) fn sample_exact(&self, u: &mut Unstructured<'_>, length: u64) -> Option<String> {
        if length > MAX_EXACT || !self.lengths.feasible(length) {
            return None;
        }
        let style = match u.arbitrary::<u8>().unwrap_or(0) % 4 {
            0 | 1 => Style::Even,
            2 => Style::ByWay,
            _ => Style::Narrow,
        };
        let mut text = String::with_capacity(usize::try_from(length).unwrap_or(0));
        let mut state = 0;
        for left in (0..length).rev() {
            let row = self.lengths.row(left);
            let edges = self.edges.get(state as usize)?;
            let (c, target) = match self.one_of(edges, row, style, u) {
                Some(edge) => self.step(std::slice::from_ref(edge), row, u),
                None => self.step(edges, row, u),
            }?;
            text.push(c);
            state = target;
        }
        Some(text)
    }

    /// A character on one of the edges into `row`, and the target state.
    fn step(&self, edges: &[Edge], row: &[u64], u: &mut Unstructured<'_>) -> Option<(char, u32)> {
        let drawn: u8 = u.arbitrary().unwrap_or(0);
        let favoured = match drawn {
            0..=207 => Kind::Plain,
            208..=231 => Kind::Mark,
            232..=247 => Kind::Wide,
            248..=255 => Kind::Odd,
        };
        let open = || edges.iter().filter(|edge| holds(row, edge.target));
        let count = |kind| open().map(|edge| self.menus[edge.menu as usize].count(kind)).sum::<u32>();
        let kinds = std::iter::once(favoured).chain(KINDS);
        let (kind, total) = kinds.map(|kind| (kind, count(kind))).find(|(_, total)| *total > 0)?;
        let mut index = match kind {
            Kind::Plain => u32::from(drawn) % total,
            _ => below(u, total),
        };
        for edge in open() {
            let menu = &self.menus[edge.menu as usize];
            match index.checked_sub(menu.count(kind)) {
                Some(rest) => index = rest,
                None => return Some((menu.pick(kind, index, u), edge.target)),
            }
        }
        None
    }

    /// The preferred edge among those into `row`, if the style has a preference.
    fn one_of<'e>(&self, edges: &'e [Edge], row: &[u64], style: Style, u: &mut Unstructured<'_>) -> Option<&'e Edge> {
        let open = || edges.iter().filter(|edge| holds(row, edge.target));
        if edges.len() < 2 || matches!(style, Style::Even) {
            return None;
        }
        if matches!(style, Style::Narrow) && u.arbitrary::<u8>().unwrap_or(0) & 3 != 0 {
            return open().min_by_key(|edge| self.menus[edge.menu as usize].size());
        }
        let count = u32::try_from(open().count()).ok()?;
        open().nth(below(u, count) as usize)
    }
}
