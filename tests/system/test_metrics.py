"""What the services tell Prometheus."""
import pytest

import metrics_text
from waiting import wait_until

COMMON = {"millrace_build_info": ["version"], "millrace_redis_seconds": ["script"], "millrace_redis_errors_total": ["kind"],
          "process_cpu_seconds_total": [], "process_resident_memory_bytes": [], "process_open_fds": [],
          "process_start_time_seconds": []}
OWN = {
    "ingest": {"millrace_events_total": ["result"], "millrace_http_request_seconds": ["route"],
               "millrace_cache_total": ["cache", "result"], "millrace_cache_entries": ["cache"]},
    "processor": {"millrace_events_total": ["result"], "millrace_backlog": ["stage"], "millrace_backlog_age_seconds": ["stage"],
                  "millrace_in_flight": [], "millrace_cache_total": ["cache", "result"], "millrace_cache_entries": ["cache"],
                  "millrace_reclaimed_total": [],
                  "millrace_lost_entries_total": [], "millrace_events_aside": []},
    "dispatcher": {"millrace_deliveries_total": ["outcome"], "millrace_attempts_total": ["class"],
                   "millrace_delivery_seconds": [], "millrace_end_to_end_seconds": [], "millrace_backlog": ["stage"],
                   "millrace_backlog_age_seconds": ["stage"], "millrace_waiting": ["reason"], "millrace_in_flight": [],
                   "millrace_cache_total": ["cache", "result"], "millrace_cache_entries": ["cache"],
                   "millrace_reclaimed_total": [],
                   "millrace_lost_entries_total": [], "millrace_settle_refused_total": [], "millrace_strays_total": ["end"]},
}


def read(stack, name):
    return metrics_text.parse(stack.metrics(name))


def count(stack, name, metric, **labels):
    return metrics_text.value(read(stack, name), metric, **labels)


@pytest.mark.parametrize("name", OWN)
def test_names_and_labels(stack, name):
    families = read(stack, name)
    for metric, labels in (COMMON | OWN[name]).items():
        suffix, pairs = next(iter(families[metric].samples))
        assert [label for label, _ in pairs if label != "le"] == labels, metric
    assert all(metric.startswith(("millrace_", "process_")) for metric in families)
    assert stack.health(name, "/metrics").headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_what_is_cached_is_told(new_stack):
    stack = new_stack().start()
    organizations = [stack.new_organization() for _ in range(3)]
    hooks = stack.new_receiver()
    for organization in organizations:
        organization.new_endpoint(hooks.url("/hook"))
        organization.publish("a", {})
    hooks.wait("/hook", 3)
    for name, cache in (("ingest", "keys"), ("ingest", "organizations"), ("processor", "organizations"), ("dispatcher", "endpoints")):
        assert count(stack, name, "millrace_cache_entries", cache=cache) == 3


def test_an_event_is_counted_on_its_way(stack, organization, receiver):
    watched = [
        ("ingest", "millrace_events_total", {"result": "accepted"}, 1),
        ("ingest", "millrace_events_total", {"result": "duplicate"}, 1),
        ("ingest", "millrace_events_total", {"result": "mismatch"}, 1),
        ("ingest", "millrace_events_total", {"result": "rejected"}, 1),
        ("ingest", "millrace_http_request_seconds_count", {"route": "POST /api/events"}, 4),
        ("ingest", "millrace_redis_seconds_count", {"script": "publish"}, 3),
        ("processor", "millrace_events_total", {"result": "processed"}, 1),
        ("processor", "millrace_fanout_deliveries_total", {}, 2),
        ("dispatcher", "millrace_deliveries_total", {"outcome": "delivered"}, 2),
        ("dispatcher", "millrace_deliveries_total", {"outcome": "retry"}, 1),
        ("dispatcher", "millrace_attempts_total", {"class": "2xx"}, 2),
        ("dispatcher", "millrace_attempts_total", {"class": "5xx"}, 1),
        ("dispatcher", "millrace_delivery_seconds_count", {}, 3),
        ("dispatcher", "millrace_end_to_end_seconds_count", {}, 2),
    ]
    organization.new_endpoint(receiver.url("/a"))
    organization.new_endpoint(receiver.url("/b"))
    receiver.script("/b", 500, 200)
    stack.wait_drained()
    before = [count(stack, name, metric, **labels) for name, metric, labels, _ in watched]
    organization.client.publish("a", 1, dedup_id="d")
    organization.client.publish("a", 1, dedup_id="d")
    organization.client.publish("a", 2, dedup_id="d")
    organization.client.publish("a b")
    receiver.wait("/b", 2)
    stack.wait_drained()
    after = [count(stack, name, metric, **labels) for name, metric, labels, _ in watched]
    for (name, metric, labels, more), old, new in zip(watched, before, after):
        assert new - old == more, (name, metric, labels)


def test_what_is_under_way(new_stack):
    stack = new_stack().start()
    organization, receiver = stack.new_organization(), stack.new_receiver()
    organization.new_endpoint(receiver.url("/hook"))
    release = receiver.hold("/hook")
    organization.publish("a")
    organization.publish("b", delay="1h")
    receiver.wait("/hook")
    assert count(stack, "dispatcher", "millrace_in_flight") == 1
    wait_until(lambda: count(stack, "dispatcher", "millrace_backlog", stage="deliveries") == 1, "the delivery")
    wait_until(lambda: count(stack, "dispatcher", "millrace_backlog", stage="due") == 1, "the one that waits")
    release.set()
    wait_until(lambda: count(stack, "dispatcher", "millrace_in_flight") == 0, "its end")
    wait_until(lambda: count(stack, "dispatcher", "millrace_backlog", stage="deliveries") == 0, "its end")
