"""Embeddings of a converted model for LangChain.

    pip install reuseformer langchain-core
    python langchain_embeddings.py MODEL
"""

import sys

from langchain_core.embeddings import Embeddings

import reuseformer


class ReuseformerEmbeddings(Embeddings):
    """A model as LangChain's stores and retrievers take it."""

    def __init__(self, path, **options):
        self.model = reuseformer.Embedder(path, **options)

    def embed_documents(self, texts):
        return self.model.encode_document(texts).tolist()

    def embed_query(self, text):
        return self.model.encode_query(text).tolist()


if __name__ == "__main__":
    from langchain_core.vectorstores import InMemoryVectorStore

    store = InMemoryVectorStore(ReuseformerEmbeddings(sys.argv[1]))
    store.add_texts(["A cat sat on the mat.", "Stocks fell on Monday.", "The kitten slept."])
    for document in store.similarity_search("a small cat", k=2):
        print(document.page_content)
