"""The peers of a vision transformer: one ViT checkpoint (tf_model.h5) in PyTorch and in ONNX Runtime."""
import json
import warnings

import torch
from onnxruntime.transformers import fusion_options, optimizer
from transformers import ViTConfig, ViTForImageClassification

import models
import weights

NAMES = {"gamma": "weight", "beta": "bias", "kernel": "weight"}
# What transformers 5 calls the parts of a layer.
PARTS = {
    "encoder.layer.": "layers.", "attention.attention.query": "attention.q_proj",
    "attention.attention.key": "attention.k_proj", "attention.attention.value": "attention.v_proj",
    "attention.output.dense": "attention.o_proj", "intermediate.dense": "mlp.fc1", "output.dense": "mlp.fc2"}


def load(folder, attention):
    config = ViTConfig(**json.loads((folder / "config.json").read_text()), attn_implementation=attention)
    model = ViTForImageClassification(config).eval()
    wanted, state = set(model.state_dict()), {}
    for name, value in weights.read(folder).items():
        *path, leaf = name.split("/")
        if leaf == "kernel":
            value = value.permute(3, 2, 0, 1) if value.dim() == 4 else value.T
        full = ".".join([*path, NAMES.get(leaf, leaf)])
        for ours, theirs in PARTS.items():
            full = full.replace(ours, theirs)
        state[full] = value
    missing = wanted - set(state)
    if missing:
        raise SystemExit(f"{folder}: no weights for {sorted(missing)}")
    model.load_state_dict({name: state[name] for name in wanted})
    return model


class Torch:
    """PyTorch with its fused scaled-dot-product attention."""

    def __init__(self, folder):
        self.model = load(folder, "sdpa")

    def prepare(self, pictures, threads):
        torch.set_num_threads(threads)
        tensor = torch.from_numpy(pictures)

        def run():
            with torch.inference_mode():
                return self.model(pixel_values=tensor).logits.numpy()

        return run


class Onnx:
    """ONNX Runtime on one graph."""

    def __init__(self, path):
        self.path = path
        self.sessions = {}

    def prepare(self, pictures, threads):
        if threads not in self.sessions:
            self.sessions = {threads: models.onnx_session(self.path, threads)}
        session = self.sessions[threads]
        return lambda: session.run(None, {"pixel_values": pictures})[0]


def export(folder, scratch):
    """Writes the exported and the fused graph; returns their paths and how many Attention nodes the second has."""
    model = load(folder, "eager")
    plain, fused = scratch / "vit.onnx", scratch / "vit-fused.onnx"

    class Classifier(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.vit = model

        def forward(self, pixel_values):
            return self.vit(pixel_values=pixel_values).logits

    size = model.config.image_size
    with warnings.catch_warnings():
        # The older exporter is the one whose graphs the fusions know.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Classifier().eval(), (torch.ones(2, 3, size, size),), str(plain), input_names=["pixel_values"],
            output_names=["logits"], dynamic_axes={"pixel_values": {0: "batch"}, "logits": {0: "batch"}},
            opset_version=17, dynamo=False)
    optimized = optimizer.optimize_model(
        str(plain), model_type="vit", num_heads=model.config.num_attention_heads,
        hidden_size=model.config.hidden_size, optimization_options=fusion_options.FusionOptions("vit"))
    optimized.save_model_to_file(str(fused))
    return plain, fused, optimized.get_fused_operator_statistics().get("Attention", 0)
