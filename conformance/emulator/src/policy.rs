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
    /// What becomes of tags.
    pub(crate) tagging: Tagging,
    /// Changes of the state (archived, active) are acknowledged and not made.
    pub(crate) forgets_state: bool,
    /// What becomes of versions.
    pub(crate) versions: Versions,
    /// How long an instance is in creation; none for those that are active at once.
    pub(crate) creation_takes: Option<Duration>,
    /// What calls at the same time do to each other.
    pub(crate) race: Race,
    /// What shows a new resource only after a while.
    pub(crate) lag: Lag,
    /// What goes wrong only after something else was done.
    pub(crate) lapse: Option<Lapse>,
}

/// Which problems of a language are not seen: by operation, language and kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Overlooks(pub(crate) fn(&str, &str, &str) -> bool);

impl Default for Overlooks {
    fn default() -> Self {
        Self(|_, _, _| false)
    }
}

/// How old a resource must be to be seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Lag {
    /// By a search, as behind an index.
    pub(crate) searches: Duration,
    /// By a list.
    pub(crate) lists: Duration,
}

/// What becomes of tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tagging {
    /// Added, overwritten and removed by key.
    #[default]
    Sound,
    /// Acknowledged and not kept.
    Forgotten,
    /// TagResource replaces all tags.
    Replaced,
    /// UntagResource removes nothing.
    Sticky,
}

/// What becomes of versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Versions {
    /// Numbered from 1, and unchangeable.
    #[default]
    Kept,
    /// Each shows what is published now.
    Mutable,
    /// Every version has the number 1.
    Unnumbered,
}

/// What calls at the same time do to each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Race {
    /// Nothing: they happen one after the other.
    #[default]
    None,
    /// A creation that begins while another is under way is not listed.
    Creations,
    /// Names are looked up first and taken later.
    Names,
    /// Tags are read first and written back later.
    Tags,
}

/// What goes wrong only after something else was done: one call shows nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lapse {
    /// A name stays taken when its holder is deleted.
    NameAfterDelete,
    /// A name stays taken when its holder gets another.
    NameAfterRename,
    /// An edit of the draft changes what is published, too.
    PublishesDraft,
    /// A new name takes a flow or module out of the archive.
    RenameRestores,
    /// What is in the archive is not deleted, though that is acknowledged.
    ArchiveKeeps,
    /// The tags of what was deleted come back with its name.
    TagsReturn,
    /// Versions are lost when other content is published.
    VersionsLost,
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
    /// Never looked at: names alone keep a replay from making a second resource.
    Unread,
    /// One memory for all operations and instances: whoever comes with a token gets what it led to first.
    Shared,
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
    /// A token counts the items before it.
    ByOffset,
    /// The same, and what was made last comes first.
    NewestByOffset,
    /// The last item is left out in pages of three.
    LosesLastOfThrees,
    /// A token works with the page size that it was given with.
    BoundToSize,
    /// A token names its instance, which is looked at instead of the one in the request.
    CarriesPlace,
}
