"""publish.lua: E0 unknown -> E1 in the log."""
import pytest
import redis

from store import DELIVERIES, EVENT_FIELDS, EVENTS, ORG, ORG_EVENTS, P, RATE, TRACE, Size, Store, endpoint_id, event_id, new_event, packed, part


def with_dedup(text, fingerprint="a" * 32, **given):
    return new_event(dedup=text, dedup_key=P + "dedup:org:" + text, fingerprint=fingerprint, **given)


@pytest.mark.parametrize("given", [{}, {"request": "req_1"}, {"time": "2026-01-31T09:30:00.123Z"}, {"key": "k"}, {"dedup": "d"},
                                   {"after": "1700000009999"}, {"to": endpoint_id(7)}, {"ce": "{}"},
                                   {"request": "req_1", "time": "now", "key": "k", "ce": "{}"}])
@pytest.mark.parametrize("is_limited", [False, True])
def test_fields_with_nothing_to_say_are_left_out(store, given, is_limited):
    always = {"org": ORG, "type": "t", "trace": TRACE, "data": "[1]"}
    limiters = [("org", 100, 100)] if is_limited else []
    store.publish([new_event(**{"request": "", "time": "", "limiters": (int(is_limited), 0), **always, **given})], limiters=limiters)
    (_, fields), = store.r.execute_command("XRANGE", EVENTS, "-", "+")
    assert fields == always | given
    assert list(fields) == [name for name in EVENT_FIELDS if name in fields]


def test_an_event_is_appended_with_its_fields_in_order(store):
    (word, entry), = store.publish([new_event(key="k", dedup="d", data='{"price":12.50,"s":"\\u00e9"}', after="1700000009999",
                                              to=endpoint_id(7), ce='{"id":"1"}')])
    assert word == "accepted"
    raw = store.r.execute_command("XRANGE", EVENTS, "-", "+")
    assert raw == [(entry, dict(zip(EVENT_FIELDS, raw[0][1].values())))]
    assert list(raw[0][1]) == EVENT_FIELDS
    assert raw[0][1]["data"] == '{"price":12.50,"s":"\\u00e9"}' and raw[0][1]["after"] == "1700000009999"
    assert raw[0][1]["to"] == endpoint_id(7) and raw[0][1]["ce"] == '{"id":"1"}'


def test_items_get_ascending_ids_in_item_order(store):
    result = store.publish([new_event(data=str(i)) for i in range(200)])
    assert [entry for _, entry in result] == [entry for entry, _ in store.r.xrange(EVENTS)]
    assert [fields["data"] for _, fields in store.r.xrange(EVENTS)] == [str(i) for i in range(200)]


def test_each_organization_has_a_list_of_its_events(store):
    items = [new_event(org="org_%d" % (i % 2), type="type.%d" % i) for i in range(5)]
    entries = [entry for _, entry in store.publish([*items, new_event(org="org_2")], max_depth=5)]
    for org in range(2):
        assert store.r.xrange(ORG_EVENTS + "org_%d" % org) == [
            (entries[i], {"type": "type.%d" % i}) for i in range(org, 5, 2)]
    assert not store.r.exists(ORG_EVENTS + "org_2"), "one that was refused is in no list"


def test_repeats_are_listed_once(store):
    store.publish([with_dedup("x"), with_dedup("x"), with_dedup("x", fingerprint="b" * 32)])
    assert store.r.xlen(ORG_EVENTS + ORG) == 1


def test_a_repeat_answers_the_first_id_and_writes_nothing(store):
    (_, entry), = store.publish([with_dedup("x")])
    before = store.snapshot()
    assert store.publish([with_dedup("x")]) == [("duplicate", entry)]
    assert store.publish([with_dedup("x", data="other", fingerprint="b" * 32)]) == [("mismatch", entry)]
    assert store.snapshot() == before


def test_a_dedup_key_holds_id_and_fingerprint_for_the_window(store):
    (_, entry), = store.publish([with_dedup("x")], window_ms=86400000)
    key = P + "dedup:org:x"
    assert store.r.get(key) == entry + " " + "a" * 32
    assert 86399000 < store.r.pttl(key) <= 86400000
    store.r.delete(key)
    (word, second), = store.publish([with_dedup("x")])
    assert word == "accepted" and second != entry


def test_items_of_one_call_are_each_others_repeats(store):
    result = store.publish([with_dedup("x"), new_event(), with_dedup("y"), with_dedup("x"),
                            with_dedup("x", fingerprint="b" * 32), with_dedup("y")])
    assert [word for word, _ in result] == ["accepted", "accepted", "accepted", "duplicate", "mismatch", "duplicate"]
    ids = [entry for _, entry in result]
    assert ids[3] == ids[4] == ids[0] and ids[5] == ids[2]
    assert store.r.xlen(EVENTS) == 3


def test_keys_belong_to_the_items_with_a_fingerprint(store):
    items = [new_event(), with_dedup("x"), new_event(), with_dedup("y")]
    ids = [entry for _, entry in store.publish(items)]
    assert store.r.get(P + "dedup:org:x").split()[0] == ids[1]
    assert store.r.get(P + "dedup:org:y").split()[0] == ids[3]


def test_the_bound_counts_down_within_a_call(store):
    result = store.publish([new_event() for _ in range(5)], max_depth=3)
    assert [word for word, _ in result] == ["accepted"] * 3 + ["full"] * 2
    assert result[3] == ("full", "")
    before = store.snapshot()
    assert store.publish([new_event()], max_depth=3) == [("full", "")]
    assert store.snapshot() == before


def test_a_repeat_takes_no_room_and_is_answered_when_full(store):
    (_, entry), = store.publish([with_dedup("x")], max_depth=1)
    result = store.publish([with_dedup("x"), with_dedup("new"), with_dedup("x")], max_depth=1)
    assert result == [("duplicate", entry), ("full", ""), ("duplicate", entry)]
    assert not store.r.exists(P + "dedup:org:new")
    result = store.publish([with_dedup("x"), with_dedup("z")], max_depth=2)
    assert result[1][0] == "accepted"


def test_the_backlog_is_unread_and_unacknowledged_events_and_ready_deliveries(store):
    def room():
        result = store.publish([new_event() for _ in range(12)], max_depth=10)
        words = [word for word, _ in result]
        for word, entry in result:
            if word == "accepted":
                store.r.xdel(EVENTS, entry)
        store.r.xgroup_destroy(EVENTS, "processor")
        store.r.xgroup_create(EVENTS, "processor", "0")
        return words.count("accepted")

    assert room() == 10
    store.publish([new_event() for _ in range(4)])
    read = store.read_events(count=3)
    assert len([w for w, _ in store.publish([new_event() for _ in range(9)], max_depth=10) if w == "accepted"]) == 6
    # 3 pending, 7 unread; one of the pending becomes two deliveries: 11 in all
    store.fanout("p1", [part(read[0][0], event_id(1), [endpoint_id(1), endpoint_id(2)])])
    assert store.publish([new_event()], max_depth=11) == [("full", "")]
    assert store.publish([new_event()], max_depth=12)[0][0] == "accepted"


def test_processed_events_in_the_log_are_no_backlog(store):
    store.publish([new_event() for _ in range(10)])
    store.fanout("p1", [part(entry, event_id(i), skipped="no_endpoint") for i, (entry, _) in enumerate(store.read_events())])
    assert store.r.xlen(EVENTS) == 10
    assert store.publish([new_event()], max_depth=1)[0][0] == "accepted"


def test_an_unknown_lag_counts_as_none(store):
    ids = [entry for _, entry in store.publish([new_event() for _ in range(5)])]
    store.read_events(count=2)
    store.r.xdel(EVENTS, ids[3])
    assert store.r.xinfo_groups(EVENTS)[0]["lag"] is None
    result = store.publish([new_event() for _ in range(3)], max_depth=4)
    assert [word for word, _ in result] == ["accepted", "accepted", "full"]


def test_without_streams_and_group_every_event_is_backlog(server):
    server.flushall()
    store = Store(server, groups=False)
    result = store.publish([new_event() for _ in range(3)], max_depth=2)
    assert [word for word, _ in result] == ["accepted", "accepted", "full"]
    assert store.publish([new_event()], max_depth=2) == [("full", "")]


def test_no_items_is_an_empty_answer(store):
    before = store.snapshot()
    assert store.publish([]) == []
    assert store.publish([], limiters=[("org", 10, 5)]) == ([], [(5, 0, 0)])
    assert store.snapshot() == before


@pytest.mark.parametrize("broken", [["x"], [Size(6)], [Size(6), *range(5)], [Size(6), *range(7)], [Size(5), *range(5)],
                                    [Size(14), *range(13)], [Size(14), *range(15)]])
def test_a_wrong_number_of_strings_writes_nothing(store, broken):
    whole = [Size(6), *range(6)]
    before = store.snapshot()
    with pytest.raises(redis.ResponseError, match="another size than it says"):
        store.call("publish", [EVENTS, DELIVERIES, ORG_EVENTS, RATE + "org"], [10, 1000, "processor", "", 1, 10, 5, packed(whole + broken)])
    assert store.snapshot() == before
