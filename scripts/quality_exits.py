"""Exits of classifiers: how much arithmetic inputs leave undone, and how many of them keep their class.

    scripts/quality-exits [--models fixtures/vit,fixtures/opinions] [--agreements 98%,99%,99.5%,99.9%]
                          [--threads 1] [--output table.md]

Each model is a folder with calibration data, calibration.npz or calibration.txt, and held-out data of known classes,
heldout/<class>/*.png or heldout.tsv. It is converted with exits at every agreement, and judged on what was held out.
"""
import argparse
import json
import os
import subprocess
import tempfile

import quality_study

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
# `verify` says with it that a condition of the command line failed: its report is complete.
GATE = 3


def main():
    arguments = parse()
    lines = ["| model | asked agreement | agreement on held-out | multiply-adds saved on average "
             "| accuracy source → converted | left at each exit |",
             "| --- | ---: | ---: | ---: | ---: | --- |"]
    with tempfile.TemporaryDirectory() as folder:
        for source in arguments.models.split(","):
            lines += rows(arguments, folder, source)
    quality_study.write_table(lines, arguments.output)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.path.join(ROOT, ".build", "release", "reuseformer"))
    parser.add_argument("--models", default="fixtures/vit,fixtures/opinions")
    parser.add_argument("--agreements", default="98%,99%,99.5%,99.9%")
    parser.add_argument("--threads", default="1")
    parser.add_argument("--output")
    return parser.parse_args()


def call(arguments, *words, accepted=(0,)):
    """What a command prints; its warnings go where this script's go."""
    done = subprocess.run([arguments.bin, *words, "--threads", arguments.threads, "--quiet"], stdout=subprocess.PIPE)
    if done.returncode not in accepted:
        raise SystemExit("%s %s: exit status %d" % (arguments.bin, " ".join(words), done.returncode))
    return done.stdout


def data(source):
    """Calibration data, and the options that give held-out data to `verify` and to `eval`."""
    found = [os.path.join(source, name) for name in ("calibration.npz", "calibration.txt")]
    calibration = next((path for path in found if os.path.exists(path)), None)
    if calibration is None:
        raise SystemExit("%s: has neither calibration.npz nor calibration.txt" % source)
    pictures, texts = os.path.join(source, "heldout"), os.path.join(source, "heldout.tsv")
    if os.path.isdir(pictures):
        return calibration, ["--data", pictures], ["--images", pictures]
    return calibration, ["--labelled", texts], ["--labelled", texts]


def rows(arguments, folder, source):
    calibration, for_verify, for_eval = data(source)
    for agreement in arguments.agreements.split(","):
        path = os.path.join(folder, "exits.reuse.h5")
        call(arguments, "convert", source, "--calibration", calibration, "--exits", agreement, "-o", path, "--force")
        report = json.loads(call(arguments, "verify", source, path, *for_verify, "--json", accepted=(0, GATE)))
        judged = json.loads(call(arguments, "eval", source, path, *for_eval, "--json"))
        metrics = {item["metric"]: item["value"] for item in report["metrics"]}
        before, after = judged["results"][0]["values"]
        yield "| %s | %s | %.2f %% | %.1f %% | %.2f %% → %.2f %% | %s |" % (
            source, agreement.replace("%", " %"), 100 * metrics["top1.agreement"], 100 * metrics["macs.saved.mean"],
            100 * before, 100 * after, depths(judged["models"][1].get("exits")))


def depths(found):
    """`23 % behind block_1_sum_2, 40 % behind block_3_sum_2`."""
    exits = found["exits"] if found else []
    return ", ".join("%.0f %% behind %s" % (100 * item["left"] / found["inputs"], item["after"]) for item in exits)


if __name__ == "__main__":
    main()
