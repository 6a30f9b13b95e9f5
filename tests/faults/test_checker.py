"""The checker, fed with a history that is right, and with each of its ways to be wrong."""

import dataclasses
import unittest

import checker
import events
import store
import tenants
from checker import Bounds

SEED, NUMBERS, PADDING = 7, range(40), 100


class Run:
    """Forty events of two tenants, posted, accepted, fanned out and delivered as they should be."""

    def __init__(self):
        self.tenants = [self._tenant(index) for index in range(2)]
        self.wants = tenants.Wants(self.tenants, PADDING)
        self.history, self.receipts, self.state = [], [], store.State()
        self.bounds = Bounds()
        for number in NUMBERS:
            self._add(number)

    @staticmethod
    def _tenant(index):
        wanted = (("order.*",), ("order.t1",))
        return tenants.Tenant(f"org_{index}", "key", [
            tenants.Endpoint(f"ep_{index}{at}", f"/ok/{index}/{at}", types) for at, types in enumerate(wanted)])

    def _add(self, number):
        event = events.make(SEED, number, len(self.tenants), PADDING)
        tenant, event_id = self.tenants[event.org], events.event_id(f"{1000 + number}-0")
        self.history.append([event.value, "ack", event_id, False, "fsync", 10.0 + number, 10.1 + number])
        self.state.events[event_id] = (tenant.id, event.value)
        self.state.dedups.append(event_id)
        wanting = self.wants.endpoints(event)
        stats = self.state.stats.setdefault(tenant.id, {"extra": 0, "skipped": 0})
        stats["extra"] += max(len(wanting) - 1, 0)
        stats["skipped"] += not wanting
        for endpoint in wanting:
            self.receipts.append([10.2 + number, endpoint.path, event_id, 1, event.value, event.body_hash(event_id), 1])
            self.state.records.setdefault(event_id, {})[endpoint.id] = "delivered 1 200 10200 1-0"
            self.state.attempts.append({"event": event_id, "endpoint": endpoint.id, "attempt": "1", "outcome": "delivered"})

    def bury(self, endpoint):
        """Its deliveries end among the dead letters instead."""
        gone = [receipt for receipt in self.receipts if receipt[1] == endpoint.path]
        self.receipts = [receipt for receipt in self.receipts if receipt[1] != endpoint.path]
        for receipt in gone:
            self.state.dead.append({"event": receipt[2], "endpoint": endpoint.id, "reason": "retries_exhausted"})
            self.state.records[receipt[2]][endpoint.id] = "dead 3 500 10200 1-0"
        for attempt in self.state.attempts:
            if attempt["endpoint"] == endpoint.id:
                attempt["outcome"] = "dead"
        return len(gone)

    def check(self):
        return checker.check(self.history, self.receipts, self.state, self.wants, self.bounds)


class CheckerTest(unittest.TestCase):
    def setUp(self):
        self.run_ = Run()

    def red(self, sign):
        """The only thing it finds."""
        verdict = self.run_.check()
        self.assertEqual([failure for failure in verdict.failures if sign not in failure], [])
        self.assertTrue(verdict.failures, f"nothing was found, expected: {sign}")
        return verdict.counts

    def green(self):
        verdict = self.run_.check()
        self.assertEqual(verdict.failures, [])
        return verdict.counts

    def test_a_right_run_is_green_and_counted(self):
        counts = self.green()
        self.assertEqual((counts["attempted"], counts["acked"], counts["unknown"]), (40, 40, 0))
        self.assertEqual((counts["delivered"], counts["lost"], counts["unexpected"], counts["dup"]), (48, 0, 0, 0))

    def test_nothing_accepted_says_nothing(self):
        self.run_ = Run()
        self.run_.history, self.run_.receipts, self.run_.state = [], [], store.State()
        self.red("nothing was accepted")

    def test_lost_at_one_of_its_endpoints(self):
        lost = self.run_.receipts.pop(1)
        del self.run_.state.records[lost[2]]
        self.run_.bounds = Bounds(are_records_broken=True)
        self.assertEqual(self.red("accepted and lost: 1 ")["lost"], 1)

    def test_lost_in_a_span_that_allows_it_is_counted_and_excused(self):
        lost = self.run_.receipts.pop(0)
        del self.run_.state.records[lost[2]]
        self.run_.bounds = Bounds(lost_between=((10.0, 10.15),), are_records_broken=True)
        self.assertEqual(self.green()["lost"], 1)
        self.run_.bounds = Bounds(lost_between=((10.11, 10.15),), are_records_broken=True)
        self.red("accepted and lost")

    def test_called_delivered_and_never_received(self):
        self.run_.receipts.pop(0)
        self.run_.bounds = Bounds(lost_between=((0.0, 100.0),))
        self.red("nobody received")

    def test_unknown_may_be_there_or_not(self):
        self.run_.history[3][1:5] = ["unknown", "timed out", None, None]
        counts = self.green()
        self.assertEqual((counts["unknown"], counts["recovered"]), (1, 1))

    def test_never_posted(self):
        event = events.make(SEED, 999, 2, PADDING)
        self.run_.receipts.append([20.0, "/ok/1/0", "evt_x", 1, event.value, event.body_hash("evt_x"), 1])
        self.assertEqual(self.red("unexpected deliveries: 1 ")["unexpected"], 1)

    def test_at_an_endpoint_that_does_not_want_it(self):
        self.run_.receipts.append([20.0, "/ok/1/1", *self.run_.receipts[0][2:]])
        self.red("unexpected deliveries: 1 ")

    def test_another_body(self):
        self.run_.receipts.append([*self.run_.receipts[0][:5], "0" * 24, 1])
        self.red("bodies that are not what was posted: 1 ")

    def test_duplicates_up_to_the_bound(self):
        self.run_.receipts += self.run_.receipts[:2]
        self.run_.bounds = Bounds(duplicates=2)
        counts = self.green()
        self.assertEqual((counts["dup"], counts["max_dup_per_id"]), (2, 1))
        self.run_.bounds = Bounds(duplicates=1)
        self.red("beyond the bound of 1: 2 ")

    def test_two_ids_for_one_event(self):
        self.run_.history.append([self.run_.history[0][0], "ack", events.event_id("5-0"), False, "fsync", 11.0, 11.1])
        self.red("accepted under more than one id: 1 ")

    def test_delivered_under_two_ids(self):
        first = self.run_.receipts[0]
        event = self.run_.wants.event(first[4])
        self.run_.receipts.append([*first[:2], "evt_other", 1, event.value, event.body_hash("evt_other"), 1])
        self.run_.bounds = Bounds(duplicates=1)
        self.red("delivered under more than one id: 1 ")

    def test_another_durability(self):
        self.run_.history[0][4] = "relaxed"
        self.red("do not say fsync: 1 ")

    def test_another_durability_in_doubt(self):
        self.run_.history[0][4] = "relaxed"
        self.run_.bounds = Bounds(in_doubt=((10.05, 10.5),))
        self.green()
        self.run_.history[1][4] = "relaxed"
        self.red("do not say fsync: 1 ")

    def test_an_error_for_an_answer(self):
        self.run_.history.append(["7-0", "error", "400 malformed", None, None, 1.0, 1.1])
        self.red("answered with an error: 1 ")

    def test_an_answer_that_took_too_long(self):
        self.run_.history[0][5] -= 31
        self.red("not answered within 30 s: 1 ")

    def test_fanned_out_twice(self):
        again = self.run_.state.attempts[0] | {"outcome": "retry"}
        self.run_.state.attempts.append(again)
        self.red("fanned out twice: 1 ")

    def test_a_snooze_is_no_second_first_attempt(self):
        self.run_.state.attempts.append(self.run_.state.attempts[0] | {"outcome": "snooze"})
        self.green()

    def test_settled_as_delivered_twice(self):
        self.run_.state.attempts.append(self.run_.state.attempts[0] | {"attempt": "2"})
        self.red("settled as delivered twice: 1 ")

    def test_more_deliveries_counted_than_follow_from_the_log(self):
        self.run_.state.stats["org_0"]["extra"] += 1
        self.red("deliveries counted")
        self.run_.bounds = Bounds(uncounted=("org_0",))
        self.green()

    def test_in_the_log_without_a_record(self):
        del self.run_.state.records[next(iter(self.run_.state.records))]
        self.red("in the log without a record: 1 ")
        self.run_.bounds = Bounds(are_records_broken=True)
        self.green()

    def test_written_to_the_log_twice(self):
        first = next(iter(self.run_.state.events.values()))
        self.run_.state.events["evt_again"] = first
        self.run_.state.records["evt_again"] = {"skipped": "no_subscriber"}
        self.run_.state.dedups.append("evt_again")
        self.run_.bounds = Bounds(uncounted=("org_0",))
        self.red("written to the log twice: 1 ")

    def test_dedup_keys_and_events_belong_together(self):
        self.run_.state.dedups.append("evt_none")
        self.red("dedup keys that name no event: 1 ")
        self.run_ = Run()
        self.run_.state.dedups.pop()
        self.red("events without a dedup key: 1 ")

    def test_work_left(self):
        self.run_.state.left = {"ready": 0, "waiting": 2}
        self.red("work left at the end: 1 (waiting 2)")

    def test_something_pending_for_a_dead_consumer(self):
        self.run_.state.holders = {"host-0-x": 1}
        self.red("consumers with something pending: 1 ")

    def test_dead_letters_of_who_never_says_yes_are_right(self):
        endpoint = self.run_.tenants[0].endpoints[0]
        self._must_fail(endpoint)
        buried = self.run_.bury(self.run_.tenants[0].endpoints[0])
        self.assertEqual(self.green()["dead"], buried)
        self.run_.state.dead.pop()
        self.red("not among the dead letters: 1 ")

    def test_given_up_although_the_receiver_is_well(self):
        self.run_.bury(self.run_.tenants[0].endpoints[1])
        self.red("given up although the receiver is well")

    def _must_fail(self, endpoint):
        tenant = self.run_.tenants[0]
        tenant.endpoints[0] = dataclasses.replace(endpoint, must_fail=True)
        self.run_.wants = tenants.Wants(self.run_.tenants, PADDING)


if __name__ == "__main__":
    unittest.main()
