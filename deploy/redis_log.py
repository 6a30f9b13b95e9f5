"""The end of Redis's append-only log after a crash.

A log that ends in the middle of a script's writes is cut before the first of them. Redis itself would cut after the last whole one and
apply them at a later start. Nothing else is ever cut: what follows a break may be hours of accepted events.
"""
import os
import re
import shutil
import subprocess

from supervisor import say

MANIFEST = "appendonly.aof.manifest"
LARGE = 100 << 20  # bytes, about a second


def number_at(text, at, mark):
    """(number, where it ends) of "*3\\r\\n" or "$5\\r\\n"; None where the text ends before that."""
    whole = re.compile(rb"\%s(\d+)\r\n" % mark).match(text, at)
    if whole:
        return int(whole[1]), whole.end()
    if re.compile(rb"(\%s\d*\r?)?\Z" % mark).match(text, at):
        return None
    raise ValueError(f"no {mark.decode()} at {at}")


def words_at(text, at):
    """(words of a command, where it ends); None where the text ends within it."""
    count = number_at(text, at, b"*")
    if count is None:
        return None
    if count[0] == 0:
        raise ValueError(f"no words at {at}")
    words, at = [], count[1]
    for _ in range(count[0]):
        length = number_at(text, at, b"$")
        if length is None:
            return None
        end = sum(length) + 2
        if text[end - 2:end] != b"\r\n"[:max(len(text) - end + 2, 0)]:
            raise ValueError(f"no end of a word at {end}")
        if end > len(text):
            return None
        words.append(text[length[1]:end - 2])
        at = end
    return words, at


def is_torn(text):
    """Whether this is a command without its end, or a transaction without EXEC, and nothing behind it."""
    names, at = [], 0
    try:
        while at < len(text) and (found := words_at(text, at)):
            names, at = [*names, found[0][0].upper()], found[1]
    except ValueError:
        return False
    return names == [] or names[0] == b"MULTI" and names.count(b"MULTI") == 1 and b"EXEC" not in names


def mend(folder):
    """Of a Redis that does not run."""
    program, manifest = shutil.which("redis-check-aof"), os.path.join(folder, MANIFEST)
    if program is None or not os.path.exists(manifest):
        return
    with open(manifest, encoding="utf-8") as file:
        log = os.path.join(folder, file.read().split("file ")[-1].split(" ")[0])
    if os.path.getsize(log) > LARGE:
        say(f"looking for the end of Redis's log, {os.path.getsize(log) >> 20} MB")
    checked = subprocess.run([program, manifest], capture_output=True, text=True, check=False)
    found = re.search(rf"filename={re.escape(os.path.basename(log))}, size=\d+, ok_up_to=(\d+), .*diff=[1-9]", checked.stdout)
    if checked.returncode == 0 or not found:
        return
    with open(log, "rb") as file:
        file.seek(int(found[1]))
        tail = file.read()
    if is_torn(tail):
        os.truncate(log, int(found[1]))
        say(f"Redis's log ended in the middle of a write, of which {len(tail)} bytes are taken off")
    else:
        say(f"{log} is not as it should be at byte {found[1]}, {len(tail)} bytes before its end: it is left to Redis")
