"""What is measured: a figure with its samples, and what it is measured beside and against."""
import statistics
from dataclasses import dataclass, field


@dataclass
class Bar:
    """The bound that a figure must keep. of: "ours", "ratio"; a sign of at_most or at_least."""
    text: str
    limit: float
    at_most: bool = True
    of: str = "ours"

    def is_met(self, ours, ratio):
        value = ratio if self.of == "ratio" else ours
        if value is None:
            return None
        return value <= self.limit if self.at_most else value >= self.limit


@dataclass
class Figure:
    """One line of the table. samples and beside belong together round by round."""
    name: str
    unit: str
    samples: list
    durability: str = ""
    contender: str = ""
    beside: list = field(default_factory=list)
    bar: Bar = None
    note: str = ""
    detail: dict = field(default_factory=dict)
    floor: float = None  # what the contender costs on the machine that the bars in absolute time and the budgets were made for

    @property
    def median(self):
        return statistics.median(self.samples) if self.samples else None

    @property
    def ratio(self):
        """Median of the rounds' ratios: what disturbs a round disturbs both of its sides."""
        pairs = [ours / theirs for ours, theirs in zip(self.samples, self.beside) if theirs]
        return statistics.median(pairs) if pairs else None

    @property
    def spread(self):
        """Half of the way from the lowest to the highest sample, as a share of the median."""
        if len(self.samples) < 2 or not self.median:
            return None
        return (max(self.samples) - min(self.samples)) / 2 / abs(self.median)

    @property
    def is_met(self):
        return self.bar.is_met(self.median, self.ratio) if self.bar else None

    def as_json(self):
        return {
            "figure": self.name, "unit": self.unit, "durability": self.durability, "median": self.median,
            "spread": self.spread, "samples": self.samples, "contender": self.contender,
            "contender_median": statistics.median(self.beside) if self.beside else None, "contender_samples": self.beside,
            "ratio": self.ratio, "bar": self.bar.text if self.bar else None, "met": self.is_met, "note": self.note,
            "detail": self.detail,
        }


def rounded(value):
    """Three digits that count."""
    if value is None:
        return ""
    if value == int(value) and abs(value) < 100:
        return str(int(value))
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(figures):
    """Markdown."""
    lines = ["| figure | durability | ours | spread | beside | ratio | bar | |", "|---|---|---:|---:|---|---:|---|---|"]
    for figure in figures:
        beside = f"{figure.contender}: {rounded(statistics.median(figure.beside))}" if figure.beside else figure.contender
        spread = f"±{figure.spread:.0%}" if figure.spread is not None else ""
        verdict = {True: "met", False: "**missed**", None: ""}[figure.is_met]
        note = f" ({figure.note})" if figure.note else ""
        lines.append(f"| {figure.name}{note} | {figure.durability} | {rounded(figure.median)} {figure.unit} | {spread} | {beside} "
                     f"| {rounded(figure.ratio)} | {figure.bar.text if figure.bar else ''} | {verdict} |")
    return "\n".join(lines)
