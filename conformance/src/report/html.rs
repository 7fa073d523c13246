//! `report.html`: a run on one page that needs nothing else, not even a network. The page is a template with the report's
//! data in it; whatever an endpoint wrote stands there as data and never as markup.

use std::path::Path;

use crate::report::json::Report;

const TEMPLATE: &str = include_str!("page.html");

/// Where the data go.
const PLACE: &str = "__REPORT__";

/// Findings that keep their request and response: a page has to open quickly.
const WHOLE: usize = 500;

/// The page.
///
/// # Errors
/// None that is known: every part of a report has a JSON form.
pub fn page(report: &Report) -> serde_json::Result<String> {
    let mut shown = report.clone();
    shown.coverage.sets = None;
    for finding in shown.findings.iter_mut().skip(WHOLE) {
        (finding.request, finding.response) = (None, None);
    }
    let data = escaped(&serde_json::to_string(&shown)?);
    let (before, after) = TEMPLATE.split_once(PLACE).unwrap_or((TEMPLATE, ""));
    Ok(format!("{before}{data}{after}"))
}

/// JSON that can stand in an HTML page: nothing in it begins a tag, an entity or a line that scripts know of.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => text.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text
}

/// Writes `report.html` into a folder that exists.
///
/// # Errors
/// The file cannot be written.
pub fn write(report: &Report, folder: &Path) -> std::io::Result<()> {
    super::write_whole(&folder.join("report.html"), page(report)?.as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::report::samples;

    #[test]
    fn what_an_endpoint_wrote_stays_data() {
        let mut report = samples::mixed().report();
        let hostile = "</script><script>alert(1)</script><!-- &amp; \u{2028}";
        report.findings[0].actual = hostile.to_owned();
        let page = page(&report).unwrap();
        let (before, rest) = page.split_once("<script type=\"application/json\" id=\"report\">").unwrap();
        let (data, after) = rest.split_once("</script>").unwrap();
        assert!(!data.contains(['<', '>', '&', '\u{2028}']));
        let read: Report = serde_json::from_str(data).unwrap();
        assert_eq!(read.findings[0].actual, hostile);
        assert_eq!(read.cases, report.cases);
        assert!(!before.contains(PLACE) && !after.contains(PLACE));
    }
}
