import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// Two recurrent layers over the same rows, one of them from the last row to the first.
enum BidirectionalLayer: KerasWrapperClass {
    static let names = ["Bidirectional"]
    static let options: Set<String>? = ["layer", "backward_layer", "merge_mode"]

    static func parts(of layer: KerasLayer) -> [KerasLayer] {
        guard let forward = layer.wrapped["layer"] else { return [] }
        let backward = layer.wrapped["backward_layer"] ?? forward.turnedAround
        return [("forward", forward), ("backward", backward)].map { direction, layer in
            let isNamed = layer.name.hasPrefix(direction + "_")
            return layer.part(direction + "_layer", named: isNamed ? layer.name : "\(direction)_\(layer.name)")
        }
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let parts = parts(of: call.layer)
        guard parts.count == 2 else { throw call.corrupt("\"layer\" is missing") }
        for part in parts where !RecurrentLayer.names.contains(part.className) {
            throw call.unsupported("a layer of the class \(part.className.printable) in both directions")
        }
        let given = call.first.elements
        let states = (given.dropFirst() + call[1, "initial_state"].elements).filter { !$0.isNone }
        guard states.count.isMultiple(of: 2) else { throw call.corrupt("starts from \(states.count) states") }
        var outputs: [LayerValue] = [], last: [LayerValue] = []
        for (number, part) in parts.enumerated() {
            let half = states.count / 2
            let own = states.isEmpty ? .none : KerasValue.list(Array(states[number * half..<(number + 1) * half]))
            var inner = LayerCall(
                layer: part, path: call.path + [part.name], node: "\(call.node)/\(part.name)",
                arguments: [given.first ?? .none, own, call[2, "mask"]], keywords: [:], generation: call.generation)
            inner.leadingAxes = call.leadingAxes
            if let options = RecurrentLayer.options { try inner.refuseKeys(beside: options) }
            let cell = try RecurrentCell(inner, in: builder)
            let isBackwards = part.flag("go_backwards", default: false)
            // Rows of the second layer are turned around once more.
            let reading = RecurrentReading(
                isBackwards: isBackwards, isFlipped: isBackwards != (number == 1), hiddenGivesZero: cell.returnsRows)
            let result = try cell.results(reading, in: &builder)
            outputs.append(result.output)
            last += result.states
        }
        guard outputs[0].rows == outputs[1].rows, outputs[0].axes == outputs[1].axes else {
            throw call.corrupt("its two layers give different shapes")
        }
        return try merged(outputs, call, &builder).map(KerasValue.tensor) + last.map(KerasValue.tensor)
    }

    private static func merged(
        _ outputs: [LayerValue], _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> [LayerValue] {
        let mode = call.config["merge_mode"] ?? .string("concat")
        if mode.isNull { return outputs }
        var result = outputs[0]
        let names = outputs.map(\.name)
        guard mode == .string("concat") || outputs[0].width == outputs[1].width else {
            throw call.corrupt("its two layers give different shapes")
        }
        switch mode.stringValue {
        case "concat":
            result.width = outputs[0].width + outputs[1].width
            result.name = builder.add(.concatenate(.width), names, to: call)
        case "sum": result.name = builder.add(.add, names, to: call)
        case "mul": result.name = builder.add(.multiply, names, to: call)
        case "ave":
            result.name = builder.add(.add, names, to: call, part: "sum")
            result = builder.scaled(result, factor: 0.5, shift: 0, for: call)
        default: throw call.unsupported("\"merge_mode\" is \(mode.shortDescription)")
        }
        return [result]
    }
}

extension KerasLayer {
    /// The layer reading its rows the other way.
    fileprivate var turnedAround: KerasLayer {
        var members = config.objectValue ?? [:]
        members["go_backwards"] = .bool(!flag("go_backwards", default: false))
        return withConfig(.object(members))
    }
}
