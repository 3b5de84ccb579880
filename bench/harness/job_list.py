"""The jobs that ship: on what they are measured, and what else can do the same."""
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from . import data
from .peers import SCRIPTS, folder, has_npm, has_pypi, node_environment, python, threads_text
from .programs import call
from .rounds import same_lines, same_numbers

MB = 1_000_000
STRINGS = ["et", "ae", "zz", "qwerty"]
PATTERN = "abc"


@dataclass
class Job:
    name: str
    what: str                                  # of the input, with {} for its size
    make: Callable                             # (bench, amount) -> [(input's name or "", path)]
    amount: int                                # at full size: bytes, or what `make` counts in
    arguments: list = field(default_factory=list)
    side: Callable | None = None               # (bench, amount) -> (name, path)
    sql: Callable | None = None                # (paths) -> what DuckDB is asked, without COPY
    polars: bool = False
    gnu: Callable | None = None                # (paths) -> a GNU program's arguments; its standard output is the result
    same: Callable | None = same_lines         # sums of floats depend on splits in their last digits: same_numbers
    unit: str = "bytes"
    shared: bool = False                       # measured with input in a shared folder too
    phoenix: Callable | None = None            # (paths, amount) -> arguments of Phoenix++'s program of that name
    passes: bool = False                       # time of one pass is told too
    elsewhere: str = ""


def whole(make):
    return lambda bench, amount: [("", make(bench, amount))]


def sql_lines(path):
    return (f"read_csv('{path}', columns = {{'line': 'VARCHAR'}}, header = false, auto_detect = false, delim = chr(1), "
            "quote = '', escape = '', null_padding = false, strict_mode = false)")


def sql_fields(path, names):
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    return f"read_csv('{path}', columns = {{{columns}}}, header = false, auto_detect = false, delim = chr(9), quote = '')"


ELSEWHERE = "Phoenix++, elsewhere: "
SQL_NUMBERS = "count(delay), sum(delay::DOUBLE), min(delay), max(delay), avg(delay::DOUBLE)"
JOBS = [
    Job("histogram", "{} of 3-byte pixels", whole(lambda b, n: data.bitmap(b, "bitmap", n)), 1000 * MB,
        ["-p", "header=54"], shared=True, phoenix=lambda p, n: p,
        elsewhere=ELSEWHERE + "0.28 s with 2 threads, 0.51 with one (a limit program: 0.24)"),
    Job("linear_regression", "{} of pairs of bytes", whole(lambda b, n: data.noise(b, "pairs", n // 2 * 2)), 1000 * MB,
        shared=True, phoenix=lambda p, n: p, elsewhere=ELSEWHERE + "0.22 s with 2 threads, 0.30 with one (a limit program: 0.14)"),
    Job("k_means", "{} points of 3 dimensions, 100 means", whole(lambda b, n: data.floats(b, "points", 3 * n, 0, 1000)),
        1_000_000, ["-p", "k=100", "-p", "dimensions=3", "-p", "passes=5"], unit="count", passes=True, same=same_numbers,
        elsewhere=ELSEWHERE + "0.123 s a pass with 2 threads, 0.253 with one (a limit program: 0.006)"),
    Job("matrix_multiply", "two matrices of {0} rows and columns", whole(lambda b, n: data.floats(b, "matrix-a", n * n, -1, 1)),
        1024, ["-p", "columns={}"], side=lambda b, n: ("right", data.floats(b, "matrix-b", n * n, -1, 1)), unit="edge",
        elsewhere=ELSEWHERE + "1.9 s with 2 threads, 2.1 with one"),
    Job("pca", "covariances of {0} rows and columns", whole(lambda b, n: data.floats(b, "rows", n * n, -100, 100)), 1000,
        ["-p", "columns={}"], unit="edge", same=same_numbers,
        phoenix=lambda p, n: ["-r", n, "-c", n, "-s", 100],  # it makes its own
        elsewhere=ELSEWHERE + "0.10 s with 2 threads, 0.13 with one"),
    Job("string_match", "{} of lines, a word each", whole(data.one_a_line), 500 * MB, ["-p", "strings=" + ",".join(STRINGS)],
        shared=True, phoenix=lambda p, n: p,  # with strings of its own
        sql=lambda p: f"SELECT line, count(*) FROM {sql_lines(p[0])} WHERE line IN "
                      f"({', '.join(repr(s) for s in STRINGS)}) GROUP BY line", polars=True,
        elsewhere=ELSEWHERE + "0.14 s with 2 threads (its own input)"),
    Job("grep", "{} of text", whole(data.text), 1000 * MB, ["-p", "pattern=" + PATTERN], shared=True,
        gnu=lambda p: ["grep", "-F", PATTERN, p[0]]),
    Job("distinct_count", "{} of text, a sketch", whole(data.text), 500 * MB, same=None, polars=True,
        sql=lambda p: "SELECT approx_count_distinct(word) FROM (SELECT unnest(string_split(line, ' ')) AS word FROM "
                      f"{sql_lines(p[0])})"),
    Job("inverted_index", "{} of text", whole(data.text), 100 * MB),
    Job("top_k", "{} of lines, the 100 largest numbers", whole(data.numbers), 500 * MB, ["-p", "k=100", "-p", "field=2"],
        polars=True, sql=lambda p: f"SELECT line FROM {sql_lines(p[0])} ORDER BY "
                                   "split_part(line, chr(9), 2)::DOUBLE DESC, line LIMIT 100"),
    Job("csv_sum", "{} of CSV, 500 groups", whole(data.csv), 500 * MB,
        ["-p", "columns=date,carrier,delay", "-p", "group=carrier", "-p", "value=delay"], polars=True, same=same_numbers,
        sql=lambda p: "SELECT 'carrier', 'count', 'sum', 'min', 'max', 'mean' UNION ALL SELECT carrier, "
                      + ", ".join(f"{column}::VARCHAR" for column in SQL_NUMBERS.split(", "))
                      + f" FROM read_csv('{p[0]}', header = true, columns = {{'date': 'VARCHAR', 'carrier': 'VARCHAR', "
                        "'delay': 'INTEGER'}, auto_detect = false) GROUP BY carrier"),
    Job("json_count", "{} of JSON lines", whole(data.json_lines), 500 * MB, ["-p", "path=/user/country"], polars=True,
        sql=lambda p: f"SELECT (json->'$.user.country')::VARCHAR AS v, count(*) FROM read_ndjson_objects('{p[0]}') GROUP BY v"),
    Job("join", "tables of {} and a tenth as many lines",
        lambda b, n: list(zip(("left", "right"), data.tables(b, n), strict=True)), 2_000_000, unit="count", polars=True,
        sql=lambda p: f"SELECT l.k, l.v, r.v FROM {sql_fields(p[0], 'kv')} l JOIN {sql_fields(p[1], 'kv')} r ON l.k = r.k"),
    Job("page_rank", "{} links, 10 passes", whole(data.links), 2_000_000, ["-p", "passes=10", "-p", "tolerance=0"],
        unit="count", passes=True, same=same_numbers),
]


def phoenix_of(job, paths, amount, cores, missing):
    """Phoenix++'s program for the job, whose output is for people: it is not compared."""
    if not job.phoenix:
        return {}
    program = folder() / "phoenix/bin" / job.name if folder() else None
    if not (program and program.exists()):
        missing.add("Phoenix++", f"$BRUME_PEERS/phoenix/bin/{job.name}; its sources are in no package registry")
        return {}
    arguments = [program, *job.phoenix(paths, amount)]
    environment = dict(os.environ, MR_NUMTHREADS=str(cores))
    return {f"Phoenix++, unprotected, {threads_text(cores)}": lambda output: call(arguments, environment)[0]}


def peers_of(job, paths, cores, missing):
    """Label -> function of an output path."""
    found = {}
    if job.sql and has_npm("@duckdb/node-api"):
        def duckdb(output):
            query = (f"COPY ({job.sql(paths)}) TO '{output}' (FORMAT csv, DELIMITER '\t', HEADER false, QUOTE '', ESCAPE '')")
            return call([shutil.which("node"), SCRIPTS / "duckdb_sql.cjs", query, cores], node_environment())[0]
        found[f"DuckDB, unprotected, {threads_text(cores)}"] = duckdb
    elif job.sql:
        missing.add("DuckDB", "npm package @duckdb/node-api in $BRUME_PEERS")
    if job.polars and has_pypi("polars"):
        found[f"Polars, unprotected, {threads_text(cores)}"] = lambda output: call(
            [python(), SCRIPTS / "polars_jobs.py", job.name, output, cores, *paths])[0]
    elif job.polars:
        missing.add("Polars", "PyPI package polars in $BRUME_PEERS/venv")
    if job.gnu:
        arguments = job.gnu(paths)

        def gnu(output):
            with open(output, "wb") as out:
                return call(arguments, dict(os.environ, LC_ALL="C"), stdout=out)[0]
        found[f"GNU {Path(arguments[0]).name}, unprotected"] = gnu
    return found
