import KerasFiles
import KerasGraphs
import Platform

/// `tril(x)`, `triu(x)`, `tf.linalg.band_part(x, …)`: everything outside a band of the last two axes made 0.
enum BandOperation: KerasOperation {
    static let functions = ["tril", "triu", "matrixbandpart", "bandpart"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        let input = try call.input()
        let extents = builder.extents(of: input).compactMap { $0 }
        guard extents.count == input.axes.count, extents.count >= 2,
            let ones = ConstantArray.filled(1, shape: Array(extents.suffix(2)))
        else { throw call.unsupported("a band of \(input.shapeText)") }
        let known = call.replacing(first: .array(ones))
        guard case .array(let band)? = try ConstantOperation.value(of: known) else {
            throw call.unsupported("a band that is not known")
        }
        let operands = try builder.operands([.tensor(input), .array(band)], for: call)
        var result = try builder.combine(.multiply, operands, for: call)
        result.isInteger = input.isInteger
        return .tensor(result)
    }
}

/// `tile`, `broadcast_to`, `repeat` of tensors: as often as is known, along axes of extent 1.
enum LayoutOperation: KerasOperation {
    static let functions = ["tile", "broadcastto", "repeat"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> KerasValue {
        // The numbers of rows are the same for every sequence.
        if case .positions(let along) = call.first, case .list(let counts) = call.operand(1, ["shape", "multiples"]),
            counts.count == 2, counts[0].isBatchExtent, counts[1].integer == 1 || counts[1].isSameExtent(as: along)
        {
            return call.first
        }
        let input = try call.input().withoutMask
        let name = call.functionName
        let given = call.operand(1, name == "broadcastto" ? ["shape"] : ["multiples", "repeats"])
        var counts: [KerasValue] = []
        switch given {
        case .list(let elements): counts = elements
        case .array(let array): counts = array.values.map { .constant(.integer(Int(exactly: $0) ?? 0)) }
        case .shape(let value): counts = (0...value.axes.count).map { .extent(value, axis: $0) }
        case .constant(.integer) where name == "repeat", .extent where name == "repeat",
            .constant(.null) where name == "repeat" && call.config["repeats"]?.intValue != nil:
            let given = given.isNone ? .constant(call.config["repeats"] ?? .null) : given
            let axis = call.keywords["axis"]?.integer ?? call.config["axis"]?.boundedInteger ?? -1
            let rank = input.axes.count + 1
            let position = axis < 0 ? axis + rank : axis
            guard (0..<rank).contains(position) else { throw call.unsupported("repeats along axis \(axis)") }
            counts = (0..<rank).map { $0 == position ? given : .constant(.integer(1)) }
        default:
            let listed = call.config[name == "broadcastto" ? "shape" : "repeats"]
            counts = (listed?.arrayValue ?? []).map { .constant($0) }
        }
        // Tables without a batch get one when they are laid out for it.
        var value = input
        if !value.hasBatch, counts.count == value.axes.count {
            counts.insert(.constant(.integer(1)), at: 0)
        }
        guard counts.count == value.axes.count + 1, let first = counts.first else {
            throw call.unsupported("repeats \(input.shapeText) \(counts.count) times")
        }
        let isTarget = name == "broadcastto"
        guard first.isBatchExtent || first.integer == 1 || isTarget && (first.isNone || first.integer == -1) else {
            throw call.unsupported("repeats sequences")
        }
        if first.isBatchExtent { value.hasBatch = true }
        var target: [Int] = []
        for (extent, count) in zip(builder.extents(of: value), counts.dropFirst()) {
            if count.integer == 1 && !isTarget { target.append(0); continue }
            if isTarget, count.isNone || count.integer == -1 || count.integer == extent || count.isSameExtent(as: value)
            {
                target.append(0)
                continue
            }
            if name == "repeat", let number = count.integer, let extent, extent > 1,
                (1...1 << 12).contains(number * extent)
            {
                let order = (0..<extent).flatMap { [Int](repeating: $0, count: number) }
                return .tensor(try OrderOperation.taken(order, value, target.count + 1, call, &builder))
            }
            if name == "tile", let number = count.integer, let extent, extent > 1,
                counts.filter({ $0.integer != 1 }).count == 1,
                (1...1 << 12).contains(number * extent)
            {
                let order = (0..<number).flatMap { _ in Array(0..<extent) }
                return .tensor(try OrderOperation.taken(order, value, target.count + 1, call, &builder))
            }
            guard let number = count.integer, number > 0, extent == 1 else {
                throw call.unsupported("repeats axes of \(value.shapeText) that are not of extent 1")
            }
            target.append(number)
        }
        if target.allSatisfy({ $0 == 0 }) { return .tensor(value) }
        guard let ones = ConstantArray.filled(1, shape: [1] + target.map { max($0, 1) }) else {
            throw call.unsupported("repeats \(value.shapeText) that often")
        }
        let operands = try builder.operands([.tensor(value), .array(ones)], for: call)
        var result = try builder.combine(.multiply, operands, for: call)
        result.isInteger = value.isInteger
        result.hasBatch = value.hasBatch
        return .tensor(result)
    }
}

extension KerasValue {
    /// Whether it is an extent of a tensor that has the same rows.
    fileprivate func isSameExtent(as value: LayerValue) -> Bool {
        guard case .extent(let other, let axis) = self, axis > 0, axis <= other.axes.count else { return false }
        return other.axes[axis - 1].isRows && other.rows == value.rows
    }
}
