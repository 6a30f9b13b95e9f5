"""Endpoints with a rate limit or an order: what starts when, over any number of processes."""
import itertools
import random
from datetime import datetime, timezone

import pytest

import metrics_text
import records
from ports import give_back, reserved_port
from processes import Service
from receiver import Step
from test_endpoints import act, delete, patch, path, state, wait_state
from waiting import wait_until

CLOCK_S = 0.25  # between what Redis lets go and the time that the receiver notes, where others have the processors
LONG = ["1h"]  # of a retry that does not come


def post(organization, count, **members):
    """One after the other: the ids, in the order of their acceptance."""
    return [organization.publish("a", **members) for _ in range(count)]


def over_rate(got, per_second, burst):
    """The first two between which more attempts came than may start in that time."""
    times = sorted(one.mono for one in got)
    for (i, first), (j, last) in itertools.combinations(enumerate(times), 2):
        if j - i + 1 > burst + per_second * (last - first + CLOCK_S):
            return i, j, last - first
    return None


def delivery_path(endpoint, event_id):
    return f"/api/deliveries/dlv_{event_id[4:]}{endpoint['id'][3:]}"


def retry(organization, endpoint, event_id):
    return organization.client.request("POST", delivery_path(endpoint, event_id) + "/retry")


def wait_all(events, is_it):
    for event_id in events:
        wait_until(lambda: is_it(event_id), event_id)


def delivery(organization, endpoint, event_id):
    answer = organization.client.get(delivery_path(endpoint, event_id))
    assert answer.status == 200, answer.body
    return answer.json


def waiting(organization, endpoint, event_id):
    """Why, and in how many seconds it may go on."""
    told = delivery(organization, endpoint, event_id)["waiting"]
    until = told["until"] and datetime.fromisoformat(told["until"].replace("Z", "+00:00"))
    return told["reason"], until and (until - datetime.now(timezone.utc)).total_seconds()


def lane_keys(stack, endpoint):
    """What there is of a lane."""
    client, id = stack.redis.client, endpoint["id"]
    found = [name for name in ("lane", "turn", "rate") if client.exists(f"{records.PREFIX}{name}:{id}")]
    return found + ["due"] * (client.zscore(records.PREFIX + "due", id) is not None)


def gauge(stack, reason):
    return metrics_text.value(metrics_text.parse(stack.metrics("dispatcher")), "millrace_waiting", reason=reason)


class Second:
    """Another process of a service, beside the stack's."""

    def __init__(self, stack, name):
        self.port = reserved_port()
        folder = stack.folder / f"second_{name}"
        folder.mkdir()
        self.service = Service(name, folder, stack.settings(name) | {"admin_listen": f"127.0.0.1:{self.port}"})
        stack.all_started.append(self.service)


@pytest.fixture
def second(stack):
    """A second dispatcher of the stack that all tests share."""
    made = Second(stack, "dispatcher")
    wait_until(lambda: made.service.lines("service.ready"), "a second dispatcher")
    yield made.service
    made.service.stop()
    stack.all_started.remove(made.service)
    give_back(made.port)


# -- rate limits

@pytest.mark.slow
def test_no_more_attempts_than_the_rate_limit_allows(organization, receiver, second):
    """Over two dispatchers; every third attempt fails, and its retry counts."""
    receiver.script("/rate", *[500 if i % 3 == 0 else 200 for i in range(200)])
    made = organization.new_endpoint(receiver.url("/rate"), rate_limit={"per_second": 8, "burst": 4}, retry_schedule=["10ms"] * 9)
    ids = post(organization, 40)
    receiver.wait_events("/rate", ids)
    wait_all(ids, lambda event_id: delivery(organization, made, event_id)["status"] == "delivered")
    got = receiver.on("/rate")
    assert len(got) >= 55 and over_rate(got, 8, 4) is None
    assert got[-1].mono - got[0].mono < 1.5 * len(got) / 8, "and not much fewer"


@pytest.mark.slow
def test_what_no_dispatcher_took_in_time_takes_its_turn_again(new_stack):
    """Processors let it go all the while; it must not start at once when a dispatcher comes."""
    stack = new_stack().start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    organization.new_endpoint(receiver.url("/rate"), rate_limit={"per_second": 50, "burst": 1})
    stack.services["dispatcher"].stop()
    ids = post(organization, 60)
    wait_until(lambda: stack.redis.client.xlen(records.PREFIX + "deliveries") == 60, "a lane that is empty")
    oldest = stack.redis.client.xrange(records.PREFIX + "deliveries", count=60)[-1][0]
    wait_until(lambda: int(stack.redis.client.time()[0]) > int(oldest.split("-")[0]) // 1000 + 2, "what is late")
    stack.start("dispatcher")
    got = receiver.wait_events("/rate", ids)
    assert len(got) == 60 and over_rate(got, 50, 1) is None


@pytest.mark.slow
def test_a_rate_limit_does_not_starve_while_claims_wait_for_longer_than_a_second(new_stack):
    """One slot for all, and others that need it for 0.7 s each before and behind: what its lane lets go is claimed late, and starts."""
    stack = new_stack(dispatcher={"max_in_flight": 1}).start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    receiver.script("/slow", Step(delay_s=0.7))
    organization.new_endpoint(receiver.url("/slow"), "slow")
    organization.new_endpoint(receiver.url("/rate"), "a", rate_limit={"per_second": 20, "burst": 3})
    for _ in range(4):
        organization.publish("slow")
    post(organization, 3)
    marked = lambda: [fields for _, fields in stack.redis.client.xrange(records.PREFIX + "deliveries") if "lane" in fields]
    wait_until(lambda: len(marked()) == 3, "an empty lane")
    for _ in range(20):
        organization.publish("slow")
    receiver.wait("/rate", 3)
    assert len(receiver.on("/slow")) < 12


def test_the_next_goes_at_once_when_one_ends_without_an_attempt(stack, organization, receiver):
    """Each would wait for 5 s, until its lane looks by itself."""
    made = organization.new_endpoint(receiver.url("/unread"), ordered=True)
    key = records.PREFIX + "endpoint:" + made["id"]
    sealed = stack.redis.client.hget(key, "secret")
    stack.redis.client.hset(key, "secret", sealed[:-6] + ("AAAAAA" if sealed[-6:] != "AAAAAA" else "BBBBBB"))
    ids = post(organization, 8)
    ended = lambda: all(delivery(organization, made, event_id)["status"] == "failed" for event_id in ids)
    wait_until(ended, "all of them dead", 12)
    assert receiver.on("/unread") == []


def test_others_do_not_wait_behind_a_rate_limit(stack, organization, receiver):
    made = organization.new_endpoint(receiver.url("/slow"), rate_limit={"per_second": 1})
    organization.new_endpoint(receiver.url("/free"))
    ids = post(organization, 20)
    receiver.wait_events("/free", ids)
    assert len(receiver.on("/slow")) < 10
    assert gauge(stack, "rate_limit") > 5
    reason, seconds = waiting(organization, made, ids[-1])
    assert reason == "rate_limit" and -1 < seconds <= 1.1
    listed = organization.client.list("/api/deliveries", endpoint=made["id"], status="waiting")["data"]
    assert listed and {one["waiting"]["reason"] for one in listed} == {"rate_limit"}
    delete(organization, made)


def test_a_rate_limit_that_is_taken_off_lets_all_go(organization, receiver):
    made = organization.new_endpoint(receiver.url("/hook"), rate_limit={"per_second": 1, "burst": 2})
    ids = post(organization, 40)
    receiver.wait("/hook", 2)
    assert patch(organization, made, rate_limit=None)["rate_limit"] is None
    receiver.wait_events("/hook", ids, timeout_s=10)
    changed = patch(organization, made, rate_limit={"per_second": 7})
    assert changed["rate_limit"] == {"per_second": 7, "burst": 7}


def test_a_faster_rate_limit_counts_at_once(organization, receiver):
    made = organization.new_endpoint(receiver.url("/hook"), rate_limit={"per_second": 1})
    ids = post(organization, 40)
    receiver.wait("/hook")
    patch(organization, made, rate_limit={"per_second": 1000})
    assert len(receiver.wait_events("/hook", ids, timeout_s=10)) == 40


def test_replays_stand_in_line(organization, receiver):
    made = organization.new_endpoint(receiver.url("/hook"))
    ids = post(organization, 30)
    receiver.wait_events("/hook", ids)
    wait_all(ids, lambda event_id: delivery(organization, made, event_id)["status"] == "delivered")
    patch(organization, made, rate_limit={"per_second": 10, "burst": 2})
    answer = organization.client.post(path(made, "/replay"), {"since": "2020-01-01T00:00:00Z", "status": "all"})
    assert answer.status == 202, answer.body
    got = receiver.wait("/hook", 60)[30:]
    assert over_rate(got, 10, 2) is None
    patch(organization, made, rate_limit={"per_second": 1})
    later = post(organization, 5)
    wait_until(lambda: waiting(organization, made, later[-1])[0] == "rate_limit", "one in line")
    answer = retry(organization, made, later[-1])
    assert (answer.status, answer.code) == (409, "already_pending")
    delete(organization, made)  # nothing goes on behind the tests that follow


# -- order

def ends(got, statuses):
    """Per event: when its first attempt came, and when the one that succeeded."""
    first, success = {}, {}
    for one, status in zip(got, statuses):
        first.setdefault(one.event_id, one.mono)
        if status == 200:
            success.setdefault(one.event_id, one.mono)
    return first, success


def check_order(ids, got, statuses):
    first, success = ends(got, statuses)
    assert sorted(success, key=success.get) == ids
    for earlier, later in zip(ids, ids[1:]):
        assert first[later] > success[earlier], f"{later} did not wait for {earlier}"


def test_in_the_order_of_acceptance_through_failures_and_kills(new_stack):
    """300 events, two processors, two dispatchers; one of each is killed in the middle."""
    stack = new_stack(lease="1s").start()
    others = [Second(stack, name) for name in ("processor", "dispatcher")]
    organization, receiver = stack.new_organization(), stack.new_receiver()
    chance = random.Random(7)
    statuses = [chance.choice([500, 200, 200, 200]) for _ in range(2000)]
    receiver.script("/order", *statuses)
    made = organization.new_endpoint(receiver.url("/order"), ordered=True, retry_schedule=["10ms"] * 20)
    organization.new_endpoint(receiver.url("/free"))
    ids = post(organization, 150)
    receiver.wait("/order", 60)
    for name in ("processor", "dispatcher"):
        stack.services[name].kill()
    ids += post(organization, 150)
    receiver.wait_events("/order", ids, timeout_s=120)
    wait_until(lambda: delivery(organization, made, ids[-1])["status"] == "delivered", "the last one")
    check_order(ids, receiver.on("/order"), statuses)
    receiver.wait_events("/free", ids)
    for other in others:
        other.service.stop()
        give_back(other.port)


@pytest.mark.slow
def test_the_head_s_backoff_holds_the_others(stack, organization, receiver):
    receiver.script("/order", 500, 200)
    made = organization.new_endpoint(receiver.url("/order"), ordered=True, retry_schedule=LONG)
    head, *others = post(organization, 4)
    wait_state(stack, head, made, "waiting backoff")
    for event_id in others:
        wait_state(stack, event_id, made, "waiting ordering -")
    wait_until(lambda: (waiting(organization, made, others[0])[1] or 0) > 1800, "the time of the head")
    assert waiting(organization, made, others[-1])[0] == "ordering" and gauge(stack, "ordering") >= 3
    answer = retry(organization, made, head)
    assert answer.status == 202, answer.body
    receiver.wait_events("/order", others, timeout_s=10)
    assert receiver.events("/order") == [head, head, *others]


def test_a_head_that_is_dead_lets_the_next_go(stack, organization, receiver):
    receiver.script("/order", 500, 500, 200)
    made = organization.new_endpoint(receiver.url("/order"), ordered=True, retry_schedule=["10ms"])
    ids = post(organization, 3)
    receiver.wait_events("/order", ids, timeout_s=10)
    assert receiver.events("/order") == [ids[0], *ids]
    wait_state(stack, ids[0], made, "dead")


def test_the_next_goes_at_once(organization, receiver):
    organization.new_endpoint(receiver.url("/order"), ordered=True)
    ids = post(organization, 50)
    got = receiver.wait_events("/order", ids)
    assert receiver.events("/order") == ids
    assert got[-1].mono - got[0].mono < 10, "not by the sweep"


def test_an_order_that_is_given_up_lets_all_go(stack, organization, receiver):
    receiver.script("/order", 500, 200)
    made = organization.new_endpoint(receiver.url("/order"), ordered=True, retry_schedule=LONG)
    head, *others = post(organization, 10)
    wait_state(stack, others[-1], made, "waiting ordering")
    assert patch(organization, made, ordered=False)["ordered"] is False
    receiver.wait_events("/order", others, timeout_s=10)
    wait_state(stack, head, made, "waiting backoff")


def test_an_order_holds_for_what_comes_after_it(stack, organization, receiver):
    release = receiver.hold("/order")
    made = organization.new_endpoint(receiver.url("/order"))
    before = post(organization, 3)
    receiver.wait("/order", 3)
    patch(organization, made, ordered=True)
    ids = post(organization, 5)
    assert len(receiver.wait("/order", 4)) == 4
    for event_id in ids[1:]:
        wait_state(stack, event_id, made, "waiting ordering -")
    release.set()
    receiver.wait_events("/order", ids)
    assert receiver.events("/order")[3:] == ids and set(receiver.events("/order")[:3]) == set(before)


def test_what_is_scheduled_holds_nobody_back(stack, organization, receiver):
    made = organization.new_endpoint(receiver.url("/order"), ordered=True)
    scheduled = organization.publish("a", delay="2s")
    ids = post(organization, 3)
    receiver.wait_events("/order", ids, timeout_s=10)
    wait_state(stack, scheduled, made, "waiting scheduled")
    receiver.wait_events("/order", [scheduled])
    assert receiver.events("/order") == [*ids, scheduled]


def test_a_test_send_stands_in_line(stack, organization, receiver):
    release = receiver.hold("/order")
    made = organization.new_endpoint(receiver.url("/order"), ordered=True)
    head, = post(organization, 1)
    receiver.wait("/order")
    sent = act(organization, made, "test", 202)["event_id"]
    wait_state(stack, sent, made, "waiting ordering -")
    release.set()
    receiver.wait_events("/order", [sent])
    assert receiver.events("/order") == [head, sent]


# -- both, and with all else

def test_both_at_once(stack, organization, receiver):
    statuses = [500 if i % 4 == 0 else 200 for i in range(100)]
    receiver.script("/both", *statuses)
    made = organization.new_endpoint(receiver.url("/both"), ordered=True, rate_limit={"per_second": 20, "burst": 3}, retry_schedule=["10ms"] * 9)
    ids = post(organization, 40)
    wait_state(stack, ids[-1], made, "delivered")
    got = receiver.on("/both")
    assert over_rate(got, 20, 3) is None
    check_order(ids, got, statuses)


@pytest.mark.parametrize("members, reason", [({"ordered": True}, "ordering"), ({"rate_limit": {"per_second": 10, "burst": 1}}, "rate_limit")])
def test_paused_and_resumed(stack, organization, receiver, members, reason):
    release = receiver.hold("/hook")
    made = organization.new_endpoint(receiver.url("/hook"), max_in_flight=1, **members)
    ids = post(organization, 12)
    receiver.wait("/hook")
    wait_state(stack, ids[-1], made, f"waiting {reason}")
    act(organization, made, "pause")
    assert waiting(organization, made, ids[-1]) == ("paused", None)
    listed = organization.client.list("/api/deliveries", event=ids[-1])["data"]
    assert [one["waiting"] for one in listed] == [{"reason": "paused", "until": None}]
    ids += post(organization, 3)
    wait_state(stack, ids[-1], made, "waiting")
    release.set()
    wait_state(stack, ids[0], made, "delivered")
    wait_until(lambda: "due" not in lane_keys(stack, made), "a lane that does not go on")
    came = len(receiver.on("/hook"))
    act(organization, made, "resume")
    receiver.wait_events("/hook", ids, timeout_s=20)
    assert len(receiver.on("/hook")) == 15 and came < 15
    assert receiver.events("/hook") == ids or reason == "rate_limit"
    wait_until(lambda: gauge(stack, "paused") == 0, "nothing that is paused")


@pytest.mark.parametrize("members", [{"ordered": True}, {"rate_limit": {"per_second": 1}}], ids=str)
def test_resumed_it_goes_on_in_time(stack, organization, receiver, members):
    """At once, or when the limit allows the next: not when a sweep comes by, which is every few seconds."""
    made = organization.new_endpoint(receiver.url("/hook"), **members)
    post(organization, 1)
    for count in range(2, 7):
        receiver.wait("/hook", count - 1)
        act(organization, made, "pause")
        event_id, = post(organization, 1)
        wait_state(stack, event_id, made, "waiting paused -")
        act(organization, made, "resume")
        receiver.wait("/hook", count, timeout_s=2.5)


@pytest.mark.parametrize("members", [{"ordered": True}, {"rate_limit": {"per_second": 1}}, {"ordered": True, "rate_limit": {"per_second": 1}}],
                         ids=str)
@pytest.mark.parametrize("is_paused", [False, True])
def test_a_deleted_endpoint_s_lane_is_buried(stack, organization, receiver, members, is_paused):
    receiver.script("/hook", 500)
    made = organization.new_endpoint(receiver.url("/hook"), retry_schedule=LONG, **members)
    ids = post(organization, 8)
    wait_state(stack, ids[-1], made, "waiting")
    wait_state(stack, ids[0], made, "waiting backoff")
    if is_paused:
        act(organization, made, "pause")
    delete(organization, made)
    tried = set(receiver.events("/hook"))
    assert len(tried) < 4
    for event_id in set(ids) - tried:
        wait_state(stack, event_id, made, "dead")
    reasons = {letter["reason"] for _, letter in stack.redis.client.xrange(records.PREFIX + "dlq") if letter["event"] in ids}
    assert reasons == {"endpoint_deleted"}
    wait_until(lambda: lane_keys(stack, made) == [], "nothing of a lane")


def test_one_that_is_disabled_buries_its_lane(stack, organization, receiver):
    release = receiver.hold("/hook", 410)
    made = organization.new_endpoint(receiver.url("/hook"), ordered=True)
    ids = post(organization, 5)
    for event_id in ids[1:]:
        wait_state(stack, event_id, made, "waiting ordering -")
    release.set()
    for event_id in ids:
        wait_state(stack, event_id, made, "dead")
    assert len(receiver.on("/hook")) < 5


def test_nothing_of_a_lane_outlives_its_organization(stack, receiver):
    organization = stack.new_organization()
    receiver.script("/hook", 500)
    made = organization.new_endpoint(receiver.url("/hook"), ordered=True, rate_limit={"per_second": 5}, retry_schedule=LONG)
    ids = post(organization, 5)
    wait_state(stack, ids[-1], made, "waiting ordering")
    answer = stack.admin.delete(f"/api/organizations/{organization.id}")
    assert answer.status in (202, 204), answer.body
    wait_until(lambda: lane_keys(stack, made) == [] and not records.record(stack.redis, ids[-1]), "nothing that is left", 60)
