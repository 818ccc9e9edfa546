"""The table of scripts/check-references."""
import argparse
import collections
import pathlib
import sys

import command
import document
import samples

TOLERANCE = 1e-4
# Norm of the difference by norm of the output, where the framework itself computed in less than float32.
OWN_TOLERANCE = 2e-2
COLUMNS = {"hidden states": ("hidden_state",), "attention maps": ("attentions",), "pooled": ("pooler_output",)}
OTHERS = "logits, outputs"
# How the command ends for a model that it knows and does not handle.
UNSUPPORTED = 4
OWN = "own precision"


def column(name):
    return next((title for title, parts in COLUMNS.items() if any(part in name for part in parts)), OTHERS)


def mask_of(name, wanted, reference):
    """Which positions of an output count; None: all."""
    if name.startswith("attentions_") and reference.decoder_mask is not None:
        # Keras counts the maps of both stacks through: their queries tell which one it is.
        masks = [mask for mask in (reference.mask, reference.decoder_mask) if mask is not None]
        return next((mask for mask in masks if mask.shape[1] == wanted.shape[2]), None)
    is_of_decoder = reference.decoder_mask is not None or "decoder_input_ids" in reference.inputs
    if is_of_decoder and not name.startswith(("encoder_", "output.encoder_")):
        return reference.decoder_mask
    return reference.mask


def measure(binary, model, options, reference):
    """Largest difference by column."""
    found = command.run(binary, model, reference.inputs, options)
    worst = {}

    def compare(name, wanted, title, measured):
        if name not in found:
            raise RuntimeError(f"{name} is missing from the outputs")
        if wanted.ndim == 5:  # grouped queries: heads of a group have an axis of their own
            wanted = wanted.reshape(len(wanted), -1, *wanted.shape[3:])
        difference = measured(name, wanted, found[name], mask_of(name, wanted, reference))
        worst[title] = max(worst.get(title, 0), difference)

    for name, wanted in reference.outputs.items():
        compare(name, wanted, column(name), command.visible_difference)
    for name, wanted in reference.own.items():
        compare(name, wanted, OWN, command.relative_difference)
    return worst


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary")
    parser.add_argument("--write", action="store_true", help="put the table into docs/accuracy.md too")
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    binary = command.find(options.binary)
    names = ("fixtures/encoder", "fixtures/families", "fixtures/keras", ".demo/minilm")
    defaults = [command.ROOT / name for name in names]
    titles = [*COLUMNS, OTHERS, OWN]
    failures = count = 0
    lines, refused = [], []
    groups = collections.defaultdict(collections.Counter)

    def line(text):
        lines.append(f"{text}\n")
        print(text, flush=True)

    line(f"| model | {' | '.join(titles)} |\n| --- |{' --- |' * len(titles)}")
    for folder in samples.folders(options.folders or [folder for folder in defaults if folder.exists()]):
        reference = samples.reference(folder)
        for model, more in samples.checkpoints(folder):
            count += 1
            group = groups[folder.resolve().parent.name]
            try:
                worst = measure(binary, model, more, reference)
                cells = [f"{worst[title]:.1e}" if title in worst else "–" for title in titles]
                is_wrong = any(
                    error > (OWN_TOLERANCE if title == OWN else TOLERANCE) for title, error in worst.items())
                failures += is_wrong
                group["differ" if is_wrong else "equal"] += 1
            except RuntimeError as error:
                if str(error).startswith(f"exit {UNSUPPORTED}:"):
                    refused.append(f"{name_of(model, folder)}: {error}")
                    group["refused"] += 1
                    continue
                group["did not run"] += 1
                cells, failures = ["did not run"] + [""] * (len(titles) - 1), failures + 1
                print(f"{name_of(model, folder)}: {error}", file=sys.stderr)
            line(f"| {name_of(model, folder)} | {' | '.join(cells)} |")
    if options.write:
        document.fill("accuracy.md", "scripts/check-references", "".join(lines))
        kinds = ["equal", "refused", "differ", "did not run"]
        rows = [f"| {name} | {' | '.join(str(found[kind]) for kind in kinds)} |\n" for name, found in groups.items()]
        head = f"| folder | {' | '.join(kinds)} |\n| --- |{' ---: |' * len(kinds)}\n"
        document.fill("recognition.md", "scripts/check-references", head + "".join(rows))
    # Whether they are refused rightly is what scripts/check-recognition looks at.
    print("".join(f"refused: {reason}\n" for reason in refused), end="", file=sys.stderr)
    if failures:
        sys.exit(f"{failures} of {count} models differ by more than {TOLERANCE} ({OWN_TOLERANCE} of the norm in "
                 "their own precision) or did not run")


def name_of(model, folder):
    folder = folder.resolve()
    inside = "" if model.name == "preset" or model.is_dir() else f"/{model.name}"
    return f"{folder.parent.name}/{folder.name}{inside}"


if __name__ == "__main__":
    main()
