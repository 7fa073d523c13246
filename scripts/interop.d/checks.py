"""Assertions that are counted and, on failure, printed. A failure does not end the run."""

import time
import traceback

SHOWN = 600
"""Maximum length of a value in a message."""


class Checks:
    """The assertions made so far."""

    def __init__(self, service):
        # Statuses of the exceptions in botocore's model.
        self.statuses = {shape.name: shape.metadata["error"]["httpStatusCode"] for shape in service.error_shapes}
        self.passed = 0
        self.failed = 0

    def that(self, holds, message, detail=""):
        """Makes an assertion; returns true if it passed."""
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {message}{': ' if detail else ''}{detail}")
        return bool(holds)

    def equal(self, actual, expected, message):
        """Asserts that both values are equal."""
        return self.that(actual == expected, message, f"expected {clip(expected)}, got {clip(actual)}")

    def raises(self, exception, call, message):
        """Asserts that the call raises exactly this modelled exception with its status; returns the parsed error."""
        try:
            call()
        except Exception as error:  # noqa: BLE001: any other exception is reported as the failure
            if not self.that(type(error) is exception, message, f"expected {exception.__name__}, got {error!r}"):
                return {}
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            self.equal(status, self.statuses[exception.__name__], f"{message}: the status of {exception.__name__}")
            return error.response
        self.that(False, message, f"expected {exception.__name__}, got a success")
        return {}

    def run(self, parts, *arguments):
        """Calls each function with these checks and the arguments. An exception counts as one failure."""
        for part in parts:
            started, before = time.monotonic(), (self.passed, self.failed)
            try:
                part(self, *arguments)
            except Exception:  # noqa: BLE001: the other parts must run
                self.that(False, f"{part.__name__} ended early", traceback.format_exc())
            if (self.passed, self.failed) == before:
                self.that(False, f"{part.__name__} checked nothing")
            print(f"{part.__name__}: {self.passed - before[0]} passed, {self.failed - before[1]} failed "
                  f"in {time.monotonic() - started:.1f} s")


def clip(value):
    """Formats a value for a message."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}… ({len(text)} characters)"
