"""What an inbox has to be, in Python: per event who has it, since when it is free, and how often it was leased."""
from dataclasses import dataclass

NOBODY = None


@dataclass
class Item:
    entry: str
    at_ms: int = 0
    after: int = 0  # may not be leased before
    holder: str = NOBODY
    until: int = 0
    lease_count: int = 0
    is_read: bool = False  # leased before, or looked at for a lease


def order(entry):
    return tuple(int(part) for part in entry.split("-"))


class InboxModel:
    def __init__(self):
        self.items = {}  # not acknowledged, the oldest first

    def publish(self, entry, after=0):
        self.items[entry] = Item(entry, order(entry)[0], after)

    def listed(self, now):
        return [(item.entry, item.lease_count, item.until if item.holder and item.until > now else "")
                for item in self.items.values()]

    def lease(self, name, limit, until, now):
        free = sorted((item for item in self.items.values() if item.is_read and item.until <= now),
                      key=lambda item: (item.until, item.entry))
        taken = free[:limit]
        for item in list(self.items.values()):
            if item.is_read or len(taken) == limit:
                continue
            item.is_read, item.until = True, item.after
            if item.after <= now:
                taken.append(item)
        for item in taken:
            item.holder, item.until, item.lease_count = name, until, item.lease_count + 1
        return [(item.entry, item.lease_count) for item in taken]

    def held(self, name):
        return [item.entry for item in self.items.values() if item.holder == name]

    def unlease(self, rule, name, entries):
        answer = {}
        for entry in entries or self.held(name):
            item = self.items.get(entry)
            is_held = item is not None and item.holder == name
            answer[entry] = "held" if is_held else "not_held"
            if is_held and rule == "ack":
                del self.items[entry]
            elif is_held:
                item.holder, item.until = NOBODY, 0
        return answer

    def trim(self, before_ms):
        """What is old, and not leased since then, is gone."""
        for item in list(self.items.values()):
            if item.at_ms < before_ms and not (item.is_read and item.until >= before_ms):
                del self.items[item.entry]
