"""Sections that are programs of their own: start of clusters, the paper's figure, many nodes, verification, remote input, shares."""
import shutil
import subprocess
import sys

from .cluster import Cluster
from .programs import TOP, Absent, Failed, call, say, spread


def start(bench):
    workers = bench.workers[-1]
    bench.out(f"\n### From `brume up` to {workers} admitted nodes, image built\n\n"
              "| engine | seconds, median [least .. most] |\n|---|---|")
    for engine in bench.engines:
        cluster = bench.adopt(Cluster(bench.build, bench.work, f"start-{engine}", workers=workers, engine=engine))
        times = []
        for turn in range(bench.runs + 1):  # the first warms up
            say(f"start {turn} of {bench.runs}, engine {engine}")
            try:
                times.append(cluster.up())
            finally:
                cluster.down()
        bench.out(f"| {engine} | {spread(times[1:])} |")


def paper(bench):
    text = bench.text(bench.paper_text)
    bench.out(f"\n### `brume bench paper --input {text.name}`\n\n```")
    _, said = call([bench.build / "bin/brume", "bench", "paper", "--input", text, "--runs", bench.paper_runs, "-o",
                    bench.folder, "--commit", bench.commit], limit=7200)
    bench.out(said.rstrip() + "\n```")


def scale(bench):
    program = bench.build / "bin/scale_bench"
    if not program.exists():
        raise Absent(f"{program} is missing: cmake --build {bench.build} --target scale_bench")
    bench.out("\n### Many nodes in one process, on a simulated clock and network: CPU time of all parties\n")
    bench.out(call([program, *bench.scales], limit=7200)[1].rstrip())


def script(bench, name, *arguments):
    """A program of bench/ prints its own table; what it says otherwise goes through."""
    say(name)
    done = subprocess.run([sys.executable, TOP / "bench" / name, *map(str, arguments)], stdout=subprocess.PIPE, text=True)
    bench.out(done.stdout.rstrip())
    if done.returncode != 0:
        raise Failed(f"bench/{name} failed")


def remote(bench):
    bench.out("\n### Where input lies\n")
    script(bench, "remote_input", "--build", bench.build, "--runs", bench.runs, "--workers", bench.workers[0],
           "--size", max(1, round(256 * bench.scale)))


def verify(bench):
    if not bench.cases:
        raise Absent("no evidence to verify: --cases FOLDER,... (what a case is, bench/verify --help says)")
    bench.out("\n### Verification of evidence\n")
    script(bench, "verify", "--rounds", bench.runs, *bench.cases)


def shares(bench):
    if not shutil.which("perf"):
        raise Absent("perf is not here (Debian: linux-perf)")
    names = [name for name in bench.texts if name.endswith("1g")] or bench.texts[-2:]
    script(bench, "shares", "--build", bench.build, "--workers", bench.workers[-1], "-o", bench.folder,
           *map(bench.text, names))
