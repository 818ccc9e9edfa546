import ArchitectureSpecs
import KerasFiles
import ModelGraph
import Platform
import Tensors

extension KerasGraphBuilder {
    /// A constant as a tensor of the graph: a table of its own.
    ///
    /// - Parameters:
    ///   - rank: Axes of the tensors that it meets, the batch included; axes of extent 1 are put in front.
    ///   - isColumn: Whether its last axis lies along rows, as those of what it meets do.
    /// - Throws: `unsupported` for one that differs between the sequences of a batch.
    package mutating func materialized(
        _ array: ConstantArray, rank: Int, isColumn: Bool, for call: LayerCall
    ) throws(Problem) -> LayerValue {
        let shape = [Int](repeating: 1, count: max(0, max(rank, 1) - array.shape.count)) + array.shape
        let count = array.values.count / shape[0]
        let isSame = (0..<shape[0]).allSatisfy {
            array.values[($0 * count)...].prefix(count) == array.values[..<count]
        }
        if !isSame {
            // Only where a batch always has so many sequences does each of them have its own.
            guard shape[0] == batchSize, !array.isBatched else {
                throw call.unsupported(
                    "takes a constant \(array.shapeText), which differs from one sequence of a batch to the next")
            }
            return ofEachSequence(array, shape, for: call)
        }
        let extents = Array(shape.dropFirst())
        let values = array.values.prefix(count).map { Float($0) }
        return materialized(values, extents: extents, isColumn: isColumn, isInteger: array.isInteger, for: call)
    }

    /// Numbers that every sequence has alike.
    private mutating func materialized(
        _ values: [Float], extents: [Int], isColumn: Bool, isInteger: Bool, for call: LayerCall
    ) -> LayerValue {
        let isColumn = isColumn && (extents.last ?? 1) > 1 && extents.dropLast().allSatisfy { $0 == 1 }
        let width = isColumn ? 1 : extents.last ?? 1
        let rows = values.count / max(width, 1)
        var axes = extents.map { $0 == 1 ? LayerValue.Axis.one : .rows($0) }
        if !isColumn, !axes.isEmpty { axes[axes.count - 1] = .width }
        var name = table(Tensor(values, shape: [rows, width]), for: call)
        let space: RowSpace
        if rows == 1 {
            name = add(
                .slice(Slice(axis: .rows, start: 0, count: 1, isSqueezed: true)), [name], to: call, part: "constant/row"
            )
            space = .sequences
        } else {
            space = .count(rows)
        }
        return LayerValue(name: name, axes: axes, rows: space, width: width, isInteger: isInteger)
    }

    /// Numbers of each sequence of a batch.
    private mutating func ofEachSequence(_ array: ConstantArray, _ shape: [Int], for call: LayerCall) -> LayerValue {
        let extents = Array(shape.dropFirst())
        let width = extents.last ?? 1
        let tensor = Tensor(array.values.map { Float($0) }, shape: [array.values.count / width, width])
        let count = tensor.shape[0], rows = count / shape[0]
        var name = addOwned(
            .table(Table(count: count, width: width, isAlongInput: false, sequences: shape[0])), [], to: call,
            part: "constant", ["rows": .computed(.init(names: [], shape: tensor.shape) { _ in tensor })])
        var axes = extents.map { $0 == 1 ? LayerValue.Axis.one : .rows($0) }
        if !axes.isEmpty { axes[axes.count - 1] = .width }
        if rows == 1 {
            name = add(
                .slice(Slice(axis: .rows, start: 0, count: 1, isSqueezed: true)), [name], to: call, part: "constant/row"
            )
        }
        return LayerValue(
            name: name, axes: axes, rows: rows == 1 ? .sequences : .count(rows), width: width,
            isInteger: array.isInteger)
    }

    /// A table of constants.
    private mutating func table(_ tensor: Tensor, for call: LayerCall) -> String {
        let shape = tensor.shape
        return addOwned(
            .table(Table(count: shape[0], width: shape[1], isAlongInput: false)), [], to: call, part: "constant",
            ["rows": .computed(.init(names: [], shape: shape) { _ in tensor })])
    }

    /// The first rows of a constant table, as many as a value has.
    package mutating func constantRows(
        _ values: [Float], count: Int, width: Int, along value: LayerValue, for call: LayerCall
    ) -> String {
        let tensor = Tensor(values, shape: [count, width])
        return addOwned(
            .table(Table(count: count, width: width, isAlongInput: true)), [value.name], to: call, part: "constant",
            ["rows": .computed(.init(names: [], shape: [count, width]) { _ in tensor })])
    }

    /// Rows of a count whose end is not known.
    private static let longestCount = 1 << 13

    /// A call whose arguments that number the rows of a tensor are those numbers.
    package mutating func withNumbers(_ call: LayerCall) -> LayerCall {
        var counted: [String: LayerValue] = [:]
        func numbers(_ value: KerasValue) -> KerasValue {
            guard case .positions(let along) = value else { return value }
            if let array = value.array { return .array(array) }
            guard along.axes.filter(\.isRows).count == 1 else { return value }
            if let made = counted[along.name] { return .tensor(made) }
            let count = Self.longestCount
            let name = constantRows((0..<count).map(Float.init), count: count, width: 1, along: along, for: call)
            var made = LayerValue(name: name, axes: [.rows(nil)], rows: along.rows, width: 1, isInteger: true)
            made.hasBatch = false
            counted[along.name] = made
            self.counted[name] = (along, 0)
            leaveOutUnread(name)
            return .tensor(made)
        }
        return LayerCall(
            layer: call.layer, path: call.path, node: call.node, arguments: call.arguments.map(numbers),
            keywords: call.keywords.mapValues(numbers), generation: call.generation, leadingAxes: call.leadingAxes)
    }

    /// Tensors and constants that an operation combines, constants as tensors that meet the others.
    package mutating func operands(_ values: [KerasValue], for call: LayerCall) throws(Problem) -> [LayerValue] {
        let tensors = values.compactMap(\.tensor)
        let rank = tensors.map { $0.axes.count + 1 }.max() ?? 1
        let isColumn = tensors.contains { $0.axes.count + 1 == rank && ($0.axes.last?.isRows ?? false) }
        var result: [LayerValue] = []
        for value in values {
            if let tensor = value.tensor {
                result.append(tensor)
            } else if let array = value.array {
                result.append(
                    try materialized(array, rank: max(rank, array.shape.count), isColumn: isColumn, for: call))
            } else {
                throw call.unsupported("an operand is neither a tensor nor a constant")
            }
        }
        return result
    }

    // MARK: Rows of extent 1

    /// A value whose one row a sequence is the sequence's own row.
    package mutating func squeezed(_ value: LayerValue, for call: LayerCall) -> LayerValue {
        guard resolved(value.rows) == .count(1) else { return value }
        var result = value
        result.name = add(
            .slice(Slice(axis: .rows, start: 0, count: 1, isSqueezed: true)), [value.name], to: call, part: "row")
        result.rows = .sequences
        result.axes = value.axes.map { $0.isRows ? .one : $0 }
        return result
    }

    /// A value `[batch, 1, width]` with a row for its axis of extent 1, for what looks at rows.
    package mutating func rowed(_ value: LayerValue, for call: LayerCall) -> LayerValue {
        guard value.rows == .sequences, value.axes.count == 2, value.axes[0] == .one, value.axes[1] == .width else {
            return value
        }
        var result = value
        result.name = add(
            .rearrange(Rearrangement(extents: [value.width], rows: 1)), [value.name], to: call, part: "rows")
        result.rows = .count(1)
        result.axes = [.rows(1), .width]
        // A mask of one row is a number a sequence.
        if let mask = value.mask {
            result.mask = add(.rearrange(Rearrangement(extents: [1], rows: 1)), [mask], to: call, part: "rows")
        }
        return result
    }
}

extension KerasValue {
    /// The value where it is known before anything runs: numbers, lists of numbers, and what follows from shapes.
    package var array: ConstantArray? {
        switch self {
        case .array(let array): return array
        case .constant(.bool(let flag)): return ConstantArray(flag ? 1 : 0, isInteger: true)
        case .constant(.integer(let number)): return ConstantArray(Double(number), isInteger: true)
        case .constant(.number(let number)): return ConstantArray(number)
        case .constant(let value): return value.arrayValue == nil ? nil : ConstantArray(value)
        case .extent: return integer.map { ConstantArray(Double($0), isInteger: true) }
        case .positions(let value):
            guard value.axes.filter(\.isRows).count == 1, let count = value.rows.fixedCount,
                count <= ConstantArray.largestCount
            else { return nil }
            return .counting(count)
        case .list(let elements):
            var parts: [ConstantArray] = []
            for element in elements {
                guard let part = element.array?.inserting(axis: 0), !part.isBatched else { return nil }
                parts.append(part)
            }
            return parts.isEmpty ? nil : ConstantArray.joined(parts, axis: 0)
        default: return nil
        }
    }

    /// Whether it is the number of sequences.
    package var isBatchExtent: Bool { if case .extent(_, axis: 0) = self { true } else { false } }
}
