"""What `convert` prints of a model's quality against a large set of data that it never saw.

    scripts/printed-against-held-out --source MODEL --data FILE [FILE …] [--slices 8] [--budget 1/3] [--bin …]

The data (lines of texts, or one .npz of the model's inputs) are dealt to slices. Each slice calibrates one
conversion, whose printed values and intervals rest on the part of it that is kept back; the other slices together are
what is held out. A row of the table is a metric: the mean of the printed values, of the ends of their intervals and
of the values held out, and how many of the intervals hold the value held out: 95 of 100 are asked for, less what the
held-out set itself does not know.
"""
import argparse
import json
import os
import subprocess
import tempfile

import numpy as np

SHOWN = ["hidden.cosine.mean", "hidden.cosine.p01", "hidden.relerr", "pooled.cosine.mean", "pairs.spearman",
         "logits.kl.mean", "top1.agreement", "perplexity.ratio", "perplexity", "output.relerr", "output.r2",
         "maps.tv.mean"]


def main():
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        found = [conversion(arguments, folder, index) for index in range(arguments.slices)]
    print(table(found))


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    binary = os.path.join(os.path.dirname(__file__), "..", ".build", "release", "reuseformer")
    parser.add_argument("--bin", default=binary)
    parser.add_argument("--source", required=True)
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--slices", type=int, default=8)
    parser.add_argument("--budget", default="1/3")
    parser.add_argument("--threads", default="2")
    parser.add_argument("--max-length", default="128")
    parser.add_argument("--pool", help="passed on to convert and verify")
    return parser.parse_args()


def conversion(arguments, folder, index):
    """Measurements of one conversion: printed, and held out."""
    calibration, held_out = deal(arguments, folder, index)
    model = os.path.join(folder, "%d.reuse.h5" % index)
    common = ["--json", "--quiet", "--threads", arguments.threads, "--max-length", arguments.max_length]
    if arguments.pool:
        common += ["--pool", arguments.pool]
    printed = run(arguments.bin, "convert", arguments.source, "--calibration", calibration, "--budget",
                  arguments.budget, "-o", model, *common)
    seen = run(arguments.bin, "verify", arguments.source, model, "--data", held_out, *common)
    os.remove(model)
    return printed, seen


def deal(arguments, folder, index):
    """One slice of the data, and all others, as files."""
    if arguments.data[0].endswith(".npz"):
        arrays = dict(np.load(arguments.data[0]))
        count = len(next(iter(arrays.values())))
        own = np.arange(count) % arguments.slices == index
        paths = [os.path.join(folder, name + ".npz") for name in ("calibration", "held_out")]
        np.savez(paths[0], **{name: array[own] for name, array in arrays.items()})
        np.savez(paths[1], **{name: array[~own] for name, array in arrays.items()})
        return paths
    lines = []
    for path in arguments.data:
        with open(path, encoding="utf8") as file:
            lines += [line for line in file.read().split("\n") if line.strip()]
    # The same text twice is the same text.
    lines = list(dict.fromkeys(lines))
    paths = [os.path.join(folder, name + ".txt") for name in ("calibration", "held_out")]
    for path, wanted in zip(paths, (True, False)):
        with open(path, "w", encoding="utf8") as file:
            file.write("".join(line + "\n" for number, line in enumerate(lines)
                               if (number % arguments.slices == index) == wanted))
    return paths


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(" ".join(command) + "\n" + done.stderr)
    return json.loads(done.stdout)


def table(found):
    printed, seen = [[{m["metric"]: m for m in report["metrics"] if "output" not in m} for report in side]
                     for side in zip(*found)]
    texts = [[report["data"]["texts"] for report in side] for side in zip(*found)]
    lines = ["judged on %d to %d texts kept back, held out %d to %d" % (
        min(texts[0]), max(texts[0]), min(texts[1]), max(texts[1])), "",
        "| metric | printed | interval | held out | inside |", "| --- | --- | --- | --- | --- |"]
    hits = total = 0
    for metric in SHOWN:
        if not all(metric in one and "interval" in one[metric] for one in printed):
            continue
        values = [one[metric]["value"] for one in printed]
        lower = [one[metric]["interval"]["lower"] for one in printed]
        upper = [one[metric]["interval"]["upper"] for one in printed]
        outside = [one[metric]["value"] for one in seen]
        inside = sum(a <= value <= b for a, value, b in zip(lower, outside, upper))
        hits += inside
        total += len(outside)
        lines.append("| %s | %.5f | %.5f to %.5f | %.5f | %d of %d |" % (
            metric, np.mean(values), np.mean(lower), np.mean(upper), np.mean(outside), inside, len(outside)))
    lines.append("| all | | | | %d of %d |" % (hits, total))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
