"""The peers: one BERT checkpoint (tf_model.h5) in PyTorch and in ONNX Runtime."""
import json
import warnings

import h5py
import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime import quantization
from onnxruntime.transformers import fusion_options, optimizer
from transformers import BertConfig, BertModel

TORCH_NAMES = {"gamma": "weight", "beta": "bias", "kernel": "weight", "embeddings": "weight"}


def load_bert(folder):
    """The checkpoint as transformers' own BertModel; eager attention, because exports of others are not fused."""
    config = BertConfig(**json.loads((folder / "config.json").read_text()), attn_implementation="eager")
    model = BertModel(config, add_pooling_layer=False).eval()
    state = model.state_dict()
    filled = set()

    def visit(name, item):
        if not isinstance(item, h5py.Dataset):
            return
        parts = name.removesuffix(":0").replace("layer_._", "layer/").split("/")
        start = max((i for i, part in enumerate(parts[:-2]) if part in ("embeddings", "encoder")), default=0)
        *path, leaf = parts[start:]
        key = ".".join([*path, TORCH_NAMES.get(leaf, leaf)])
        if key not in state:
            return
        value = torch.from_numpy(np.asarray(item, dtype=np.float32))
        state[key].copy_(value.T if leaf == "kernel" else value)
        filled.add(key)

    with h5py.File(folder / "tf_model.h5") as file:
        file.visititems(visit)
    missing = {key for key, value in state.items() if value.is_floating_point()} - filled
    if missing:
        raise SystemExit(f"{folder}: no weights for {sorted(missing)}")
    return model


def export(model, folder):
    """Writes the exported and the fused graph; returns their paths and how many Attention nodes the second has."""
    plain, fused = folder / "exported.onnx", folder / "fused.onnx"
    inputs = {name: torch.ones(2, 16, dtype=torch.int64) for name in ("input_ids", "attention_mask", "token_type_ids")}
    axes = {name: {0: "batch", 1: "tokens"} for name in (*inputs, "hidden")}

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.bert = model

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state

    with warnings.catch_warnings():
        # The older exporter is the one whose graphs the fusions know.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Encoder().eval(), tuple(inputs.values()), str(plain), input_names=list(inputs), output_names=["hidden"],
            dynamic_axes=axes, opset_version=17, dynamo=False)
    config = model.config
    optimized = optimizer.optimize_model(
        str(plain), model_type="bert", num_heads=config.num_attention_heads, hidden_size=config.hidden_size,
        optimization_options=fusion_options.FusionOptions("bert"))
    optimized.save_model_to_file(str(fused))
    return plain, fused, optimized.get_fused_operator_statistics().get("Attention", 0)


def quantize(path):
    """ONNX Runtime's dynamic quantisation of a graph: 8-bit weights, a scale a column; returns the new graph's path."""
    quantized = path.with_suffix(".int8.onnx")
    # Shapes do not reach through the fused operators: their outputs' type has to be said.
    quantization.quantize_dynamic(
        path, quantized, per_channel=True, weight_type=quantization.QuantType.QInt8,
        extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT})
    return quantized


class Torch:
    """PyTorch with its fused scaled-dot-product attention, no gradients; float32, or all of it in another type."""

    def __init__(self, folder, numbers=torch.float32):
        self.model = load_bert(folder).to(numbers)
        self.model.set_attn_implementation("sdpa")

    def prepare(self, inputs, threads):
        torch.set_num_threads(threads)
        tensors = {name: torch.from_numpy(value) for name, value in inputs.items()}

        def run():
            with torch.inference_mode():
                return self.model(**tensors).last_hidden_state.float().numpy()

        return run


class Onnx:
    """ONNX Runtime on one graph; a session for each number of threads."""

    def __init__(self, path):
        self.path = path
        self.sessions = {}

    def prepare(self, inputs, threads):
        if threads not in self.sessions:
            self.sessions[threads] = onnx_session(self.path, threads)
        session = self.sessions[threads]
        wanted = {node.name for node in session.get_inputs()}
        # The fused graph takes 32-bit ids.
        types = {node.name: np.int32 if "int32" in node.type else np.int64 for node in session.get_inputs()}
        feed = {name: value.astype(types[name]) for name, value in inputs.items() if name in wanted}
        return lambda: session.run(None, feed)[0]


def onnx_session(path, threads):
    """A session that leaves the processor alone while it is others' turn."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0" if threads == 1 else "1")
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def versions():
    return f"PyTorch {torch.__version__}, ONNX Runtime {onnxruntime.__version__}"
