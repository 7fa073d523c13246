//! Header grammar: names, and lists of quoted or bare items. Knows nothing of types.

use crate::planted;

/// Quotes an item that is empty, has a comma or a quote, or starts or ends with a space (RFC 9110, section 5.6.4).
pub(super) fn quoted(text: String) -> String {
    if planted::is("response_decode") && text.contains(',') {
        return text;
    }
    if text.is_empty() || text.contains([',', '"']) || text.trim() != text {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        text
    }
}

/// Splits a list header into items. Empty items count only if quoted. An http-date contains a comma.
pub(super) fn split_list(text: &str, is_date: bool) -> Vec<String> {
    let mut items = Vec::new();
    let (mut item, mut in_quotes, mut was_quoted, mut commas) = (String::new(), false, false, 0);
    let mut chars = text.chars();
    let mut close = |item: &mut String, was_quoted: &mut bool| {
        let text = std::mem::take(item);
        if std::mem::take(was_quoted) {
            items.push(text);
        } else if !text.trim().is_empty() {
            items.push(text.trim().to_owned());
        }
    };
    while let Some(c) = chars.next() {
        match c {
            '\\' if in_quotes => item.extend(chars.next()),
            '"' if in_quotes => in_quotes = false,
            '"' if item.trim().is_empty() && !was_quoted => {
                item.clear();
                (in_quotes, was_quoted) = (true, true);
            }
            ',' if !in_quotes => {
                commas += 1;
                if is_date && commas % 2 == 1 { item.push(c) } else { close(&mut item, &mut was_quoted) }
            }
            c if was_quoted && !in_quotes && c.is_whitespace() => {}
            c => item.push(c),
        }
    }
    close(&mut item, &mut was_quoted);
    items
}

/// Returns true for a token of RFC 9110.
pub(super) fn is_header_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
