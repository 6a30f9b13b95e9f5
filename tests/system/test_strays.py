"""Deliveries that Redis brings back behind what their group has read."""
import time

import pytest

import metrics_text
import records
from receiver import Step
from records import PREFIX
from waiting import wait_until

DELIVERIES = PREFIX + "deliveries"
MENDED = "this Redis cuts its log before the half of a script: it is never applied"


def resp(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in (word.encode() for word in words))


def crash_within_fanout(stack, event_id, endpoint, org, has_record=True):
    """Redis is killed while it writes what fanout.lua did: the last command of it is cut."""
    entry = f"{int(time.time() * 1000)}-0"
    stack.redis.kill()
    log, = (stack.redis.folder / "appendonlydir").glob("*.incr.aof")
    with log.open("ab") as file:
        file.write(resp("MULTI")
                   + resp("XADD", DELIVERIES, entry, "delivery", f"{event_id} {endpoint} {org} - -", "body", "{}")
                   + (resp("HSET", f"{PREFIX}event:{event_id}", endpoint, "pending 0") if has_record else b"")
                   + resp("XACK", PREFIX + "events", "processor", "1-1")[:-9])
    stack.redis.start()
    return entry


def is_applied_later(stack, stray):
    """Whether what the first start did without is there after the second; a Redis that mends its log as it should has it never."""
    assert entries(stack) == []
    stack.redis.client.pipeline(transaction=True).set("between", 1).set("them", 1).execute()
    stack.redis.kill()
    stack.redis.start()
    return entries(stack) == [stray]


def crash(stack):
    stack.redis.kill()
    stack.redis.start()
    stack.wait_ready()


def entries(stack):
    return [entry for entry, _ in stack.redis.client.xrange(DELIVERIES)]


def begin(new_stack):
    """-> an event that no processor has seen, and where it wants to go"""
    stack = new_stack(lease="1s").start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    receiver.script("/hook", Step(body=b"took"))  # with a text each attempt has an entry, and what was settled twice has two
    endpoint = organization.new_endpoint(receiver.url("/hook"))["id"]
    stack.services["processor"].stop()
    return stack, organization, receiver, endpoint, organization.publish("a")


def strays(stack, end):
    return metrics_text.value(metrics_text.parse(stack.metrics("dispatcher")), "millrace_strays_total", end=end)


def check_delivered(stack, organization, receiver, event_id, most=1):
    assert receiver.wait("/hook")[0].event_id == event_id
    wait_until(lambda: entries(stack) == [], "the stray being gone")
    crash(stack)
    stack.wait_drained()
    got = receiver.events("/hook")
    assert set(got) == {event_id} and len(got) <= most
    assert records.stats(stack.redis, organization.id)["delivered"] == len(got)


def test_half_a_script_that_is_applied_after_it_was_made_again(new_stack):
    stack, organization, receiver, endpoint, event_id = begin(new_stack)
    stray = crash_within_fanout(stack, event_id, endpoint, organization.id)
    stack.wait_ready("ingest", "dispatcher")
    stack.start("processor")
    receiver.wait("/hook")
    stack.wait_drained()
    if not is_applied_later(stack, stray):
        pytest.skip(MENDED)
    check_delivered(stack, organization, receiver, event_id)
    assert (strays(stack, "ready"), strays(stack, "gone")) == (0, 1)


@pytest.mark.parametrize("has_record", [True, False])
def test_half_a_script_that_is_applied_instead(new_stack, has_record):
    stack, organization, receiver, endpoint, event_id = begin(new_stack)
    stray = crash_within_fanout(stack, event_id, endpoint, organization.id, has_record)
    if not is_applied_later(stack, stray):
        pytest.skip(MENDED)
    stack.start("processor")
    # Without the record nobody can tell that what the dispatcher reads is made again: twice is better than never.
    check_delivered(stack, organization, receiver, event_id, most=1 if has_record else 2)


def test_one_that_is_owed_is_delivered(new_stack):
    stack = new_stack(lease="1s").start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    organization.new_endpoint(receiver.url("/hook"))
    stack.services["dispatcher"].stop()
    event_id = organization.publish("a")
    wait_until(lambda: entries(stack), "a delivery")
    stack.redis.client.xgroup_setid(DELIVERIES, "dispatcher", entries(stack)[-1])
    stack.start("dispatcher")
    assert receiver.wait("/hook")[0].event_id == event_id
    stack.wait_drained()
    assert stack.services["dispatcher"].lines("strays.found")
    assert (strays(stack, "ready"), strays(stack, "gone")) == (1, 0)
