"""The table of scripts/check-references."""
import argparse
import pathlib
import sys

import numpy as np

import command

TOLERANCE = 1e-4
INPUTS = ("input_ids", "attention_mask", "token_type_ids", "decoder_input_ids", "decoder_attention_mask",
          "pixel_values", "input_features")
COLUMNS = {"hidden states": "hidden_state", "attention maps": "attentions", "logits": "logits",
           "pooled": "pooler_output"}


def models(folders):
    for folder in folders:
        if (folder / "reference.npz").exists():
            yield folder
        else:
            yield from sorted(path.parent for path in folder.glob("*/reference.npz"))


def column(name):
    return next((title for title, part in COLUMNS.items() if part in name), None)


def mask_of(name, inputs):
    """Which positions of an output count; None: all."""
    is_of_decoder = "decoder_input_ids" in inputs and not name.startswith("encoder_")
    return inputs.get("decoder_attention_mask" if is_of_decoder else "attention_mask")


def measure(binary, folder):
    """Largest difference by column."""
    # Where the release that wrote the checkpoint computed otherwise than every later one, the later one counts.
    later = folder / "reference_modern.npz"
    with np.load(later if later.exists() else folder / "reference.npz") as file:
        reference = dict(file)
    inputs = {name: reference.pop(name) for name in INPUTS if name in reference}
    outputs = command.run(binary, folder, inputs)
    worst = {}
    for name, wanted in reference.items():
        if name not in outputs:
            raise RuntimeError(f"{name} is missing from the outputs")
        title = column(name)
        found = command.visible_difference(name, wanted, outputs[name], mask_of(name, inputs))
        worst[title] = max(worst.get(title, 0), found)
    return worst


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary")
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    binary = command.find(options.binary)
    defaults = [command.ROOT / name for name in ("fixtures/encoder", "fixtures/families", ".demo/minilm")]
    failures = 0
    print(f"| model | {' | '.join(COLUMNS)} |\n| --- |{' --- |' * len(COLUMNS)}")
    for folder in models(options.folders or [folder for folder in defaults if folder.exists()]):
        try:
            worst = measure(binary, folder)
            cells = [f"{worst[title]:.1e}" if title in worst else "–" for title in COLUMNS]
            failures += max(worst.values()) > TOLERANCE
        except RuntimeError as error:
            cells, failures = [str(error).replace("\n", " ")] + [""] * (len(COLUMNS) - 1), failures + 1
        print(f"| {folder.resolve().parent.name}/{folder.name} | {' | '.join(cells)} |", flush=True)
    if failures:
        sys.exit(f"{failures} models differ by more than {TOLERANCE} or did not run")


main()
