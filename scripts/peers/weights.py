"""Weights of a Hugging Face TF checkpoint as PyTorch tensors."""
import h5py
import numpy as np
import torch


def read(folder):
    """Tensors of tf_model.h5 by name, without the model's own scope and without ":0": transformer/h.0/attn/..."""
    tensors = {}

    def visit(name, item):
        if isinstance(item, h5py.Dataset):
            # layer / model / layer / rest, or layer / model / rest for what stands beside the main layer.
            short = name.removesuffix(":0").replace("_._", ".").split("/", 2)[2]
            tensors[short] = torch.from_numpy(np.asarray(item, dtype=np.float32))

    with h5py.File(folder / "tf_model.h5") as file:
        file.visititems(visit)
    return tensors
