"""What all comparisons of speed do: a turn of ours, a turn of a peer, inputs as a peer takes them."""
import json
import statistics
import subprocess
import time

import numpy as np


def results_in(document):
    """Every measurement in the bench command's document, wherever it stands."""
    if isinstance(document, dict):
        if "seconds" in document:
            yield document
        for value in document.values():
            yield from results_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from results_in(value)


def time_ours(command, model, shape, threads):
    """Median seconds of one pass, measured by the command itself."""
    load = "--ragged" if "-" in shape else "--shape"
    arguments = [command, "bench", str(model), load, shape, "--threads", str(threads), "--json"]
    finished = subprocess.run(arguments, capture_output=True, text=True)
    if finished.returncode != 0:
        raise SystemExit(f"{' '.join(arguments)} failed with {finished.returncode}: {finished.stderr.strip()}")
    found = list(results_in(json.loads(finished.stdout)))
    if len(found) != 1:
        raise SystemExit(f"{' '.join(arguments)}: expected one measurement, found {len(found)}")
    return float(found[0]["seconds"])


def time_peer(run, seconds):
    """Median seconds of one pass, after one that is not measured."""
    run()
    times, begin = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
        if len(times) >= 200:
            break
    return statistics.median(times)


def padded_inputs(shape, vocabulary):
    """Token ids as a peer takes them: texts of different lengths are padded to the longest, with a mask."""
    batch, _, tokens = shape.partition("x")
    shortest, _, longest = tokens.partition("-")
    batch, shortest, longest = int(batch), int(shortest), int(longest or shortest)
    generator = np.random.default_rng(7)
    lengths = generator.integers(shortest, longest + 1, size=batch)
    lengths[0] = longest
    mask = (np.arange(longest) < lengths[:, None]).astype(np.int64)
    ids = generator.integers(vocabulary // 2, vocabulary, size=(batch, longest)) * mask
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
