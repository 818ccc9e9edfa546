import JSON
import KerasFiles
import ModelGraph
import Platform

extension KerasGraphBuilder {
    /// The model's input layers as inputs of the graph.
    package mutating func inputs(of model: KerasModel) throws(Problem) -> [KerasValue] {
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
        let label = "\(layer.name.printable) (InputLayer)"
        let shape = layer.config["batch_input_shape"] ?? layer.config["batch_shape"] ?? .null
        guard let extents = shape.arrayValue, !extents.isEmpty else {
            throw Problem(.unsupported, "\(label): its shape is not in the configuration")
        }
        if let count = extents[0].intValue, (1...GraphLimit.extent).contains(count) { batchSize = batchSize ?? count }
        if layer.flag("ragged", default: false) {
            throw Problem(.unsupported, "\(label): takes ragged tensors")
        }
        var sizes: [Int?] = []
        for extent in extents.dropFirst() {
            guard extent.isNull || (1...GraphLimit.extent).contains(extent.intValue ?? 0) else {
                throw Problem(.corrupt, "\(label): has shape \(shape.shortDescription)")
            }
            sizes.append(extent.intValue)
        }
        let type = layer.config["dtype"]?.stringValue ?? "float32"
        let isInteger =
            type.hasPrefix("int") || type.hasPrefix("uint") || type == "bool" || idInputs.contains(layer.name)
        guard var value = LayerValue(input: layer.name, sizes, isInteger: isInteger) else {
            throw Problem(.unsupported, "\(label): has shape \(shape.shortDescription)")
        }
        value.isInteger = isInteger
        let grid = sizes.count > 2 ? sizes.dropLast().compactMap { $0 } : []
        addInput(value.name, InputLayout(rows: value.rows, width: value.width, grid: grid))
        return value
    }
}

extension LayerValue {
    /// An input of a model.
    ///
    /// - Parameter sizes: Extents of its axes behind the batch; `nil` for any length.
    /// - Returns: `nil` where three axes or more are not all of known length.
    fileprivate init?(input name: String, _ sizes: [Int?], isInteger: Bool) {
        // The names of our own axes mean something else.
        let axis = RowSpace.Axis(["tokens", "sequences"].contains(name) ? name + "_rows" : name)
        switch (sizes.count, isInteger) {
        case (0, _): self.init(name: name, axes: [], rows: .sequences, width: 1)
        case (1, false) where sizes[0] != nil:
            self.init(name: name, axes: [.width], rows: .sequences, width: sizes[0] ?? 1)
        case (1, _):
            let rows = sizes[0].map(RowSpace.count) ?? .axis(axis)
            self.init(name: name, axes: [.rows(sizes[0])], rows: rows, width: 1)
        case (2, _):
            let rows = sizes[0].map(RowSpace.count) ?? .axis(axis)
            // Without a width it can only be a mask of pairs.
            self.init(name: name, axes: [.rows(sizes[0]), .width], rows: rows, width: sizes[1] ?? 1)
        default:
            let known = sizes.compactMap { $0 }
            let count = known.dropLast().reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? 0 : $0 * $1 }
            guard known.count == sizes.count, count > 0, count <= GraphLimit.extent, let width = known.last else {
                return nil
            }
            self.init(
                name: name, axes: known.dropLast().map { .rows($0) } + [.width], rows: .count(count), width: width)
        }
    }
}
