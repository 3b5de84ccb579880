"""Brume's jobs as Polars (PyPI) does them, which protects nothing.  usage: polars_jobs.py JOB OUTPUT THREADS INPUT..."""
import os
import sys

job, output, threads, *inputs = sys.argv[1:]
os.environ["POLARS_MAX_THREADS"] = threads  # read when it is loaded
import polars as pl  # noqa: E402


def fields(path, separator, schema, header=False):
    return pl.scan_csv(path, separator=separator, has_header=header, quote_char=None, schema=schema)


def lines(path):
    return fields(path, "\x01", {"line": pl.String})


def string_match(path):
    wanted = ["et", "ae", "zz", "qwerty"]
    return lines(path).filter(pl.col("line").is_in(wanted)).group_by("line").agg(pl.len())


def distinct_count(path):
    return lines(path).select(pl.col("line").str.split(" ").alias("word")).explode("word").select(
        pl.col("word").approx_n_unique())


def top_k(path):
    number = pl.col("line").str.split("\t").list.get(1).cast(pl.Float64)
    return lines(path).with_columns(number.alias("n")).sort(["n", "line"], descending=[True, False]).limit(100).select("line")


def csv_sum(path):
    delay = pl.col("delay")
    rows = fields(path, ",", {"date": pl.String, "carrier": pl.String, "delay": pl.Int64}, header=True)
    groups = rows.group_by("carrier").agg(delay.count().alias("count"), delay.sum().alias("sum"), delay.min().alias("min"),
                                          delay.max().alias("max"), delay.mean().alias("mean"))
    return groups


def json_count(path):
    country = pl.col("user").struct.field("country")
    rows = pl.scan_ndjson(path, schema={"user": pl.Struct({"country": pl.String})})
    return rows.group_by((pl.lit('"') + country + '"').alias("v")).agg(pl.len().alias("n"))


def join(left, right):
    left, right = (fields(path, "\t", {"k": pl.String, name: pl.String}) for path, name in ((left, "l"), (right, "r")))
    return left.join(right, on="k")


result = globals()[job](*inputs).collect(engine="streaming")
result.write_csv(output, include_header=job == "csv_sum", separator="\t", quote_style="never")
