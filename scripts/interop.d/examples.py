"""Validates every example in an OpenAPI document against its schema, and prints the violations."""

import json
import sys

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

BASE = "urn:document"


def parts_of(operation: dict):
    """Yields parameters and media types, the objects that have a schema and an example."""
    yield from operation.get("parameters", [])
    success = [response for status, response in operation["responses"].items() if status.startswith("2")]
    for holder in [operation.get("requestBody", {}), *success]:
        yield from holder.get("content", {}).values()


def main(path: str) -> int:
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    resource = Resource(contents={"components": document["components"]}, specification=DRAFT202012)
    registry = Registry().with_resource(BASE, resource)
    count = wrong = 0
    for methods in document["paths"].values():
        for operation in methods.values():
            for part in (part for part in parts_of(operation) if "example" in part):
                count += 1
                schema = json.loads(json.dumps(part["schema"]).replace('"#/components', f'"{BASE}#/components'))
                for error in Draft202012Validator(schema, registry=registry).iter_errors(part["example"]):
                    wrong += 1
                    print(f"{operation['operationId']}: {error.json_path}: {error.message[:200]}")
    print(f"{count} examples, {wrong} violations")
    return 1 if wrong or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
