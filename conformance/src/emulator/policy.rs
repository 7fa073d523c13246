//! Switches inside the emulator that a defect may turn. The default is how a good endpoint behaves.

use std::time::Duration;

/// What store and handlers do where more than one thing could be done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Policy {
    /// What becomes of client tokens.
    pub(crate) tokens: Tokens,
    /// How lists are cut into pages.
    pub(crate) paging: Paging,
    /// Deleting what is not there succeeds.
    pub(crate) deletes_anything: bool,
    /// A name that is taken may be taken again.
    pub(crate) shares_names: bool,
    /// Deleted things stay visible.
    pub(crate) keeps_deleted: bool,
    /// Updates are acknowledged and not made.
    pub(crate) forgets_updates: bool,
    /// Problems of a language that are not seen.
    pub(crate) overlooks: Overlooks,
    /// Requests with members that the model does not know are refused.
    pub(crate) refuses_unknown_members: bool,
    /// What is only saved is shown as if it were published.
    pub(crate) shows_drafts: bool,
    /// What searches find.
    pub(crate) finds: Finds,
    /// Tags are acknowledged and not kept.
    pub(crate) forgets_tags: bool,
    /// What shows a new resource only after a while.
    pub(crate) lag: Lag,
}

/// Which problems of a language are not seen: by operation, language and kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overlooks(pub(crate) fn(&str, &str, &str) -> bool);

impl Default for Overlooks {
    fn default() -> Self {
        Self(|_, _, _| false)
    }
}

/// What shows a new resource only after a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Lag {
    /// Everything is visible at once.
    #[default]
    None,
    /// Searches, as behind an index.
    Searches,
    /// Lists and searches, for a shorter time.
    Lists,
}

impl Lag {
    /// How old a resource must be to be seen by a search.
    pub(crate) fn of_searches(self) -> Duration {
        match self {
            Lag::None => Duration::ZERO,
            Lag::Searches => Duration::from_millis(400),
            Lag::Lists => Duration::from_millis(60),
        }
    }

    /// How old a resource must be to be listed.
    pub(crate) fn of_lists(self) -> Duration {
        if self == Lag::Lists { self.of_searches() } else { Duration::ZERO }
    }
}

/// What becomes of client tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tokens {
    /// Same token, same result.
    #[default]
    Honoured,
    /// A replay makes a second resource.
    Ignored,
    /// Tokens that agree in all but their last four characters count as the same, whatever the body.
    Greedy,
    /// Looked up first, written later, with time for others between.
    Raced,
}

/// What searches find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Finds {
    /// What satisfies criteria and filter.
    #[default]
    Matching,
    /// Everything: neither is looked at.
    Everything,
    /// With criteria, only what was created last of all that satisfies them.
    Newest,
}

/// How lists are cut into pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Paging {
    /// Everything once, in pages of the size that was asked for.
    #[default]
    Sound,
    /// A page begins with the last item of the page before.
    RepeatsItem,
    /// The first item of every page but the first is left out.
    LosesItem,
    /// Pages have the default size, whatever was asked for.
    IgnoresSize,
    /// The end of the list carries a token that leads to itself.
    NeverEnds,
    /// The last page carries a text that is no token.
    TokenOnLast,
    /// Any text is taken for a token.
    Unchecked,
    /// A token works once.
    SingleUse,
    /// Pages hold one item fewer than was asked for, if that leaves any.
    Short,
    /// After every page comes an empty one.
    EmptyBetween,
}
