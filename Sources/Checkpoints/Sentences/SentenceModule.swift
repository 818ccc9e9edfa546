import Platform

/// What one class of modules of sentence-transformers does, as nodes of a graph.
///
/// A new class is one file in `Modules`, and a line in `SentenceModules.classes`.
protocol SentenceModule: Sendable {
    /// Last part of the class's name in `modules.json`.
    static var className: String { get }

    /// Reads the module's files.
    ///
    /// - Throws: What the files ask for and is not handled, by its name.
    init(_ files: inout ModuleFiles) throws(FileError)

    /// Adds what the module computes.
    ///
    /// - Throws: When the modules before it do not give what it reads.
    func append(to graph: inout SentenceGraph) throws(FileError)
}

extension SentenceModules {
    /// The classes that are handled.
    static let classes: [any SentenceModule.Type] = [
        PoolingModule.self, NormalizeModule.self, DenseModule.self, LayerNormModule.self, DropoutModule.self,
    ]

    /// What other classes of the library do.
    static let otherClasses = [
        "StaticEmbedding": "looks tokens up in one table: it is no transformer",
        "WordEmbeddings": "looks words up in one table: it is no transformer",
        "BoW": "counts words: it is no transformer",
        "MLMTransformer": "is a masked language model whose predictions are pooled",
        "SpladePooling": "makes sparse vectors, one number a word of the vocabulary",
        "SparseAutoEncoder": "makes sparse vectors", "CSRSparsity": "makes sparse vectors",
        "SparseStaticEmbedding": "makes sparse vectors",
        "CNN": "is a convolution over tokens", "LSTM": "is a recurrent layer over tokens",
        "WordWeights": "weighs each word by a table", "WeightedLayerPooling": "adds up the states of all layers",
        "WKPooling": "weighs the states of all layers", "CLIPModel": "has a tower for texts and one for pictures",
        "Asym": "takes one of several roads, by what a text is said to be",
        "Router": "takes one of several roads, by what a text is said to be",
    ]
}
