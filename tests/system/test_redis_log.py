"""deploy/redis_log.py: what deploy/up does with Redis's log before it starts one."""
import sys

import pytest

from processes import ROOT

sys.path.insert(0, str(ROOT / "deploy"))
import redis_log  # noqa: E402


def resp(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)


TRANSACTION = resp(b"MULTI") + resp(b"SET", b"half", b"\r\n$3\r\n*") + resp(b"SET", b"other", b"") + resp(b"EXEC")


@pytest.fixture
def stopped(new_redis):
    """A Redis that has "whole", and was killed -> (it, the folder of its log, the file)."""
    redis = new_redis()
    redis.client.set("whole", "1")
    redis.kill()
    folder = redis.folder / "appendonlydir"
    return redis, folder, next(folder.glob("*.incr.aof"))


def test_half_a_transaction_goes_wherever_it_is_cut(stopped, capsys):
    redis, folder, log = stopped
    whole = log.read_bytes()
    for cut in range(1, len(TRANSACTION)):
        log.write_bytes(whole + TRANSACTION[:cut])
        redis_log.mend(folder)
        assert log.read_bytes() == whole, TRANSACTION[:cut]
        assert f"{cut} bytes are taken off" in capsys.readouterr().out
    redis.start()
    redis.client.set("later", "1")
    redis.kill()
    redis.start()
    assert set(redis.client.keys()) == {"whole", "later"}


def test_what_is_whole_stays(stopped, capsys):
    _, folder, log = stopped
    log.write_bytes(log.read_bytes() + TRANSACTION)
    before = log.read_bytes()
    redis_log.mend(folder)
    assert log.read_bytes() == before and capsys.readouterr().out == ""


def test_what_came_after_an_earlier_tear_stays(stopped, capsys):
    """Redis was started on a torn log by somebody else: half a transaction, then all that was accepted since."""
    redis, folder, log = stopped
    log.write_bytes(log.read_bytes() + TRANSACTION[:-20])
    redis.start()
    redis.client.set("later", "1")
    redis.client.pipeline(transaction=True).set("in", "1").set("one", "1").execute()
    redis.kill()
    for more in (b"", TRANSACTION[:30], TRANSACTION):
        log.write_bytes(log.read_bytes() + more)
        before = log.read_bytes()
        redis_log.mend(folder)
        assert log.read_bytes() == before and "left to Redis" in capsys.readouterr().out


@pytest.mark.parametrize("broken", [b"*2\r\n$3\r\nGET\r\n$1\r\nab\r\n", b"\0\0\0\0", b"*1\r\n:4\r\nPING\r\n", b"PING\r\n"])
def test_what_is_broken_otherwise_is_left_alone(stopped, broken, capsys):
    _, folder, log = stopped
    log.write_bytes(log.read_bytes() + broken + TRANSACTION)
    before = log.read_bytes()
    redis_log.mend(folder)
    assert log.read_bytes() == before and "left to Redis" in capsys.readouterr().out


def test_only_the_last_file_is_looked_at(stopped, capsys):
    """While the log is rewritten there are two: a hole between them would be worse than what it mends."""
    _, folder, log = stopped
    log.write_bytes(log.read_bytes() + TRANSACTION[:-20])
    before = log.read_bytes()
    (folder / "appendonly.aof.2.incr.aof").write_bytes(resp(b"SELECT", b"0"))
    with (folder / redis_log.MANIFEST).open("a") as manifest:
        manifest.write("file appendonly.aof.2.incr.aof seq 2 type i\n")
    redis_log.mend(folder)
    assert log.read_bytes() == before and capsys.readouterr().out == ""


def test_without_a_log_there_is_nothing_to_do(tmp_path):
    redis_log.mend(tmp_path)
    assert list(tmp_path.iterdir()) == []
