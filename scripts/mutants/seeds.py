"""Sound files, and what becomes of them."""
import pathlib
import re
import struct

import h5py
import numpy as np

import opinion

EXTREMES = [0, 1, 2, 127, 128, 255, 256, 32767, 65535, 1 << 31, (1 << 32) - 1, (1 << 63) - 1, (1 << 64) - 1]


class Seed:
    """A file of tensors."""

    def __init__(self, group, path):
        self.group, self.path = group, pathlib.Path(path)
        self.suffix = ".reuse.h5" if path.name.endswith(".reuse.h5") else path.suffix
        self.data = self.path.read_bytes()
        # Where the values of each tensor lie, where that is known.
        self.by_name = {}
        extents = {".safetensors": self.safetensors_extents}.get(self.suffix, self.hdf5_extents)()
        self.values = opinion.read_all(str(self.path))
        inside = np.zeros(len(self.data), bool)
        for start, end in extents:
            inside[start:end] = True
        self.structures = np.flatnonzero(~inside)

    def hdf5_extents(self):
        extents, start = [], 0
        if self.suffix == ".keras":
            data, start, end, is_stored = opinion.member(self.path, "model.weights.h5")
            # What is compressed is one extent: most of its damage is noticed by its checksum.
            if not is_stored:
                return [(start, end)]
        else:
            data = self.data
        block = max(data[start:].find(b"\x89HDF\r\n\x1a\n"), 0)

        def visit(name, item):
            if not isinstance(item, h5py.Dataset):
                return
            own = []
            if item.chunks:
                for index in range(item.id.get_num_chunks()):
                    chunk = item.id.get_chunk_info(index)
                    own.append((start + chunk.byte_offset, start + chunk.byte_offset + chunk.size))
            elif item.id.get_offset() is not None:
                own.append((start + item.id.get_offset(), start + item.id.get_offset() + item.id.get_storage_size()))
            # Some versions count from the superblock, others from the start of the file: take both places.
            extents.extend(own + [(first + block, last + block) for first, last in own])
            self.by_name[name] = own

        with opinion.opened(self.path) as file:
            try:
                file.visititems(visit)
            except UnicodeDecodeError:
                pass  # A name that is no text; what comes after it counts as structure.
        return extents

    def safetensors_extents(self):
        start = 8 + struct.unpack_from("<Q", self.data)[0]
        return [(start, len(self.data))]

    def position(self, rng):
        if rng.random() < 0.8 and len(self.structures):
            return int(self.structures[rng.randrange(len(self.structures))])
        return rng.randrange(len(self.data))

    def mutant(self, rng):
        data = bytearray(self.data)
        for _ in range(rng.choice([1, 1, 1, 2, 4, 16])):
            at, kind = self.position(rng), rng.randrange(12)
            if kind < 4:
                data[at % len(data)] ^= 1 << rng.randrange(8)
            elif kind < 6:
                data[at % len(data)] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
            elif kind < 8:
                size = rng.choice([2, 4, 8])
                at = min(at, len(data) - size)
                if at >= 0:
                    number = rng.choice(EXTREMES + [len(data), rng.randrange(len(data))]) % (1 << 8 * size)
                    data[at:at + size] = number.to_bytes(size, "little")
            else:
                size = rng.choice([4, 8, 16, 40, 64, 128, 512])
                other = self.position(rng)
                at, other = (max(0, min(place, len(data) - size)) for place in (at, other))
                if kind == 8:
                    data[at:at + size], data[other:other + size] = data[other:other + size], data[at:at + size]
                elif kind == 9:
                    data[at:at + size] = data[other:other + size]
                elif kind == 10:
                    data[at:at + size] = bytes(min(size, len(data) - at))
                elif rng.random() < 0.5:
                    del data[at:at + size]
                else:
                    data[at:at] = data[other:other + size]
        if rng.random() < 0.04:
            del data[rng.randrange(len(data)):]
        return bytes(data) or b"\0"


def mutated_text(data, rng):
    """JSON, words, merges: letters and numbers changed."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4])):
        at, kind = rng.randrange(len(data)), rng.randrange(5)
        if kind == 0:
            data[at] ^= 1 << rng.randrange(7)
        elif kind == 1:
            del data[at:at + rng.choice([1, 2, 8])]
        elif kind == 2:
            data[at:at] = rng.choice([b"[", b"{", b'"', b"-", b"0", b"9" * 20, b"null", b"1e400", b",", b"\\u0000"])
        else:
            numbers = list(re.finditer(rb"\d+(\.\d+)?(e-?\d+)?", data))
            if numbers:
                span = rng.choice(numbers).span()
                data[span[0]:span[1]] = rng.choice(
                    [b"0", b"-1", b"1", b"3", b"1000000007", b"9223372036854775807", b"1e300", b"0.5", b"null", b"[]"])
        if not data:
            data = bytearray(b" ")
    return bytes(data)


class ModelSeed:
    """A checkpoint as a user names it: a folder of which one file is changed, or a single file."""

    TENSORS = (".h5", ".keras", ".safetensors")

    def __init__(self, group, path, inputs=None):
        self.group, self.path, self.inputs = group, pathlib.Path(path), inputs
        if self.path.is_dir():
            # What the framework said the model computes is no part of it.
            self.files = [p for p in sorted(self.path.rglob("*"))
                          if p.is_file() and p.suffix in (*self.TENSORS, ".json", ".txt", ".spm", ".model")]
        else:
            self.files = [self.path]

    def mutant(self, rng, folder):
        """Writes the checkpoint into an empty folder, one file changed.

        Returns what the command is given, the changed file, and whether that is one of tensors.
        """
        changed = rng.choice(self.files)
        if changed.suffix not in self.TENSORS and rng.random() < 0.5:
            changed = rng.choice([file for file in self.files if file.suffix in self.TENSORS] or [changed])
        for file in self.files:
            place = folder / (file.relative_to(self.path) if self.path.is_dir() else file.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            if file != changed:
                place.symlink_to(file)
                continue
            target = place
            if file.suffix in self.TENSORS:
                place.write_bytes(self.raw(file).mutant(rng))
            else:
                place.write_bytes(mutated_text(file.read_bytes(), rng))
        model = folder if self.path.is_dir() else target
        return model, target, changed.suffix in self.TENSORS

    def raw(self, file):
        return Seed(self.group, file)
