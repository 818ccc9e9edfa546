#!/usr/bin/env python3
"""Analyses a model on a Spark cluster: shards anywhere, merged by the driver. The result is that of one process, to the
bit.

    spark-submit --conf spark.task.maxFailures=10 analyze_spark.py MODEL texts.txt 16 /shared/run analysis.json

Model, texts and the folder must be at the same paths on all machines, `reuseformer` in their PATH. Spark does tasks of
lost executors again; they go on from what was kept in the folder. Set spark.task.cpus to the threads of a shard.
"""
import pathlib
import subprocess
import sys

from pyspark.sql import SparkSession


def shard(index, count, model, texts, folder):
    part = f"{folder}/part-{index}-of-{count}.analysis"
    subprocess.run(
        ["reuseformer", "analyze", model, "--calibration", texts, "--shard", f"{index}/{count}", "--quiet",
         "--resume", f"{folder}/kept-{index}-of-{count}", "-o", part, "--force"], check=True)
    return part


if __name__ == "__main__":
    model, texts, count, folder, output = sys.argv[1:]
    count = int(count)
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    session = SparkSession.builder.appName("reuseformer analyze").getOrCreate()
    shards = session.sparkContext.parallelize(range(1, count + 1), count)
    parts = shards.map(lambda index: shard(index, count, model, texts, folder)).collect()
    subprocess.run(["reuseformer", "merge", *parts, "-o", output], check=True)
