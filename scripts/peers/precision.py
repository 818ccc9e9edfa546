"""Times models of several precisions beside OpenVINO, ONNX Runtime and PyTorch in theirs, in turns. Prints Markdown.

A turn of a side lasts about a second and yields the median of its passes; a ratio compares turns of the same round. A
side's cosine is that of its hidden states with float32's: a fast side that computes something else shows as such.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np
import torch

import models
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


def cosine(states, reference, inputs):
    """Mean cosine of hidden states with the reference's, of the tokens that count."""
    shown = inputs["attention_mask"] != 0
    left, right = (side[shown].astype(np.float64) for side in (states, reference))
    products = (left * right).sum(-1)
    return float((products / np.linalg.norm(left, axis=-1) / np.linalg.norm(right, axis=-1)).mean())


def our_states(command, model, inputs):
    """Last hidden states of one of our models."""
    with tempfile.TemporaryDirectory() as scratch:
        given, found = pathlib.Path(scratch, "in.npz"), pathlib.Path(scratch, "out.npz")
        np.savez(given, **inputs)
        words = [command, "run", str(model), "--inputs", str(given), "--dump", "hidden", "-o", str(found)]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with np.load(found) as file:
            return file["hidden_states"][-1]


def make_peers(folder, samples, scratch):
    """The peers by name; the first is what others are compared with."""
    peers = {f"OpenVINO {kind}": openvino_bert.OpenVINO(folder, kind, samples) for kind in openvino_bert.KINDS}
    _, fused, _ = models.export(models.load_bert(folder), scratch)
    peers["ONNX Runtime int8"] = models.Onnx(models.quantize(fused))
    peers["PyTorch bf16"] = models.Torch(folder, torch.bfloat16)
    return peers


def main():
    arguments = parse_arguments()
    vocabulary = json.loads((arguments.model / "config.json").read_text())["vocab_size"]
    ours = {"f32": arguments.model} | dict(name.split("=", 1) for name in arguments.ours)
    samples = [{name: values[name] for name in ("input_ids", "attention_mask")}
               for values in calibration(arguments, vocabulary)]
    text = padded_inputs("8x20-60", vocabulary) if arguments.texts is None else samples[0]
    text |= {"token_type_ids": np.zeros_like(text["input_ids"])}
    with tempfile.TemporaryDirectory() as scratch:
        peers = make_peers(arguments.model, samples, pathlib.Path(scratch))
        states = {f"ours {name}": our_states(arguments.command, file, text) for name, file in ours.items()}
        states |= {name: peer.prepare(text, 1)() for name, peer in peers.items()}
        for name, found in states.items():
            print(f"{name}: cosine {cosine(found, states['OpenVINO f32'], text):.5f} with OpenVINO in float32")
        table(arguments, ours, peers, vocabulary)


def table(arguments, ours, peers, vocabulary):
    """Prints times of all sides and the ratios of the peers' to ours, shape by shape."""
    sides = [f"ours {name}" for name in ours] + list(peers)
    print(f"\n| batch × tokens | threads | {' | '.join(sides)} | ours to peers |")
    print("| --- | --- |" + " --- |" * (len(sides) + 1))
    for shape in arguments.shape or ["32x128", "1x32", "8x512", "64x32", "64x8-128"]:
        inputs = padded_inputs(shape, vocabulary)
        for threads in map(int, arguments.threads.split(",")):
            runs = {name: peer.prepare(inputs, threads) for name, peer in peers.items()}
            turns = {side: [] for side in sides}
            for _ in range(arguments.rounds):
                for name, file in ours.items():
                    turns[f"ours {name}"].append(time_ours(arguments.command, file, shape, threads))
                for name, run in runs.items():
                    turns[name].append(time_peer(run, arguments.seconds))
                print(".", end="", file=sys.stderr, flush=True)
            print(file=sys.stderr)
            times = " | ".join(f"{min(turns[side]) * 1e3:.1f}" for side in sides)
            print(f"| {shape} | {threads} | {times} | {ratios(turns, ours)} |", flush=True)


def ratios(turns, ours):
    """How many times as fast ours are: each kind beside peers of its kind, and beside our float32."""
    found = []
    for name in ours:
        rivals = [side for side in turns if side.endswith("int8" if "int8" in name else name) and "ours" not in side]
        for side in rivals + (["ours f32"] if name != "f32" else []):
            ratio = statistics.median(b / a for a, b in zip(turns[f"ours {name}"], turns[side]))
            found.append(f"{name} : {side} {ratio:.2f}")
    return ", ".join(found)


if __name__ == "__main__":
    main()
