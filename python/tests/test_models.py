"""Classifiers and generators, against the frameworks' outputs that lie with the fixtures."""

import numpy as np
import pytest

import reuseformer


def test_pairs_score_as_the_cross_encoder_scored_them(fixtures):
    folder = fixtures / "sentences" / "cross_encoder"
    pairs = [line.split("\t")[:2] for line in (folder / "pairs.tsv").read_text(encoding="utf-8").splitlines()]
    with reuseformer.Classifier(folder) as model:
        assert np.abs(model.predict(pairs) - np.load(folder / "want.npy")).max() < 1e-4


def test_a_stream_gives_the_text_piece_by_piece(fixtures):
    with reuseformer.Generator(fixtures / "gpt") as model:
        whole = model.generate("ROMEO:", max_new_tokens=12)
        assert "".join(model.stream("ROMEO:", max_new_tokens=12)) == whole
        assert model.generate(["ROMEO:", "JULIET:"], max_new_tokens=12)[0] == whole
        drawn = [model.generate("ROMEO:", max_new_tokens=12, temperature=0.9, seed=seed) for seed in (7, 7, 8)]
        assert drawn[0] == drawn[1] != drawn[2]


def test_a_stream_that_is_left_does_not_spoil_the_next_call(fixtures):
    with reuseformer.Generator(fixtures / "gpt") as model:
        whole = model.generate("ROMEO:", max_new_tokens=12)
        stream = model.stream("ROMEO:", max_new_tokens=12)
        next(stream)
        with pytest.raises(reuseformer.UsageError, match="still open"):
            model.generate("JULIET:")
        stream.close()
        assert model.generate("ROMEO:", max_new_tokens=12) == whole


def test_a_request_that_cannot_be_met_leaves_the_worker_alive(fixtures):
    with reuseformer.Generator(fixtures / "gpt") as model:
        model.generate("ROMEO:", max_new_tokens=2)
        pid = model._worker.pid
        with pytest.raises(reuseformer.UsageError, match="tokens"):
            model.generate("word " * 5000)
        assert model.generate("ROMEO:", max_new_tokens=2) and model._worker.pid == pid


@pytest.mark.parametrize("options", [
    {"max_new_tokens": 0}, {"max_new_tokens": -1}, {"max_new_tokens": 1 << 62}, {"top_k": 0}, {"top_p": 7.0},
    {"top_p": 0.0}, {"temperature": -1.0}, {"seed": -1},
])
def test_numbers_that_mean_nothing_are_refused(fixtures, options):
    with reuseformer.Generator(fixtures / "gpt") as model, pytest.raises(reuseformer.UsageError):
        model.generate("ROMEO:", **options)


@pytest.mark.parametrize("limit", [0, -5, 3])
def test_a_limit_that_no_text_fits_is_refused(fixtures, limit):
    with reuseformer.Embedder(fixtures / "encoder", max_seq_length=limit) as model:
        with pytest.raises(reuseformer.UsageError, match="at least 4 tokens"):
            model.encode("hello there")
