"""The table of scripts/check-precision."""
import argparse
import collections
import pathlib
import sys
import tempfile

import numpy as np

import command
import document
import samples

LIMIT = 3e-2
# How often the reference's inputs are shuffled to fit on.
TURNS = 100
# How the command ends for what it knows and does not do, and for options that do not fit.
REFUSALS = ("exit 4:", "exit 2:")


def judged(outputs):
    """The outputs that say how good a model is: its hidden states, else whatever it gives that is no map."""
    hidden = [name for name in outputs if "hidden_state" in name and not name.endswith("last_hidden_state")]
    return hidden or [name for name in outputs if "attentions" not in name and outputs[name].dtype.kind == "f"]


def last(name, array):
    """Of the stacked states of all layers the last ones."""
    return array[-1] if "hidden_states" in name and array.ndim == 4 else array


def error(wanted, found, reference):
    """Norm of the difference by norm of the outputs, over the positions that count; the worst output's."""
    worst = 0.0
    for name in judged(wanted):
        if name not in found:
            raise RuntimeError(f"{name} is missing from the quantised model's outputs")
        mask = reference.decoder_mask if name.startswith("decoder") else reference.mask
        one, other = last(name, wanted[name]), last(name, found[name])
        fits = mask is not None and mask.shape == one.shape[:2]
        worst = max(worst, command.relative_difference("", one, other, mask if fits else None))
    return worst


def shuffled(array, generator):
    """An input like the given one: ids in another order within each row, other numbers with a tenth of noise."""
    if array.dtype.kind == "f":
        return array + (0.1 * array.std() * generator.standard_normal(array.shape)).astype(array.dtype)
    if array.ndim < 2 or array.max(initial=0) <= 1:
        return array
    rows = array.reshape(-1, array.shape[-1]).copy()
    for row in rows:
        counts = row != 0
        row[counts] = generator.permutation(row[counts])
    return rows.reshape(array.shape)


def measure(binary, model, options, reference, precision, scratch):
    """Relative errors of a model that was rounded without texts, and of one that was fitted to inputs like these."""
    wanted = command.run(binary, model, reference.inputs, options)
    generator = np.random.default_rng(3)
    turns = [{name: shuffled(array, generator) for name, array in reference.inputs.items()} for _ in range(TURNS)]
    like = pathlib.Path(scratch) / "like.npz"
    np.savez(like, **{name: np.concatenate([turn[name] for turn in turns]) for name in reference.inputs})
    found = {}
    for kind, words in (("rounded", []), ("fitted", ["--calibration", like])):
        output = pathlib.Path(scratch) / f"{kind}.reuse.h5"
        try:
            command.call(binary, "convert", model, *precision, *words, *options, "-o", output, "--force", "--quiet")
            found[kind] = error(wanted, command.run(binary, output, reference.inputs), reference)
        except RuntimeError as failure:
            found[kind] = str(failure)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary")
    parser.add_argument("--precision", default="--precision int8", help="options of convert, default --precision int8")
    parser.add_argument("--write", action="store_true", help="put the summary into docs/accuracy.md too")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    binary = command.find(options.binary)
    groups, failures = collections.defaultdict(lambda: collections.defaultdict(list)), 0
    print("| model | rounded | fitted |\n| --- | --- | --- |")
    for folder in samples.folders(options.folders):
        reference = samples.reference(folder)
        for model, more in samples.checkpoints(folder):
            group = groups[folder.resolve().parent.name]
            with tempfile.TemporaryDirectory() as scratch:
                try:
                    found = measure(binary, model, more, reference, options.precision.split(), scratch)
                except RuntimeError:
                    group["not run in float32"].append(0)
                    continue
            cells = []
            for kind, value in found.items():
                is_number = isinstance(value, float)
                is_refused = not is_number and value.startswith(REFUSALS)
                group[kind if is_number else f"{kind}, refused" if is_refused else f"{kind}, failed"].append(value)
                cells.append(f"{value:.4f}" if is_number else "refused" if is_refused else "FAILED")
                if not is_number:
                    print(f"{folder.name}/{model.name}, {kind}: {value.splitlines()[0]}", file=sys.stderr)
            failures += not any(isinstance(value, float) and value <= LIMIT for value in found.values())
            print(f"| {folder.resolve().parent.name}/{folder.name} | {' | '.join(cells)} |", flush=True)
    text = summary(groups)
    print("\n" + text)
    if options.write:
        document.fill("accuracy.md", "scripts/check-precision", text)
    if failures:
        sys.exit(f"{failures} models lose more than {LIMIT} in both ways, or did not run")


def summary(groups):
    """A line a folder: how many models run, and how far they are off."""
    lines = ["| folder | models | rounded: median | worst | above 3 % | fitted: median | worst | above 3 % | refused |",
             "| --- |" + " ---: |" * 8]
    for name, group in groups.items():
        cells = [str(len(group["rounded"]) + len(group["rounded, refused"]) + len(group["rounded, failed"]))]
        for kind in ("rounded", "fitted"):
            values = group[kind]
            cells += [f"{np.median(values):.4f}", f"{max(values):.4f}", str(sum(value > LIMIT for value in values))] \
                if values else ["–", "–", "–"]
        cells.append(str(len(group["rounded, refused"]) + len(group["fitted, refused"])))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
