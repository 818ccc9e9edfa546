"""Checks a folder made by scripts/make-minilm against the real TensorFlow class and writes reference outputs.

    scripts/venv training
    .venv-training/bin/python scripts/references/minilm_reference.py [FOLDER]      default: .demo/minilm

Loads the checkpoint with TFBertModel.from_pretrained, fails when a weight is missing or unexpected or when saving it
again gives another HDF5 layout, and writes reference.npz beside it: inputs of three rows (full; right padded; left
padded with holes over real tokens) and the class's own float32 outputs.
"""
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import h5py
import numpy as np
import tensorflow as tf
from transformers import BertTokenizerFast, TFBertModel

LENGTH = 24
TEXTS = [
    "The committee postponed its decision because the figures from the second survey had not arrived, and nobody "
    "wanted to guess at what they would say.",
    "A small boat crossed the harbour at dawn.",
    "Several species of wading birds, which breed on the northern coast in early summer, winter in estuaries "
    "thousands of kilometres to the south.",
]


def layout(path):
    """Everything that a reader of the file can see, contents aside from their digest by value."""
    with h5py.File(path) as file:
        found = {"": (file.id.get_create_plist().get_version()[0], {k: str(v) for k, v in file.attrs.items()})}

        def visit(name, item):
            attributes = {k: (v.dtype.kind, list(v)) for k, v in item.attrs.items()}
            if isinstance(item, h5py.Dataset):
                found[name] = (item.dtype.str, item.shape, item.chunks, attributes, item[()].tobytes())
            else:
                found[name] = attributes

        file.visititems(visit)
        return found


def inputs(tokenizer):
    ids = np.zeros((3, LENGTH), np.int32)
    mask = np.zeros((3, LENGTH), np.int32)
    full, short, other = (tokenizer(text, truncation=True, max_length=LENGTH)["input_ids"] for text in TEXTS)
    ids[0], mask[0] = full, 1
    ids[1, :len(short)], mask[1, :len(short)] = short, 1
    ids[2, 2:], mask[2, 2:] = other[:LENGTH - 3] + [tokenizer.sep_token_id], 1
    mask[2, [LENGTH // 2, LENGTH // 2 + 1, LENGTH - 3]] = 0
    types = np.zeros_like(ids)
    types[:, LENGTH // 2:] = 1
    return dict(input_ids=ids, attention_mask=mask, token_type_ids=types)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".demo/minilm")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    model, information = TFBertModel.from_pretrained(folder, output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if information.get(kind):
            raise SystemExit(f"{folder}: {kind}: {information[kind]}")
    with tempfile.TemporaryDirectory() as scratch:
        model.save_pretrained(scratch)
        ours, theirs = layout(folder / "tf_model.h5"), layout(pathlib.Path(scratch) / "tf_model.h5")
    if ours != theirs:
        wrong = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
        raise SystemExit(f"{folder}: the real class writes these otherwise: {', '.join(wrong)}")
    print(f"{folder}: the real class loads it completely and writes the same {len(ours)} objects")

    # Token counts are ours to choose: the package's tokenizer.json pads and truncates to 128.
    tokenizer = BertTokenizerFast(vocab_file=str(folder / "vocab.txt"), do_lower_case=True)
    given = inputs(tokenizer)
    outputs = model(**given, output_hidden_states=True, output_attentions=True, training=False)
    arrays = dict(
        given, last_hidden_state=outputs.last_hidden_state.numpy(), pooler_output=outputs.pooler_output.numpy(),
        hidden_states=np.stack([states.numpy() for states in outputs.hidden_states]))
    for i, attention in enumerate(outputs.attentions):
        arrays[f"attentions_{i}"] = attention.numpy()
    np.savez(folder / "reference.npz", **arrays)
    print(f"wrote {folder / 'reference.npz'}")


main()
