/// What one row of a value belongs to: how many rows each sequence has.
package enum RowSpace: Sendable, Hashable {
    /// A token of the text. Tokens that the mask hides may have no row.
    case tokens
    /// A sequence (or image, or whatever an input of the batch is).
    case sequences
    /// One of so many positions, the same number for every sequence: patches of an image.
    case count(Int)
    /// A position on an axis whose length differs between sequences.
    case axis(Axis)

    /// A named axis, and what operations did to its length.
    package struct Axis: Sendable, Hashable {
        /// One change of the number of rows.
        package enum Step: Sendable, Hashable {
            /// One row a window.
            case windows(Window)
            /// So many rows more, or fewer.
            case longer(by: Int)
            /// As many rows more as another named axis has.
            case joined(String)
            /// So many rows for each.
            case times(Int)
            /// Those that are left when tokens are merged.
            case merged(TokenMatching)
        }

        /// Name of the axis: `tokens`, or what the inputs that lie along it call it.
        package var name: String
        /// Changes, first to last.
        package var steps: [Step]

        package init(_ name: String, steps: [Step] = []) {
            self.name = name
            self.steps = steps
        }
    }

    /// Changes of length that one axis may have seen.
    static let largestStepCount = 64
    /// Name of the axis of text tokens where it is the base of another.
    static let tokensName = "tokens"

    /// Number of rows of a sequence; `nil` when an axis is unknown or the number is out of bounds.
    ///
    /// - Parameter lengths: Rows of each named axis.
    package func length(_ lengths: [String: Int]) -> Int? {
        switch self {
        case .sequences: return 1
        case .tokens: return lengths[Self.tokensName]
        case .count(let count): return count
        case .axis(let axis):
            guard var length = lengths[axis.name] else { return nil }
            for step in axis.steps {
                switch step {
                case .windows(let window):
                    guard let windows = window.count(over: length) else { return nil }
                    length = windows
                case .longer(let more): length += more
                case .joined(let other):
                    guard let more = lengths[other] else { return nil }
                    length += more
                case .times(let times):
                    let (product, overflow) = length.multipliedReportingOverflow(by: times)
                    guard !overflow else { return nil }
                    length = product
                case .merged(let matching): length = matching.rowCount(after: length)
                }
                guard (0...GraphLimit.extent).contains(length) else { return nil }
            }
            return length
        }
    }

    /// The axis with one more change; `nil` when a fixed number of rows would leave its bounds.
    package func applying(_ step: Axis.Step) -> RowSpace? {
        // One row a row: also where an axis leaves rows out.
        if case .windows(let window) = step, window.keepsLength, self != .sequences { return self }
        switch self {
        case .sequences: return RowSpace.count(1).applying(step)
        case .tokens: return RowSpace.axis(Axis(Self.tokensName)).applying(step)
        case .count(let count):
            switch step {
            case .windows(let window): return window.count(over: count).flatMap { $0 > 0 ? .count($0) : nil }
            case .longer(let more):
                let (sum, overflow) = count.addingReportingOverflow(more)
                return !overflow && (1...GraphLimit.extent).contains(sum) ? .count(sum) : nil
            case .joined(let name): return .axis(Axis(name, steps: [.longer(by: count)]))
            case .times(let times):
                let (product, overflow) = count.multipliedReportingOverflow(by: times)
                return !overflow && (1...GraphLimit.extent).contains(product) ? .count(product) : nil
            case .merged(let matching): return .count(matching.rowCount(after: count))
            }
        case .axis(var axis):
            guard axis.steps.count < Self.largestStepCount else { return nil }
            axis.steps.append(step)
            return .axis(axis)
        }
    }

    /// Rows of one value after those of another; `nil` when no axis says that.
    package func joined(with other: RowSpace) -> RowSpace? {
        switch (self, other) {
        case (_, .count(let count)): applying(.longer(by: count))
        case (_, .sequences): applying(.longer(by: 1))
        case (.count(let count), _): other.applying(.longer(by: count))
        case (.sequences, _): other.applying(.longer(by: 1))
        case (_, .tokens): applying(.joined(Self.tokensName))
        case (_, .axis(let axis)): axis.steps.isEmpty ? applying(.joined(axis.name)) : nil
        }
    }

    /// Rows of a sequence of `tokens` tokens, for costs: axes of other names count as long as the text.
    package func rows(tokens: Int) -> Int {
        switch self {
        case .tokens: tokens
        case .sequences: 1
        case .count(let count): count
        case .axis(let axis):
            length(
                Dictionary(
                    axis.steps.compactMap { step in
                        if case .joined(let name) = step { (name, min(tokens, GraphLimit.extent)) } else { nil }
                    } + [(axis.name, min(tokens, GraphLimit.extent))], uniquingKeysWith: { first, _ in first })) ?? 0
        }
    }
}

extension RowSpace {
    /// Rows of every sequence alike; `nil` where they differ.
    package var fixedCount: Int? {
        switch self {
        case .count(let count): count
        case .sequences: 1
        case .tokens, .axis: nil
        }
    }
}

extension RowSpace: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tokens: Self.tokensName
        case .sequences: "sequences"
        case .count(let count): "\(count)"
        case .axis(let axis):
            axis.steps.reduce(axis.name) { text, step in
                switch step {
                case .windows(let window): "\(text)/\(window.stride)"
                case .longer(let more): more < 0 ? "\(text)\(more)" : "\(text)+\(more)"
                case .joined(let other): "\(text)+\(other)"
                case .times(let times): "\(text)*\(times)"
                case .merged(let matching):
                    switch matching.amount {
                    case .share(let share): "\(text) less \(share) of them"
                    case .count(let count): "\(text) less up to \(count)"
                    }
                }
            }
        }
    }
}

/// The form of an input's rows in documents: a number, or the name of an axis.
extension RowSpace: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let count = try? container.decode(Int.self) {
            self = .count(count)
            return
        }
        switch try container.decode(String.self) {
        case "sequences": self = .sequences
        case Self.tokensName: self = .tokens
        case let name: self = .axis(Axis(name))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if case .count(let count) = self {
            try container.encode(count)
        } else {
            try container.encode(description)
        }
    }
}

/// Windows that slide along an axis, or along one of the axes of a grid.
package struct Window: Sendable, Hashable {
    /// Positions that a window looks at.
    package var size: Int
    /// Positions from one window to the next.
    package var stride: Int
    /// Positions from one looked at to the next.
    package var dilation: Int
    /// Zeros before and after; `nil`: as many as give ⌈length / stride⌉ windows, the odd one after ("same").
    package var padding: Padding?

    /// Zeros around an axis.
    package struct Padding: Sendable, Hashable, Codable {
        /// Zeros before the first position.
        package var before: Int
        /// Zeros after the last position.
        package var after: Int

        package init(before: Int = 0, after: Int = 0) {
            self.before = before
            self.after = after
        }
    }

    package init(size: Int, stride: Int = 1, dilation: Int = 1, padding: Padding? = Padding()) {
        self.size = size
        self.stride = stride
        self.dilation = dilation
        self.padding = padding
    }

    /// Positions between the first and the last one looked at, both included.
    var span: Int { (size - 1) * dilation + 1 }

    /// Number of windows over `length` positions. Sizes are within `GraphLimit`, so nothing overflows.
    package func count(over length: Int) -> Int? {
        guard (0...GraphLimit.extent).contains(length) else { return nil }
        guard let padding else { return (length + stride - 1) / stride }
        return max(0, (length + padding.before + padding.after - span) / stride + 1)
            * (length + padding.before + padding.after >= span ? 1 : 0)
    }

    /// Whether there is one window a position, however many positions there are.
    package var keepsLength: Bool {
        stride == 1 && (padding.map { $0.before + $0.after == span - 1 } ?? true)
    }

    /// Zeros before the first of `length` positions.
    package func before(length: Int) -> Int {
        if let padding { return padding.before }
        guard length > 0 else { return 0 }
        return max(0, ((length + stride - 1) / stride - 1) * stride + span - length) / 2
    }

    var problem: String? {
        let largest = 1 << 20
        guard (1...largest).contains(size), (1...largest).contains(stride), (1...largest).contains(dilation) else {
            return "sizes, strides and dilations of windows must be 1…\(largest)"
        }
        guard let padding else { return nil }
        guard (0...largest).contains(padding.before), (0...largest).contains(padding.after) else {
            return "padding must be 0…\(largest)"
        }
        return nil
    }
}

extension Window: Codable {
    private enum Key: String, CodingKey { case size, stride, dilation, padding }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        self.init(
            size: try container.decode(Int.self, forKey: .size),
            stride: try container.decodeIfPresent(Int.self, forKey: .stride) ?? 1,
            dilation: try container.decodeIfPresent(Int.self, forKey: .dilation) ?? 1,
            padding: try container.decodeIfPresent(Padding.self, forKey: .padding))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(size, forKey: .size)
        try container.encode(stride, forKey: .stride)
        try container.encode(dilation, forKey: .dilation)
        try container.encodeIfPresent(padding, forKey: .padding)
    }
}
