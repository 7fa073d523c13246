//! Family history.
pub mod call;
mod meaning;
mod models;
mod numbered;
mod order;
mod parts;
mod timeline;
mod traversal;
mod verdict;

pub use self::parts::Sort;
pub use self::timeline::{seen, sent, timeline};
pub use self::verdict::{Judged, Lags, Verdict, judge};
