"""Merging of tokens: what it saves, what it costs in accuracy, and what of it becomes time.

    scripts/quality-tokens [--source fixtures/vit] [--calibration fixtures/vit/calibration.npz]
                           [--images fixtures/vit/heldout] [--shares 2,4,8,12] [--output table.md]
    scripts/quality-tokens --speed FOLDER [--shares 4,5] [--shape 8] [--threads 1]

Shares are 64ths of a sequence's tokens that are merged behind every attention layer. With --speed nothing is judged:
FOLDER holds a model of pictures of any weights (scripts/make-random vit), which is timed whole and merged, in turns.
"""
import argparse
import json
import os
import subprocess
import tempfile

import h5py

import quality_study

PARTS = 64


def main():
    arguments = parse()
    shares = [int(share) for share in arguments.shares.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        if arguments.speed:
            lines = times(arguments, folder, shares)
        else:
            lines = qualities(arguments, folder, shares)
    quality_study.write_table(lines, arguments.output)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=".build/release/reuseformer")
    parser.add_argument("--source", default="fixtures/vit")
    parser.add_argument("--calibration", default="fixtures/vit/calibration.npz")
    parser.add_argument("--images", default="fixtures/vit/heldout")
    parser.add_argument("--speed", metavar="FOLDER")
    parser.add_argument("--shares", default="2,4,8,12")
    parser.add_argument("--shape", default="8")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--output")
    return parser.parse_args()


def call(*arguments):
    return subprocess.run(arguments, stdout=subprocess.PIPE, check=True).stdout


def attentions(arguments, folder, source):
    """Attention nodes and their numbers of heads, from the graph of a file that is made for it."""
    path = os.path.join(folder, "graph.reuse.h5")
    if not os.path.exists(path):
        call(arguments.bin, "convert", source, "--precision", "bf16", "--quiet", "-o", path)
    with h5py.File(path, "r") as file:
        manifest = file["manifest"][()]
    nodes = json.loads(manifest if isinstance(manifest, bytes) else manifest.tobytes())["graph"]["nodes"]
    operations = [(node["name"], node["operation"]) for node in nodes]
    return [(name, len(operation["heads"])) for name, operation in operations if operation["kind"] == "attention"]


def plan(arguments, folder, source, share):
    """A plan that computes every map and merges a share behind every layer."""
    nodes = attentions(arguments, folder, source)
    document = {"version": 1, "budget": "%d/%d of the tokens" % (share, PARTS),
                "layers": [{"node": node, "heads": [{"source": "computed"}] * heads} for node, heads in nodes]}
    if share:
        document["tokens"] = [{"node": node, "share": share / PARTS} for node, _ in nodes]
    path = os.path.join(folder, "plan.json")
    with open(path, "w", encoding="utf8") as file:
        json.dump(document, file)
    return path


def merged(arguments, folder, source, share):
    path = os.path.join(folder, "%d.reuse.h5" % share)
    call(arguments.bin, "convert", source, "--plan", plan(arguments, folder, source, share), "--heal", "none",
         "--compress", "none", "--quiet", "-o", path)
    return path


def qualities(arguments, folder, shares):
    models = [arguments.source] + [merged(arguments, folder, arguments.source, share) for share in shares]
    accuracies = json.loads(call(
        arguments.bin, "eval", *models, "--images", arguments.images, "--json", "--quiet"))["results"][0]["values"]
    lines = ["| merged a layer | multiply-adds saved | accuracy | change | same class |",
             "| ---: | ---: | ---: | ---: | ---: |"]
    for share, model, accuracy in zip(shares, models[1:], accuracies[1:]):
        report = json.loads(call(arguments.bin, "verify", arguments.source, model, "--data", arguments.calibration,
                                 "--json", "--quiet"))
        metrics = {item["metric"]: item["value"] for item in report["metrics"]}
        lines.append("| %d/%d | %.1f %% | %.2f %% | %+.2f points | %.2f %% |" % (
            share, PARTS, 100 * metrics["macs.saved"], 100 * accuracy, 100 * (accuracy - accuracies[0]),
            100 * metrics["top1.agreement"]))
    return lines


def times(arguments, folder, shares):
    models = [merged(arguments, folder, arguments.speed, share) for share in [0] + shares]
    results = json.loads(call(arguments.bin, "bench", *models, "--shape", arguments.shape, "--threads",
                              arguments.threads, "--json", "--quiet"))["results"]
    lines = ["| merged a layer | predicted | measured | of the prediction |", "| ---: | ---: | ---: | ---: |"]
    for share, result in zip(shares, results[1:]):
        predicted, measured = result["ceiling"], result["speedup"]
        lines.append("| %d/%d | %.2f | %.2f | %.1f %% |" % (
            share, PARTS, predicted, measured, 100 * measured / predicted))
    return lines


if __name__ == "__main__":
    main()
