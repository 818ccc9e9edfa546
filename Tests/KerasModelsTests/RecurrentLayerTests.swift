import Foundation
import JSON
import ModelGraph
import Platform
import Tensors
import Testing
import TestSupport
import WeightFiles

private func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

@Suite("Recurrent layers against cells written out")
struct RecurrentLayerTests {
    /// Four rows of two numbers; the third is hidden by `Masking`.
    private static let rows: [[Double]] = [[0.5, -1], [1, 0.25], [0, 0], [-0.75, 2]]
    private let series = Tensor(rows.flatMap { $0 }.map(Float.init), shape: [1, 4, 2])

    /// Weights that differ everywhere.
    private static func numbers(_ count: Int, seed: Int) -> [Float] {
        (0..<count).map { Float(sin(Double($0 * 7 + seed * 13))) * 0.8 }
    }

    enum Cell: String, CaseIterable, Sendable {
        case simple = "SimpleRNN", lstm = "LSTM", gru = "GRU", resettingFirst = "GRU before"

        var className: String { self == .resettingFirst ? "GRU" : rawValue }
        var gates: Int { self == .simple ? 1 : self == .lstm ? 4 : 3 }

        func weights(_ path: String, seed: Int) -> [StoredTensor] {
            let bias: Shape = self == .gru ? [2, 3 * 2] : [gates * 2]
            return [
                stored("\(path)/0", [2, gates * 2], RecurrentLayerTests.numbers(2 * gates * 2, seed: seed)),
                stored("\(path)/1", [2, gates * 2], RecurrentLayerTests.numbers(2 * gates * 2, seed: seed + 1)),
                stored("\(path)/2", bias, RecurrentLayerTests.numbers(bias.count, seed: seed + 2)),
            ]
        }

        /// h and c after one more row, with two units.
        func step(_ x: [Double], _ h: [Double], _ c: [Double], _ weights: [[Float]]) -> (h: [Double], c: [Double]) {
            let width = gates * 2
            func product(_ v: [Double], _ matrix: [Float], _ column: Int) -> Double {
                v[0] * Double(matrix[column]) + v[1] * Double(matrix[width + column])
            }
            let bias = weights[2].map(Double.init)
            let fromRow = (0..<width).map { product(x, weights[0], $0) + bias[$0] }
            let fromState = (0..<width).map { product(h, weights[1], $0) + (self == .gru ? bias[width + $0] : 0) }
            let both = zip(fromRow, fromState).map { $0 + $1 }
            switch self {
            case .simple: return (both.map(tanh), c)
            case .lstm:
                let next = (0..<2).map { logistic(both[2 + $0]) * c[$0] + logistic(both[$0]) * tanh(both[4 + $0]) }
                return ((0..<2).map { logistic(both[6 + $0]) * tanh(next[$0]) }, next)
            case .gru, .resettingFirst:
                let update = (0..<2).map { logistic(both[$0]) }
                let reset = (0..<2).map { logistic(both[2 + $0]) }
                let state = zip(reset, h).map { $0 * $1 }
                let candidate = (0..<2).map { unit in
                    tanh(
                        fromRow[4 + unit]
                            + (self == .gru
                                ? reset[unit] * fromState[4 + unit] : product(state, weights[1], 4 + unit)))
                }
                return ((0..<2).map { update[$0] * h[$0] + (1 - update[$0]) * candidate[$0] }, c)
            }
        }

        /// Outputs in the order of reading, and the last states.
        func run(
            _ rows: [[Double]], _ weights: [StoredTensor], isMasked: Bool, givesZero: Bool, first: [[Double]]? = nil
        ) throws -> (outputs: [[Double]], states: [[Double]]) {
            let values = try weights.map { try $0.read().floats }
            var h = first?.first ?? [0, 0], c = first?.last ?? [0, 0], previous = [0.0, 0.0]
            var outputs: [[Double]] = []
            for row in rows {
                if isMasked, row == [0, 0] {
                    previous = givesZero ? [0, 0] : previous
                } else {
                    (h, c) = step(row, h, c, values)
                    previous = h
                }
                outputs.append(previous)
            }
            return (outputs, self == .lstm ? [h, c] : [h])
        }
    }

    private func results(_ sketch: Sketch, _ outputs: [String], _ weights: [StoredTensor]) throws -> [String: Tensor] {
        try run(model(sketch.model(outputs: outputs), weights), ["x": series])
    }

    private func expectClose(_ tensor: Tensor?, _ expected: [[Double]], _ what: Comment) throws {
        let found = try #require(tensor).floats, wanted = expected.flatMap { $0 }
        #expect(found.count == wanted.count, what)
        for (left, right) in zip(found, wanted) { #expect(abs(Double(left) - right) < 2e-6, what) }
    }

    @Test("a cell goes through the rows, passes hidden ones over, and reads them backwards", arguments: Cell.allCases)
    func directions(_ cell: Cell) throws {
        for (isMasked, isBackwards, givesRows) in [
            (false, false, true), (false, true, true), (true, false, true), (true, true, true), (true, false, false),
            (false, true, false),
        ] {
            var sketch = Sketch()
            sketch.input("x", [4, 2])
            if isMasked { try sketch.layer("mask", "Masking", #"{"mask_value": 0.0}"#, ["x"]) }
            try sketch.layer(
                "y", cell.className,
                #"{"units": 2, "activation": "tanh", "recurrent_activation": "sigmoid", "#
                    + #""reset_after": \#(cell == .gru), "#
                    + #""return_sequences": \#(givesRows), "go_backwards": \#(isBackwards), "unroll": true, "#
                    + #""dropout": 0.5}"#,
                [isMasked ? "mask" : "x"])
            let path = "layers/\(cell.className.snakeCased)/cell/vars"
            let weights = cell.weights(path, seed: 1)
            let order: [[Double]] = isBackwards ? Self.rows.reversed() : Self.rows
            let wanted = try cell.run(order, weights, isMasked: isMasked, givesZero: false).outputs
            try expectClose(
                results(sketch, ["y"], weights)["output"], givesRows ? wanted : [wanted[3]],
                "\(cell), masked \(isMasked), backwards \(isBackwards)")
        }
    }

    @Test("states of one layer start another, with a mask and without", arguments: Cell.allCases, [false, true])
    func states(_ cell: Cell, isMasked: Bool) throws {
        var sketch = Sketch()
        sketch.input("x", [4, 2])
        if isMasked { try sketch.layer("mask", "Masking", #"{"mask_value": 0.0}"#, ["x"]) }
        let source = isMasked ? "mask" : "x"
        let config = #"{"units": 2, "reset_after": \#(cell == .gru), "return_sequences": true, "return_state": true}"#
        try sketch.layer("first", cell.className, config, [source])
        let count = cell == .lstm ? 2 : 1
        let given = (1...count).map { Sketch.tensor("first", result: $0) }
        try sketch.layer("y", cell.className, config, [source], keywords: ["initial_state": .array(given)])
        let name = cell.className.snakeCased
        let one = cell.weights("layers/\(name)/cell/vars", seed: 1)
        let two = cell.weights("layers/\(name)_1/cell/vars", seed: 5)
        let first = try cell.run(Self.rows, one, isMasked: isMasked, givesZero: false)
        let second = try cell.run(Self.rows, two, isMasked: isMasked, givesZero: false, first: first.states)
        try expectClose(results(sketch, ["y"], one + two)["output"], second.outputs, "\(cell), masked \(isMasked)")
    }

    @Test(
        "both directions are merged in every way, hidden rows give zeros", arguments: ["concat", "sum", "ave", "mul"])
    func bothDirections(_ mode: String) throws {
        for isMasked in [false, true] {
            var sketch = Sketch()
            sketch.input("x", [4, 2])
            if isMasked { try sketch.layer("mask", "Masking", #"{"mask_value": 0.0}"#, ["x"]) }
            try sketch.layer(
                "y", "Bidirectional",
                #"{"merge_mode": "\#(mode)", "layer": {"class_name": "LSTM", "config": {"name": "lstm", "units": 2, "#
                    + #""return_sequences": true}}}"#, [isMasked ? "mask" : "x"])
            let path = "layers/bidirectional"
            let forward = Cell.lstm.weights("\(path)/forward_layer/cell/vars", seed: 1)
            let backward = Cell.lstm.weights("\(path)/backward_layer/cell/vars", seed: 4)
            let there = try Cell.lstm.run(Self.rows, forward, isMasked: isMasked, givesZero: true).outputs
            let back = try Cell.lstm.run(Self.rows.reversed(), backward, isMasked: isMasked, givesZero: true).outputs
            let wanted = zip(there, back.reversed()).map { left, right -> [Double] in
                switch mode {
                case "concat": return left + right
                case "mul": return zip(left, right).map { $0 * $1 }
                default:
                    let divisor: Double = mode == "ave" ? 2 : 1
                    return zip(left, right).map { ($0 + $1) / divisor }
                }
            }
            try expectClose(
                results(sketch, ["y"], forward + backward)["output"], wanted, "\(mode), masked \(isMasked)")
        }
    }

    @Test(
        "options that would give other results are refused by name",
        arguments: [
            (#""stateful": true"#, "stateful"), (#""time_major": true"#, "time_major"),
            (#""activation": "mine""#, "mine"), (#""gate_order": "ifco""#, "gate_order"),
        ])
    func refusals(_ option: String, _ word: String) throws {
        var sketch = Sketch()
        sketch.input("x", [4, 2])
        try sketch.layer("y", "LSTM", "{\"units\": 2, \(option)}", ["x"])
        let error = try #require(throws: FileError.self) {
            try results(sketch, ["y"], Cell.lstm.weights("layers/lstm/cell/vars", seed: 1))
        }
        #expect(error.kind == .unsupported)
        #expect(error.problems[0].contains(word), "\(error.problems)")
    }
}
