"""What protection costs: the release build beside one that seals nothing, hashes no stream and has no tee (cmake/unprotected.cmake),
on the same work, in turn; and between the two the release build with its cryptography but no tee."""
from .cluster import Cluster
from .data import sort_input
from .plots import bars
from .programs import TOP, Absent, Failed, call, size_text
from .rounds import Rounds

SEALED = "protected: sealed, sgx-sim"
NO_TEE = "sealed, tee none"
OFF = "unprotected build: nothing sealed, no digests, tee none"


def unprotected_build():
    build = TOP / "build/unprotected"
    if not (build / "bin/brume").exists():
        raise Absent("build/unprotected is missing: cmake --preset unprotected && cmake --build build/unprotected --target "
                     "brume brume-node word_count.enclave sort_records.enclave")
    said = call([build / "bin/brume", "--version"])[1]
    if "UNPROTECTED" not in said:
        raise Failed(f"{build}/bin/brume does not say that it is unprotected: {said.strip()}")
    return build


def measure(bench):
    bench.out("\n### Protection on against all off\n\nThe last program has the same sources but for those of "
              "bench/unprotected: AEAD is a copy with a tag of zeros, stream digests are lengths, memory is ordinary and gets "
              "huge pages. TLS between nodes and master, which carries control messages only, is on in all three.")
    off = unprotected_build()
    for name in [name for name in bench.texts if name.endswith("1g")] or bench.texts:
        bench.part(name, compare, off, f"word count, {name}", "word_count", bench.text(name), bench.workers[0])
    for size in bench.sort_sizes[-1:]:
        bench.part("sort", compare, off, f"sort of {size_text(size)}", "sort_records", sort_input(bench, size), 2)


def compare(bench, off, title, job, plain, workers):
    clusters = {SEALED: Cluster(bench.build, bench.work, f"on-{job}", job, workers),
                NO_TEE: Cluster(bench.build, bench.work, f"none-{job}", job, workers, "none"),
                OFF: Cluster(off, bench.work, f"off-{job}", job, workers, "none")}
    try:
        inputs = {}
        for label, cluster in clusters.items():
            bench.adopt(cluster).up()
            inputs[label] = cluster.seal(plain)[0]
        programs = {label: lambda output, c=cluster, i=inputs[label]: c.run([i], output)
                    for label, cluster in clusters.items()}
        rounds = Rounds(title, programs, bench.runs, bench.work)
    finally:
        for cluster in clusters.values():
            cluster.down()
    for path in inputs.values():
        path.unlink()
    bench.out(f"\n**{title}**, {workers} workers\n")
    rounds.table(bench.out, OFF)
    bench.kept(rounds.memory(bench.out, clusters))
    bench.check(rounds)
    for label in (SEALED, NO_TEE):
        wall, cpu = (100 * (rounds.ratio(label, OFF, what) - 1) for what in ("wall", "cpu"))
        bench.out(f"\nPrice, {label} over unprotected: {wall:+.1f} % of time, {cpu:+.1f} % of CPU time (medians of pairs).")
    bars(bench.folder / f"protection-{job}-{plain.stem}.svg", f"The price of protection: {title}",
         [(label, [c.wall for c in costs], i) for i, (label, costs) in enumerate(rounds.costs.items())])
