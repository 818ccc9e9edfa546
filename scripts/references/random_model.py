"""A model of a well-known size with random weights, as a Hugging Face TF checkpoint, without TensorFlow.

    random_model.py gpt2|vit|bert FOLDER [TOKENIZER]

gpt2: 12 layers of width 768, 12 heads, 1,024 positions, vocabulary 50,257 (GPT-2 small); vit: 12 layers of width 768,
12 heads, pictures of 224 x 224 in patches of 16 x 16, 1,000 classes (ViT-B/16); bert: 12 layers of width 768, 12 heads,
512 positions, vocabulary 30,522 (BERT base), with the tokenizer of the folder TOKENIZER. Always the same weights.
"""
import json
import pathlib
import shutil
import sys

import numpy as np

import keras_h5

LAYERS, WIDTH, HEADS, INNER = 12, 768, 12, 3072

GPT2 = {
    "activation_function": "gelu_new", "architectures": ["GPT2LMHeadModel"], "bos_token_id": 50256,
    "eos_token_id": 50256, "layer_norm_epsilon": 1e-05, "model_type": "gpt2", "n_embd": WIDTH, "n_head": HEADS,
    "n_inner": None, "n_layer": LAYERS, "n_positions": 1024, "scale_attn_weights": True, "vocab_size": 50257,
}
VIT = {
    "architectures": ["ViTForImageClassification"], "hidden_act": "gelu", "hidden_size": WIDTH, "image_size": 224,
    "intermediate_size": INNER, "layer_norm_eps": 1e-12, "model_type": "vit", "num_attention_heads": HEADS,
    "num_channels": 3, "num_hidden_layers": LAYERS, "patch_size": 16, "qkv_bias": True,
    "id2label": {str(i): f"LABEL_{i}" for i in range(1000)}, "label2id": {f"LABEL_{i}": i for i in range(1000)},
}
BERT = {
    "architectures": ["BertModel"], "hidden_act": "gelu", "hidden_size": WIDTH, "intermediate_size": INNER,
    "layer_norm_eps": 1e-12, "max_position_embeddings": 512, "model_type": "bert", "num_attention_heads": HEADS,
    "num_hidden_layers": LAYERS, "position_embedding_type": "absolute", "type_vocab_size": 2, "vocab_size": 30522,
}

random = np.random.default_rng(5)


def matrix(*shape):
    return 0.02 * random.standard_normal(shape, dtype=np.float32)


def norm(name):
    return [(f"{name}/gamma:0", np.ones(WIDTH)), (f"{name}/beta:0", matrix(WIDTH))]


def gpt2():
    def product(name, rows, columns):
        return [(f"{name}/weight:0", matrix(rows, columns)), (f"{name}/bias:0", matrix(1, columns))]

    scope = "tfgpt2lm_head_model/transformer"
    weights = [(f"{scope}/wte/embeddings:0", matrix(GPT2["vocab_size"], WIDTH)),
               (f"{scope}/wpe/embeddings:0", matrix(GPT2["n_positions"], WIDTH))]
    for layer in range(LAYERS):
        block = f"{scope}/h_._{layer}"
        weights += norm(f"{block}/ln_1") + product(f"{block}/attn/c_attn", WIDTH, 3 * WIDTH)
        weights += product(f"{block}/attn/c_proj", WIDTH, WIDTH) + norm(f"{block}/ln_2")
        weights += product(f"{block}/mlp/c_fc", WIDTH, INNER) + product(f"{block}/mlp/c_proj", INNER, WIDTH)
    return {"transformer": weights + norm(f"{scope}/ln_f")}


def dense(name, rows, columns):
    return [(f"{name}/kernel:0", matrix(rows, columns)), (f"{name}/bias:0", matrix(columns))]


def bert():
    scope = "tf_bert_model/bert"
    weights = [(f"{scope}/embeddings/word_embeddings/weight:0", matrix(BERT["vocab_size"], WIDTH)),
               (f"{scope}/embeddings/position_embeddings/embeddings:0", matrix(512, WIDTH)),
               (f"{scope}/embeddings/token_type_embeddings/embeddings:0", matrix(2, WIDTH))]
    weights += norm(f"{scope}/embeddings/LayerNorm")
    for layer in range(LAYERS):
        block = f"{scope}/encoder/layer_._{layer}"
        for part in ("query", "key", "value"):
            weights += dense(f"{block}/attention/self/{part}", WIDTH, WIDTH)
        weights += dense(f"{block}/attention/output/dense", WIDTH, WIDTH) + norm(f"{block}/attention/output/LayerNorm")
        weights += dense(f"{block}/intermediate/dense", WIDTH, INNER) + dense(f"{block}/output/dense", INNER, WIDTH)
        weights += norm(f"{block}/output/LayerNorm")
    return {"bert": weights + dense(f"{scope}/pooler/dense", WIDTH, WIDTH)}


def vit():
    model = "tf_vi_t_for_image_classification"
    scope, patch = f"{model}/vit", VIT["patch_size"]
    patches = (VIT["image_size"] // patch) ** 2
    projection = f"{scope}/embeddings/patch_embeddings/projection"
    weights = [(f"{scope}/embeddings/cls_token:0", matrix(1, 1, WIDTH)),
               (f"{scope}/embeddings/position_embeddings:0", matrix(1, patches + 1, WIDTH)),
               (f"{projection}/kernel:0", matrix(patch, patch, 3, WIDTH)), (f"{projection}/bias:0", matrix(WIDTH))]
    for layer in range(LAYERS):
        block = f"{scope}/encoder/layer_._{layer}"
        for part in ("query", "key", "value"):
            weights += dense(f"{block}/attention/attention/{part}", WIDTH, WIDTH)
        weights += dense(f"{block}/attention/output/dense", WIDTH, WIDTH)
        weights += dense(f"{block}/intermediate/dense", WIDTH, INNER) + dense(f"{block}/output/dense", INNER, WIDTH)
        weights += norm(f"{block}/layernorm_before") + norm(f"{block}/layernorm_after")
    classifier = dense(f"{model}/classifier", WIDTH, len(VIT["id2label"]))
    return {"vit": weights + norm(f"{scope}/layernorm"), "classifier": classifier}


def main():
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if (folder / "tf_model.h5").exists():
        print(f"{folder} is there already")
        return
    folder.mkdir(parents=True, exist_ok=True)
    config, layers = {"gpt2": (GPT2, gpt2), "vit": (VIT, vit), "bert": (BERT, bert)}[name]
    layers = layers()
    for file in pathlib.Path(sys.argv[3]).iterdir() if len(sys.argv) > 3 else []:
        if "token" in file.name or file.name == "vocab.txt":
            shutil.copy(file, folder / file.name)
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    # The checkpoint goes last and by renaming: where it exists, everything else does.
    partial = folder / "tf_model.h5.partial"
    keras_h5.write_weights(partial, layers)
    partial.rename(folder / "tf_model.h5")
    print(f"wrote {folder} ({(folder / 'tf_model.h5').stat().st_size:,} bytes)")


main()
