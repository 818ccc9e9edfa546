import ModelGraph

/// Checks everything about the inputs that a graph lays out itself that could lead a kernel outside its tables.
struct InputCheck {
    private let schedule: Schedule
    /// Embeddings and the inputs that they read.
    private let embeddings: [(embedding: Embedding, inputs: [String])]
    /// Tables laid along rows, and slices of so many rows, with the rows that they are laid along.
    private let lookups: [(rows: RowSpace, atLeast: Int, atMost: Int, what: String)]

    /// By mask of pairs: the axes of the keys that it masks.
    private let pairs: [String: [RowSpace]]

    /// Masks of a text's ids that have to show something.
    private let needed: [TokenMask]

    /// Whether tokens of texts are merged, whose first and last are taken for special ones.
    private let mergesTexts: Bool

    /// Whether texts may leave, whose later layers count their visible tokens from the first one on.
    private let leavesTexts: Bool

    init(graph: CheckedGraph, schedule: Schedule) {
        needed = graph.nodes.compactMap { node in
            guard case .tokenMask(let mask) = node.operation, !mask.isHiding,
                graph.inputLayouts[node.inputs[0]] == nil
            else { return nil }
            return mask
        }
        mergesTexts = schedule.readsText && graph.firstMatching != nil
        leavesTexts = schedule.readsText && !graph.exits.isEmpty
        self.schedule = schedule
        embeddings = graph.nodes.compactMap { node in
            guard case .embedding(let embedding) = node.operation, graph.inputLayouts[node.inputs[0]] != nil else {
                return nil
            }
            return (embedding, node.inputs)
        }
        var pairs: [String: [RowSpace]] = [:]
        for node in graph.nodes {
            guard let attention = node.attention, attention.masking?.pairs == true, let mask = node.inputs.last,
                let keys = graph.shapes[node.inputs[attention.streamCount - 1]]?.rows
            else { continue }
            pairs[mask, default: []].append(keys)
        }
        self.pairs = pairs
        lookups = graph.nodes.compactMap { node in
            guard let rows = node.inputs.first.flatMap({ graph.shapes[$0]?.rows }) else { return nil }
            switch node.operation {
            case .table(let table):
                let places = table.resampling?.rows ?? table.count - table.offset
                return (rows, 0, places, node.name)
            case .slice(let slice) where slice.axis == .rows:
                let least = slice.start < 0 ? -slice.start : slice.start + (slice.count ?? slice.less)
                return (rows, least, .max, node.name)
            default: return nil
            }
        }
    }

    func check(_ sequence: ModelInput, index: Int) throws(RuntimeError) {
        try checkText(sequence, index: index)
        guard !schedule.inputs.isEmpty || !lookups.isEmpty else { return }
        let lengths = schedule.lengths(of: sequence)
        for input in schedule.inputs { try check(input, sequence, index, lengths) }
        for (embedding, inputs) in embeddings {
            guard let tokens = inputs.first else { continue }
            let ids = sequence.arrays[tokens]?.ids ?? []
            if let id = ids.first(where: { $0 < 0 || $0 >= embedding.vocabulary }) {
                throw .idOutOfRange(index: index, id: Int(id), limit: embedding.vocabulary, what: tokens)
            }
            if inputs.count > 1, let types = sequence.arrays[inputs[1]]?.ids,
                let type = types.first(where: { $0 < 0 || $0 >= embedding.types })
            {
                throw .idOutOfRange(index: index, id: Int(type), limit: embedding.types, what: inputs[1])
            }
            if let positions = embedding.positions {
                let mask = sequence.arrays[tokens]?.mask ?? []
                let numbers = ModelInput(ids: ids, mask: mask).numbering(positions, paddingID: embedding.paddingID)
                guard numbers.allSatisfy({ $0 >= 0 && $0 < positions.count }) else {
                    throw .sequenceTooLong(index: index, tokens: ids.count, limit: positions.count - positions.offset)
                }
            }
        }
        for (rows, atLeast, atMost, what) in lookups {
            guard let length = rows.length(lengths) else { continue }
            if length > atMost { throw .sequenceTooLong(index: index, tokens: length, limit: atMost) }
            if length < atLeast, !schedule.readsText {
                throw .wrongInput(index: index, name: what, message: "needs \(atLeast) rows, there are \(length)")
            }
        }
    }

    /// What heads that look for tokens, and decoders that read the text shifted, need of it.
    private func checkText(_ sequence: ModelInput, index: Int) throws(RuntimeError) {
        if mergesTexts, sequence.mask.first == false || Set(sequence.types).count > 1 {
            throw .wrongInput(
                index: index, name: "input_ids",
                message: "is a pair of texts, or hides its first token: this model merges tokens of single texts")
        }
        if leavesTexts, let last = sequence.mask.lastIndex(of: true) ?? sequence.mask.indices.last,
            sequence.mask[...last].contains(false)
        {
            throw .wrongInput(
                index: index, name: "attention_mask",
                message: "hides tokens before others, and this model has exits: pad at the end")
        }
        for mask in needed {
            let isShown = sequence.ids.indices.contains { position in
                mask.shows(sequence.ids[position]) && (sequence.mask.isEmpty || sequence.mask[position])
            }
            guard !isShown else { continue }
            let ids = mask.ids.map(String.init).joined(separator: ", ")
            throw .wrongInput(
                index: index, name: "input_ids", message: "has no token \(ids), which the model's head reads")
        }
        if schedule.shiftedFrom != nil, let last = sequence.mask.lastIndex(of: true),
            sequence.mask[..<last].contains(false)
        {
            throw .wrongInput(
                index: index, name: "attention_mask",
                message: "hides tokens before others, which this model's decoder would read all the same: "
                    + "pad at the end")
        }
    }

    private func check(
        _ input: LaidOutInput, _ sequence: ModelInput, _ index: Int, _ lengths: [String: Int]
    ) throws(RuntimeError) {
        func wrong(_ message: String) -> RuntimeError { .wrongInput(index: index, name: input.name, message: message) }
        guard let rows = input.layout.rows.length(lengths) else { throw wrong("is missing") }
        guard let array = sequence.arrays[input.name] else {
            guard input.layout.absent != nil, input.layout.content == .numbers else { throw wrong("is missing") }
            return
        }
        guard array.mask.isEmpty || (input.layout.mask != nil && array.mask.count == array.rows) else {
            throw wrong("has a mask that does not fit")
        }
        let keys = pairs[input.name]?.map { $0.length(lengths) ?? -1 }
        let columns = input.layout.isPairs ? keys?.first ?? array.columns : input.layout.width
        guard array.rows == rows, array.columns == columns, keys?.allSatisfy({ $0 == columns }) ?? true else {
            throw wrong("has shape [\(array.rows), \(array.columns)], expected [\(rows), \(columns)]")
        }
        let count = input.layout.content == .ids ? array.ids.count : array.numbers.count
        guard array.columns <= GraphLimit.extent, array.rows <= GraphLimit.extent, count == array.rows * array.columns
        else { throw wrong("does not hold \(input.layout.content.rawValue)") }
    }
}
