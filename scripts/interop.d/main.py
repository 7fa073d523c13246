"""Runs every part and prints failures. The last line is "N passed, M failed"."""

import argparse
import sys

import boto3
import botocore
from botocore.config import Config

import access
import core
import messages
from checks import Checks


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True, help="URL of a running emulator")
    parser.add_argument("--model", required=True, help="path of the command connect-model")
    parser.add_argument("--vectors", required=True, help="path of conformance/tests/sigv4.json")
    parser.add_argument("--seed", type=int, default=1, help="seed of the generated values")
    arguments = parser.parse_args()
    print(f"boto3 {boto3.__version__}, botocore {botocore.__version__}, endpoint {arguments.endpoint}, "
          f"seed {arguments.seed}")

    config = Config(retries={"total_max_attempts": 1}, proxies={}, read_timeout=20)
    client = boto3.client("connect", endpoint_url=arguments.endpoint, region_name="us-east-1", config=config)
    checks = Checks(client.meta.service_model)
    answered = set()
    client.meta.events.register(
        "after-call.connect", lambda http_response, model, **_: answered.add(model.name)
        if http_response.status_code == 200 else None)

    checks.run(core.PARTS, client)
    checks.run([access.unusual_requests], client, arguments.endpoint, arguments.vectors)
    messages.run(checks, client, arguments.model, arguments.seed, answered)

    if checks.passed + checks.failed == 0:
        checks.that(False, "nothing was checked")
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
