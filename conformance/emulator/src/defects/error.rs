//! Defects: errors of the wrong form.

use crate::defects::edits::{STACK_TRACE, edit_json, is_not_found, rename};
use crate::defects::{Defect, Family, Fault};

pub(super) const ROWS: &[Defect] = &[
    Defect {
        id: "error-wrong-status",
        family: Family::Error,
        summary: "errors for bad input have status 422 instead of the model's 400",
        kills: &["error.status-matches-type"],
        may: &[],
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_some() && response.status == 400 {
                response.status = 422;
            }
        }),
    },
    Defect {
        id: "not-found-as-400",
        family: Family::Error,
        summary: "what does not exist is answered with InvalidRequestException",
        kills: &["error.not-found"],
        may: &[],
        fault: Fault::Reply(|scene, response| {
            if is_not_found(scene) {
                response.status = 400;
                rename(response, Some("InvalidRequestException"));
            }
        }),
    },
    Defect {
        id: "no-error-name",
        family: Family::Error,
        summary: "errors say their name nowhere",
        kills: &["error.discriminator"],
        may: &[],
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_some() {
                rename(response, None);
            }
        }),
    },
    Defect {
        id: "html-error",
        family: Family::Error,
        summary: "errors have an HTML page as body",
        kills: &["error.json-body", "error.no-leak"],
        may: &[],
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_some() {
                response.headers.set("content-type", "text/html");
                response.body = b"<html><body><h1>Bad Request</h1></body></html>".to_vec();
            }
        }),
    },
    Defect {
        id: "crash-on-unknown-id",
        family: Family::Error,
        summary: "an id that does not exist is answered with 500",
        kills: &["error.no-5xx"],
        may: &[],
        fault: Fault::Reply(|scene, response| {
            if is_not_found(scene) {
                response.status = 500;
                rename(response, Some("InternalServiceException"));
            }
        }),
    },
    Defect {
        id: "leak-stack-trace",
        family: Family::Error,
        summary: "messages of errors hold a stack trace",
        kills: &["error.no-leak"],
        may: &[],
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_some() {
                edit_json(response, |body| {
                    body.insert("Message".to_owned(), STACK_TRACE.into());
                });
            }
        }),
    },
    Defect {
        id: "unmodelled-error",
        family: Family::Error,
        summary: "errors have a name that the operation does not model",
        kills: &["error.modelled"],
        may: &[],
        fault: Fault::Reply(|scene, response| {
            if scene.error.is_some_and(|name| name.starts_with("Invalid")) {
                rename(response, Some("UnexpectedInputException"));
            }
        }),
    },
];
