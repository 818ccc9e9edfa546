"""What the tests share. They run against whatever `reuseformer` is installed: `python -m pytest python/tests`."""

import pathlib

import pytest

FIXTURES = pathlib.Path(__file__).resolve().parents[2] / "fixtures"


@pytest.fixture(scope="session")
def fixtures() -> pathlib.Path:
    return FIXTURES


@pytest.fixture(scope="session")
def encoder():
    import reuseformer

    with reuseformer.Embedder(FIXTURES / "encoder") as model:
        yield model


@pytest.fixture(scope="session")
def texts():
    return (FIXTURES / "encoder" / "heldout.txt").read_text(encoding="utf-8").splitlines()[:200]
