import ModelGraph
import Tensors

extension OperationTemplate {
    package struct Attention: Sendable, Hashable, Codable {
        struct Biases: Sendable, Hashable, Codable {
            var query, key, value, output: FlagExpression?
        }
        /// The mask where the condition holds.
        struct Mask: Sendable, Hashable, Codable {
            var when: Condition?
            var isCausal: FlagExpression?
            var window: Expression?
        }
        /// Positions that are there when the condition holds.
        struct Positions: Sendable, Hashable, Codable {
            enum Kind: String, Sendable, Hashable, Codable { case rotary, alibi, bucketed, clamped, disentangled }
            struct Scaling: Sendable, Hashable, Codable {
                enum Kind: String, Sendable, Hashable, Codable { case linear, banded, dynamic }
                var kind: Kind
                var when: Condition?
                var factor: Expression
                var low, high, length: Expression?
            }
            /// A scaling, or the name of a setting that is one.
            enum Stretching: Sendable, Hashable {
                case scaling(Scaling)
                case setting(String)
            }
            var kind: Kind
            var when: Condition?
            var size, base: Expression?
            var isInterleaved: FlagExpression?
            var scaling: Stretching?
            var count, maximumDistance: Expression?
            var isBidirectional: FlagExpression?
            var length: Expression?
            var span, buckets, epsilon: Expression?
            var hasContentToPosition, hasPositionToContent, hasOwnProjections, isOfHeads: FlagExpression?
        }
        struct HeadNorm: Sendable, Hashable, Codable {
            var when: Condition?
            var epsilon: Expression
            var scaleOffset: Expression?
            var isJoint: FlagExpression?
        }
        var heads: Expression
        var inputWidth: Expression
        var memoryWidth: Expression?
        var outputWidth: Expression
        var headSize: Expression
        var valueSize: Expression?
        var groupCount: Expression?
        /// Left out: 1 / √headSize.
        var scale: Expression?
        /// One, or several of which the first that applies is taken.
        var mask: Alternatives<Mask>?
        var biases: Biases?
        /// One, or several of which the first that applies is taken.
        var positions: Alternatives<Positions>?
        var headNorm: HeadNorm?
        var softCap: Expression?

        var expressions: [Expression?] {
            [
                heads, inputWidth, memoryWidth, outputWidth, headSize, valueSize, groupCount, scale, softCap,
                headNorm?.epsilon, headNorm?.scaleOffset,
            ]
                + (mask?.list ?? []).map(\.window)
                + (positions?.list ?? []).flatMap { positions in
                    [
                        positions.size, positions.base, positions.count, positions.maximumDistance, positions.length,
                        positions.span, positions.buckets, positions.epsilon,
                    ] + (positions.scaling?.expressions ?? [])
                }
        }

        var flags: [FlagExpression?] {
            [biases?.query, biases?.key, biases?.value, biases?.output, headNorm?.isJoint]
                + (mask?.list ?? []).map(\.isCausal)
                + ([headNorm?.when] + (mask?.list ?? []).map(\.when)).map { $0.map(FlagExpression.condition) }
                + (positions?.list ?? []).flatMap { positions in
                    [
                        positions.isInterleaved, positions.isBidirectional, positions.hasContentToPosition,
                        positions.hasPositionToContent, positions.hasOwnProjections, positions.isOfHeads,
                    ]
                        + [positions.when, positions.scaling?.when].map { $0.map(FlagExpression.condition) }
                }
        }
    }

    /// One thing, or a list of things.
    package struct Alternatives<Element: Sendable & Hashable & Codable>: Sendable, Hashable, Codable {
        let list: [Element]

        package init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            list = try (try? container.decode([Element].self)) ?? [container.decode(Element.self)]
        }

        package func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            if list.count == 1 { try container.encode(list[0]) } else { try container.encode(list) }
        }

        /// The first whose condition holds.
        func first(
            in settings: Settings, when condition: (Element) -> Condition?
        ) throws(Expression.Failure) -> Element? {
            for element in list where try condition(element).holds(in: settings) { return element }
            return nil
        }
    }
}

extension OperationTemplate.Attention {
    func attention(in settings: Settings) throws(Expression.Failure) -> Attention {
        let headCount = try heads.count(in: settings, upTo: Expression.largestRepetition)
        let size = try headSize.count(in: settings)
        var norm: Attention.HeadNorm?
        if let headNorm, try headNorm.when.holds(in: settings) {
            norm = Attention.HeadNorm(
                epsilon: try headNorm.epsilon.float(in: settings),
                scaleOffset: try headNorm.scaleOffset.float(in: settings) ?? 0,
                isJoint: try headNorm.isJoint?.value(in: settings) ?? false)
        }
        let visible = try mask?.first(in: settings, when: \.when)
        return Attention(
            sizes: .init(
                inputWidth: try inputWidth.count(in: settings), memoryWidth: try memoryWidth.count(in: settings),
                outputWidth: try outputWidth.count(in: settings), headSize: size,
                valueSize: try valueSize.count(in: settings)),
            groupCount: try groupCount.count(in: settings),
            scores: .init(
                scale: try scale.float(in: settings) ?? 1 / Float(size).squareRoot(),
                mask: Attention.Mask(
                    isCausal: try visible?.isCausal?.value(in: settings) ?? false,
                    window: try (visible?.window).count(in: settings)), positions: try attentionPositions(in: settings),
                headNorm: norm, softCap: try softCap.float(in: settings)),
            biases: Attention.Biases(
                query: try biases?.query?.value(in: settings) ?? true,
                key: try biases?.key?.value(in: settings) ?? true,
                value: try biases?.value?.value(in: settings) ?? true,
                output: try biases?.output?.value(in: settings) ?? true),
            heads: Array(repeating: .computed, count: headCount))
    }

    private func attentionPositions(in settings: Settings) throws(Expression.Failure) -> Attention.Positions? {
        try positions?.first(in: settings, when: \.when)?.positions(in: settings)
    }
}

extension OperationTemplate.Attention.Positions {
    fileprivate func positions(in settings: Settings) throws(Expression.Failure) -> Attention.Positions {
        func needed(_ expression: Expression?, _ name: String) throws(Expression.Failure) -> Expression {
            guard let expression else {
                throw Expression.Failure(message: "\(kind.rawValue) positions need \"\(name)\"")
            }
            return expression
        }
        switch kind {
        case .alibi: return .alibi
        case .rotary:
            var stretching: Attention.Rotary.Scaling?
            switch scaling {
            case .scaling(let scaling)? where try scaling.when.holds(in: settings):
                stretching = try scaling.scaling(in: settings)
            case .setting(let name)?: if case .scaling(let told)? = settings[name] { stretching = told }
            default: break
            }
            return .rotary(
                Attention.Rotary(
                    size: try needed(size, "size").count(in: settings),
                    base: try needed(base, "base").float(in: settings),
                    isInterleaved: try isInterleaved?.value(in: settings) ?? false, scaling: stretching))
        case .bucketed:
            return .bucketed(
                Attention.DistanceBuckets(
                    count: try needed(count, "count").count(in: settings),
                    maximumDistance: try needed(maximumDistance, "maximumDistance").count(in: settings),
                    isBidirectional: try isBidirectional?.value(in: settings) ?? true))
        case .clamped: return .clamped(length: try needed(length, "length").count(in: settings))
        case .disentangled:
            return .disentangled(
                Attention.Disentangled(
                    span: try needed(span, "span").count(in: settings), buckets: try buckets.count(in: settings),
                    maximumDistance: try needed(maximumDistance, "maximumDistance").count(in: settings),
                    epsilon: try epsilon.float(in: settings),
                    hasContentToPosition: try hasContentToPosition?.value(in: settings) ?? true,
                    hasPositionToContent: try hasPositionToContent?.value(in: settings) ?? true,
                    hasOwnProjections: try hasOwnProjections?.value(in: settings) ?? false,
                    isOfHeads: try isOfHeads?.value(in: settings) ?? false))
        }
    }
}

extension OperationTemplate.Attention.Positions.Stretching: Codable {
    /// Names of settings that it reads, by expressions.
    var expressions: [Expression?] {
        switch self {
        case .scaling(let scaling): [scaling.factor, scaling.low, scaling.high, scaling.length]
        case .setting(let name): [try? Expression(parsing: name)]
        }
    }

    var when: Condition? { if case .scaling(let scaling) = self { scaling.when } else { nil } }

    init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            self = .setting(name)
        } else {
            self = .scaling(try OperationTemplate.Attention.Positions.Scaling(from: decoder))
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch self {
        case .scaling(let scaling): try scaling.encode(to: encoder)
        case .setting(let name):
            var container = encoder.singleValueContainer()
            try container.encode(name)
        }
    }
}

extension OperationTemplate.Attention.Positions.Scaling {
    fileprivate func scaling(in settings: Settings) throws(Expression.Failure) -> Attention.Rotary.Scaling {
        switch kind {
        case .linear: return .linear(factor: try factor.float(in: settings))
        case .dynamic:
            guard let length else { throw Expression.Failure(message: "dynamic scaling needs a \"length\"") }
            return .dynamic(factor: try factor.float(in: settings), length: try length.count(in: settings))
        case .banded:
            guard let low, let high, let length else {
                throw Expression.Failure(message: "banded scaling needs \"low\", \"high\" and \"length\"")
            }
            return .banded(
                factor: try factor.float(in: settings), low: try low.float(in: settings),
                high: try high.float(in: settings), length: try length.float(in: settings))
        }
    }
}
