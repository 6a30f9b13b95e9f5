"""Waiting for a condition, never for a time."""
import time


def wait_until(condition, what, timeout_s=30, every_s=0.02):
    """The first true answer of the condition. An AssertionError in it counts as not yet, and is told when time runs out."""
    deadline = time.monotonic() + timeout_s
    while True:
        reason = ""
        try:
            answer = condition()
            if answer:
                return answer
        except AssertionError as error:
            reason = f": {error}"
        assert time.monotonic() < deadline, f"{what} did not come within {timeout_s} s{reason}"
        time.sleep(every_s)
