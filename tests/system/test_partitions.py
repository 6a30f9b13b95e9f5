"""Several partitions in one process: none waits for another."""
import time

from receiver import Step
from waiting import wait_until

BACKLOG = 6000
BATCH = 1000
LATE_S = 1
SAMPLES = 10


def partition_of(organization, partitions):
    """FNV-1a of the id, as common/model/keys.c reckons it."""
    value = 0xcbf29ce484222325
    for byte in organization.id.encode():
        value = (value ^ byte) * 0x100000001b3 % 2**64
    return value % partitions


def organizations_of_each(stack, partitions):
    found = {}
    while len(found) < partitions:
        organization = stack.new_organization()
        found.setdefault(partition_of(organization, partitions), organization)
    return [found[partition] for partition in range(partitions)]


def publish_many(organization, count):
    batch = [{"type": "a", "data": None}] * BATCH
    for _ in range(count // BATCH):
        assert organization.client.post("/api/events/batch", batch).json["accepted"] == BATCH


def backlog(stack, partition):
    """Ready, or parked while its endpoint counts as slow."""
    client, prefix = stack.redis.client, f"mr:{{{partition}}}:"
    return client.xlen(prefix + "deliveries") + client.zcard(prefix + "due")


def test_a_backlog_of_one_partition_does_not_delay_another(new_stack):
    stack = new_stack(partitions=2, dispatcher={"max_in_flight": 64}).start()
    receiver = stack.new_receiver()
    busy, calm = organizations_of_each(stack, 2)
    receiver.script("/busy", Step(delay_s=0.05))
    busy.new_endpoint(receiver.url("/busy"))
    calm.new_endpoint(receiver.url("/calm"))
    publish_many(busy, BACKLOG)
    wait_until(lambda: backlog(stack, 0) > BACKLOG // 2, "a backlog")
    waits = []
    while len(waits) < SAMPLES and backlog(stack, 0) > 1000:
        start = time.monotonic()
        calm.publish("a")
        waits.append(receiver.wait("/calm", len(waits) + 1)[-1].mono - start)
        assert waits[-1] < LATE_S, waits
        receiver.wait("/busy", len(receiver.on("/busy")) + 100)  # its slots change hands meanwhile
    assert len(waits) == SAMPLES, "the backlog was there all the time"
