import ModelGraph
import Runtime

/// Texts that grow by a token at a time.
protocol TokenStepper: AnyObject {
    /// Logits after the last token of a text; valid inside `body` only. Empty where there are none.
    func withLogits<R, E: Error>(of text: Int, _ body: (UnsafeBufferPointer<Float>) throws(E) -> R) throws(E) -> R
    /// Appends one token to each text.
    func step(_ tokens: [Int32]) throws(RuntimeError)
    /// Goes on with some of the texts only, which are then numbered from 0.
    func keep(_ texts: [Int])
}

extension DecodingSession: TokenStepper {}

/// Texts that are run from their beginning for every token: for models that cannot continue from kept keys and values.
final class RecomputingStepper: TokenStepper {
    private let model: CompiledModel
    private let value: String
    private let target: String?
    private var texts: [ModelInput]
    private var logits: [[Float]] = []

    /// - Parameters:
    ///   - value: Name of the logits, observed.
    ///   - target: The input whose ids grow; `nil`: the text's own.
    init(_ model: CompiledModel, _ texts: [ModelInput], logits value: String, target: String?) throws(RuntimeError) {
        self.model = model
        self.value = value
        self.target = target
        self.texts = texts
        try run()
    }

    func withLogits<R, E: Error>(of text: Int, _ body: (UnsafeBufferPointer<Float>) throws(E) -> R) throws(E) -> R {
        try logits[text].withUnsafeBufferPointer(body)
    }

    func step(_ tokens: [Int32]) throws(RuntimeError) {
        guard tokens.count == texts.count else {
            throw .wrongTokenCount(given: tokens.count, expected: texts.count)
        }
        for (index, token) in tokens.enumerated() { texts[index].append(token, to: target) }
        try run()
    }

    func keep(_ texts: [Int]) { self.texts = texts.map { self.texts[$0] } }

    private func run() throws(RuntimeError) {
        logits = Array(repeating: [], count: texts.count)
        do {
            try model.run(texts) { (group: GroupResult) throws(Never) in
                guard let matrix = group.value(value) else { return }
                for member in group.sequences {
                    let rows = group.sequence(member, alongRowsOf: value)
                    guard rows.visible > 0 else { continue }
                    logits[member.index] = Array(matrix.row(rows.rows.lowerBound + rows.visible - 1))
                }
            }
        } catch {
            if case .runtime(let failure) = error { throw failure }
        }
    }
}

extension ModelInput {
    /// Appends a token to the text, or to the ids of an input.
    fileprivate mutating func append(_ id: Int32, to target: String?) {
        if let target {
            arrays[target] = InputArray(ids: (arrays[target]?.ids ?? []) + [id])
            return
        }
        ids.append(id)
        if !types.isEmpty { types.append(types.last ?? 0) }
        if !mask.isEmpty { mask.append(true) }
    }
}
