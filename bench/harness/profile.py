"""Where the CPU time of a cluster's run goes: samples of perf by process and function.

Enclave programs are stripped, and their memory is secret: perf sees addresses only. They are looked up in the same link
without `-s`, which must have the same segments. Which part of the work a function belongs to, the patterns below say.
"""
import bisect
import re
import shlex
import subprocess
from collections import Counter
from pathlib import Path

from .cluster import proc
from .programs import Failed, call

RATE_HZ = 997
PARTS = ["read", "copy", "open (AEAD)", "tokenise", "hash", "tables", "seal (AEAD)", "shuffle", "merge",
         "memory and waiting (kernel)", "other"]
# Of enclave programs, first match.
FUNCTIONS = [
    ("aead", r"(?i)chacha|poly1305|\bevp_|ossl_cipher|Aead::"),
    ("copy", r"memcpy|memmove|mempcpy|memset"),
    ("merge", r"sort_|SortedKey|SortedCounts|introsort|write_lines|write_sorted|Sorter|sort\b|Line::|merge_|MergeRun|radix|put_decimal|OutputSink|key_prefix"),
    ("hash", r"hash"),
    ("tables", r"ShortTable|Arena|LongTable|CountTables|CountingMapTask::(add|make_room|flush|keep)|on_records"),
    ("shuffle", r"spill|PairWriter|GroupReader|GroupWriter|Gather|FetchedStreams|OutputStreams|PartitionSink|FragmentJoiner|"
                r"FrameReader|FrameWriter|Ring|ring|BlockSealer|BlockOpener|CountingReduceTask|encode_|parse_"),
    ("tokenise", r"WordCount|word_count|Words|token|split|border|CountingMapTask|scan|emit_each|InputReader|MapRun"),
]


class Symbols:
    def __init__(self, program):
        lines = subprocess.run(["nm", "-C", "-n", "--defined-only", program], check=True, capture_output=True,
                               text=True, errors="replace").stdout.splitlines()
        entries = [line.split(" ", 2) for line in lines if line[17:18].lower() in ("t", "w", "i")]
        self.starts = [int(entry[0], 16) for entry in entries]
        self.names = [entry[2] for entry in entries]

    def at(self, offset):
        i = bisect.bisect_right(self.starts, offset) - 1
        return self.names[i] if i >= 0 else "?"


def segments(program):
    said = subprocess.run(["readelf", "-lW", program], check=True, capture_output=True, text=True).stdout
    return [line.split() for line in said.splitlines() if line.strip().startswith("LOAD")]


def link_with_symbols(build, job, work):
    """The enclave program of a job, not stripped."""
    stripped, out = build / f"jobs/{job}.enclave", work / f"{job}.symbols"
    commands = subprocess.run(["ninja", "-C", build, "-t", "commands", f"jobs/{job}.enclave"], capture_output=True,
                              text=True).stdout.splitlines()
    if not commands:
        raise Failed(f"{build}: ninja knows no jobs/{job}.enclave")
    words = [word for word in shlex.split(commands[-1]) if word not in (":", "&&", "-s")]
    words[words.index("-o") + 1] = str(out)
    done = subprocess.run(words, cwd=build, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failed(f"linking {job} with symbols: {done.stderr.strip()[-300:]}")
    if segments(stripped) != segments(out):
        raise Failed(f"{stripped} is not what its objects make now: cmake --build {build} --target {job}.enclave")
    return Symbols(out)


def code_base(enclave):
    for line in proc(enclave, "maps").read_text().splitlines():
        fields = line.split()
        if "brume-enclave-code" in line and fields[2] == "00000000":
            return int(fields[0].split("-")[0], 16)
    raise Failed(f"process {enclave}: no code of an enclave program in its map")


def record(cluster, sealed, work, output):
    """Runs the job under perf: (samples, the run's cost). A sample: role, time, address, kernel or not, function."""
    pids = {pid: role for role, numbers in cluster.processes().items() for pid in numbers}
    bases = {pid: code_base(pid) for pid in cluster.processes()["enclave"]}
    data = work / "perf.data"
    perf = subprocess.Popen(["perf", "record", "-q", "-e", "cpu-clock", "-F", str(RATE_HZ), "-p",
                             ",".join(map(str, pids)), "-o", data], stderr=subprocess.PIPE, text=True)
    try:
        cost = cluster.run([sealed], output)
    finally:
        perf.terminate()
        said = perf.communicate()[1]
    if not data.exists() or data.stat().st_size == 0:
        raise Failed(f"perf record: {said.strip()[-300:] or 'no data'}")
    _, text = call(["perf", "script", "-i", data, "-F", "pid,time,ip,sym"])
    samples = []
    for line in text.splitlines():
        found = re.match(r"\s*([0-9]+)\s+([0-9.]+):\s+([0-9a-f]+) (.*)", line)
        if found and int(found[1]) in pids:
            pid, address = int(found[1]), int(found[3], 16)
            samples.append((pids[pid], float(found[2]), address - bases.get(pid, 0), address >> 63, found[4]))
    data.unlink()
    if not samples:
        raise Failed("perf recorded no sample of the cluster's processes")
    return samples, cost


def part_of(name):
    for part, pattern in FUNCTIONS:
        if re.search(pattern, name):
            return part
    return "other"


def shares(samples, symbols, input_size, shuffled_size, output_size):
    """(part -> share of all samples, part -> its functions of enclaves, with their counts).

    Nodes and master move bytes: until the last sample of a tokenising enclave that is `read`, afterwards `shuffle` (nodes) and
    `merge` (master). AEAD is one function for both directions: it is divided by bytes, of each of the two times."""
    counts, aead, functions = Counter(), Counter(), {}
    named = [(role, at, kernel, symbols.at(address) if role == "enclave" and not kernel else name)
             for role, at, address, kernel, name in samples]
    mapping_ends = max((at for role, at, kernel, name in named
                        if role == "enclave" and not kernel and part_of(name) == "tokenise"), default=0)
    for role, at, kernel, name in named:
        late = at > mapping_ends
        if role != "enclave":
            counts[("merge" if role == "master" else "shuffle") if late else "read"] += 1
        elif kernel:
            counts["memory and waiting (kernel)"] += 1
        else:
            part = part_of(name)
            functions.setdefault(part, Counter())[name] += 1
            if part == "aead":
                aead[late] += 1
            else:
                counts[part] += 1
    for late, opened, sealed in ((False, input_size, shuffled_size), (True, shuffled_size, output_size)):
        whole = max(opened + sealed, 1)
        counts["open (AEAD)"] += aead[late] * opened / whole
        counts["seal (AEAD)"] += aead[late] * sealed / whole
    total = sum(counts.values())
    return {part: counts[part] / total for part in PARTS}, functions
