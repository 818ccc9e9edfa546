#!/usr/bin/env python3
"""Analyses a model on a Dask cluster: shards anywhere, merged here. The result is that of one process, to the bit.

    pip install dask distributed
    python analyze_dask.py tcp://scheduler:8786 MODEL texts.txt 16 /shared/run analysis.json

Model, texts and the folder must be at the same paths on all machines, `reuseformer` in their PATH. Dask does shards of
lost workers again; they go on from what was kept in the folder.
"""
import pathlib
import subprocess
import sys

from dask.distributed import Client, as_completed


def shard(index, count, model, texts, folder):
    part = f"{folder}/part-{index}-of-{count}.analysis"
    subprocess.run(
        ["reuseformer", "analyze", model, "--calibration", texts, "--shard", f"{index}/{count}", "--quiet",
         "--resume", f"{folder}/kept-{index}-of-{count}", "-o", part, "--force"], check=True)
    return part


if __name__ == "__main__":
    scheduler, model, texts, count, folder, output = sys.argv[1:]
    count = int(count)
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    client = Client(scheduler)
    futures = client.map(lambda index: shard(index, count, model, texts, folder), range(1, count + 1), retries=10)
    parts = [part for _, part in as_completed(futures, with_results=True)]
    subprocess.run(["reuseformer", "merge", *parts, "-o", output], check=True)
