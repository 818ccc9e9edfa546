import JSON
import ModelGraph
import Platform

/// A variable that a custom layer owns itself: rows of its own, all of them or as many as another value has.
enum VariableLayer: KerasLayerClass {
    /// No configuration spells a class so: only documents of custom layers have such parts.
    static let className = "variable of the layer"
    static let names = [className]

    static func variables(of layer: KerasLayer) -> [VariableGroup] { [VariableGroup("", [layer.name])] }

    /// Whether a part of a custom layer is a variable.
    static func isVariable(_ part: KerasLayer) -> Bool { part.className == className }

    /// Which of its owner's variables a part is.
    static func number(of part: KerasLayer) -> Int? { isVariable(part) ? part.config["number"]?.intValue : nil }

    static func apply(_ call: LayerCall, in builder: inout KerasGraphBuilder) throws(Problem) -> [KerasValue] {
        guard let stored = builder.variables.tensors(of: call.path).first, let width = stored.shape.extents.last,
            width > 0, stored.shape.count > 0
        else { throw call.corrupt("the variable is missing") }
        let count = stored.shape.count / width
        let source = ParameterSource.stored(stored)
        guard let along = call.tensors.first else {
            let table = Table(count: count, width: width, isAlongInput: false)
            let name = builder.add(.table(table), [], to: call, ["rows": source])
            return [.tensor(LayerValue(name: name, axes: [.rows(count), .width], rows: .count(count), width: width))]
        }
        guard along.isStream else { throw call.unsupported("is laid along a tensor \(along.shapeText)") }
        let table = Table(count: count, width: width, isAlongInput: true)
        let name = builder.add(.table(table), [along.name], to: call, ["rows": source])
        return [.tensor(LayerValue(name: name, axes: along.axes, rows: along.rows, width: width))]
    }
}
