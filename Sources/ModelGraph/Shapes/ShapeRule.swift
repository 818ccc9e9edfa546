import Tensors

struct ShapeFailure: Error {
    let message: String

    init(_ message: String) { self.message = message }
}

/// The shape of a node's value from the shapes of what it reads.
struct ShapeRule {
    let graph: Graph
    let shapes: [String: ValueShape]
    let inputNames: Set<String>

    func shape(of node: Node) -> Result<ValueShape, ShapeFailure> {
        Result { () throws(ShapeFailure) in try inferred(node) }
    }

    private func inferred(_ node: Node) throws(ShapeFailure) -> ValueShape {
        let operation = node.operation
        if let message = operation.numbersProblem { throw ShapeFailure(message) }
        if case .embedding(let embedding) = operation { return try embeddingShape(embedding, node) }
        if case .tokenMask = operation { return try tokenMaskShape(node) }
        if case .attention(let attention) = operation { return try attentionShape(attention, node) }
        if case .matching(let matching) = operation { return try shape(of: matching, node) }
        if case .merge(let merge) = operation { return try shape(of: merge, node) }
        var arguments: [ValueShape] = []
        for input in node.inputs { arguments.append(try shape(of: input)) }
        let first = arguments.first ?? ValueShape(rows: .tokens, width: 0)
        func expect(_ counts: ClosedRange<Int>, width: Int? = nil) throws(ShapeFailure) {
            guard counts.contains(arguments.count) else {
                throw ShapeFailure("has \(arguments.count) inputs, \(operation.kind) takes \(counts.lowerBound)")
            }
            if let width, first.width != width {
                throw ShapeFailure("input has width \(first.width), expected \(width)")
            }
        }
        switch operation {
        case .embedding, .attention, .tokenMask, .matching, .merge: throw ShapeFailure("has no shape")
        case .norm(let norm):
            try expect(1...1, width: norm.width)
            return first
        case .linear(let linear):
            try expect(1...1, width: linear.inputWidth)
            return ValueShape(rows: first.rows, width: linear.outputWidth)
        case .affine(let affine):
            try expect(1...1, width: affine.width)
            return first
        case .activation, .softmax, .round:
            try expect(1...1)
            return first
        case .mask:
            try expect(1...1)
            return ValueShape(rows: first.rows, width: 1)
        case .gate:
            guard arguments.count == 2 else { throw ShapeFailure("gate takes two inputs") }
            return try common(arguments, isSpreading: false)
        case .add, .multiply, .minimum, .maximum: return try common(arguments, isSpreading: true)
        case .maps:
            try expect(1...1)
            return try mapsShape(node.inputs[0], first)
        case .exit:
            try expect(3...3)
            guard first.rows == .sequences, first.width > 1, arguments[2] == first else {
                throw ShapeFailure("chooses between \(first) and \(arguments[2]), which are no scores of sequences")
            }
            return first
        case .elementwise(let function):
            try expect(function.valueCount...function.valueCount)
            return function.valueCount == 1 ? first : try common(arguments, isSpreading: true)
        case .pooling:
            guard (1...2).contains(arguments.count), first.rows != .sequences else {
                throw ShapeFailure("pools one value with one row a token")
            }
            if let mask = arguments.dropFirst().first, mask != ValueShape(rows: first.rows, width: 1) {
                throw ShapeFailure("the mask has shape \(mask), expected [batch, \(first.rows), 1]")
            }
            return ValueShape(rows: .sequences, width: first.width)
        case .convolution(let convolution):
            try expect(1...1, width: convolution.inputWidth)
            return ValueShape(rows: try rows(of: convolution, over: first.rows), width: convolution.outputWidth)
        case .concatenate(let along): return try concatenated(arguments, along)
        case .rearrange(let rearrangement):
            try expect(1...1)
            return try rearranged(rearrangement, first)
        case .slice(let slice):
            try expect(1...1)
            return try sliced(slice, first)
        case .recurrent(let recurrent): return try shape(of: recurrent, arguments)
        case .localPooling(let pooling):
            try expect(1...1)
            return try shape(of: pooling, first)
        case .respacing(let respacing):
            try expect(1...1)
            return try shape(of: respacing, first)
        case .matrixProduct(let product): return try shape(of: product, arguments)
        case .distribution:
            try expect(1...1)
            return first
        case .table(let table):
            try expect(table.isAlongInput ? 1...1 : 0...0)
            guard table.isAlongInput else {
                return ValueShape(rows: .count(table.count / (table.sequences ?? 1)), width: table.width)
            }
            if let resampling = table.resampling {
                guard let rows = resampling.rows, first.rows == .count(rows) else {
                    throw ShapeFailure(
                        "the input has rows along \(first.rows), the table's places are \(resampling.wanted)")
                }
                return ValueShape(rows: first.rows, width: table.width)
            }
            if case .count(let rows) = first.rows, rows > table.count - table.offset {
                throw ShapeFailure("the input has \(rows) rows, the table \(table.count - table.offset)")
            }
            return ValueShape(rows: first.rows, width: table.width)
        }
    }

    private func shape(of input: String) throws(ShapeFailure) -> ValueShape {
        guard let shape = shapes[input] else {
            throw ShapeFailure("input \"\(input)\" is not computed before this node")
        }
        return shape
    }

    private func common(_ arguments: [ValueShape], isSpreading: Bool) throws(ShapeFailure) -> ValueShape {
        func failure() -> ShapeFailure { ShapeFailure("needs two or more inputs of one shape, has \(arguments)") }
        guard arguments.count >= 2, let first = arguments.first else { throw failure() }
        if arguments.allSatisfy({ $0 == first }) { return first }
        guard isSpreading else { throw failure() }
        let rows = Set(arguments.map(\.rows)).subtracting([.sequences])
        let width = arguments.reduce(1) { max($0, $1.width) }
        guard rows.count <= 1, arguments.allSatisfy({ $0.width == width || $0.width == 1 }) else { throw failure() }
        return ValueShape(rows: rows.first ?? .sequences, width: width)
    }

    private func rows(of convolution: Convolution, over rows: RowSpace) throws(ShapeFailure) -> RowSpace {
        guard !convolution.grid.isEmpty else {
            guard rows != .sequences, let window = convolution.windows.first,
                let result = rows.applying(.windows(window))
            else { throw ShapeFailure("no window fits along \(rows)") }
            return result
        }
        let positions = convolution.grid.reduce(1, *)
        guard rows == .count(positions), let result = convolution.resultGrid else {
            throw ShapeFailure("the grid has \(positions) positions, the input has rows along \(rows)")
        }
        // Same padding never gives more windows than positions; explicit padding is bounded by Window.problem.
        let count = result.reduce(1) { $0.multipliedReportingOverflow(by: $1).overflow ? .max : $0 * $1 }
        guard count <= GraphLimit.extent else { throw ShapeFailure("gives more than \(GraphLimit.extent) rows") }
        return .count(count)
    }

    private func concatenated(_ arguments: [ValueShape], _ along: Concatenation) throws(ShapeFailure) -> ValueShape {
        guard var result = arguments.first, (2...GraphLimit.concatenated).contains(arguments.count) else {
            throw ShapeFailure("puts 2…\(GraphLimit.concatenated) values together, has \(arguments.count)")
        }
        for argument in arguments.dropFirst() {
            switch along {
            case .width:
                guard argument.rows == result.rows, result.width + argument.width <= GraphLimit.extent else {
                    throw ShapeFailure("values along the width need the same rows, has \(arguments)")
                }
                result = ValueShape(rows: result.rows, width: result.width + argument.width)
            case .rows:
                guard argument.width == result.width, let rows = result.rows.joined(with: argument.rows) else {
                    throw ShapeFailure("values along the rows need the same width, has \(arguments)")
                }
                result = ValueShape(rows: rows, width: result.width)
            }
        }
        return result
    }

    private func rearranged(_ rearrangement: Rearrangement, _ input: ValueShape) throws(ShapeFailure) -> ValueShape {
        let rows: Int
        switch input.rows {
        case .count(let count): rows = count
        case .sequences: rows = 1
        case .tokens, .axis: throw ShapeFailure("needs the same number of rows for every sequence")
        }
        let (count, overflow) = rows.multipliedReportingOverflow(by: input.width)
        guard !overflow, rearrangement.elementCount == count else {
            throw ShapeFailure("a sequence of \(input) is no array of \(rearrangement.extents)")
        }
        let newRows = rearrangement.rows ?? 1
        guard count.isMultiple(of: newRows) else { throw ShapeFailure("\(count) numbers make no \(newRows) rows") }
        return ValueShape(rows: rearrangement.rows.map(RowSpace.count) ?? .sequences, width: count / newRows)
    }

    private func sliced(_ slice: Slice, _ input: ValueShape) throws(ShapeFailure) -> ValueShape {
        let failure = ShapeFailure("the slice lies outside of \(input)")
        if slice.axis == .width {
            guard let taken = slice.taken(of: input.width), taken > 0 else { throw failure }
            return ValueShape(rows: input.rows, width: taken)
        }
        if slice.isSqueezed { return ValueShape(rows: .sequences, width: input.width) }
        switch input.rows {
        case .sequences: throw failure
        case .count(let rows):
            guard let taken = slice.taken(of: rows), taken > 0 else { throw failure }
            return ValueShape(rows: .count(taken), width: input.width)
        case .tokens, .axis:
            if let count = slice.count {
                return ValueShape(rows: .count((count + slice.step - 1) / slice.step), width: input.width)
            }
            guard slice.start >= 0, var rows = input.rows.applying(.longer(by: -slice.start - slice.less)) else {
                throw failure
            }
            if slice.step > 1 {
                guard let taken = rows.applying(.windows(Window(size: 1, stride: slice.step))) else { throw failure }
                rows = taken
            }
            return ValueShape(rows: rows, width: input.width)
        }
    }

    private func attentionShape(_ attention: Attention, _ node: Node) throws(ShapeFailure) -> ValueShape {
        let count = attention.streamCount + (attention.masking?.inputCount ?? 0)
        guard node.inputs.count == count else {
            throw ShapeFailure("has \(node.inputs.count) inputs, attention takes \(count)")
        }
        let stream = try shape(of: node.inputs[0])
        let memory = attention.isCross ? try shape(of: node.inputs[1]) : stream
        guard stream.width == attention.inputWidth else {
            throw ShapeFailure("input has width \(stream.width), expected \(attention.inputWidth)")
        }
        guard stream.rows != .sequences, memory.rows != .sequences else {
            throw ShapeFailure("attends over values with one row a token")
        }
        if let width = attention.memoryWidth, memory.width != width {
            throw ShapeFailure("memory has width \(memory.width), expected \(width)")
        }
        guard let masking = attention.masking else {
            return ValueShape(rows: stream.rows, width: attention.outputWidth)
        }
        var masks = node.inputs.dropFirst(attention.streamCount)
        func check(_ rows: RowSpace, _ what: String) throws(ShapeFailure) {
            let mask = try shape(of: masks.removeFirst())
            guard mask == ValueShape(rows: rows, width: 1) else {
                throw ShapeFailure("the mask of the \(what) has shape \(mask), expected [batch, \(rows), 1]")
            }
        }
        if masking.queries { try check(stream.rows, "queries") }
        if masking.keys { try check(memory.rows, "keys") }
        if masking.hasSizes {
            guard masking.inputCount == 1, !attention.isCross, attention.positions == nil, attention.mask == .init()
            else { throw ShapeFailure("has sizes of its keys beside masks, positions or a memory") }
            try checkSizes(masks.removeFirst(), along: memory.rows)
        }
        if masking.pairs, let name = masks.first {
            if let value = shapes[name] {
                guard case .count(let keys) = memory.rows, value == ValueShape(rows: stream.rows, width: keys) else {
                    throw ShapeFailure("the mask of pairs has shape \(value), has queries along \(stream.rows)")
                }
            } else {
                guard let layout = graph.inputLayouts[name], layout.rows == stream.rows, layout.isPairs else {
                    throw ShapeFailure("\"\(name)\" is no mask of pairs with queries along \(stream.rows)")
                }
            }
        }
        return ValueShape(rows: stream.rows, width: attention.outputWidth)
    }

    /// Shape of all maps of an attention node, one head after the other.
    private func mapsShape(_ name: String, _ value: ValueShape) throws(ShapeFailure) -> ValueShape {
        guard let node = graph.node(named: name), let attention = node.attention,
            node.inputs.count >= attention.streamCount
        else { throw ShapeFailure("\"\(name)\" is no attention, and has no maps") }
        let memory = try shape(of: node.inputs[attention.streamCount - 1])
        guard case .count(let queries) = value.rows, case .count(let keys) = memory.rows else {
            throw ShapeFailure("maps are a value only where all sequences have the same length")
        }
        let (rows, overflow) = queries.multipliedReportingOverflow(by: attention.heads.count)
        guard !overflow, rows <= GraphLimit.extent else {
            throw ShapeFailure("has more than \(GraphLimit.extent) rows")
        }
        return ValueShape(rows: .count(rows), width: keys)
    }

    private func embeddingShape(_ embedding: Embedding, _ node: Node) throws(ShapeFailure) -> ValueShape {
        guard (embedding.types > 0 ? 1...2 : 1...1).contains(node.inputs.count) else {
            throw ShapeFailure("takes token ids, and type ids where it has types")
        }
        if let unknown = node.inputs.first(where: { !inputNames.contains($0) }) {
            throw ShapeFailure("\"\(unknown)\" is not an input of the graph")
        }
        let layouts = node.inputs.map { graph.inputLayouts[$0] }
        guard layouts.allSatisfy({ $0 == layouts[0] || ($0?.content == .ids && $0?.rows == layouts[0]?.rows) }) else {
            throw ShapeFailure("token ids and type ids must lie along one axis")
        }
        guard let layout = layouts[0] else { return ValueShape(rows: .tokens, width: embedding.width) }
        guard embedding.shiftedFrom == nil else { throw ShapeFailure("only a text's own ids are shifted") }
        guard layout.content == .ids else { throw ShapeFailure("\"\(node.inputs[0])\" holds no ids") }
        return ValueShape(rows: layout.rows, width: embedding.width)
    }

    private func tokenMaskShape(_ node: Node) throws(ShapeFailure) -> ValueShape {
        guard node.inputs.count == 1, inputNames.contains(node.inputs[0]) else {
            throw ShapeFailure("takes token ids, an input of the graph")
        }
        guard let layout = graph.inputLayouts[node.inputs[0]] else { return ValueShape(rows: .tokens, width: 1) }
        guard layout.content == .ids else { throw ShapeFailure("\"\(node.inputs[0])\" holds no ids") }
        return ValueShape(rows: layout.rows, width: 1)
    }
}
