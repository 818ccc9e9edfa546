"""A table of a picture's places laid over pictures of another size, as PyTorch interpolates it."""

from __future__ import annotations

from typing import Any, Dict

import numpy as np


def resampled(table: np.ndarray, how: Dict[str, Any]) -> np.ndarray:
    """The rows for the wanted grid, by cubic convolution; rows before the grid stay."""
    stored, wanted, leading = how["stored"], how["wanted"], how["leading"]
    if stored == wanted:
        return table
    taps = _wide if how.get("isAntialiased") else _narrow
    grid = table[leading:].reshape(*stored, -1).astype(np.float64)
    down, across = [taps(*extents) for extents in zip(stored, wanted)]
    grid = np.einsum("yi,xj,ijw->yxw", down, across, grid)
    return np.concatenate([table[:leading], grid.reshape(-1, table.shape[1]).astype(np.float32)])


def _narrow(stored: int, wanted: int) -> np.ndarray:
    """``[wanted, stored]``: four neighbours, places outside taken for the nearest."""
    shares = np.zeros((wanted, stored))
    for index in range(wanted):
        centre = (index + 0.5) * stored / wanted - 0.5
        first = int(np.floor(centre))
        for offset in range(-1, 3):
            place = min(max(first + offset, 0), stored - 1)
            shares[index, place] += _kernel(offset - (centre - first), -0.75)
    return shares


def _wide(stored: int, wanted: int) -> np.ndarray:
    """The same with a kernel as many times as wide as the grid is smaller; places outside do not count."""
    step = stored / wanted
    stretch = max(step, 1.0)
    shares = np.zeros((wanted, stored))
    for index in range(wanted):
        centre = (index + 0.5) * step
        first = max(int(centre - 2 * stretch + 0.5), 0)
        end = max(min(int(centre + 2 * stretch + 0.5), stored), first + 1)
        for place in range(first, end):
            shares[index, place] = _kernel((place + 0.5 - centre) / stretch, -0.5)
    return shares / shares.sum(1, keepdims=True)


def _kernel(distance: float, a: float) -> float:
    x = abs(distance)
    if x <= 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a if x < 2 else 0.0
