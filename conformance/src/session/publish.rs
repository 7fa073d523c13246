//! Writes and shows reports: at the end of a run, from time to time during it, and of merged runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use connect_transport::credentials::environment;

use crate::event::{Consumer, Event};
use crate::exit::Exit;
use crate::report::collect::Collector;
use crate::report::folder::ReportFolder;
use crate::report::github::Annotation;
use crate::report::json::{self, Report};
use crate::report::output::{Format, columns, print, print_as, print_log_command};
use crate::report::reproduce::{resume, resume_command};
use crate::report::{FILES, draft, github, learned, merge, terminal, trend, write_files};
use crate::session::config::OutputConfig;
use crate::session::error::SessionError;

/// Time between two reports during a run.
const CHECKPOINT: Duration = Duration::from_secs(5);

/// Writes a report in every format, and shows it. `remark` is a line below the verdict.
pub(crate) fn publish(
    mut report: Report,
    folder: &ReportFolder,
    output: &OutputConfig,
    remark: Option<&str>,
) -> Result<Exit, SessionError> {
    let mut remarks: Vec<String> = remark.map(str::to_owned).into_iter().collect();
    if let Some(history) = &output.history {
        remarks.extend(compare(&mut report, history));
    }
    let folder = folder.path();
    write_files(&report, folder).map_err(SessionError::usage)?;
    if let Some(path) = &output.write_expect {
        draft::write_draft(&report, path).map_err(|error| SessionError::usage(format!("--write-expect: {error}")))?;
    }
    if let Some(path) = &output.write_learned {
        learned::write(path, &report).map_err(|error| SessionError::usage(format!("--write-learned: {error}")))?;
    }
    if let Some(file) = environment("GITHUB_STEP_SUMMARY") {
        github::append(&github::summary(&report), Path::new(&file)).map_err(SessionError::usage)?;
    }
    let shown = match output.format {
        Format::Text => {
            let mut text = terminal::body(&report, output.detail, columns());
            for remark in &remarks {
                text.push_str(&format!("  {remark}\n"));
            }
            let files: Vec<String> = FILES.iter().map(|file| folder.join(file.name).display().to_string()).collect();
            if report.interrupted && report.missing.is_empty() && !report.settings.golden {
                let command = if report.of_others { resume(folder) } else { resume_command(&report, folder) };
                text.push_str(&format!("  continue: {command}\n"));
            }
            text.push_str(&format!("  report: {}\n", files.join(", ")));
            text
        }
        Format::Json => report.to_json().map_err(SessionError::usage)?,
    };
    print_as(output.format, &shown).map_err(SessionError::usage)?;
    let is_on_github = std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
    if is_on_github && output.format == Format::Text {
        for Annotation { name, title, message } in github::annotations(&report) {
            print_log_command(name, &title, &message).map_err(SessionError::usage)?;
        }
    }
    Ok(report.exit())
}

/// Adds the earlier runs in a folder to a report; returns what there is to say about them. The run is over: what cannot be read
/// is left out, and hides no result.
fn compare(report: &mut Report, history: &Path) -> Vec<String> {
    let found = match trend::attach(report, history) {
        Ok(found) => found,
        Err(error) => return vec![format!("not compared with earlier runs: {error}")],
    };
    let none = (found.runs == 0).then(|| format!("{} has no earlier report of this endpoint", history.display()));
    let unread = found.unread.iter().map(|error| format!("left out of the comparison: {error}"));
    unread.chain(none).collect()
}

/// Merges reports into one.
///
/// # Errors
/// A report cannot be read, or the reports belong to different runs.
pub fn merge_reports(reports: &[PathBuf], folder: &Path, output: &OutputConfig) -> Result<Exit, SessionError> {
    let reports: Result<Vec<Report>, _> = reports.iter().map(|path| Report::read(path)).collect();
    let incomplete =
        |error: merge::MergeError| SessionError::Nothing(format!("{}: {error}", Exit::Incomplete.heading()));
    let mut whole = merge::merge(reports.map_err(SessionError::usage)?).map_err(incomplete)?;
    whole.of_others = true;
    named_files(output)?;
    if let Some(path) = &output.learned {
        let known = learned::read(path).map_err(|error| SessionError::usage(format!("--learned: {error}")))?;
        learned::compare(&mut whole, &known);
    }
    let folder = ReportFolder::claim(folder, output.force).map_err(SessionError::usage)?;
    if output.format == Format::Text && !output.detail.quiet {
        print(&terminal::header(&whole)).map_err(SessionError::usage)?;
    }
    publish(whole, &folder, output, None)
}

/// Checks the files that a report is compared with or written to, before anything is sent.
pub(crate) fn named_files(output: &OutputConfig) -> Result<(), SessionError> {
    let wrong = |flag: &'static str| move |error| SessionError::usage(format!("{flag}: {error}"));
    if let Some(path) = &output.write_expect {
        draft::may_be_draft(path).map_err(wrong("--write-expect"))?;
    }
    if let Some(path) = &output.learned {
        learned::read(path).map_err(wrong("--learned"))?;
    }
    if let Some(path) = &output.write_learned {
        learned::may_be_written(path).map_err(wrong("--write-learned"))?;
    }
    Ok(())
}

/// Writes `report.json` at the start and from time to time, so that a killed run can be resumed.
pub(crate) struct Checkpoint {
    /// The report of the run that is resumed.
    pub(crate) previous: Option<Report>,
    pub(crate) collector: Arc<Mutex<Collector>>,
    pub(crate) folder: PathBuf,
    pub(crate) written: Instant,
}

impl Consumer for Checkpoint {
    fn take(&mut self, event: Event<'_>) -> std::io::Result<()> {
        let is_due = matches!(event, Event::Planned(_)) || self.written.elapsed() >= CHECKPOINT;
        if !is_due || matches!(event, Event::Finished(_)) {
            return Ok(());
        }
        let report = self.collector.lock().unwrap_or_else(PoisonError::into_inner).report();
        let mut report = merge::resumed(self.previous.as_ref(), report).map_err(std::io::Error::other)?;
        (report.interrupted, report.unfinished) = (true, true);
        report.stopped_because = Some("it was killed, or has not ended yet".to_owned());
        report.write(&self.folder)?;
        self.written = Instant::now();
        Ok(())
    }
}

/// Returns true if a report, named by its file or its folder, is the one in `folder`.
pub(crate) fn is_report_of(report: &Path, folder: &Path) -> bool {
    let file = if report.is_dir() { report.join(json::FILE) } else { report.to_owned() };
    file.canonicalize().ok() == folder.join(json::FILE).canonicalize().ok()
}
