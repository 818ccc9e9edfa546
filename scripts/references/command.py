"""Finding and calling the reuseformer command, for the scripts beside this file."""
import pathlib
import subprocess
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]


def find(given=None):
    """The command's path: as given, or the newest build."""
    if given:
        return pathlib.Path(given).resolve()
    built = [path for mode in ("release", "debug") if (path := ROOT / ".build" / mode / "reuseformer").exists()]
    if not built:
        raise SystemExit("the command is not built: swift build -c release")
    return max(built, key=lambda path: path.stat().st_mtime)


def call(binary, *arguments):
    """Runs the command; its error output is the message when it fails."""
    done = subprocess.run([str(binary), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def run(binary, model, inputs, options=(), dump="hidden,attentions,logits,pooled"):
    """Outputs of a model for arrays of inputs, by name."""
    with tempfile.TemporaryDirectory() as scratch:
        given, result = pathlib.Path(scratch) / "in.npz", pathlib.Path(scratch) / "out.npz"
        np.savez(given, **inputs)
        call(binary, "run", model, "--inputs", given, "--dump", dump, "-o", result, *options)
        with np.load(result) as file:
            return dict(file)


def visible_difference(name, one, other, mask):
    """Largest absolute difference over the positions that the mask shows; without a mask over all."""
    return float(np.abs(visible(name, one, other, mask)).max(initial=0))


def relative_difference(name, one, other, mask):
    """Euclidean norm of the difference by that of the first, over the positions that the mask shows."""
    difference = np.linalg.norm(visible(name, one, other, mask))
    return float(difference / np.linalg.norm(visible(name, one, np.zeros_like(other), mask)))


def visible(name, one, other, mask):
    """The difference at the positions that the mask shows."""
    if one.shape != other.shape:
        raise RuntimeError(f"{name} has shape {other.shape}, expected {one.shape}")
    if not np.isfinite(other).all():
        raise RuntimeError(f"{name} is not finite")
    difference = one.astype(np.float64) - other.astype(np.float64)
    if mask is None:
        return difference
    mask = mask.astype(bool)
    if "attentions" in name:
        return difference.transpose(0, 2, 1, 3)[mask]
    if "hidden_states" in name and difference.ndim == 4:
        return difference[:, mask]
    return difference[mask] if difference.shape[:2] == mask.shape else difference
