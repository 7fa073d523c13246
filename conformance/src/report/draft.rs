//! The file that `--write-expect` drafts: an entry of known divergences for each failed case.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use connect_checks::case::Level;
use connect_model::files::{self, Use};

use crate::report::expect::{LARGEST, date};
use crate::report::json::Report;
use crate::report::text::printable;

/// Days after which a drafted entry expires.
const DRAFTED_FOR: u64 = 90;

/// The first line of a draft.
const DRAFT: &str = "# Known divergences. Write a reason for each entry and correct the dates, or fix the endpoint.\n";

/// A draft file with an entry for every failed case. The reasons are empty, and the file is rejected until they are filled
/// in.
pub fn draft(report: &Report, now: SystemTime) -> String {
    let mut text = String::from(DRAFT);
    let expires = date(now + Duration::from_secs(DRAFTED_FOR * 24 * 3600));
    for case in &report.failed_cases {
        text.push('\n');
        if let Some(finding) = report.new_findings(Level::Must).find(|finding| finding.case == *case) {
            for (label, value) in finding.rows() {
                let _ = writeln!(text, "# {label}: {}", printable(value, 200));
            }
        }
        // A JSON string is also a TOML string.
        let case = serde_json::Value::from(case.as_str());
        let _ = writeln!(text, "[[expect]]\ncase = {case}\nreason = \"\"\nowner = \"\"\nexpires = {expires}");
    }
    text
}

/// Writes a draft, in place of nothing but a draft that nobody has worked on.
///
/// # Errors
/// The file cannot be written, or has other content. The error names it.
pub fn write_draft(report: &Report, path: &Path) -> io::Result<()> {
    may_be_draft(path)?;
    files::replace(path, draft(report, SystemTime::now()).as_bytes())
}

/// Checks that a draft may be written.
///
/// # Errors
/// The path has something else than a draft without a reason.
pub fn may_be_draft(path: &Path) -> io::Result<()> {
    let is_untouched = match files::read(path, Use::Read, LARGEST) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io::Error::new(error.kind(), format!("{}: {error}", path.display()))),
        Ok(bytes) => String::from_utf8(bytes).is_ok_and(|text| is_untouched(&text)),
    };
    if is_untouched {
        return Ok(());
    }
    let problem = "exists, and is not a draft as --write-expect left it; name another file, or delete this one";
    Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} {problem}", path.display())))
}

/// True for a draft in which nobody has written anything.
fn is_untouched(text: &str) -> bool {
    let is_ours = |line: &str| {
        let begins = ["# ", "case = ", "expires = "].iter().any(|start| line.starts_with(start));
        begins || ["", "[[expect]]", "reason = \"\"", "owner = \"\""].contains(&line)
    };
    text.starts_with(DRAFT) && text.lines().all(is_ours)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::expect::Expectations;
    use crate::report::samples;

    #[test]
    fn draft_has_every_failure_and_needs_reasons() {
        // 1 January 2027.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_798_761_600);
        let text = draft(&samples::mixed().report(), now);
        assert!(text.contains("case = \"CreateRule/invalid.enum-unknown/Actions[].ActionType\""), "{text}");
        assert!(text.contains("# actual: 200 \\u{1b}[31mred"), "{text}");
        assert!(text.contains("expires = 2027-04-01"), "{text}");
        assert!(Expectations::parse(&text, "known.toml", now).unwrap_err().contains("has no reason"));
        let filled = text.replace("reason = \"\"", "reason = \"r\"");
        assert!(Expectations::parse(&filled, "known.toml", now).is_ok(), "{filled}");
    }
}
