"""One JSON line per case, a table, and the closing line."""

import json
import sys

COLUMNS = ("attempted", "acked", "unknown", "delivered", "lost", "unexpected", "dup", "max_dup_per_id",
           "t_first_after_fault", "t_drained", "rss_delta", "fd_delta", "crashes")


def line(case, seed, outcome, seconds):
    record = {"case": case.id, "title": case.title, "result": "fail" if outcome.failures else "pass", "seed": seed}
    record |= {name: outcome.counts.get(name, 0) for name in COLUMNS}
    record |= {name: value for name, value in outcome.counts.items() if name not in COLUMNS}
    record |= {"seconds": round(seconds, 1), "failures": outcome.failures}
    print(json.dumps(record), flush=True)
    return record


def table(records):
    heads = {"t_first_after_fault": "first_s", "t_drained": "drain_s", "max_dup_per_id": "max_dup", "rss_delta": "rss_mb", "fd_delta": "fds"}
    print(f"\n{'case':<8}{'result':<8}{'seed':>6}" + "".join(f"{heads.get(name, name):>11}" for name in COLUMNS) + "  title")
    for record in records:
        cells = "".join(f"{record[name]:>11}" for name in COLUMNS)
        print(f"{record['case']:<8}{record['result']:<8}{record['seed']:>6}{cells}  {record['title']}")
    for record in records:
        for failure in record["failures"]:
            print(f"{record['case']} (--seed {record['seed']}): {failure}")


def closing(records, seconds):
    failed = sum(record["result"] == "fail" for record in records)
    print(f"faults: {len(records) - failed} passed, {failed} failed in {seconds:.0f} s", flush=True)
    return failed


def note(text):
    print(text, file=sys.stderr, flush=True)
