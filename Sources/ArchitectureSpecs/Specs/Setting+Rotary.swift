import JSON
import ModelGraph
import Platform

extension ArchitectureSpec.Setting {
    /// Where the numbers of a scaling stand that its object may leave out.
    package struct Rotary: Sendable, Hashable {
        /// Longest sequence of the model.
        package var positions: Expression?
        /// Longest sequence of the training, where a key outside of the object tells it.
        package var length: Expression?
        /// Whether the family reads the share of a head's columns that turns; otherwise all have to.
        package var isPartial: Bool?
    }
}

extension SettingsResolver {
    /// The stretching of rotary positions that `rope_scaling` or `rope_parameters` asks for.
    ///
    /// - Returns: `nil` where nothing is stretched.
    func scaling(
        _ value: JSONValue, _ rotary: ArchitectureSpec.Setting.Rotary, of setting: ArchitectureSpec.Setting,
        key: String, _ settings: Settings
    ) throws(Problem) -> Settings.Value? {
        guard value.objectValue != nil else {
            throw Problem(.corrupt, "config.json: \"\(key)\" is \(value.shortDescription), expected an object")
        }
        do throws(Expression.Failure) {
            let reading = RotaryReading(
                value: value, key: key, positions: try rotary.positions.float(in: settings),
                length: try rotary.length.float(in: settings), isPartial: rotary.isPartial ?? false)
            return try reading.scaling().map(Settings.Value.scaling)
        } catch {
            throw Problem(.unsupported, "config.json: \(error.message)")
        }
    }
}

/// Reads one object that tells a scaling.
private struct RotaryReading {
    let value: JSONValue
    let key: String
    let positions: Float?
    let length: Float?
    let isPartial: Bool

    /// Members that are no part of a scaling, or that only tell how it was made.
    private static let others: Set = [
        "rope_type", "type", "rope_theta", "partial_rotary_factor", "finetuned", "original_rope_theta",
    ]

    func scaling() throws(Expression.Failure) -> Attention.Rotary.Scaling? {
        if !isPartial, let share = try number("partial_rotary_factor"), share != 1 {
            throw failure("has \"partial_rotary_factor\": \(share); heads of this family turn as a whole")
        }
        let type = value["rope_type"]?.stringValue ?? value["type"]?.stringValue ?? "default"
        switch type {
        case "default":
            try allow([], type)
            return nil
        case "linear":
            try allow(["factor"], type)
            return .linear(factor: try needed("factor", type))
        case "llama3":
            try allow(["factor", "low_freq_factor", "high_freq_factor", Self.originalKey], type)
            return .banded(
                factor: try needed("factor", type), low: try needed("low_freq_factor", type),
                high: try needed("high_freq_factor", type), length: try original(type))
        case "dynamic":
            try allow(["factor"], type)
            guard let positions else { throw missing("max_position_embeddings", type) }
            return .dynamic(factor: try needed("factor", type), length: Int(positions))
        case "yarn" where value["long_factor"] == nil: return .yarn(try yarn(type))
        case "longrope", "su", "yarn": return .long(try long(type))
        default:
            throw failure(
                "has the type \"\(type.printable)\"; known are default, linear, llama3, dynamic, yarn and longrope")
        }
    }

    private static let originalKey = "original_max_position_embeddings"

    private func yarn(_ type: String) throws(Expression.Failure) -> Attention.Rotary.YaRN {
        try allow(
            [
                "factor", "attention_factor", "mscale", "mscale_all_dim", "beta_fast", "beta_slow", "truncate",
                Self.originalKey,
            ], type)
        let length = try original(type)
        guard let factor = try number("factor") ?? positions.map({ $0 / length }) else { throw missing("factor", type) }
        func magnitude(_ scale: Float) -> Float { factor <= 1 ? 1 : 0.1 * scale * logf(factor) + 1 }
        var whole = magnitude(1)
        if let told = try number("attention_factor") {
            whole = told
        } else if let scale = try number("mscale").nonzero, let divisor = try number("mscale_all_dim").nonzero {
            whole = magnitude(scale) / magnitude(divisor)
        }
        let truncates = value["truncate"]
        guard truncates.map({ $0.isNull || $0.boolValue != nil }) ?? true else {
            throw failure("has a truncate that is no flag")
        }
        return Attention.Rotary.YaRN(
            factor: factor, slow: try number("beta_slow").nonzero ?? 1, fast: try number("beta_fast").nonzero ?? 32,
            length: length, isTruncated: truncates?.boolValue ?? true, magnitude: whole)
    }

    private func long(_ type: String) throws(Expression.Failure) -> Attention.Rotary.LongRoPE {
        try allow(["factor", "attention_factor", "short_factor", "long_factor", Self.originalKey], type)
        let original = try original(type)
        guard let factor = try number("factor") ?? positions.map({ $0 / original }) else {
            throw missing("factor", type)
        }
        let usual = factor <= 1 ? 1 : (1 + logf(factor) / logf(original)).squareRoot()
        return Attention.Rotary.LongRoPE(
            short: try numbers("short_factor", type), long: try numbers("long_factor", type), length: Int(original),
            magnitude: try number("attention_factor") ?? usual)
    }

    /// Length of the training's sequences.
    private func original(_ type: String) throws(Expression.Failure) -> Float {
        guard let told = try number(Self.originalKey) ?? length ?? positions else {
            throw missing(Self.originalKey, type)
        }
        if let length, told != length {
            throw failure(
                "has \"\(Self.originalKey)\": \(told), and outside of it the same key is \(length): which of them "
                    + "counts depends on the release of the framework; leave one of them out")
        }
        guard told >= 1, told <= Float(Expression.largestCount) else { throw failure("has a length of \(told)") }
        return told
    }

    /// Members of other scalings are left over and read by nobody; unknown ones may ask for anything.
    private func allow(_ members: Set<String>, _ type: String) throws(Expression.Failure) {
        let known = Self.others.union(members).union([
            "factor", "attention_factor", "mscale", "mscale_all_dim", "beta_fast", "beta_slow", "truncate",
            "low_freq_factor", "high_freq_factor", "short_factor", "long_factor", Self.originalKey,
        ])
        let members = (value.objectValue ?? [:]).sorted { $0.key < $1.key }
        for (member, content) in members where !known.contains(member) && !content.isNull {
            throw failure("has \"\(member.printable)\": \(content.shortDescription), which is not known")
        }
    }

    private func number(_ member: String) throws(Expression.Failure) -> Float? {
        guard let content = value[member], !content.isNull else { return nil }
        guard let number = content.doubleValue, number.isFinite else {
            throw failure("has \"\(member)\": \(content.shortDescription), expected a number")
        }
        return Float(number)
    }

    private func needed(_ member: String, _ type: String) throws(Expression.Failure) -> Float {
        guard let number = try number(member) else { throw missing(member, type) }
        return number
    }

    private func numbers(_ member: String, _ type: String) throws(Expression.Failure) -> [Float] {
        guard let list = value[member]?.arrayValue else { throw missing(member, type) }
        let numbers = list.compactMap(\.doubleValue).map { Float($0) }
        guard numbers.count == list.count else { throw failure("has a \(member) that is no list of numbers") }
        return numbers
    }

    private func missing(_ member: String, _ type: String) -> Expression.Failure {
        failure("is of the type \(type) and lacks \"\(member)\"")
    }

    private func failure(_ message: String) -> Expression.Failure {
        Expression.Failure(message: "\"\(key)\" \(message)")
    }
}

extension Float? {
    /// The number, unless it is 0: a zero stands for the usual number.
    fileprivate var nonzero: Float? { flatMap { $0 == 0 ? nil : $0 } }
}
