//! The deterministic automaton of a language, trimmed to the states from which a match can be reached.

use super::charset::Partition;
use super::language::Language;
use super::menu::{Menu, Parts};
use super::term::{Id, Place, Terms};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

/// Maximum number of states of a pattern that supports generation.
const MAX_STATES: usize = 10_000;
/// Work for all patterns of a process; those of the largest published models need a tenth of it.
const MAX_WORK: u64 = 60_000_000;
/// Maximum number of entries in the transition table.
const MAX_TRANSITIONS: usize = 4_000_000;

/// Work that is left for all patterns of the process: transitions, and derivatives of terms.
static LEFT: AtomicU64 = AtomicU64::new(u64::MAX);

/// Limits the work on all patterns of the process. A program that reads a model of others calls this first: a small one can
/// have many costly patterns. What remains when the work is used up counts as patterns that cannot be read.
pub fn limit_work() {
    LEFT.store(MAX_WORK, Ordering::Relaxed);
}
/// Maximum number of 64-bit words in the table of lengths.
const MAX_ROWS: usize = 4_000_000;

/// Maximum number of pairs of states when two languages are compared.
const MAX_PAIRS: usize = 200_000;

/// The error for two languages that are too large to be compared.
#[derive(Debug)]
pub(super) struct TooMuch;

/// No state: a match cannot be reached.
const DEAD: u32 = u32::MAX;

/// An automaton. The first state is the start of the text.
pub(super) struct Automaton {
    /// For each state, its outgoing edges.
    pub(super) edges: Vec<Vec<Edge>>,
    /// The distinct sets of characters on the edges.
    pub(super) menus: Vec<Menu>,
    /// For each length, the states from which exactly that many characters can lead to a match.
    pub(super) lengths: Lengths,
    alphabet: Partition,
    table: Table,
}

/// An edge from one state to another.
pub(super) struct Edge {
    /// The target state.
    pub(super) target: u32,
    /// Index of its set of characters.
    pub(super) menu: u32,
}

/// Rows of bits, one bit for each state. The rows repeat from `cycle` on.
pub(super) struct Lengths {
    rows: Vec<Vec<u64>>,
    cycle: usize,
}

impl Automaton {
    /// Determinises a language. The error is the reason for failure.
    pub(super) fn of(language: Language) -> Result<Automaton, String> {
        let Language { partition: alphabet, terms, root } = language;
        let table = Table::of(terms, root, alphabet.classes.len())?;
        let kept = table.live();
        let parts: Vec<Parts> = alphabet.classes.iter().map(Parts::of).collect();
        let mut menus = Vec::new();
        let mut known: HashMap<Vec<usize>, u32> = HashMap::new();
        let mut edges = Vec::new();
        for (state, row) in table.next.chunks(table.width).enumerate() {
            if kept[state] == DEAD {
                continue;
            }
            let mut by_target: Vec<(u32, Vec<usize>)> = Vec::new();
            for (class, target) in row.iter().enumerate() {
                let target = kept[*target as usize];
                match by_target.iter_mut().find(|(known, _)| *known == target) {
                    _ if target == DEAD => {}
                    Some((_, classes)) => classes.push(class),
                    None => by_target.push((target, vec![class])),
                }
            }
            let of_state = by_target.into_iter().map(|(target, classes)| {
                let menu = *known.entry(classes).or_insert_with_key(|classes| {
                    menus.push(Menu::of(classes.iter().map(|class| &parts[*class])));
                    (menus.len() - 1) as u32
                });
                Edge { target, menu }
            });
            edges.push(of_state.collect());
        }
        let accepts = table.accepts.iter().zip(&kept).filter(|(_, kept)| **kept != DEAD).map(|(accepts, _)| *accepts);
        let lengths = Lengths::of(&edges, &accepts.collect::<Vec<_>>())?;
        Ok(Automaton { edges, menus, lengths, alphabet, table })
    }

    /// A shortest text that is in the other language and not in this one, if there is one. An error if the search takes
    /// too many steps.
    pub(super) fn lacks(&self, other: &Automaton) -> Result<Option<String>, TooMuch> {
        let mut samples: HashMap<(usize, usize), char> = HashMap::new();
        for c in self.alphabet.samples(&other.alphabet) {
            let known = samples.entry((self.alphabet.class(c), other.alphabet.class(c))).or_insert(c);
            if !known.is_ascii_alphanumeric() && c.is_ascii_alphanumeric() {
                *known = c;
            }
        }
        let mut ways: Vec<((usize, usize), char)> = samples.into_iter().collect();
        ways.sort_unstable_by_key(|(_, c)| (!c.is_ascii_alphanumeric(), *c));
        // Pairs of states, each with its predecessor and the character between them.
        let mut seen: Vec<((u32, u32), usize, char)> = vec![((0, 0), 0, ' ')];
        let mut known = HashSet::from([(0, 0)]);
        let mut at = 0;
        while let Some(&((own, others), ..)) = seen.get(at) {
            if other.table.accepts[others as usize] && !self.table.accepts[own as usize] {
                let mut text = Vec::new();
                while at > 0 {
                    let (_, before, c) = seen[at];
                    text.push(c);
                    at = before;
                }
                return Ok(Some(text.into_iter().rev().collect()));
            }
            for ((own_class, other_class), c) in &ways {
                let next = (
                    self.table.next[own as usize * self.table.width + own_class],
                    other.table.next[others as usize * other.table.width + other_class],
                );
                if known.insert(next) {
                    if seen.len() == MAX_PAIRS {
                        return Err(TooMuch);
                    }
                    seen.push((next, at, *c));
                }
            }
            at += 1;
        }
        Ok(None)
    }

    /// Returns true if the text is in the language.
    pub(super) fn accepts(&self, text: &str) -> bool {
        let step = |state, c| self.table.next[state as usize * self.table.width + self.alphabet.class(c)];
        self.table.accepts[text.chars().fold(0, step) as usize]
    }
}

fn spend(work: usize) {
    // The order of concurrent patterns does not matter.
    let _ = LEFT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(work as u64)));
}

/// Transitions of all states reached, `width` classes each.
struct Table {
    width: usize,
    next: Vec<u32>,
    accepts: Vec<bool>,
}

impl Table {
    fn of(mut terms: Terms, root: Id, width: usize) -> Result<Table, String> {
        if LEFT.load(Ordering::Relaxed) == 0 {
            return Err("the patterns before it used up the work for one model".to_owned());
        }
        let mut states = vec![(root, true)];
        let mut known = HashMap::from([((root, true), 0u32)]);
        let mut next = Vec::new();
        let mut at = 0;
        while let Some(&(term, start)) = states.get(at) {
            at += 1;
            for class in 0..width {
                let derived = (terms.derive(term, class as u16, start), false);
                let fresh = states.len() as u32;
                let target = *known.entry(derived).or_insert(fresh);
                if target == fresh {
                    states.push(derived);
                }
                next.push(target);
            }
            if states.len() > MAX_STATES || next.len() > MAX_TRANSITIONS || terms.exhausted() {
                spend(next.len() + terms.spent());
                return Err(format!("more than {MAX_STATES} states, or as much work"));
            }
        }
        spend(next.len() + terms.spent());
        let accepts = states.iter().map(|(term, start)| terms.matches_empty(*term, Place { start: *start, end: true }));
        Ok(Table { width, next, accepts: accepts.collect() })
    }

    /// For each state its number among those from which a match can be reached, or [`DEAD`]. The first state is always
    /// kept.
    fn live(&self) -> Vec<u32> {
        let mut before: Vec<Vec<u32>> = vec![Vec::new(); self.accepts.len()];
        for (state, row) in self.next.chunks(self.width).enumerate() {
            for target in row {
                let sources = &mut before[*target as usize];
                if sources.last() != Some(&(state as u32)) {
                    sources.push(state as u32);
                }
            }
        }
        let mut alive = self.accepts.clone();
        let mut queue: Vec<u32> = (0..alive.len() as u32).filter(|state| alive[*state as usize]).collect();
        while let Some(state) = queue.pop() {
            for source in &before[state as usize] {
                if !std::mem::replace(&mut alive[*source as usize], true) {
                    queue.push(*source);
                }
            }
        }
        let mut count = 0;
        let number = |(index, alive): (usize, bool)| {
            if index > 0 && !alive {
                return DEAD;
            }
            count += 1;
            count - 1
        };
        alive.into_iter().enumerate().map(number).collect()
    }
}

impl Lengths {
    fn of(edges: &[Vec<Edge>], accepts: &[bool]) -> Result<Lengths, String> {
        let words = accepts.len().div_ceil(64);
        let mut row = vec![0u64; words];
        for (state, _) in accepts.iter().enumerate().filter(|(_, accepts)| **accepts) {
            row[state / 64] |= 1 << (state % 64);
        }
        let mut known: HashMap<Vec<u64>, usize> = HashMap::new();
        let mut rows: Vec<Vec<u64>> = Vec::new();
        loop {
            if let Some(cycle) = known.get(&row) {
                return Ok(Lengths { cycle: *cycle, rows });
            }
            if (rows.len() + 1) * words > MAX_ROWS {
                return Err("lengths too irregular to tabulate".to_owned());
            }
            let mut longer = vec![0u64; words];
            for (state, edges) in edges.iter().enumerate() {
                if edges.iter().any(|edge| holds(&row, edge.target)) {
                    longer[state / 64] |= 1 << (state % 64);
                }
            }
            known.insert(row.clone(), rows.len());
            rows.push(row);
            row = longer;
        }
    }

    /// The states from which exactly `length` more characters can lead to a match.
    pub(super) fn row(&self, length: u64) -> &[u64] {
        let index = match usize::try_from(length) {
            Ok(index) if index < self.rows.len() => index,
            _ => self.cycle + ((length - self.cycle as u64) % (self.rows.len() - self.cycle) as u64) as usize,
        };
        &self.rows[index]
    }

    /// Returns true if a text of exactly that many characters matches.
    pub(super) fn feasible(&self, length: u64) -> bool {
        holds(self.row(length), 0)
    }

    /// The least feasible length in `from..=to`.
    pub(super) fn least(&self, from: u64, to: u64) -> Option<u64> {
        let last = from.saturating_add(self.rows.len() as u64).min(to);
        (from..=last).find(|length| self.feasible(*length))
    }

    /// The greatest feasible length in `from..=to`.
    pub(super) fn greatest(&self, from: u64, to: u64) -> Option<u64> {
        let rows = self.rows.len() as u64;
        let all = (from..=to).rev();
        let round = all.clone().take(self.rows.len()).find(|length| self.feasible(*length));
        round.or_else(|| (from..=to.min(rows)).rev().find(|length| self.feasible(*length)))
    }

    /// Returns true if feasible lengths are unbounded.
    pub(super) fn endless(&self) -> bool {
        self.rows[self.cycle..].iter().any(|row| holds(row, 0))
    }
}

/// Returns true if a row contains a state.
pub(super) fn holds(row: &[u64], state: u32) -> bool {
    row.get(state as usize / 64).is_some_and(|word| word >> (state % 64) & 1 == 1)
}
