import JSON
import ModelGraph
import Platform

extension KerasGraphBuilder {
    /// The model's input layers as inputs of the graph.
    mutating func inputs(of model: KerasModel) throws(Problem) -> [KerasValue] {
        var values: [KerasValue] = []
        for reference in model.inputs {
            guard let layer = model.layer(named: reference.layer), layer.className == "InputLayer" else {
                throw Problem(.corrupt, "\"\(reference.layer.printable)\" is an input and no input layer")
            }
            values.append(.tensor(try input(layer)))
        }
        return values
    }

    private mutating func input(_ layer: KerasLayer) throws(Problem) -> LayerValue {
        let place = "\(layer.name.printable) (InputLayer)"
        let shape = layer.config["batch_input_shape"] ?? layer.config["batch_shape"] ?? .null
        guard let extents = shape.arrayValue, !extents.isEmpty else {
            throw Problem(.unsupported, "\(place): its shape is not in the configuration")
        }
        var sizes: [Int?] = []
        for extent in extents.dropFirst() {
            guard extent.isNull || (1...GraphLimit.extent).contains(extent.intValue ?? 0) else {
                throw Problem(.corrupt, "\(place): has shape \(shape.shortDescription)")
            }
            sizes.append(extent.intValue)
        }
        let type = layer.config["dtype"]?.stringValue ?? "float32"
        let isInteger = type.hasPrefix("int") || type.hasPrefix("uint") || type == "bool"
        // The names of our own axes mean something else.
        let axis = RowSpace.Axis(["tokens", "sequences"].contains(layer.name) ? layer.name + "_rows" : layer.name)
        let name = layer.name
        var value: LayerValue
        switch (sizes.count, isInteger) {
        case (0, _): value = LayerValue(name: name, axes: [], rows: .sequences, width: 1)
        case (1, false) where sizes[0] != nil:
            value = LayerValue(name: name, axes: [.width], rows: .sequences, width: sizes[0] ?? 1)
        case (1, _):
            let rows = sizes[0].map(RowSpace.count) ?? .axis(axis)
            value = LayerValue(name: name, axes: [.rows(sizes[0])], rows: rows, width: 1)
        case (2, _):
            if sizes[0] == 1, let width = sizes[1] {
                value = LayerValue(name: name, axes: [.one, .width], rows: .sequences, width: width)
            } else {
                let rows = sizes[0].map(RowSpace.count) ?? .axis(axis)
                // Without a width it can only be a mask of pairs.
                value = LayerValue(name: name, axes: [.rows(sizes[0]), .width], rows: rows, width: sizes[1] ?? 1)
            }
        default:
            let known = sizes.compactMap { $0 }
            let places = known.dropLast().reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? 0 : $0 * $1 }
            guard known.count == sizes.count, places > 0, places <= GraphLimit.extent, let width = known.last else {
                throw Problem(.unsupported, "\(place): has shape \(shape.shortDescription)")
            }
            value = LayerValue(
                name: name, axes: known.dropLast().map { .rows($0) } + [.width], rows: .count(places), width: width)
            addInput(name, InputLayout(rows: value.rows, width: width, grid: Array(known.dropLast())))
            value.isInteger = isInteger
            return value
        }
        value.isInteger = isInteger
        addInput(name, InputLayout(rows: value.rows, width: value.width))
        return value
    }
}
