import JSON
import ModelGraph
import Platform

/// Layers that change nothing once training is over, and those that only change the mask.
enum IdentityLayer: KerasLayerClass {
    static let names = [
        "Dropout", "SpatialDropout1D", "SpatialDropout2D", "GaussianDropout", "GaussianNoise", "AlphaDropout",
        "ActivityRegularization", "Identity", "RandomFlip", "RandomRotation", "RandomZoom", "RandomTranslation",
        "RandomContrast", "RandomBrightness", "RandomCrop",
    ]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        if call.layer.className == "RandomCrop" { throw call.unsupported("cuts its input also when it does not train") }
        return [call.arguments.first ?? call.keywords["inputs"] ?? .none]
    }
}

/// A function of each number, or the softmax of each row.
enum ActivationLayer: KerasLayerClass {
    static let names = ["Activation", "ReLU", "Softmax", "GELU", "Relu", "Sigmoid", "Tanh", "Silu"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.input()
        switch call.layer.className {
        case "Activation":
            return [.tensor(try builder.activated(input, by: call.config["activation"], for: call, part: ""))]
        case "ReLU": try call.refuse(["max_value", "negative_slope", "threshold"])
        case "Softmax":
            if let axis = call.config["axis"], axis != .integer(-1), axis != .integer(input.axes.count) {
                throw call.unsupported("softmax along axis \(axis.shortDescription)")
            }
        default: break
        }
        return [
            .tensor(try builder.activated(input, by: .string(call.layer.className), for: call, part: ""))
        ]
    }
}

/// Hides rows whose numbers are all the same, and sets them to zero.
enum MaskingLayer: KerasLayerClass {
    static let names = ["Masking"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let input = try call.input()
        guard input.isStream else { throw call.unsupported("masks a tensor \(input.shapeText)") }
        let value = try call.number("mask_value", default: 0)
        let mask = builder.add(.mask(hidden: value), [input.name], to: call, part: "mask")
        var result = input
        result.name = builder.add(.multiply, [input.name, mask], to: call)
        result.mask = mask
        return [.tensor(result)]
    }
}

/// Sums, products and means of several tensors.
enum MergeLayer: KerasLayerClass {
    static let names = ["Add", "Subtract", "Multiply", "Average"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let inputs = call.tensors
        var result: LayerValue
        switch call.layer.className {
        case "Multiply": result = try builder.combine(.multiply, inputs, for: call)
        case "Subtract":
            guard inputs.count == 2 else { throw call.corrupt("has \(inputs.count) inputs") }
            let negative = builder.scaled(inputs[1], factor: -1, shift: 0, for: call, part: "negative")
            result = try builder.combine(.add, [inputs[0], negative], for: call)
        case "Average":
            let sum = try builder.combine(.add, inputs, for: call, part: "sum")
            result = builder.scaled(sum, factor: 1 / Float(inputs.count), shift: 0, for: call)
        default: result = try builder.combine(.add, inputs, for: call)
        }
        result.mask = builder.mergedMask(of: inputs, for: call)
        return [.tensor(result)]
    }
}

extension KerasGraphBuilder {
    /// The mask of several tensors' sum: Keras 2 shows what all masks show and ignores tensors without one; Keras 3
    /// shows what any mask shows, and has none as soon as a tensor has none.
    fileprivate mutating func mergedMask(of inputs: [LayerValue], for call: LayerCall) -> String? {
        let masks = inputs.compactMap(\.mask)
        guard call.generation == .keras3 else { return common(masks, for: call, part: "mask") }
        guard masks.count == inputs.count, let first = masks.first else { return nil }
        if masks.allSatisfy({ $0 == first }) { return first }
        let sum = add(.add, masks, to: call, part: "masks")
        return add(.mask(hidden: 0), [sum], to: call, part: "mask")
    }
}

/// Tensors put one after the other.
enum ConcatenateLayer: KerasLayerClass {
    static let names = ["Concatenate"]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let inputs = call.tensors
        var result = try builder.concatenated(inputs, axis: call.config["axis"]?.intValue ?? -1, for: call)
        result.mask = try mask(of: inputs, result, call, &builder)
        return [.tensor(result)]
    }

    private static func mask(
        of inputs: [LayerValue], _ result: LayerValue, _ call: LayerCall, _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> String? {
        let masks = inputs.compactMap(\.mask)
        guard !masks.isEmpty else { return nil }
        let isAlongRows = result.rows != builder.resolved(inputs[0].rows)
        guard isAlongRows else { return builder.common(masks, for: call, part: "mask") }
        guard masks.count == inputs.count else {
            throw call.unsupported("puts rows with a mask and rows without one together")
        }
        return builder.add(.concatenate(.rows), masks, to: call, part: "mask")
    }
}

extension KerasGraphBuilder {
    /// Values one after the other along an axis of the framework's tensors, the batch counted.
    mutating func concatenated(_ inputs: [LayerValue], axis: Int, for call: LayerCall) throws(Problem) -> LayerValue {
        guard var result = inputs.first, inputs.count >= 2 else {
            throw call.unsupported("puts \(inputs.count) tensors together")
        }
        let place = axis < 0 ? axis + result.axes.count : axis - 1
        guard result.axes.indices.contains(place), inputs.allSatisfy({ $0.axes.count == result.axes.count }) else {
            throw call.unsupported("axis \(axis) of \(inputs.map(\.shapeText).joined(separator: ", "))")
        }
        result.mask = nil
        result.isInteger = inputs.allSatisfy(\.isInteger)
        if result.axes[place] == .width {
            for input in inputs.dropFirst() {
                guard input.axes[place] == .width, unify(input.rows, result.rows) else {
                    throw call.unsupported("tensors \(result.shapeText) and \(input.shapeText) side by side")
                }
                result.width += input.width
            }
            result.name = add(.concatenate(.width), inputs.map(\.name), to: call)
            return result
        }
        let rowAxes = result.axes.filter(\.isRows).count
        var extent: Int? = 0
        var rows: RowSpace?
        for input in inputs {
            guard rowAxes <= 1, input.width == result.width,
                input.axes.indices.allSatisfy({
                    $0 == place || input.axes[$0] == result.axes[$0]
                })
            else { throw call.unsupported("tensors \(result.shapeText) and \(input.shapeText) one after the other") }
            // A single row a sequence has no row axis of its own.
            let own = resolved(input.rows)
            rows =
                try rows.map { rows throws(Problem) in
                    guard let joined = rows.joined(with: own) else {
                        throw call.unsupported("rows along \(rows) and \(own) one after the other")
                    }
                    return joined
                } ?? (own == .sequences ? .count(1) : own)
            if case .rows(let count) = input.axes[place] {
                extent = extent.flatMap { known in count.map { known + $0 } }
            } else {
                extent = extent.map { $0 + 1 }
            }
        }
        result.axes[place] = .rows(extent)
        result.rows = rows ?? result.rows
        result.name = add(.concatenate(.rows), inputs.map(\.name), to: call)
        return result
    }
}

/// One row a sequence: the mean or the maximum of all rows.
enum GlobalPoolingLayer: KerasLayerClass {
    static let names = [
        "GlobalAveragePooling1D", "GlobalAvgPool1D", "GlobalMaxPooling1D", "GlobalMaxPool1D", "GlobalAveragePooling2D",
        "GlobalAvgPool2D", "GlobalMaxPooling2D", "GlobalMaxPool2D",
    ]

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        var input = try call.input()
        let isMean = !call.layer.className.contains("Max")
        let isFirst = call.config["data_format"]?.stringValue == "channels_first"
        if isFirst { input = try builder.transposed(input, for: call) }
        guard input.axes.last == .width, input.rows != .sequences else {
            throw call.unsupported("pools a tensor \(input.shapeText)")
        }
        // A maximum is taken over all rows, hidden ones too.
        let mask = isMean && !isFirst ? call.keywords["mask"]?.tensor?.name ?? input.mask : nil
        var result = input
        result.name = builder.add(
            .pooling(isMean ? .mean : .max), [input.name] + (mask.map { [$0] } ?? []), to: call)
        result.rows = .sequences
        result.mask = nil
        let keepsAxes = call.flag("keepdims", default: false)
        result.axes = keepsAxes ? input.axes.map { $0.isRows ? .one : $0 } : [.width]
        if isFirst, keepsAxes { throw call.unsupported("keeps axes while channels stand first") }
        return [.tensor(result)]
    }
}

extension KerasGraphBuilder {
    /// `[batch, rows, width]` with its two axes exchanged.
    mutating func transposed(
        _ input: LayerValue, for call: LayerCall, part: String = "input"
    ) throws(Problem) -> LayerValue {
        guard input.isStream, case .rows(let count?) = input.axes[0] else {
            throw call.unsupported("exchanges the axes of \(input.shapeText)")
        }
        var result = input
        result.name = add(
            .rearrange(Rearrangement(extents: [count, input.width], order: [1, 0], rows: input.width)), [input.name],
            to: call, part: part)
        result.rows = .count(input.width)
        result.axes = [.rows(input.width), .width]
        result.width = count
        result.mask = nil
        return result
    }
}
