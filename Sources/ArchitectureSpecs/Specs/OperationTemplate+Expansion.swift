import ModelGraph
import Tensors

extension OperationTemplate {
    /// The operation for one checkpoint's settings.
    func operation(in settings: Settings) throws(Expression.Failure) -> Operation {
        switch self {
        case .embedding(let template): return .embedding(try template.embedding(in: settings))
        case .norm(let template): return .norm(try template.norm(in: settings))
        case .linear(let template):
            return .linear(
                ModelGraph.Linear(
                    inputWidth: try template.inputWidth.count(in: settings),
                    outputWidth: try template.outputWidth.count(in: settings),
                    hasBias: try template.hasBias?.value(in: settings) ?? true))
        case .activation(let function): return .activation(try Self.activation(function, in: settings))
        case .gate(let function): return .gate(try Self.activation(function, in: settings))
        case .add: return .add
        case .multiply: return .multiply
        case .softmax: return .softmax
        case .attention(let template): return .attention(try template.attention(in: settings))
        case .pooling(let pooling): return .pooling(pooling)
        case .convolution(let template): return .convolution(try template.convolution(in: settings))
        case .concatenate(let along): return .concatenate(along)
        case .slice(let template): return .slice(try template.slice(in: settings))
        case .affine(let template): return .affine(try template.affine(in: settings))
        case .tokenMask(let template):
            var ids: [Int] = []
            for id in template.ids { ids.append(try id.count(in: settings, from: 0)) }
            return .tokenMask(
                ModelGraph.TokenMask(ids: ids, isHiding: try template.isHiding?.value(in: settings) ?? false))
        case .table(let template): return .table(try template.table(in: settings))
        }
    }

    private static func activation(_ name: String, in settings: Settings) throws(Expression.Failure) -> Activation {
        if let activation = Activation(rawValue: name) { return activation }
        guard case .choice(let choice)? = settings[name], let activation = Activation(rawValue: choice) else {
            throw Expression.Failure(message: "\"\(name)\" is \(settings.describe(name)), an activation is needed")
        }
        return activation
    }
}

extension OperationTemplate.Embedding {
    fileprivate func embedding(in settings: Settings) throws(Expression.Failure) -> Embedding {
        var table: Embedding.Positions?
        if let positions {
            table = Embedding.Positions(
                count: try positions.count.count(in: settings),
                offset: try positions.offset.count(in: settings, from: 0) ?? 0,
                numbering: positions.numbering ?? .sequential)
        }
        return Embedding(
            vocabulary: try vocabulary.count(in: settings), width: try width.count(in: settings), positions: table,
            types: try types.count(in: settings, from: 0) ?? 0, scale: try scale.float(in: settings) ?? 1,
            paddingID: try paddingID.count(in: settings, from: 0),
            shiftedFrom: try shiftedFrom.count(in: settings, from: 0))
    }
}

extension OperationTemplate.Norm {
    fileprivate func norm(in settings: Settings) throws(Expression.Failure) -> Norm {
        Norm(
            kind: norm, width: try width.count(in: settings), epsilon: try epsilon.float(in: settings),
            hasOffset: try hasOffset?.value(in: settings) ?? (norm == .layer),
            scaleOffset: try scaleOffset.float(in: settings) ?? 0)
    }
}

extension Expression {
    /// Largest dimension that is believed: far above every model's, far below what could exhaust memory by itself.
    package static let largestCount = 1 << 24
    /// Largest number of layers or of heads that is believed.
    package static let largestRepetition = 1 << 12

    /// A dimension or number of things.
    package func count(
        in settings: Settings, from minimum: Int = 1, upTo maximum: Int = largestCount
    ) throws(Failure) -> Int {
        let value = try integer(in: settings)
        guard value >= minimum, value <= maximum else {
            throw Failure(message: "\"\(source)\" is \(value), outside \(minimum)…\(maximum)")
        }
        return value
    }

    func float(in settings: Settings) throws(Failure) -> Float {
        let value = Float(try number(in: settings))
        guard value.isFinite else { throw Failure(message: "\"\(source)\" is too large for 32 bits") }
        return value
    }
}

extension Expression? {
    /// The expression, unless it is left out or the name of a setting that is not set.
    private func present(in settings: Settings) -> Expression? {
        flatMap { expression in
            guard let name = expression.singleName else { return expression }
            return settings[name] == nil ? nil : expression
        }
    }

    func count(in settings: Settings, from minimum: Int = 1) throws(Expression.Failure) -> Int? {
        try present(in: settings)?.count(in: settings, from: minimum)
    }

    func float(in settings: Settings) throws(Expression.Failure) -> Float? {
        try present(in: settings)?.float(in: settings)
    }
}
