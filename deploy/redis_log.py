"""The end of Redis's append-only log after a crash.

A log that ends in the middle of a script's writes is cut before the first of them. Redis itself would cut after the last whole one and
apply them at a later start. What is broken in another way is left alone, for somebody to look at: everything behind it would go.
"""
import os
import re
import shutil
import subprocess

from supervisor import Failed, say

MANIFEST = "appendonly.aof.manifest"


def number_at(text, at, mark):
    """(number, where it ends) of "*3\\r\\n" or "$5\\r\\n"; None where the text ends before that."""
    whole = re.compile(rb"\%s(\d+)\r\n" % mark).match(text, at)
    if whole:
        return int(whole[1]), whole.end()
    if re.compile(rb"(\%s\d*\r?)?\Z" % mark).match(text, at):
        return None
    raise ValueError(f"no {mark.decode()} at {at}")


def is_cut(text):
    """Whether these are commands, the last of which may have lost its end."""
    at = 0
    try:
        while (words := number_at(text, at, b"*")):
            at = words[1]
            for _ in range(words[0]):
                word = number_at(text, at, b"$")
                if word is None:
                    return True
                at = sum(word) + 2
                if text[at - 2:at] != b"\r\n"[:max(len(text) - at + 2, 0)]:
                    return False
    except ValueError:
        return False
    return True


def mend(folder):
    """Of a Redis that does not run."""
    program, manifest = shutil.which("redis-check-aof"), os.path.join(folder, MANIFEST)
    if program is None or not os.path.exists(manifest):
        return
    checked = subprocess.run([program, manifest], capture_output=True, text=True, check=False)
    found = re.search(r"filename=(\S+), size=\d+, ok_up_to=(\d+), .*diff=[1-9]", checked.stdout)
    if checked.returncode == 0 or not found:
        return
    with open(os.path.join(folder, found[1]), "rb") as file:
        file.seek(int(found[2]))
        tail = file.read()
    if not is_cut(tail):
        raise Failed(f"{os.path.join(folder, found[1])} is broken at byte {found[2]}, {len(tail)} bytes before its end: "
                     f"look at it, then cut it with redis-check-aof --fix {manifest}")
    os.truncate(os.path.join(folder, found[1]), int(found[2]))
    say(f"Redis's log ended in the middle of a write, of which {len(tail)} bytes are taken off")
