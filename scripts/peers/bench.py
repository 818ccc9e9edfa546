"""Times reuseformer, PyTorch and ONNX Runtime in turns and prints ratios as a Markdown table.

A turn of a side lasts about a second and yields the median of its runs; a ratio compares turns of the same round. The
table shows for each side its best turn, then ratios to the fastest peer: the median over the rounds, and of the best
turns.
"""
import argparse
import json
import pathlib
import statistics
import sys
import tempfile

import numpy as np

import models
from turns import padded_inputs, time_ours, time_peer

OURS = "reuseformer"


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench-peers", description=__doc__)
    parser.add_argument("model", nargs="?", default=".demo/minilm", type=pathlib.Path, help="folder with tf_model.h5")
    parser.add_argument("--command", default=".build/release/reuseformer", help="the reuseformer to measure")
    parser.add_argument(
        "--shape", action="append", metavar="BxT", help="batch x tokens, or batch x range for texts of many lengths "
        "(64x8-128); default: 32x128 1x32 8x512 64x32 64x8-128")
    parser.add_argument("--threads", default="1,2", help="numbers of threads, default 1,2")
    parser.add_argument("--rounds", default=5, type=int, help="turns of each side, default 5")
    parser.add_argument("--seconds", default=1.0, type=float, help="length of a peer's turn, default 1")
    return parser.parse_args()


def check_agreement(peers, inputs):
    """All peers must compute the same thing, or their times mean nothing."""
    valid = inputs["attention_mask"].astype(bool)
    answers = {name: peer.prepare(inputs, 1)()[valid] for name, peer in peers.items()}
    reference = next(iter(answers.values()))
    for name, answer in answers.items():
        difference = float(np.abs(answer - reference).max())
        if not difference < 1e-3:
            raise SystemExit(f"{name} differs from {next(iter(answers))} by {difference}")


def measure(peers, arguments, shape, threads, inputs):
    """Seconds of every turn, by side."""
    runs = {name: peer.prepare(inputs, threads) for name, peer in peers.items()}
    turns = {name: [] for name in (OURS, *peers)}
    for _ in range(arguments.rounds):
        turns[OURS].append(time_ours(arguments.command, arguments.model, shape, threads))
        for name, run in runs.items():
            turns[name].append(time_peer(run, arguments.seconds))
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return turns


def ratios(turns):
    """How many times as fast we are as the fastest peer: the median over the rounds, and of the best turns.

    The fastest peer is one peer. The fastest turn of each round would be the luckiest of several, against one of ours.
    """
    peers = [name for name in turns if name != OURS]
    medians = [statistics.median(peer / own for peer, own in zip(turns[name], turns[OURS])) for name in peers]
    return min(medians), min(min(turns[name]) for name in peers) / min(turns[OURS])


def row(shape, threads, turns):
    """One line of the table: best times in milliseconds, then how many times as fast we are."""
    cells = [shape, str(threads)] + [f"{min(times) * 1e3:.1f}" for times in turns.values()]
    return "| " + " | ".join(cells + [f"{ratio:.2f}" for ratio in ratios(turns)]) + " |"


def main():
    arguments = parse_arguments()
    shapes = arguments.shape or ["32x128", "1x32", "8x512", "64x32", "64x8-128"]
    config = json.loads((arguments.model / "config.json").read_text())
    with tempfile.TemporaryDirectory() as folder:
        torch_peer = models.Torch(arguments.model)
        plain, fused, attentions = models.export(models.load_bert(arguments.model), pathlib.Path(folder))
        if attentions != config["num_hidden_layers"]:
            print(f"note: ONNX Runtime fused {attentions} attention layers", file=sys.stderr)
        peers = {"PyTorch": torch_peer, "ONNX Runtime": models.Onnx(plain), "ONNX Runtime, fused": models.Onnx(fused)}
        check_agreement(peers, padded_inputs("3x5-20", config["vocab_size"]))
        print(f"{models.versions()}; milliseconds of the best turn; ratios to the fastest peer.\n")
        print(f"| batch × tokens | threads | {' | '.join([OURS, *peers])} | ratio, median | ratio of bests |")
        print("| --- | --- |" + " --- |" * (len(peers) + 3))
        for shape in shapes:
            inputs = padded_inputs(shape, config["vocab_size"])
            for threads in map(int, arguments.threads.split(",")):
                print(row(shape, threads, measure(peers, arguments, shape, threads, inputs)), flush=True)


if __name__ == "__main__":
    main()
