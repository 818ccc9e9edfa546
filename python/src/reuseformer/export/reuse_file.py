"""The graph and the tensors of a .reuse.h5 (docs/format.md)."""

from __future__ import annotations

import json
import os
from typing import Any, Dict, Optional, Set

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
        try:
            with h5py.File(self.path, "r") as file:
                if _text(file.attrs.get("format")) != "reuse-transformer":
                    raise errors.Unsupported("%s: not a .reuse.h5; convert the model first" % self.path)
                version = int(file.attrs.get("format_version", 0))
                if version not in (1, 2):
                    raise errors.Unsupported("%s: exports read format versions 1 and 2, this is %d" % (
                        self.path, version))
                self.manifest: Dict[str, Any] = json.loads(_bytes(file["manifest"]))
                self.graph: Dict[str, Any] = self.manifest["graph"]
                self.assets = {name: _bytes(item) for name, item in file.get("assets", {}).items()}
                self.tensors = {entry["name"]: _numbers(file["tensors/" + entry["name"]][()], entry["dtype"])
                                for entry in self.manifest["tensors"]}
        except OSError as error:  # a folder, or a file that is no HDF5
            raise errors.Unsupported("%s: not a .reuse.h5; convert the model first" % self.path) from error

    @property
    def attentions(self):
        return [node for node in self.graph["nodes"] if node["operation"]["kind"] == "attention"]

    def precision(self, node: Dict[str, Any], name: str) -> Optional[Dict[str, Any]]:
        """What a matrix of fewer than 32 bits is (docs/precision.md)."""
        return node.get("precisions", {}).get(name)

    @property
    def rounds_inputs(self) -> bool:
        """Whether inputs of products are rounded while the model runs."""
        return bool(self.roundings)

    @property
    def roundings(self) -> Set[str]:
        """What inputs of products are rounded to."""
        kinds = {precision["kind"] for node in self.graph["nodes"] if node["operation"]["kind"] != "embedding"
                 for precision in node.get("precisions", {}).values()} & {"int8", "bfloat16"}
        for node in self.graph["nodes"]:
            operation = node["operation"]
            how = operation if operation["kind"] == "round" else operation.get("contextRounding")
            if how:
                kinds.add(how["to"])
        return kinds

    def stored(self, node: Dict[str, Any], name: str):
        """A matrix's name, its numbers as they are stored, and whether its axes are exchanged."""
        tie = node.get("ties", {}).get(name)
        owner = tie["parameter"] if tie else "%s/%s" % (node["name"], name)
        return owner, self.tensors.get(owner), bool(tie and tie["isTransposed"])

    def parameter(self, node: Dict[str, Any], name: str) -> Optional[np.ndarray]:
        """A node's tensor as float32, its own or another node's; ``None`` where it has none.

        A matrix of 8 or 4 bits is what its numbers and scales stand for."""
        owner, tensor, is_transposed = self.stored(node, name)
        if tensor is None:
            return None
        precision = self.precision(node, name)
        if precision and precision["kind"] != "bfloat16":
            tensor = scaled(owner, tensor, self.tensors[owner + "_scale"], precision, is_transposed
                            or node["operation"]["kind"] == "embedding", self.rows(node, name))
        tensor = tensor.astype(np.float32)
        return np.ascontiguousarray(tensor.T) if is_transposed else tensor

    @staticmethod
    def rows(node: Dict[str, Any], name: str) -> int:
        """Inputs of a matrix."""
        operation = node["operation"]
        if operation["kind"] != "attention":
            return operation.get("inputWidth", operation.get("vocabulary", 0))
        if name == "output_weight":
            kept = [source for source in operation["heads"] if source["source"] != "dropped"]
            return len(kept) * operation["valueSize"]
        return operation["inputWidth"] if name == "query_weight" else operation.get("memoryWidth",
                                                                                   operation["inputWidth"])


def scaled(owner: str, values: np.ndarray, scale: np.ndarray, precision: Dict[str, Any], by_row: bool,
           rows: int) -> np.ndarray:
    """float32 of numbers with scales: one a row of a table, one a column of a matrix, or one a group of its rows."""
    values, scale = whole_numbers(values, precision, rows), scale.astype(np.float32)
    if "group" in precision:
        scale = np.repeat(scale, precision["group"], axis=0)[:len(values)]
    return values.astype(np.float32) * (scale[:, None] if by_row else scale)


def whole_numbers(values: np.ndarray, precision: Dict[str, Any], rows: int) -> np.ndarray:
    """The int8 numbers of a matrix: two of 4 bits a byte, the lower half first, 8 taken off."""
    if precision["kind"] != "int4_weights":
        return values
    both = np.stack([values & 15, values >> 4], axis=1).reshape(-1, values.shape[1])
    return both[:rows].astype(np.int8) - np.int8(8)


def _bytes(dataset) -> bytes:
    value = dataset[()]
    return value if isinstance(value, bytes) else value.tobytes()


def _text(value) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _numbers(stored: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "bfloat16":  # the upper half of a float32
        return (stored.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
    return stored
