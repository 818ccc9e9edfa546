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
        guard let axis = call.axis else { throw call.unsupported("several axes of \(input.shapeText) at once") }
        let position = axis < 0 ? axis + input.axes.count : axis - 1
        guard input.axes.indices.contains(position) else { throw call.unsupported("axis \(axis) of \(input.shapeText)") }
        let kind = kind(call.functionName)
        switch input.axes[position] {
        case .one:
            var result = input
            if kind == .any || kind == .all { result = try builder.flags(input, for: call, part: "") }
            if !keepsAxis { result.axes.remove(at: position) }
            return .tensor(result)
        case .width: return .tensor(try overWidth(input, kind, position, keepsAxis, call, &builder))
        case .rows: return .tensor(try overRows(input, kind, position, keepsAxis, call, &builder))
        }
    }

    /// One number a row.
    private static func overWidth(
        _ input: LayerValue, _ kind: Kind, _ position: Int, _ keepsAxis: Bool, _ call: LayerCall,
        _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let width = input.width
        var result = input
        switch kind {
        case .any: result.name = builder.add(.mask(hidden: 0), [input.name], to: call)
        case .all, .sum, .mean:
            let summed = kind == .all ? try builder.flags(input, for: call, part: "flags") : input
            let weight = Tensor([Float](repeating: kind == .mean ? 1 / Float(width) : 1, count: width), shape: [width, 1])
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
                    builder.add(.slice(Slice(axis: .width, start: column, count: 1)), [input.name], to: call, part: "\(column)"))
            }
            var name = columns[0]
            for column in columns.dropFirst() {
                name = builder.add(
                    kind == .max ? .maximum : .minimum, [name, column], to: call, part: "step")
            }
            result.name = name
        }
        result.width = 1
        result.isInteger = kind == .any || kind == .all || (input.isInteger && kind != .mean)
        if !keepsAxis {
            result.axes.remove(at: position)
        } else {
            result.axes[position] = .width
        }
        return result
    }

    /// One row a sequence.
    private static func overRows(
        _ input: LayerValue, _ kind: Kind, _ position: Int, _ keepsAxis: Bool, _ call: LayerCall,
        _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        guard input.axes.filter(\.isRows).count == 1 else {
            throw call.unsupported("axis \(position + 1) of \(input.shapeText)")
        }
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
        result.isInteger = kind == .any || kind == .all || (input.isInteger && kind != .mean)
        if keepsAxis { result.axes[position] = .one } else { result.axes.remove(at: position) }
        if !result.axes.contains(.width), !result.axes.isEmpty { result.axes = result.axes.withWidth }
        return result
    }
}
