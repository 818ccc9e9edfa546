import ModelGraph
import Statistics

extension Metric {
    /// What the number means to somebody who has never met it: where its scale begins and ends.
    var yardstick: String {
        switch self {
        case .hiddenCosineMean:
            "1: every token's vector points where the source's does; 0: unrelated."
        case .hiddenCosineMin: "The single worst token. One outlier says little about the others."
        case .hiddenCosineP01: "One token in a hundred is worse than this."
        case .hiddenRelativeError: "0: the same numbers; 0.1: off by a tenth of their size."
        case .pooledCosineMean: "1: the embeddings of the source; 0: unrelated ones."
        case .pairsSpearman:
            "1: pairs of texts rank by similarity exactly as before; 0: their order is lost."
        case .logitsKLMean:
            "0: the same probabilities; 0.69: as if a sure prediction had become a coin toss."
        case .top1Agreement: "The rest came out differently, for better or worse."
        case .perplexityRatio:
            "1: as sure of the right token as the source; 1.02: as unsure as with 2 % more tokens to choose among."
        case .outputRelativeError: "0: the same numbers; 0.1: off by a tenth of their size."
        case .outputR2: "1: the source's numbers; 0: no better than their mean."
        case .mapsTVMean:
            "0: the same maps; 1: nothing in common. Maps may differ where the outputs do not."
        case .accuracy: "Right answers by your labels. The source's own share stands beside it."
        case .perplexity: "The number of tokens among which the model is undecided; less is better."
        case .spearman: "1: the order of your scores. The source's own stands beside it."
        case .meanAbsoluteError: "How far off a number is on average, in its own unit."
        case .r2: "1: your numbers; 0: no better than their mean. The source's own stands beside it."
        case .mapsSaved: "A count; what you pay for is multiply-adds and bytes."
        case .macsSavedMean: "The same, as the inputs that were judged left: others may go deeper."
        case .macsSaved: "Arithmetic that is no longer done: the time saved if arithmetic took all of it."
        case .paramsSaved: "Numbers that the model no longer stores."
        case .bytesSaved: "The same in bytes of float32; the file's own size stands at the top."
        case .cacheSaved: "Memory that writing needs for each token."
        case .speedup: "Above 1 the converted model is faster; its range stands under Speed."
        }
    }
}
