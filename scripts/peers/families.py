"""Times language models and vision transformers beside PyTorch and ONNX Runtime; prints a Markdown table.

A turn of a side lasts about a second and yields the median of its runs; a ratio compares turns of the same round. The
table shows for each side its best turn, then ratios to the fastest peer: the median over the rounds, and of the best
turns.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

import bench
import decoders
import models
import pictures

OURS = bench.OURS
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LOADS = {"gpt": ["1x64+48", "16x64+48"], "gpt2": ["1x128+32", "1x512+32", "8x128+32"], "vit": ["1", "8"]}
FOLDERS = {"gpt": ROOT / "fixtures/gpt", "gpt2": ROOT / ".demo/random-gpt2", "vit": ROOT / ".demo/random-vit"}
TOLERANCE = 2e-3


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench-families", description=__doc__)
    parser.add_argument("--models", default="gpt,gpt2,vit", help="which models, default all: gpt,gpt2,vit")
    parser.add_argument("--command", default=".build/release/reuseformer", help="the reuseformer to measure")
    parser.add_argument(
        "--load", action="append", metavar="LOAD", help="prompts x tokens + new tokens (1x128+32), or pictures (8); "
        "default: " + "; ".join(f"{name}: {' '.join(loads)}" for name, loads in LOADS.items()))
    parser.add_argument("--threads", default="1,2", help="numbers of threads, default 1,2")
    parser.add_argument("--rounds", default=3, type=int, help="turns of each side, default 3")
    parser.add_argument("--seconds", default=1.0, type=float, help="length of a peer's turn, default 1")
    return parser.parse_args()


def ours(command, *words):
    """The only measurement that the bench command prints."""
    arguments = [command, "bench", *map(str, words), "--json"]
    finished = subprocess.run(arguments, capture_output=True, text=True)
    if finished.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} failed with {finished.returncode}: {finished.stderr.strip()}")
    document = json.loads(finished.stdout)
    (result,) = document["results"] + document["writing"]
    return result


def our_logits(command, folder, **inputs):
    """What the command computes for inputs."""
    with tempfile.TemporaryDirectory() as scratch:
        given, found = pathlib.Path(scratch, "in.npz"), pathlib.Path(scratch, "out.npz")
        np.savez(given, **inputs)
        subprocess.run(
            [command, "run", str(folder), "--inputs", str(given), "--dump", "logits", "-o", str(found)], check=True,
            stdout=subprocess.DEVNULL)
        with np.load(found) as file:
            return file["logits"]


def check(name, answer, reference):
    """All sides must compute the same thing, or their times mean nothing."""
    difference = float(np.abs(answer - reference).max())
    if not difference < TOLERANCE:
        raise SystemExit(f"{name} differs from {OURS} by {difference}")


def row(cells, turns, amount):
    """One line of the table: what each side does in a second at its best, then the ratios."""
    speeds = [f"{amount / min(times):,.0f}" if amount / min(times) >= 100 else f"{amount / min(times):.1f}"
              for times in turns.values()]
    print("| " + " | ".join([*cells, *speeds, *(f"{ratio:.2f}" for ratio in bench.ratios(turns))]) + " |", flush=True)


def heading(first, sides):
    titles = [*first, *sides, "ratio, median", "ratio of bests"]
    print(f"\n| {' | '.join(titles)} |\n|{' --- |' * len(titles)}", flush=True)


class Decoders:
    """A language model: reading prompts and adding tokens, in tokens a second."""

    def __init__(self, name, arguments, scratch):
        self.name, self.arguments, self.folder = name, arguments, FOLDERS[name]
        self.vocabulary = json.loads((self.folder / "config.json").read_text())["vocab_size"]
        self.peers = {"PyTorch, transformers": decoders.Transformers(self.folder),
                      "PyTorch, plain": decoders.Plain(self.folder).eval(),
                      "ONNX Runtime": decoders.Onnx(self.folder, scratch)}
        ids = self.ids(2, 12)
        reference = our_logits(arguments.command, self.folder, input_ids=ids)
        for side, peer in self.peers.items():
            peer.use(1)
            logits, kept = peer.prompt(ids[:, :7])
            check(side, logits, reference[:, 6])
            for place in range(7, 12):
                logits, kept = peer.step(ids[:, place:place + 1], kept)
                check(side, logits, reference[:, place])

    def ids(self, batch, tokens):
        generator = np.random.default_rng(7)
        return generator.integers(self.vocabulary // 2, self.vocabulary, size=(batch, tokens))

    def turn(self, peer, batch, tokens, new):
        """Median seconds of the prompts and of a step, after one run that is not measured."""
        ids = self.ids(batch, tokens + new)
        times, begin = [], time.perf_counter()
        while len(times) < 4 or time.perf_counter() - begin < self.arguments.seconds:
            start = time.perf_counter()
            _, kept = peer.prompt(ids[:, :tokens])
            middle = time.perf_counter()
            for place in range(tokens, tokens + new):
                _, kept = peer.step(ids[:, place:place + 1], kept)
            times.append((middle - start, (time.perf_counter() - middle) / new))
        return [statistics.median(column) for column in zip(*times[1:])]

    def measure(self):
        heading(["model", "prompts × tokens", "threads", "tokens a second of"], [OURS, *self.peers])
        for load in self.arguments.load or LOADS[self.name]:
            shape, new = load.split("+")
            batch, tokens = map(int, shape.split("x"))
            for threads in self.arguments.threads.split(","):
                reading, writing = ({side: [] for side in (OURS, *self.peers)} for _ in range(2))
                for _ in range(self.arguments.rounds):
                    found = ours(self.arguments.command, self.folder, "--shape", shape, "--new-tokens", new,
                                 "--threads", threads)
                    reading[OURS].append(found["promptSeconds"])
                    writing[OURS].append(found["stepSeconds"])
                    for side, peer in self.peers.items():
                        peer.use(int(threads))
                        prompt, step = self.turn(peer, batch, tokens, int(new))
                        reading[side].append(prompt)
                        writing[side].append(step)
                    print(".", end="", file=sys.stderr, flush=True)
                row([self.name, shape, threads, "the prompts"], reading, batch * tokens)
                row([self.name, shape, threads, "new text"], writing, batch)


class Pictures:
    """A vision transformer, in pictures a second."""

    def __init__(self, name, arguments, scratch):
        self.name, self.arguments, self.folder = name, arguments, FOLDERS[name]
        plain, fused, attentions = pictures.export(self.folder, scratch)
        layers = json.loads((self.folder / "config.json").read_text())["num_hidden_layers"]
        if attentions != layers:
            print(f"note: ONNX Runtime fused {attentions} of {layers} attention layers", file=sys.stderr)
        self.peers = {"PyTorch": pictures.Torch(self.folder), "ONNX Runtime": pictures.Onnx(plain),
                      "ONNX Runtime, fused": pictures.Onnx(fused)}
        some = self.pictures(2)
        reference = our_logits(arguments.command, self.folder, pixel_values=some)
        for side, peer in self.peers.items():
            check(side, peer.prepare(some, 1)(), reference)

    def pictures(self, count):
        size = json.loads((self.folder / "config.json").read_text())["image_size"]
        return np.random.default_rng(7).uniform(-1, 1, size=(count, 3, size, size)).astype(np.float32)

    def measure(self):
        heading(["model", "pictures", "threads"], [f"{side}, pictures a second" for side in (OURS, *self.peers)])
        for load in self.arguments.load or LOADS[self.name]:
            given = self.pictures(int(load))
            for threads in self.arguments.threads.split(","):
                turns = {side: [] for side in (OURS, *self.peers)}
                for _ in range(self.arguments.rounds):
                    found = ours(self.arguments.command, self.folder, "--shape", load, "--threads", threads)
                    turns[OURS].append(found["seconds"])
                    for side, peer in self.peers.items():
                        run = peer.prepare(given, int(threads))
                        turns[side].append(bench.time_peer(run, self.arguments.seconds))
                    print(".", end="", file=sys.stderr, flush=True)
                row([self.name, load, threads], turns, int(load))


def main():
    arguments = parse_arguments()
    print(f"{models.versions()}; what each side does in a second at its best; ratios to the fastest peer.")
    for name in arguments.models.split(","):
        if not (FOLDERS[name] / "tf_model.h5").exists():
            subprocess.run([ROOT / "scripts/make-random", name, FOLDERS[name]], check=True, stdout=sys.stderr)
        with tempfile.TemporaryDirectory() as scratch:
            kind = Pictures if name == "vit" else Decoders
            kind(name, arguments, pathlib.Path(scratch)).measure()


if __name__ == "__main__":
    main()
