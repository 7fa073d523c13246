//! Cuts an ordered sequence into pages with opaque, authenticated tokens. Does not know the items.
//!
//! A position is the order key of the last item shown, not an offset, so that items which are created or deleted between
//! two pages cause neither repetitions nor gaps. A token is bound to operation, collection and filters; the page size may
//! change between pages (Smithy paginated trait).

use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::defects::seam::Seams;
use crate::refusal::Refusal;

/// Issues and reads page tokens.
pub(crate) struct Pages {
    secret: [u8; 32],
    seams: Arc<dyn Seams>,
}

/// The sequence that a token belongs to, as a digest.
#[derive(Clone, Copy)]
pub(crate) struct Scope([u8; 32]);

impl Scope {
    /// The scope of `operation` on `collection` with `filters`: the input without token, page size and collection.
    pub(crate) fn new(operation: &str, collection: &str, filters: &Value) -> Self {
        let mut digest = Sha256::new();
        for part in [operation, collection, &filters.to_string()] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }
}

/// Length of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    /// The size in the request. It was validated, but nothing here relies on that.
    pub(crate) requested: Option<i64>,
    /// The size without one in the request.
    pub(crate) default: usize,
}

impl Size {
    /// The most items of the page; at least one.
    pub(crate) fn limit(self) -> usize {
        let requested = self.requested.and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
        requested.unwrap_or(self.default).max(1)
    }
}

/// A page, and the token of the next one if there is more.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// A page that is to be cut.
pub(crate) struct PageRequest<'p> {
    /// Order key of the last item shown; 0 at the start.
    pub(crate) position: u64,
    pub(crate) size: Size,
    /// Gives all order keys above its argument, in order.
    pub(crate) keys: &'p dyn Fn(u64) -> Box<dyn Iterator<Item = u64> + 'p>,
    /// Cuts in place of the contract, where several defects act on the same page.
    pub(crate) inner: Option<&'p dyn Fn(u64, Size) -> KeyPage>,
}

/// A page as order keys, and the position of the next one if there is more.
pub(crate) struct KeyPage {
    pub(crate) keys: Vec<u64>,
    pub(crate) next: Option<u64>,
}

impl PageRequest<'_> {
    /// The page after `position`.
    pub(crate) fn cut(&self, position: u64, size: Size) -> KeyPage {
        if let Some(inner) = self.inner {
            return inner(position, size);
        }
        let mut rest = (self.keys)(position).peekable();
        let keys: Vec<u64> = rest.by_ref().take(size.limit()).collect();
        let next = rest.peek().and(keys.last().copied());
        KeyPage { keys, next }
    }
}

const POSITION_BYTES: usize = 8;
const MAC_BYTES: usize = 16;

impl Pages {
    pub(crate) fn new(seed: u64, seams: Arc<dyn Seams>) -> Self {
        let secret = Sha256::new().chain_update(b"page tokens").chain_update(seed.to_be_bytes()).finalize().into();
        Self { secret, seams }
    }

    /// The page that `token` leads to. `items` gives everything with an order key above its argument, in order of key;
    /// keys start at 1.
    pub(crate) fn cut<T, I: Iterator<Item = (u64, T)>>(
        &self,
        scope: &Scope,
        token: Option<&str>,
        size: Size,
        items: impl Fn(u64) -> I,
    ) -> Result<Page<T>, Refusal> {
        let position = match token {
            None => 0,
            Some(token) => self.seams.token(token, self.read(scope, token))?,
        };
        let keys = |after| Box::new(items(after).map(|(key, _)| key)) as Box<dyn Iterator<Item = u64> + '_>;
        let page = self.seams.cut(&PageRequest { position, size, keys: &keys, inner: None })?;
        let item = |key: u64| items(key - 1).next().map(|(_, item)| item);
        Ok(Page {
            items: page.keys.into_iter().filter_map(item).collect(),
            next: page.next.map(|position| self.write(scope, position)),
        })
    }

    fn write(&self, scope: &Scope, position: u64) -> String {
        let state = position.to_be_bytes();
        state.iter().chain(&self.mac(scope, state)).map(|byte| format!("{byte:02x}")).collect()
    }

    fn read(&self, scope: &Scope, token: &str) -> Result<u64, Refusal> {
        match parse(token) {
            Some((state, mac)) if mac == self.mac(scope, state) => Ok(u64::from_be_bytes(state)),
            _ => Err(foreign_token()),
        }
    }

    /// A keyed digest with the key on both sides, which prevents extensions of the message.
    fn mac(&self, scope: &Scope, state: [u8; POSITION_BYTES]) -> [u8; MAC_BYTES] {
        let inner = Sha256::new().chain_update(self.secret).chain_update(scope.0).chain_update(state).finalize();
        let outer: [u8; 32] = Sha256::new().chain_update(self.secret).chain_update(inner).finalize().into();
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(&outer[..MAC_BYTES]);
        mac
    }
}

/// The refusal of a token that was not issued for this scope.
pub(crate) fn foreign_token() -> Refusal {
    let message =
        "NextToken is not a token of this list: pass it as it was returned, with the same operation and filters";
    Refusal::Invalid(message.to_owned())
}

/// Splits a token into position and signature. Does not check the signature.
pub(crate) fn parse(token: &str) -> Option<([u8; POSITION_BYTES], Vec<u8>)> {
    let bytes = unhex(token)?;
    let (state, mac) = bytes.split_first_chunk()?;
    Some((*state, mac.to_vec()))
}

/// Parses lower-case hex. Upper case is rejected: a token has one spelling.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::defects::seam::Contract;

    fn pages_of(seed: u64) -> Pages {
        Pages::new(seed, Arc::new(Contract))
    }

    fn all_pages(pages: &Pages, keys: &BTreeSet<u64>, size: i64) -> Vec<Vec<u64>> {
        let (scope, mut token, mut all) = (Scope::new("List", "i", &json!({})), None::<String>, Vec::new());
        for _ in 0..50 {
            let page = cut(pages, &scope, token.as_deref(), size, keys).unwrap();
            all.push(page.items);
            token = page.next;
            if token.is_none() {
                break;
            }
        }
        all
    }

    fn cut(
        pages: &Pages,
        scope: &Scope,
        token: Option<&str>,
        size: i64,
        keys: &BTreeSet<u64>,
    ) -> Result<Page<u64>, Refusal> {
        let size = Size { requested: Some(size), default: 100 };
        pages.cut(scope, token, size, |after| keys.range(after + 1..).map(|key| (*key, *key)))
    }

    #[test]
    fn paging_shows_everything_once_and_ends() {
        let pages = pages_of(1);
        for count in 0..12_u64 {
            let keys: BTreeSet<u64> = (1..=count).map(|n| n * 3).collect();
            for size in 1..6 {
                let all = all_pages(&pages, &keys, size);
                assert!(all.iter().all(|page| page.len() as i64 <= size));
                assert_eq!(all.concat(), keys.iter().copied().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn changes_between_pages_neither_repeat_nor_hide_other_items() {
        let pages = pages_of(1);
        let scope = Scope::new("List", "i", &json!({}));
        let mut keys: BTreeSet<u64> = (1..=6).collect();
        let first = cut(&pages, &scope, None, 3, &keys).unwrap();
        keys.remove(&1);
        keys.remove(&3);
        keys.insert(7);
        let second = cut(&pages, &scope, first.next.as_deref(), 10, &keys).unwrap();
        assert_eq!(second.items, [4, 5, 6, 7]);
        assert!(second.next.is_none());
    }

    #[test]
    fn tokens_are_bound_to_operation_collection_filters_and_every_bit() {
        let pages = pages_of(1);
        let keys: BTreeSet<u64> = (1..=6).collect();
        let scope = Scope::new("List", "i", &json!({"State": "ACTIVE"}));
        let token = cut(&pages, &scope, None, 2, &keys).unwrap().next.unwrap();
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert!(cut(&pages, &scope, Some(&token), 4, &keys).is_ok());
        assert!(cut(&pages, &scope, Some(&token), 4, &keys).is_ok(), "a token may be used again");
        for other in [
            Scope::new("Search", "i", &json!({"State": "ACTIVE"})),
            Scope::new("List", "j", &json!({"State": "ACTIVE"})),
            Scope::new("List", "i", &json!({"State": "ARCHIVED"})),
        ] {
            assert!(cut(&pages, &other, Some(&token), 2, &keys).is_err());
        }
        for at in 0..token.len() {
            for replacement in ["0", "f", "A", "x", "é"] {
                let mut altered = token.clone();
                altered.replace_range(at..=at, replacement);
                assert_eq!(cut(&pages, &scope, Some(&altered), 2, &keys).is_ok(), altered == token, "{altered}");
            }
        }
        for garbage in ["", "x", &token[1..], &format!("{token}00"), &token.to_uppercase(), &token.repeat(40)] {
            assert!(cut(&pages, &scope, Some(garbage), 2, &keys).is_err(), "{garbage}");
        }
        assert!(cut(&pages_of(2), &scope, Some(&token), 2, &keys).is_err());
    }
}
