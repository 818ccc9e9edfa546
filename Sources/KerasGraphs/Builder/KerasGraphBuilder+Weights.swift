import KerasFiles
import ModelGraph
import Platform
import Tensors
import WeightFiles

extension KerasGraphBuilder {
    /// The weights of a product, and what a quantized layer does to its input.
    package struct Matrix {
        /// `[rows, columns]`.
        package let weight: ParameterSource
        /// One number a column.
        package let bias: ParameterSource?
        /// `nil`: the input is taken as it is.
        package let rounding: Rounding?

        /// As the parameters of a linear operation.
        package var parameters: [String: ParameterSource] {
            bias.map { ["weight": weight, "bias": $0] } ?? ["weight": weight]
        }
    }

    /// One of a layer's variables, of a known number of elements.
    package func stored(
        of call: LayerCall, object: String = "", number: Int, count: Int
    ) throws(Problem) -> StoredTensor {
        let tensors = variables.tensors(of: call.path, object: object)
        guard tensors.indices.contains(number) else {
            throw call.corrupt("has \(tensors.count) weights\(object.isEmpty ? "" : " in \(object)")")
        }
        guard tensors[number].shape.count == count else {
            throw call.corrupt(
                "\(tensors[number].name.printable) has shape \(tensors[number].shape), not \(count) numbers")
        }
        return tensors[number]
    }

    /// A vector that is stored as it is used.
    package func vector(of call: LayerCall, number: Int, count: Int) throws(Problem) -> ParameterSource {
        .stored(try stored(of: call, number: number, count: count))
    }

    /// The kernel of a convolution, and its bias.
    package func kernel(of call: LayerCall, shape: [Int], bias: Int?) throws(Problem) -> [String: ParameterSource] {
        let tensors = variables.tensors(of: call.path)
        guard let kernel = tensors.first else { throw call.corrupt("has no kernel") }
        guard kernel.shape.extents == shape else {
            throw call.corrupt("\(kernel.name.printable) has shape \(kernel.shape), expected \(Shape(shape))")
        }
        guard tensors.count == (bias == nil ? 1 : 2) else {
            throw call.unsupported("has \(tensors.count) weights: quantized or adapted convolutions are not known")
        }
        guard let bias else { return ["weight": .stored(kernel)] }
        return ["weight": .stored(kernel), "bias": .stored(try stored(of: call, number: 1, count: bias))]
    }

    /// A kernel whose first axes are contracted with the input's last ones.
    ///
    /// - Parameters:
    ///   - object: The object inside the layer that owns it.
    ///   - contracted: Extents of the kernel's first axes.
    ///   - kept: Extents of its other axes.
    package mutating func matrix(
        of call: LayerCall, object: String = "", contracted: [Int], kept: [Int], hasBias: Bool
    ) throws(Problem) -> Matrix {
        let tensors = variables.tensors(of: call.path, object: object)
        let label = object.isEmpty ? call.label : "\(call.label), \(object)"
        let kernel = try StoredKernel(tensors, contracted: contracted, kept: kept, hasBias: hasBias, label: label)
        ignore(kernel.statistics)
        return Matrix(weight: kernel.weight, bias: kernel.bias, rounding: kernel.rounding)
    }

    /// The rows of an embedding.
    package func table(of call: LayerCall, rows: Int, width: Int) throws(Problem) -> ParameterSource {
        try StoredTable(variables.tensors(of: call.path), rows: rows, width: width, label: call.label).source
    }

    /// What an embedding that is used the reverse way does to its input.
    package func tableRounding(of call: LayerCall) throws(Problem) -> Rounding? {
        // Blocks of four bits leave the input as it is.
        let tensors = variables.tensors(of: call.path)
        let width = try call.size("output_dim")
        return tensors.first?.dtype == .int8 && tensors.first?.shape.extents.last == width ? .eightBit : nil
    }

    /// The input of a quantized layer as the layer sees it.
    package mutating func rounded(
        _ input: LayerValue, for call: LayerCall, by rounding: Rounding?, part: String
    ) -> LayerValue {
        guard let rounding else { return input }
        var result = input
        result.name = add(.round(rounding), [input.name], to: call, part: part)
        return result
    }

    /// Makes an input of the model a mask with one number a pair of query and key.
    ///
    /// - Returns: Whether the value is an input, and nothing else reads it.
    package mutating func markPairs(_ mask: LayerValue, rows: RowSpace) -> Bool {
        guard var layout = layouts[mask.name], layout.grid.isEmpty, layout.isPairs || !isRead(mask.name),
            unify(layout.rows, rows)
        else { return false }
        layout.rows = resolved(rows)
        layout.width = 1
        layout.content = .numbers
        layout.isPairs = true
        layouts[mask.name] = layout
        return true
    }

    private func isRead(_ name: String) -> Bool { nodes.contains { $0.inputs.contains(name) } }
}
