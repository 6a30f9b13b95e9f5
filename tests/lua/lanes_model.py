"""What the lanes of endpoints are meant to do: part of the model."""
from math import ceil

UNIT = 10**6
BLOCKED_MS, UNPROCESSED_MS, LOOKS_MAX, UNREAD_MAX, FULL_MS = 5000, 20, 100, 200, 5


def order(entry):
    ms, seq = entry.split("-")
    return int(ms), int(seq)


class Lanes:
    def __init__(self, model):
        self.model = model
        self.paused, self.ordered = set(), set()
        self.rates = {}     # endpoint -> (per second, burst)
        self.wakes = {}     # endpoint -> its ms in due
        self.last = {}      # endpoint -> the delivery in flight, or that was
        self.seen = {}      # endpoint -> entry of an event before which all are processed
        self.limiters = {}  # endpoint -> (us, ticks) as Redis keeps them
        self.looks_left = 0
        self.unprocessed = {}  # org -> an event that is known to be so in this call

    def begin_call(self):
        self.looks_left, self.unprocessed = LOOKS_MAX, {}

    def gate(self, endpoint):
        return "paused" if endpoint in self.paused else "ordering" if endpoint in self.ordered else \
            "rate_limit" if endpoint in self.rates else None

    def held(self, endpoint):
        return sorted((one for one in self.model.at("held") if one.endpoint == endpoint), key=lambda one: one.event)

    def hold(self, one, now, is_fresh):
        one.place, one.reason, one.until = "held", self.gate(one.endpoint), "-"
        if one.reason != "paused":
            wake = self.wakes.get(one.endpoint)
            self.wakes[one.endpoint] = now if wake is None else wake if is_fresh else min(wake, now)

    def release(self, endpoint, room, now):
        """What becomes ready, in order."""
        gate, went, wait_ms = self.gate(endpoint), [], 0
        most = min(room, max(1, UNREAD_MAX - sum(one.holder is None for one in self.model.at("ready"))))
        if room > 0 and gate == "paused":
            pass
        elif room > 0 and gate:
            went, wait_ms = self.pass_gate(endpoint, most, now)
        elif room > 0:
            went = self.held(endpoint)[:most]
            self.last.pop(endpoint, None), self.seen.pop(endpoint, None)
        if len(went) == most < room:
            wait_ms = max(wait_ms, FULL_MS)
        for one in went:
            one.place, one.until, one.reason, one.is_released = "ready", None, None, gate is not None
        if gate == "paused" or not self.held(endpoint):
            self.wakes.pop(endpoint, None)
        else:
            self.wakes[endpoint] = now + wait_ms
        return went

    def pass_gate(self, endpoint, room, now):
        most, limited_ms, turn_ms = room, 0, 0
        rate = self.rates.get(endpoint)
        if rate:
            ahead, is_clamped = self.ahead(endpoint, now)
            most = min(room, (rate[1] * UNIT - ahead) // UNIT)
        went = self.held(endpoint)[:most]
        if endpoint in self.ordered and most > 0:
            went, turn_ms = self.next_in_turn(endpoint, now)
        if rate:
            ahead += UNIT * len(went)
            if went or is_clamped:
                self.limiters[endpoint] = (now * 1000 + ahead // rate[0], ahead % rate[0])
            limited_ms = max(0, ceil((ahead + UNIT - rate[1] * UNIT) / (rate[0] * 1000)))
        return went, max(limited_ms, turn_ms)

    def ahead(self, endpoint, now):
        """Ticks, and whether they had to be bounded."""
        us, ticks = self.limiters.get(endpoint, (0, 0))
        ahead, limit = max(0, (us - now * 1000) * self.rates[endpoint][0] + ticks), self.rates[endpoint][1] * UNIT
        return min(ahead, limit), ahead > limit

    def next_in_turn(self, endpoint, now):
        held, last = self.held(endpoint), self.last.get(endpoint)
        if not held:
            return [], BLOCKED_MS
        if last in held:
            return [last], BLOCKED_MS
        wait_ms = self.in_flight_ms(last, now)
        if wait_ms is None:
            wait_ms = self.unprocessed_ms(endpoint, held[0], now)
        if wait_ms is not None:
            return [], wait_ms
        self.last[endpoint] = held[0]
        return held[:1], BLOCKED_MS

    def in_flight_ms(self, last, now):
        if last is None or (last.event, last.endpoint) not in self.model.deliveries or last.place in ("delivered", "dead"):
            return None
        return last.until - now if last.place == "waiting" and last.until > now else BLOCKED_MS

    def unprocessed_ms(self, endpoint, one, now):
        pending = [event.entry for event in self.model.unprocessed() if event.is_read]
        candidate = next(event.entry for event in self.model.events.values() if event.name == one.event)
        if not pending or order(pending[0]) >= order(candidate):
            return None
        again_ms = max(UNPROCESSED_MS, min(BLOCKED_MS, (now - order(candidate)[0]) // 10))
        if one.org in self.unprocessed and order(self.unprocessed[one.org]) < order(candidate):
            return again_ms
        start = max(order(pending[0]), order(self.seen.get(endpoint, "0-0")))
        older = [event for event in self.model.events.values()
                 if event.org == one.org and start <= order(event.entry) < order(candidate)][:self.looks_left]
        asked = self.looks_left
        for event in older:
            self.seen[endpoint], self.looks_left = event.entry, self.looks_left - 1
            if event.entry in pending:
                self.unprocessed[one.org] = event.entry
                return again_ms
        return 0 if len(older) == asked else None
