"""Runs programs and says what they cost."""
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
TIME_LIMIT_S = 1800  # one run of one program; the slowest known needs a tenth of that


class Failed(Exception):
    pass


def say(*words):
    print("bench/run:", *words, file=sys.stderr, flush=True)


@dataclass
class Cost:
    """Of one run: wall and CPU (user and system) seconds, and the most memory of one process, in KiB."""
    wall: float
    cpu: float
    peak_kb: int
    by_role: dict = field(default_factory=dict)   # of a cluster's run: CPU seconds
    peaks: dict = field(default_factory=dict)     # of a cluster's run: KiB, the largest process of each role
    moved: int = 0                                # of a cluster's run: bytes that its nodes wrote, to disk and to others
    answer: dict = field(default_factory=dict)    # of a cluster's run: what `brume run --json` said


def last_line(text):
    return (text.strip() or "it says nothing").splitlines()[-1][-300:]


def call(arguments, env=None, limit=TIME_LIMIT_S, stdin=None, stdout=None):
    """Runs a program to its end: (Cost, standard output). stdin and stdout may be files. Ends it, and all that it
    started, after the limit."""
    arguments = [str(a) for a in arguments]
    begin = time.monotonic()
    process = subprocess.Popen(arguments, env=env, stdin=stdin or subprocess.DEVNULL, stdout=stdout or subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)
    texts = {}
    readers = [threading.Thread(target=lambda name=name: texts.__setitem__(name, getattr(process, name).read()))
               for name in ("stdout", "stderr") if getattr(process, name)]
    for reader in readers:
        reader.start()
    late = threading.Event()

    def end():
        late.set()
        os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(limit, end)
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        timer.cancel()
    for reader in readers:
        reader.join()
    out = texts.get("stdout", b"").decode(errors="replace")
    name = " ".join([Path(arguments[0]).name, *arguments[1:2]])
    if late.is_set():
        raise Failed(f"{name}: not done in {limit} s")
    if process.returncode < 0:
        raise Failed(f"{name}: ended by {signal.Signals(-process.returncode).name}")
    if process.returncode != 0:
        raise Failed(f"{name}: {last_line(texts.get('stderr', b'').decode(errors='replace') or out)}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss), out


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
