import ModelGraph
import Runtime
import Tensors
import TestSupport
import Testing

/// Frames of any number go through recurrent cells both ways, windows and products, and are pooled.
private func frameModel() -> Model {
    let width = 16
    func recurrent(
        _ cell: Recurrent.Cell, from inputWidth: Int, isBackwards: Bool, hasMask: Bool
    ) -> ModelGraph.Operation {
        .recurrent(
            Recurrent(
                cell: cell, inputWidth: inputWidth, units: width, isBackwards: isBackwards, hiddenGivesZero: hasMask,
                hasMask: hasMask))
    }
    let nodes = [
        Node(name: "shown", operation: .mask(hidden: 0), inputs: ["frames"]),
        Node(
            name: "there", operation: recurrent(.lstm, from: 5, isBackwards: false, hasMask: true),
            inputs: ["frames", "shown"]),
        Node(
            name: "back", operation: recurrent(.gru, from: 5, isBackwards: true, hasMask: true),
            inputs: ["frames", "shown"]),
        Node(name: "larger", operation: .maximum, inputs: ["there", "back"]),
        Node(
            name: "first", operation: recurrent(.gruResettingFirst, from: width, isBackwards: false, hasMask: false),
            inputs: ["larger"]),
        Node(
            name: "windows",
            operation: .localPooling(LocalPooling(.mean, windows: [Window(size: 3, stride: 2, padding: nil)])),
            inputs: ["first"]),
        Node(
            name: "grouped",
            operation: .convolution(
                Convolution(
                    windows: [Window(size: 3, padding: nil)], inputWidth: width, outputWidth: width, groups: 4)),
            inputs: ["windows"]),
        Node(name: "twice", operation: .respacing(Respacing(axes: [.init(times: 2, before: 1)])), inputs: ["grouped"]),
        Node(name: "shares", operation: .distribution(Distribution(.softmax, along: .rows)), inputs: ["twice"]),
        Node(
            name: "additive",
            operation: .attention(
                Attention(
                    sizes: .init(inputWidth: width, outputWidth: width, headSize: 8),
                    scores: .init(scale: 1, comparison: .additive), heads: [.computed, .computed])),
            inputs: ["shares"]),
        Node(name: "mean", operation: .pooling(.mean), inputs: ["additive"]),
    ]
    let graph = Graph(
        inputs: ["frames"], inputLayouts: ["frames": InputLayout(rows: .axis(.init("frames")), width: 5)], nodes: nodes,
        outputs: [.init(name: "mean", value: "mean")], hiddenStates: [])
    return Model(randomFor: graph, spread: 0.5, seed: 4)
}

@Suite("Recurrent cells, windows and products do not depend on how the work is cut")
struct RecurrentTests {
    @Test("threads, group sizes and batch mates change no bit", arguments: [1, 2, 3], [1, 40, 512])
    func bits(_ threads: Int, _ groupTokens: Int) throws {
        let model = frameModel()
        var generator = SeededGenerator(seed: 9)
        let sequences = [3, 40, 7, 1, 33, 12].map { rows in
            var numbers = (0..<rows * 5).map { _ in Float.random(in: -1...1, using: &generator) }
            // Some rows are hidden.
            if rows > 2 { for column in 0..<5 { numbers[5 + column] = 0 } }
            return ModelInput(arrays: ["frames": InputArray(rows: rows, columns: 5, numbers: numbers)])
        }
        let alone = try CompiledModel(model, options: .init(resources: .init(threads: 1)))
        let together = try CompiledModel(
            model, options: .init(resources: .init(threads: threads), groupTokens: groupTokens))
        let all = try together.vectors(of: "mean", for: sequences).floats
        for (index, sequence) in sequences.enumerated() {
            let one = try alone.vectors(of: "mean", for: [sequence]).floats
            let isFinite = one.allSatisfy { $0.isFinite }
            #expect(isFinite)
            #expect(one == Array(all[index * 16..<(index + 1) * 16]), "sequence \(index)")
        }
    }
}
