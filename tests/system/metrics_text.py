"""The Prometheus text format 0.0.4, read strictly."""
import math
import re
from dataclasses import dataclass, field

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


@dataclass
class Family:
    name: str
    help: str
    kind: str = None
    samples: dict = field(default_factory=dict)  # (suffix, labels) -> value


def read_number(text):
    assert re.fullmatch(r"[+-]Inf|NaN|-?\d+(\.\d+)?(e[+-]?\d+)?", text), text
    return float(text)


def read_sample(line, family):
    found = SAMPLE.fullmatch(line)
    assert found, line
    name, labels, number = found.groups()
    suffix = name.removeprefix(family.name)
    assert name.startswith(family.name) and suffix in SUFFIXES[family.kind], f"{line}: within {family.name}"
    pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")
    assert len(dict(pairs)) == len(pairs), line
    key = (suffix, tuple(pairs))
    assert key not in family.samples, f"{line}: twice"
    family.samples[key] = read_number(number)


def check_histogram(family):
    series = {}
    for (suffix, labels), number in family.samples.items():
        own = tuple(pair for pair in labels if pair[0] != "le")
        series.setdefault(own, {"_bucket": []})
        if suffix == "_bucket":
            series[own]["_bucket"].append((read_number(dict(labels)["le"]), number))
        else:
            series[own][suffix] = number
    for own, values in series.items():
        bounds = [bound for bound, _ in values["_bucket"]]
        counts = [count for _, count in values["_bucket"]]
        assert bounds == sorted(set(bounds)) and bounds[-1] == math.inf, (family.name, own)
        assert counts == sorted(counts) and counts[-1] == values["_count"], (family.name, own)
        assert values["_sum"] >= 0 and (values["_count"] > 0 or values["_sum"] == 0)


def parse(text):
    """Families by name."""
    assert text.endswith("\n") and "\r" not in text
    families, current = {}, None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            _, _, name, help = line.split(" ", 3)
            assert re.fullmatch(NAME, name) and help and name not in families, line
            current = families[name] = Family(name, help)
        elif line.startswith("# TYPE "):
            _, _, name, current.kind = line.split(" ")
            assert name == current.name and current.kind in SUFFIXES and not current.samples, line
        else:
            read_sample(line, current)
    for family in families.values():
        assert family.samples, f"{family.name} has no sample"
        assert (family.kind == "counter") == family.name.endswith("_total"), family.name
        if family.kind == "histogram":
            check_histogram(family)
        elif family.kind == "counter":
            assert all(number >= 0 and number.is_integer() or "seconds" in family.name for number in family.samples.values())
    return families


def value(families, name, **labels):
    """Of one sample; histograms with their suffix in the name."""
    for family in families.values():
        suffix = name.removeprefix(family.name)
        for (own_suffix, pairs), number in family.samples.items():
            if name.startswith(family.name) and suffix == own_suffix and dict(pairs) == labels:
                return number
    raise AssertionError(f"no sample {name} {labels}")
