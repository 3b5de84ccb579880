"""Other programs that count words. None of them protects anything. What is missing is skipped by name.

BRUME_PEERS: a folder with `node_modules` (npm install chdb @duckdb/node-api) and `venv` (python3 -m venv venv;
venv/bin/pip install polars pyspark; Spark needs a Java runtime), and phoenix/bin with programs of Phoenix++ 1.0, which
no package registry has, by the names of the jobs. BRUME_LIMIT: a word counter called as
`limit -t THREADS -m read INPUT OUTPUT`, or with `-m chacha -c 64` on input that `enc chacha 64 PLAIN SEALED` beside it has
made: a mark of what the machine can do, with and without sealed input.
"""
import os
import shutil
from pathlib import Path

from .programs import TOP, Failed, call

SCRIPTS = TOP / "bench/peers"
NPM = {"ClickHouse": ("chdb", "clickhouse.cjs"), "DuckDB": ("@duckdb/node-api", "duckdb.cjs")}
PYPI = {"Polars": ("polars", "polars_count.py"), "Spark": ("pyspark", "spark_count.py")}


def folder():
    return Path(os.environ["BRUME_PEERS"]) if os.environ.get("BRUME_PEERS") else None


def node_environment():
    return dict(os.environ, NODE_PATH=str(folder() / "node_modules"))


def has_npm(package):
    return bool(shutil.which("node") and folder() and (folder() / "node_modules" / package).exists())


def python():
    """The interpreter of the peers' own environment, or None."""
    found = folder() / "venv/bin/python3" if folder() else None
    return found if found and found.exists() else None


def has_pypi(package):
    return bool(python() and list((folder() / "venv/lib").glob(f"python3*/site-packages/{package}")))


def threads_text(count):
    return f"{count} thread{'s' * (count > 1)}"


class Missing(list):
    def add(self, name, what):
        self.append(f"{name} ({what})")


def word_counters(text, cores, build, work, missing):
    """Label -> function of an output path, which gives a Cost; for plain `text` and, the limit program, sealed too."""
    found = {}

    def add(label, arguments, env=None):
        found[label] = lambda output: call([*(output if a == "OUTPUT" else a for a in arguments)], env)[0]

    local = Path(build) / "bin/local_count"
    if local.exists():
        add("Brume's own counter, unprotected, 1 thread", [local, "-r", "1", text, "OUTPUT"])
    else:
        missing.add("local_count", f"cmake --build {build} --target local_count")
    for name, (package, script) in NPM.items():
        if not has_npm(package):
            missing.add(name, f"npm package {package} in $BRUME_PEERS")
            continue
        for threads in sorted({1, cores}):
            add(f"{name}, unprotected, {threads_text(threads)}",
                [shutil.which("node"), SCRIPTS / script, text, "OUTPUT", threads], node_environment())
    for name, (package, script) in PYPI.items():
        if not has_pypi(package):
            missing.add(name, f"PyPI package {package} in $BRUME_PEERS/venv")
        elif name == "Spark" and not shutil.which("java"):
            missing.add(name, "it needs a Java runtime")
        else:
            add(f"{name}, unprotected, {threads_text(cores)}", [python(), SCRIPTS / script, text, "OUTPUT", cores])
    found.update(limit_counters(text, cores, work, missing))
    return found


def limit_counters(text, cores, work, missing):
    limit = os.environ.get("BRUME_LIMIT")
    if not limit or not Path(limit).exists():
        missing.add("the limit program", "BRUME_LIMIT names no program")
        return {}
    try:
        call([limit, "-t", 1, "-m", "read", Path(__file__), work / "limit-tries"], limit=60)
    except Failed as error:
        missing.add("the limit program", f"it does not run here: {error}")
        return {}
    finally:
        (work / "limit-tries").unlink(missing_ok=True)
    found = {f"limit program, plain input, {threads_text(cores)}":
             lambda output: call([limit, "-t", cores, "-m", "read", text, output])[0]}
    enc = Path(limit).parent / "enc"
    if not enc.exists():
        missing.add("the limit program on sealed input", f"{enc} is missing")
        return found
    sealed = work / "limit-input"
    call([enc, "chacha", 64, text, sealed])
    found[f"{LIMIT_SEALED}, {threads_text(cores)}"] = lambda output: call(
        [limit, "-t", cores, "-m", "chacha", "-c", 64, sealed, output])[0]
    return found


LIMIT_SEALED = "limit program, ChaCha20-Poly1305 in 64 KiB chunks"
