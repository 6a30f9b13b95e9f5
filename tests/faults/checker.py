"""The judge: what was promised, against what arrived and what is left.

Four multisets, as for any queue: attempted (posted), accepted (a 2xx), delivered (seen by the receiver, or among the dead letters where
a receiver never says yes), and what the store holds. Whatever got no answer may be there or not. The run must have been drained.
Pure: it reads nothing and waits for nothing, so that its own tests can feed it histories that are wrong.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

ANSWER_WITHIN_S = 30
EXAMPLES = 3


@dataclass
class Bounds:
    duplicates: int = 0             # POSTs beyond the first, over all
    durability: str = "fsync"       # what each 2xx must have said
    in_doubt: tuple = ()            # spans of time (from, to): calls that touch them may have been told "relaxed", a lower promise
    lost_between: tuple = ()        # spans of time (from, to): accepts within them may be lost, and come again under another id
    uncounted: tuple = ()           # organizations whose counters were broken on purpose
    are_records_broken: bool = False  # on purpose


@dataclass
class Verdict:
    counts: dict = field(default_factory=dict)
    failures: list = field(default_factory=list)

    def fail_for(self, what, items):
        items = list(items)
        if items:
            shown = ", ".join(str(item) for item in items[:EXAMPLES])
            self.failures.append(f"{what}: {len(items)} ({shown}{', …' if len(items) > EXAMPLES else ''})")
        return len(items)


@dataclass
class _Accept:
    ids: set = field(default_factory=set)
    at: float = 0.0


def check(history, receipts, state, wants, bounds):
    verdict = Verdict()
    accepted = _check_answers(history, bounds, verdict)
    attempted = {record[0] for record in history}
    delivered = _check_receipts(receipts, attempted, wants, state, bounds, verdict)
    _check_arrival(accepted, delivered, state, wants, bounds, verdict)
    _check_duplicates(delivered, wants, bounds, verdict)
    _check_fanout(state, wants, bounds, verdict)
    _check_rest(state, verdict)
    verdict.counts |= {"attempted": len(attempted), "acked": len(accepted), "unknown": len(attempted - accepted.keys()),
                       "recovered": len(attempted & {value for value, _ in delivered} - accepted.keys())}
    if not accepted:
        verdict.failures.append("nothing was accepted: the run says nothing")
    return verdict


def _check_answers(history, bounds, verdict):
    accepted, wrong_word = {}, []
    for value, kind, what, _, durability, start, end in history:
        if kind == "ack":
            accept = accepted.setdefault(value, _Accept(at=end))
            accept.ids.add(what)
            doubted = durability == "relaxed" and any(start < to and end > since for since, to in bounds.in_doubt)
            if durability != bounds.durability and not doubted:
                wrong_word.append(f"{value} {durability}")
    verdict.fail_for(f"accepts that do not say {bounds.durability}", wrong_word)
    if not bounds.lost_between:
        verdict.fail_for("events accepted under more than one id", (value for value, accept in accepted.items() if len(accept.ids) > 1))
    verdict.fail_for("calls answered with an error", (
        f"{record[0]} {record[2]}" for record in history if record[1] == "error"))
    verdict.fail_for(f"calls not answered within {ANSWER_WITHIN_S} s", (
        record[0] for record in history if record[6] - record[5] > ANSWER_WITHIN_S))
    return accepted


def _check_receipts(receipts, attempted, wants, state, bounds, verdict):
    """Receipts by (value, path). What the receiver saw must have been posted, wanted there, and be whole."""
    delivered, unexpected, wrong_body = defaultdict(list), [], []
    for receipt in receipts:
        _, path, event_id, _, value, hash_seen, _ = receipt
        event = wants.event(value) if value in attempted else None
        endpoint = wants.by_path.get(path)
        if event is None or endpoint is None or endpoint not in wants.endpoints(event):
            unexpected.append(f"{value} at {path}")
        elif hash_seen != event.body_hash(event_id):
            wrong_body.append(f"{value} at {path}")
        else:
            delivered[value, path].append(receipt)
    ids = defaultdict(set)
    for (value, _), of_it in delivered.items():
        ids[value] |= {receipt[2] for receipt in of_it}
    verdict.counts["unexpected"] = verdict.fail_for("unexpected deliveries", unexpected)
    verdict.fail_for("bodies that are not what was posted", wrong_body)
    if not bounds.lost_between:
        verdict.fail_for("events delivered under more than one id", (value for value, of_it in ids.items() if len(of_it) > 1))
    verdict.fail_for("deliveries that Redis calls done and nobody received", _never_received(attempted, delivered, state, wants))
    return delivered


def _never_received(attempted, delivered, state, wants):
    paths = {endpoint.id: path for path, endpoint in wants.by_path.items()}
    for event_id, record in state.records.items():
        value = state.events.get(event_id, ("", ""))[1]
        for endpoint_id, words in record.items():
            if value in attempted and words.startswith("delivered ") and (value, paths.get(endpoint_id)) not in delivered:
                yield f"{event_id} {endpoint_id}"


def _check_arrival(accepted, delivered, state, wants, bounds, verdict):
    """lost: accepted, and missing at an endpoint that wants it."""
    dead = {(letter["event"], letter["endpoint"]) for letter in state.dead}
    lost, excused, not_dead = [], 0, []
    for value, accept in accepted.items():
        event = wants.event(value)
        for endpoint in wants.endpoints(event):
            is_dead = any((event_id, endpoint.id) in dead for event_id in accept.ids)
            if endpoint.must_fail and not is_dead:
                not_dead.append(f"{value} at {endpoint.path}")
            elif not is_dead and (value, endpoint.path) not in delivered:
                if any(begin <= accept.at <= end for begin, end in bounds.lost_between):
                    excused += 1
                else:
                    lost.append(f"{value} at {endpoint.path}")
    verdict.counts["delivered"] = len(delivered)
    verdict.counts["dead"] = len(dead)
    verdict.counts["lost"] = verdict.fail_for("accepted and lost", lost) + excused
    verdict.fail_for("not among the dead letters", not_dead)
    healthy = {endpoint.id for endpoint in wants.by_path.values() if not endpoint.must_fail}
    verdict.fail_for("given up although the receiver is well", (
        f"{letter['event']} {letter['endpoint']} {letter['reason']}" for letter in state.dead if letter["endpoint"] in healthy))


def _check_duplicates(delivered, wants, bounds, verdict):
    """Of endpoints that say yes: every POST after the first is one."""
    repeats = {where: len(of_it) - 1 for where, of_it in delivered.items() if not wants.by_path[where[1]].must_fail}
    total = sum(repeats.values())
    verdict.counts |= {"dup": total, "max_dup_per_id": max(repeats.values(), default=0)}
    if total > bounds.duplicates:
        verdict.fail_for(f"duplicate POSTs beyond the bound of {bounds.duplicates}", (where for where, count in repeats.items() if count))


def _check_fanout(state, wants, bounds, verdict):
    """One delivery per (event, endpoint): a second one would make its own first attempt. Each event was processed: it has its record."""
    first, delivered = Counter(), Counter()
    for attempt in state.attempts:
        where = attempt["event"], attempt["endpoint"]
        first[where] += attempt["attempt"] == "1" and attempt["outcome"] != "snooze"
        delivered[where] += attempt["outcome"] == "delivered"
    verdict.counts["fanout_dup"] = verdict.fail_for("fanned out twice", (where for where, count in first.items() if count > 1))
    verdict.fail_for("settled as delivered twice", (where for where, count in delivered.items() if count > 1))
    if not bounds.are_records_broken:
        verdict.fail_for("in the log without a record", (event_id for event_id in state.events if not state.records.get(event_id)))
    values = Counter(value for _, value in state.events.values())
    verdict.fail_for("written to the log twice", (value for value, count in values.items() if value and count > 1))
    for tenant in (tenant for tenant in wants.tenants if tenant.id not in bounds.uncounted):
        known = [wants.event(value) for org, value in state.events.values() if org == tenant.id]
        made = state.deliveries(tenant.id, len(known))
        expected = sum(len(wants.endpoints(event)) for event in known if event)
        if made != expected:
            verdict.failures.append(f"{tenant.id}: {made} deliveries counted, {expected} follow from the log")


def _check_rest(state, verdict):
    verdict.fail_for("work left at the end", (f"{what} {count}" for what, count in state.left.items() if count))
    verdict.fail_for("consumers with something pending", state.holders.items())
    verdict.fail_for("dedup keys that name no event", (event_id for event_id in state.dedups if event_id not in state.events))
    verdict.fail_for("events without a dedup key", set(state.events) - set(state.dedups))
