//! Lists and searches: pages of the resources of a kind, narrowed by the members of the input that say how.

use std::sync::MutexGuard;

use connect_model::alike::Narrowing;
use connect_model::resources::{Action, Role, Source};
use connect_model::schema::{Binding, Kind, Member, Members, Operation, Pagination, Schema, Slot};
use connect_model::validate::validate_slot;
use serde_json::{Map, Value};

use crate::defects::seam::{Reader, Sighting};
use crate::kinds::Call;
use crate::kinds::criteria::Criteria;
use crate::kinds::store::{Thing, home};
use crate::kinds::view::{Forms, View, identifier};
use crate::pages::{Page, Scope, Size};
use crate::refusal::Refusal;
use crate::store::State;
use crate::synthesize::{remove_paging_parameters, size_in};

/// Length of a page without size in the request.
const DEFAULT_PAGE: usize = 100;

/// Length of a page whose size the caller cannot choose.
const SHORT_PAGE: usize = 2;

/// The list in the output of an operation.
pub(super) struct Listing {
    /// The member with the list.
    pub(super) list: &'static Member,
    /// The element of the list.
    pub(super) element: &'static Slot,
    /// Members of the items; none for items that are ids.
    pub(super) items: Option<&'static Members>,
    /// The members of the input and the output with the page token.
    tokens: Option<(&'static Member, &'static Member)>,
    /// The member of the input with the size of a page.
    size: Option<&'static Member>,
}

impl Listing {
    /// The list that an operation pages through, else the only one in its output.
    pub(super) fn of(schema: &'static Schema, operation: &'static Operation) -> Option<Self> {
        let output = schema.output_members(operation)?;
        let pagination: Option<&'static Pagination> = operation.pagination.as_ref();
        let is_list = |member: &&Member| matches!(schema[member.slot.target].kind, Kind::List(_));
        let list = match pagination.and_then(|pagination| pagination.items.as_deref()) {
            Some([name]) => output.get(name).filter(is_list)?,
            Some(_) => return None,
            None => {
                let mut lists = output.iter().filter(is_list);
                lists.next().filter(|_| lists.next().is_none())?
            }
        };
        let Kind::List(inner) = &schema[list.slot.target].kind else { return None };
        let items = match &schema[inner.member.target].kind {
            Kind::Structure(members) => Some(members),
            Kind::String | Kind::Enum(_) | Kind::Number(_) => None,
            _ => return None,
        };
        Self::paged(schema, operation, list, &inner.member, items)
    }

    /// The map of tags that an operation pages through. Its items are pairs of key and value.
    pub(super) fn of_tags(schema: &'static Schema, operation: &'static Operation) -> Option<Self> {
        let [name] = operation.pagination.as_ref()?.items.as_deref()? else { return None };
        let list = schema.output_members(operation)?.get(name)?;
        let Kind::Map(map) = &schema[list.slot.target].kind else { return None };
        Self::paged(schema, operation, list, &map.value, None)
    }

    fn paged(
        schema: &'static Schema,
        operation: &'static Operation,
        list: &'static Member,
        element: &'static Slot,
        items: Option<&'static Members>,
    ) -> Option<Self> {
        let (output, pagination) = (schema.output_members(operation)?, operation.pagination.as_ref());
        let input = schema.input_members(operation);
        let tokens = match pagination {
            Some(pagination) => {
                let [token] = pagination.output_token.as_slice() else { return None };
                let is_text = |member: &&Member| matches!(schema[member.slot.target].kind, Kind::String);
                let asked = input?.get(&pagination.input_token).filter(is_text)?;
                Some((asked, output.get(token).filter(is_text)?))
            }
            None => None,
        };
        let size = pagination.and_then(|pagination| pagination.page_size.as_ref());
        let size = size.and_then(|name| input?.get(name));
        Some(Self { list, element, items, tokens, size })
    }

    /// The length of a page.
    fn page(&self, input: &Map<String, Value>) -> Size {
        let most = self.size.and_then(|member| member.slot.traits.range.and_then(|range| range.max));
        let longest = self.list.slot.traits.length.and_then(|length| length.max).unwrap_or(u64::MAX);
        let default = match (self.tokens, most) {
            (None, _) => usize::MAX,
            (Some(_), Some(most)) if most >= 1.0 => DEFAULT_PAGE.min(most as usize),
            (Some(_), Some(_)) => DEFAULT_PAGE,
            // Where the caller cannot choose the size, pages are short, so that paging shows.
            (Some(_), None) => SHORT_PAGE,
        };
        let requested = self.size.and_then(|member| size_in(input.get(&member.name)?));
        let most = usize::try_from(longest).unwrap_or(usize::MAX);
        let requested = requested.map(|size| size.min(i64::try_from(most).unwrap_or(i64::MAX)));
        Size { requested, default: default.min(most) }
    }
}

/// A list that is being made.
struct Listed<'l> {
    listing: &'l Listing,
    view: Option<&'l View>,
    forms: Forms,
}

impl Call<'_> {
    /// One page of the resources of a kind.
    pub(super) fn list(&self, at: usize, action: &Action) -> Result<Value, Refusal> {
        let kind = self.kinds.kind(at);
        let (Some(listing), Some(forms)) = (self.kinds.listings.get(&self.id), self.kinds.forms[at]) else {
            return Ok(Value::Null);
        };
        let listed = Listed { listing, view: self.kinds.views[at].get(&self.id), forms };
        let state: MutexGuard<'_, State> = self.cx.store.lock();
        let parents = self.parents(&state, kind, |parent| self.parent_value(action, parent))?;
        let narrowings = self.narrowings(listing, action);
        // A list may name something that no resource must have, such as the instance of a phone number.
        let named = action.names.iter().filter_map(|(member, source)| match source {
            Source::Input(asked) if kind.parents.iter().all(|(parent, _)| parent != asked) => {
                Some((asked, self.input.get(member)?))
            }
            _ => None,
        });
        let named: Vec<_> = named.collect();
        let is_wanted = |thing: &&Thing| {
            named.iter().all(|(asked, value)| thing.asked.get(*asked).is_none_or(|own| own == *value))
                && narrowings.iter().all(|narrowing| self.admits(narrowing, &listed, thing))
        };
        let all = |after| state.things.after(&kind.noun, &parents, after);
        let names: Vec<&str> = action.names.iter().map(|(name, _)| name.as_str()).collect();
        let scope = self.scope(&parents, listing, kind.parents.iter().map(|(member, _)| member.as_str()), &names);
        if action.role == Role::List {
            let shown = |after| all(after).filter(|thing| self.is_visible(thing, Reader::List)).filter(is_wanted);
            let page = self.page(&scope, listing, |after| shown(after).map(|thing| (thing.order, thing)))?;
            let total = self.counts().then(|| shown(0).count());
            return self.output(&listed, page, total);
        }
        let criteria = Criteria::of(self.schema(), kind, forms, self.operation, self.input);
        let candidates: Vec<&Thing> =
            all(0).filter(|thing| self.is_visible(thing, Reader::Search)).filter(is_wanted).collect();
        let mut matches: Vec<bool> = candidates.iter().map(|thing| criteria.matches(thing)).collect();
        self.cx.seams.matches(&Value::Object(self.input.clone()), &mut matches);
        let found: Vec<&Thing> =
            candidates.into_iter().zip(matches).filter(|(_, matches)| *matches).map(|(thing, _)| thing).collect();
        let page = self.page(&scope, listing, |after| {
            found[found.partition_point(|thing| thing.order <= after)..].iter().map(|thing| (thing.order, *thing))
        })?;
        self.output(&listed, page, Some(found.len()))
    }

    fn is_visible(&self, thing: &Thing, by: Reader) -> bool {
        let lag = self.cx.search_lag;
        let visible = by == Reader::List || lag.is_zero() || thing.since.elapsed() >= lag;
        self.cx.seams.visible(&Sighting { id: &thing.id, created: thing.since, by }, visible)
    }

    /// The sequence that page tokens belong to.
    fn scope<'p>(
        &self,
        parents: &[Option<String>],
        listing: &Listing,
        held: impl Iterator<Item = &'p str>,
        names: &[&'p str],
    ) -> Scope {
        let mut filters = self.input.clone();
        filters.remove(listing.tokens.map(|(token, _)| token.name.as_str()).unwrap_or_default());
        filters.remove(listing.size.map(|size| size.name.as_str()).unwrap_or_default());
        // A map of all query parameters has those of the page, too.
        let members = self.schema().input_members(self.operation).into_iter().flatten();
        for name in members.filter(|member| member.binding == Binding::QueryParams).map(|member| &member.name) {
            filters.remove(name);
        }
        for name in held.chain(names.iter().copied()) {
            filters.remove(name);
        }
        remove_paging_parameters(self.schema(), self.operation, &mut filters);
        Scope::new(&self.operation.name, &home(parents), &Value::Object(filters))
    }

    fn page<T, I: Iterator<Item = (u64, T)>>(
        &self,
        scope: &Scope,
        listing: &Listing,
        items: impl Fn(u64) -> I,
    ) -> Result<Page<T>, Refusal> {
        let token = listing.tokens.and_then(|(token, _)| self.input.get(&token.name)).and_then(Value::as_str);
        let token = token.map(|token| self.kinds.tokens.read(token));
        self.cx.pages.cut(scope, token.as_deref(), listing.page(self.input), items)
    }

    /// True if the output has a number of all that was found.
    fn counts(&self) -> bool {
        let mut members = self.schema().output_members(self.operation).into_iter().flatten();
        members.any(|member| is_total(self.schema(), member))
    }

    fn output(&self, listed: &Listed<'_>, page: Page<&Thing>, total: Option<usize>) -> Result<Value, Refusal> {
        let schema = self.schema();
        let Listed { listing, view, forms } = listed;
        let item = |thing: &&Thing| match view {
            Some(view) => Some(Value::Object(view.show(schema, *forms, thing))),
            None => identifier(schema, listing.element.target, &thing.id),
        };
        let items = page.items.iter().filter_map(item).collect();
        self.paged(listing, Page { items, next: page.next }, total)
    }

    /// The output with a page of items, and with the number of all.
    fn paged(&self, listing: &Listing, page: Page<Value>, total: Option<usize>) -> Result<Value, Refusal> {
        let schema = self.schema();
        let mut output = Map::from_iter([(listing.list.name.clone(), page.items.into())]);
        let token = listing.tokens.map(|(_, token)| token.name.as_str());
        for member in schema.output_members(self.operation).into_iter().flatten() {
            // The last page has no token, or an empty one if the model requires it.
            if token == Some(&member.name) {
                if member.required && validate_slot(schema, &member.slot, &"".into()).is_empty() {
                    output.insert(member.name.clone(), "".into());
                }
                continue;
            }
            if is_total(schema, member)
                && let Some(total) = total
            {
                output.insert(member.name.clone(), total.into());
            } else if member.required && !output.contains_key(&member.name) {
                let value = self.kinds.made(member, &format!("{} {}", self.operation.name, member.name));
                output.extend(value.map(|value| (member.name.clone(), value)));
            }
        }
        if let (Some(next), Some((_, token))) = (page.next, listing.tokens) {
            let text = self.kinds.tokens.write(&self.kinds.generator, token, next).map_err(Refusal::Invalid)?;
            output.insert(token.name.clone(), text.into());
        }
        Ok(Value::Object(output))
    }

    /// The members of the input by which the list is narrowed, each with the member of an item.
    fn narrowings(&self, listing: &Listing, action: &Action) -> Vec<(&'static Member, &'static Member)> {
        let schema = self.schema();
        let by_enum = schema.narrowings(self.operation);
        let by_enum = by_enum.into_iter().map(|Narrowing { input, item, .. }| (input, item));
        let by_name = |member: &'static Member| {
            let item = listing.items?.get(&member.name)?;
            let is_text = |member: &Member| matches!(schema[member.slot.target].kind, Kind::String);
            let is_name = action.is_named_by(&member.name);
            (is_text(member) && is_text(item) && !is_name).then_some((member, item))
        };
        let by_name = schema.input_members(self.operation).into_iter().flatten().filter_map(by_name);
        by_enum.chain(by_name).filter(|(input, _)| self.input.get(&input.name).is_some_and(|v| !v.is_null())).collect()
    }

    /// True if an item has one of the values by which the input narrows the list.
    fn admits(&self, narrowing: &(&Member, &Member), listed: &Listed<'_>, thing: &Thing) -> bool {
        let (_, item) = narrowing;
        let shown = listed.view.and_then(|view| view.value(self.schema(), listed.forms, &item.name, thing));
        self.admits_value(narrowing, &shown.unwrap_or_default())
    }

    /// True if an item that shows a value passes.
    fn admits_value(&self, (input, _): &(&Member, &Member), shown: &Value) -> bool {
        match self.input.get(&input.name) {
            Some(Value::Array(values)) => values.is_empty() || values.contains(shown),
            Some(value) => value == shown,
            None => true,
        }
    }

    /// One page of items that are shown as they are, of those that pass.
    pub(super) fn page_of(
        &self,
        holder: &[Option<String>],
        listing: &Listing,
        mut items: Vec<Value>,
        action: &Action,
    ) -> Result<Value, Refusal> {
        let narrowings = self.narrowings(listing, action);
        items.retain(|item| narrowings.iter().all(|narrowing| self.admits_value(narrowing, &item[&narrowing.1.name])));
        let names: Vec<&str> = action.names.iter().map(|(name, _)| name.as_str()).collect();
        self.page_of_all(holder, listing, items, &names)
    }

    /// One page of items that are shown as they are. `names` are the members that name the holder.
    pub(super) fn page_of_all(
        &self,
        holder: &[Option<String>],
        listing: &Listing,
        items: Vec<Value>,
        names: &[&str],
    ) -> Result<Value, Refusal> {
        let scope = self.scope(holder, listing, std::iter::empty(), names);
        let numbered = || (1_u64..).zip(items.iter().cloned());
        let page = self.page(&scope, listing, |after| numbered().filter(move |(key, _)| *key > after))?;
        self.paged(listing, page, None)
    }
}

fn is_total(schema: &Schema, member: &Member) -> bool {
    matches!(schema[member.slot.target].kind, Kind::Number(_))
        && member.name.to_ascii_lowercase().ends_with("totalcount")
}
