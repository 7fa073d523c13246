//! The verdict on a history: for each part, that there is an order, that reads lag, or that there is no order, with the fewest
//! calls that show it.

use connect_model::schema::Schema;

use super::call::Call;
use super::models::{Names, Tag, Thing, Token};
use super::order::{Effort, Found, Lag, Model, Timed, fewest, search, smallest_lag};
use super::parts::{Acts, Sort, parts};

/// Times by which reads may lag behind writes, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lags {
    /// Of descriptions, names and tags.
    pub reads: u64,
    /// Of lists.
    pub lists: u64,
    /// Of searches.
    pub searches: u64,
}

impl Lags {
    /// On this machine: reads show the present; lists and searches may lag as long as this suite waits for them.
    pub const THIS_MACHINE: Self = Self { reads: 0, lists: 1_000_000, searches: 3_000_000 };
    /// On other endpoints.
    pub const ELSEWHERE: Self = Self { reads: 10_000_000, lists: 10_000_000, searches: 90_000_000 };
}

/// The verdict on a part of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The subject of the part.
    pub sort: Sort,
    /// The same in words.
    pub about: String,
    /// Calls of the part.
    pub calls: usize,
    /// The verdict.
    pub verdict: Verdict,
}

/// The verdict on the order of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is an order in which every call takes effect between its start and its end.
    Linearizable,
    /// There is one if reads may show states that are older by so many microseconds.
    Stale(u64),
    /// There is none: the fewest calls that show it, by their positions in the history, and the lag of reads in microseconds
    /// that would explain it, if one would.
    Violation(Vec<usize>, Option<u64>),
    /// The search took too long, or there are too many calls.
    Undecided,
}

impl Sort {
    fn most(self, lags: Lags) -> u64 {
        match self {
            Sort::Described | Sort::Names | Sort::Token | Sort::Tag => lags.reads,
            Sort::Listed => lags.lists,
            Sort::Searched => lags.searches,
        }
    }
}

/// Judges each part of a history.
pub fn judge(schema: &'static Schema, calls: &[Call], lags: Lags) -> Vec<Judged> {
    let effort = Effort::default();
    parts(schema, calls)
        .into_iter()
        .map(|part| {
            let most = part.sort.most(lags);
            // A list that has shown something goes on to show it; descriptions may come from several replicas.
            let ordered = matches!(part.sort, Sort::Listed);
            let (calls, verdict) = match &part.acts {
                Acts::Thing { is_new, calls } => {
                    (calls.len(), of(&Thing { is_new: *is_new }, calls, most, ordered, &effort))
                }
                Acts::Names(calls) => (calls.len(), of(&Names, calls, most, ordered, &effort)),
                Acts::Token(calls) => (calls.len(), of(&Token, calls, most, ordered, &effort)),
                Acts::Tag(calls) => (calls.len(), of(&Tag, calls, most, ordered, &effort)),
                Acts::TooMany(calls) => (*calls, Verdict::Undecided),
            };
            Judged { sort: part.sort, about: part.about, calls, verdict }
        })
        .collect()
}

/// Judges the calls of a part.
fn of<M: Model>(model: &M, calls: &[Timed<M::Act>], most: u64, ordered: bool, effort: &Effort) -> Verdict
where
    M::Act: Clone,
{
    match search(model, calls, Lag::NONE, effort) {
        Found::Order => return Verdict::Linearizable,
        Found::GivenUp => return Verdict::Undecided,
        Found::None => {}
    }
    let lag = smallest_lag(model, calls, u64::MAX, ordered, effort);
    match lag.filter(|lag| *lag <= most) {
        Some(lag) if most > 0 => Verdict::Stale(lag),
        _ => {
            let bound = if most > 0 { Lag { most, ordered } } else { Lag::NONE };
            if search(model, calls, bound, effort) != Found::None {
                return Verdict::Undecided;
            }
            let few = fewest(model, calls, bound, effort);
            Verdict::Violation(few.iter().map(|call| call.at).collect(), lag)
        }
    }
}
