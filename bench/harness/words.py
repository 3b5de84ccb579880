"""Word count on sealed text by clusters of 2 and 10 workers, beside other programs on plain text."""
from .cluster import Cluster
from .peers import LIMIT_SEALED, Missing, word_counters
from .plots import bars
from .rounds import Rounds

LIMIT_MARK = 70  # per cent of the limit program's speed on sealed input, with two workers


def label_of(workers):
    return f"Brume, sgx-sim, {workers} workers, sealed"


def measure(bench):
    clusters = {label_of(n): Cluster(bench.build, bench.work, f"words-{n}", workers=n, engine=bench.engine)
                for n in bench.workers}
    bench.out("\n### Word count, sealed end to end\n\nBrume's input is sealed beforehand; its time is that of the whole "
              "`brume run`, to the plain result. Peers read and write plain files and protect nothing; their time is that "
              "of the whole process. Results are compared byte for byte.")
    try:
        for cluster in clusters.values():
            bench.adopt(cluster).up()
        for name in bench.texts:
            bench.part(name, count, name, clusters)
    finally:
        for cluster in clusters.values():
            cluster.down()


def count(bench, name, clusters):
    text = bench.text(name)
    owner, *others = clusters.values()
    sealed, sealing = owner.seal(text, *others)
    missing = Missing()
    programs = {label: lambda output, c=cluster: c.run([sealed], output) for label, cluster in clusters.items()}
    others = word_counters(text, bench.cores, bench.build, bench.work, missing)
    programs.update({label: program for label, program in others.items()
                     if not bench.peers or label.startswith(tuple(bench.peers))})
    bench.skipped(missing)
    rounds = Rounds(name, programs, bench.runs, bench.work)
    bench.out(f"\n**{name}** ({text.stat().st_size / 1e6:.0f} MB; sealing it once: {sealing.wall:.2f} s)\n")
    rounds.table(bench.out)
    for label in clusters:
        rounds.roles(bench.out, label)
    bench.kept(rounds.memory(bench.out, clusters))
    bench.check(rounds)
    compare_with_limit(bench, rounds)
    bars(bench.folder / f"words-{name}.svg", f"Word count, {name}: only Brume protects anything",
         [(label, [c.wall for c in costs], 0 if label in clusters else 1) for label, costs in rounds.costs.items()])
    sealed.unlink()
    (bench.work / "limit-input").unlink(missing_ok=True)


def compare_with_limit(bench, rounds):
    limit = next((label for label in rounds.costs if label.startswith(LIMIT_SEALED)), None)
    mine = label_of(2)
    if limit is None or not rounds.costs[limit] or mine not in rounds.costs:
        return
    speed, cpu = (100 * rounds.ratio(limit, mine, what) for what in ("wall", "cpu"))
    bench.out(f"\nTwo workers have {speed:.0f} % of the speed of the limit program on sealed input (by CPU time {cpu:.0f} %); "
              f"the mark is {LIMIT_MARK} %: {'reached' if speed >= LIMIT_MARK else '**not reached**'}.")
