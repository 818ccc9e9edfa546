import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// Operations whose operands are all known before anything runs: they are computed while the model is read.
///
/// Such are tables that a program cuts, repeats or lays out, and what follows from shapes alone: `ones_like(x)`,
/// `tril`, positions as `cumsum(ones_like(x), axis=1) - 1`.
enum ConstantOperation {
    /// The result of a call whose operands are known; `nil` where one is a tensor, or where the function is not
    /// computed here: then it is applied as for tensors.
    static func value(of call: LayerCall) throws(Problem) -> KerasValue? {
        let all = call.arguments + call.keywords.sorted { $0.key < $1.key }.map(\.value)
        guard all.allSatisfy({ $0.tensors.isEmpty }), all.contains(where: \.holdsKnownArray) else { return nil }
        return try ConstantCall(call).result()
    }
}

extension KerasValue {
    /// Whether an array is among it.
    fileprivate var holdsKnownArray: Bool {
        switch self {
        case .array: true
        case .list(let elements): elements.contains(where: \.holdsKnownArray)
        default: false
        }
    }
}

/// One call on constants.
private struct ConstantCall {
    let call: LayerCall

    init(_ call: LayerCall) { self.call = call }

    // MARK: Arguments

    /// An argument by its position, a name, or the operation's configuration.
    private func argument(_ position: Int?, _ names: [String]) -> KerasValue {
        if let position, call.arguments.indices.contains(position) { return call.arguments[position] }
        if let found = names.compactMap({ call.keywords[$0] }).first { return found }
        return names.compactMap { call.config[$0] }.first.map(KerasValue.constant) ?? .none
    }

    private func array(_ position: Int, _ names: [String] = []) throws(Problem) -> ConstantArray {
        let value = argument(position, names + ["x", "input", "inputs", "tensor", "a"])
        guard let array = value.array else { throw refusal("an operand is no array of numbers") }
        return array
    }

    /// Whole numbers: one, or a list.
    private func integers(_ position: Int?, _ names: [String]) -> [Int]? {
        switch argument(position, names) {
        case .constant(let value):
            if let single = value.boundedInteger { return [single] }
            return value.arrayValue.flatMap { list in
                let numbers = list.compactMap(\.boundedInteger)
                return numbers.count == list.count ? numbers : nil
            }
        case .list(let elements):
            let numbers = elements.compactMap(\.integer)
            return numbers.count == elements.count ? numbers : nil
        case .array(let array):
            guard array.shape.count <= 1 else { return nil }
            let numbers = array.values.compactMap { Int(exactly: $0).flatMap { JSONValue.integer($0).boundedInteger } }
            return numbers.count == array.values.count ? numbers : nil
        case let value: return value.integer.map { [$0] }
        }
    }

    private func flag(_ names: [String]) -> Bool { argument(nil, names).constant?.boolValue ?? false }

    /// Extents, the batch among them: `[batch, 1, 1]`.
    private func extents(_ position: Int, _ names: [String]) -> [KerasValue]? {
        switch argument(position, names) {
        case .list(let elements): elements
        case .constant(let value): value.arrayValue?.map { .constant($0) }
        case .array(let array):
            array.shape.count == 1
                ? array.values.map { .constant(Int(exactly: $0).map(JSONValue.integer) ?? .null) } : nil
        case .shape(let value): (0...value.axes.count).map { .extent(value, axis: $0) }
        default: nil
        }
    }

    private func refusal(_ message: String) -> Problem { call.unsupported("\(message), and all of them are constants") }

    private func checked(_ array: ConstantArray?, _ what: String) throws(Problem) -> KerasValue {
        guard let array else { throw refusal("cannot compute \(what)") }
        return .array(array)
    }

    // MARK: Functions

    func result() throws(Problem) -> KerasValue? {
        let name = call.functionName
        if let body = ConstantFunctions.binary[name] {
            let left = try array(0, ["x1"]), right = try array(1, ["y", "x2", "b"])
            let isInteger =
                ConstantFunctions.flags.contains(name)
                || left.isInteger && right.isInteger && !["divide", "truedivide", "truediv", "realdiv"].contains(name)
            return try checked(
                .combined(left, right, isInteger: isInteger, body), "\(left.shapeText) with \(right.shapeText)")
        }
        if let body = ConstantFunctions.unary[name] {
            let source = try array(0)
            let keeps = ["negative", "neg", "abs", "absolute", "square", "sign"].contains(name) && source.isInteger
            return .array(source.mapped(isInteger: keeps || name == "logicalnot", body))
        }
        switch name {
        case "cast", "castto": return .array(try converted())
        case "identity", "stopgradient", "converttotensor": return .array(try array(0))
        case "shape": return .list(try array(0).shape.map { .constant(.integer($0)) })
        case "zeroslike": return try like(0)
        case "oneslike": return try like(1)
        case "fulllike": return try like(try array(1, ["fill_value"]).number ?? 0)
        case "where", "wherev2", "selectv2":
            return try checked(
                .selected(try array(0, ["condition"]), try array(1, ["x1", "x"]), try array(2, ["x2", "y"])), "where")
        case "clip", "clipbyvalue":
            let low = try array(1, ["x_min", "clip_value_min"]), high = try array(2, ["x_max", "clip_value_max"])
            guard let above = ConstantArray.combined(try array(0, ["t"]), low, isInteger: false, max) else {
                return nil
            }
            return try checked(.combined(above, high, isInteger: false, min), "clip")
        default: break
        }
        if let value = try shaped(name) { return value }
        return try reduced(name)
    }

    private func like(_ number: Double) throws(Problem) -> KerasValue {
        let source = try array(0)
        return .array(source.mapped(isInteger: source.isInteger) { _ in number })
    }

    private func converted() throws(Problem) -> ConstantArray {
        let source = try array(0)
        let type = (argument(1, ["dtype"]).constant?.stringValue ?? "").lowercased()
        if type == "bool" { return source.mapped(isInteger: true) { $0 != 0 ? 1 : 0 } }
        if type.hasPrefix("int") || type.hasPrefix("uint") {
            return source.mapped(isInteger: true) { $0.rounded(.towardZero) }
        }
        guard type.contains("float") || type == "double" || type == "half" else {
            throw refusal("a cast to \"\(type.printable)\"")
        }
        return source.mapped { $0 }
    }

    /// Arrays under other shapes, parts of them, several put together.
    private func shaped(_ name: String) throws(Problem) -> KerasValue? {
        switch name {
        case "reshape":
            guard let shape = extents(1, ["shape", "newshape"]) else { return nil }
            let source = try array(0)
            if let first = shape.first, first.isBatchExtent || (source.isBatched && first.integer == -1) {
                let rest = source.isBatched || source.shape.first == 1 ? source : nil
                var made = rest?.reshaped([1] + shape.dropFirst().map(\.integer))
                made?.isBatched = true
                return try checked(made, "reshape")
            }
            return try checked(source.reshaped(shape.map(\.integer)), "reshape")
        case "expanddims", "expanddimsv2":
            guard let axes = integers(1, ["axis"]), axes.count == 1 else { return nil }
            return try checked(try array(0).inserting(axis: axes[0]), "an axis at \(axes[0])")
        case "squeeze":
            let source = try array(0)
            let open = source.shape.indices.filter { source.shape[$0] == 1 && !(source.isBatched && $0 == 0) }
            let axes = integers(1, ["axis"])?.compactMap { source.axis($0) }
            return try checked(source.removing(axes: axes ?? open), "squeeze")
        case "transpose":
            let source = try array(0)
            let order = integers(1, ["perm", "axes"])?.compactMap { source.axis($0) }
            return try checked(source.permuted(order ?? Array(source.shape.indices.reversed())), "transpose")
        case "swapaxes":
            let source = try array(0)
            guard let one = integers(1, ["axis1"])?.first.flatMap({ source.axis($0) }),
                let other = integers(2, ["axis2"])?.first.flatMap({ source.axis($0) })
            else { return nil }
            var order = Array(source.shape.indices)
            order.swapAt(one, other)
            return try checked(source.permuted(order), "swapaxes")
        case "tile": return try tiled()
        case "broadcastto":
            guard let shape = extents(1, ["shape"]) else { return nil }
            return try checked(repeated(try array(0), to: shape), "broadcast_to")
        case "concat", "concatenate", "stack": return try joined(stacks: name == "stack")
        case "repeat": return try elementsRepeated()
        case "flip", "reverse", "reversev2":
            let source = try array(0)
            var result: ConstantArray? = source
            for axis in (integers(1, ["axis"]) ?? Array(source.shape.indices)).compactMap({ source.axis($0) }) {
                result = result?.selecting((0..<source.shape[axis]).reversed(), along: axis)
            }
            return try checked(result, name)
        case "take", "gather", "gatherv2":
            let source = try array(0, ["params"]), indices = try array(1, ["indices"])
            let axis = integers(2, ["axis"])?.first
            return try checked(source.taking(indices, axis: axis), "take")
        case "tril", "triu":
            guard let diagonal = (integers(1, ["k", "diagonal"]) ?? [0]).first else { return nil }
            let source = try array(0)
            return try checked(
                name == "tril" ? source.band(lower: nil, upper: diagonal) : source.band(lower: -diagonal, upper: nil),
                name)
        case "matrixbandpart", "bandpart":
            guard let lower = integers(1, ["num_lower"])?.first, let upper = integers(2, ["num_upper"])?.first else {
                return nil
            }
            return try checked(
                try array(0).band(lower: lower < 0 ? nil : lower, upper: upper < 0 ? nil : upper), name)
        case "onehot":
            let source = try array(0, ["indices"])
            guard let depth = integers(1, ["depth", "num_classes"])?.first, depth > 0,
                let axis = (integers(nil, ["axis"]) ?? [-1]).first, axis == -1,
                let numbers = source.inserting(axis: -1)
            else { return nil }
            return try checked(.combined(numbers, .counting(depth), isInteger: false) { $0 == $1 ? 1 : 0 }, name)
        default: return nil
        }
    }

    private func tiled() throws(Problem) -> KerasValue? {
        guard let counts = extents(1, ["multiples", "repeats"]) else { return nil }
        var source = try array(0)
        while source.shape.count < counts.count, let more = source.inserting(axis: 0) { source = more }
        let missing = source.shape.count - counts.count
        for (position, count) in counts.enumerated() {
            let axis = position + missing
            if count.isBatchExtent, axis == 0, source.shape[0] == 1 {
                source.isBatched = true
            } else if let number = count.integer, number > 0, !(axis == 0 && source.isBatched && number > 1) {
                if number == 1 { continue }
                guard
                    let more = ConstantArray.joined(
                        [ConstantArray](repeating: source, count: min(number, 1 << 16)), axis: axis),
                    number <= 1 << 16
                else { throw refusal("cannot repeat \(source.shapeText) \(number) times") }
                source = more
            } else {
                throw refusal("cannot repeat \(source.shapeText) as often as a tensor says")
            }
        }
        return .array(source)
    }

    /// An array repeated to a shape that may hold the number of sequences.
    private func repeated(_ source: ConstantArray, to shape: [KerasValue]) -> ConstantArray? {
        var extents: [Int] = []
        var isBatched = false
        for (axis, extent) in shape.enumerated() {
            if axis == 0, extent.isBatchExtent {
                guard source.shape.count < shape.count || source.shape[0] == 1 else { return nil }
                extents.append(1)
                isBatched = true
            } else {
                guard let number = extent.integer, number > 0 else { return nil }
                extents.append(number)
            }
        }
        var result = source.broadcast(to: extents)
        if isBatched { result?.isBatched = true }
        return result
    }

    private func joined(stacks: Bool) throws(Problem) -> KerasValue? {
        let list = argument(0, ["values", "xs", "x", "arrays"]).elements
        var parts: [ConstantArray] = []
        for element in list {
            guard let part = element.array else {
                // A shape that is put together: extents that differ stay what they are.
                return stacks && list.allSatisfy { $0.integer != nil || $0.isExtent } ? .list(list) : nil
            }
            parts.append(part)
        }
        let axis = (integers(1, ["axis"]) ?? [0]).first ?? 0
        guard stacks else { return try checked(.joined(parts, axis: axis), "concat") }
        let raised = parts.compactMap { $0.inserting(axis: axis) }
        return try checked(raised.count == parts.count ? .joined(raised, axis: axis) : nil, "stack")
    }

    private func elementsRepeated() throws(Problem) -> KerasValue? {
        let source = try array(0)
        guard let count = argument(1, ["repeats"]).integer, count > 0,
            let axis = integers(2, ["axis"])?.first.flatMap({ source.axis($0) }),
            count <= ConstantArray.largestCount / source.values.count
        else {
            guard argument(1, ["repeats"]).isBatchExtent, integers(2, ["axis"])?.first == 0, source.shape.first == 1
            else {
                return nil
            }
            var result = source
            result.isBatched = true
            return .array(result)
        }
        let indices = (0..<source.shape[axis]).flatMap { [Int](repeating: $0, count: count) }
        return try checked(source.selecting(indices, along: axis), "repeat")
    }

    private func reduced(_ name: String) throws(Problem) -> KerasValue? {
        if name == "cumsum" {
            guard let axis = (integers(1, ["axis"]) ?? [0]).first else { return nil }
            return try checked(
                try array(0).accumulated(axis: axis, isExclusive: flag(["exclusive"]), isReversed: flag(["reverse"])),
                name)
        }
        guard let body = ConstantFunctions.reductions[name] else { return nil }
        let source = try array(0, ["input_tensor"])
        return try checked(
            source.reduced(
                axes: integers(1, ["axis"]), keepsAxes: flag(["keepdims", "keep_dims"]),
                isInteger: source.isInteger && !name.hasSuffix("mean"), body), name)
    }
}

extension KerasValue {
    /// Whether it is an extent of a tensor.
    fileprivate var isExtent: Bool { if case .extent = self { true } else { false } }
}

extension ConstantArray {
    /// Slices along an axis by an array of indices; without an axis out of all elements.
    fileprivate func taking(_ indices: ConstantArray, axis index: Int?) -> ConstantArray? {
        let source = index == nil ? reshaped([-1]) : self
        guard let source, let axis = source.axis(index ?? 0), !source.isBatched, !indices.isBatched else { return nil }
        let extent = source.shape[axis]
        var chosen: [Int] = []
        for value in indices.values {
            guard let number = Int(exactly: value) else { return nil }
            chosen.append(number < 0 ? number + extent : number)
        }
        guard var result = source.selecting(chosen, along: axis) else { return nil }
        result.shape.replaceSubrange(axis...axis, with: indices.shape)
        return result.shape.count <= Self.largestRank ? result : nil
    }
}
