//! Decisions of the handlers that a defect can change: computed as the contract has them, then passed through the seams.
//! The other files of this folder do not know the seams.

use connect_model::semantics::{Confidence, Problem};

use crate::arn::ResourceKind;
use crate::defects::seam::{FullName, Reader, Sighting, TagChange, Update};
use crate::handlers::Call;
use crate::refusal::Refusal;
use crate::store::{Collection, Entry, Tags};

/// The instance and kind of resource in which a name is unique.
type Namespace<'a> = (&'a str, ResourceKind);

impl Call<'_> {
    /// Refuses a name that another resource has, with an error of this name. `own` is the id of the resource that gets
    /// the name, if it exists.
    pub(super) fn claim<T>(
        &self,
        (home, kind): Namespace<'_>,
        all: &Collection<T>,
        name: &str,
        own: Option<&str>,
        error: &'static str,
    ) -> Result<(), Refusal> {
        let taken = all.named(name).is_some_and(|holder| Some(holder) != own);
        if self.cx.seams.name_taken(&FullName::new(home, kind, name), taken) {
            return Err(Refusal::Named(error, format!("the name {name} is taken")));
        }
        Ok(())
    }

    /// Stores an edited copy of a resource.
    pub(super) fn store<T>(&self, (home, kind): Namespace<'_>, all: &mut Collection<T>, edited: Entry<T>) {
        let before = all.get(&edited.id).map_or(&edited.name, |entry| &entry.name);
        let update = Update { before: FullName::new(home, kind, before), name: &edited.name };
        if self.cx.seams.stores(&update) {
            all.replace(edited);
        }
    }

    /// The tags of a new resource.
    pub(super) fn first_tags(&self, (home, kind): Namespace<'_>, name: &str, tags: Option<Tags>) -> Tags {
        let change = TagChange::Created(Some(FullName::new(home, kind, name)));
        self.cx.seams.tags(&change, tags.unwrap_or_default())
    }

    /// The tags of a new instance.
    pub(super) fn first_tags_of_instance(&self, tags: Option<Tags>) -> Tags {
        self.cx.seams.tags(&TagChange::Created(None), tags.unwrap_or_default())
    }

    /// Tags with others added, which replace those of the same key.
    pub(super) fn with_tags(&self, tags: &Tags, added: &Tags) -> Tags {
        let mut merged = tags.clone();
        merged.extend(added.clone());
        self.cx.seams.tags(&TagChange::Added { before: tags, added }, merged)
    }

    /// Tags without those of some keys.
    pub(super) fn without_tags(&self, tags: &Tags, keys: &[String]) -> Tags {
        let mut rest = tags.clone();
        rest.retain(|key, _| !keys.contains(key));
        self.cx.seams.tags(&TagChange::Removed { before: tags }, rest)
    }

    /// Resources that lists show, with an order key above `after`.
    pub(super) fn listed<'i, T>(&self, all: &'i Collection<T>, after: u64) -> impl Iterator<Item = &'i Entry<T>> {
        all.after(after).filter(|entry| self.is_visible(entry, Reader::List, true))
    }

    /// Resources that searches know: those of a certain age, as behind an index.
    pub(super) fn indexed<'i, T>(&self, all: &'i Collection<T>) -> impl Iterator<Item = &'i Entry<T>> {
        let lag = self.cx.search_lag;
        all.after(0).filter(move |entry| {
            let indexed = lag.is_zero() || entry.created.elapsed() >= lag;
            self.is_visible(entry, Reader::Search, indexed)
        })
    }

    fn is_visible<T>(&self, entry: &Entry<T>, by: Reader, visible: bool) -> bool {
        self.cx.seams.visible(&Sighting { id: &entry.id, created: entry.created, by }, visible)
    }

    /// The candidates of a search that match.
    pub(super) fn matches(&self, mut matches: Vec<bool>) -> Vec<bool> {
        self.cx.seams.matches(self.input, &mut matches);
        matches
    }

    /// Returns true if a problem is a reason to refuse a request. One of low confidence is not.
    pub(super) fn counts(&self, language: &str, problem: &Problem) -> bool {
        problem.confidence > Confidence::Low && !self.cx.seams.overlooks_problem(self.operation, language, problem.kind)
    }
}
