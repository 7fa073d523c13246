//! Things of others that the user names with `--known`: requests that read name them, none that writes does, and what does not
//! exist is said.
#![allow(clippy::unwrap_used, clippy::panic)]

mod program;

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use connect_emulator::{Config, Service};
use connect_model::schema::Schema;
use connect_model::semantics::danger::{Danger, danger};
use connect_model::wire::message::{Headers, HttpRequest, HttpResponse};
use connect_model::wire::{Router, encode_request};
use program::{Ended, Folder, output};
use serde_json::{Value, json};

const ACCOUNT: &str = "111122223333";

/// Creations that this endpoint refuses, as an account without a quota for them does.
const REFUSED: [&str; 2] = ["CreateQueue", "CreateHoursOfOperation"];

/// An emulator that keeps every request, and makes no queues and hours once it is asked over the network.
struct Recording {
    service: Arc<Service>,
    url: String,
    requests: Arc<Mutex<Vec<HttpRequest>>>,
}

impl Recording {
    fn start() -> Self {
        let service = Arc::new(Service::new(Schema::connect(), &Config { resources: 2, ..Config::default() }));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answering, recorded) = (Arc::clone(&service), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (service, requests) = (Arc::clone(&answering), Arc::clone(&recorded));
                // A client that hangs up is none of our business.
                std::thread::spawn(move || drop(answer(&stream, &service, &requests)));
            }
        });
        Self { service, url, requests }
    }

    fn ask(&self, operation: &str, input: &Value) -> Value {
        let schema = Schema::connect();
        let request = encode_request(schema, schema.operation_named(operation).unwrap(), input).unwrap();
        let response = self.service.handle(&request);
        assert_eq!(response.status, 200, "{operation}: {}", String::from_utf8_lossy(&response.body));
        serde_json::from_slice(&response.body).unwrap()
    }

    /// Hours of operation, and a queue with them: id and ARN.
    fn queue(&self) -> [String; 3] {
        let instance = self.service.instance_name();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let hours = json!({ "InstanceId": instance, "Name": "theirs", "TimeZone": "UTC", "Config": [] });
        let hours = text(&self.ask("CreateHoursOfOperation", &hours)["HoursOfOperationId"]);
        let queue = json!({ "InstanceId": instance, "Name": "theirs", "HoursOfOperationId": hours });
        let queue = self.ask("CreateQueue", &queue);
        [hours, text(&queue["QueueId"]), text(&queue["QueueArn"])]
    }

    /// Runs the program as on a real account, with these things.
    fn run(&self, folder: &Folder, known: &str, words: &[&str]) -> Ended {
        let (file, report) = (folder.write("known.toml", known), folder.at("report"));
        let (instance, journal) = (self.service.instance_name(), folder.at("journal"));
        let usual = ["run", "--endpoint", &self.url, "--as-remote", "--instance-id", &instance, "--seed", "3"];
        let more = ["--rps", "2000", "--burst", "500", "--report-dir", &report, "--journal", &journal];
        output(&[&usual[..], &more, &["--known", file.to_str().unwrap()], words].concat())
    }
}

fn answer(stream: &TcpStream, service: &Service, requests: &Mutex<Vec<HttpRequest>>) -> std::io::Result<()> {
    let (mut reader, mut stream) = (BufReader::new(stream), stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ').map(str::to_owned);
    let (method, uri) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Headers::default();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push(&name.to_ascii_lowercase(), value.trim());
        }
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let request = HttpRequest { method, uri, headers, body };
    let route = Router::new(Schema::connect()).route(&request.method, &request.uri);
    let is_refused = route.is_ok_and(|route| REFUSED.contains(&Schema::connect()[route.operation].name.as_str()));
    let response = if is_refused {
        let mut headers = Headers::default();
        headers.push("x-amzn-errortype", "LimitExceededException");
        headers.push("content-type", "application/json");
        HttpResponse { status: 429, headers, body: b"{\"Message\":\"no more\"}".to_vec() }
    } else {
        service.handle(&request)
    };
    requests.lock().unwrap().push(request);
    write!(
        stream,
        "HTTP/1.1 {} x\r\nconnection: close\r\ncontent-length: {}\r\n",
        response.status,
        response.body.len()
    )?;
    for (name, value) in &response.headers.0 {
        if name != "content-length" {
            write!(stream, "{name}: {value}\r\n")?;
        }
    }
    stream.write_all(b"\r\n")?;
    stream.write_all(&response.body)
}

#[test]
fn no_write_names_what_others_made() {
    let (folder, recording) = (Folder::new("known-writes"), Recording::start());
    let [hours, queue, arn] = recording.queue();
    let known = format!("HoursOfOperation = [\"{hours}\"]\nQueue = [{{ id = \"{queue}\", arn = \"{arn}\" }}]\n");
    let allowed = ["--allow-writes", "--account", ACCOUNT, "--settle", "1"];
    let operations = "DescribeQueue,UpdateQueueName,DeleteQueue,ListQueueQuickConnects,AssociateQueueQuickConnects,ListHoursOfOperationOverrides";
    let cases = ["--operations", operations, "--checks", "shape,pagination,error"];
    let (code, stdout, stderr) = recording.run(&folder, &known, &[&allowed[..], &cases].concat());
    assert!([Some(0), Some(3)].contains(&code), "{stdout}{stderr}");
    let (schema, requests) = (Schema::connect(), recording.requests.lock().unwrap());
    let router = Router::new(schema);
    let (mut read, mut written) = (BTreeSet::new(), BTreeSet::new());
    for request in requests.iter() {
        let text = format!("{} {}", request.uri, String::from_utf8_lossy(&request.body));
        let names = [&hours, &queue].into_iter().any(|id| text.contains(id));
        let Ok(route) = router.route(&request.method, &request.uri) else {
            assert!(!names, "{} {text}", request.method);
            continue;
        };
        let operation = &schema[route.operation];
        match danger(schema, operation) {
            Danger::Read if names => drop(read.insert(operation.name.as_str())),
            Danger::Read => {}
            _ if names => panic!("{} {text}", request.method),
            _ => drop(written.insert(operation.name.as_str())),
        }
    }
    // It writes, and the reads reach them.
    assert!(written.len() > 2, "{written:?}");
    for operation in ["DescribeQueue", "ListQueueQuickConnects", "ListHoursOfOperationOverrides"] {
        assert!(read.contains(operation), "{operation} {read:?}");
    }
    // A list is filled by writes that name what it is of.
    let report = folder.report("report").to_string();
    assert!(report.contains(&format!("it writes and names `{queue}`")), "the gate was not tried: {stdout}");
}

#[test]
fn what_does_not_exist_is_said_and_is_no_finding() {
    let (folder, recording) = (Folder::new("known-gone"), Recording::start());
    let [_, queue, _] = recording.queue();
    let cases = ["--operations", "DescribeQueue", "--checks", "shape"];
    let (code, stdout, stderr) = recording.run(&folder, &format!("Queue = [\"{queue}\"]"), &cases);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.contains("1 of 1 operations reached"), "{stdout}");
    let gone = queue.replace(|c: char| c.is_ascii_digit(), "0");
    let (code, stdout, stderr) = recording.run(&folder, &format!("Queue = [\"{gone}\", \"{queue}\"]"), &cases);
    assert_eq!(code, Some(4), "{stdout}{stderr}");
    assert!(stdout.contains(&format!("stale: the queue `{gone}` of --known does not exist")), "{stdout}");
    assert_eq!(folder.report("report")["coverage"]["reach"], json!({ "covered": 1, "total": 1 }));
    // Without one that exists, nothing is reached, and nothing is wrong.
    let (code, stdout, stderr) = recording.run(&folder, &format!("Queue = [\"{gone}\"]"), &cases);
    let report = folder.report("report");
    assert_eq!((code, &report["totals"]["failed"]), (Some(3), &json!(0)), "{stdout}{stderr}");
    let why = report["coverage"]["operations_reached"]["not_reached"]["DescribeQueue"].as_str().unwrap();
    assert!(why.starts_with("404 ResourceNotFoundException"), "{why}");
}

#[test]
fn a_wrong_file_is_refused_before_anything_is_sent() {
    let (folder, recording) = (Folder::new("known-wrong"), Recording::start());
    for command in ["run", "plan"] {
        let file = folder.write("wrong.toml", "Queues = [\"a\"]");
        let words = [command, "--endpoint", &recording.url, "--instance-id", "i", "--known", file.to_str().unwrap()];
        let (code, stdout, stderr) = output(&words);
        assert_eq!(code, Some(2), "{stdout}{stderr}");
        assert!(stderr.contains("unknown kind `Queues`; did you mean `Queue`"), "{stderr}");
    }
    assert!(recording.requests.lock().unwrap().is_empty());
    let (code, _, stderr) = output(&["run", "--known", "x.toml"]);
    assert_eq!(code, Some(2), "{stderr}");
}
