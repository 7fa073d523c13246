//! Tests of routing.

use super::*;

#[test]
fn finds_every_connect_operation_by_its_path() {
    let schema = Schema::connect();
    let router = Router::new(schema);
    for (id, operation) in schema.operations() {
        let path = operation.uri.text.replace(['{', '}'], "");
        let route =
            router.route(&operation.method, &path).unwrap_or_else(|error| panic!("{}: {error}", operation.name));
        assert_eq!(schema[route.operation].name, operation.name);
        assert_eq!(route.operation, id);
        assert_eq!(router.route(&operation.method, &format!("{path}/?x=%zz")).unwrap(), route);
    }
}

#[test]
fn prefers_the_most_specific_path() {
    let router = Router::new(small());
    for (method, uri, expected, labels) in [
        ("GET", "/", "Root", vec![]),
        ("GET", "", "", vec![]),
        ("GET", "/pick/literal", "PickLiteral", vec![]),
        ("GET", "/pick/literal/", "PickLiteral", vec![]),
        ("GET", "/pick/%6Citeral", "PickLiteral", vec![]),
        ("GET", "/pick/literal?kind=a", "PickQuery", vec![]),
        ("GET", "/pick/literal?x&kind=%61", "PickQuery", vec![]),
        ("GET", "/pick/literal?kind=b", "PickLiteral", vec![]),
        ("GET", "/pick/other", "PickLabel", vec![("Id", "other")]),
        ("GET", "/pick/a%2Fb%3Ac", "PickLabel", vec![("Id", "a/b:c")]),
        ("GET", "/pick/a+b", "PickLabel", vec![("Id", "a+b")]),
        ("POST", "/pick/literal", "PickPost", vec![]),
        // The literal branch does not match to the end, so the label is tried next.
        ("PUT", "/pick/literal/deep", "PutLiteral", vec![("Id", "literal")]),
        ("GET", "/pick/literal/other", "PickDeep", vec![]),
        ("GET", "/greedy/a/b", "Greedy", vec![("Id", "a"), ("Path", "b")]),
        ("GET", "/greedy/a/b/c%2Fd/e", "Greedy", vec![("Id", "a"), ("Path", "b/c/d/e")]),
        ("GET", "/greedy/a/b//c/", "Greedy", vec![("Id", "a"), ("Path", "b//c/")]),
        ("GET", "/greedy/a/", "", vec![]),
        ("GET", "/middle/a/b/end", "GreedyMiddle", vec![("Path", "a/b")]),
        ("GET", "/middle/end/end", "GreedyMiddle", vec![("Path", "end")]),
        ("GET", "/middle/end", "", vec![]),
        ("GET", "/middle/a/b", "", vec![]),
        ("GET", "/queries", "", vec![]),
        ("GET", "/queries?literal=1", "", vec![]),
        ("GET", "/queries?bare&literal=1", "Queries", vec![]),
        ("GET", "/queries?bare=&literal=1&text=x", "Queries", vec![]),
        ("GET", "//pick/literal", "", vec![]),
        ("GET", "/pick//", "", vec![]),
        ("GET", "/PICK/literal", "", vec![]),
        ("GET", "pick/literal", "", vec![]),
        ("GET", "*", "", vec![]),
    ] {
        match router.route(method, uri) {
            Ok(route) => {
                assert_eq!(small()[route.operation].name, expected, "{uri}");
                let found: Vec<_> = route.labels.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
                assert_eq!(found, labels, "{uri}");
            }
            Err(error) => {
                assert_eq!(expected, "", "{uri}: {error}");
                assert!(matches!(error, RouteError::UnknownPath { .. }), "{uri}: {error}");
            }
        }
    }
}

#[test]
fn rejects_wrong_methods_and_broken_escapes() {
    let router = Router::new(small());
    let allowed = vec!["GET".to_owned(), "POST".to_owned()];
    assert_eq!(router.route("DELETE", "/pick/literal"), Err(RouteError::MethodNotAllowed { allowed }));
    let allowed = vec!["GET".to_owned()];
    assert_eq!(router.route("get", "/pick/x"), Err(RouteError::MethodNotAllowed { allowed }));
    for text in ["%", "%4", "%zz", "%ff", "%C3%28", "a%", "%ED%A0%80", "%+1"] {
        let expected = RouteError::BadEscape { text: text.to_owned() };
        assert_eq!(router.route("GET", &format!("/pick/{text}")), Err(expected));
    }
}
