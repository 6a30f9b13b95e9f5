"""The events of a run: each follows from the seed and its number alone, so that whoever sees it knows how it must look.

An event's value ("7-123": seed and number) is its dedup id and stands in its data; ten in a row belong to one organization,
so that they can go as a batch. Every fiftieth is too large to travel inside a delivery.
"""

import hashlib
import random
import time
from dataclasses import dataclass

TYPES = 5
BLOCK = 10
LARGE_EVERY = 50
LARGE = 6000
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_BASE_S = 1_700_000_000


@dataclass(frozen=True)
class Event:
    value: str
    org: int
    type: str
    occurred_at: str
    data: str

    def request(self):
        return (f'{{"type":"{self.type}","dedup_id":"{self.value}",'
                f'"occurred_at":"{self.occurred_at}","data":{self.data}}}')

    def body_hash(self, event_id):
        """What a receiver must see, byte for byte."""
        return body_hash(f'{{"id":"{event_id}","type":"{self.type}",'
                         f'"timestamp":"{self.occurred_at}","data":{self.data}}}'.encode())


def body_hash(body):
    return hashlib.sha256(body).hexdigest()[:24]


def make(seed, number, orgs, padding):
    chance = random.Random(f"{seed}:{number}")
    size = LARGE if number % LARGE_EVERY == LARGE_EVERY - 1 else chance.randint(0, padding)
    value = f"{seed}-{number}"
    second = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(_BASE_S + number // 1000))
    return Event(
        value=value,
        org=number // BLOCK % orgs,
        type=f"order.t{number % TYPES}",
        occurred_at=f"{second}.{number % 1000:03d}Z",
        # Spaces, escapes and numbers that a parser in between would rewrite.
        data=f'{{"n":"{value}", "price":1.10e+2,"name":"\\u00e9/\\/{number}","pad":"{chance.randbytes(size // 2).hex()}"}}')


def of_value(value, orgs, padding):
    """The event that a receiver's or the store's value names; None when no generator makes such a one."""
    seed, _, number = value.rpartition("-")
    if not seed.isdigit() or not number.isdigit() or len(number) > 9:
        return None
    return make(int(seed), int(number), orgs, padding)


def event_id(entry, partition=0):
    """evt_… of an entry of the log: ms, sequence and partition in base 32."""
    ms, sequence = (int(part) for part in entry.split("-"))
    return "evt_" + _digits(ms, 10) + _digits(sequence, 7) + _digits(partition, 3)


def _digits(number, count):
    return "".join(_ALPHABET[number >> 5 * at & 31] for at in reversed(range(count)))
