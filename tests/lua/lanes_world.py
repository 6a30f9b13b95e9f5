"""Endpoints that are paused, resumed, and given lanes and rid of them: part of the world."""
from store import DELIVERIES, DUE, LANE, RATE, RECORD, TRACE, TURN, WAITING, delivery_entry, delivery_id, endpoint_id

ENDPOINTS_OF = {"org_a": [endpoint_id(i) for i in range(1, 6)], "org_b": [endpoint_id(i) for i in range(6, 10)]}
ENDPOINTS = sum(ENDPOINTS_OF.values(), [])
REQUEST_OF = {"org_a": "", "org_b": "req_1"}  # of one of them, the traces tell it
RATES = [None, None, None, (20, 3), (1000, 5)]


class LanesWorld:
    def pause(self):
        endpoint = self.random.choice(ENDPOINTS)
        self.model.lanes.paused.add(endpoint)
        self.store.pause(endpoint)

    def resume(self):
        self.resume_one(self.random.choice(ENDPOINTS))

    def resume_one(self, endpoint):
        """What was held goes on, as its record says; or the job tells it what it waits for now."""
        is_gated = endpoint in self.model.lanes.ordered or endpoint in self.model.lanes.rates
        self.model.resume(endpoint)
        self.store.resume(endpoint)
        if is_gated:
            self.tell(endpoint)
            return
        held = self.store.r.zrange(LANE + endpoint, 0, -1)
        for one, name in zip(self.model.made, held):
            assert name == delivery_id(one.event, one.endpoint)
            before = self.store.r.hget(RECORD + one.event, endpoint)
            names = ("event", "endpoint", "org", "attempt", "snoozes", "history")
            fields = {name: value for name, value in zip(names, self.wanted(one)) if value is not None}
            fields |= dict(trace=TRACE, request=REQUEST_OF[one.org], body="")
            self.store.r.xadd(DELIVERIES, delivery_entry(fields))
            self.store.r.hset(RECORD + one.event, endpoint, self.wanted_state(one))
            self.store.r.hincrby(WAITING, before.split()[1], -1)
        assert len(held) == len(self.model.made)
        self.store.r.delete(LANE + endpoint)
        self.seen["resumed"] += len(held)
        self.learn_entries()

    def tell(self, endpoint):
        """And the lane is woken, by the job and by who resumed."""
        self.seen["told"] += len(self.model.lanes.held(endpoint))
        self.jobs = getattr(self, "jobs", 0) + 1
        assert self.store.job_create(self.jobs, "release", {"endpoint": endpoint}, now=self.now) == "created"
        assert self.store.step("release", self.jobs, self.now)[0] == "done"
        wake = self.model.lanes.wakes.get(endpoint, self.now)
        self.model.lanes.wakes[endpoint] = min(wake, self.now)

    def regate(self):
        """As a PATCH does it: the record, then a call that lets go of what may go."""
        endpoint, lanes = self.random.choice(ENDPOINTS), self.model.lanes
        rate, is_ordered = self.random.choice(RATES), self.random.random() < 0.3
        lanes.rates.pop(endpoint, None)
        if rate:
            lanes.rates[endpoint] = rate
        (lanes.ordered.add if is_ordered else lanes.ordered.discard)(endpoint)
        per_second, burst = rate or ("", "")
        org, = (org for org, endpoints in ENDPOINTS_OF.items() if endpoint in endpoints)
        self.store.gate(endpoint, org=org, ordered="1" if is_ordered else "0", rate_per_second=per_second, rate_burst=burst)
        self.released_by_gate.pop(endpoint, None)
        self.release([endpoint])
        if not lanes.gate(endpoint):
            self.seen["opened"] += len(self.new_entries)

    def release_next(self, endpoints):
        """As dispatchers do it behind their outcomes, unless they crash between."""
        if self.random.random() < 0.8:
            self.release(sorted(self.model.lanes.ordered & endpoints))

    def release(self, endpoints):
        due = self.store.release(*endpoints, now=self.now)
        self.model.release(endpoints, self.now)
        assert due == str(self.model.due())
        self.learn_entries()

    # -- what must hold, whatever the model says

    def check_released(self, entries):
        """Of entries of the deliveries, those that lanes let go."""
        for fields in entries:
            endpoint, event = fields["endpoint"], fields["event"]
            if fields.get("lane") != "1":
                continue
            before = self.released_by_gate.setdefault(endpoint, [])
            before.append((self.now, event))
            if endpoint in self.model.lanes.rates:
                self.check_rate([ms for ms, _ in before], *self.model.lanes.rates[endpoint])
                self.seen["paced"] += 1
            if endpoint in self.model.lanes.ordered:
                self.check_turn(endpoint, event, {name for _, name in before[:-1]})
                self.seen["in turn"] += 1

    @staticmethod
    def check_rate(times, per_second, burst):
        for i, first in enumerate(times):
            assert len(times) - i <= burst + per_second * (times[-1] - first) / 1000, "too fast"

    def check_turn(self, endpoint, event, before):
        """Nothing else of it is in flight, and nothing older of it is in line or to come."""
        for name in before - {event}:
            state = self.store.r.hget(RECORD + name, endpoint) or "gone"
            assert state.split()[0] in ("delivered", "dead", "gone"), f"{name} is in flight, too"
        if (endpoint, event) in self.had_turn:
            return  # it comes back, before all others
        self.had_turn.add((endpoint, event))
        assert all(name > delivery_id(event, endpoint) for name in self.store.r.zrange(LANE + endpoint, 0, -1))
        org = next(one.org for one in self.model.events.values() if one.name == event)
        assert not [one for one in self.model.unprocessed() if one.org == org and one.name < event]

    # -- the whole state

    def due_and_held(self):
        """Deliveries; each lane that goes on by itself is in due."""
        due = self.store.r.zrange(DUE, 0, -1)
        lanes = self.each(LANE, lambda key: self.store.r.zrange(key, 0, -1))
        assert {endpoint for endpoint in lanes if endpoint not in self.model.lanes.paused} <= set(due)
        return [id for id in due if id[:3] == "dlv"], [id for of in lanes.values() for id in of]

    def compare_lanes(self):
        r, model = self.store.r, self.model
        places = [(delivery_id(one.event, one.endpoint), one.until) for one in model.at("waiting")] + list(model.lanes.wakes.items())
        assert r.zrange(DUE, 0, -1, withscores=True) == sorted(places, key=lambda row: row[::-1])
        assert self.each(LANE, lambda key: r.zrange(key, 0, -1, withscores=True)) == {
            endpoint: [(delivery_id(one.event, endpoint), 0) for one in model.lanes.held(endpoint)]
            for endpoint in {one.endpoint for one in model.at("held")}}
        self.seen["held"] += len(model.at("held"))
        turns = self.each(TURN, r.hgetall)
        assert {endpoint: turn["delivery"] for endpoint, turn in turns.items() if "delivery" in turn} == {
            endpoint: delivery_id(one.event, endpoint) for endpoint, one in model.lanes.last.items()}
        assert {endpoint: turn["seen"] for endpoint, turn in turns.items() if "seen" in turn} == model.lanes.seen
        assert self.each(RATE, r.get) == {endpoint: "%d %d" % state for endpoint, state in model.lanes.limiters.items()}
