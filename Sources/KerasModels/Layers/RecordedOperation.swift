import JSON
import ModelGraph
import Platform

/// An operation on tensors that Keras recorded as a layer: `x + y`, `x[:, 0]`, `tf.range(tf.shape(x)[1])`.
///
/// Keras 2 calls them by TensorFlow's function, Keras 3 by a class of its own.
enum RecordedOperation: KerasLayerClass {
    static let names = ["TFOpLambda", "SlicingOpLambda"]
    /// The numbers of a tensor's rows: how specs of custom layers write what takes three operations.
    private static let positions = "positions"
    /// The first rows of a tensor, as many as `count` says: how they write `x[:, :n]`.
    private static let firstRows = "firstrows"
    /// One row of a tensor, the one at `index`: how they write `x[:, 0]`.
    private static let singleRow = "row"

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        [try result(of: call, &builder)]
    }

    private static func result(
        of call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> KerasValue {
        let name = functionName(of: call.layer)
        switch name {
        case "add": return .tensor(try arithmetic(.add, call, &builder))
        case "multiply": return .tensor(try arithmetic(.multiply, call, &builder))
        case "subtract": return .tensor(try arithmetic(.subtract, call, &builder))
        case "divide": return .tensor(try arithmetic(.divide, call, &builder))
        case "identity", "cast", "stopgradient": return call.arguments.first ?? call[0, "x"]
        case "relu", "gelu", "tanh", "sigmoid", "silu", "swish", "softmax":
            if name == "gelu", call[1, "approximate"].constant?.boolValue == true {
                var result = try call.input()
                result.name = builder.add(.activation(.geluTanh), [result.name], to: call)
                return .tensor(result)
            }
            return .tensor(
                try builder.activated(try call.input(), by: .string(name), for: call, part: "").withoutMask)
        case "shape":
            return .shape(try call.input())
        case "getitem", "stridedslice": return try ItemOperation(call).apply(in: &builder)
        case "range", "arange":
            guard case .extent(let value, let axis) = call.arguments.last ?? .none, call.arguments.count == 1, axis > 0,
                axis <= value.axes.count, value.axes[axis - 1].isRows
            else { throw call.unsupported("numbers that do not count the rows of a tensor") }
            return .positions(value)
        case firstRows:
            let end = KerasValue.constant(.integer(call.keywords["count"]?.integer ?? 0))
            return .tensor(
                try ItemOperation.rows(.slice(start: .none, stop: end, step: .none), call, &builder))
        case singleRow:
            return .tensor(try ItemOperation.rows(call.keywords["index"] ?? .none, call, &builder))
        case positions:
            return .positions(try call.input())
        case "concat", "concatenate":
            let values = call[0, "values"].tensors + call[0, "xs"].tensors
            let axis = (call.keywords["axis"] ?? .none).integer ?? call.config["axis"]?.intValue
            return .tensor(try builder.concatenated(distinctPrefix(values, call), axis: axis ?? 0, for: call))
        case "expanddims":
            return try ItemOperation.expanded(call, axis: axis(of: call))
        case "squeeze":
            return try ItemOperation.squeezed(call, axis: axis(of: call))
        case "reshape":
            let shape = call[1, "shape"], given = call.config["newshape"] ?? .null
            return .tensor(try reshaped(call, shape.isNone ? .constant(given) : shape, &builder))
        case "transpose":
            let axes = call[1, "perm"].constant ?? call.config["axes"] ?? .null
            guard let order = axes.arrayValue?.compactMap(\.boundedInteger), order.first == 0 else {
                throw call.unsupported("axes in the order \(axes.shortDescription)")
            }
            return .tensor(try builder.permuted(try call.input(), order.dropFirst().map { $0 - 1 }, for: call))
        case "notequal": return .tensor(try comparison(call, &builder))
        case "reducemean", "mean", "reducemax", "max":
            return .tensor(try reduced(call, isMean: name.hasSuffix("mean"), &builder))
        default: throw call.unsupported("the operation \"\(name.printable)\" is not known")
        }
    }

    /// The function without its home: `__operators__.add` → `add`, `TrueDivide` → `divide`.
    static func functionName(of layer: KerasLayer) -> String {
        let function = layer.config["function"]?.stringValue ?? layer.className
        let name = function.split(separator: ".").last.map(String.init) ?? function
        let plain = name.filter { $0 != "_" }.lowercased()
        let synonyms = [
            "truediv": "divide", "truedivide": "divide", "realdiv": "divide", "sub": "subtract", "mul": "multiply",
            "addv2": "add", "castto": "cast", "slice": "getitem", "rangev2": "range", "expanddimsv2": "expanddims",
        ]
        return synonyms[plain] ?? plain
    }

    /// The one axis that a call or an operation's configuration names; lists of one are the same.
    private static func axis(of call: LayerCall) -> Int? {
        let given = call[1, "axis"]
        if let axis = given.integer { return axis }
        if case .list(let axes) = given, axes.count == 1 { return axes[0].integer }
        let named = given.constant.flatMap { $0.isNull ? nil : $0 } ?? call.config["axis"] ?? .null
        if let axes = named.arrayValue { return axes.count == 1 ? axes[0].intValue : nil }
        return named.intValue
    }

    // MARK: Arithmetic

    private enum Arithmetic { case add, subtract, multiply, divide }

    private static func arithmetic(
        _ kind: Arithmetic, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let left = operand(call, 0, ["x", "x1", "a"]), right = operand(call, 1, ["y", "x2", "b"])
        switch (left.tensor, right.tensor) {
        case (let one?, let other?):
            switch kind {
            case .add: return try builder.combine(.add, [one, other], for: call)
            case .multiply: return try builder.combine(.multiply, [one, other], for: call)
            case .subtract:
                let negative = builder.scaled(other, factor: -1, shift: 0, for: call, part: "negative")
                return try builder.combine(.add, [one, negative], for: call)
            case .divide: throw call.unsupported("divides by a tensor")
            }
        case (let value?, nil):
            guard let number = right.constant?.doubleValue.map(Float.init), number.isFinite else { break }
            switch kind {
            case .add: return builder.scaled(value, factor: 1, shift: number, for: call).withoutMask
            case .subtract: return builder.scaled(value, factor: 1, shift: -number, for: call).withoutMask
            case .multiply: return builder.scaled(value, factor: number, shift: 0, for: call).withoutMask
            case .divide:
                guard number != 0 else { break }
                return builder.scaled(value, factor: 1 / number, shift: 0, for: call).withoutMask
            }
        case (nil, let value?):
            guard let number = left.constant?.doubleValue.map(Float.init), number.isFinite else { break }
            switch kind {
            case .add: return builder.scaled(value, factor: 1, shift: number, for: call).withoutMask
            case .subtract: return builder.scaled(value, factor: -1, shift: number, for: call).withoutMask
            case .multiply: return builder.scaled(value, factor: number, shift: 0, for: call).withoutMask
            case .divide: throw call.unsupported("divides by a tensor")
            }
        case (nil, nil): break
        }
        throw call.unsupported("an operand is neither a tensor nor a number")
    }

    private static func operand(_ call: LayerCall, _ place: Int, _ names: [String]) -> KerasValue {
        if call.arguments.indices.contains(place) { return call.arguments[place] }
        return names.compactMap { call.keywords[$0] }.first ?? .none
    }

    /// `x != 0`: which rows are not padding.
    private static func comparison(_ call: LayerCall, _ builder: inout KerasGraphBuilder) throws(Problem) -> LayerValue
    {
        let value = try call.input()
        let other = [operand(call, 0, ["x", "x1"]), operand(call, 1, ["y", "x2"])].compactMap {
            $0.constant?.doubleValue
        }
        guard value.isColumn, let hidden = other.first.map(Float.init), hidden.isFinite else {
            throw call.unsupported("compares \(value.shapeText)")
        }
        var result = value
        result.mask = nil
        result.name = builder.add(.mask(hidden: hidden), [value.name], to: call)
        return result
    }

    private static func reduced(
        _ call: LayerCall, isMean: Bool, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let input = try call.input()
        let keeps =
            call.keywords["keepdims"]?.constant?.boolValue ?? call.config["keepdims"]?.boolValue ?? false
        let axis = axis(of: call)
        guard input.isStream, axis == 1 || axis == -2 else {
            throw call.unsupported("a mean or maximum of \(input.shapeText) along axis \(axis.map(String.init) ?? "?")")
        }
        var result = input
        result.mask = nil
        result.name = builder.add(.pooling(isMean ? .mean : .max), [input.name], to: call)
        result.rows = .sequences
        result.axes = keeps ? [.one, .width] : [.width]
        return result
    }

    // MARK: Shapes

    private static func distinctPrefix(_ values: [LayerValue], _ call: LayerCall) -> [LayerValue] {
        // The first argument answers to both names.
        call.arguments.isEmpty ? values : call.arguments[0].tensors
    }

    /// A shape whose numbers may be extents of tensors: `[batch, rows, 24]`.
    private static func reshaped(
        _ call: LayerCall, _ shape: KerasValue, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        let input = try call.input()
        let elements: [KerasValue]
        switch shape {
        case .list(let values): elements = values
        case .constant(let value): elements = (value.arrayValue ?? []).map { .constant($0) }
        default: elements = []
        }
        guard elements.count >= 2 else { throw call.unsupported("a shape that is not followed") }
        return try builder.reshaped(input, to: elements.dropFirst().map(\.integer), for: call)
    }
}

extension LayerValue {
    /// The value without what Keras hangs on it: operations hand no mask on.
    var withoutMask: LayerValue {
        var result = self
        result.mask = nil
        return result
    }
}
