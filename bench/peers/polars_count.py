"""The same word count by Polars (PyPI), which protects nothing.  usage: polars_count.py INPUT OUTPUT THREADS"""
import os
import sys

source, output, threads = sys.argv[1:4]
os.environ["POLARS_MAX_THREADS"] = threads  # read when it is loaded
import polars as pl  # noqa: E402

# Lines as they are: a separator that no text holds, no quotes.
lines = pl.scan_csv(source, separator="\x01", has_header=False, quote_char=None, new_columns=["line"],
                    schema={"line": pl.String}, infer_schema=False)
words = lines.select(pl.col("line").str.replace_all("\t", " ", literal=True).str.split(" ").alias("word")).explode("word")
words = words.filter(pl.col("word") != "").group_by("word").agg(pl.len().alias("n"))
words = words.sort(["n", "word"], descending=[True, False]).collect(engine="streaming")
words.write_csv(output, include_header=False, separator="\t", quote_style="never")
