#!/usr/bin/env python3
"""Which features of a plan and of a model each export carries: made by exporting, written into docs/exports.md.

    scripts/export_table.py --binary .build/release/reuseformer \\
        --python onnx=VENV/bin/python --python onnx_exact=VENV/bin/python --python keras=VENV/bin/python \\
        --python safetensors=VENV/bin/python --python model_garden=VENV/bin/python

Each format needs an interpreter in which its engine is installed (docs/exports.md); formats that none is given for keep
their column's old entries. An entry is "yes" where the engine gave what our runtime gives, "every bit" where that is
meant literally, and "refused" where the export said so by name; anything else ends the script with status 1.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/exports.md"
#: Formats by the heads of their columns; where there is no function `to_<format>`, an option of another one's.
FORMATS = {"onnx": "ONNX", "onnx_exact": "ONNX, exact", "keras": "Keras", "safetensors": "safetensors",
           "model_garden": "Model Garden"}
SUFFIXES = {"onnx": "onnx", "onnx_exact": "exact.onnx", "keras": "keras", "safetensors": "folder", "model_garden": "h5"}
MARKS = ("<!-- made by scripts/export_table.py -->", "<!-- end -->")
ENCODER = "checkpoints/bert_safetensors"


def head(layer, index, weight=1.0):
    return {"node": f"layer_{layer}/attention", "head": index, "weight": weight}


def borrowed(*terms):
    return {"source": "borrowed", "terms": list(terms)}


COMPUTED, DROPPED = {"source": "computed"}, {"source": "dropped"}
#: Name, fixture, changes of heads by (layer, head) and other sections of the plan by their names, and options of the
#: conversion; `None` for changes: no plan at all.
FEATURES = [
    ("nothing replaced", ENCODER, {}, []),
    ("refitted weights", ENCODER, {(1, 0): DROPPED}, ["--heal", "closed"]),
    ("dropped heads", ENCODER, {(1, 0): DROPPED}, []),
    ("a map of the layer below", ENCODER, {(1, 0): borrowed(head(0, 1))}, []),
    ("a map of the same layer", ENCODER, {(1, 1): borrowed(head(1, 0))}, []),
    ("a weighted sum of maps", ENCODER, {(1, 0): borrowed(head(0, 0, 0.75), head(0, 1, 0.5))}, []),
    ("fixed patterns", ENCODER, {(1, 0): borrowed({"pattern": "previous"}), (1, 1): borrowed({"pattern": "mean"})}, []),
    ("heads of one key", ENCODER, {(1, 0): {"source": "hard"}}, []),
    ("fewer neurons", ENCODER, {"neurons": [{"node": "layer_0/down", "width": 24, "kept": "0-15"}]}, []),
    ("one matrix for attention", ENCODER, {"linear": [{"node": "layer_1/attention"}]}, []),
    ("narrower queries and keys", ENCODER, {"ranks": [{"node": "layer_0/attention", "size": 8, "rank": 4}]}, []),
    ("merged tokens", "families/vit_safetensors", {"tokens": [{"node": "layer_0/attention", "share": 0.25}]}, []),
    ("weights of 8 bits", ENCODER, None, ["--weights", "int8"]),
    ("weights of 4 bits", ENCODER, None, ["--weights", "int4"]),
    ("products of 8 bits", ENCODER, None, ["--precision", "int8"]),
    ("products in bfloat16", ENCODER, None, ["--precision", "bf16"]),
    ("causal decoders", "families/gpt_neox_safetensors", None, ["--weights", "int8"]),
    ("grouped keys, norms of heads", "families/qwen3_safetensors", None, ["--weights", "int8"]),
    ("rotary positions, all scalings", "families/phi3_longrope", None, ["--weights", "int8"]),
    ("ALiBi", "families/bloom_safetensors", None, ["--weights", "int8"]),
    ("distances in buckets, encoder–decoders", "families/t5_safetensors", None, ["--weights", "int8"]),
    ("disentangled positions", "families/deberta_c2p_safetensors", None, ["--weights", "int8"]),
    ("pictures", "families/vit_safetensors", None, ["--weights", "int8"]),
    ("speech", "families/whisper_safetensors", None, ["--weights", "int8"]),
    ("functional Keras models", "keras/keras3_merges/model.keras", None, ["--weights", "int8"]),
    ("recurrent layers", "keras/keras3_bidirectional/model.keras", None, ["--weights", "int8"]),
]


def convert(binary, folder, index, feature):
    """The feature's .reuse.h5."""
    import numpy as np

    name, source, changes, options = feature
    target = f"{folder}/{index}.reuse.h5"
    arguments = [binary, "convert", str(ROOT / "fixtures" / source), "-o", target, "--quiet", "--force", *options]
    if changes is not None:
        layers = [{"node": f"layer_{layer}/attention",
                   "heads": [changes.get((layer, place), COMPUTED) for place in range(2)]} for layer in range(2)]
        sections = {key: value for key, value in changes.items() if isinstance(key, str)}
        with open(f"{folder}/plan.json", "w", encoding="utf-8") as file:
            json.dump({"version": 1, "budget": "by hand", "layers": layers, **sections}, file)
        arguments += ["--plan", f"{folder}/plan.json"]
        if "--heal" not in options:
            arguments += ["--heal", "none"]
    fitted = {"neurons", "linear", "ranks"}
    if "int4" in options or changes and (DROPPED in changes.values() or fitted & changes.keys()):
        random = np.random.default_rng(3)
        ids = random.integers(1, 30, (60, 12))
        np.savez(f"{folder}/texts.npz", input_ids=ids, attention_mask=np.ones_like(ids),
                 token_type_ids=np.zeros_like(ids))
        arguments += ["--calibration", f"{folder}/texts.npz"]
    done = subprocess.run(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"export_table.py: {name}: {done.stderr.strip().splitlines()[-1]}")
    return target


def run(kind, files):
    """In an interpreter that has the engine: what each export came to, one JSON list on the last line."""
    from reuseformer import errors, export

    results = []
    for index, path in enumerate(files):
        target = f"{path}.{SUFFIXES[kind]}"
        more = {"source": str(ROOT / "fixtures" / FEATURES[index][1])} if kind == "safetensors" else {}
        more = {"exact": True} if kind == "onnx_exact" else more
        try:
            found = getattr(export, "to_" + kind.split("_exact")[0])(path, target, **more)
            results.append("every bit" if kind == "onnx_exact" and found == 0 else "yes")
        except errors.Unsupported as refusal:
            print(f"{kind}: {FEATURES[index][0]}: {refusal}", file=sys.stderr)
            results.append("refused")
        except errors.ReuseformerError as error:
            results.append(f"failed: {error}")
    print(json.dumps(results))


def old_entries():
    """The columns that the page has already."""
    columns = {}
    rows = [line.strip("| ").split(" | ") for line in between(PAGE.read_text(encoding="utf-8")).splitlines()
            if line.startswith("| ")]
    heads = {head: kind for kind, head in FORMATS.items()}
    kinds = [heads[head] for head in rows[0][-sum(head in heads for head in rows[0]):]]
    for row in rows[2:]:
        columns[row[0]] = dict(zip(kinds, row[1:]))
    return columns


def between(text):
    return text.split(MARKS[0])[1].split(MARKS[1])[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(ROOT / ".build/release/reuseformer"))
    parser.add_argument("--python", action="append", default=[], metavar="FORMAT=INTERPRETER")
    parser.add_argument("--run", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        run(options.run[0], options.run[1:])
        return
    environment = dict(os.environ, REUSEFORMER=options.binary, PYTHONPATH=str(ROOT / "python/src"))
    columns, failed = old_entries(), False
    with tempfile.TemporaryDirectory() as folder:
        files = [convert(options.binary, folder, index, feature) for index, feature in enumerate(FEATURES)]
        for entry in options.python:
            kind, interpreter = entry.split("=", 1)
            done = subprocess.run([interpreter, __file__, "--run", kind, *files], env=environment, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            print(*[line for line in done.stderr.splitlines() if line.startswith(kind + ":")], sep="\n")
            if done.returncode:
                sys.exit(f"export_table.py: {kind}: {done.stderr.strip().splitlines()[-1]}")
            for feature, result in zip(FEATURES, json.loads(done.stdout.strip().splitlines()[-1])):
                if result.startswith("failed"):
                    print(f"{kind}: {feature[0]}: {result}")
                    failed = True
                columns.setdefault(feature[0], {})[kind] = result.split(":")[0]
    table = ["| | %s |" % " | ".join(FORMATS.values()), "|%s" % (" --- |" * (len(FORMATS) + 1))]
    table += ["| %s | %s |" % (feature[0], " | ".join(columns.get(feature[0], {}).get(kind, "?") for kind in FORMATS))
              for feature in FEATURES]
    text = PAGE.read_text(encoding="utf-8")
    made = f"{MARKS[0]}\n" + "\n".join(table) + f"\n{MARKS[1]}"
    PAGE.write_text(re.sub(re.escape(MARKS[0]) + ".*?" + re.escape(MARKS[1]), lambda _: made, text, flags=re.S),
                    encoding="utf-8")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
