import ModelGraph
import Platform
import Tensors

/// Inputs of the right form without meaning.
package enum MadeUpInputs {
    /// One item a length, always the same ones.
    ///
    /// - Parameters:
    ///   - lengths: Tokens of a text, frames of a recording; inputs of a fixed size take no notice.
    ///   - target: Tokens that a decoder reads beside another input; `nil`: as many as that has.
    ///   - seed: Start of the random numbers.
    package static func sequences(
        _ lengths: [Int], target: Int? = nil, graph: CheckedGraph, seed: UInt64 = 11
    ) -> [ModelInput] {
        var vocabularies: [String: Int] = [:]
        for node in graph.nodes {
            guard case .embedding(let embedding) = node.operation, let input = node.inputs.first else { continue }
            vocabularies[input] = min(vocabularies[input] ?? .max, embedding.vocabulary)
        }
        var random = SplitMix(seed: seed)
        func ids(_ input: String, _ count: Int) -> [Int32] {
            // Ids near 0 are often special, and one of them may mean padding.
            let vocabulary = vocabularies[input] ?? 1
            let low = min(1000, vocabulary / 2)
            return (0..<count).map { _ in Int32(low + random.next(below: vocabulary - low)) }
        }
        let layouts = graph.inputLayouts.sorted { $0.key < $1.key }.filter { $0.value.absent == nil }
        let readsText = graph.readsText
        let isBeside = readsText || layouts.contains { $0.value.content == .numbers }
        return lengths.map { length in
            var sequence = ModelInput(ids: readsText ? ids("input_ids", length) : [])
            for (name, layout) in layouts {
                let own = isBeside && layout.content == .ids ? target ?? length : length
                let rows = layout.rows.length(layout.rows.names.reduce(into: [:]) { $0[$1] = own }) ?? own
                switch layout.content {
                case .ids: sequence.arrays[name] = InputArray(ids: ids(name, rows))
                case .numbers:
                    let columns = layout.isPairs ? rows : layout.width
                    let numbers = (0..<rows * columns).map { _ in
                        layout.isPairs ? 1 : Float(random.next(below: 2001)) / 1000 - 1
                    }
                    sequence.arrays[name] = InputArray(rows: rows, columns: columns, numbers: numbers)
                }
            }
            return sequence
        }
    }
}

extension RowSpace {
    /// Names of the axes that the number of rows depends on.
    fileprivate var names: [String] {
        switch self {
        case .tokens: ["tokens"]
        case .sequences, .count: []
        case .axis(let axis):
            [axis.name] + axis.steps.compactMap { if case .joined(let name) = $0 { name } else { nil } }
        }
    }
}
