"""Times models of several precisions beside OpenVINO in float32, bfloat16 and 8 bits (NNCF), in turns. Prints Markdown.

A turn of a side lasts about a second and yields the median of its passes; a ratio compares turns of the same round. A
peer's cosine is that of its hidden states with float32's: a fast peer that computes something else shows as such.
"""
import argparse
import json
import pathlib
import statistics
import sys

import numpy as np

import openvino_bert
from turns import padded_inputs, time_ours, time_peer


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench-precision", description=__doc__)
    parser.add_argument("model", type=pathlib.Path, help="folder with tf_model.h5")
    parser.add_argument("ours", nargs="*", metavar="NAME=FILE", help="converted models, as int8=small.reuse.h5")
    parser.add_argument("--command", default=".build/release/reuseformer", help="the reuseformer to measure")
    parser.add_argument(
        "--shape", action="append", metavar="BxT", help="batch x tokens, or batch x range for texts of many lengths; "
        "default: 32x128 1x32 8x512 64x32 64x8-128")
    parser.add_argument("--texts", type=pathlib.Path, help="token ids to calibrate with, .npy [texts, tokens]; 0 pads")
    parser.add_argument("--threads", default="1", help="numbers of threads, default 1")
    parser.add_argument("--rounds", default=5, type=int, help="turns of each side, default 5")
    parser.add_argument("--seconds", default=1.0, type=float, help="length of a peer's turn, default 1")
    return parser.parse_args()


def calibration(arguments, vocabulary):
    """Inputs that NNCF looks at: texts that were given, else random ids."""
    if arguments.texts is None:
        return [padded_inputs(f"1x{tokens}", vocabulary) for tokens in range(8, 128, 3)]
    rows = [row[row != 0][None] for row in np.load(arguments.texts).astype(np.int64)]
    return [{"input_ids": row, "attention_mask": np.ones_like(row)} for row in rows]


def cosine(peer, reference, inputs):
    """Mean cosine of a peer's hidden states with the reference's, of the tokens that count."""
    shown = inputs["attention_mask"] != 0
    left, right = (side.prepare(inputs, 1)()[shown].astype(np.float64) for side in (peer, reference))
    products = (left * right).sum(-1)
    return float((products / np.linalg.norm(left, axis=-1) / np.linalg.norm(right, axis=-1)).mean())


def main():
    arguments = parse_arguments()
    vocabulary = json.loads((arguments.model / "config.json").read_text())["vocab_size"]
    ours = {"f32": arguments.model} | dict(name.split("=", 1) for name in arguments.ours)
    samples = [{name: values[name] for name in ("input_ids", "attention_mask")}
               for values in calibration(arguments, vocabulary)]
    peers = {kind: openvino_bert.OpenVINO(arguments.model, kind, samples) for kind in openvino_bert.KINDS}
    text = padded_inputs("8x20-60", vocabulary) if arguments.texts is None else samples[0]
    for kind, peer in peers.items():
        print(f"OpenVINO {kind}: cosine {cosine(peer, peers['f32'], text):.5f} with float32")
    sides = [f"ours {name}" for name in ours] + [f"OpenVINO {kind}" for kind in peers]
    print(f"\n| batch × tokens | threads | {' | '.join(sides)} | ratios to OpenVINO int8 |")
    print("| --- | --- |" + " --- |" * (len(sides) + 1))
    for shape in arguments.shape or ["32x128", "1x32", "8x512", "64x32", "64x8-128"]:
        inputs = padded_inputs(shape, vocabulary)
        for threads in map(int, arguments.threads.split(",")):
            runs = {kind: peer.prepare(inputs, threads) for kind, peer in peers.items()}
            turns = {side: [] for side in sides}
            for _ in range(arguments.rounds):
                for name, file in ours.items():
                    turns[f"ours {name}"].append(time_ours(arguments.command, file, shape, threads))
                for kind, run in runs.items():
                    turns[f"OpenVINO {kind}"].append(time_peer(run, arguments.seconds))
                print(".", end="", file=sys.stderr, flush=True)
            print(file=sys.stderr)
            ratios = ", ".join(
                f"{name} {statistics.median(p / o for p, o in zip(turns['OpenVINO int8'], turns[f'ours {name}'])):.2f}"
                for name in ours)
            times = " | ".join(f"{min(turns[side]) * 1e3:.1f}" for side in sides)
            print(f"| {shape} | {threads} | {times} | {ratios} |", flush=True)


if __name__ == "__main__":
    main()
