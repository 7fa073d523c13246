//! Searches for an order of concurrent calls that a reference model allows: the algorithm of Wing and Gong with the
//! memory of Lowe. Each call takes effect at one moment between its start and its end. Knows no requests.
//!
//! The crate `todc-utils` has the same algorithm. It needs an answer to every call, one model for all objects, and no lag
//! of reads, so it does not fit.

use std::cell::Cell;
use std::collections::HashSet;
use std::hash::Hash;

/// Partial orders after which a search is given up.
const MOST: usize = 300_000;

/// Choices that a search may keep for later, which bounds its memory.
const MOST_KEPT: usize = 4_000_000;

/// Partial orders that all searches in a history may try.
const MOST_IN_ALL: usize = 3_000_000;

/// Calls that all searches in a history may look at: after each partial order, those that may come next.
const MOST_LOOKS: usize = 100_000_000;

/// The effort that is left for the searches in a history.
pub(super) struct Effort {
    orders: Cell<usize>,
    looks: Cell<usize>,
}

impl Default for Effort {
    fn default() -> Self {
        Self { orders: Cell::new(MOST_IN_ALL), looks: Cell::new(MOST_LOOKS) }
    }
}

impl Effort {
    /// Takes one partial order; false if none is left.
    fn takes(&self) -> bool {
        let left = self.orders.get();
        self.orders.set(left.saturating_sub(1));
        left > 0 && self.looks.get() > 0
    }

    /// Takes the look at some calls.
    fn looks_at(&self, calls: usize) {
        self.looks.set(self.looks.get().saturating_sub(calls));
    }
}

/// The behaviour of one object when its calls come one after another.
pub(super) trait Model {
    /// The state of the object.
    type State: Clone + Eq + Hash;
    /// A call with its answer.
    type Act;

    /// The state before the first call.
    fn start(&self) -> Self::State;

    /// The state after a call; none if the call cannot have its answer in this state.
    fn step(&self, state: &Self::State, act: &Self::Act) -> Option<Self::State>;

    /// True if a call changes nothing on a correct endpoint.
    fn reads(&self, act: &Self::Act) -> bool;
}

/// A call with its times.
#[derive(Clone, Debug)]
pub(super) struct Timed<A> {
    /// Time at which it was sent.
    pub(super) start: u64,
    /// Time at which its answer came. None without an answer: it may take effect at any later time, also more than once, since
    /// what lies between may send it again.
    pub(super) end: Option<u64>,
    /// Call and answer.
    pub(super) act: A,
    /// Position in the history.
    pub(super) at: usize,
}

/// The age that reads may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lag {
    /// A read shows every write that ended so long before its start.
    pub(super) most: u64,
    /// True if no read shows an older state than an earlier read.
    pub(super) ordered: bool,
}

impl Lag {
    /// Every read shows the present.
    pub(super) const NONE: Self = Self { most: 0, ordered: true };
}

/// The result of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There is an order.
    Order,
    /// There is no order.
    None,
    /// The search takes too long.
    GivenUp,
}

/// A state on the way, with the calls that may come next.
struct Frame<S> {
    state: S,
    /// Number of calls from the first one on that have all come.
    first: usize,
    /// Position behind the last call that has come.
    last: usize,
    choices: Vec<usize>,
    /// Number of choices that were tried.
    tried: usize,
}

/// The calls of a search. Those with an answer are required, and are in the order of their starts.
struct Problem<'a, M: Model> {
    model: &'a M,
    required: Vec<(&'a Timed<M::Act>, bool)>,
    /// Writes without an answer.
    optional: Vec<&'a Timed<M::Act>>,
    lag: Lag,
}

/// Searches for an order of the calls.
pub(super) fn search<M: Model>(model: &M, calls: &[Timed<M::Act>], lag: Lag, effort: &Effort) -> Found {
    let mut required: Vec<(&Timed<M::Act>, bool)> =
        calls.iter().filter(|call| call.end.is_some()).map(|call| (call, model.reads(&call.act))).collect();
    required.sort_by_key(|(call, _)| call.start);
    let optional = calls.iter().filter(|call| call.end.is_none() && !model.reads(&call.act)).collect();
    Problem { model, required, optional, lag }.solve(effort)
}

impl<M: Model> Problem<'_, M> {
    fn solve(&self, effort: &Effort) -> Found {
        let all = self.required.len();
        let mut left = all;
        if left == 0 {
            return Found::Order;
        }
        let mut done = vec![false; all];
        let mut seen = HashSet::new();
        let mut frames = vec![self.frame(self.model.start(), &done, 0, 0, effort)];
        let mut kept = frames[0].choices.len();
        while let Some(top) = frames.last_mut() {
            let Some(at) = top.choices.get(top.tried).copied() else {
                kept -= top.choices.len();
                frames.pop();
                if let Some(last) = frames.last().map(|outer| outer.choices[outer.tried - 1]).filter(|at| *at < all) {
                    done[last] = false;
                    left += 1;
                }
                continue;
            };
            top.tried += 1;
            let call = if at < all { self.required[at].0 } else { self.optional[at - all] };
            let Some(state) = self.model.step(&top.state, &call.act) else { continue };
            if at < all {
                done[at] = true;
                left -= 1;
            }
            if left == 0 {
                return Found::Order;
            }
            if seen.len() >= MOST || kept > MOST_KEPT || !effort.takes() {
                return Found::GivenUp;
            }
            let mut first = top.first;
            while done[first] {
                first += 1;
            }
            let last = if at < all { top.last.max(at + 1) } else { top.last };
            if seen.insert((first, packed(&done[first..last.max(first)]), state.clone())) {
                let next = self.frame(state, &done, first, last, effort);
                kept += next.choices.len();
                frames.push(next);
            } else if at < all {
                done[at] = false;
                left += 1;
            }
        }
        Found::None
    }

    /// The calls that may come next: those that ended first before the others, and those without an answer last. A read that
    /// fits is the only choice: to take it now forbids nothing later.
    fn frame(&self, state: M::State, done: &[bool], first: usize, last: usize, effort: &Effort) -> Frame<M::State> {
        let (mut write_end, mut read_end) = (u64::MAX, u64::MAX);
        let mut near = Vec::new();
        for (at, (call, reads)) in self.required.iter().enumerate().skip(first) {
            let for_reads = write_end.saturating_add(self.lag.most);
            let bound = if self.lag.ordered { for_reads.min(read_end) } else { for_reads };
            if call.start > bound {
                break;
            }
            if !done[at] {
                near.push(at);
                let end = if *reads { &mut read_end } else { &mut write_end };
                *end = (*end).min(call.end.unwrap_or(u64::MAX));
            }
        }
        effort.looks_at(near.len());
        let may = |start: u64, reads: bool| {
            if reads {
                start <= write_end.saturating_add(self.lag.most) && (!self.lag.ordered || start <= read_end)
            } else {
                start <= write_end && start <= read_end
            }
        };
        near.retain(|at| may(self.required[*at].0.start, self.required[*at].1));
        let fits = |at: &usize| {
            let (call, reads) = self.required[*at];
            reads && self.model.step(&state, &call.act).as_ref() == Some(&state)
        };
        if let Some(read) = near.iter().copied().find(fits) {
            return Frame { state, first, last, choices: vec![read], tried: 0 };
        }
        near.sort_by_key(|at| self.required[*at].0.end);
        let optional = self.optional.iter().enumerate().filter(|(_, call)| may(call.start, false));
        near.extend(optional.map(|(at, _)| self.required.len() + at));
        Frame { state, first, last, choices: near, tried: 0 }
    }
}

/// The calls of a range that have come, as bits, up to the last one.
fn packed(done: &[bool]) -> Box<[u64]> {
    let until = done.iter().rposition(|done| *done).map_or(0, |last| last + 1);
    done[..until]
        .chunks(64)
        .map(|chunk| chunk.iter().rev().fold(0, |bits, done| bits << 1 | u64::from(*done)))
        .collect()
}

/// The smallest lag of reads, up to `most`, with which there is an order. None if there is none.
pub(super) fn smallest_lag<M: Model>(
    model: &M,
    calls: &[Timed<M::Act>],
    most: u64,
    ordered: bool,
    effort: &Effort,
) -> Option<u64> {
    let holds = |lag: u64| search(model, calls, Lag { most: lag, ordered }, effort) == Found::Order;
    // No lag matters that is longer than the history.
    let from = calls.iter().map(|call| call.start).min()?;
    let until = calls.iter().map(|call| call.start).max()?;
    let (mut low, mut high) = (0, most.min(until - from));
    if !holds(high) {
        return None;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(high)
}

/// The fewest calls without an order: reads are left out, and writes too if their effect at any time, or none, would not help.
pub(super) fn fewest<M: Model>(model: &M, calls: &[Timed<M::Act>], lag: Lag, effort: &Effort) -> Vec<Timed<M::Act>>
where
    M::Act: Clone,
{
    let fails = |calls: &[Timed<M::Act>]| search(model, calls, lag, effort) == Found::None;
    // The calls up to a moment: those that were running have no answer yet.
    let until = |moment: u64| -> Vec<Timed<M::Act>> {
        let begun = calls.iter().filter(|call| call.start <= moment);
        let cut = begun.map(|call| Timed { end: call.end.filter(|end| *end <= moment), ..call.clone() });
        cut.filter(|call| call.end.is_some() || !model.reads(&call.act)).collect()
    };
    let mut ends: Vec<u64> = calls.iter().filter_map(|call| call.end).collect();
    ends.sort_unstable();
    let shortest = ends.partition_point(|end| !fails(&until(*end)));
    let mut kept = ends.get(shortest).map_or_else(|| calls.to_vec(), |end| until(*end));
    // Writes that are not shown, and may still have happened.
    let mut hidden: Vec<Timed<M::Act>> = Vec::new();
    let mut size = kept.len().div_ceil(2).max(1);
    loop {
        let mut end = kept.len();
        while end > 0 {
            let start = end.saturating_sub(size);
            let left_out = kept[start..end].iter().filter(|call| !model.reads(&call.act));
            let loose: Vec<_> = left_out.map(|call| Timed { end: None, ..call.clone() }).collect();
            let rest = kept[..start].iter().chain(&kept[end..]);
            let whole: Vec<_> = rest.chain(&hidden).chain(&loose).cloned().collect();
            if fails(&whole) {
                hidden.extend(loose);
                kept.drain(start..end);
            }
            end = start;
        }
        if size == 1 {
            break;
        }
        size = size.div_ceil(2);
    }
    kept.sort_by_key(|call| (call.start, call.at));
    kept
}

#[cfg(test)]
#[path = "order_tests.rs"]
mod tests;
