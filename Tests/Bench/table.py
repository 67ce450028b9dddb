"""The lines of the result, and the arithmetic on samples that they are made of."""
import math
import re
import statistics


class Table:
    """Lines, printed as they come. A smoke looks only whether there is something to judge."""

    def __init__(self, smoke=False):
        self.smoke = smoke
        self.missed = []
        print(f"{'what':<64} {'budget':>12}  {'measured':>12}  ok   how it spread, and beside what")

    def part(self, name):
        return Part(self, name)


class Part:
    """What one part has to say: at least one line."""

    def __init__(self, table, name):
        self.table = table
        self.name = name
        self.lines = 0

    def line(self, what, budget, measured, ok=None, note="", may_be_zero=False):
        """`ok` None: a figure without a budget. A size or a speed of nothing is nonsense, wherever in the line it stands."""
        if not may_be_zero and re.search(r"(?<![\d.])0(\.0+)? (MB|GB/s)(?!\w)", f"{measured}  {note}"):
            ok, note = False, f"nonsense: {note}"
        self.lines += 1
        mark = {True: "yes", False: "NO", None: "-"}[ok]
        print(f"{what:<64} {budget:>12}  {measured:>12}  {mark:<3}  {note}".rstrip(), flush=True)
        if ok is False:
            self.table.missed.append(what)

    def failed(self, why, what=None, budget=""):
        self.line(what or self.name, budget, "failed", False, str(why).strip().replace("\n", " ")[:160], may_be_zero=True)

    def at_most(self, what, limit, value, text="{:.2f} x", note="", may_be_zero=False):
        self.judged(what, "<= " + text.format(limit), text.format(value), value, value <= limit, note, may_be_zero)

    def at_least(self, what, limit, value, text="{:.1f} x", note="", may_be_zero=False):
        self.judged(what, ">= " + text.format(limit), text.format(value), value, value >= limit, note, may_be_zero)

    def judged(self, what, budget, measured, value, within, note, may_be_zero):
        if not math.isfinite(value) or (value <= 0 and not may_be_zero):
            within, note = False, f"nonsense: {note}"
        elif self.table.smoke:
            within = None
        self.line(what, budget, measured, within, note, may_be_zero)


def spread(samples, unit=1e3, name="ms"):
    """Median and range."""
    return f"{statistics.median(samples) * unit:.3g} {name} ({min(samples) * unit:.3g} to {max(samples) * unit:.3g})"


def ratio(over, under):
    """The median of what was measured in turns, pair by pair."""
    return statistics.median(a / b for a, b in zip(over, under))
