"""Runs the drivers in Examples/distributed and compares what they write with what one process writes.

    scripts/check-distributed [--binary FILE] [ray] [slurm] [dask] [spark] [rounds] [ray-rounds]

Each engine has two workers, and loses on the way:
  ray     a worker with the command that it runs
  slurm   a job that is ended by SIGTERM, as preempted ones are, and put into the queue again
  dask    a worker with the command that it runs
  spark   a Python worker with the command that it runs
  rounds  one of three workers of a conversion (the script for Slurm), which comes back later
  ray-rounds  one of two workers of a conversion under Ray, with the command that it runs
What is lost must be there in the end. That a byte that differs is noticed is tried first. Linux only.
"""
import argparse
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DRIVERS = ROOT / "Examples/distributed"
MODEL = ROOT / "fixtures/gpt"
TEXTS = 160
SHARDS = 4
LIMIT_SECONDS = 240


class Failure(Exception):
    pass


def differs(file, whole):
    """Whether two files differ in any byte."""
    return file.read_bytes() != whole.read_bytes()


def prove_comparison(whole, folder):
    """Fails unless a changed byte and a missing one are noticed."""
    content = whole.read_bytes()
    other = folder / "other.json"
    for changed in [content[:-9] + bytes([content[-9] ^ 1]) + content[-8:], content[:-1], b""]:
        other.write_bytes(changed)
        if not differs(other, whole):
            raise Failure("a file that differs was taken for the same")
    other.write_bytes(content)
    if differs(other, whole):
        raise Failure("a copy was taken for another file")


def arguments(process):
    """The command line of a process; nothing where it has ended."""
    try:
        return pathlib.Path(f"/proc/{process}/cmdline").read_bytes().decode().split("\0")[:-1]
    except OSError:
        return []


def parent(process):
    try:
        return int(pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def shards_running(folder):
    """Processes of our command that compute a shard in a folder, with the paths of their parts."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        words = arguments(entry.name) if entry.name.isdigit() else []
        if "--shard" in words and "-o" in words and words[1:2] == ["analyze"]:
            part = pathlib.Path(words[words.index("-o") + 1])
            if part.parent == folder:
                found[int(entry.name)] = part
    return found


def ended(process):
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


class Loss:
    """Kills one process of a run, once, while it computes a shard."""

    def __init__(self, folder, with_worker):
        self.folder = folder
        self.with_worker = with_worker
        self.lost = None
        self.workers = set()

    def watch(self, run):
        """Until a run has ended."""
        start = time.monotonic()
        while run.poll() is None:
            running = shards_running(self.folder)
            self.workers |= {parent(process) for process in running}
            if self.lost is None and running and len(self.workers) > 1:
                self.kill(*next(iter(running.items())))
            if time.monotonic() - start > LIMIT_SECONDS:
                run.terminate()
                raise Failure(f"not done after {LIMIT_SECONDS} seconds")
            time.sleep(0.05)
        if run.returncode:
            raise Failure(f"the driver ended with {run.returncode}")
        if self.lost is None or not self.lost.is_file():
            raise Failure(f"no shard was lost and done again ({self.lost})")

    def kill(self, process, part):
        # Some of its pieces are kept by then.
        time.sleep(0.5)
        worker = parent(process)
        if part.exists() or part not in shards_running(self.folder).values() or worker in (0, 1, os.getpid()):
            return
        if self.with_worker:
            ended(worker)
        ended(process)
        time.sleep(0.1)
        if not part.exists():
            self.lost = part


def run_driver(folder, output, command, with_worker, environment=None):
    folder.mkdir()
    loss = Loss(folder, with_worker)
    run = subprocess.Popen(command, env={**os.environ, **(environment or {})}, stdout=subprocess.DEVNULL)
    try:
        loss.watch(run)
    finally:
        if run.poll() is None:
            run.wait(20)
    return f"two workers, {'one' if with_worker else 'the command of one'} killed on the way ({loss.lost.name})"


def ray(options, folder, texts, output):
    return run_driver(
        folder, output,
        [sys.executable, DRIVERS / "analyze_ray.py", MODEL, "--calibration", texts, "--shards", str(SHARDS),
         "--folder", folder, "--cpus", "2", "--command", options.binary, "-o", output],
        with_worker=True, environment={"RAY_USAGE_STATS_ENABLED": "0", "RAY_ADDRESS": ""})


def dask(options, folder, texts, output):
    from dask.distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster:
        return run_driver(
            folder, output,
            [sys.executable, DRIVERS / "analyze_dask.py", cluster.scheduler_address, MODEL, texts, str(SHARDS), folder,
             output], with_worker=True)


def spark(options, folder, texts, output):
    if shutil.which("java") is None:
        raise Failure("Spark needs Java: apt-get install openjdk-17-jre-headless")
    venv = ROOT / subprocess.run(
        [ROOT / "scripts/venv", "spark"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    # Two tasks at a time, each tried ten times at most.
    return run_driver(
        folder, output,
        [venv / "bin/spark-submit", "--master", "local[2,10]", "--conf", "spark.ui.enabled=false",
         DRIVERS / "analyze_spark.py", MODEL, texts, str(SHARDS), folder, output],
        with_worker=True,
        environment={"PYSPARK_PYTHON": str(venv / "bin/python"), "PYSPARK_DRIVER_PYTHON": str(venv / "bin/python"),
                     "SPARK_LOCAL_IP": "127.0.0.1"})


def slurm(options, folder, texts, output):
    script = DRIVERS / "analyze.sbatch"
    subprocess.run(["bash", "-n", script], check=True)
    folder.mkdir()

    def job(index):
        """A job of the array, with the variables that Slurm sets for it."""
        variables = {
            "SLURM_JOB_ID": str(100 + index), "SLURM_ARRAY_JOB_ID": "100", "SLURM_ARRAY_TASK_ID": str(index),
            "SLURM_ARRAY_TASK_MIN": "1", "SLURM_ARRAY_TASK_MAX": str(SHARDS), "SLURM_ARRAY_TASK_COUNT": str(SHARDS),
            "SLURM_CPUS_PER_TASK": "1", "SLURM_JOB_NAME": "reuseformer-analyze"}
        return subprocess.Popen(
            ["bash", script, MODEL, texts, str(SHARDS), folder], env={**os.environ, **variables},
            stdout=subprocess.DEVNULL, start_new_session=True)

    lost = job(1)
    while not list(folder.glob("kept-1-*/*.part")) and lost.poll() is None:
        time.sleep(0.02)
    # Slurm ends all processes of a job.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(lost.pid, signal.SIGTERM)
    if lost.wait(20) == 0 or list(folder.glob("part-1-*")):
        raise Failure("the job that was to be preempted was done before")
    for first in range(1, SHARDS + 1, 2):
        for run in [job(index) for index in range(first, min(first + 2, SHARDS + 1))]:
            if run.wait(LIMIT_SECONDS):
                raise Failure(f"a job ended with {run.returncode}")
    merge = ["merge", *sorted(folder.glob(f"part-*-of-{SHARDS}.analysis")), "--quiet", "-o", output]
    subprocess.run([options.binary, *merge], check=True, stdout=subprocess.DEVNULL)
    return "the script for arrays run by hand, two at a time, one preempted"


BUDGET = "macs:15%@32"


def convert_whole(options, folder, texts, analysis):
    """The file that one process converts."""
    whole = folder.parent / "whole.reuse.h5"
    if not whole.exists():
        subprocess.run(
            [options.binary, "convert", MODEL, "--calibration", texts, "--analysis", analysis, "--budget", BUDGET,
             "--threads", "1", "--quiet", "-o", whole], check=True, stdout=subprocess.DEVNULL)
    return whole


def rounds(options, folder, texts, output):
    script = DRIVERS / "convert.sbatch"
    subprocess.run(["bash", "-n", script], check=True)
    analysis = folder.parent / "whole.json"
    whole = convert_whole(options, folder, texts, analysis)
    folder.mkdir()

    def job(index):
        return subprocess.Popen(
            ["bash", script, MODEL, texts, analysis, BUDGET, "3", folder],
            env={**os.environ, "SLURM_ARRAY_TASK_ID": str(index), "SLURM_CPUS_PER_TASK": "1"},
            stdout=subprocess.DEVNULL, start_new_session=True)

    jobs = [job(index) for index in (1, 2, 3)]
    while not list(folder.glob("refit-*")) and jobs[1].poll() is None:
        time.sleep(0.02)
    os.killpg(jobs[1].pid, signal.SIGKILL)
    if jobs[1].wait(20) == 0:
        raise Failure("the worker that was to be lost was done before")
    time.sleep(1)
    jobs[1] = job(2)
    for run in jobs:
        if run.wait(LIMIT_SECONDS):
            raise Failure(f"a worker ended with {run.returncode}")
    if list(folder.glob("sums-*")):
        raise Failure("sums of refits that are done were left behind")
    for index in (1, 2, 3):
        if differs(folder / f"worker-{index}.reuse.h5", whole):
            raise Failure(f"the model of worker {index} is not that of one process")
    shutil.copyfile(analysis, output)
    return "a conversion by three workers, one lost on the way and back later"


def ray_rounds(options, folder, texts, output):
    analysis = folder.parent / "whole.json"
    whole = convert_whole(options, folder, texts, analysis)
    folder.mkdir()
    result = folder.parent / "ray.reuse.h5"
    run = subprocess.Popen(
        [sys.executable, DRIVERS / "convert_ray.py", MODEL, "--calibration", texts, "--analysis", analysis, "--budget",
         BUDGET, "--workers", "2", "--folder", folder, "--cpus", "2", "--command", options.binary, "-o", result],
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "RAY_ADDRESS": ""}, stdout=subprocess.DEVNULL)
    lost = None
    start = time.monotonic()
    while run.poll() is None and time.monotonic() - start < LIMIT_SECONDS:
        running = [int(entry.name) for entry in pathlib.Path("/proc").iterdir()
                   if entry.name.isdigit() and {"--rounds", str(folder)} <= set(arguments(entry.name))
                   and arguments(entry.name)[1:2] == ["convert"]]
        if lost is None and list(folder.glob("refit-*")) and running:
            lost = running[0]
            ended(parent(lost))
            ended(lost)
        time.sleep(0.05)
    if run.poll() is None:
        run.terminate()
        raise Failure(f"not done after {LIMIT_SECONDS} seconds")
    if run.returncode or lost is None:
        raise Failure(f"the driver ended with {run.returncode}, lost worker: {lost}")
    if differs(result, whole):
        raise Failure("the model is not that of one process")
    shutil.copyfile(analysis, output)
    return "a conversion by two workers, one killed on the way"


ENGINES = {"ray": ray, "slurm": slurm, "dask": dask, "spark": spark, "rounds": rounds, "ray-rounds": ray_rounds}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=pathlib.Path, default=ROOT / ".build/release/reuseformer")
    parser.add_argument("engines", nargs="*", metavar="ENGINE", help=", ".join(ENGINES))
    options = parser.parse_args()
    options.binary = options.binary.resolve()
    unknown = [name for name in options.engines if name not in ENGINES]
    if unknown:
        parser.error(f"no engine {unknown[0]}: {', '.join(ENGINES)}")
    # The drivers look for the command in PATH.
    os.environ["PATH"] = f"{options.binary.parent}:{os.environ['PATH']}"
    failed = False
    with tempfile.TemporaryDirectory(prefix="distributed-") as name:
        scratch = pathlib.Path(name)
        texts, whole = scratch / "texts.txt", scratch / "whole.json"
        lines = (ROOT / "fixtures/texts/calibration.txt").read_text().splitlines(keepends=True)
        texts.write_text("".join(lines[:TEXTS]))
        subprocess.run(
            [options.binary, "analyze", MODEL, "--calibration", texts, "--threads", "1", "--quiet", "-o", whole],
            check=True, stdout=subprocess.DEVNULL)
        prove_comparison(whole, scratch)
        for engine in options.engines or ["ray", "slurm", "dask", "rounds", "ray-rounds"]:
            start = time.monotonic()
            output = scratch / f"{engine}.json"
            try:
                what = ENGINES[engine](options, scratch / engine, texts, output)
                if differs(output, whole):
                    raise Failure("the bytes are not those of one process")
            except (Failure, OSError, subprocess.SubprocessError) as error:
                print(f"distributed: {engine}: FAILED: {error}", flush=True)
                failed = True
            else:
                seconds = time.monotonic() - start
                print(f"distributed: {engine}: the bytes of one process; {what}; {seconds:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
