/// The parts of a parsed expression.
package indirect enum PatternNode {
    case set(ScalarSet)
    case sequence([PatternNode])
    case alternatives([PatternNode])
    case repetition(PatternNode, minimum: Int, maximum: Int?, PatternGreed)
    /// Tests what follows without taking it.
    case lookahead(PatternNode, isNegated: Bool)
    case atomic(PatternNode)
    case lineStart, lineEnd, textStart, textEnd

    /// Whether it can match without taking a character.
    package var isNullable: Bool {
        switch self {
        case .set: false
        case .sequence(let parts): parts.allSatisfy(\.isNullable)
        case .alternatives(let parts): parts.contains(where: \.isNullable)
        case .repetition(let part, let minimum, _, _): minimum == 0 || part.isNullable
        case .atomic(let part): part.isNullable
        case .lookahead, .lineStart, .lineEnd, .textStart, .textEnd: true
        }
    }
}

/// How much a repetition takes first, and whether it gives back.
package enum PatternGreed: Sendable { case greedy, lazy, possessive }

/// A compiled expression, run by backtracking over an explicit stack.
package struct PatternProgram: Sendable {
    private enum Instruction: Sendable {
        case take(ScalarSet)
        /// Goes on at the first target; the second one is tried when that fails.
        case fork(Int, Int)
        case jump(Int)
        /// Runs what follows up to `accept`, then goes on at the target.
        case lookahead(isNegated: Bool, then: Int)
        case atomic(then: Int)
        case lineStart, lineEnd, textStart, textEnd
        case accept
    }

    private var instructions: [Instruction] = []

    /// Instructions that the search of a text may execute. Real expressions need a few for each byte; a search that
    /// needs more finds no further match.
    package static func stepLimit(byteCount: Int) -> Int { (1 << 20) + byteCount * 256 }

    private static let instructionLimit = 8192

    package init(compiling node: PatternNode) throws(PatternError) {
        try compile(node)
        instructions.append(.accept)
    }

    private mutating func compile(_ node: PatternNode) throws(PatternError) {
        guard instructions.count < PatternProgram.instructionLimit else {
            throw PatternError(reason: "an expression of this size")
        }
        switch node {
        case .set(let set): instructions.append(.take(set))
        case .sequence(let parts): for part in parts { try compile(part) }
        case .alternatives(let parts): try compile(alternatives: parts)
        case .repetition(let part, let minimum, let maximum, .possessive):
            try compile(.atomic(.repetition(part, minimum: minimum, maximum: maximum, .greedy)))
        case .repetition(let part, let minimum, let maximum, let greed):
            guard !part.isNullable else { throw PatternError(reason: "repeating something that may be empty") }
            for _ in 0..<minimum { try compile(part) }
            try compile(part, upTo: maximum.map { $0 - minimum }, isLazy: greed == .lazy)
        case .lookahead(let part, let isNegated):
            try compile(nested: part) { .lookahead(isNegated: isNegated, then: $0) }
        case .atomic(let part):
            try compile(nested: part) { .atomic(then: $0) }
        case .lineStart: instructions.append(.lineStart)
        case .lineEnd: instructions.append(.lineEnd)
        case .textStart: instructions.append(.textStart)
        case .textEnd: instructions.append(.textEnd)
        }
    }

    private mutating func compile(alternatives parts: [PatternNode]) throws(PatternError) {
        var exits: [Int] = []
        for (index, part) in parts.enumerated() {
            guard index < parts.count - 1 else {
                try compile(part)
                break
            }
            let fork = reserve()
            try compile(part)
            exits.append(reserve())
            instructions[fork] = .fork(fork + 1, instructions.count)
        }
        for exit in exits { instructions[exit] = .jump(instructions.count) }
    }

    private mutating func compile(_ part: PatternNode, upTo count: Int?, isLazy: Bool) throws(PatternError) {
        guard let count else {
            let fork = reserve()
            try compile(part)
            instructions.append(.jump(fork))
            setFork(fork, isLazy: isLazy)
            return
        }
        var forks: [Int] = []
        for _ in 0..<count {
            forks.append(reserve())
            try compile(part)
        }
        for fork in forks { setFork(fork, isLazy: isLazy) }
    }

    /// Completes a fork that enters the instruction after it or leaves to the end of what was compiled.
    private mutating func setFork(_ fork: Int, isLazy: Bool) {
        let end = instructions.count
        instructions[fork] = isLazy ? .fork(end, fork + 1) : .fork(fork + 1, end)
    }

    private mutating func compile(nested part: PatternNode, as make: (Int) -> Instruction) throws(PatternError) {
        let head = reserve()
        try compile(part)
        instructions.append(.accept)
        instructions[head] = make(instructions.count)
    }

    private mutating func reserve() -> Int {
        instructions.append(.accept)
        return instructions.count - 1
    }

    /// The end of a match that starts at an index; `nil` when there is none.
    ///
    /// - Parameter steps: Instructions that may still be executed.
    package func match(_ bytes: [UInt8], at start: Int, in range: Range<Int>, steps: inout Int) -> Int? {
        run(from: 0, bytes, at: start, in: range, &steps)
    }

    /// Runs to the next `accept`. Recursion is as deep as look-aheads are nested in the expression.
    private func run(from start: Int, _ bytes: [UInt8], at: Int, in range: Range<Int>, _ steps: inout Int) -> Int? {
        var stack: [(counter: Int, at: Int)] = []
        var counter = start
        var at = at
        while steps > 0 {
            steps -= 1
            var holds = true
            switch instructions[counter] {
            case .accept: return at
            case .jump(let target): counter = target
            case .fork(let first, let second):
                stack.append((second, at))
                counter = first
            case .take(let set):
                // Looking through a large class is work as well.
                steps -= set.items.count >> 4
                if at < range.upperBound {
                    let decoded = decodeScalar(bytes, at: at, end: range.upperBound)
                    holds = set.contains(decoded.scalar)
                    at += decoded.byteCount
                } else {
                    holds = false
                }
                counter += 1
            case .lookahead(let isNegated, let then):
                holds = (run(from: counter + 1, bytes, at: at, in: range, &steps) != nil) != isNegated
                counter = then
            case .atomic(let then):
                let end = run(from: counter + 1, bytes, at: at, in: range, &steps)
                holds = end != nil
                at = end ?? at
                counter = then
            case .lineStart:
                holds = at == range.lowerBound || bytes[at - 1] == 0x0A
                counter += 1
            case .lineEnd:
                holds = at == range.upperBound || bytes[at] == 0x0A
                counter += 1
            case .textStart:
                holds = at == range.lowerBound
                counter += 1
            case .textEnd:
                holds = at == range.upperBound
                counter += 1
            }
            if !holds {
                guard let last = stack.popLast() else { return nil }
                (counter, at) = last
            }
        }
        return nil
    }
}
