"""Runs programs and says what they cost."""
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
LAUNCH = Path(__file__).resolve().with_name("launch.py")
TIME_LIMIT_S = 1800  # one run of one program; the slowest known needs a tenth of that


class Failed(Exception):
    pass


class Absent(Failed):
    """What a section needs is not here: it is left out, unless it was asked for by name."""


def say(*words):
    print("bench/run:", *words, file=sys.stderr, flush=True)


@dataclass
class Cost:
    """Of one run: wall and CPU (user and system) seconds, and the most memory: of a program its largest process', of a
    cluster the sum of its processes' peaks, in KiB."""
    wall: float
    cpu: float
    peak_kb: int
    by_role: dict = field(default_factory=dict)   # of a cluster's run: CPU seconds
    peaks: dict = field(default_factory=dict)     # of a cluster's run: KiB, the largest process of each role
    moved: int = 0                                # of a cluster's run: bytes that its nodes wrote, to disk and to others
    answer: dict = field(default_factory=dict)    # of a cluster's run: what `brume run --json` said

    def __add__(self, then):
        """Of one program after another."""
        return Cost(self.wall + then.wall, self.cpu + then.cpu, max(self.peak_kb, then.peak_kb))


def last_line(text):
    return (text.strip() or "it says nothing").splitlines()[-1][-300:]


def call(arguments, env=None, limit=TIME_LIMIT_S, stdout=None):
    """Runs a program to its end: (Cost, standard output). stdout may be a file. Ends it, and all that it started, after
    the limit."""
    arguments = [str(a) for a in arguments]
    name = " ".join([Path(arguments[0]).name, *arguments[1:2]])[:80]
    with tempfile.NamedTemporaryFile("r", prefix="brume-cost-") as report:
        process = subprocess.Popen([sys.executable, "-S", "-E", LAUNCH, report.name, *arguments], env=env,
                                   stdin=subprocess.DEVNULL, stdout=stdout or subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        try:
            out, errors = (text and text.decode(errors="replace") for text in process.communicate(timeout=limit))
        except subprocess.TimeoutExpired:
            raise Failed(f"{name}: not done in {limit} s") from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        told = report.read()
    if not told:
        raise Failed(f"{name}: its launcher ended: {last_line(errors)}")
    cost = json.loads(told)
    status = cost.pop("status")
    if status < 0:
        raise Failed(f"{name}: ended by {signal.Signals(-status).name}")
    if status != 0:
        raise Failed(f"{name}: {last_line(errors or out or '')}")
    return Cost(**cost), out


def spread(values, digits=2):
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f} .. {max(values):.{digits}f}]"


def size_text(size):
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def machine():
    """(a line that says where this was measured, the commit)."""
    info = Path("/proc/cpuinfo").read_text()
    name = re.search(r"model name\s*: (.*)", info)
    vector = "AVX-512" if " avx512bw" in info else "AVX2" if " avx2" in info else "no AVX2"
    commit = subprocess.run(["git", "-C", TOP, "describe", "--always", "--dirty"], capture_output=True,
                            text=True).stdout.strip()
    load = os.getloadavg()
    system = os.uname()
    return (f"{os.cpu_count()} cores of {name[1] if name else system.machine} ({vector}), {system.sysname} "
            f"{system.release}; commit {commit or 'unknown'}; load average at the start {load[0]:.1f}"), commit
