extension Operation {
    /// What is wrong with the operation's own numbers; `nil` when they make sense.
    ///
    /// Checked before anything is computed from them.
    var numbersProblem: String? {
        switch self {
        case .embedding(let embedding): embedding.numbersProblem
        case .norm(let norm): norm.numbersProblem
        case .linear(let linear):
            outOfRange("input width", linear.inputWidth) ?? outOfRange("output width", linear.outputWidth)
        case .attention(let attention): attention.numbersProblem
        case .convolution(let convolution): convolution.numbersProblem
        case .rearrange(let rearrangement): rearrangement.numbersProblem
        case .slice(let slice): slice.problem
        case .affine(let affine):
            affine.factor.isFinite && affine.shift.isFinite
                ? outOfRange("width", affine.width) : "factor and shift must be finite numbers"
        case .table(let table):
            outOfRange("number of rows", table.count) ?? outOfRange("width", table.width)
                ?? ((0..<(table.isAlongInput ? table.count : 1)).contains(table.offset)
                    ? nil : "the first row is said to be number \(table.offset)")
                ?? (table.resampling == nil || table.isAlongInput && table.offset == 0
                    ? nil : "a table that is laid over pictures has an input and begins with its first row")
                ?? table.resampling?.problem(count: table.count)
                ?? (table.sequences.map { $0 > 0 && table.count.isMultiple(of: $0) && !table.isAlongInput } ?? true
                    ? nil : "\(table.count) rows for \(table.sequences ?? 0) sequences")
        case .round(let rounding): rounding.problem
        case .tokenMask(let mask): mask.problem
        case .mask(let hidden): hidden.isFinite ? nil : "the hidden element is not a finite number"
        case .recurrent(let recurrent): recurrent.numbersProblem
        case .localPooling(let pooling): pooling.numbersProblem
        case .respacing(let respacing): respacing.numbersProblem
        case .matrixProduct(let product): outOfRange("number of matrices", product.count)
        case .matching(let matching): matching.problem
        case .exit(let margin):
            margin >= 0 && margin.isFinite ? nil : "the margin is \(margin), must be a number and not negative"
        case .activation, .add, .gate, .pooling, .concatenate, .multiply, .softmax, .minimum, .maximum, .distribution,
            .elementwise, .maps, .merge:
            nil
        }
    }
}

/// A complaint about a number that is not in `minimum...maximum`.
private func outOfRange(
    _ name: String, _ value: Int, minimum: Int = 1, maximum: Int = GraphLimit.extent
) -> String? {
    guard !(minimum...maximum).contains(value) else { return nil }
    return "\(name) is \(value), must be \(minimum)…\(maximum)"
}

extension Embedding {
    fileprivate var numbersProblem: String? {
        if let problem = outOfRange("vocabulary", vocabulary) ?? outOfRange("width", width)
            ?? outOfRange("number of token types", types, minimum: 0)
            ?? outOfRange("padding id", paddingID ?? 0, minimum: 0)
        {
            return problem
        }
        if let start = shiftedFrom, !(0..<vocabulary).contains(start) {
            return "the text is shifted from id \(start), outside the vocabulary"
        }
        guard scale.isFinite else { return "scale is not a finite number" }
        guard let positions else { return nil }
        if let problem = outOfRange("number of positions", positions.count) { return problem }
        guard (0..<positions.count).contains(positions.offset) else {
            return "the first of \(positions.count) positions is said to be number \(positions.offset)"
        }
        if positions.numbering == .skippingPadding {
            guard paddingID != nil else { return "positions skip padding, and there is no padding id" }
            // Padding itself reads the row before the first.
            guard positions.offset >= 1 else { return "positions skip padding, and there is no row for padding" }
        }
        return nil
    }
}

extension Convolution {
    fileprivate var numbersProblem: String? {
        if let problem = outOfRange("input width", inputWidth) ?? outOfRange("output width", outputWidth) {
            return problem
        }
        guard (1...inputWidth).contains(groups), inputWidth.isMultiple(of: groups), outputWidth.isMultiple(of: groups)
        else { return "\(inputWidth) and \(outputWidth) columns cannot be cut into \(groups) groups" }
        guard windows.count == max(grid.count, 1), grid.count <= [Int].mostAxes else {
            return "has \(windows.count) windows for a grid of \(grid.count) axes"
        }
        var positions = 1, width = inputWidth
        for window in windows {
            if let problem = window.problem { return problem }
            let (product, overflow) = width.multipliedReportingOverflow(by: window.size)
            guard !overflow, product <= GraphLimit.extent else { return "a window is wider than \(GraphLimit.extent)" }
            width = product
        }
        for extent in grid {
            let (product, overflow) = positions.multipliedReportingOverflow(by: extent)
            guard extent > 0, !overflow, product <= GraphLimit.extent else { return "the grid is out of bounds" }
            positions = product
        }
        return grid.isEmpty || resultGrid != nil ? nil : "a window is larger than the grid"
    }
}

extension Rearrangement {
    fileprivate var numbersProblem: String? {
        guard (1...8).contains(extents.count), order.sorted() == Array(extents.indices) else {
            return "the order must name each of 1…8 axes once"
        }
        return outOfRange("number of rows", rows ?? 1)
            ?? (elementCount == nil ? "the array has more than \(GraphLimit.extent) elements" : nil)
    }

    /// Elements of the array; `nil` when out of bounds.
    var elementCount: Int? {
        var count = 1
        for extent in extents {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent > 0, !overflow, product <= GraphLimit.extent else { return nil }
            count = product
        }
        return count
    }
}

extension Norm {
    fileprivate var numbersProblem: String? {
        guard epsilon.isFinite, epsilon >= 0, scaleOffset.isFinite else {
            return "epsilon and scale offset must be finite numbers, epsilon not negative"
        }
        return outOfRange("width", width)
    }
}

extension Attention {
    fileprivate var numbersProblem: String? {
        if let problem = outOfRange("number of heads", heads.count, maximum: GraphLimit.heads) ?? sizes.numbersProblem {
            return problem
        }
        if let problem = contextRounding?.problem { return problem }
        let size = max(sizes.headSize, sizes.valueSize)
        guard size <= GraphLimit.extent / heads.count else {
            return "\(heads.count) heads of size \(size) are wider than \(GraphLimit.extent)"
        }
        guard groupCount > 0, heads.count.isMultiple(of: groupCount) else {
            return "\(heads.count) heads cannot be divided into \(groupCount) groups"
        }
        if let problem = scores.problem(headSize: sizes.headSize) { return problem }
        if scores.headNorm?.isJoint == true, !computedHeads.isEmpty, computedHeads.count < heads.count {
            return "norms the queries of all heads together: all of them compute a map, or none"
        }
        if let reach = scores.positions?.reach, heads.count > GraphLimit.distances / (2 * reach + 1) {
            return "\(heads.count) heads with \(2 * reach + 1) distances each are out of bounds"
        }
        return scores.positions != nil && isCross ? "cross-attention has no positions" : nil
    }
}

extension Attention.Sizes {
    fileprivate var numbersProblem: String? {
        outOfRange("input width", inputWidth) ?? outOfRange("memory width", memoryWidth ?? 1)
            ?? outOfRange("output width", outputWidth) ?? outOfRange("head size", headSize)
            ?? outOfRange("value size", valueSize)
    }
}

extension Attention.Scores {
    fileprivate func problem(headSize: Int) -> String? {
        if let window = mask.window {
            if window < 1 { return "a window of \(window) shows no key" }
            if let problem = outOfRange("window", window) { return problem }
        }
        if let problem = positions?.problem(headSize: headSize) { return problem }
        if let headNorm, !(headNorm.epsilon.isFinite && headNorm.epsilon >= 0 && headNorm.scaleOffset.isFinite) {
            return "epsilon and scale offset of the heads' norm must be finite numbers, epsilon not negative"
        }
        if comparison != nil, positions != nil || headNorm != nil || softCap != nil {
            return "only products of queries and keys have positions, norms and caps"
        }
        if let softCap, !(softCap.isFinite && softCap > 0) { return "the cap of scores must be a number above 0" }
        return scale.isFinite ? nil : "scale is not a finite number"
    }
}
