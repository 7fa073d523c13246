"""Compares requests and responses of every operation between connect-model and botocore's client.

The client is complete: it validates parameters, builds the request, and parses the response. A stub in place of the
network records the request and returns the response encoded by connect-model.
"""

import base64
import datetime
import itertools
import json
import math
import re
import subprocess
from urllib.parse import urlsplit

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

import core
import kinds
from checks import clip

VALUES = 10
"""Number of inputs and of outputs per operation."""

MOST_PAGES = 50
"""Paging that takes more pages is considered endless."""

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")

# Expected differences between the two. Each is counted, and one that never occurs is a failure.
DIFFERENCES = {
    "idempotency-token": "botocore generates a UUID for an idempotency token that the caller omits; connect-model "
    "encodes only the given value",
    "client-headers": "headers about the client, the connection or the signature are not part of the encoding: "
    "accept-encoding amz-sdk-invocation-id amz-sdk-request authorization content-length host user-agent x-amz-date",
}
CLIENT_HEADERS = set(DIFFERENCES["client-headers"].split(": ")[1].split())


class Stub:
    """Replaces the network: records the request and returns a prepared response."""

    def __init__(self):
        self.sent = None
        self.answer = None

    def __call__(self, request, **_):
        self.sent = request
        status, headers, body = self.answer["status"], self.answer["headers"], body_of(self.answer)
        return AWSResponse(request.url, status, headers, Raw(body))


class Raw:
    """A body with the interface of urllib3 that botocore uses."""

    def __init__(self, body):
        self.body = body

    def stream(self, *_, **__):
        yield self.body


def run(checks, client, model, seed, answered):
    """Runs every part. `answered` is the set of operations that have returned 200 so far; it grows during the run."""
    service = client.meta.service_model
    operations = service.operation_names
    methods = {operation: method for method, operation in client.meta.method_to_api_mapping.items()}
    inputs = generated(model, operations, seed)
    outputs = generated(model, operations, seed, "--output")
    first = {operation: value for operation, value, _ in reversed(inputs)}
    performed = set(answered)
    met = dict.fromkeys(DIFFERENCES, 0)

    def requests_and_responses(checks):
        offline, stub = offline_client()
        checks.equal(sorted(listed(model)), sorted(operations), "both have the same operations")
        for (operation, value, ours), (_, output, response) in zip(inputs, outputs, strict=True):
            shapes = service.operation_model(operation)
            stub.answer = response
            try:
                parsed = call(offline, methods[operation], native(shapes.input_shape, value))
            except Exception as error:  # noqa: BLE001: an error in botocore is the finding
                checks.that(False, f"{operation}: botocore accepts the input and parses the output",
                            f"{error!r} for {clip(value)} and {clip(response)}")
                continue
            theirs = stub.sent
            compare_requests(checks, shapes, value, ours, theirs, met)
            status = parsed.pop("ResponseMetadata")["HTTPStatusCode"]
            checks.equal((status, parsed), (response["status"], native(shapes.output_shape, output)),
                         f"{operation}: the response parsed by botocore")
        for difference, count in met.items():
            checks.that(count, f"difference {difference} occurs; if not, remove it from the list")

    def requests_at_limits(checks):
        offline, stub = offline_client()
        stub.answer = {"status": 200, "headers": {}, "body": "{}"}
        different = set()
        for operation, value, ours in generated(model, operations, seed, "--boundary"):
            shapes = service.operation_model(operation)
            try:
                call(offline, methods[operation], native(shapes.input_shape, value))
            except Exception as error:  # noqa: BLE001: an error in botocore is the finding
                checks.that(False, f"{operation}: botocore accepts the input at the limits", f"{error!r} for {clip(value)}")
                continue
            compare_requests(checks, shapes, value, ours, stub.sent, met)
            different.add((operation, json.dumps(value)))
        print(f"at the limits: {len(different)} different inputs of {len(operations)} operations")

    def live_responses(checks):
        for operation in operations:
            # A generated request may name what does not exist; the life of kinds names what does.
            refused = False
            if operation not in answered:
                try:
                    call(client, methods[operation], first_page(service, operation, first[operation]))
                except client.exceptions.ResourceNotFoundException:
                    refused = True
                except ClientError as error:
                    refused = error.response["Error"]["Code"] in ("InvalidRequestException", "InvalidParameterException")
            checks.that(operation in answered or refused,
                        f"{operation}: the emulator returns 200 or a refusal, and botocore parses it")

    def life_of_kinds(checks):
        kinds.lives(checks, client, json.loads(subprocess.run([model, "graph", "--format", "json"], check=True,
                                                              capture_output=True).stdout),
                    lambda operation: first_page(service, operation, first[operation]))

    def live_paging(checks):
        home = core.fresh(client)["Id"]
        flow = client.create_contact_flow(InstanceId=home, Name=core.name("flow"), Type="CONTACT_FLOW", Content=core.FLOW)
        real = {"InstanceId": home, "ContactFlowId": flow["ContactFlowId"]}
        for operation in filter(lambda name: client.can_paginate(methods[name]), operations):
            value = first_page(service, operation, first[operation])
            if operation in performed:
                value.update({member: item for member, item in real.items() if member in value})
                # Generated search criteria may break rules that are not in the model.
                value = {member: item for member, item in value.items() if not member.startswith("Search")}
            pages = client.get_paginator(methods[operation]).paginate(**value)
            try:
                count = sum(1 for _ in itertools.islice(pages, MOST_PAGES))
            except ClientError:
                # It names what does not exist; live_responses judges the refusal.
                continue
            checks.that(0 < count < MOST_PAGES, f"{operation}: botocore reads all pages", f"{count} pages")

    checks.run([requests_and_responses, requests_at_limits, live_responses, life_of_kinds, live_paging])
    print("expected differences: " + ", ".join(f"{name} {count} times" for name, count in met.items()))


def offline_client():
    """Returns a client whose network is a stub, and the stub."""
    stub = Stub()
    client = boto3.client("connect", region_name="us-east-1", endpoint_url="http://stub.invalid",
                          config=Config(retries={"total_max_attempts": 1}))
    client.meta.events.register("before-send.connect", stub)
    return client, stub


def call(client, method, arguments):
    """Calls a method of the client by name."""
    return getattr(client, method)(**arguments)


def first_page(service, operation, value):
    """Returns generated arguments for a live call, without a page token, which must come from the endpoint."""
    arguments = native(service.operation_model(operation).input_shape, value)
    return {member: item for member, item in arguments.items() if member not in ("NextToken", "MaxResults")}


def compare_requests(checks, shapes, value, ours, theirs, met):
    """Compares one request of each side; counts expected differences in `met`."""
    url, uri = urlsplit(theirs.url), urlsplit(ours["uri"])
    query, our_query = sorted(filter(None, url.query.split("&"))), sorted(filter(None, uri.query.split("&")))
    body, our_body = (json.loads(raw) if raw else None for raw in (theirs.body, body_of(ours)))
    for member, shape in shapes.input_shape.members.items() if shapes.input_shape else ():
        if shape.metadata.get("idempotencyToken") and member not in value:
            key = shape.serialization.get("name", member)
            token = body.pop(key, "") if shape.serialization.get("location") is None else ""
            for pair in [pair for pair in query if pair.startswith(f"{key}=")]:
                query.remove(pair)
                token = pair.removeprefix(f"{key}=")
            checks.that(UUID4.fullmatch(token), f"{shapes.name}: botocore generates a token for {member}", theirs.url)
            met["idempotency-token"] += 1
    headers = {name.lower(): text(content) for name, content in theirs.headers.items()}
    met["client-headers"] += bool(headers.keys() & CLIENT_HEADERS)
    headers = {name: content for name, content in headers.items() if name not in CLIENT_HEADERS}
    checks.equal((ours["method"], uri.path, our_query, ours["headers"], our_body),
                 (theirs.method, url.path, query, headers, body), f"{shapes.name}: the request encoded by botocore")


def native(shape, value):
    """Converts a value of connect-model to the types of botocore: datetimes, bytes, floats."""
    if shape is None:
        return {}
    match shape.type_name:
        case "structure":
            return {name: native(shape.members[name], item) for name, item in value.items()}
        case "list":
            return [native(shape.member, item) for item in value]
        case "map":
            return {key: native(shape.value, item) for key, item in value.items()}
        case "timestamp" if isinstance(value, str):
            return datetime.datetime.fromisoformat(value)
        case "timestamp":
            return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
        case "blob":
            return base64.b64decode(value)
        case "float" | "double":
            return float(value) if math.isfinite(float(value)) else value
        case _:
            return value


def generated(model, operations, seed, *flags):
    """Generates values; returns operation, value and encoded message of each."""
    lines = command(model, ["generate", "--count", str(VALUES), "--seed", str(seed), *flags, *operations])
    is_output = "--output" in flags
    messages = command(model, ["encode", *["--output"] * is_output], "\n".join(lines))
    key = "output" if is_output else "input"
    values = [json.loads(line) for line in lines]
    return [(value["operation"], value[key], json.loads(message))
            for value, message in zip(values, messages, strict=True)]


def listed(model):
    """Returns the names of connect-model's operations."""
    return command(model, ["list", "operations"])


def command(model, arguments, stdin=""):
    """Returns the lines printed by connect-model. Not with splitlines, which also splits at U+2028 inside JSON strings."""
    done = subprocess.run([model, *arguments], input=stdin, capture_output=True, text=True)
    left_out = [line for line in done.stderr.splitlines() if line.startswith("left out: ")]
    if left_out:
        print(f"{len(left_out)} limits are over a budget of the generator, for example: {left_out[0]}")
    if done.returncode:
        raise RuntimeError(f"connect-model {' '.join(arguments[:6])} ended with {done.returncode}: {done.stderr[-500:]}")
    return done.stdout.removesuffix("\n").split("\n")


def body_of(message):
    """Returns the body of a message printed by connect-model."""
    return base64.b64decode(message["bodyBase64"]) if "bodyBase64" in message else message["body"].encode()


def text(content):
    """Returns a header's value as text; botocore stores text or bytes."""
    return content.decode() if isinstance(content, bytes) else content
