"""The same word count by Spark (PyPI: pyspark; needs Java), in one process, which protects nothing.

usage: spark_count.py INPUT OUTPUT THREADS
"""
import glob
import os
import shutil
import sys

from pyspark.sql import SparkSession, functions as f

source, output, threads = sys.argv[1:4]
parts = os.path.abspath(output) + ".parts"
spark = (SparkSession.builder.master(f"local[{threads}]").config("spark.driver.memory", "6g")
         .config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
         .config("spark.driver.bindAddress", "127.0.0.1").config("spark.local.dir", os.path.dirname(parts))
         .config("spark.sql.shuffle.partitions", str(4 * int(threads))).getOrCreate())
spark.sparkContext.setLogLevel("ERROR")
try:
    words = spark.read.text("file://" + os.path.abspath(source)).select(f.explode(f.split("value", "[ \t]+")).alias("word"))
    counts = words.where("word <> ''").groupBy("word").agg(f.count("*").alias("n")).orderBy(f.desc("n"), f.asc("word"))
    counts.select(f.concat_ws("\t", "word", "n")).write.mode("overwrite").text("file://" + parts)
    with open(output, "wb") as out:  # its parts are in order
        for part in sorted(glob.glob(parts + "/part-*")):
            with open(part, "rb") as text:
                shutil.copyfileobj(text, out)
finally:
    spark.stop()
    java = spark.sparkContext._gateway  # ended and awaited, so that its CPU time counts
    java.shutdown()
    java.proc.stdin.close()
    java.proc.wait()
    shutil.rmtree(parts, ignore_errors=True)
