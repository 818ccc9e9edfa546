"""The graph and the tensors of a .reuse.h5 (docs/format.md)."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Optional

import h5py
import hdf5plugin  # noqa: F401  registers zstd with HDF5
import numpy as np

from .. import errors
from .._commands import run


class ReuseFile:
    """What a file says of its model. The program checks every digest first."""

    def __init__(self, path: "str | os.PathLike[str]"):
        self.path = os.fspath(path)
        run(["inspect", self.path, "--json"])
        with h5py.File(self.path, "r") as file:
            if _text(file.attrs.get("format")) != "reuse-transformer":
                raise errors.Unsupported("%s: not a .reuse.h5; convert the model first" % self.path)
            version = int(file.attrs.get("format_version", 0))
            if version != 1:
                raise errors.Unsupported("%s: exports read format version 1, this is %d" % (self.path, version))
            self.manifest: Dict[str, Any] = json.loads(_bytes(file["manifest"]))
            self.graph: Dict[str, Any] = self.manifest["graph"]
            self.tensors = {entry["name"]: _numbers(file["tensors/" + entry["name"]][()], entry["dtype"])
                            for entry in self.manifest["tensors"]}

    def parameter(self, node: Dict[str, Any], name: str) -> Optional[np.ndarray]:
        """A node's tensor as float32, its own or another node's; ``None`` where it has none."""
        tie = node.get("ties", {}).get(name)
        tensor = self.tensors.get(tie["parameter"] if tie else "%s/%s" % (node["name"], name))
        if tensor is None:
            return None
        tensor = tensor.astype(np.float32)
        return np.ascontiguousarray(tensor.T) if tie and tie["isTransposed"] else tensor


def _bytes(dataset) -> bytes:
    value = dataset[()]
    return value if isinstance(value, bytes) else value.tobytes()


def _text(value) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _numbers(stored: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "bfloat16":  # the upper half of a float32
        return (stored.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return stored
