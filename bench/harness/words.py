"""Word count on sealed text by clusters of 2 and 10 workers, beside other programs on plain text."""
from .cluster import Cluster
from .peers import LIMIT_SEALED, Missing, word_counters
from .plots import bars
from .rounds import Rounds

LIMIT_MARK = 70  # per cent of the limit program's speed on sealed input, with two workers


def label_of(workers, shared=False):
    return f"Brume, sgx-sim, {workers} workers, sealed" + (", in a shared folder" if shared else "")


def measure(bench):
    share = bench.work / "share"
    share.mkdir(exist_ok=True)
    bench.work.chmod(0o755)  # nodes have a user of their own
    clusters = {n: Cluster(bench.build, bench.work, f"words-{n}", workers=n, engine=bench.engine, share=share)
                for n in bench.workers}
    bench.out("\n### Word count, sealed end to end\n\nBrume's input is sealed beforehand; its time is that of the whole "
              "`brume run`, to the plain result. Peers read and write plain files and protect nothing; their time is that "
              "of the whole process. Results are compared byte for byte. The master serves the input, or nodes read it in a "
              "folder that they share.")
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
    places = {False: sealed, True: f"shared:{sealed}"}
    programs = {label_of(n, shared): lambda output, c=cluster, place=place: c.run([place], output)
                for n, cluster in clusters.items() for shared, place in places.items()}
    users = {label_of(n, shared): cluster for n, cluster in clusters.items() for shared in places}
    others = word_counters(text, bench.cores, bench.build, bench.work, missing)
    programs.update({label: program for label, program in others.items()
                     if not bench.peers or label.startswith(tuple(bench.peers))})
    bench.skipped(missing)
    rounds = Rounds(name, programs, bench.runs, bench.work)
    bench.out(f"\n**{name}** ({text.stat().st_size / 1e6:.0f} MB; sealing it once: {sealing.wall:.2f} s)\n")
    rounds.table(bench.out)
    for label in users:
        rounds.roles(bench.out, label)
    bench.kept(rounds.memory(bench.out, users))
    bench.check(rounds)
    for shared in places:
        compare_with_limit(bench, rounds, label_of(2, shared))
    bars(bench.folder / f"words-{name}.svg", f"Word count, {name}: only Brume protects anything",
         [(label, [c.wall for c in costs], 0 if label in users else 1) for label, costs in rounds.costs.items()])
    sealed.unlink()
    (bench.work / "limit-input").unlink(missing_ok=True)


def compare_with_limit(bench, rounds, mine):
    limit = next((label for label in rounds.costs if label.startswith(LIMIT_SEALED)), None)
    if limit is None or not rounds.costs[limit] or mine not in rounds.costs:
        return
    speed, cpu = (100 * rounds.ratio(limit, mine, what) for what in ("wall", "cpu"))
    bench.out(f"\n{mine}: {speed:.0f} % of the speed of the limit program on sealed input (by CPU time {cpu:.0f} %); "
              f"the mark is {LIMIT_MARK} %: {'reached' if speed >= LIMIT_MARK else '**not reached**'}.")
