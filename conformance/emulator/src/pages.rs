//! Cuts an ordered walk into pages with opaque, authenticated tokens. Knows nothing of what it cuts.
//!
//! A position is the order key of the last item that was shown, not an offset, so that items which come and go between
//! two pages are neither repeated nor lost. A token is bound to operation, place and filters; the page size may change
//! in mid-walk (Smithy paginated trait).

use std::collections::HashSet;
use std::sync::Mutex;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::policy::Paging;
use crate::refusal::Refusal;
use crate::store::lock;

/// Issues and reads tokens.
pub(crate) struct Pages {
    secret: [u8; 32],
    policy: Paging,
    /// Tokens that came back; only kept under [`Paging::SingleUse`].
    used: Mutex<HashSet<String>>,
}

/// What a token is bound to, as a digest.
#[derive(Clone, Copy)]
pub(crate) struct Walk([u8; 32]);

impl Walk {
    /// A walk through what `operation` shows of `place` under `filters`: the input without token, page size and place.
    pub(crate) fn new(operation: &str, place: &str, filters: &Value) -> Self {
        let mut digest = Sha256::new();
        for part in [operation, place, &filters.to_string()] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self(digest.finalize().into())
    }

    /// The same walk in pages of one size only.
    fn sized(&self, room: usize) -> Self {
        Self(Sha256::new().chain_update(self.0).chain_update((room as u64).to_be_bytes()).finalize().into())
    }
}

/// How long a page may be.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// What the caller asked for. Validation has seen it, yet nothing here relies on that.
    pub(crate) asked: Option<i64>,
    /// What it is otherwise.
    pub(crate) default: usize,
}

/// A page, and the token of the next one if there is more.
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// Where a walk stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Position {
    /// Order key of the last item shown; 0 before the first.
    after: u64,
    /// The item at `after` was shown twice already, under [`Paging::RepeatsItem`], or was followed by a page without
    /// items, under [`Paging::EmptyBetween`].
    repeated: bool,
}

const START: Position = Position { after: 0, repeated: false };
const MAC_BYTES: usize = 16;

impl Pages {
    pub(crate) fn new(seed: u64, policy: Paging) -> Self {
        let secret = Sha256::new().chain_update(b"page tokens").chain_update(seed.to_be_bytes()).finalize().into();
        Self { secret, policy, used: Mutex::new(HashSet::new()) }
    }

    /// The page behind `token`. `items` gives everything with an order key above its argument, in order of key; keys
    /// start at 1.
    pub(crate) fn cut<T, I: Iterator<Item = (u64, T)>>(
        &self,
        walk: &Walk,
        token: Option<&str>,
        size: Size,
        items: impl Fn(u64) -> I,
    ) -> Result<Page<T>, Refusal> {
        let asked = size.asked.and_then(|asked| usize::try_from(asked).ok()).filter(|asked| *asked > 0);
        let mut room = asked.unwrap_or(size.default).max(1);
        match self.policy {
            Paging::IgnoresSize => room = size.default,
            Paging::Short => room = (room - 1).max(1),
            _ => {}
        }
        let walk = &if self.policy == Paging::BoundToSize { walk.sized(room) } else { *walk };
        let mut position = match token {
            None => START,
            Some(token) => self.read(walk, token)?,
        };
        if self.policy == Paging::EmptyBetween && position.after > 0 && !position.repeated {
            position.repeated = true;
            return Ok(Page { items: Vec::new(), next: Some(self.write(walk, position)) });
        }
        if matches!(self.policy, Paging::ByOffset | Paging::NewestByOffset) {
            return Ok(self.cut_by_offset(walk, position.after, room, items(0).map(|(_, item)| item).collect()));
        }
        let mut page = Vec::new();
        let mut repeated = false;
        if self.policy == Paging::RepeatsItem
            && position.after > 0
            && !position.repeated
            && let Some((_, item)) = items(position.after - 1).next()
        {
            page.push(item);
            repeated = true;
        }
        let mut rest = items(position.after).peekable();
        while page.len() < room {
            let Some((order, item)) = rest.next() else { break };
            position.after = order;
            page.push(item);
        }
        position.repeated = repeated && page.len() == 1;
        let more = rest.peek().map(|(order, _)| *order);
        if self.policy == Paging::LosesLastOfThrees && room == 3 && more.is_none() {
            page.pop();
        }
        let next = match (self.policy, more) {
            (Paging::LosesItem, Some(order)) => Some(Position { after: order, repeated: false }),
            (Paging::NeverEnds, None) if token.is_some() || !page.is_empty() => Some(position),
            (Paging::TokenOnLast, None) => return Ok(Page { items: page, next: Some("end".to_owned()) }),
            (_, Some(_)) => Some(position),
            (_, None) => None,
        };
        Ok(Page { items: page, next: next.map(|position| self.write(walk, position)) })
    }

    /// What a good endpoint does not do: positions are counted, and move when something comes or goes.
    fn cut_by_offset<T>(&self, walk: &Walk, shown: u64, room: usize, mut all: Vec<T>) -> Page<T> {
        if self.policy == Paging::NewestByOffset {
            all.reverse();
        }
        let total = all.len() as u64;
        let items: Vec<T> = all.into_iter().skip(usize::try_from(shown).unwrap_or(usize::MAX)).take(room).collect();
        let after = shown + items.len() as u64;
        let next = (after < total).then(|| self.write(walk, Position { after, repeated: false }));
        Page { items, next }
    }

    fn write(&self, walk: &Walk, position: Position) -> String {
        let state = position.bytes();
        state.iter().chain(&self.mac(walk, &state)).map(|byte| format!("{byte:02x}")).collect()
    }

    fn read(&self, walk: &Walk, token: &str) -> Result<Position, Refusal> {
        let parsed = unhex(token).and_then(|bytes| {
            let (state, mac) = bytes.split_at_checked(Position::BYTES)?;
            Some((<[u8; Position::BYTES]>::try_from(state).ok()?, mac.to_vec()))
        });
        if self.policy == Paging::Unchecked {
            return Ok(parsed.map_or(START, |(state, _)| Position::from_bytes(state)));
        }
        let refused = || {
            Refusal::Invalid(
                "NextToken is not a token of this walk: use it as it was given, with the same operation and filters"
                    .to_owned(),
            )
        };
        let (state, mac) = parsed.ok_or_else(refused)?;
        if mac != self.mac(walk, &state) {
            return Err(refused());
        }
        if self.policy == Paging::SingleUse && !lock(&self.used).insert(token.to_owned()) {
            return Err(refused());
        }
        Ok(Position::from_bytes(state))
    }

    /// A keyed digest with the key on both sides, so that nobody extends the message.
    fn mac(&self, walk: &Walk, state: &[u8]) -> [u8; MAC_BYTES] {
        let inner = Sha256::new().chain_update(self.secret).chain_update(walk.0).chain_update(state).finalize();
        let outer: [u8; 32] = Sha256::new().chain_update(self.secret).chain_update(inner).finalize().into();
        let mut mac = [0; MAC_BYTES];
        mac.copy_from_slice(&outer[..MAC_BYTES]);
        mac
    }
}

impl Position {
    const BYTES: usize = 9;

    fn bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [u8::from(self.repeated); Self::BYTES];
        bytes[..8].copy_from_slice(&self.after.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        let mut after = [0; 8];
        after.copy_from_slice(&bytes[..8]);
        Self { after: u64::from_be_bytes(after), repeated: bytes[8] != 0 }
    }
}

/// Bytes of lower-case hex. Upper case is refused: a token has one spelling.
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

    fn walk(pages: &Pages, keys: &BTreeSet<u64>, size: i64) -> Vec<Vec<u64>> {
        let (scope, mut token, mut all) = (Walk::new("List", "i", &json!({})), None::<String>, Vec::new());
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
        scope: &Walk,
        token: Option<&str>,
        size: i64,
        keys: &BTreeSet<u64>,
    ) -> Result<Page<u64>, Refusal> {
        let size = Size { asked: Some(size), default: 100 };
        pages.cut(scope, token, size, |after| keys.range(after + 1..).map(|key| (*key, *key)))
    }

    #[test]
    fn a_walk_shows_everything_once_and_ends() {
        let pages = Pages::new(1, Paging::Sound);
        for count in 0..12_u64 {
            let keys: BTreeSet<u64> = (1..=count).map(|n| n * 3).collect();
            for size in 1..6 {
                let all = walk(&pages, &keys, size);
                assert!(all.iter().all(|page| page.len() as i64 <= size));
                assert_eq!(all.concat(), keys.iter().copied().collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn what_comes_and_goes_between_pages_neither_repeats_nor_hides_others() {
        let pages = Pages::new(1, Paging::Sound);
        let scope = Walk::new("List", "i", &json!({}));
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
    fn tokens_are_bound_to_operation_place_filters_and_every_bit() {
        let pages = Pages::new(1, Paging::Sound);
        let keys: BTreeSet<u64> = (1..=6).collect();
        let scope = Walk::new("List", "i", &json!({"State": "ACTIVE"}));
        let token = cut(&pages, &scope, None, 2, &keys).unwrap().next.unwrap();
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert!(cut(&pages, &scope, Some(&token), 4, &keys).is_ok());
        assert!(cut(&pages, &scope, Some(&token), 4, &keys).is_ok(), "a token may be used again");
        for other in [
            Walk::new("Search", "i", &json!({"State": "ACTIVE"})),
            Walk::new("List", "j", &json!({"State": "ACTIVE"})),
            Walk::new("List", "i", &json!({"State": "ARCHIVED"})),
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
        assert!(cut(&Pages::new(2, Paging::Sound), &scope, Some(&token), 2, &keys).is_err());
    }

    #[test]
    fn each_fault_breaks_its_own_rule_and_no_other() {
        let keys: BTreeSet<u64> = (1..=5).collect();
        for size in 1..4 {
            let repeats = walk(&Pages::new(1, Paging::RepeatsItem), &keys, size);
            assert!(repeats.concat().len() > 5 && repeats.iter().all(|page| page.len() as i64 <= size));
            assert_eq!(repeats.concat().into_iter().collect::<BTreeSet<_>>(), keys);
            assert!(repeats.len() < 50);

            let loses = walk(&Pages::new(1, Paging::LosesItem), &keys, size).concat();
            assert!(loses.len() < 5 && loses.iter().collect::<BTreeSet<_>>().len() == loses.len());

            assert_eq!(walk(&Pages::new(1, Paging::IgnoresSize), &keys, size), [[1, 2, 3, 4, 5]]);

            let sized = walk(&Pages::new(1, Paging::LosesLastOfThrees), &keys, size).concat();
            assert_eq!(sized.len(), if size == 3 { 4 } else { 5 });
            assert_eq!(walk(&Pages::new(1, Paging::ByOffset), &keys, size).concat(), [1, 2, 3, 4, 5]);
            assert_eq!(walk(&Pages::new(1, Paging::NewestByOffset), &keys, size).concat(), [5, 4, 3, 2, 1]);

            let endless = walk(&Pages::new(1, Paging::NeverEnds), &keys, size);
            assert!(endless.len() == 50 && endless.concat() == [1, 2, 3, 4, 5]);
        }
    }
}
