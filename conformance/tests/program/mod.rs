//! The program in another process, and folders for its reports.
// Each test uses a part of it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A small selection with a seed.
pub(crate) const SMALL: [&str; 6] =
    ["--operations", "CreateRule,ListRules,DescribeContactFlow", "--seed", "5", "--walks", "0"];

/// The program with these arguments, without the credentials of the user.
pub(crate) fn conformance(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connect-conformance"));
    command.args(arguments).env("NO_COLOR", "1");
    // Tests do not depend on the environment of the user.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_") || name.starts_with("GITHUB_")) {
        command.env_remove(name);
    }
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    command
}

/// The program in a folder.
pub(crate) fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = conformance(arguments);
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Exit code, stdout and stderr of the program.
pub(crate) fn output(arguments: &[&str]) -> Ended {
    ended(conformance(arguments))
}

/// The result of a program: exit code, stdout, stderr.
pub(crate) type Ended = (Option<i32>, String, String);

fn ended(mut command: Command) -> Ended {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// The words of the command that continues a stopped run, as the run printed it.
pub(crate) fn continuation(stdout: &str) -> Vec<&str> {
    let line = stdout.lines().find_map(|line| line.trim_start().strip_prefix("continue: cargo conformance "));
    assert!(line.is_some(), "no command: {stdout}");
    line.unwrap_or_default().split(' ').collect()
}

/// A folder that is deleted at the end of a test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("connect-cli-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Writes a file and returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs the program in this folder: exit code, stdout and stderr.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        ended(program(&self.0, arguments))
    }

    pub(crate) fn at(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    pub(crate) fn report(&self, name: &str) -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(self.0.join(name).join("report.json")).unwrap()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Case ids and outcomes of a report.
pub(crate) fn outcomes(report: &serde_json::Value) -> Vec<(String, String)> {
    let text = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap().to_owned();
    report["cases"].as_array().unwrap().iter().map(|line| (text(line, "case"), text(line, "outcome"))).collect()
}

/// An emulator in another process, and its URL.
pub(crate) fn emulator(arguments: &[&str]) -> (Killed, String) {
    let child = conformance(&[&["emulate"], arguments].concat()).stdout(Stdio::piped()).spawn().unwrap();
    let mut emulator = Killed(child);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(emulator.0.stdout.take().unwrap()), &mut line).unwrap();
    let url = line.trim().rsplit(' ').next().unwrap().to_owned();
    (emulator, url)
}

/// A process that ends with the test.
pub(crate) struct Killed(pub(crate) std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
