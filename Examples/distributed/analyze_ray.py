#!/usr/bin/env python3
"""Analyses a model on a Ray cluster: shards anywhere, merged here. The result is that of one process, to the bit.

    pip install ray
    python analyze_ray.py MODEL --calibration texts.txt --shards 16 --folder /shared/run -o analysis.json

Model, texts and the folder must be at the same paths on all machines, `reuseformer` in their PATH. Ray schedules, does
lost shards again and shows what runs; a shard that was interrupted goes on from what it kept in the folder. Whatever
stands behind `--` goes to `analyze` as it is: `-- --max-length 64 --pool mean`.
"""
import argparse
import pathlib
import subprocess
import sys

import ray


class Interrupted(Exception):
    """The command was ended from outside: worth another try."""


@ray.remote(max_retries=10, retry_exceptions=[Interrupted])
def shard(command, index, count, arguments, folder, threads):
    """Computes one shard and gives the path of its part."""
    part = folder / f"part-{index}-of-{count}.analysis"
    run = [command, "analyze", *arguments, "--shard", f"{index}/{count}", "--threads", str(threads), "--quiet",
           "--resume", folder / f"kept-{index}-of-{count}", "-o", part, "--force"]
    done = subprocess.run(run, capture_output=True, text=True)
    if done.returncode < 0 or done.returncode == 130:
        raise Interrupted(f"shard {index}/{count}: ended by signal")
    if done.returncode:
        raise RuntimeError(f"shard {index}/{count}: exit {done.returncode}: {done.stderr.strip()}")
    return part


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--calibration", action="append", required=True)
    parser.add_argument("--shards", type=int, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="a folder that all machines share")
    parser.add_argument("--threads", type=int, default=1, help="CPUs of a shard")
    parser.add_argument("--cpus", type=int, help="CPUs of this machine to use; only where no cluster is running")
    parser.add_argument("--command", default="reuseformer")
    parser.add_argument("-o", "--output", required=True)
    own, more = (sys.argv[1:], []) if "--" not in sys.argv else (
        sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:])
    options = parser.parse_args(own)

    ray.init(num_cpus=options.cpus)
    options.folder.mkdir(parents=True, exist_ok=True)
    arguments = [options.model, *(word for path in options.calibration for word in ("--calibration", path)), *more]
    waiting = [
        shard.options(num_cpus=options.threads).remote(
            options.command, index, options.shards, arguments, options.folder.resolve(), options.threads)
        for index in range(1, options.shards + 1)]
    parts = []
    while waiting:
        done, waiting = ray.wait(waiting)
        parts += ray.get(done)
        print(f"{len(parts)} of {options.shards} shards: {parts[-1]}", file=sys.stderr)
    subprocess.run([options.command, "merge", *parts, "-o", options.output], check=True)


if __name__ == "__main__":
    main()
