//! The twin rule: the rejection of a faulty request counts only if its twin, the same request without the fault, is not
//! rejected the same way. The rejections of an endpoint that rejects everything prove nothing.

use crate::client::reply::Reply;

/// Compares the reply to a faulty request with the reply to its twin.
///
/// # Errors
/// The reason why the rejection proves nothing about the fault.
pub(crate) fn distinguishes(faulty: &Reply, twin: &Reply) -> Result<(), String> {
    match (twin, twin.refusal()) {
        (Reply::Trouble(why, _) | Reply::Unsupported(why), _) => Err(format!("the valid twin: {why}")),
        (_, Some(refusal)) if faulty.refusal() == Some(refusal) => {
            Err(format!("the valid twin was rejected the same way: {}", twin.describe()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use connect_model::schema::Schema;
    use connect_model::wire::message::HttpResponse;
    use connect_transport::exchange::Exchange;

    use super::*;
    use crate::client::reply::{Trouble, classify};

    fn reply(status: u16, error: &str) -> Reply {
        let mut response = HttpResponse { status, ..HttpResponse::default() };
        response.headers.push("x-amzn-errortype", error);
        let exchange = Exchange::answered("ListRules", response);
        let schema = Schema::connect();
        let operation = schema.operation_named("ListRules").unwrap_or_else(|| unreachable!("ListRules is modelled"));
        classify(schema, operation, Ok(exchange), true).0
    }

    #[test]
    fn a_twin_without_a_response_or_with_the_same_rejection_proves_nothing() {
        let faulty = reply(400, "InvalidRequestException");
        for (twin, expected) in [
            (reply(200, ""), true),
            (reply(404, "ResourceNotFoundException"), true),
            (reply(400, "InvalidParameterException"), true),
            (reply(400, "InvalidRequestException"), false),
            (Reply::Trouble("timeout".to_owned(), Trouble::Lost), false),
        ] {
            assert_eq!(distinguishes(&faulty, &twin).is_ok(), expected, "{}", twin.describe());
        }
    }
}
