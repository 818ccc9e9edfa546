"""Vectors are those of sentence-transformers and, to the bit, of the command."""

import gc
import os
import pathlib
import pickle
import signal
import subprocess
import threading
import time

import numpy as np
import pytest

import reuseformer
from reuseformer._commands import program

FOLDERS = ["dense_tanh", "layer_norm", "old_layout", "prompt_excluded", "weighted_mean"]


@pytest.mark.parametrize("name", FOLDERS)
def test_vectors_equal_those_of_sentence_transformers(fixtures, name):
    folder = fixtures / "sentences" / name
    texts = (folder / "texts.txt").read_text(encoding="utf-8").split("\n")
    wanted = np.load(folder / "want.npy")
    with reuseformer.Embedder(folder) as model:
        vectors = model.encode(texts[: len(wanted)])
        assert vectors.shape == wanted.shape and vectors.dtype == np.float32
        cosines = (vectors * wanted).sum(1) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(wanted, axis=1)
        assert cosines.min() > 0.99999
        assert np.abs(vectors - wanted).max() < 1e-4
        assert model.get_sentence_embedding_dimension() == wanted.shape[1]


def test_vectors_are_those_of_the_command_to_the_bit(fixtures, encoder, texts, tmp_path):
    (tmp_path / "texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    subprocess.run([program(), "run", str(fixtures / "encoder"), "--texts", str(tmp_path / "texts.txt"), "-o",
                    str(tmp_path / "rows.npy")], check=True)
    assert np.array_equal(encoder.encode(texts), np.load(tmp_path / "rows.npy"))


def test_a_text_alone_has_the_bits_that_it_has_among_others(encoder, texts):
    together = encoder.encode(texts[:40], batch_size=7)
    for index in (0, 17, 39):
        assert np.array_equal(encoder.encode(texts[index]), together[index])


def test_more_texts_than_a_chunk_keep_their_order(encoder, texts):
    many = (texts * 4)[:700]
    vectors = encoder.encode(many)
    assert vectors.shape == (700, encoder.get_sentence_embedding_dimension())
    assert np.array_equal(vectors[:200], vectors[200:400])
    assert np.array_equal(vectors[650], encoder.encode(many[650]))


def test_no_texts_give_no_rows(encoder):
    assert encoder.encode([]).shape == (0, encoder.get_sentence_embedding_dimension())


def test_vectors_are_divided_by_their_length_when_asked(encoder, texts):
    plain = encoder.encode(texts[:5])
    unit = encoder.encode(texts[:5], normalize_embeddings=True)
    assert np.allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-6)
    assert np.allclose(unit, plain / np.linalg.norm(plain, axis=1, keepdims=True), atol=1e-6)


def test_what_is_cut_is_normalised_after_the_cut(encoder, texts):
    plain = encoder.encode(texts[:5])[:, :16]
    cut = encoder.encode(texts[:5], truncate_dim=16, normalize_embeddings=True)
    assert np.allclose(cut, plain / np.linalg.norm(plain, axis=1, keepdims=True), atol=1e-6)


def test_prompts_stand_before_texts(encoder, texts):
    assert np.array_equal(encoder.encode(texts[0], prompt="query: "), encoder.encode("query: " + texts[0]))
    with pytest.raises(reuseformer.UsageError, match="no prompt 'nothing'"):
        encoder.encode(texts[0], prompt_name="nothing")


def test_a_prompt_that_is_a_name_is_no_text(fixtures):
    with reuseformer.Embedder(fixtures / "sentences" / "prompt_excluded") as model:
        named = model.encode("maps", prompt_name="retrieval")
        assert np.array_equal(named, model.encode("maps", prompt=model.prompts["retrieval"]))
        assert np.array_equal(named, model.encode("maps"))  # the model's default
        with pytest.raises(reuseformer.UsageError, match="prompt_name='retrieval'"):
            model.encode("maps", prompt="retrieval")


def test_long_texts_are_cut_where_the_limit_says(fixtures, texts):
    with reuseformer.Embedder(fixtures / "encoder", max_seq_length=6) as model:
        assert model.max_seq_length == 6
        short = model.encode(texts[0])
        # The first tokens are the same ones, whatever comes after them.
        assert np.array_equal(short, model.encode(texts[0][: len(texts[0]) // 2]))
        model.max_seq_length = None
        assert not np.array_equal(short, model.encode(texts[0]))


def test_texts_that_are_cut_are_counted(fixtures, texts):
    with reuseformer.Embedder(fixtures / "encoder", max_seq_length=6) as model:
        with pytest.warns(reuseformer.TextsCut, match="2 of 3 texts were longer than 6 tokens"):
            model.encode(["a", texts[0] * 4, texts[1] * 4])


def test_prompts_of_queries_and_documents_are_those_of_sentence_transformers(fixtures):
    with reuseformer.Embedder(fixtures / "sentences" / "prompt_excluded") as model:
        assert {"query", "document"} <= set(model.prompts)
        for method, name in ((model.encode_query, "query"), (model.encode_document, "document")):
            assert np.array_equal(method("a text"), model.encode("a text", prompt=model.prompts[name]))


def test_similarity_is_the_cosine_of_vectors(encoder, texts):
    vectors = encoder.encode(texts[:3])
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert np.allclose(encoder.similarity(vectors, vectors), unit @ unit.T, atol=1e-6)
    assert np.allclose(encoder.similarity_pairwise(vectors, vectors[::-1]), (unit * unit[::-1]).sum(1), atol=1e-6)


def test_what_is_not_made_is_refused_by_name(encoder, texts):
    for options in ({"convert_to_tensor": True}, {"precision": "int8"}, {"output_value": "token_embeddings"},
                    {"device": "cuda"}, {"batch_size": 0}):
        with pytest.raises(reuseformer.UsageError, match=next(iter(options))):
            encoder.encode(texts[:1], **options)
    with pytest.raises(reuseformer.UsageError, match=r"sentences\[1\]"):
        encoder.encode(["a", 3])


def test_a_folder_that_is_not_there_is_a_file_problem():
    with pytest.raises(reuseformer.FileProblem, match="no such file") as caught:
        reuseformer.Embedder("/nonexistent/model")
    assert "Hub" not in str(caught.value)
    with pytest.raises(reuseformer.FileProblem, match="snapshot_download"):
        reuseformer.Embedder("sentence-transformers/all-MiniLM-L6-v2")


def test_a_model_that_makes_no_embeddings_says_what_it_can(fixtures):
    with pytest.raises(reuseformer.UsageError, match="can"):
        reuseformer.Classifier(fixtures / "gpt")


def test_a_worker_that_dies_between_calls_is_replaced(fixtures, texts):
    with reuseformer.Embedder(fixtures / "encoder") as model:
        before = model.encode(texts[:3])
        os.kill(model._worker.pid, signal.SIGKILL)
        time.sleep(0.1)
        assert np.array_equal(model.encode(texts[:3]), before)


def test_a_worker_that_dies_in_a_call_raises_and_the_next_call_works(fixtures, texts):
    with reuseformer.Embedder(fixtures / "encoder", threads=1) as model:
        before = model.encode(texts[:3])
        pid = model._worker.pid
        timer = threading.Timer(0.05, os.kill, (pid, signal.SIGKILL))
        timer.start()
        with pytest.raises(reuseformer.WorkerDied):
            model.encode(texts * 100)
        timer.join()
        assert np.array_equal(model.encode(texts[:3]), before)
        assert model._worker.pid != pid


def test_the_process_ends_with_the_object(fixtures):
    model = reuseformer.Embedder(fixtures / "encoder")
    pid = model._worker.pid
    assert pathlib.Path("/proc/%d" % pid).exists()
    del model
    gc.collect()
    assert not pathlib.Path("/proc/%d" % pid).exists()


def test_threads_of_this_program_share_a_model(encoder, texts):
    wanted = encoder.encode(texts[:20])
    results = {}

    def work(number):
        results[number] = encoder.encode(texts[:20])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4 and all(np.array_equal(rows, wanted) for rows in results.values())


def test_a_copy_for_another_process_starts_its_own(encoder, texts):
    copy = pickle.loads(pickle.dumps(encoder))
    try:
        assert np.array_equal(copy.encode(texts[:3]), encoder.encode(texts[:3]))
        assert copy._worker.pid != encoder._worker.pid
    finally:
        copy.close()


def test_a_closed_model_says_so(fixtures):
    model = reuseformer.Embedder(fixtures / "encoder")
    model.close()
    with pytest.raises(ValueError, match="closed"):
        model.encode("text")
