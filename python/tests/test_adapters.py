"""The adapters of Examples/python under the real packages, where they are installed."""

import importlib.util
import pathlib

import numpy as np
import pytest

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "Examples" / "python"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / (name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_langchain_finds_the_text_that_is_asked_for(fixtures, texts):
    pytest.importorskip("langchain_core")
    from langchain_core.vectorstores import InMemoryVectorStore

    embeddings = load("langchain_embeddings").ReuseformerEmbeddings(fixtures / "encoder")
    try:
        store = InMemoryVectorStore(embeddings)
        store.add_texts(texts[:20])
        assert store.similarity_search(texts[7], k=1)[0].page_content == texts[7]
        vector = embeddings.embed_query(texts[0])
        assert isinstance(vector, list) and np.allclose(vector, embeddings.embed_documents(texts[:1])[0])
    finally:
        embeddings.model.close()


def test_mteb_runs_its_tasks(fixtures, tmp_path):
    mteb = pytest.importorskip("mteb")
    from mteb.mocks.mock_tasks.classification import MockClassificationTask
    from mteb.mocks.mock_tasks.retrieval import MockRetrievalTask
    from mteb.mocks.mock_tasks.sts import MockSTSTask
    from mteb.models.models_protocols import EncoderProtocol

    encoder = load("mteb_encoder").ReuseformerEncoder(fixtures / "encoder")
    try:
        assert isinstance(encoder, EncoderProtocol)
        cache = mteb.ResultCache(tmp_path)
        tasks = [MockSTSTask(), MockRetrievalTask(), MockClassificationTask()]
        results = mteb.evaluate(encoder, tasks, cache=cache).task_results
        assert len(results) == 3 and all(-1 <= result.get_score() <= 1 for result in results)
    finally:
        encoder.model.close()
