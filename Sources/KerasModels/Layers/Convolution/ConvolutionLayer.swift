import JSON
import ModelGraph
import Platform

/// Windows over rows, or over the positions of an image.
enum ConvolutionLayer: KerasLayerClass {
    static let names = ["Conv1D", "Conv2D", "Convolution1D", "Convolution2D"]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        [.kernel(hasBias: layer.flag("use_bias", default: true))]
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        try call.refuse(["lora_rank"])
        if let groups = call.config["groups"]?.intValue, groups != 1 { throw call.unsupported("\(groups) groups") }
        if call.hasChannelsFirst {
            throw call.unsupported("channels that stand first")
        }
        let input = try call.input()
        let rank = call.layer.className.hasSuffix("1D") ? 1 : 2
        guard input.axes.count == rank + 1, input.axes.last == .width, input.axes.dropLast().allSatisfy(\.isRows) else {
            throw call.unsupported("windows over a tensor \(input.shapeText)")
        }
        let filters = try call.size("filters"), hasBias = call.flag("use_bias", default: true)
        let windows = try windows(call, rank: rank)
        let grid = rank == 1 ? [] : input.extents.dropLast().compactMap { $0 }
        let convolution = Convolution(
            grid: grid, windows: windows, inputWidth: input.width, outputWidth: filters, hasBias: hasBias)
        let parameters = try builder.kernel(
            of: call, shape: windows.map(\.size) + [input.width, filters], bias: hasBias ? filters : nil)

        var result = input
        result.width = filters
        result.mask = nil
        if rank == 1 {
            guard let rows = builder.resolved(input.rows).applying(.windows(windows[0])) else {
                throw call.corrupt("no window fits into \(input.shapeText)")
            }
            result.rows = rows
            result.axes[0] = .rows(rows.fixedCount)
        } else {
            guard let grid = convolution.resultGrid else {
                throw call.corrupt("no window fits into \(input.shapeText)")
            }
            result.rows = .count(grid.reduce(1, *))
            result.axes = grid.map { .rows($0) } + [.width]
        }
        result.name = builder.add(.convolution(convolution), [input.name], to: call, parameters)
        return [.tensor(try builder.activated(result, by: call.config["activation"], for: call, part: "activation"))]
    }

    private static func windows(_ call: LayerCall, rank: Int) throws(Problem) -> [Window] {
        func extents(_ key: String, default value: Int?) throws(Problem) -> [Int] {
            let found = call.config[key] ?? .null
            let numbers = found.arrayValue?.map(\.intValue) ?? [Int?](repeating: found.intValue ?? value, count: rank)
            let known = numbers.compactMap { $0 }.filter { (1...1 << 20).contains($0) }
            guard known.count == rank, numbers.count == rank else {
                throw call.corrupt("\"\(key)\" is \(found.shortDescription)")
            }
            return known
        }
        let sizes = try extents("kernel_size", default: nil), strides = try extents("strides", default: 1)
        let dilations = try extents("dilation_rate", default: 1)
        let padding = call.config["padding"]?.stringValue ?? "valid"
        var result: [Window] = []
        for axis in 0..<rank {
            var window = Window(size: sizes[axis], stride: strides[axis], dilation: dilations[axis])
            switch padding {
            case "valid": break
            case "same": window.padding = nil
            case "causal" where rank == 1:
                let (before, overflow) = (sizes[axis] - 1).multipliedReportingOverflow(by: dilations[axis])
                guard !overflow else { throw call.corrupt("a window of \(sizes[axis])") }
                window.padding = .init(before: before)
            default: throw call.unsupported("\"padding\" is \"\(padding.printable)\"")
            }
            result.append(window)
        }
        return result
    }
}
