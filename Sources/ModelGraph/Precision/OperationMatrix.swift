import Tensors

/// A parameter of an operation that may be stored in fewer bits.
package struct OperationMatrix: Sendable, Hashable {
    /// What the operation does with it.
    package enum Role: Sendable, Hashable {
        /// Rows of a value are multiplied with it; matrices of one stream are given the same quantised rows.
        ///
        /// - Parameter smoothing: Name of the parameter with the stream's factors.
        case product(smoothing: String)
        /// It is multiplied with in other ways: its inputs stay as they are.
        case weights
        /// Its rows are looked up.
        case table
    }

    /// Name of the parameter.
    package let name: String
    /// `[in, out]`; of a table `[rows, width]`.
    package let shape: Shape
    /// What is done with it.
    package let role: Role

    /// Name of the parameter with its scales.
    package var scaleName: String { Self.scaleName(of: name) }

    /// Name of the parameter with the scales of a matrix.
    package static func scaleName(of matrix: String) -> String { matrix + "_scale" }

    /// Kinds that it may be stored in.
    package var kinds: Set<Precision.Kind> {
        switch role {
        case .product: Set(Precision.Kind.allCases)
        case .weights: [.bfloat16, .int8Weights, .int4Weights]
        case .table: [.bfloat16, .int8]
        }
    }
}

extension Operation {
    /// The parameters that may be stored in fewer bits, in storage order.
    package var matrices: [OperationMatrix] {
        parameters.compactMap { parameter in
            guard parameter.shape.rank == 2, let role = role(of: parameter.name) else { return nil }
            return OperationMatrix(name: parameter.name, shape: parameter.shape, role: role)
        }
    }

    /// What is done with a matrix; `nil` for one that always stays in its stored type.
    private func role(of parameter: String) -> OperationMatrix.Role? {
        switch (self, parameter) {
        case (.linear, "weight"): .product(smoothing: "smoothing")
        case (.attention, "query_weight"): .product(smoothing: "input_smoothing")
        case (.attention(let attention), "key_weight"), (.attention(let attention), "value_weight"):
            .product(smoothing: attention.isCross ? "memory_smoothing" : "input_smoothing")
        case (.attention, "output_weight"): .product(smoothing: "output_smoothing")
        case (.convolution, "weight"), (.recurrent, "weight"), (.recurrent, "recurrent_weight"): .weights
        case (.embedding, "tokens"), (.embedding, "positions"): .table
        default: nil
        }
    }
}

/// A parameter as a file holds it.
package struct StoredParameter: Sendable, Hashable {
    /// What its numbers are.
    package enum Content: Sendable, Hashable {
        /// Floating-point numbers of any type.
        case numbers
        /// Numbers of one type.
        case exactly(DType)
        /// Scales or factors of one type: finite and not zero.
        case factors(DType)

        /// Whether numbers of a type may stand here.
        package func admits(_ dtype: DType) -> Bool {
            switch self {
            case .numbers: dtype.isFloatingPoint
            case .exactly(let wanted), .factors(let wanted): dtype == wanted
            }
        }

        /// What is expected, in words.
        var text: String {
            switch self {
            case .numbers: "floating point"
            case .exactly(let wanted), .factors(let wanted): wanted.rawValue
            }
        }

        /// Bytes of one number, floating-point ones counted as float32.
        package var byteCount: Int {
            switch self {
            case .numbers: DType.float32.byteCount
            case .exactly(let type), .factors(let type): type.byteCount
            }
        }
    }

    /// Name within the node.
    package let name: String
    /// Extents as stored.
    package let shape: Shape
    /// What its numbers are.
    package let content: Content
}

extension Node {
    /// How one of the node's matrices is stored and multiplied; `nil`: in 32 bits.
    package func precision(of matrix: String) -> Precision? { precisions[matrix] }

    /// The node's own parameters as a file holds them: quantised matrices with their scales, then factors of streams.
    package var storedParameters: [StoredParameter] {
        guard !precisions.isEmpty else {
            return ownParameters.map { StoredParameter(name: $0.name, shape: $0.shape, content: .numbers) }
        }
        let matrices = Dictionary(uniqueKeysWithValues: operation.matrices.map { ($0.name, $0) })
        var result: [StoredParameter] = []
        var smoothed: [StoredParameter] = []
        for parameter in ownParameters {
            guard let precision = precisions[parameter.name], let matrix = matrices[parameter.name] else {
                result.append(StoredParameter(name: parameter.name, shape: parameter.shape, content: .numbers))
                continue
            }
            result += matrix.storedParameters(in: precision)
            guard precision.isSmoothed, case .product(let name) = matrix.role,
                !smoothed.contains(where: { $0.name == name })
            else { continue }
            smoothed.append(StoredParameter(name: name, shape: [matrix.shape[0]], content: .factors(.float32)))
        }
        return result + smoothed
    }
}

extension OperationMatrix {
    /// The matrix and its scales as a file holds them.
    package func storedParameters(in precision: Precision) -> [StoredParameter] {
        let rows = shape[0], columns = shape[1]
        let values: StoredParameter
        switch precision.kind {
        case .bfloat16: return [StoredParameter(name: name, shape: shape, content: .exactly(.bfloat16))]
        case .int8, .int8Weights: values = StoredParameter(name: name, shape: shape, content: .exactly(.int8))
        case .int4Weights:
            values = StoredParameter(name: name, shape: [(rows + 1) / 2, columns], content: .exactly(.uint8))
        }
        let scale: StoredParameter
        if role == .table {
            scale = StoredParameter(name: scaleName, shape: [rows], content: .factors(.float32))
        } else if let group = precision.group {
            scale = StoredParameter(
                name: scaleName, shape: [(rows + group - 1) / group, columns], content: .factors(.float16))
        } else {
            scale = StoredParameter(name: scaleName, shape: [columns], content: .factors(.float32))
        }
        return [values, scale]
    }
}
