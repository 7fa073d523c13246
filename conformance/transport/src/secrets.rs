//! Keeps signatures and session tokens out of reports: in the request as sent, and in responses that repeat it, in whole or in
//! part, in any usual encoding.

mod encoding;

use std::collections::HashSet;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use connect_model::wire::message::{HttpRequest, HttpResponse};
use data_encoding::{BASE32_NOPAD, BASE32HEX_NOPAD};
use percent_encoding::percent_decode_str;

use self::encoding::{Unit, decoded, folded, joined, numbered, separated, unescaped};

/// Headers that a signature adds and that no report may show. Exact names, never parts of them.
pub const SECRET_HEADERS: [&str; 2] = ["authorization", "x-amz-security-token"];

/// The same as parameters of a signed URL. Names in a query are compared without case, since no other parameter differs from
/// them by case alone.
const SECRET_PARAMETERS: [&str; 2] = ["X-Amz-Signature", "X-Amz-Security-Token"];

/// Length of the shortest part of a secret that is removed, in characters. Shorter ones would also match unrelated text.
const PART: usize = 12;

/// Replaces a secret that an endpoint has sent back.
const REMOVED: &[u8] = b"REMOVED";

/// Different characters that a part has at least: one with fewer, such as a row of zeros, is found in unrelated text.
const VARIETY: usize = 4;

/// Encodings of one character inside of another that are undone.
const DEPTH: usize = 3;

/// The request without the headers and parameters of a signature, fit for reports and files.
pub fn without_secrets(request: &HttpRequest) -> HttpRequest {
    let mut shown = request.clone();
    for name in SECRET_HEADERS {
        shown.headers.remove(name);
    }
    if let Some((path, query)) = request.uri.split_once('?')
        && query.split('&').any(|pair| secret_parameter(pair).is_some())
    {
        let kept: Vec<&str> = query.split('&').filter(|pair| secret_parameter(pair).is_none()).collect();
        shown.uri = if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
    }
    shown
}

/// Name and value of a parameter of a query, if it is one of a signature.
fn secret_parameter(pair: &str) -> Option<(&'static str, &str)> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let secret = SECRET_PARAMETERS.into_iter().find(|secret| secret.eq_ignore_ascii_case(name))?;
    Some((secret, value))
}

/// Every part of secrets, in the form of [`folded`]: of the text, of its bytes in hex, and of its base64 and base32; and of the
/// letters and digits in each.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    parts: HashSet<[u8; PART]>,
    starts: Starts,
    /// Whole secrets, so that each is taken apart once.
    known: HashSet<Vec<u8>>,
}

impl Secrets {
    /// Adds the signature in a request's headers or query.
    pub(crate) fn add_signature(&mut self, headers: &http::HeaderMap, query: Option<&str>) {
        self.add_parameter(SECRET_PARAMETERS[0], query);
        let authorization = headers.get(SECRET_HEADERS[0]).and_then(|value| value.to_str().ok());
        if let Some((_, signature)) = authorization.and_then(|value| value.rsplit_once("Signature=")) {
            self.add_text(signature.as_bytes());
        }
    }

    /// Adds the secret key that signs requests. An endpoint that verifies signatures knows it.
    pub(crate) fn add_key(&mut self, key: &str) {
        self.add_lasting(key.as_bytes());
    }

    /// Adds the session token in a request's headers or query.
    pub(crate) fn add_token(&mut self, headers: &http::HeaderMap, query: Option<&str>) {
        self.add_parameter(SECRET_PARAMETERS[1], query);
        if let Some(token) = headers.get(SECRET_HEADERS[1]) {
            self.add_lasting(token.as_bytes());
        }
    }

    /// Adds the value of a parameter of a query, and what it encodes.
    fn add_parameter(&mut self, name: &str, query: Option<&str>) {
        let of_signature = query.unwrap_or_default().split('&').filter_map(secret_parameter);
        for (_, value) in of_signature.filter(|(secret, _)| *secret == name) {
            self.add_text(value.as_bytes());
            self.add_lasting(&percent_decode_str(value).collect::<Vec<u8>>());
        }
    }

    /// Adds a secret that is good for longer than its request, with two encodings inside of each other.
    fn add_lasting(&mut self, secret: &[u8]) {
        if secret.len() < PART || self.known.contains(secret) {
            return;
        }
        let wide: Vec<u8> = secret.iter().flat_map(|byte| [*byte, 0]).collect();
        let twice = encodings(secret).into_iter().flat_map(|form| encodings(&form));
        self.add_forms(twice.chain(encodings(&wide)).collect());
        self.add_text(secret);
    }

    fn add_text(&mut self, secret: &[u8]) {
        if secret.len() < PART || !self.known.insert(secret.to_vec()) {
            return;
        }
        let mut forms = encodings(secret);
        forms.push(secret.to_vec());
        for shift in 0..5 {
            let inner = &secret[shift..];
            let whole = &inner[..inner.len() - inner.len() % 5];
            forms.extend([BASE32_NOPAD, BASE32HEX_NOPAD].map(|base| base.encode(whole).into_bytes()));
        }
        self.add_forms(forms);
    }

    fn add_forms(&mut self, forms: Vec<Vec<u8>>) {
        let bare: Vec<Vec<u8>> = forms.iter().map(|form| separated(form).map(|at| form[at]).collect()).collect();
        for form in forms.into_iter().chain(bare) {
            let folded: Vec<u8> = form.into_iter().map(folded).collect();
            let is_varied = |part: &&[u8; PART]| part.iter().collect::<HashSet<_>>().len() >= VARIETY;
            for part in folded.array_windows::<PART>().filter(is_varied) {
                self.parts.insert(*part);
                part.array_windows::<GRAM>().for_each(|gram| self.starts.add(*gram));
            }
        }
    }

    /// True if a part of a secret is in the bytes. Every part holds one of the sampled short pieces whole, so that most of a
    /// large body is skipped.
    fn occur_in(&self, bytes: &[u8]) -> bool {
        let last = bytes.len().saturating_sub(GRAM - 1);
        (0..last).step_by(STRIDE).any(|at| {
            let piece = std::array::from_fn(|offset| folded(bytes[at + offset]));
            self.starts.may_have(piece) && {
                let from = (at + 1).saturating_sub(STRIDE);
                let near = &bytes[from..bytes.len().min(at + PART)];
                near.array_windows::<PART>().any(|part| self.parts.contains(&part.map(folded)))
            }
        })
    }

    /// Marks the places of the text that are a part of a secret. `range` is the place of the part that begins at a byte.
    fn mark(&self, bytes: &[u8], range: impl Fn(usize) -> Range<usize>, found: &mut [bool]) {
        for (at, window) in bytes.array_windows::<PART>().enumerate() {
            let part = window.map(folded);
            if self.starts.may_have([part[0], part[1], part[2], part[3]]) && self.parts.contains(&part) {
                found[range(at)].fill(true);
            }
        }
    }
}

/// Bytes in hex and in base64, which depends on where they begin in the encoded text.
fn encodings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let base64 = (0..3).map(|shift| {
        let inner = &bytes[shift..];
        STANDARD_NO_PAD.encode(&inner[..inner.len() - inner.len() % 3]).into_bytes()
    });
    std::iter::once(hex.into_bytes()).chain(base64).collect()
}

/// Length of the pieces by which parts are looked for.
const GRAM: usize = 4;

/// Distance of the pieces that are looked at: each part contains one of them.
const STRIDE: usize = PART - GRAM + 1;

/// The pieces of parts, as bits at their hashes: a piece that is there has its bit.
#[derive(Debug)]
struct Starts(Vec<u64>);

impl Default for Starts {
    fn default() -> Self {
        Self(vec![0; 1024])
    }
}

impl Starts {
    fn bit(piece: [u8; GRAM]) -> (usize, u64) {
        let hash = u32::from_le_bytes(piece).wrapping_mul(0x9e37_79b1) >> 16;
        ((hash / 64) as usize, 1 << (hash % 64))
    }

    fn add(&mut self, piece: [u8; GRAM]) {
        let (at, bit) = Self::bit(piece);
        self.0[at] |= bit;
    }

    fn may_have(&self, piece: [u8; GRAM]) -> bool {
        let (at, bit) = Self::bit(piece);
        self.0[at] & bit != 0
    }
}

/// Removes secrets from a response that repeats its request, as some gateways do when they reject a signature.
pub(crate) fn remove(response: &mut HttpResponse, secrets: &[&Secrets]) {
    if secrets.iter().all(|secret| secret.parts.is_empty()) {
        return;
    }
    for (name, value) in &mut response.headers.0 {
        for text in [name, value] {
            if let Some(clean) = without(text.as_bytes(), secrets) {
                *text = String::from_utf8_lossy(&clean).into_owned();
            }
        }
    }
    if let Some(clean) = without(&response.body, secrets) {
        response.body = clean;
    }
}

/// The text without parts of secrets; none if the text contains none.
fn without(text: &[u8], secrets: &[&Secrets]) -> Option<Vec<u8>> {
    if !repeats(text, secrets) {
        return None;
    }
    let mut found = vec![false; text.len()];
    let place = |(at, byte): (usize, &u8)| Unit { byte: *byte, begin: at, end: at + 1 };
    let mut units: Vec<Unit> = text.iter().enumerate().map(place).collect();
    for _ in 0..=DEPTH {
        let bytes: Vec<u8> = units.iter().map(|unit| unit.byte).collect();
        let numbers = numbered(&bytes).map(|numbers| {
            let unit = |(byte, at): (u8, Range<usize>)| Unit {
                byte,
                begin: units[at.start].begin,
                end: units[at.end - 1].end,
            };
            numbers.into_iter().map(unit).collect()
        });
        for units in numbers.chain([units.clone(), joined(&units)]) {
            let bytes: Vec<u8> = units.iter().map(|unit| unit.byte).collect();
            let range = |at: usize| units[at].begin..units[at + PART - 1].end;
            secrets.iter().for_each(|secret| secret.mark(&bytes, range, &mut found));
        }
        units = decoded(&units);
    }
    let (mut clean, mut was_found) = (Vec::with_capacity(text.len()), false);
    for (byte, is_found) in text.iter().zip(found) {
        match (is_found, was_found) {
            (false, _) => clean.push(*byte),
            (true, false) => clean.extend_from_slice(REMOVED),
            (true, true) => {}
        }
        was_found = is_found;
    }
    Some(clean)
}

/// True if a text contains a part of a secret, in any encoding. Without places, so that a large body costs little.
fn repeats(text: &[u8], secrets: &[&Secrets]) -> bool {
    let occur = |bytes: &[u8]| {
        let joined: Vec<u8> = separated(bytes).map(|at| bytes[at]).collect();
        secrets.iter().any(|secret| secret.occur_in(bytes) || secret.occur_in(&joined))
            || numbered(bytes).any(|numbers| {
                let bytes: Vec<u8> = numbers.into_iter().map(|(byte, _)| byte).collect();
                secrets.iter().any(|secret| secret.occur_in(&bytes))
            })
    };
    if occur(text) {
        return true;
    }
    let mut bytes = unescaped(text);
    for _ in 0..DEPTH {
        let Some(decoded) = bytes else { return false };
        if occur(&decoded) {
            return true;
        }
        bytes = unescaped(&decoded);
    }
    false
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::wire::message::Headers;

    use super::*;

    const SIGNATURE: &str = "0123456789abcdef0123456789abcdef";
    const TOKEN: &str = "IQoJb3JpZ2luX2VjEKz//////////wEaCXVzLWVhc3QtMSJHMEUCIQDx+Y/8xw==";

    fn secrets() -> Secrets {
        let mut headers = http::HeaderMap::new();
        headers.insert("authorization", format!("AWS4 Credential=A/b, Signature={SIGNATURE}").parse().unwrap());
        headers.insert("x-amz-security-token", TOKEN.parse().unwrap());
        let mut secrets = Secrets::default();
        secrets.add_signature(&headers, None);
        secrets.add_token(&headers, None);
        secrets
    }

    fn clean(body: &str) -> String {
        let mut response = HttpResponse { status: 200, headers: Headers::default(), body: body.as_bytes().to_vec() };
        remove(&mut response, &[&secrets()]);
        String::from_utf8(response.body).unwrap()
    }

    #[test]
    fn the_parameters_of_a_signed_url_are_secrets() {
        let query =
            format!("a=1&X-Amz-Date=now&x-amz-security-token=T%2Foken%2FT%2Foken&X-Amz-Signature={SIGNATURE}&b");
        let request = HttpRequest { uri: format!("/p?{query}"), ..HttpRequest::default() };
        assert_eq!(without_secrets(&request).uri, "/p?a=1&X-Amz-Date=now&b");
        let bare = HttpRequest { uri: format!("/p?X-Amz-Signature={SIGNATURE}"), ..HttpRequest::default() };
        assert_eq!(without_secrets(&bare).uri, "/p");
        let untouched = HttpRequest { uri: "/p?NextToken=X-Amz-Signature".to_owned(), ..HttpRequest::default() };
        assert_eq!(without_secrets(&untouched).uri, untouched.uri);
        let mut secrets = Secrets::default();
        secrets.add_signature(&http::HeaderMap::new(), Some(&query));
        secrets.add_token(&http::HeaderMap::new(), Some(&query));
        let body = format!("{SIGNATURE} T%2Foken%2FT%2Foken T/oken/T/oken").into_bytes();
        let mut response = HttpResponse { status: 200, headers: Headers::default(), body };
        remove(&mut response, &[&secrets]);
        assert_eq!(String::from_utf8(response.body).unwrap(), "REMOVED REMOVED REMOVED");
    }

    #[test]
    fn removes_secrets_that_a_response_repeats() {
        let mut response = HttpResponse {
            status: 200,
            headers: Headers(vec![("x-echo".to_owned(), format!("v={SIGNATURE}"))]),
            body: format!(r#"{{"a":"{TOKEN}","b":"{}","d":"é{SIGNATURE}{SIGNATURE}!"}}"#, TOKEN.replace('/', "\\/"))
                .into_bytes(),
        };
        remove(&mut response, &[&Secrets::default(), &secrets()]);
        assert_eq!(response.headers.get("x-echo"), Some("v=REMOVED"));
        let body = String::from_utf8(response.body).unwrap();
        assert_eq!(body, r#"{"a":"REMOVED","b":"REMOVED","d":"éREMOVED!"}"#);
    }

    #[test]
    fn removes_secrets_in_every_usual_encoding_and_in_parts() {
        let each = |encode: &dyn Fn(u8) -> String| TOKEN.bytes().map(encode).collect::<String>();
        let special = |encode: &dyn Fn(u8) -> String| {
            each(&|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { encode(byte) })
        };
        let encoded = [
            special(&|byte| format!("%{byte:02X}")),
            special(&|byte| format!("%{byte:02x}")),
            special(&|byte| format!("%25{byte:02X}")),
            special(&|byte| format!("&#{byte};")),
            special(&|byte| format!("&#x{byte:x};")),
            special(&|byte| format!("&amp;#{byte};")),
            each(&|byte| format!("\\u{byte:04x}")),
            each(&|byte| format!("\\\\u{byte:04X}")),
            each(&|byte| format!("%{byte:02x}")),
            each(&|byte| format!("{byte:02x}")),
            each(&|byte| format!("{byte:02X}")),
            TOKEN.to_uppercase(),
            TOKEN.to_lowercase(),
            TOKEN.replace('+', "-").replace('/', "_"),
            TOKEN.replace('+', " "),
            TOKEN.replace('/', "\\\\\\/"),
            TOKEN[20..32].to_owned(),
            format!("{}...", &TOKEN[..30]),
            SIGNATURE[5..17].to_uppercase(),
            each(&|byte| format!("{} ", char::from(byte))),
            each(&|byte| format!("{}\0", char::from(byte))),
            each(&|byte| format!("\u{200b}{}", char::from(byte))),
            each(&|byte| format!("\\u00{byte:02x}\\n")),
            each(&|byte| format!("{}\\u200b\\t", char::from(byte))),
            each(&|byte| format!("{byte:02x} ")),
            each(&|byte| format!("{byte:02X}:")),
            each(&|byte| format!("{}-", char::from(byte))),
            each(&|byte| format!("\"{}\", ", char::from(byte))),
            each(&|byte| format!("={byte:02X}")),
            each(&|byte| format!("\\{byte:03o}")),
            each(&|byte| format!("\\\\{byte:03o}")),
            each(&|byte| format!("{byte},")),
            each(&|byte| format!("{byte}, ")),
            each(&|byte| format!("{byte},\n    ")),
            each(&|byte| format!("{byte} ")),
            each(&|byte| format!("\"{byte:03}\", ")),
            each(&|byte| format!("{byte}.0, ")),
            each(&|byte| format!("{byte}/")),
            each(&|byte| format!("chr({byte}).")),
            each(&|byte| format!("&#{byte} ")),
            each(&|byte| format!("0x{byte:02x}, ")),
            each(&|byte| format!("{byte:o} ")),
            each(&|byte| format!("0o{byte:03o},")),
            each(&|byte| format!("{byte:08b} ")),
            each(&|byte| format!("\\u{{{byte:x}}}")),
            each(&|byte| format!("\\U{byte:08X}")),
            each(&|byte| format!("U+{byte:04X} ")),
            each(&|byte| format!("%u{byte:04x}")),
            each(&|byte| format!("{byte:02x}00")),
        ];
        for text in &encoded {
            let left = clean(&format!("[\"{text}\"]"));
            assert!(left.len() < 40 && left.contains("REMOVED"), "{text}: {left}");
        }
        for prefix in ["", "a", "ab"] {
            let text = STANDARD_NO_PAD.encode(format!("{prefix}{TOKEN}"));
            let left = clean(&text);
            assert!(left.len() < 24 && left.contains("REMOVED"), "{text}: {left}");
        }
        let numbered: Vec<String> = TOKEN.bytes().enumerate().map(|(at, byte)| format!("\"{at}\":{byte}")).collect();
        let pairs: Vec<String> = TOKEN.bytes().enumerate().map(|(at, byte)| format!("[{at},{byte}]")).collect();
        for text in [numbered.join(","), pairs.join(",")] {
            let left = clean(&format!("{{\"a\":[{text}]}}"));
            assert!(left.len() < 40 && left.contains("REMOVED"), "{text}: {left}");
        }
        let wide: Vec<u8> = TOKEN.bytes().flat_map(|byte| [byte, 0]).collect();
        let twice = STANDARD_NO_PAD.encode(STANDARD_NO_PAD.encode(format!("a{TOKEN}")));
        for text in [STANDARD_NO_PAD.encode(wide), twice] {
            let left = clean(&text);
            assert!(left.len() < 32 && left.contains("REMOVED"), "{text}: {left}");
        }
        for prefix in ["", "a", "ab", "abc", "abcd"] {
            for base in [BASE32_NOPAD, BASE32HEX_NOPAD] {
                let text = base.encode(format!("{prefix}{TOKEN}").as_bytes());
                let left = clean(&text);
                assert!(left.len() < 32 && left.contains("REMOVED"), "{text}: {left}");
            }
        }
    }

    /// Wherever a part is in a text, one of the sampled pieces lies in it.
    #[test]
    fn parts_are_found_at_every_place() {
        for before in 0..40 {
            for after in 0..14 {
                let text = format!("{}{}{}", ".".repeat(before), &TOKEN[20..32], ".".repeat(after));
                assert_eq!(clean(&text), format!("{}REMOVED{}", ".".repeat(before), ".".repeat(after)));
            }
        }
    }

    #[test]
    fn other_text_stays() {
        for text in [
            &TOKEN[20..31],
            r#"{"Message":"a\/b %2B \u00e9 &amp; &#43;","Id":"0123456789a"}"#,
            "//////////////// 000000000000",
            "The request signature we calculated does not match",
        ] {
            assert_eq!(clean(text), text);
        }
        // An escape is removed as a whole, so that JSON stays JSON.
        assert_eq!(clean(&format!("{{\"a\":\"x\\n\\u0049{}\\n\"}}", &TOKEN[1..])), "{\"a\":\"x\\nREMOVED\\n\"}");
    }

    #[test]
    fn hides_exact_headers_only() {
        let names = ["authorization", "x-amz-security-token", "x-amz-client-token", "nexttoken", "content-type"];
        let headers = Headers(names.iter().map(|name| ((*name).to_owned(), "v".to_owned())).collect());
        let shown = without_secrets(&HttpRequest { headers, ..HttpRequest::default() });
        let left: Vec<&str> = shown.headers.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(left, ["x-amz-client-token", "nexttoken", "content-type"]);
    }
}
