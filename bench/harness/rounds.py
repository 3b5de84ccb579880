"""Measures programs in turn (A B C, A B C, ...), so that what the machine does meanwhile falls on all of them."""
import filecmp
import statistics

from .programs import Failed, say, size_text, spread


def same_bytes(expected, got):
    return filecmp.cmp(expected, got, shallow=False)


def same_lines(expected, got):
    """In any order."""
    return sorted(expected.read_bytes().splitlines()) == sorted(got.read_bytes().splitlines())


def same_numbers(expected, got):
    """Lines in any order, their fields the same or within a millionth of each other."""
    lines = [sorted(path.read_text().replace(",", "\t").splitlines()) for path in (expected, got)]
    return len(lines[0]) == len(lines[1]) and all(map(near, *lines))


def near(left, right):
    left, right = left.split("\t"), right.split("\t")
    return len(left) == len(right) and all(map(near_field, left, right))


def near_field(left, right):
    if left == right:
        return True
    try:
        return abs(float(left) - float(right)) <= 1e-6 * max(1, abs(float(left)))
    except ValueError:
        return False


class Rounds:
    """programs: label -> function of a path to write to, which gives a Cost. The first program is what the others are
    compared with, in ratios and, but for those of `apart`, in results."""

    def __init__(self, title, programs, runs, work, same=same_bytes, apart=()):
        self.first = next(iter(programs))
        self.costs = {label: [] for label in programs}
        self.failed, self.differing = {}, set()
        agreed = work / "agreed"
        agreed.unlink(missing_ok=True)
        for turn in range(runs + 1):  # the first warms up, and its results are compared
            for label, program in programs.items():
                if label in self.failed:
                    continue
                output = work / "output"
                output.unlink(missing_ok=True)
                try:
                    cost = program(output)
                except Failed as error:
                    say(f"{title}: {label}: {error}")
                    self.failed[label] = str(error)
                    if label == self.first:
                        raise
                    continue
                say(f"{title} {turn} of {runs}: {label}: {cost.wall:.2f} s, CPU {cost.cpu:.2f} s")
                if turn > 0:
                    self.costs[label].append(cost)
                elif label == self.first:
                    output.rename(agreed)
                elif same and label not in apart and not same(agreed, output):
                    self.differing.add(label)
        for path in (agreed, work / "output"):
            path.unlink(missing_ok=True)

    def median(self, label, what="wall"):
        return statistics.median(getattr(cost, what) for cost in self.costs[label])

    def ratio(self, label, other, what="wall"):
        """Of pairs of one round each: as robust against drift as it gets."""
        pairs = [getattr(a, what) / max(getattr(b, what), 1e-3)
                 for a, b in zip(self.costs[label], self.costs[other], strict=False)]
        return statistics.median(pairs) if pairs else None

    def table(self, out, reference=None):
        """A row a program; ratios are the reference's divided by its own, of pairs: above 1, it is the faster one."""
        reference = reference or self.first
        out(f"| program | seconds, median [least .. most] | CPU s | peak memory | ratio of time | ratio of CPU |\n"
            "|---|---|---|---|---|---|")
        for label, costs in self.costs.items():
            if label in self.failed or not costs:
                out(f"| {label} | failed: {self.failed.get(label, 'no run')} | | | | |")
                continue
            note = " (**its result differs**)" if label in self.differing else ""
            ratios = ["1", "1"] if label == reference else [f"{self.ratio(reference, label, what):.2f}"
                                                          for what in ("wall", "cpu")]
            peak = max(cost.peak_kb for cost in costs)
            out(f"| {label}{note} | {spread([c.wall for c in costs])} | {self.median(label, 'cpu'):.2f} "
                f"| {size_text(peak << 10)} | {ratios[0]} | {ratios[1]} |")

    def memory(self, out, clusters):
        """Peaks of each role beside what an enclave may use; true if all kept within it. clusters: label -> Cluster."""
        kept = True
        for label, cluster in clusters.items():
            costs = self.costs[label]
            if not costs:
                continue
            peaks = {role: max(cost.peaks[role] for cost in costs) for role in costs[0].peaks}
            over = peaks.get("enclave", 0) > cluster.budget_kb()
            kept = kept and not over
            shown = ", ".join(f"{role} {size_text(kb << 10)}" for role, kb in peaks.items())
            out(f"\nPeak memory, {label}: {shown}; an enclave's budget is --heap-mb {cluster.heap_mb}"
                + (": **FAILED, it is above**." if over else ": kept."))
        return kept

    def roles(self, out, label):
        costs = self.costs[label]
        middle = {role: statistics.median(c.by_role[role] for c in costs) for role in costs[0].by_role}
        total = sum(middle.values()) or 1
        shares = ", ".join(f"{role} {seconds:.2f} s ({100 * seconds / total:.0f} %)" for role, seconds in middle.items())
        out(f"\nCPU time, {label}: {shares}.")
