"""Extracts the facts of CloudFormation's schemas of Amazon Connect, as the package cfn-lint has them.

usage: second-contract.py DATA [--write]

Compares the facts with the file DATA; --write replaces it.
"""

import importlib.metadata
import json
import pathlib
import sys

PREFIX = "AWS::Connect::"
BOUNDS = {
    "length": ("minLength", "maxLength"),
    "items": ("minItems", "maxItems"),
    "range": ("minimum", "maximum"),
}
MOST_LEVELS = 6


def schemas():
    """The schemas of the service by the names of their types. cfn-lint keeps one file for each variant of a schema."""
    found = {}
    # The package itself is not imported: that would need its dependencies.
    package = importlib.metadata.distribution("cfn-lint").locate_file("cfnlint")
    for file in sorted(pathlib.Path(package).glob("data/schemas/resources/*.json")):
        text = file.read_text(encoding="utf-8")
        if PREFIX not in text:
            continue
        schema = json.loads(text)
        name = schema.get("typeName", "")
        if name.startswith(PREFIX):
            found.setdefault(name.removeprefix(PREFIX), schema)
    return found


def facts(schema):
    """The facts of one type."""
    handlers = schema.get("handlers", {})
    calls = {
        handler: sorted(call.removeprefix("connect:") for call in value.get("permissions", [])
                        if call.startswith("connect:"))
        for handler, value in sorted(handlers.items())
    }
    names = {
        key: sorted(path.removeprefix("/properties/") for path in schema.get(key, []))
        for key in ("primaryIdentifier", "readOnlyProperties", "createOnlyProperties")
    }
    members = {}
    walk(schema, schema, "", members, 0)
    return {
        "calls": {handler: operations for handler, operations in calls.items() if operations},
        "identifier": names["primaryIdentifier"],
        "readOnly": names["readOnlyProperties"],
        "createOnly": names["createOnlyProperties"],
        "required": sorted(schema.get("required", [])),
        "members": dict(sorted(members.items())),
    }


def walk(root, schema, place, members, level):
    """Collects the constraints of all places below a schema."""
    while "$ref" in schema:
        schema = resolve(root, schema["$ref"])
    if place:
        own = constraints(schema)
        if own:
            members[place] = own
    if level == MOST_LEVELS:
        return
    if place and schema.get("required"):
        members.setdefault(place, {})["required"] = sorted(schema["required"])
    for name, inner in schema.get("properties", {}).items():
        walk(root, inner, f"{place}.{name}" if place else name, members, level + 1)
    if isinstance(schema.get("items"), dict):
        walk(root, schema["items"], f"{place}[]", members, level + 1)


def resolve(root, reference):
    found = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def constraints(schema):
    own = {}
    for word, (least, most) in BOUNDS.items():
        if least in schema or most in schema:
            own[word] = [schema.get(least), schema.get(most)]
    if "enum" in schema:
        own["enum"] = sorted(schema["enum"])
    if "pattern" in schema:
        own["pattern"] = schema["pattern"]
    if schema.get("uniqueItems"):
        own["unique"] = True
    return own


def text(document):
    """JSON with one fact per line."""
    lines = ["{", f'"source": {json.dumps(document["source"])},', '"types": {']
    types = list(document["types"].items())
    for at, (name, facts_) in enumerate(types):
        lines.append(f'"{name}": {{')
        for key in ("calls", "members"):
            inner = [f'  {json.dumps(place)}: {json.dumps(value)}' for place, value in facts_[key].items()]
            lines.append(f' "{key}": {{')
            lines.append(",\n".join(inner))
            lines.append(" },")
        rest = [f' "{key}": {json.dumps(facts_[key])}' for key in ("identifier", "readOnly", "createOnly", "required")]
        lines.append(",\n".join(rest))
        lines.append("}" if at == len(types) - 1 else "},")
    return "\n".join([*lines, "}", "}", ""])


def main():
    data = pathlib.Path(sys.argv[1])
    source = f"cfn-lint {importlib.metadata.version('cfn-lint')}"
    types = {name: facts(schema) for name, schema in sorted(schemas().items())}
    if not types:
        sys.exit(f"{source} has no schemas of {PREFIX}*")
    new = text({"source": source, "types": types})
    if "--write" in sys.argv[2:]:
        data.write_text(new, encoding="utf-8")
    elif not data.exists() or data.read_text(encoding="utf-8") != new:
        sys.exit(f"{data} differs from the schemas of {source}; run scripts/second-contract --write")
    places = sum(len(facts_["members"]) for facts_ in types.values())
    print(f"second contract: {len(types)} types and {places} constrained places of {source}, as in {data}")


main()
