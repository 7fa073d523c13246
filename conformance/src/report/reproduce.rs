//! A saved request as a command of another program: a replay, curl, or Python with botocore.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use connect_transport::endpoint::{Endpoint, EndpointError};
use connect_transport::parsed::{ParsedRequest, Region, ServiceName};

use crate::event::EmulatorInfo;
use crate::report::json::Report;
use crate::report::quote::{octal, python, shell};

/// The start of a command that replays a case file.
pub const REPLAY: &str = "cargo conformance replay";

/// Region and service to sign for.
pub type SignAs<'a> = (&'a Region, &'a ServiceName);

/// The command that replays a case file.
pub fn replay_command(file: &Path) -> String {
    format!("{REPLAY} {}", shell(&file.display().to_string()))
}

/// The command that continues a stopped run whose report is in `folder`, without what only the user may choose.
pub fn resume(folder: &Path) -> String {
    let folder = shell(&folder.display().to_string());
    format!("cargo conformance run --resume {folder} --report-dir {folder}")
}

/// The command that continues a stopped run whose report is in `folder`. A report grants no permission and chooses no endpoint
/// on another machine, so the command gives those of the run again.
pub fn resume_command(report: &Report, folder: &Path) -> String {
    let mut command = resume(folder);
    let (settings, target) = (&report.settings, &report.target);
    let mut flag = |name: &str, text: Option<&str>| {
        if let Some(text) = text {
            let _ = write!(command, " --{name} {}", shell(text));
        }
    };
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    flag("model", path(&settings.model).as_deref());
    flag("journal", path(&settings.journal).as_deref());
    flag("profile", settings.profile.as_deref());
    if !target.endpoint.is_loopback() {
        flag("endpoint", Some(&target.endpoint.to_string()));
        flag("region", Some(target.region.as_ref()));
    } else if settings.as_remote {
        flag("endpoint", Some(&target.endpoint.to_string()));
        flag("instance-id", target.instance_id.as_deref());
        flag("account", settings.account.as_deref());
        command.push_str(" --as-remote");
    }
    if !target.loopback {
        command.push_str(if settings.allow_writes { " --allow-writes" } else { "" });
        for name in &settings.allow_operation {
            let _ = write!(command, " --allow-operation {}", shell(name));
        }
        for (name, value) in settings.faster_than_usual() {
            let _ = write!(command, " --{name} {}", shell(&value));
        }
    }
    command
}

/// The port of the emulator in a command, where the reader must start one first.
pub const EMULATOR_PORT: u16 = 4566;

/// The endpoint of that emulator.
///
/// # Errors
/// Never in practice: the URL is well-formed.
pub fn started_emulator() -> Result<Endpoint, EndpointError> {
    format!("http://127.0.0.1:{EMULATOR_PORT}").parse()
}

/// The command that starts an emulator with the settings of a run, on [`EMULATOR_PORT`].
pub fn start_emulator(info: &EmulatorInfo, seed: u64) -> String {
    let mut start = format!("cargo conformance emulate --port {EMULATOR_PORT} --seed {seed}");
    for (flag, value) in [("defect", &info.defect), ("benign", &info.benign)] {
        start += &value.as_ref().map(|id| format!(" --{flag} {}", shell(id))).unwrap_or_default();
    }
    start += &info.resources.map(|count| format!(" --resources {count}")).unwrap_or_default();
    start
}

/// A `curl` command that sends the request to `endpoint`, quoted for a POSIX shell. With `sign_as` (region and service),
/// curl signs with the keys of the environment.
///
/// A body that is not text, or that contains a NUL, comes from `printf` through a pipe.
pub fn curl(request: &ParsedRequest, endpoint: &Endpoint, sign_as: Option<SignAs<'_>>) -> String {
    let mut command = String::from("curl --silent --show-error --include --path-as-is --globoff");
    let _ = write!(command, " \\\n  --request {}", shell(request.method.as_str()));
    if let Some((region, service)) = sign_as {
        let _ = write!(command, " \\\n  --aws-sigv4 {}", shell(&format!("aws:amz:{region}:{service}")));
        command.push_str(" \\\n  --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\"");
        command.push_str(" \\\n  ${AWS_SESSION_TOKEN:+--header \"x-amz-security-token: $AWS_SESSION_TOKEN\"}");
    }
    for (name, value) in &request.headers.headers().0 {
        // With an empty value, curl omits the header unless a semicolon follows its name.
        let header = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        let _ = write!(command, " \\\n  --header {}", shell(&header));
    }
    let has_type = request.headers.headers().get("content-type").is_some();
    if !request.body.is_empty() && !has_type {
        command.push_str(" \\\n  --header 'content-type:'");
    }
    match std::str::from_utf8(&request.body) {
        Ok("") => {}
        Ok(text) if !text.contains('\0') => {
            let _ = write!(command, " \\\n  --data-raw {}", shell(text));
        }
        _ => {
            command = format!("printf '{}' | {command} \\\n  --data-binary @-", octal(&request.body));
        }
    }
    let _ = write!(command, " \\\n  {}", shell(&endpoint.for_others().url_of(&request.path)));
    command
}

/// A Python program that sends the request to `endpoint` with botocore, byte for byte, and prints the response. With
/// `sign_as` (region and service), botocore signs with the keys that it finds.
pub fn boto3(request: &ParsedRequest, endpoint: &Endpoint, sign_as: Option<SignAs<'_>>) -> String {
    let body = match std::str::from_utf8(&request.body) {
        Ok(body) => format!("{}.encode()", python(body)),
        Err(_) => {
            let hex: String = request.body.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("bytes.fromhex(\"{hex}\")")
        }
    };
    let mut program = String::from(
        "from botocore.auth import SigV4Auth\nfrom botocore.awsrequest import AWSRequest\n\
         from botocore.httpsession import URLLib3Session\nfrom botocore.session import Session\n\n",
    );
    let (method, url) = (python(request.method.as_str()), python(&endpoint.for_others().url_of(&request.path)));
    let _ = writeln!(program, "request = AWSRequest(method={method}, url={url}, data={body})");
    for (name, value) in &request.headers.headers().0 {
        let _ = writeln!(program, "request.headers[{}] = {}", python(name), python(value));
    }
    if let Some((region, service)) = sign_as {
        let (region, service) = (python(region.as_str()), python(service.as_str()));
        let _ = writeln!(program, "SigV4Auth(Session().get_credentials(), {service}, {region}).add_auth(request)");
    }
    program.push_str("response = URLLib3Session().send(request.prepare())\n");
    program.push_str("print(response.status_code)\nfor name, value in response.headers.items():\n");
    program.push_str("    print(f\"{name}: {value}\")\nprint()\nprint(response.text)");
    program
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use connect_model::wire::message::Headers;

    use super::*;

    fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> ParsedRequest {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ParsedRequest {
            method: method.parse().unwrap(),
            path: path.parse().unwrap(),
            headers: Headers(headers).try_into().unwrap(),
            body: body.to_vec(),
        }
    }

    fn sign_as() -> (Region, ServiceName) {
        ("eu-west-2".parse().unwrap(), "connect".parse().unwrap())
    }

    #[test]
    fn curl_command_survives_a_shell() {
        let endpoint: Endpoint = "http://127.0.0.1:9/stage".parse().unwrap();
        let headers = [("content-type", "application/json"), ("x-empty", "")];
        let body = b"{\"Name\":\"it's $HOME `x` \\\"\\n\"}";
        let mut request = request("PUT", "/rules/a%2Fb?x=1&y={z}", &headers, body);
        let command = curl(&request, &endpoint, None);
        // This function replaces curl and prints its arguments, one per line.
        let script = format!("curl() {{ printf '%s\\n' \"$@\"; }}\n{command}");
        let output = std::process::Command::new("sh").arg("-c").arg(&script).output().unwrap();
        let arguments = String::from_utf8(output.stdout).unwrap();
        let expected = "--silent\n--show-error\n--include\n--path-as-is\n--globoff\n--request\nPUT\n\
             --header\ncontent-type: application/json\n--header\nx-empty;\n\
             --data-raw\n{\"Name\":\"it's $HOME `x` \\\"\\n\"}\n\
             http://127.0.0.1:9/stage/rules/a%2Fb?x=1&y={z}\n";
        assert_eq!(arguments, expected);

        request.body = b"\x00'\xff%s\\".to_vec();
        let script = format!("curl() {{ cat; }}\n{}", curl(&request, &endpoint, None));
        let output = std::process::Command::new("sh").arg("-c").arg(&script).output().unwrap();
        assert_eq!(output.stdout, request.body);
    }

    /// Python and older versions of curl ask a name server for names under localhost.
    #[test]
    fn printed_commands_ask_no_name_server_for_this_machine() {
        let request = request("GET", "/tags/a", &[], b"");
        for (endpoint, url) in [
            ("http://connect.localhost:9/p", "http://127.0.0.1:9/p/tags/a"),
            ("https://a.LOCALHOST", "https://127.0.0.1:443/tags/a"),
            ("http://localhost:9", "http://localhost:9/tags/a"),
        ] {
            let endpoint: Endpoint = endpoint.parse().unwrap();
            for text in [curl(&request, &endpoint, None), boto3(&request, &endpoint, None)] {
                assert!(text.contains(url) && !text.to_lowercase().contains(".localhost"), "{text}");
            }
        }
    }

    #[test]
    fn curl_command_signs_with_the_environment() {
        let endpoint: Endpoint = "https://connect.eu-west-2.amazonaws.com".parse().unwrap();
        let (region, service) = sign_as();
        let command = curl(&request("GET", "/tags/a", &[], b""), &endpoint, Some((&region, &service)));
        assert!(command.contains("--aws-sigv4 aws:amz:eu-west-2:connect"), "{command}");
        assert!(command.contains("\"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\""), "{command}");
    }

    #[test]
    fn python_program_has_every_byte_and_signs_only_signed_requests() {
        let endpoint: Endpoint = "http://127.0.0.1:9".parse().unwrap();
        let body = "{\"Name\":\"it's \\\"é\\u{1b}\"}".as_bytes();
        let mut request = request("PUT", "/rules/a%2Fb", &[("content-type", "application/json")], body);
        let (region, service) = sign_as();
        let signed = boto3(&request, &endpoint, Some((&region, &service)));
        assert!(signed.contains("SigV4Auth(Session().get_credentials(), \"connect\", \"eu-west-2\")"), "{signed}");
        request.body = b"\xff\x00".to_vec();
        let unsigned = boto3(&request, &endpoint, None);
        assert!(unsigned.contains("data=bytes.fromhex(\"ff00\")") && !unsigned.contains("SigV4Auth("), "{unsigned}");
        assert!(unsigned.contains("url=\"http://127.0.0.1:9/rules/a%2Fb\""), "{unsigned}");
    }
}
