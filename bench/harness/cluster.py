"""A cluster of Brume in a home of its own, what it costs, and the files that are sealed for it."""
import contextlib
import json
import os
import re
import subprocess
from pathlib import Path

from .programs import Failed, call

# Beside its heap an enclave has its program, relocated, the thread's stack and the ring it shares with its node.
ENCLAVE_BESIDE_HEAP_KB = 32 << 10


def proc(pid, name):
    return Path(f"/proc/{pid}/{name}")


def enclave_of(node):
    """A node holds a pidfd of its enclave."""
    for entry in proc(node, "fdinfo").iterdir():
        with contextlib.suppress(OSError):
            found = re.search(r"^Pid:\s*([0-9]+)$", entry.read_text(), re.M)
            if found and int(found[1]) > 0:
                return int(found[1])
    return None


def cpu_seconds(pid):
    fields = proc(pid, "stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def number_in(pid, name, key):
    found = re.search(rf"^{key}:\s*([0-9]+)", proc(pid, name).read_text(), re.M)
    return int(found[1]) if found else 0


class Cluster:
    """`build` is the build folder whose programs are used. Ends with down(), which may be called at any time."""

    def __init__(self, build, folder, name, job="word_count", workers=10, tee="sgx-sim", engine="process",
                 heap_mb=1024, share=None):
        self.tool = Path(build) / "bin/brume"
        self.name, self.job, self.workers, self.tee, self.engine, self.heap_mb = name, job, workers, tee, engine, heap_mb
        self.share = share  # a folder that nodes see
        self.folder = Path(folder) / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.env = dict(os.environ, BRUME_HOME=str(self.folder / "home"))
        self.image = self.folder / "image"
        self.sealed_count = 0
        self.pids = None

    def build_image(self):
        if not self.image.exists():
            call([self.tool, "image", "build", self.job, "--heap-mb", self.heap_mb, "-o", self.image], self.env)

    def up(self):
        """Seconds from nothing to admitted nodes, the image being there."""
        self.build_image()
        cost, _ = call([self.tool, "up", "--workers", self.workers, "--engine", self.engine, "--tee", self.tee, "--image",
                        self.image, "--timeout", 300, "--quiet", *(["--share", self.share] if self.share else [])],
                       self.env)
        return cost.wall

    def down(self):
        self.pids = None
        with contextlib.suppress(Failed, OSError):
            call([self.tool, "down", "--quiet"], self.env)

    def recipient(self):
        return call([self.tool, "status", "--recipient"], self.env)[1].strip()

    def seal(self, plain, *others):
        """Seals a file to this cluster (and to others): (its path, what it cost). In the shared folder, where there is one."""
        self.sealed_count += 1
        sealed = (self.share or self.folder) / f"input-{self.sealed_count}.age"
        recipients = [word for cluster in (self, *others) for word in ("-r", cluster.recipient())]
        cost, _ = call([self.tool, "seal", "--force", *recipients, plain, "-o", sealed], self.env)
        if self.share:
            sealed.chmod(0o644)  # nodes have a user of their own
        return sealed, cost

    def open(self, sealed, plain):
        """Opens a file that was sealed to this cluster: what it cost."""
        return call([self.tool, "open", "--force", sealed, "-o", plain], self.env)[0]

    def processes(self):
        """Role -> process numbers."""
        if self.pids is None:
            entries = json.loads(call([self.tool, "platform", "status", "--json"], self.env)[1])
            nodes = [entry["pid"] for entry in entries if entry["alive"]]
            master = json.loads((Path(self.env["BRUME_HOME"]) / "cluster/cluster.json").read_text())["master_pid"]
            self.pids = {"enclave": [pid for pid in map(enclave_of, nodes) if pid], "node": nodes, "master": [master]}
        return self.pids

    def cpu(self):
        return {role: sum(map(cpu_seconds, pids)) for role, pids in self.processes().items()}

    def peaks(self):
        """The most memory since forget_peaks(): (role -> KiB of its largest process, KiB of all processes together)."""
        each = {role: [number_in(pid, "status", "VmHWM") for pid in pids] for role, pids in self.processes().items()}
        return {role: max(kb) for role, kb in each.items() if kb}, sum(map(sum, each.values()))

    def forget_peaks(self):
        for pids in self.processes().values():
            for pid in pids:
                with contextlib.suppress(OSError):  # without it a peak is that since the cluster's start
                    proc(pid, "clear_refs").write_text("5")

    def moved(self):
        return sum(number_in(pid, "io", "wchar") for pid in self.processes()["node"])

    def run(self, inputs, output, arguments=()):
        """One run of the job on sealed input. CPU seconds are the cluster's and those of `brume run` itself."""
        self.forget_peaks()
        before, moved = self.cpu(), self.moved()
        cost, said = call([self.tool, "run", self.job, "--input", *inputs, "--output", output, "--json", *arguments],
                          self.env)
        after = self.cpu()
        cost.by_role = {role: after[role] - before[role] for role in after}
        cost.cpu += sum(cost.by_role.values())
        cost.moved = self.moved() - moved
        cost.peaks, cost.peak_kb = self.peaks()
        cost.answer = json.loads(said)
        return cost

    def budget_kb(self):
        return (self.heap_mb << 10) + ENCLAVE_BESIDE_HEAP_KB

    def log(self, role="master"):
        return subprocess.run([self.tool, "logs", role], env=self.env, capture_output=True, text=True).stdout
