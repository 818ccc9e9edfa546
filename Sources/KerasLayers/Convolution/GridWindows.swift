import JSON
import KerasGraphs
import ModelGraph
import Platform

/// What layers over a line, an image or a volume have in common: where their windows lie, and the tensor as a grid of
/// rows with the channels last.
struct GridWindows {
    let call: LayerCall
    /// Axes that windows slide along.
    let rank: Int

    /// - Parameter classNames: Endings tell the rank: `Conv1D`, `Conv2DTranspose`.
    init(_ call: LayerCall) throws(Problem) {
        self.call = call
        let digits = call.layer.className.filter(\.isWholeNumber)
        guard let rank = Int(digits), (1...3).contains(rank) else {
            throw call.unsupported("windows along \(digits) axes")
        }
        self.rank = rank
    }

    /// A tensor as a grid of rows.
    struct Grid {
        /// Channels last, every other axis a row axis or of extent 1.
        var value: LayerValue
        /// Extents of all axes but the channels, those that the layer does not see included; empty for one axis whose
        /// length may differ.
        var extents: [Int]
        /// Whether channels stood first.
        let isChannelsFirst: Bool
    }

    /// The input as a grid.
    func grid(in builder: inout KerasGraphBuilder) throws(Problem) -> Grid {
        var value = try call.input().withoutMask
        let leading = call.leadingAxes
        guard value.axes.count == rank + 1 + leading else {
            throw call.unsupported("windows over a tensor \(value.shapeText)")
        }
        let isFirst = call.hasChannelsFirst
        if isFirst {
            // Channels behind the axes that windows slide along.
            let order = Array(0..<leading) + Array(leading + 1...leading + rank) + [leading]
            value = try builder.permuted(value, order, for: call).withoutMask
        }
        guard value.axes.last == .width, value.axes.dropLast().allSatisfy({ $0.isRows || $0 == .one }) else {
            throw call.unsupported("windows over a tensor \(value.shapeText)")
        }
        let known = value.extents.dropLast().compactMap { $0 }
        if rank == 1, leading == 0 {
            value = builder.counted(value, for: call, part: "row")
            return Grid(value: value, extents: [], isChannelsFirst: isFirst)
        }
        guard known.count == rank + leading else {
            throw call.unsupported("windows over \(value.shapeText), whose extents differ between sequences")
        }
        value = builder.counted(value, for: call, part: "row")
        return Grid(value: value, extents: known, isChannelsFirst: isFirst)
    }

    /// One window an axis that the layer does not see: each of its places alone.
    func leading(_ windows: [Window]) -> [Window] {
        [Window](repeating: Window(size: 1), count: call.leadingAxes) + windows
    }

    /// The result of an operation over a grid, channels where they stood.
    ///
    /// - Parameters:
    ///   - name: The operation's node.
    ///   - rows: Rows along one axis, where there is no grid.
    ///   - extents: Of the new grid.
    func result(
        _ grid: Grid, name: String, rows: RowSpace?, extents: [Int], width: Int, in builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        var result = grid.value
        result.isInteger = false
        result.name = name
        result.width = width
        if grid.extents.isEmpty {
            guard let rows else { throw call.corrupt("no window fits into \(grid.value.shapeText)") }
            result.rows = rows
            result.axes = [.rows(rows.fixedCount), .width]
        } else {
            result.rows = .count(extents.reduce(1, *))
            result.axes = extents.map { .rows($0) } + [.width]
        }
        return result
    }

    /// Puts channels back in front, once everything else is done.
    func finished(_ value: LayerValue, _ grid: Grid, in builder: inout KerasGraphBuilder) throws(Problem) -> LayerValue
    {
        guard grid.isChannelsFirst else { return value }
        let leading = call.leadingAxes
        let order = Array(0..<leading) + [leading + rank] + Array(leading..<leading + rank)
        return try builder.permuted(value, order, for: call)
    }

    // MARK: Configuration

    /// Numbers of the configuration, one an axis; a single one stands for all.
    func numbers(_ key: String, default standard: Int? = nil) throws(Problem) -> [Int] {
        let found = call.config[key] ?? .null
        let numbers =
            found.arrayValue?.map(\.intValue)
            ?? [Int?](repeating: found.intValue ?? (found.isNull ? standard : nil), count: rank)
        let known = numbers.compactMap { $0 }.filter { (1...1 << 20).contains($0) }
        guard known.count == rank, numbers.count == rank else {
            throw call.corrupt("\"\(key)\" is \(found.shortDescription)")
        }
        return known
    }

    /// Windows with the padding that the configuration names.
    func windows(sizes: [Int], strides: [Int], dilations: [Int]) throws(Problem) -> [Window] {
        let padding = (call.config["padding"]?.stringValue ?? "valid").lowercased()
        var result: [Window] = []
        for axis in 0..<rank {
            var window = Window(size: sizes[axis], stride: strides[axis], dilation: dilations[axis])
            switch padding {
            case "valid": break
            case "same": window.padding = nil
            case "causal" where rank == 1:
                let (before, overflow) = (sizes[axis] - 1).multipliedReportingOverflow(by: dilations[axis])
                guard !overflow, before < 1 << 20 else { throw call.corrupt("a window of \(sizes[axis])") }
                window.padding = .init(before: before)
            default: throw call.unsupported("\"padding\" is \"\(padding.printable)\"")
            }
            result.append(window)
        }
        return result
    }
}
