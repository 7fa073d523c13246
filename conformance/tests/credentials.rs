//! Sources of credentials, region and endpoint, through the program itself. Every service that it asks is a server of this
//! test; the configuration of the machine has no effect.
#![allow(clippy::unwrap_used, clippy::panic)]

mod credential_servers;

use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;

use credential_servers::{assumed, from_now, front, handed_out, serve, signed_by};

const KEY: &str = "ASIATESTKEYONE";
const SECRET: &str = "secret-to-be-hidden";
const TOKEN: &str = "token-to-be-hidden";

/// The first instance of an emulator.
const INSTANCE: &str = "0e7f4a52-6c1b-4d38-9a05-c0ffee5eed01";

/// Variables and their values.
type Environment<'e> = &'e [(&'e str, &'e str)];

/// An empty home directory, removed at the end of a test.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("connect-credentials-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.join(".aws/sso/cache")).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.join(name), text).unwrap();
        self.0.join(name).display().to_string()
    }

    /// The program with these arguments and this environment only.
    fn command(&self, words: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_connect-conformance"));
        command
            .args(words)
            .env_clear()
            .env("NO_COLOR", "1")
            .env("HOME", &self.0)
            .env("AWS_EC2_METADATA_DISABLED", "true");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).envs(environment.iter().copied());
        command
    }

    /// A run of a few trials that only read. Checks that neither output nor reports contain a secret.
    fn run(&self, words: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String) {
        let report = self.0.join("report");
        let _ = std::fs::remove_dir_all(&report);
        let few = ["run", "--operations", "DescribeContactFlow,ListContactFlows", "--checks", "shape"];
        // The account has no flow to describe.
        let undecided = ["--allow-undecided", "100", "--report-dir", report.to_str().unwrap()];
        let words = [&few[..], &undecided, words].concat();
        let Output { status, stdout, stderr } = self.command(&words, environment).output().unwrap();
        let mut text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
        text += &std::fs::read_to_string(report.join("report.json")).unwrap_or_default();
        text += &std::fs::read_to_string(report.join("trials.log")).unwrap_or_default();
        assert!(!text.contains(SECRET) && !text.contains(TOKEN), "{text}");
        (status.code(), text)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn emulator(home: &Home, words: &[&str]) -> (Killed, String) {
    let child = home.command(&[&["emulate"], words].concat(), &[]).stdout(Stdio::piped()).spawn().unwrap();
    let mut emulator = Killed(child);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(emulator.0.stdout.take().unwrap()), &mut line).unwrap();
    (emulator, line.trim().rsplit(' ').next().unwrap().to_owned())
}

#[test]
fn finds_credentials_in_every_source_of_the_aws_tools() {
    let home = Home::new("everywhere");
    let (_emulator, url) = emulator(&home, &["--verify-signatures", &format!("{KEY}:{SECRET}:{TOKEN}")]);
    let (container, _) = serve(|head, _| {
        let may = head.starts_with("GET /role ") && head.contains("authorization: Bearer");
        Some(if may { (200, handed_out(KEY, 3600.0)) } else { (403, "{}".to_owned()) })
    });
    let (imds, _) = serve(|head, _| {
        let path = head.split(' ').nth(1).unwrap();
        Some(match path {
            "/latest/api/token" => (200, "imds-token".to_owned()),
            "/latest/meta-data/iam/security-credentials/" => (200, "role".to_owned()),
            "/latest/meta-data/iam/security-credentials/role" => (200, handed_out(KEY, 3600.0)),
            _ => (404, String::new()),
        })
    });
    let (sts, _) = serve(|_, body| {
        let text = String::from_utf8_lossy(body);
        let action = if text.contains("WebIdentity") { "AssumeRoleWithWebIdentity" } else { "AssumeRole" };
        Some((200, assumed(action)))
    });
    let (sso, _) = serve(|head, _| {
        let keys = serde_json::json!({"accessKeyId": KEY, "secretAccessKey": SECRET, "sessionToken": TOKEN,
                                      "expiration": from_now(3600.0).to_millis().unwrap()});
        let may = head.starts_with("GET /federation/credentials?") && head.contains("sso-access-token");
        may.then(|| (200, serde_json::json!({ "roleCredentials": keys }).to_string()))
    });
    let process = home.write("process.sh", &format!(
        "echo '{{\"Version\": 1, \"AccessKeyId\": \"{KEY}\", \"SecretAccessKey\": \"{SECRET}\", \"SessionToken\": \"{TOKEN}\"}}'\n"
    ));
    let keys = format!("aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\naws_session_token = {TOKEN}\n");
    let base = "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = other\n";
    let role = "role_arn = arn:aws:iam::111122223333:role/r\n";
    let config = home.write("config", &format!(
        "[default]\n{role}credential_source = Ec2InstanceMetadata\n[profile process]\ncredential_process = sh {process}\n\
         {base}[profile assumed]\n{role}source_profile = base\nregion = eu-west-1\n\
         [profile sso]\nsso_session = corporate\nsso_account_id = 111122223333\nsso_role_name = r\n\
         [sso-session corporate]\nsso_start_url = https://corporate.example/start\nsso_region = us-east-1\n"
    ));
    // SHA-1 of the name of the session.
    let cached = serde_json::json!({"accessToken": "sso-access-token", "expiresAt": "2999-01-01T00:00:00Z"});
    home.write(".aws/sso/cache/e276d18d65653fa285155bfd3e11ab029306830c.json", &cached.to_string());
    let own = home.write("own", &format!("[default]\n{keys}"));
    let identity = home.write("identity", "web-identity-token");
    let far = ["--endpoint", &url, "--as-remote", "--instance-id", INSTANCE, "--rps", "5000", "--region", "us-east-1"];
    let near = ["--endpoint", &url, "--region", "us-east-1"];
    let named = |profile: &'static str| [&near[..], &["--profile", profile]].concat();
    let env = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET), ("AWS_SESSION_TOKEN", TOKEN)];
    let containers = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("{container}/role")[..]),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Bearer container-token"),
    ];
    let on_instance = [("AWS_EC2_METADATA_DISABLED", "false"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", &imds)];
    let with_config = |more: &[(&'static str, &str)]| -> Vec<(&str, String)> {
        let more = more.iter().map(|(name, value)| (*name, (*value).to_owned()));
        [("AWS_CONFIG_FILE", config.clone())].into_iter().chain(more).collect()
    };
    let plain = |pairs: &[(&'static str, &str)]| -> Vec<(&str, String)> {
        pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
    };
    let rows = [
        ("environment, far", far.to_vec(), plain(&env)),
        ("environment, near", near.to_vec(), plain(&env)),
        ("keys of the default profile, far", far.to_vec(), plain(&[("AWS_CONFIG_FILE", &own)])),
        ("keys of the default profile, near", near.to_vec(), plain(&[("AWS_CONFIG_FILE", &own)])),
        ("container", far.to_vec(), plain(&containers)),
        ("instance", far.to_vec(), plain(&on_instance)),
        (
            "web identity",
            far.to_vec(),
            plain(&[
                ("AWS_WEB_IDENTITY_TOKEN_FILE", &identity),
                ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/r"),
                ("AWS_ENDPOINT_URL_STS", &sts),
            ]),
        ),
        ("process, named by the flag", named("process"), with_config(&[])),
        // A named profile has precedence.
        ("process, beside other keys", named("process"), {
            with_config(&[("AWS_ACCESS_KEY_ID", "AKIAOTHER"), ("AWS_SECRET_ACCESS_KEY", "other")])
        }),
        ("process, named by the environment", near.to_vec(), with_config(&[("AWS_PROFILE", "process")])),
        ("process, far", far.to_vec(), with_config(&[("AWS_PROFILE", "process")])),
        ("assumed role", named("assumed"), with_config(&[("AWS_ENDPOINT_URL_STS", &sts)])),
        ("single sign-on", named("sso"), with_config(&[("AWS_ENDPOINT_URL_SSO", &sso)])),
    ];
    for (name, words, environment) in rows {
        let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (code, text) = home.run(&words, &environment);
        assert_eq!(code, Some(0), "{name}: {text}");
        assert!(text.contains("\"signed\": true") || text.contains("\"signed\":true"), "{name}: {text}");
    }
}

#[test]
fn reports_missing_credentials_before_the_start() {
    let home = Home::new("trouble");
    let config = home.write("config", "[profile process]\ncredential_process = echo nothing here >&2; exit 3\n\
                                       [profile far]\nregion = eu-west-1\n[profile loop]\nrole_arn = r\nsource_profile = no\n");
    let (broken, _) = serve(|_, _| Some((500, format!("{{\"SecretAccessKey\": \"{SECRET}\"}}"))));
    let (garbage, _) =
        serve(|_, _| Some((200, format!("{{\"SecretAccessKey\": \"{SECRET}\", \"Token\": \"{TOKEN}\""))));
    let container = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    // No endpoint runs there: a run would exit with 2 and say so.
    let near = ["--endpoint", "http://127.0.0.1:9"];
    let far = [&near[..], &["--as-remote"]].concat();
    let named = |profile: &'static str| [&near[..], &["--profile", profile]].concat();
    let aws = vec!["--endpoint", "aws"];
    let (key, secret) = (("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET));
    let no_profile = "profile `none` gives no credentials";
    let asked = "sources asked, in this order: the environment (AWS_ACCESS_KEY_ID)";
    let rows: [(Vec<&str>, Environment<'_>, &[&str]); 16] = [
        (named("none"), &[], &[no_profile]),
        (named("none"), &[key, secret], &[no_profile]),
        (near.to_vec(), &[("AWS_PROFILE", "none")], &[no_profile]),
        (far.clone(), &[("AWS_PROFILE", "none")], &[no_profile]),
        (named("far"), &[], &["profile `far` gives no credentials"]),
        (named("process"), &[], &["profile `process` gives no credentials", "nothing here"]),
        (named("loop"), &[], &["profile `loop` gives no credentials"]),
        (near.to_vec(), &[key], &["AWS_SECRET_ACCESS_KEY is not set"]),
        (far.clone(), &[secret], &["AWS_ACCESS_KEY_ID is not set"]),
        (far.clone(), &[(container, &broken)], &["credentials are not available", "500", asked]),
        (far.clone(), &[(container, &garbage)], &["credentials are not available", asked]),
        (far.clone(), &[(container, "http://192.0.2.1/role")], &["credentials are not available", "192.0.2.1"]),
        (aws.clone(), &[], &["--endpoint aws: which region?"]),
        (aws.clone(), &[("AWS_REGION", "eu-central-1")], &["https://connect.eu-central-1.amazonaws.com takes", asked]),
        (aws.clone(), &[("AWS_REGION", "cn-north-1")], &["https://connect.cn-north-1.amazonaws.com.cn takes", asked]),
        (aws, &[("AWS_ENDPOINT_URL_CONNECT", "nonsense")], &["endpoint `nonsense` has no scheme"]),
    ];
    for (words, environment, parts) in rows {
        let environment = [environment, &[("AWS_CONFIG_FILE", config.as_str())]].concat();
        let (code, text) = home.run(&words, &environment);
        assert_eq!(code, Some(2), "{words:?}: {text}");
        for part in parts {
            assert!(text.contains(part), "{words:?} {environment:?}: {part}: {text}");
        }
        assert!(!text.contains("cannot reach"), "{words:?}: {text}");
    }
}

#[test]
fn names_a_proxy_that_cannot_be_reached() {
    let home = Home::new("proxy");
    // Nothing listens there, and the password is a secret.
    let proxy = format!("http://user:{SECRET}@127.0.0.1:1");
    let words = ["--endpoint", "https://connect.example.com", "--instance-id", "i"];
    let environment =
        [("HTTPS_PROXY", proxy.as_str()), ("AWS_ACCESS_KEY_ID", "AKID"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let (code, text) = home.run(&words, &environment);
    assert_eq!(code, Some(2), "{text}");
    let wanted = ["cannot reach https://connect.example.com through the proxy http://127.0.0.1:1: ", "NO_PROXY"];
    assert!(wanted.iter().all(|part| text.contains(part)), "{text}");
}

#[test]
fn ignores_a_metadata_service_that_rejects_requests() {
    let home = Home::new("forbidden");
    let (_emulator, url) = emulator(&home, &[]);
    let (imds, asked) = serve(|_, _| Some((403, String::new())));
    let on_instance = [("AWS_EC2_METADATA_DISABLED", "false"), ("AWS_EC2_METADATA_SERVICE_ENDPOINT", imds.as_str())];
    let words = ["--endpoint", &url, "--as-remote", "--instance-id", INSTANCE, "--rps", "5000"];
    let (code, text) = home.run(&words, &on_instance);
    assert_eq!((code, text.contains("\"signed\": false")), (Some(0), true), "{text}");
    assert_eq!(asked.lock().unwrap().len(), 1);
    // An endpoint of AWS needs credentials.
    let aws = [&on_instance[..], &[("AWS_REGION", "eu-central-1")]].concat();
    let (code, text) = home.run(&["--endpoint", "aws"], &aws);
    assert_eq!((code, text.contains("takes signed requests only")), (Some(2), true), "{text}");
}

#[test]
fn a_run_on_this_machine_uses_no_network() {
    let home = Home::new("nobody");
    let (_emulator, url) = emulator(&home, &[]);
    let (service, asked) = serve(|_, _| Some((200, handed_out(KEY, 3600.0))));
    let config = home.write(
        "config",
        "[default]\nrole_arn = arn:aws:iam::111122223333:role/r\n\
                                       credential_source = Ec2InstanceMetadata\n",
    );
    let environment = [
        ("AWS_EC2_METADATA_DISABLED", "false"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", service.as_str()),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.as_str()),
        ("AWS_ENDPOINT_URL", service.as_str()),
        ("AWS_ENDPOINT_URL_CONNECT", service.as_str()),
        ("HTTP_PROXY", service.as_str()),
        ("AWS_CONFIG_FILE", config.as_str()),
    ];
    // With the run's own emulator, and with a named endpoint.
    for words in [&[][..], &["--endpoint", &url]] {
        let (code, text) = home.run(words, &environment);
        assert_eq!(code, Some(0), "{text}");
        assert!(text.contains("\"signed\": false"), "{text}");
    }
    assert_eq!(*asked.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn uses_proxies_for_remote_endpoints_except_metadata_services() {
    let home = Home::new("proxy");
    let (proxy, asked) = serve(|_, _| Some((403, "{}".to_owned())));
    // No host has this link-local address.
    let environment = [
        ("HTTP_PROXY", proxy.as_str()),
        ("AWS_EC2_METADATA_DISABLED", "false"),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.255.254"),
    ];
    let endpoint = ["--endpoint", "http://connect.example.test:8080"];
    home.run(&[&endpoint[..], &["--instance-id", INSTANCE, "--rps", "5000"]].concat(), &environment);
    let heads = std::mem::take(&mut *asked.lock().unwrap());
    assert!(!heads.is_empty());
    for head in heads {
        assert!(head.starts_with("GET http://connect.example.test:8080/"), "{head}");
    }
    // A URL would change the dots, so that every request takes the raw path, which needs a tunnel.
    let (code, text) = home.run(&["--endpoint", "http://connect.example.test:8080/a/../b"], &environment);
    assert_eq!((code, text.contains("tunnel")), (Some(2), true), "{text}");
    let heads = std::mem::take(&mut *asked.lock().unwrap());
    assert!(!heads.is_empty());
    for head in heads {
        assert!(head.starts_with("CONNECT connect.example.test:8080 "), "{head}");
    }
}

#[test]
fn renews_expiring_credentials_during_a_run() {
    let home = Home::new("renewed");
    let (_emulator, url) = emulator(&home, &[]);
    // The first credentials are valid for a second and a half; a third request for credentials gets unexpected ones.
    let given = Mutex::new(0);
    let (container, asked) = serve(move |_, _| {
        let mut given = given.lock().unwrap();
        *given += 1;
        let (key, seconds) =
            [("ASIAFIRST", 1.5), ("ASIASECOND", 3600.0)].get(*given - 1).copied().unwrap_or((KEY, 1.0));
        Some((200, handed_out(key, seconds)))
    });
    let (endpoint, requests) = front(&url, |_| None);
    let words = ["--endpoint", &endpoint, "--as-remote", "--instance-id", INSTANCE, "--rps", "3", "--burst", "1"];
    let words = [&words[..], &["--jobs", "8"]].concat();
    let (code, text) = home.run(&words, &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container)]);
    assert_eq!(code, Some(0), "{text}");
    let mut keys: Vec<String> = signed_by(&requests).into_iter().map(|(key, _)| key).collect();
    keys.dedup();
    assert_eq!(keys, ["ASIAFIRST", "ASIASECOND"]);
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[test]
fn replaces_credentials_that_the_endpoint_rejects_as_expired() {
    let home = Home::new("revoked");
    let (_emulator, url) = emulator(&home, &[]);
    let given = Mutex::new(0);
    let (container, asked) = serve(move |_, _| {
        let mut given = given.lock().unwrap();
        *given += 1;
        Some((200, handed_out(["ASIAFIRST", "ASIASECOND"].get(*given - 1).copied().unwrap_or(KEY), 3600.0)))
    });
    let served = Mutex::new(0);
    let (endpoint, requests) = front(&url, move |head| {
        let mut served = served.lock().unwrap();
        *served += u32::from(head.contains("ASIAFIRST"));
        let refused = head.contains("ASIAFIRST") && *served > 5;
        refused.then(|| (403, "{\"message\": \"The security token included in the request is expired\"}".to_owned()))
    });
    let words = ["--endpoint", &endpoint, "--as-remote", "--instance-id", INSTANCE, "--rps", "5000"];
    let (code, text) = home.run(&words, &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container)]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(asked.lock().unwrap().len(), 2);
    assert!(signed_by(&requests).iter().any(|(key, _)| key == "ASIASECOND"));
}

#[test]
fn a_run_that_loses_its_credentials_ends_with_a_report() {
    let home = Home::new("dry");
    let (_emulator, url) = emulator(&home, &[]);
    let given = Mutex::new(0);
    let (container, _) = serve(move |_, _| {
        let mut given = given.lock().unwrap();
        *given += 1;
        Some(if *given == 1 { (200, handed_out(KEY, 1.5)) } else { (500, "{}".to_owned()) })
    });
    let words = ["--endpoint", &url, "--as-remote", "--instance-id", INSTANCE, "--rps", "3", "--burst", "1"];
    let (code, text) = home.run(&words, &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container)]);
    assert!(matches!(code, Some(0 | 3)), "{text}");
    assert!(text.contains("cannot be signed: the credentials have expired and cannot be renewed"), "{text}");
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn the_word_aws_stands_for_the_endpoint_of_the_aws_tools() {
    let home = Home::new("word");
    let (_emulator, url) = emulator(&home, &["--verify-signatures", &format!("{KEY}:{SECRET}")]);
    let keys = [("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let (code, text) = home.run(&["--endpoint", "aws"], &[&keys[..], &[("AWS_ENDPOINT_URL_CONNECT", &url)]].concat());
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(&url), "{text}");
    // Without credentials, the message names the host of AWS, and nothing is sent.
    let config = home.write(
        "config",
        "[default]\nregion = eu-west-1\nendpoint_url = https://all.amazonaws.com\n\
        [profile one]\nservices = mine\nregion = eu-west-2\nendpoint_url = https://all.amazonaws.com\n\
        [services mine]\nconnect =\n  endpoint_url = https://profile.amazonaws.com\n\
        [profile ignoring]\nregion = eu-west-3\nendpoint_url = https://all.amazonaws.com\n\
        ignore_configured_endpoint_urls = true\n[profile plain]\nregion = eu-south-1\n\
        credential_process = exit 1\n",
    );
    let (service, all) = (
        ("AWS_ENDPOINT_URL_CONNECT", "https://service.amazonaws.com"),
        ("AWS_ENDPOINT_URL", "https://every.amazonaws.com"),
    );
    let empty = ("AWS_ENDPOINT_URL_CONNECT", "");
    let ignore = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    let rows: [(Environment<'_>, &[&str], &str); 9] = [
        (&[service, all], &[], "https://service.amazonaws.com"),
        (&[all], &[], "https://every.amazonaws.com"),
        (&[empty, all], &[], "https://every.amazonaws.com"),
        (&[], &[], "https://all.amazonaws.com"),
        (&[ignore], &[], "https://connect.eu-west-1.amazonaws.com"),
        (
            &[ignore, service, all, ("AWS_DEFAULT_REGION", "eu-north-1")],
            &[],
            "https://connect.eu-north-1.amazonaws.com",
        ),
        (&[ignore, ("AWS_DEFAULT_REGION", "b"), ("AWS_REGION", "a")], &[], "https://connect.a.amazonaws.com"),
        (&[ignore, ("AWS_REGION", "a")], &["--region", "c"], "https://connect.c.amazonaws.com"),
        (&[service, ("AWS_REGION", "a")], &["--region", "c"], "https://service.amazonaws.com"),
    ];
    for (environment, words, expected) in rows {
        let environment = [environment, &[("AWS_CONFIG_FILE", config.as_str())]].concat();
        let (code, text) = home.run(&[&["--endpoint", "aws"], words].concat(), &environment);
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(&format!("{expected} takes signed requests only")), "{environment:?}: {text}");
    }
    // As commands; nothing is sent.
    let case = home.write("case.json", &serde_json::json!({
        "case": "ListRules/shape.json", "operation": "ListRules", "check": "shape.json", "level": "must", "rule": "r",
        "pointer": "", "expected": "e", "actual": "a", "endpoint": "http://127.0.0.1:9", "region": "eu-central-1",
        "signing_name": "connect", "signed": true, "emulator": null, "seed": 1,
        "request": {"method": "GET", "uri": "/rules", "headers": [], "body": ""}, "response": {"status": 500, "headers": []},
    }).to_string());
    let rows: [(&[&str], &str, &str); 4] = [
        (
            &["--profile", "one", "--region", "eu-central-1"],
            "https://profile.amazonaws.com/rules",
            "aws:amz:eu-central-1:connect",
        ),
        (
            &["--profile", "ignoring", "--region", "eu-central-1"],
            "https://connect.eu-central-1.amazonaws.com/rules",
            "aws:amz:eu-central-1:connect",
        ),
        // The file chooses no region.
        (&["--profile", "plain"], "the region eu-central-1, and this replay would sign for eu-south-1", "--region"),
        (
            &["--profile", "plain", "--region", "ap-south-1"],
            "https://connect.ap-south-1.amazonaws.com/rules",
            "ap-south-1",
        ),
    ];
    for (words, expected, region) in rows {
        let words = [&["replay", &case, "--curl", "--endpoint", "aws"], words].concat();
        let output = home.command(&words, &[("AWS_CONFIG_FILE", &config)]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(expected) && text.contains(region), "{words:?}: {text}");
    }
}

#[test]
fn uses_the_first_configured_region() {
    let home = Home::new("region");
    let (endpoint, asked) = serve(|_, _| Some((403, "{}".to_owned())));
    let config = home.write("config", "[default]\nregion = eu-west-1\n[profile other]\nregion = eu-west-2\n");
    let rows: [(Environment<'_>, &[&str], &str); 6] = [
        (&[("AWS_CONFIG_FILE", "/dev/null")], &[], "us-east-1"),
        (&[], &[], "eu-west-1"),
        (&[("AWS_PROFILE", "other")], &[], "eu-west-2"),
        (&[("AWS_DEFAULT_REGION", "b")], &[], "b"),
        (&[("AWS_DEFAULT_REGION", "b"), ("AWS_REGION", "a")], &[], "a"),
        (&[("AWS_DEFAULT_REGION", "b"), ("AWS_REGION", "a")], &["--region", "c"], "c"),
    ];
    for (environment, words, expected) in rows {
        asked.lock().unwrap().clear();
        let keys =
            [("AWS_CONFIG_FILE", config.as_str()), ("AWS_ACCESS_KEY_ID", KEY), ("AWS_SECRET_ACCESS_KEY", SECRET)];
        home.run(&[&["--endpoint", &endpoint], words].concat(), &[&keys[..], environment].concat());
        let regions: Vec<String> = signed_by(&asked).into_iter().map(|(_, region)| region).collect();
        assert!(!regions.is_empty() && regions.iter().all(|region| region == expected), "{expected}: {regions:?}");
    }
}
