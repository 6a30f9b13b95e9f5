"""An organization whose endpoints cannot be read from Redis holds up only itself, and the service says so."""
import metrics_text
from waiting import wait_until

ROOM = 20  # events held at a time; four times as many may be set aside


def aside(stack):
    return metrics_text.value(metrics_text.parse(stack.metrics("processor")), "millrace_events_aside")


def test_a_broken_catalog_holds_up_its_organization_alone(new_stack):
    stack = new_stack(processor={"intake_events": ROOM}).start()
    broken, well = stack.new_organization(), stack.new_organization()
    receiver = stack.new_receiver()
    well.new_endpoint(receiver.url("/well"))
    key = f"mr:{{0}}:endpoints:{broken.id}"
    stack.redis.client.set(key, "no list of endpoints")
    for number in range(2 * ROOM):
        broken.publish("a", number)
    wait_until(lambda: aside(stack) == 2 * ROOM, "all of them set aside")
    well.publish("a")
    receiver.wait("/well")
    assert stack.is_ready("processor")
    line = stack.services["processor"].wait_line("events.aside")
    assert line["org"] == broken.id and line["level"] == "error"

    for number in range(4 * ROOM):
        broken.publish("a", number)
    stack.wait_not_ready("processor")
    assert "set aside" in stack.health("processor").body.decode()
    stack.redis.client.delete(key)
    broken.new_endpoint(receiver.url("/broken"))  # which is a change
    receiver.wait("/broken", 6 * ROOM)
    stack.wait_drained()
    stack.wait_ready("processor")
    assert aside(stack) == 0
