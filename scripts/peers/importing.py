"""Times the import of one BERT checkpoint: reuseformer from HDF5, PyTorch from safetensors, in turns.

A turn is a process that loads the model and computes the hidden states of one token: a model counts as imported when it
has run, because mapped weights are not read before. `whole process` is everything a caller waits for. `import` leaves
out what has nothing to do with the checkpoint: for the command, the time of `reuseformer --version`; for PyTorch, the
start of Python, `import torch, safetensors, transformers` and a first small product, timed inside the process.

PyTorch comes in three ways: `from_pretrained` of transformers; a module that takes over what
`safetensors.torch.load_file` gives (`load_state_dict`); and the least that can be done: a module without storage, and
`load_state_dict(assign=True)`, which copies nothing.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

IDS = np.array([[2023]], np.int64)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench-import", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default=".demo/minilm", type=pathlib.Path, help="folder with tf_model.h5")
    parser.add_argument("--command", default=".build/release/reuseformer", help="the reuseformer to measure")
    parser.add_argument("--rounds", default=15, type=int, help="turns of each side, default 15")
    return parser.parse_args()


# MARK: In a process of its own

def load(way, folder):
    """Imports as `way` says; prints seconds of the import, seconds since the process was started, and the result."""
    started = float(os.environ["STARTED"])
    import torch
    from safetensors.torch import load_file
    from transformers import BertConfig, BertModel
    with torch.inference_mode():
        torch.ones(8, 8) @ torch.ones(8, 8)
    start = time.perf_counter()
    if way == "from_pretrained":
        model = BertModel.from_pretrained(folder, add_pooling_layer=False)
    elif way == "load":
        model = BertModel(BertConfig(**json.loads((folder / "config.json").read_text())), add_pooling_layer=False)
        model.load_state_dict(load_file(folder / "model.safetensors"))
    else:
        config = BertConfig(**json.loads((folder / "config.json").read_text()))
        with torch.device("meta"):
            model = BertModel(config, add_pooling_layer=False)
        model.load_state_dict(load_file(folder / "model.safetensors"), assign=True)
        # Numbers of places and types, which no file holds.
        for module in model.modules():
            for key, buffer in module.named_buffers(recurse=False):
                values = torch.arange(buffer.numel()) if key == "position_ids" else torch.zeros(buffer.numel())
                setattr(module, key, values.reshape(buffer.shape).to(buffer.dtype))
    model.eval()
    with torch.inference_mode():
        result = model(torch.from_numpy(IDS)).last_hidden_state.numpy()
    print(json.dumps([time.perf_counter() - start, time.time() - started, result.ravel().tolist()]))


# MARK: Taking turns

def turn_of_peer(way, folder):
    environment = {**os.environ, "STARTED": repr(time.time()), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_VERBOSITY": "error"}
    finished = subprocess.run(
        [sys.executable, __file__, "--load", way, str(folder)], env=environment, check=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL)
    seconds, whole, result = json.loads(finished.stdout.splitlines()[-1])
    return seconds, whole, np.array(result)


def seconds(command):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def turn_of_ours(arguments, folder):
    start = seconds([arguments.command, "--version"])
    output = folder / "out.npz"
    whole = seconds([arguments.command, "run", str(arguments.model), "--inputs", str(folder / "ids.npz"), "--dump",
                     "hidden", "-o", str(output), "--force"])
    with np.load(output) as arrays:
        return whole - start, whole, arrays["last_hidden_state"].ravel()


def prepare(arguments, folder):
    """The same weights as safetensors, and one token."""
    import models
    from safetensors.torch import save_file
    model = models.load_bert(arguments.model)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder / "model.safetensors",
              metadata={"format": "pt"})
    (folder / "config.json").write_bytes((arguments.model / "config.json").read_bytes())
    np.savez(folder / "ids.npz", input_ids=IDS, attention_mask=np.ones_like(IDS))


def main():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prepare(arguments, folder)
        sides = {
            "reuseformer, HDF5": lambda: turn_of_ours(arguments, folder),
            "PyTorch, from_pretrained": lambda: turn_of_peer("from_pretrained", folder),
            "PyTorch, load_file": lambda: turn_of_peer("load", folder),
            "PyTorch, load_file, nothing copied": lambda: turn_of_peer("assign", folder)}
        # The first turn fills the system's file cache, and shows that all compute the same.
        results = [turn()[2] for turn in sides.values()]
        for side, result in zip(sides, results):
            difference = float(np.abs(result - results[0]).max())
            if not difference < 1e-3:
                raise SystemExit(f"{side} differs by {difference}")
        turns = {side: [] for side in sides}
        for _ in range(arguments.rounds):
            for side, turn in sides.items():
                turns[side].append(turn()[:2])
            print(".", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
    report(turns)


def report(turns):
    ours = next(iter(turns.values()))
    print("| side | import, ms | as many times ours | whole process, ms | as many times ours |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for side, own in turns.items():
        cells = []
        for kind in (0, 1):
            ratios = [theirs[kind] / mine[kind] for theirs, mine in zip(own, ours)]
            cells += [f"{statistics.median(turn[kind] for turn in own) * 1e3:.0f}", f"{statistics.median(ratios):.2f}"]
        print(f"| {side} | {' | '.join(cells)} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        load(sys.argv[2], pathlib.Path(sys.argv[3]))
    else:
        main()
