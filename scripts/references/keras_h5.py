"""The file layout in which Keras 2 saves the weights of a Hugging Face TF model."""
import h5py
import numpy as np

KERAS_VERSION = "2.15.1"


def write_weights(path, layers):
    """Writes layers in their order: by name, pairs of the weights' full names and arrays."""
    strings = h5py.string_dtype("utf-8")
    with h5py.File(path, "w") as file:  # h5py's default is the earliest format: superblock 0
        file.attrs.create("layer_names", np.array(list(layers), dtype=object), dtype=strings)
        file.attrs["backend"] = "tensorflow"
        file.attrs["keras_version"] = KERAS_VERSION
        for layer, weights in layers.items():
            group = file.create_group(layer)
            names = np.array([name for name, _ in weights], dtype=object)
            group.attrs.create("weight_names", names, dtype=strings)
            for name, value in weights:
                group.create_dataset(name, data=np.ascontiguousarray(value, dtype="<f4"))
        # Keras writes an empty list as an empty float64 attribute.
        file.create_group("top_level_model_weights").attrs["weight_names"] = np.zeros(0)
