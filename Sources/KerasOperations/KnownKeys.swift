import JSON
import KerasFiles
import KerasGraphs

/// Which keys the calls of recorded operations may hold: those that are used, beside those that cannot change a result
/// (`HarmlessKeys`).
///
/// Layers that are classes of their own list theirs in `KerasLayerClass.options`, layers that a document describes in
/// `CustomLayer.ignores`. A key that a later release adds is refused with its value rather than passed over. Functions
/// that are no framework's are not checked.
package enum KnownKeys {
    /// Arguments that every operation may have: its operands under the names that the releases give them.
    private static let operands: Set<String> = [
        "name", "trainable", "dtype", "function", "x", "x1", "x2", "y", "a", "b", "t", "input", "inputs", "values",
        "xs",
        "arrays", "tensor", "input_tensor", "params", "indices", "condition", "var",
    ]

    private static let operations: [String: Set<String>] = {
        var result: [String: Set<String>] = [:]
        func add(_ functions: [String], _ keys: Set<String>) { for function in functions { result[function] = keys } }
        add(
            [
                "add", "addv2", "subtract", "sub", "multiply", "mul", "divide", "truediv", "truedivide", "realdiv",
                "floordiv", "floordivide", "mod", "floormod", "remainder", "pow", "power", "maximum", "minimum",
                "equal",
                "notequal", "less", "lessequal", "greater", "greaterequal", "logicaland", "logicalor", "logicalxor",
                "logicalnot", "where", "wherev2", "negative", "neg", "abs", "absolute", "sqrt", "square", "sin", "cos",
            ], ["incompatible_shape_error"])
        add(
            [
                "mean", "reducemean", "sum", "reducesum", "max", "reducemax", "amax", "min", "reducemin", "amin", "any",
                "reduceany", "all", "reduceall",
            ], ["axis", "keepdims", "keep_dims"])
        add(["concat", "concatenate", "stack"], ["axis"])
        add(["reshape"], ["shape", "newshape"])
        add(["transpose"], ["perm", "axes"])
        add(["expanddims", "expanddimsv2", "squeeze"], ["axis"])
        add(["take", "gather", "gatherv2"], ["axis", "batch_dims", "validate_indices"])
        add(["tile"], ["multiples", "repeats"])
        add(["broadcastto"], ["shape"])
        add(["repeat"], ["repeats", "axis"])
        add(["clip", "clipbyvalue"], ["x_min", "x_max", "clip_value_min", "clip_value_max"])
        add(["pad", "padv2"], ["paddings", "pad_width", "mode", "constant_values"])
        add(["split"], ["num_or_size_splits", "indices_or_sections", "axis", "num", "value"])
        add(["unstack"], ["num", "axis", "value"])
        add(["matmul"], ["transpose_a", "transpose_b", "adjoint_a", "adjoint_b", "a_is_sparse", "b_is_sparse"])
        add(["einsum"], ["subscripts", "equation"])
        add(["range", "arange"], ["start", "limit", "stop", "delta", "step"])
        add(["tril", "triu"], ["k", "diagonal"])
        add(["getitem"], ["slice_spec", "key"])
        add(["zeroslike", "oneslike", "zeroslikev2", "oneslikev2"], ["optimize", "layout"])
        add(["fulllike"], ["fill_value"])
        add(["cumsum"], ["axis", "exclusive", "reverse"])
        add(["flip", "reverse", "reversev2"], ["axis"])
        add(["roll"], ["shift", "axis"])
        add(
            [
                "exp", "log", "reciprocal", "floor", "ceil", "sign", "rint", "rsqrt", "selectv2", "bitwiseand",
                "bitwiseor", "and", "or", "identity", "stopgradient",
            ], [])
        add(["round"], ["decimals"])
        add(["cast", "castto"], ["dtype"])
        add(["converttotensor", "convertkerastensor"], ["dtype_hint", "value"])
        add(["shape"], ["out_type"])
        add(["rangev2"], ["start", "limit", "delta"])
        add(["prod", "reduceprod"], ["axis", "keepdims", "keep_dims"])
        add(["onehot"], ["depth", "num_classes", "axis"])
        add(["matrixbandpart", "bandpart"], ["num_lower", "num_upper"])
        add(["swapaxes"], ["axis1", "axis2"])
        add(["moveaxis"], ["source", "destination"])
        return result
    }()

    /// Keys of a recorded operation and its calls that nobody here knows, with their values.
    package static func unknown(in layer: KerasLayer) -> [(key: String, value: String)] {
        guard layer.isOperation else { return [] }
        let listed = operations[layer.functionName] ?? ActivationOperation.options(of: layer.functionName)
        guard let known = listed?.union(operands) else { return [] }
        var result = HarmlessKeys.unknown(in: layer.config, beside: known)
        for call in layer.calls {
            for (key, argument) in call.keywords where !known.contains(key) && HarmlessKeys.reason(for: key) == nil {
                if case .constant(let value) = argument {
                    if value.saysSomething { result.append((key, value.shortDescription)) }
                } else {
                    result.append((key, "a tensor"))
                }
            }
        }
        return result.sorted { $0.key < $1.key }
    }
}
