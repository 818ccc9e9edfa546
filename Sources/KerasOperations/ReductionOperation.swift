import KerasGraphs
import ModelGraph
import Platform
import Tensors

/// Sums, means, largest and smallest elements, `any` and `all`, over the rows or over the width.
enum ReductionOperation: KerasOperation {
    static let functions = [
        "reducemean", "mean", "reducemax", "max", "amax", "reducemin", "min", "amin", "reducesum", "sum", "reduceany",
        "any", "reduceall", "all",
    ]

    private enum Kind { case mean, max, min, sum, any, all }

    private static func kind(_ name: String) -> Kind {
        switch name.hasPrefix("reduce") ? String(name.dropFirst(6)) : name {
        case "max", "amax": .max
        case "min", "amin": .min
        case "sum": .sum
        case "any": .any
        case "all": .all
        default: .mean
        }
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let input = builder.rowed(try call.input().withoutMask, for: call)
        let keepsAxis =
            call.keywords["keepdims"]?.constant?.boolValue ?? call.keywords["keep_dims"]?.constant?.boolValue
            ?? call.flag("keepdims", default: false)
        let kind = kind(call.functionName)
        var positions: [Int] = []
        for axis in axes(of: call) ?? Array(1...max(input.axes.count, 1)) {
            let position = axis < 0 ? axis + input.axes.count : axis - 1
            guard input.axes.indices.contains(position), !positions.contains(position) else {
                throw call.unsupported("axis \(axis) of \(input.shapeText)")
            }
            positions.append(position)
        }
        // From the last to the first; all rows of a grid at once.
        var result = input
        positions.sort(by: >)
        let rows = positions.filter { input.axes[$0].isRows }
        guard rows.isEmpty || rows.count == input.axes.filter(\.isRows).count else {
            throw call.unsupported("some of the rows of \(input.shapeText)")
        }
        for position in positions where input.axes[position] == .width {
            result = try overWidth(result, kind, position, call, &builder)
        }
        if !rows.isEmpty { result = try overRows(result, kind, call, &builder) }
        if positions.allSatisfy({ input.axes[$0] == .one }), kind == .any || kind == .all {
            result = try builder.flags(result, for: call, part: "")
        }
        // What is left of an axis has extent 1.
        result.axes = input.axes.indices.compactMap { index in
            guard positions.contains(index) else { return input.axes[index] }
            return keepsAxis ? .one : nil
        }
        if !result.axes.contains(.width), result.rows == .sequences || keepsAxis { result.axes = result.axes.withWidth }
        result.isInteger = kind == .any || kind == .all || (input.isInteger && kind != .mean)
        return .tensor(result)
    }

    /// Axes as the call or the configuration lists them, the batch counted; `nil` for all.
    private static func axes(of call: LayerCall) -> [Int]? {
        let given = call[1, "axis"]
        let listed = given.isNone ? call.config["axis"].map(KerasValue.constant) ?? .none : given
        switch listed {
        case .list(let elements): return elements.map { $0.integer ?? 0 }
        case .constant(.array(let list)): return list.map { $0.boundedInteger ?? 0 }
        case .array(let array): return array.values.map { Int(exactly: $0) ?? 0 }
        default: return listed.integer.map { [$0] }
        }
    }

    /// One number a row.
    private static func overWidth(
        _ input: LayerValue, _ kind: Kind, _ position: Int, _ call: LayerCall,
        _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let width = input.width
        var result = input
        switch kind {
        case .any: result.name = builder.add(.mask(hidden: 0), [input.name], to: call)
        case .all, .sum, .mean:
            let summed = kind == .all ? try builder.flags(input, for: call, part: "flags") : input
            let weight = Tensor(
                [Float](repeating: kind == .mean ? 1 / Float(width) : 1, count: width), shape: [width, 1])
            result.name = builder.addOwned(
                .linear(Linear(inputWidth: width, outputWidth: 1, hasBias: false)), [summed.name], to: call,
                part: kind == .all ? "sum" : "",
                ["weight": .computed(.init(names: [], shape: [width, 1]) { _ in weight })])
            result.width = 1
            if kind == .all {
                let count = try builder.operands([.tensor(result), .constant(.integer(width))], for: call)
                result.name = builder.add(.elementwise(.equal), count.map(\.name), to: call)
            }
        case .max, .min:
            guard width <= 64 else { throw call.unsupported("the largest or smallest of \(width) columns") }
            var columns: [String] = []
            for column in 0..<width {
                columns.append(
                    builder.add(
                        .slice(Slice(axis: .width, start: column, count: 1)), [input.name], to: call, part: "\(column)")
                )
            }
            var name = columns[0]
            for column in columns.dropFirst() {
                name = builder.add(
                    kind == .max ? .maximum : .minimum, [name, column], to: call, part: "step")
            }
            result.name = name
        }
        result.width = 1
        return result
    }

    /// One row a sequence.
    private static func overRows(
        _ input: LayerValue, _ kind: Kind, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        var result = input
        switch kind {
        case .mean: result.name = builder.add(.pooling(.mean), [input.name], to: call)
        case .max: result.name = builder.add(.pooling(.max), [input.name], to: call)
        case .any, .all, .min:
            // The smallest is the negative of the largest negative; flags are 0 and 1.
            let flags = kind == .min ? input : try builder.flags(input, for: call, part: "flags")
            if kind == .any {
                result.name = builder.add(.pooling(.max), [flags.name], to: call)
            } else {
                let negative = builder.scaled(flags, factor: -1, shift: 0, for: call, part: "negative")
                var pooled = negative
                pooled.name = builder.add(.pooling(.max), [negative.name], to: call, part: "largest")
                pooled.rows = .sequences
                result.name = builder.scaled(pooled, factor: -1, shift: 0, for: call).name
            }
        case .sum:
            guard let count = builder.resolved(input.rows).fixedCount else {
                throw call.unsupported("a sum over rows whose number differs")
            }
            var pooled = input
            pooled.name = builder.add(.pooling(.mean), [input.name], to: call, part: "mean")
            pooled.rows = .sequences
            result.name = builder.scaled(pooled, factor: Float(count), shift: 0, for: call).name
        }
        result.rows = .sequences
        return result
    }
}
