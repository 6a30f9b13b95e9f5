"""What processes use, from /proc: CPU by the scheduler's own clock, memory, system calls of reading and writing."""
import os
import pathlib
import time

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")


def cpu_us(pid):
    """Of all threads that live. The scheduler counts ns; where it does not, the ticks of stat are what there is."""
    total_ns = 0
    try:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            try:
                total_ns += int((task / "schedstat").read_text().split()[0])
            except (FileNotFoundError, ProcessLookupError):
                continue
        if total_ns:
            return total_ns / 1000
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * TICK_US
    except FileNotFoundError:
        raise RuntimeError(f"process {pid} has ended during a measurement") from None


def rss_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def io_calls(pid):
    """(reads, writes) as system calls; sendmsg and recvmsg are not among them, plain read and write are."""
    try:
        fields = dict(line.split(": ") for line in pathlib.Path(f"/proc/{pid}/io").read_text().splitlines())
        return int(fields["syscr"]), int(fields["syscw"])
    except (FileNotFoundError, PermissionError):
        return 0, 0


def processors_us():
    """-> (CPU time of everything on this machine so far, ours and others'; what its host kept from it meanwhile)"""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _, _, irq, softirq, stolen = fields[:8]
    return (user + nice + system + irq + softirq) * TICK_US, stolen * TICK_US


def fixed_work_ms():
    """CPU time of work that is always the same: what changes is the machine."""
    begin = time.process_time()
    total = 0
    for number in range(500_000):
        total += number * number
    return (time.process_time() - begin) * 1000


def processor_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


class Meter:
    """Readings of named processes and of their Redis; the difference of two is what the time between them has cost.

    rewrite: what Redis's children used to rewrite the log, which Redis itself is not charged for.
    """

    def __init__(self, pids, link=None):
        self.pids = pids
        self.link = link

    def read_cpu(self):
        used = {name: cpu_us(pid) for name, pid in self.pids.items()}
        return used | {"rewrite": self.link.children_us()} if self.link else used

    def read(self):
        return {
            "machine_us": processors_us()[0],
            "cpu_us": self.read_cpu(),
            "io": {name: io_calls(pid) for name, pid in self.pids.items()},
            "commands": self.link.command_counts() if self.link else {},
        }

    def since(self, before):
        now = self.read()
        commands = {}
        for name, (calls, used_us) in now["commands"].items():
            calls_before, used_before_us = before["commands"].get(name, (0, 0))
            if calls > calls_before:
                commands[name] = (calls - calls_before, used_us - used_before_us)
        return {
            "machine_us": now["machine_us"] - before["machine_us"],
            "cpu_us": {name: now["cpu_us"][name] - used_us for name, used_us in before["cpu_us"].items()},
            "io": {name: [after - was for after, was in zip(now["io"][name], before["io"][name])] for name in self.pids},
            "commands": commands,
        }
