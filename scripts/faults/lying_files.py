"""Writes .reuse.h5 files that lie under a right digest: made of a sound one, every digest computed anew.

    lying_files.py SOUND.reuse.h5 FOLDER      writes FOLDER/NAME.reuse.h5, prints the names

Who can replace a file can replace its digests (SECURITY.md): a reader has to hold what a manifest says against the
tensors, and the graph against itself. docs/format.md describes what is written here.
"""
import copy
import hashlib
import json
import pathlib
import struct
import sys
import zlib

import h5py
import numpy as np

BLOCK = 1 << 20


class Sound:
    """The parts of a sound file."""

    def __init__(self, path):
        with h5py.File(path) as file:
            self.manifest = json.loads(file["manifest"][()].tobytes())
            self.tensors = {entry["name"]: file["tensors/" + entry["name"]][()] for entry in self.manifest["tensors"]}
            self.assets = {name: item[()] for name, item in file["assets"].items()}


def write(path, sound, manifest, *, text=None, tensors=None, assets=None, change=None):
    """One file with the digests that it should have."""
    text = json.dumps(manifest).encode() if text is None else text
    with h5py.File(path, "w", userblock_size=512, libver=("v108", "v108")) as file:
        file.attrs["format"] = np.bytes_(b"reuse-transformer")
        file.attrs["format_version"] = np.int64(1)
        file.attrs["manifest_sha256"] = np.bytes_(hashlib.sha256(text).hexdigest())
        if len(text) <= 8 << 20:
            file.create_dataset("manifest", data=np.frombuffer(text, np.uint8))
        else:
            file.create_dataset("manifest", data=np.frombuffer(text, np.uint8), compression="gzip", chunks=(8 << 20,))
        for name, values in (sound.tensors if tensors is None else tensors).items():
            file.create_dataset("tensors/" + name, data=values)
        for name, values in (sound.assets if assets is None else assets).items():
            file.create_dataset("assets/" + name, data=values)
        if change:
            change(file)
    seal(path)


def seal(path):
    """Block table and user block of what stands in a file."""
    data = bytearray(path.read_bytes())
    offset = len(data)
    table = b"".join(hashlib.sha256(data[at:at + BLOCK]).digest() for at in range(512, offset, BLOCK))
    head = b"\x89REUSE\r\n" + struct.pack("<IIQQ", 1, 512, offset + len(table), offset) + hashlib.sha256(table).digest()
    data[:512] = (head + hashlib.sha256(head).digest()).ljust(512, b"\0")
    path.write_bytes(bytes(data) + table)


def replace(values, path, new):
    """A document with one value changed; `path` holds keys and indices."""
    values = copy.deepcopy(values)
    at = values
    for key in path[:-1]:
        at = at[key]
    if new is DELETED:
        del at[path[-1]]
    else:
        at[path[-1]] = new
    return values


DELETED = object()


def nodes(manifest, kind):
    return [index for index, node in enumerate(manifest["graph"]["nodes"]) if node["operation"]["kind"] == kind]


def sparse(shape):
    """A dataset without any stored chunk: its values are all zero, and take no room."""
    def change(file):
        del file["tensors/embeddings/tokens"]
        file.create_dataset("tensors/embeddings/tokens", shape=shape, dtype="<f4", chunks=(1024, shape[1]))
    return change


def bomb(size):
    """A chunk that inflates to more than it should."""
    def change(file):
        values = file["tensors/embeddings/tokens"][()]
        del file["tensors/embeddings/tokens"]
        dataset = file.create_dataset(
            "tensors/embeddings/tokens", shape=values.shape, dtype="<f4", chunks=values.shape, compression="gzip")
        packer = zlib.compressobj(9)
        zeros = bytes(1 << 20)
        packed = b"".join(packer.compress(zeros) for _ in range(size >> 20)) + packer.flush()
        dataset.id.write_direct_chunk((0, 0), packed)
    return change


def lies(sound):
    """Name and arguments of `write` of each file."""
    manifest = sound.manifest
    attention = nodes(manifest, "attention")
    first, second = attention[0], attention[1]
    table = next(index for index, entry in enumerate(manifest["tensors"]) if entry["name"] == "embeddings/tokens")
    operation = ["graph", "nodes", second, "operation"]

    def changed(path, new, **more):
        return dict(manifest=replace(manifest, path, new), **more)

    yield "sound", dict(manifest=manifest)
    for name, value in {"2_63": 1 << 63, "2_62": 1 << 62, "2_31": 1 << 31, "zero": 0, "negative": -1, "half": 0.5,
                        "huge": 10 ** 40, "text": "96", "null": None}.items():
        for key in ["headSize", "valueSize", "groupCount", "inputWidth", "outputWidth"]:
            yield f"{key}-{name}", changed([*operation, key], value)
        yield f"tensor-shape-{name}", changed(["tensors", table, "shape", 0], value)
        yield f"maximum-tokens-{name}", changed(["traits", "maximumTokens"], value)
        yield f"asset-size-{name}", changed(["assets", 0, "byteCount"], value)
    yield "rank-0", changed(["tensors", table, "shape"], [])
    yield "rank-1000", changed(["tensors", table, "shape"], [1] * 1000)
    yield "type-unknown", changed(["tensors", table, "dtype"], "float7")
    yield "type-other", changed(["tensors", table, "dtype"], "int32")
    yield "tensor-twice", changed(["tensors"], manifest["tensors"] + [manifest["tensors"][table]])
    yield "tensor-missing-entry", changed(["tensors", table], DELETED)
    yield "tensor-missing-data", dict(
        manifest=manifest, tensors={key: value for key, value in sound.tensors.items() if key != "embeddings/tokens"})
    yield "tensor-unknown", changed(
        ["tensors"], manifest["tensors"] + [{**manifest["tensors"][table], "name": "no_such_node/weight"}])
    yield "tensor-name-up", changed(["tensors", table, "name"], "../embeddings/tokens")
    yield "tensor-is-manifest", changed(["tensors", table, "name"], "../manifest")
    wide = manifest["tensors"][table]["shape"][1]
    yield "sparse-2_40", dict(
        changed(["tensors", table, "shape"], [1 << 40, wide]), change=sparse((1 << 40, wide)))
    yield "sparse-2_26", dict(
        changed(["tensors", table, "shape"], [1 << 26, wide]), change=sparse((1 << 26, wide)))
    yield "chunk-bomb", dict(manifest=manifest, change=bomb(1 << 30))
    # Cycles, and maps from nowhere.
    yield "node-of-itself", changed(["graph", "nodes", second, "inputs"], [manifest["graph"]["nodes"][second]["name"]])
    yield "node-of-later", changed(["graph", "nodes", first, "inputs"], [manifest["graph"]["nodes"][second]["name"]])
    yield "node-of-none", changed(["graph", "nodes", first, "inputs"], ["nowhere"])
    yield "node-without-inputs", changed(["graph", "nodes", first, "inputs"], [])
    yield "node-twice", changed(["graph", "nodes"], manifest["graph"]["nodes"] + [manifest["graph"]["nodes"][-1]])
    yield "node-missing", changed(["graph", "nodes", first], DELETED)

    def borrowed(node, head):
        return {"source": "borrowed", "terms": [{"weight": 1, "map": {"head": {"node": node, "head": head}}}]}

    sample = next((head for index in attention for head in manifest["graph"]["nodes"][index]["operation"]["heads"]
                   if head["source"] == "borrowed"), None)
    here = manifest["graph"]["nodes"][second]["name"]
    for name, source in {"itself": (here, 0), "its-later": (here, 1), "none": ("nowhere", 0), "beyond": (here, 1 << 40),
                         "negative": (here, -1)}.items():
        head = borrowed(*source) if sample is None else redirected(sample, *source)
        yield f"borrows-from-{name}", changed([*operation, "heads", 0], head)
    yield "heads-none", changed([*operation, "heads"], [])
    yield "heads-100000", changed([*operation, "heads"], [{"source": "computed"}] * 100_000)
    yield "nodes-100000", changed(["graph", "nodes"], [
        {**manifest["graph"]["nodes"][0], "name": f"n{index}"} for index in range(100_000)])
    yield "operation-unknown", changed([*operation, "kind"], "teleport")
    # The document itself.
    deep = "[" * 200_000 + "]" * 200_000
    yield "json-deep", dict(
        manifest=manifest, text=json.dumps({**manifest, "healing": "@"}).replace('"@"', deep).encode())
    yield "json-cut", dict(manifest=manifest, text=json.dumps(manifest).encode()[:-20])
    yield "json-twice", dict(manifest=manifest, text=json.dumps(manifest).encode() * 2)
    yield "json-no-utf8", dict(manifest=manifest, text=json.dumps(manifest).encode().replace(b"bert", b"b\xff\xfet"))
    yield "json-infinity", dict(manifest=manifest, text=json.dumps(replace(
        manifest, ["traits", "maximumTokens"], float("inf"))).encode())
    yield "json-1e999", dict(manifest=manifest, text=json.dumps(replace(
        manifest, [*operation, "scale"], 12345.678)).replace("12345.678", "1e999").encode())
    yield "json-200-mb", dict(manifest=manifest, text=json.dumps(manifest).encode() + b" " * (200 << 20))
    yield "json-key-twice", dict(manifest=manifest, text=json.dumps(manifest).encode().replace(
        b'"formatVersion": 1', b'"formatVersion": 1, "formatVersion": 1', 1))
    yield "version-9", changed(["formatVersion"], 9)
    yield "asset-up", changed(["assets", 0, "name"], "../../etc/passwd")
    yield "asset-missing", changed(["assets", 0, "name"], "nowhere.json")
    for name, values in {"nan": np.nan, "infinity": np.inf}.items():
        broken = sound.tensors["embeddings/tokens"].copy()
        broken[3, 1] = values
        yield f"weights-{name}", dict(manifest=manifest, tensors={**sound.tensors, "embeddings/tokens": broken})


def redirected(head, node, number):
    """A borrowed head that names another map."""
    text = json.dumps(head)
    head = json.loads(text)

    def walk(value):
        if isinstance(value, dict):
            if "head" in value and "node" in value:
                value["head"], value["node"] = number, node
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(head)
    return head


def main():
    sound = Sound(sys.argv[1])
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for name, arguments in lies(sound):
        arguments.setdefault("manifest", sound.manifest)
        write(folder / f"{name}.reuse.h5", sound, **arguments)
        print(name)


if __name__ == "__main__":
    main()
