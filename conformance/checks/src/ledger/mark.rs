//! What things of a run are known by where its journal is lost: their names, and a tag.

use std::time::SystemTime;

/// Key of the tag by which things of ours are known.
pub const TAG: &str = "contract-test";

/// Source: service model of Amazon Connect, TagMap.
pub(crate) const MOST_TAGS: usize = 50;

/// What the tag says: whose a thing is, and how old.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// What the names of the run have in common.
    pub run: String,
    /// Seconds since 1970 at its start.
    pub began: u64,
}

impl std::fmt::Display for Mark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.run, self.began)
    }
}

impl std::str::FromStr for Mark {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (run, began) = text.split_once(' ').ok_or(())?;
        Ok(Self { run: run.to_owned(), began: began.parse().map_err(|_| ())? })
    }
}

/// The run that a name is of, if it is one that [`fresh_name`](crate::client::Client::fresh_name) made, whatever was
/// added to it.
pub fn run_of_name(name: &str) -> Option<&str> {
    let (run, rest) = name.strip_prefix(PREFIX)?.split_once('-')?;
    let is_salt = run.len() == 8 && run.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_salt && rest.starts_with(|first: char| first.is_ascii_digit())).then_some(run)
}

/// What all names of ours begin with. Letters of either case, so that an endpoint that changes them is seen.
pub(crate) const PREFIX: &str = "Ct-";

/// Since 1970, whole.
pub fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
