#!/usr/bin/env python3
"""Converts the trained fixtures and keeps their reports, for the gallery of the documentation site.

    scripts/site_gallery.py --binary .build/release/reuseformer --output FOLDER

FOLDER gets NAME.html and NAME.json (the report's document) for each of them.
"""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
#: Name, what it is, the fixture, its data, and how it is converted.
MODELS = [
    ("encoder", "masked language model, 6 layers", "encoder", "encoder/calibration.txt", ["--budget", "1/3"]),
    ("encoder-int8", "the same, matrices of 8 bits", "encoder", "encoder/calibration.txt",
     ["--budget", "1/3", "--precision", "auto"]),
    ("gpt", "language model", "gpt", "encoder/calibration.txt", ["--budget", "1/3"]),
    ("t5", "encoder–decoder", "t5", "t5/calibration.tsv", ["--budget", "1/3"]),
    ("vit", "vision transformer", "vit/model.keras", "vit/calibration.npz", ["--budget", "1/2", "--assume",
                                                                            "PositionTable=usual"]),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=".build/release/reuseformer")
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    folder = pathlib.Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    for name, _, fixture, data, more in MODELS:
        arguments = [options.binary, "convert", f"fixtures/{fixture}", "--calibration", f"fixtures/{data}", *more]
        arguments += ["--calibration-tokens", "12000", "-o", str(folder / f"{name}.reuse.h5"), "--report",
                      str(folder / f"{name}.html"), "--json", "--force", "--quiet"]
        done = subprocess.run(arguments, cwd=ROOT, stdout=subprocess.PIPE, check=False)
        if done.returncode:
            sys.exit(f"site_gallery.py: {name}: convert ended with {done.returncode}")
        json.loads(done.stdout)
        (folder / f"{name}.json").write_bytes(done.stdout)
        (folder / f"{name}.reuse.h5").unlink()


if __name__ == "__main__":
    main()
