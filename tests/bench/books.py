"""The ledger of a run: every event sent is delivered, refused, or known to be still on its way. Otherwise the run is void."""
import pathlib


class VoidRun(Exception):
    """The books do not balance, or what was measured failed: its numbers mean nothing."""


def read_bits(path):
    """Bit n is number n."""
    return int.from_bytes(pathlib.Path(path).read_bytes(), "little")


def hook_bits(received, hook, events_max):
    return received >> (hook * events_max) & ((1 << events_max) - 1)


def balance(accepted, unsure, received, events_max, hooks=1, waiting=0):
    """Raises VoidRun unless each accepted event reached every hook, but for `waiting` deliveries, and no other event did.

    An event without an answer may have arrived or not. waiting: deliveries that are counted elsewhere.
    -> {"missing": number, "unsure_delivered": number}
    """
    missing = unasked = unsure_delivered = 0
    for hook in range(hooks):
        seen = hook_bits(received, hook, events_max)
        missing += (accepted & ~seen).bit_count()
        unasked += (seen & ~(accepted | unsure)).bit_count()
        unsure_delivered += (seen & unsure).bit_count()
    unasked += (received >> (hooks * events_max)).bit_count()
    if unasked:
        raise VoidRun(f"the ledger does not balance: {unasked} deliveries of events that were not accepted")
    if missing != waiting:
        raise VoidRun(f"the ledger does not balance: {missing} deliveries missing, {waiting} known to wait")
    return {"missing": missing, "unsure_delivered": unsure_delivered}


def check_generator(result):
    """What was sent has an answer or is counted as unsure."""
    if result["sent"] != result["accepted"] + result["refused"] + result["unsure"]:
        raise VoidRun(f"the generator's books do not balance: {result}")
    if result["refused"]:
        raise VoidRun(f"{result['refused']} of {result['sent']} events refused: {result['first_refusal']}")
