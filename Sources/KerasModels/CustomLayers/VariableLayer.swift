import JSON
import KerasFiles
import KerasGraphs
import ModelGraph
import Platform

/// A variable that a custom layer owns itself: rows of its own, all of them or as many as another value has.
enum VariableLayer: KerasLayerClass {
    /// No configuration spells a class so: only documents of custom layers have such parts.
    static let className = "variable of the layer"
    static let names = [className]

    static func variables(of layer: KerasLayer) -> [VariableGroup] {
        [VariableGroup("", [.init(layer.name, isTrainable: layer.flag("isTrained", default: true))])]
    }

    /// Whether a part of a custom layer is a variable.
    static func isVariable(_ part: KerasLayer) -> Bool { part.className == className }

    /// Which of its owner's variables a part is.
    static func number(of part: KerasLayer) -> Int? { isVariable(part) ? part.config["number"]?.intValue : nil }

    /// A variable as a part.
    static func layer(_ variable: CustomLayer.Variable, number: Int, calls: [KerasCall]) -> KerasLayer {
        let config: [String: JSONValue] = [
            "number": .integer(number), "isColumn": .bool(variable.isColumn ?? false),
            "isTrained": .bool(variable.isTrainable ?? true),
        ]
        return KerasLayer(
            className: className, module: nil, name: variable.name, config: .object(config), calls: calls, inner: nil,
            firstCall: 0)
    }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        let isColumn = call.flag("isColumn", default: false)
        guard let stored = builder.variables.tensors(of: call.path).first,
            let width = isColumn ? 1 : stored.shape.extents.last, width > 0, stored.shape.count > 0
        else { throw call.corrupt("the variable is missing") }
        let count = stored.shape.count / width
        let source = ParameterSource.stored(stored)
        guard let along = call.tensors.first else {
            let table = Table(count: count, width: width, isAlongInput: false)
            let name = builder.add(.table(table), [], to: call, ["rows": source])
            return [.tensor(LayerValue(name: name, axes: [.rows(count), .width], rows: .count(count), width: width))]
        }
        if let use = call.keywords["as"]?.constant?.stringValue {
            return [.tensor(try used(use, along, source, count: stored.shape.count, call, &builder))]
        }
        guard along.isStream else { throw call.unsupported("is laid along a tensor \(along.shapeText)") }
        if let rows = along.rows.fixedCount, rows > count {
            throw call.corrupt("has \(count) rows, \(rows) are needed")
        }
        let table = Table(count: count, width: width, isAlongInput: true)
        let name = builder.add(.table(table), [along.name], to: call, ["rows": source])
        return [.tensor(LayerValue(name: name, axes: along.axes, rows: along.rows, width: width))]
    }

    /// A factor (`scale`) or a summand (`offset`) a column, a matrix that the rows are multiplied with (`kernel`), or
    /// the factors of a norm (`rms_norm`, `layer_norm`) with an `epsilon`.
    private static func used(
        _ use: String, _ input: LayerValue, _ source: ParameterSource, count: Int, _ call: LayerCall,
        _ builder: inout KerasGraphBuilder
    ) throws(Problem) -> LayerValue {
        guard input.axes.last == .width, input.width > 0 else {
            throw call.unsupported("is used on a tensor \(input.shapeText)")
        }
        var result = input.withoutMask
        result.isInteger = false
        switch use {
        case "kernel":
            guard count.isMultiple(of: input.width) else {
                throw call.unsupported("has \(count) numbers for rows of \(input.width)")
            }
            result.width = count / input.width
            result.name = builder.add(
                .linear(Linear(inputWidth: input.width, outputWidth: result.width, hasBias: false)), [input.name],
                to: call, ["weight": source])
        case "scale", "offset":
            guard count == input.width else {
                throw call.unsupported("has \(count) numbers for rows of \(input.width)")
            }
            let isScale = use == "scale"
            result.name = builder.add(
                .affine(Affine(width: input.width, hasScale: isScale, hasOffset: !isScale)), [input.name], to: call,
                [isScale ? "scale" : "offset": source])
        case "rms_norm", "layer_norm":
            guard count == input.width else {
                throw call.unsupported("has \(count) numbers for rows of \(input.width)")
            }
            let epsilon = Float(call.keywords["epsilon"]?.constant?.doubleValue ?? 1e-6)
            let norm = Norm(
                kind: use == "rms_norm" ? .rms : .layer, width: input.width, epsilon: epsilon, hasOffset: false)
            result.name = builder.add(.norm(norm), [input.name], to: call, ["scale": source])
        default: throw call.corrupt("\"as\" is \"\(use.printable)\"")
        }
        return result
    }
}
