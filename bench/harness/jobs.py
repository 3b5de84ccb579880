"""Every job that ships, on made data, sealed beforehand; and a sort beside GNU sort."""
import os
import statistics

from .cluster import Cluster
from .data import sort_input
from .job_list import JOBS, peers_of, phoenix_of
from .peers import Missing, threads_text
from .plots import bars
from .programs import call, size_text, spread
from .rounds import Rounds


def amount_of(job, scale):
    """Edges of matrices grow with the cube root of their work."""
    return max(8, round(job.amount * (scale ** (1 / 3) if job.unit == "edge" else scale)))


def measure(bench):
    chosen = [job for job in JOBS if not bench.jobs or job.name in bench.jobs]
    bench.out(f"\n### Other jobs, {' and '.join(map(str, bench.job_workers))} workers\n\nData is made by bench/harness/data.py; Brume's "
              "input is sealed beforehand. *Elsewhere*: measured once on another virtual machine with 2 cores of an AMD EPYC, "
              "unprotected, from plain files; it stands there for the order of magnitude, and no ratio is made with it.")
    for job in chosen:
        bench.part(job.name, one, job)


def sealed_arguments(cluster, others, named):
    return [f"{name}={path}" if name else str(path)
            for name, path in ((name, cluster.seal(path, *others)[0]) for name, path in named)]


def behind_open(bench, job, cluster, sealed, amount, missing):
    """Phoenix++ on the same sealed input: it reads plain files, so `brume open` comes first."""
    opened = bench.work / "opened"

    def both(output, run):
        opened.unlink(missing_ok=True)  # to replace it would cost more than to write it
        return cluster.open(sealed, opened) + run(output)
    return {f"{label}, behind `brume open`": lambda output, run=run: both(output, run)
            for label, run in phoenix_of(job, [opened], amount, bench.cores, missing).items()}


def one(bench, job):
    amount = amount_of(job, bench.scale)
    inputs = job.make(bench, amount)
    paths = [path for _, path in inputs]
    arguments = [word.format(amount) if word.endswith("{}") else word for word in job.arguments]
    share = bench.work / "share"
    share.mkdir(exist_ok=True)
    share.chmod(0o755)
    clusters = {f"Brume, sgx-sim, {n} workers, sealed": Cluster(bench.build, bench.work, f"{job.name}-{n}", job.name, n,
                                                                share=share) for n in bench.job_workers}
    missing = Missing()
    try:
        for cluster in clusters.values():
            bench.adopt(cluster).up()
        first, *others = clusters.values()
        sealed = sealed_arguments(first, others, inputs)
        if job.side:
            arguments += ["--side", *sealed_arguments(first, others, [job.side(bench, amount)])]
        programs = {label: lambda output, c=cluster: c.run(sealed, output, arguments)
                    for label, cluster in clusters.items()}
        if job.shared:
            programs.update({f"{label}, in a shared folder":
                             lambda output, c=cluster: c.run([f"shared:{path}" for path in sealed], output, arguments)
                             for label, cluster in clusters.items()})
        programs.update(peers_of(job, paths, bench.cores, missing))
        phoenix = phoenix_of(job, paths, amount, bench.cores, missing)
        if phoenix and job.shared:
            phoenix.update(behind_open(bench, job, first, sealed[0], amount, missing))
        programs.update(phoenix)
        rounds = Rounds(job.name, programs, bench.runs, bench.work, job.same, phoenix)
    finally:
        for cluster in clusters.values():
            cluster.down()
        for path in [*share.glob("*.age"), bench.work / "opened"]:
            path.unlink(missing_ok=True)
    size = size_text(sum(path.stat().st_size for path in paths))
    what = job.what.format(size if job.unit == "bytes" else f"{amount:,}".replace(",", " "))
    bench.out(f"\n**{job.name}**, {what}" + ("" if job.unit == "bytes" else f" ({size})") + "\n")
    rounds.table(bench.out)
    bench.skipped(missing)
    if job.passes:
        for label in clusters:
            each = [cost.answer["cluster_ms"] / 1000 / max(1, cost.answer.get("passes", 1)) for cost in rounds.costs[label]]
            bench.out(f"\nOne pass, {label}: {spread(each, 3)} s.")
    if job.elsewhere:
        bench.out(f"\n{job.elsewhere}." + ("" if bench.scale == 1 else " (At full size; this run is not.)"))
    bench.kept(rounds.memory(bench.out, clusters))
    bench.check(rounds)


def sort(bench):
    bench.out("\n### Sort of 100-byte records that are lines of text\n\nGNU sort gets the memory that all enclaves together may "
              "use, and as many threads as there are cores; it sorts plain lines to plain lines.")
    for size in bench.sort_sizes:
        bench.part(size_text(size), sort_one, size)


def sort_one(bench, size):
    records = sort_input(bench, size)
    workers = bench.job_workers[0]
    cluster = bench.adopt(Cluster(bench.build, bench.work, f"sort-{size}", "sort_records", workers))
    mine, gnu = f"Brume, sgx-sim, {workers} workers, sealed", f"GNU sort, unprotected, {threads_text(bench.cores)}"
    memory_mb = workers * cluster.heap_mb
    try:
        cluster.up()
        sealed, _ = cluster.seal(records)

        def gnu_sort(output):
            return call(["sort", "-S", f"{memory_mb}M", f"--parallel={bench.cores}", "-T", bench.work, "-o", output, records],
                        dict(os.environ, LC_ALL="C"))[0]
        rounds = Rounds(f"sort {size_text(size)}", {mine: lambda output: cluster.run([sealed], output), gnu: gnu_sort},
                        bench.runs, bench.work)
    finally:
        cluster.down()
    sealed.unlink()
    bench.out(f"\n**{size_text(size)}**; GNU sort with -S {memory_mb}M\n")
    rounds.table(bench.out)
    rounds.roles(bench.out, mine)
    merging = statistics.median(cost.answer["merge_ms"] for cost in rounds.costs[mine]) / 1000
    bench.out(f"\nOf Brume's time {merging:.2f} s are the master's: opening, merging, writing. Elsewhere (as above; 500 MB, plain "
              "files): Thrill 1.4 s with 2 threads, 2.2 with one; a limit program 1.4 and 2.5; GNU sort 4.7 and 6.1.")
    bench.kept(rounds.memory(bench.out, {mine: cluster}))
    bench.check(rounds)
    bars(bench.folder / f"sort-{size // 1_000_000}.svg", f"Sort of {size_text(size)}: only Brume protects anything",
         [(label, [c.wall for c in costs], i) for i, (label, costs) in enumerate(rounds.costs.items())])
