import Platform
import CKernels
import ModelGraph
import Tensors

extension GroupExecution {
    // MARK: Row by row

    /// Copies rows of an input, or its value where it was not given.
    func load(_ step: LoadStep, _ share: RowShare) {
        let rows = share.ownRows
        guard !rows.isEmpty else { return }
        let input = schedule.inputs[step.input], axis = group.axes[step.axis]
        // Along the text, tokens that are hidden have no row, and the array holds all of them.
        let positions =
            step.axis == Schedule.tokenAxis && schedule.readsText && group.continuing == nil
            ? group.positions(axis: step.axis) : nil
        for member in axis.member(of: rows.lowerBound)...axis.member(of: rows.upperBound - 1) {
            let all = axis.rows(of: member)
            let own = max(all.lowerBound, rows.lowerBound)..<min(all.upperBound, rows.upperBound)
            guard own.lowerBound < own.upperBound else { continue }
            let (target, slot) = start(step.out, share, row: own.lowerBound)
            guard let array = group.array(of: input, member: member) else {
                for row in 0..<own.count {
                    (target + row * slot.stride).update(repeating: input.layout.absent ?? 0, count: slot.width)
                }
                continue
            }
            let first = own.lowerBound - all.lowerBound
            array.ids.withUnsafeBufferPointer { ids in
                array.numbers.withUnsafeBufferPointer { numbers in
                    for row in 0..<own.count {
                        let row0 = target + row * slot.stride
                        let place = positions.map { Int($0[own.lowerBound + row]) } ?? first + row
                        if input.layout.content == .ids {
                            row0[0] = Float(ids[place])
                        } else if let base = numbers.baseAddress {
                            row0.update(from: base + place * slot.width, count: slot.width)
                        }
                    }
                }
            }
        }
    }

    /// `x · scale + offset`, column by column.
    func transform(_ step: AffineStep, _ share: RowShare) {
        step.scale.withFloats { scale in
            step.offset.withFloats { offset in
                guard let scale = scale.baseAddress, let offset = offset.baseAddress else { return }
                eachRow(share, step.out) { row, width, target in
                    rk_multiply_elements(kernels.table, row(step.input), scale, width, target)
                    rk_add(kernels.table, target, offset, width, target)
                }
            }
        }
    }

    /// Softmax of one row: the largest element is taken off first.
    func softmax(_ row: UnsafePointer<Float>, _ width: Int, _ out: UnsafeMutablePointer<Float>) {
        var largest = row[0]
        for column in 1..<max(width, 1) { largest = max(largest, row[column]) }
        var sum: Float = 0
        for column in 0..<width {
            out[column] = expf(row[column] - largest)
            sum += out[column]
        }
        for column in 0..<width { out[column] /= sum }
    }

    /// One row as a layer that was quantised at run time sees it.
    func round(
        _ row: UnsafePointer<Float>, _ width: Int, _ rounding: Rounding, _ out: UnsafeMutablePointer<Float>
    ) {
        guard rounding == .eightBit else {
            for column in 0..<width { out[column] = rounding.rounded(row[column]) }
            return
        }
        var largest: Float = 0
        for column in 0..<width { largest = max(largest, abs(row[column])) }
        let factor = 127 / (largest + 1e-7)
        for column in 0..<width {
            out[column] = min(max((row[column] * factor).rounded(.toNearestOrEven), -127), 127) / factor
        }
    }

    // MARK: Sequence by sequence

    /// Executes a shape step for the sequences of a worker.
    func run(_ step: ShapeStep, worker: Int) {
        for member in group.members.indices where member % workers == worker && !isCancelled {
            switch step {
            case .match(let step): match(step, member: member, worker: worker)
            case .merge(let step): merge(step, member: member, worker: worker)
            default: run(step, member: member)
            }
        }
    }

    /// One member's rows in a register.
    func rows(
        _ register: Register, _ member: Int
    ) -> (base: UnsafeMutablePointer<Float>, slot: Slot, count: Int) {
        let (base, slot) = address(register)
        let rows = group.axes[schedule.axis(of: register)].rows(of: member)
        return (base + rows.lowerBound * slot.stride, slot, rows.count)
    }

    private func run(_ step: ShapeStep, member: Int) {
        switch step {
        case .windows(let convolution, let input, let out): gather(convolution, input, out, member)
        case .rows(let sources, let out):
            let target = rows(out, member)
            var row = 0
            for source in sources {
                let source = rows(source, member)
                copyRows(source.base, source.slot, source.count, target.base + row * target.slot.stride, target.slot)
                row += source.count
            }
        case .slice(let slice, let input, let out):
            let source = rows(input, member), target = rows(out, member)
            guard let range = slice.range(of: source.count), (range.count + slice.step - 1) / slice.step >= target.count
            else {
                // Checked for whole batches before they run; a text whose mask hides everything has no row.
                return zero(target.base, target.slot, target.count)
            }
            copyRows(
                source.base + range.lowerBound * source.slot.stride, source.slot, target.count, target.base,
                target.slot, step: slice.step)
        case .table(let table, let offset, let sequences, let out):
            let target = rows(out, member)
            // The batch was checked: it has as many sequences as the table has blocks.
            let block = sequences.map { group.members[member].index % $0 * target.count } ?? 0
            let offset = offset + block + group.firstPosition(of: member, axis: schedule.axis(of: out))
            table.withFloats { values in
                guard let base = values.baseAddress else { return }
                for row in 0..<target.count {
                    (target.base + row * target.slot.stride).update(
                        from: base + (offset + row) * target.slot.width, count: target.slot.width)
                }
            }
        case .rearrange(let rearrangement, let input, let out): rearrange(rearrangement, input, out, member)
        case .spread(let sources, let combination, let out): spread(sources, combination, out, member)
        case .maps(let maps, let out): copyMaps(maps, out, member)
        case .elementwise(let function, let sources, let out): apply(function, sources, out, member)
        case .recurrent(let step): run(step, member: member)
        case .localPooling(let pooling, let input, let out): pool(pooling, input, out, member)
        case .respacing(let respacing, let input, let out): respace(respacing, input, out, member)
        case .matrices(let product, let left, let right, let out): multiply(product, left, right, out, member)
        case .distribute(let input, let function, let out): distribute(input, function, out, member)
        case .match, .merge: break
        }
    }

    private func copyRows(
        _ source: UnsafeMutablePointer<Float>, _ sourceSlot: Slot, _ count: Int, _ target: UnsafeMutablePointer<Float>,
        _ targetSlot: Slot, step: Int = 1
    ) {
        for row in 0..<count {
            (target + row * targetSlot.stride).update(
                from: source + row * step * sourceSlot.stride, count: targetSlot.width)
        }
    }

    private func zero(_ target: UnsafeMutablePointer<Float>, _ slot: Slot, _ count: Int) {
        for row in 0..<count { (target + row * slot.stride).update(repeating: 0, count: slot.width) }
    }

    /// The rows of each window side by side.
    private func gather(_ convolution: Convolution, _ input: Register, _ out: Register, _ member: Int) {
        let source = rows(input, member), target = rows(out, member)
        let width = convolution.inputWidth
        if convolution.grid.isEmpty, schedule.axis(of: input) == schedule.axis(of: out),
            let positions = group.positions(axis: schedule.axis(of: input))
        {
            return gather(convolution, source, target, positions[group.axes[schedule.axis(of: input)].rows(of: member)])
        }
        let grid = convolution.grid.isEmpty ? [source.count] : convolution.grid
        let windows = convolution.windows
        let counts = zip(windows, grid).map { $0.count(over: $1) ?? 0 }
        let before = zip(windows, grid).map { $0.before(length: $1) }
        let sizes = windows.map(\.size)
        for row in 0..<target.count {
            let window = row.digits(counts)
            let line = target.base + row * target.slot.stride
            for element in 0..<convolution.windowSize {
                let inside = element.digits(sizes)
                var index = 0, isInside = true
                for axis in grid.indices {
                    let at = window[axis] * windows[axis].stride + inside[axis] * windows[axis].dilation - before[axis]
                    isInside = isInside && at >= 0 && at < grid[axis]
                    index = index * grid[axis] + at
                }
                if isInside {
                    (line + element * width).update(from: source.base + index * source.slot.stride, count: width)
                } else {
                    (line + element * width).update(repeating: 0, count: width)
                }
            }
        }
    }

    /// The same along an axis that leaves rows out: those count as zeros.
    private func gather(
        _ convolution: Convolution, _ source: (base: UnsafeMutablePointer<Float>, slot: Slot, count: Int),
        _ target: (base: UnsafeMutablePointer<Float>, slot: Slot, count: Int), _ positions: ArraySlice<Int32>
    ) {
        let width = convolution.inputWidth, window = convolution.windows[0]
        let before = window.before(length: source.count)
        var rowOfPosition: [Int32: Int] = [:]
        for (row, position) in positions.enumerated() { rowOfPosition[position] = row }
        for (row, position) in positions.enumerated() {
            let line = target.base + row * target.slot.stride
            for inside in 0..<window.size {
                let at = position + Int32(inside * window.dilation - before)
                if let index = rowOfPosition[at] {
                    (line + inside * width).update(from: source.base + index * source.slot.stride, count: width)
                } else {
                    (line + inside * width).update(repeating: 0, count: width)
                }
            }
        }
    }

    private func rearrange(_ rearrangement: Rearrangement, _ input: Register, _ out: Register, _ member: Int) {
        let source = rows(input, member), target = rows(out, member)
        let extents = rearrangement.extents, order = rearrangement.order
        var steps = [Int](repeating: 1, count: extents.count)
        for axis in extents.indices.dropLast().reversed() { steps[axis] = steps[axis + 1] * extents[axis + 1] }
        let width = source.slot.width, newWidth = target.slot.width
        let newExtents = order.map { extents[$0] }, newSteps = order.map { steps[$0] }
        var digits = [Int](repeating: 0, count: extents.count)
        var from = 0
        for element in 0..<target.count * newWidth {
            target.base[element / newWidth * target.slot.stride + element % newWidth] =
                source.base[from / width * source.slot.stride + from % width]
            for axis in digits.indices.reversed() {
                digits[axis] += 1
                from += newSteps[axis]
                if digits[axis] < newExtents[axis] { break }
                from -= newSteps[axis] * newExtents[axis]
                digits[axis] = 0
            }
        }
    }

    private func spread(_ sources: [Register], _ combination: Combination, _ out: Register, _ member: Int) {
        let target = rows(out, member)
        for row in 0..<target.count {
            let line = target.base + row * target.slot.stride
            for (index, register) in sources.enumerated() {
                let source = rows(register, member)
                let other =
                    source.base + (schedule.axis(of: register) == schedule.axis(of: out) ? row : 0) * source.slot.stride
                let isColumn = source.slot.width == 1
                for column in 0..<target.slot.width {
                    let value = other[isColumn ? 0 : column]
                    line[column] = index == 0 ? value : combination(line[column], value)
                }
            }
        }
    }

    // MARK: Masks

    /// What masks add to scores: 0 where a query sees a key.
    func fill(_ step: MaskStep, worker: Int) {
        let space = schedule.mapSpaces[step.space]
        let target = address(step.out).base
        for member in group.members.indices where member % workers == worker && !isCancelled {
            let queries = group.axes[space.queryAxis].rows(of: member)
            let keys = group.keys(of: member, axis: space.keyAxis)
            let keyStart = group.axes[space.keyAxis].starts[member]
            let stride = group.mapStride(member, keyAxis: space.keyAxis)
            if let sizes = step.sizes {
                fill(target + group.maps[step.space].offsets[member], stride, rows: queries.count, sizes, member)
                continue
            }
            let pairValue = step.pairValue.map { address($0) }
            let pairs = step.pairs.flatMap { group.array(of: schedule.inputs[$0], member: member) }
            for row in 0..<queries.count {
                let line = target + group.maps[step.space].offsets[member] + row * stride
                var isVisible = true
                if let mask = step.queries {
                    let (base, slot) = address(mask)
                    isVisible = base[(queries.lowerBound + row) * slot.stride] != 0
                }
                for key in 0..<keys {
                    var isSeen = isVisible && (!step.isCausal || key <= row)
                    if let window = step.window {
                        isSeen = isSeen && row - key < window && (step.isCausal || key - row < window)
                    }
                    if let pairs { isSeen = isSeen && pairs.numbers[row * pairs.columns + key] != 0 }
                    if let (base, slot) = pairValue {
                        isSeen = isSeen && base[(queries.lowerBound + row) * slot.stride + key] != 0
                    }
                    line[key] = isSeen ? 0 : step.penalty
                }
                if let mask = step.keys {
                    let (base, slot) = address(mask)
                    for key in 0..<keys where base[(keyStart + key) * slot.stride] == 0 { line[key] = step.penalty }
                }
            }
        }
    }
}

extension Int {
    /// Digits of the number in a system of mixed bases, the last one fastest.
    fileprivate func digits(_ bases: [Int]) -> [Int] {
        var rest = self
        var result = [Int](repeating: 0, count: bases.count)
        for axis in bases.indices.reversed() where bases[axis] > 0 {
            result[axis] = rest % bases[axis]
            rest /= bases[axis]
        }
        return result
    }
}
