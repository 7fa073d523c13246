//! A saved request as a command of another program: a replay, curl, or Python with botocore.

use std::fmt::Write as _;
use std::path::Path;

use connect_model::wire::message::HttpRequest;
use connect_transport::endpoint::Endpoint;

use crate::event::EmulatorInfo;
use crate::report::json::Report;

/// The command that replays a case file.
pub fn replay_command(file: &Path) -> String {
    format!("cargo conformance replay {}", quote(&file.display().to_string()))
}

/// The command that continues a stopped run whose report is in `folder`. A report grants no permission, so the command
/// gives those of the run again.
pub fn resume_command(report: &Report, folder: &Path) -> String {
    let folder = quote(&folder.display().to_string());
    let mut command = format!("cargo conformance run --resume {folder} --report-dir {folder}");
    let settings = &report.settings;
    if !report.target.loopback {
        command.push_str(if settings.allow_writes { " --allow-writes" } else { "" });
        for name in &settings.allow_operation {
            let _ = write!(command, " --allow-operation {}", quote(name));
        }
    }
    command
}

/// The port of the emulator in a command, where the reader must start one first.
pub const EMULATOR_PORT: u16 = 4566;

/// The command that starts an emulator with the settings of a run, on [`EMULATOR_PORT`].
pub fn start_emulator(info: &EmulatorInfo, seed: u64) -> String {
    let mut start = format!("cargo conformance emulate --port {EMULATOR_PORT} --seed {seed}");
    for (flag, value) in [("defect", &info.defect), ("benign", &info.benign)] {
        start += &value.as_ref().map(|id| format!(" --{flag} {id}")).unwrap_or_default();
    }
    start += &info.resources.map(|count| format!(" --resources {count}")).unwrap_or_default();
    start
}

/// A `curl` command that sends the request to `endpoint`, quoted for a POSIX shell. With `sign_as` (region and service),
/// curl signs with the keys of the environment.
///
/// A body that is not text, or that contains a NUL, comes from `printf` through a pipe.
pub fn curl(request: &HttpRequest, endpoint: &Endpoint, sign_as: Option<(&str, &str)>) -> String {
    let mut command = String::from("curl --silent --show-error --include --path-as-is --globoff");
    let _ = write!(command, " \\\n  --request {}", quote(&request.method));
    if let Some((region, service)) = sign_as {
        let _ = write!(command, " \\\n  --aws-sigv4 {}", quote(&format!("aws:amz:{region}:{service}")));
        command.push_str(" \\\n  --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\"");
        command.push_str(" \\\n  ${AWS_SESSION_TOKEN:+--header \"x-amz-security-token: $AWS_SESSION_TOKEN\"}");
    }
    for (name, value) in &request.headers.0 {
        // With an empty value, curl omits the header unless a semicolon follows its name.
        let header = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        let _ = write!(command, " \\\n  --header {}", quote(&header));
    }
    let has_type = request.headers.get("content-type").is_some();
    if !request.body.is_empty() && !has_type {
        command.push_str(" \\\n  --header 'content-type:'");
    }
    match std::str::from_utf8(&request.body) {
        Ok("") => {}
        Ok(text) if !text.contains('\0') => {
            let _ = write!(command, " \\\n  --data-raw {}", quote(text));
        }
        _ => {
            let octal: String = request.body.iter().map(|byte| format!("\\{byte:03o}")).collect();
            command = format!("printf '{octal}' | {command} \\\n  --data-binary @-");
        }
    }
    let _ = write!(command, " \\\n  {}", quote(&endpoint.url_of(&request.uri)));
    command
}

/// A Python program that sends the request to `endpoint` with botocore, byte for byte, and prints the response. With
/// `sign_as` (region and service), botocore signs with the keys that it finds.
pub fn boto3(request: &HttpRequest, endpoint: &Endpoint, sign_as: Option<(&str, &str)>) -> String {
    // A JSON string is also a Python string.
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let body = match std::str::from_utf8(&request.body) {
        Ok(body) => format!("{}.encode()", text(body)),
        Err(_) => {
            let hex: String = request.body.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("bytes.fromhex(\"{hex}\")")
        }
    };
    let mut program = String::from(
        "from botocore.auth import SigV4Auth\nfrom botocore.awsrequest import AWSRequest\n\
         from botocore.httpsession import URLLib3Session\nfrom botocore.session import Session\n\n",
    );
    let (method, url) = (text(&request.method), text(&endpoint.url_of(&request.uri)));
    let _ = writeln!(program, "request = AWSRequest(method={method}, url={url}, data={body})");
    for (name, value) in &request.headers.0 {
        let _ = writeln!(program, "request.headers[{}] = {}", text(name), text(value));
    }
    if let Some((region, service)) = sign_as {
        let (region, service) = (text(region), text(service));
        let _ = writeln!(program, "SigV4Auth(Session().get_credentials(), {service}, {region}).add_auth(request)");
    }
    program.push_str("response = URLLib3Session().send(request.prepare())\n");
    program.push_str("print(response.status_code)\nfor name, value in response.headers.items():\n");
    program.push_str("    print(f\"{name}: {value}\")\nprint()\nprint(response.text)");
    program
}

/// Quotes for a POSIX shell, where necessary.
fn quote(text: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(bare) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn curl_command_survives_a_shell() {
        let endpoint: Endpoint = "http://127.0.0.1:9/stage".parse().unwrap();
        let mut request = HttpRequest {
            method: "PUT".to_owned(),
            uri: "/rules/a%2Fb?x=1&y={z}".to_owned(),
            body: b"{\"Name\":\"it's $HOME `x` \\\"\\n\"}".to_vec(),
            ..HttpRequest::default()
        };
        request.headers.push("content-type", "application/json");
        request.headers.push("x-empty", "");
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

    #[test]
    fn curl_command_signs_with_the_environment() {
        let endpoint: Endpoint = "https://connect.eu-west-2.amazonaws.com".parse().unwrap();
        let request = HttpRequest { method: "GET".to_owned(), uri: "/tags/a".to_owned(), ..HttpRequest::default() };
        let command = curl(&request, &endpoint, Some(("eu-west-2", "connect")));
        assert!(command.contains("--aws-sigv4 aws:amz:eu-west-2:connect"), "{command}");
        assert!(command.contains("\"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\""), "{command}");
    }

    #[test]
    fn python_program_has_every_byte_and_signs_only_signed_requests() {
        let endpoint: Endpoint = "http://127.0.0.1:9".parse().unwrap();
        let mut request = HttpRequest {
            method: "PUT".to_owned(),
            uri: "/rules/a%2Fb".to_owned(),
            body: "{\"Name\":\"it's \\\"é\\u{1b}\"}".as_bytes().to_vec(),
            ..HttpRequest::default()
        };
        request.headers.push("content-type", "application/json");
        let signed = boto3(&request, &endpoint, Some(("eu-west-2", "connect")));
        assert!(signed.contains("SigV4Auth(Session().get_credentials(), \"connect\", \"eu-west-2\")"), "{signed}");
        request.body = b"\xff\x00".to_vec();
        let unsigned = boto3(&request, &endpoint, None);
        assert!(unsigned.contains("data=bytes.fromhex(\"ff00\")") && !unsigned.contains("SigV4Auth("), "{unsigned}");
        assert!(unsigned.contains("url=\"http://127.0.0.1:9/rules/a%2Fb\""), "{unsigned}");
    }
}
