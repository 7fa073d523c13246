"""Counts assertions. A failed one is printed and does not end the run."""

import time
import traceback

SHOWN = 600
"""Characters of a value in a failure's message."""


class Checks:
    """What was asserted so far."""

    def __init__(self, service):
        # Statuses of the exceptions, as botocore's model has them.
        self.statuses = {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in service.error_shapes}
        self.passed = 0
        self.failed = 0

    def that(self, holds, message, detail=""):
        """One assertion; gives back whether it held."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {message}{': ' if detail else ''}{detail}")
        return bool(holds)

    def equal(self, actual, expected, message):
        """Both values are the same."""
        return self.that(actual == expected, message, f"expected {clip(expected)}, got {clip(actual)}")

    def raises(self, exception, call, message):
        """The call fails with exactly this modelled exception and its status; gives back what the response says."""
        try:
            call()
        except Exception as error:  # noqa: BLE001: any other one is the failure that is reported
            if not self.that(type(error) is exception, message, f"expected {exception.__name__}, got {error!r}"):
                return {}
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            self.equal(status, self.statuses[exception.__name__], f"{message}: the status of {exception.__name__}")
            return error.response
        self.that(False, message, f"expected {exception.__name__}, got an answer")
        return {}

    def run(self, parts, *arguments):
        """Runs functions that take these checks and the arguments; an exception is one failure of its function."""
        for part in parts:
            started, before = time.monotonic(), (self.passed, self.failed)
            try:
                part(self, *arguments)
            except Exception:  # noqa: BLE001: the rest shall run
                self.that(False, f"{part.__name__} ended early", traceback.format_exc())
            if (self.passed, self.failed) == before:
                self.that(False, f"{part.__name__} checked nothing")
            print(f"{part.__name__}: {self.passed - before[0]} passed, {self.failed - before[1]} failed "
                  f"in {time.monotonic() - started:.1f} s")


def clip(value):
    """A value for a message."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"
