//! The command `connect-model`, as its user meets it.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// The exit code, stdout and stderr of `validate` for a value.
fn validate(model: &Value, value: &Value) -> (Option<i32>, String, String) {
    let path = std::env::temp_dir().join(format!("connect-model-command-{}.json", std::process::id()));
    std::fs::write(&path, model.to_string()).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_connect-model"))
        .args(["validate", "Do", "--model", path.to_str().unwrap()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(value.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    std::fs::remove_file(path).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_value_is_valid_only_if_all_of_it_was_checked() {
    let operation = json!({
        "name": "Do", "http": { "method": "POST", "requestUri": "/do" }, "input": { "shape": "In" },
    });
    let model = json!({
        "metadata": { "endpointPrefix": "x", "protocol": "rest-json", "apiVersion": "1", "serviceId": "X" },
        "operations": { "Do": operation },
        "shapes": {
            "In": { "type": "structure", "members": { "Code": { "shape": "Code" }, "Word": { "shape": "Word" } } },
            "Code": { "type": "string", "pattern": r"^\p{IsBlue}{8}$" },
            "Word": { "type": "string", "max": 3 },
        },
    });
    assert_eq!(validate(&model, &json!({ "Word": "yes" })), (Some(0), String::new(), String::new()));
    let (code, out, err) = validate(&model, &json!({ "Code": "zzz" }));
    assert_eq!((code, out.as_str()), (Some(3), ""), "{err}");
    assert!(err.contains("not checked: /Code: pattern"), "{err}");
    let (code, out, err) = validate(&model, &json!({ "Code": "zzz", "Word": "long" }));
    assert_eq!((code, out.lines().count(), err.lines().count()), (Some(1), 1, 1), "{out}{err}");
}
