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


def run(binary, model, inputs):
    """Outputs of a model for arrays of inputs, by name."""
    with tempfile.TemporaryDirectory() as scratch:
        given, result = pathlib.Path(scratch) / "in.npz", pathlib.Path(scratch) / "out.npz"
        np.savez(given, **inputs)
        call(binary, "run", model, "--inputs", given, "--dump", "hidden,attentions,logits,pooled", "-o", result)
        with np.load(result) as file:
            return dict(file)


def visible_difference(name, one, other, mask):
    """Largest absolute difference over the positions that the mask shows; without a mask over all."""
    if one.shape != other.shape:
        raise RuntimeError(f"{name} has shape {other.shape}, expected {one.shape}")
    if not np.isfinite(other).all():
        raise RuntimeError(f"{name} is not finite")
    difference = np.abs(one.astype(np.float64) - other.astype(np.float64))
    if mask is None:
        return float(difference.max(initial=0))
    mask = mask.astype(bool)
    if "attentions" in name:
        difference = difference.transpose(0, 2, 1, 3)[mask]
    elif "hidden_states" in name and difference.ndim == 4:
        difference = difference[:, mask]
    elif difference.shape[:2] == mask.shape:
        difference = difference[mask]
    return float(difference.max(initial=0))
