import JSON

extension ArchitectureSpec {
    /// A dimension or option of the family, and how a checkpoint tells it.
    package struct Setting: Sendable, Hashable {
        /// What kind of value it has, and the ways to tell it that only such a value has.
        package enum Kind: Sendable, Hashable {
            case integer(Integer)
            case number(Number)
            case flag(Flag)
            /// From the checkpoint's words to ours; any other word is an error.
            case choice([String: String])
            /// A flag for each layer.
            case list(List)
            /// Which of the family's heads the checkpoint is read with.
            case head([Head])
            /// How rotary positions are stretched, from an object of the configuration; unset where they are not.
            case rotary(Rotary)
        }

        package struct Integer: Sendable, Hashable {
            /// Read off a tensor, where that is there.
            package var extent: Extent?
            package var computation: Computation
            /// Values below are errors.
            package var minimum: Int
            /// The only values that the family's graph stands for; `nil`: all.
            package var only: [JSONValue]?
        }

        package struct Number: Sendable, Hashable {
            package var computation: Computation
            /// The only values that the family's graph stands for; `nil`: all.
            package var only: [JSONValue]?
        }

        package enum Flag: Sendable, Hashable {
            /// Computed from settings above.
            case condition(Condition)
            /// Whether the checkpoint holds a parameter, `<node>/<parameter>`.
            case presence(String)
            /// Whether the checkpoint holds both parameters, and their elements differ: a tie that is none.
            case difference(Difference)
            /// What the configuration says: true or false, or with `matches` whether the key's value, or one of its
            /// values, is like one of these patterns with `*`. `only`: the values that the family's graph stands for.
            case told(matches: Names?, only: [JSONValue]?)
        }

        /// Two parameters, `<node>/<parameter>`, that may be one tensor.
        package struct Difference: Sendable, Hashable {
            package var first: String
            package var second: String
        }

        /// What settings above give.
        package struct Computation: Sendable, Hashable {
            /// Where no key is there.
            package var value: Expression?
            /// Where `when` does not hold; without it the setting is then left out.
            package var otherwise: Expression?
        }

        /// The extent of a parameter's axis, in our orientation.
        package struct Extent: Sendable, Hashable, Codable {
            /// `<node>/<parameter>`.
            package var parameter: String
            package var axis: Int
        }

        package var name: String
        package var kind: Kind
        /// Left out of consideration otherwise.
        package var when: Condition?
        /// Configuration keys by configuration vocabulary (`hf`, …), tried in order.
        package var keys: [String: Names]?
        /// Used when no key is there; JSON's null: the setting then stays unset.
        package var `default`: JSONValue?
        /// The same for checkpoints of one vocabulary, instead of `default`.
        package var defaults: [String: JSONValue]?
        /// Whether a key whose value is null leaves the setting unset; otherwise it counts as a key that is not there.
        package var isUnsetByNull: Bool?
        /// Whether all of its keys that are there have to say the same: releases of the framework do not agree which of
        /// them counts.
        package var mustAgree: Bool?

        /// Names of settings that it reads.
        var names: Set<String> {
            var expressions: [Expression?] = []
            var conditions = [when]
            switch kind {
            case .integer(let integer): expressions = integer.computation.expressions
            case .number(let number): expressions = number.computation.expressions
            case .flag(.condition(let condition)): conditions.append(condition)
            case .list(let list): return list.names.union(when?.names ?? [])
            case .head(let heads): conditions += heads.map(\.when)
            case .rotary(let rotary): expressions = [rotary.positions, rotary.length]
            case .flag, .choice: break
            }
            return Set(expressions.flatMap { $0?.names ?? [] }).union(conditions.flatMap { $0?.names ?? [] })
        }
    }
}

extension ArchitectureSpec.Setting.Computation {
    fileprivate var expressions: [Expression?] { [value, otherwise] }
}

extension ArchitectureSpec.Setting: Codable {
    private enum Key: String, CodingKey {
        case name, kind, when, keys, present, differs, extent, value, otherwise, condition, matches, values, `default`
        case defaults, only, minimum, positions, length, isPartial, heads, count, index, needs
        case isUnsetByNull, mustAgree
    }

    private enum KindName: String, Codable {
        case integer, number, flag, choice, rotary, list, head

        /// Members that only some kinds have.
        var members: Set<Key> {
            switch self {
            case .integer: [.extent, .value, .otherwise, .minimum, .only]
            case .number: [.value, .otherwise, .only]
            case .flag: [.present, .differs, .condition, .matches, .only]
            case .choice: [.values]
            case .list: [.count, .index, .condition, .values, .needs]
            case .head: [.heads]
            case .rotary: [.positions, .length, .isPartial]
            }
        }
    }

    private static let commonMembers: Set<Key> = [
        .name, .kind, .when, .keys, .default, .defaults, .isUnsetByNull, .mustAgree,
    ]

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        func optional<Value: Decodable>(_ type: Value.Type, _ key: Key) throws -> Value? {
            try container.decodeIfPresent(type, forKey: key)
        }
        func refuse(_ members: Set<Key>, with owner: String) throws {
            for key in container.allKeys where members.contains(key) {
                throw DecodingError.dataCorruptedError(
                    forKey: key, in: container, debugDescription: "\(owner) has no \"\(key.rawValue)\"")
            }
        }
        name = try container.decode(String.self, forKey: .name)
        let kindName = try container.decode(KindName.self, forKey: .kind)
        let allMembers: Set<Key> = [
            .present, .differs, .extent, .value, .otherwise, .condition, .matches, .values, .only, .minimum,
            .positions, .length, .isPartial, .heads, .count, .index, .needs,
        ]
        try refuse(allMembers.subtracting(kindName.members), with: "a setting of kind \(kindName.rawValue)")
        when = try optional(Condition.self, .when)
        keys = try optional([String: ArchitectureSpec.Names].self, .keys)
        // A null is a default too, not a missing one.
        `default` = container.contains(.default) ? try container.decode(JSONValue.self, forKey: .default) : nil
        defaults = try optional([String: JSONValue].self, .defaults)
        isUnsetByNull = try optional(Bool.self, .isUnsetByNull)
        mustAgree = try optional(Bool.self, .mustAgree)
        let computation = Computation(
            value: try optional(Expression.self, .value), otherwise: try optional(Expression.self, .otherwise))
        let only = try optional([JSONValue].self, .only)
        switch kindName {
        case .integer:
            kind = .integer(
                Integer(
                    extent: try optional(Extent.self, .extent), computation: computation,
                    minimum: try optional(Int.self, .minimum) ?? 1, only: only))
        case .number: kind = .number(Number(computation: computation, only: only))
        case .choice: kind = .choice(try container.decode([String: String].self, forKey: .values))
        case .list:
            kind = .list(
                List(
                    count: try container.decode(Expression.self, forKey: .count),
                    index: try optional(String.self, .index) ?? "i",
                    condition: try optional(Condition.self, .condition),
                    values: try container.decode([String: Bool].self, forKey: .values),
                    needs: try optional(String.self, .needs)))
        case .head: kind = .head(try container.decode([Head].self, forKey: .heads))
        case .rotary:
            kind = .rotary(
                Rotary(
                    positions: try optional(Expression.self, .positions),
                    length: try optional(Expression.self, .length),
                    isPartial: try optional(Bool.self, .isPartial)))
        case .flag:
            let told: Set<Key> = [.keys, .default, .defaults, .matches, .only]
            if let condition = try optional(Condition.self, .condition) {
                try refuse(told.union([.present, .differs]), with: "a flag with a \"condition\"")
                kind = .flag(.condition(condition))
            } else if let parameter = try optional(String.self, .present) {
                try refuse(told.union([.differs]), with: "a flag with \"present\"")
                kind = .flag(.presence(parameter))
            } else if let parameters = try optional([String].self, .differs) {
                try refuse(told, with: "a flag with \"differs\"")
                guard parameters.count == 2 else {
                    throw DecodingError.dataCorruptedError(
                        forKey: .differs, in: container, debugDescription: "two parameters are compared")
                }
                kind = .flag(.difference(Difference(first: parameters[0], second: parameters[1])))
            } else {
                kind = .flag(.told(matches: try optional(ArchitectureSpec.Names.self, .matches), only: only))
            }
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(name, forKey: .name)
        try container.encodeIfPresent(when, forKey: .when)
        try container.encodeIfPresent(keys, forKey: .keys)
        try container.encodeIfPresent(`default`, forKey: .default)
        try container.encodeIfPresent(defaults, forKey: .defaults)
        try container.encodeIfPresent(isUnsetByNull, forKey: .isUnsetByNull)
        try container.encodeIfPresent(mustAgree, forKey: .mustAgree)
        func encode(_ kind: KindName) throws { try container.encode(kind, forKey: .kind) }
        func encode(_ computation: Computation) throws {
            try container.encodeIfPresent(computation.value, forKey: .value)
            try container.encodeIfPresent(computation.otherwise, forKey: .otherwise)
        }
        switch kind {
        case .integer(let integer):
            try encode(KindName.integer)
            try container.encodeIfPresent(integer.extent, forKey: .extent)
            try encode(integer.computation)
            if integer.minimum != 1 { try container.encode(integer.minimum, forKey: .minimum) }
            try container.encodeIfPresent(integer.only, forKey: .only)
        case .number(let number):
            try encode(KindName.number)
            try encode(number.computation)
            try container.encodeIfPresent(number.only, forKey: .only)
        case .flag(.condition(let condition)):
            try encode(KindName.flag)
            try container.encode(condition, forKey: .condition)
        case .flag(.presence(let parameter)):
            try encode(KindName.flag)
            try container.encode(parameter, forKey: .present)
        case .flag(.difference(let difference)):
            try encode(KindName.flag)
            try container.encode([difference.first, difference.second], forKey: .differs)
        case .flag(.told(let matches, let only)):
            try encode(KindName.flag)
            try container.encodeIfPresent(matches, forKey: .matches)
            try container.encodeIfPresent(only, forKey: .only)
        case .rotary(let rotary):
            try encode(KindName.rotary)
            try container.encodeIfPresent(rotary.positions, forKey: .positions)
            try container.encodeIfPresent(rotary.length, forKey: .length)
            try container.encodeIfPresent(rotary.isPartial, forKey: .isPartial)
        case .choice(let values):
            try encode(KindName.choice)
            try container.encode(values, forKey: .values)
        case .list(let list):
            try encode(KindName.list)
            try container.encode(list.count, forKey: .count)
            try container.encode(list.index, forKey: .index)
            try container.encodeIfPresent(list.condition, forKey: .condition)
            try container.encode(list.values, forKey: .values)
            try container.encodeIfPresent(list.needs, forKey: .needs)
        case .head(let heads):
            try encode(KindName.head)
            try container.encode(heads, forKey: .heads)
        }
    }
}
