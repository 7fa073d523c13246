//! Switches inside the emulator that a defect may turn. The default is how a good endpoint behaves.

/// What store and handlers do where more than one thing could be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// Contents are published without a look at them.
    pub(crate) publishes_anything: bool,
    /// Requests with members that the model does not know are refused.
    pub(crate) refuses_unknown_members: bool,
    /// What is only saved is shown as if it were published.
    pub(crate) shows_drafts: bool,
    /// What searches find.
    pub(crate) finds: Finds,
    /// Tags are acknowledged and not kept.
    pub(crate) forgets_tags: bool,
    /// What goes wrong only after something else was done.
    pub(crate) lapse: Option<Lapse>,
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
}
