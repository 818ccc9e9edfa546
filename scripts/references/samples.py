"""Checkpoints with the outputs of the framework that wrote them, as they lie in sample folders."""
import collections
import pathlib

import numpy as np

# Names of Hugging Face's inputs; everything else in their reference files is an output.
INPUTS = ("input_ids", "attention_mask", "token_type_ids", "decoder_input_ids", "decoder_attention_mask",
          "pixel_values", "input_features")
# The mask over tokens under the names that Keras models give it.
MASKS = ("padding_mask", "encoder_padding_mask", "input_mask")

Reference = collections.namedtuple("Reference", "inputs outputs own mask decoder_mask")
Reference.__doc__ = """What goes in, and what must come out.

outputs: by the command's names, in float32 arithmetic. own: outputs in the framework's lower precision, where it
computed in less than float32. mask, decoder_mask: positions that count; None: all.
"""


def folders(roots):
    """Folders with a reference, below or at the given ones."""
    for root in roots:
        if (root / "reference.npz").exists():
            yield root
        else:
            yield from sorted(path.parent for path in root.rglob("reference.npz"))


def checkpoints(folder):
    """What a user would name as the model, each with further options of the command."""
    if (folder / "preset").is_dir():
        return [(folder / "preset", [])]
    files = sorted(path for path in folder.iterdir() if path.suffix in (".h5", ".keras"))
    if (folder / "config.json").exists() and not any(path.suffix == ".keras" for path in files):
        return [(folder, [])]
    weights = [path for path in files if path.suffix == ".h5" and "weights" in path.name]
    whole = [path for path in files if path not in weights]
    # Weights alone: a whole model beside them tells the architecture.
    return [(path, []) for path in whole] + [(path, ["--config", whole[-1]]) for path in weights if whole]


def reference(folder):
    """The reference of a folder."""
    # Where the release that wrote the checkpoint computed otherwise than every later one, the later one counts.
    # BART's class of today never reads a bias that is in the file.
    later = folder / "reference_modern.npz"
    is_later = later.exists() and not folder.name.startswith("bart")
    with np.load(later if is_later else folder / "reference.npz") as file:
        arrays = dict(file)
    if any(name.startswith("in.") for name in arrays):
        return keras(arrays)
    inputs = {name: arrays.pop(name) for name in INPUTS if name in arrays}
    return Reference(inputs, arrays, {}, inputs.get("attention_mask"), inputs.get("decoder_attention_mask"))


def keras(arrays):
    """A reference of a Keras model: `in.*`, `out*`, attention maps layer by layer."""
    inputs = {name[3:]: array for name, array in arrays.items() if name.startswith("in.")}
    outputs, own, maps = {}, {}, 0
    is_low = "out_f32" in arrays or "out_before_quantize" in arrays
    for name, array in arrays.items():
        if name == "out":
            (own if is_low else outputs)["output"] = array
        elif name == "out_f32":
            outputs["output"] = array
        elif name.startswith("out."):
            outputs["output." + name[4:]] = array
        elif name.startswith(("attn.", "scores.")):
            (own if is_low else outputs)[f"attentions_{maps}"] = array
            maps += 1
    mask = next((inputs[name] for name in MASKS if name in inputs), None)
    return Reference(inputs, outputs, own, mask, inputs.get("decoder_padding_mask"))
