"""Runs Keras models as they are stored, for framework.py: Keras 3, tf_keras or KerasHub's presets, on TensorFlow."""
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy  # noqa: E402

import framework  # noqa: E402


def library(name):
    """The module, and classes that models may hold."""
    if name == "keras2":
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
        import tf_keras as keras
        try:
            import transformers
            scope = {name: getattr(transformers, name) for name in ("TFBertModel", "TFDistilBertModel")}
        except (ImportError, AttributeError):
            scope = {}
        return keras, scope
    import keras
    try:
        import keras_hub  # noqa: F401 — registers its layers
    except ImportError:
        pass
    return keras, {}


def arrays(model, result):
    """Outputs under the names that the command gives them."""
    if not isinstance(result, (list, tuple, dict)):
        return {"output": numpy.asarray(result).astype("float32")}
    if not isinstance(result, dict):
        result = dict(zip(model.output_names, result))
    single = len(result) == 1 and not isinstance(model.output, dict)
    return {"output" if single else f"output.{name}": numpy.asarray(value).astype("float32")
            for name, value in result.items()}


def main():
    name = sys.argv[1]
    keras, scope = library(name)

    def compute(path, inputs):
        keras.backend.clear_session()
        given = numpy.load(inputs)
        values = {name: given[name] for name in given.files}
        if name == "kerashub":
            import keras_hub
            model = keras_hub.models.Backbone.from_preset(path)
            model.trainable = False
            return arrays(model, model({name.split(":")[0]: values[name] for name in model.input}, training=False))
        with keras.utils.custom_object_scope(scope):
            model = keras.models.load_model(path, compile=False)
        names = [tensor.name.split(":")[0] for tensor in model.inputs]
        if set(names) != set(values) and len(names) == len(values):
            values = dict(zip(names, values.values()))
        if isinstance(model.input, dict):
            return arrays(model, model({name: values[name] for name in model.input}, training=False))
        ordered = [values[name] for name in names]
        return arrays(model, model(ordered[0] if len(ordered) == 1 else ordered, training=False))

    framework.serve(compute)


if __name__ == "__main__":
    main()
