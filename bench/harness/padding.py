"""What `brume run --pad` costs: bytes that nodes write (to disk and to each other), and time."""
import statistics

from .cluster import Cluster
from .programs import size_text
from .rounds import Rounds

PLAIN, PADDED = "without --pad", "with --pad"


def measure(bench):
    workers = bench.workers[0]
    cluster = bench.adopt(Cluster(bench.build, bench.work, "padding", workers=workers, engine=bench.engine))
    bench.out(f"\n### Padding of the shuffle, word count, {workers} workers\n\n*Written*: bytes that all nodes wrote to their "
              "disks and to others (`wchar` of /proc/PID/io); of the shuffle a block is written when its map task ends and "
              "again when it goes to a reducer elsewhere.")
    try:
        cluster.up()
        for name in [name for name in bench.texts if name.endswith("100")] or bench.texts:
            sealed, _ = cluster.seal(bench.text(name))
            rounds = Rounds(f"padding, {name}", {PLAIN: lambda o: cluster.run([sealed], o),
                                                 PADDED: lambda o: cluster.run([sealed], o, ["--pad"])},
                            bench.runs, bench.work)
            bench.out(f"\n**{name}**\n")
            rounds.table(bench.out)
            moved = {label: statistics.median(cost.moved for cost in costs) for label, costs in rounds.costs.items()}
            more = 100 * (moved[PADDED] / max(moved[PLAIN], 1) - 1)
            time, cpu = (100 * (rounds.ratio(PADDED, PLAIN, what) - 1) for what in ("wall", "cpu"))
            bench.out(f"\nWritten: {size_text(moved[PLAIN])} without, {size_text(moved[PADDED])} with padding ({more:+.1f} %). "
                      f"Price: {time:+.1f} % of time, {cpu:+.1f} % of CPU time (medians of pairs).")
            bench.kept(rounds.memory(bench.out, {PLAIN: cluster, PADDED: cluster}))
            bench.check(rounds)
            sealed.unlink()
    finally:
        cluster.down()
