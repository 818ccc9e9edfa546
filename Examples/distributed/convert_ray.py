#!/usr/bin/env python3
"""Converts a model on a Ray cluster: each refit is made by all workers together. The file is that of one process.

    pip install ray
    python convert_ray.py MODEL --calibration texts.txt --analysis analysis.json --budget macs:25%@128 \
        --workers 4 --folder /shared/run -o small.reuse.h5

Model, texts, analysis and the folder must be at the same paths on all machines, `reuseformer` in their PATH. Ray
schedules and starts lost workers again; those that are left do meanwhile what a lost one has not done. Whatever stands
behind `--` goes to `convert` as it is.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys

import ray


class Interrupted(Exception):
    """The command was ended from outside: worth another try."""


@ray.remote(max_retries=10, retry_exceptions=[Interrupted])
def worker(command, index, count, arguments, folder, threads):
    """Works on all rounds and gives the path of the whole result."""
    result = folder / f"worker-{index}.reuse.h5"
    run = [command, "convert", *arguments, "--rounds", folder, "--worker", f"{index}/{count}", "--threads",
           str(threads), "--quiet", "-o", result, "--force"]
    done = subprocess.run(run, capture_output=True, text=True)
    if done.returncode < 0 or done.returncode == 130:
        raise Interrupted(f"worker {index}/{count}: ended by signal")
    if done.returncode:
        raise RuntimeError(f"worker {index}/{count}: exit {done.returncode}: {done.stderr.strip()}")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--calibration", action="append", required=True)
    parser.add_argument("--analysis", required=True)
    parser.add_argument("--budget", required=True)
    parser.add_argument("--workers", type=int, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True, help="a folder that all machines share")
    parser.add_argument("--threads", type=int, default=1, help="CPUs of a worker")
    parser.add_argument("--cpus", type=int, help="CPUs of this machine to use; only where no cluster is running")
    parser.add_argument("--command", default="reuseformer")
    parser.add_argument("-o", "--output", required=True)
    own, more = (sys.argv[1:], []) if "--" not in sys.argv else (
        sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:])
    options = parser.parse_args(own)

    ray.init(num_cpus=options.cpus)
    options.folder.mkdir(parents=True, exist_ok=True)
    arguments = [options.model, "--analysis", options.analysis, "--budget", options.budget,
                 *(word for path in options.calibration for word in ("--calibration", path)), *more]
    waiting = [
        worker.options(num_cpus=options.threads).remote(
            options.command, index, options.workers, arguments, options.folder.resolve(), options.threads)
        for index in range(1, options.workers + 1)]
    done, _ = ray.wait(waiting)
    # Every worker that ends has the whole result.
    partial = f"{options.output}.partial"
    shutil.copyfile(ray.get(done[0]), partial)
    os.replace(partial, options.output)


if __name__ == "__main__":
    main()
