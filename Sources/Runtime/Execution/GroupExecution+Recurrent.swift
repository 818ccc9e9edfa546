import CKernels
import ModelGraph

extension GroupExecution {
    /// Takes a recurrent cell through the rows of one sequence.
    func run(_ step: RecurrentStep, member: Int) {
        let recurrent = step.recurrent, units = recurrent.units
        let projected = rows(step.projected, member), out = rows(step.out, member)
        let mask = step.mask.map { rows($0, member) }
        let cell = CellState(step, at: rows(step.scratch, member).base, kernels)
        cell.begin(step.states.map { UnsafePointer(rows($0, member).base) })

        /// What the row read before gave.
        var previous: UnsafeMutablePointer<Float>?
        var isLastShown = false, isAnyShown = false
        for number in 0..<projected.count {
            let row = recurrent.isBackwards ? projected.count - 1 - number : number
            isLastShown = mask.map { $0.base[row * $0.slot.stride] != 0 } ?? true
            if isLastShown {
                cell.advance(over: projected.base + row * projected.slot.stride)
                isAnyShown = true
            }
            guard recurrent.output == .rows else { continue }
            let place = recurrent.isFlipped ? projected.count - 1 - row : row
            let target = out.base + place * out.slot.stride
            if isLastShown {
                target.update(from: cell.output, count: units)
            } else if let previous, !recurrent.hiddenGivesZero {
                target.update(from: previous, count: units)
            } else {
                target.update(repeating: 0, count: units)
            }
            previous = target
        }
        switch recurrent.output {
        case .rows: break
        case .last:
            if isLastShown || isAnyShown && !recurrent.hiddenGivesZero {
                out.base.update(from: cell.output, count: units)
            } else {
                out.base.update(repeating: 0, count: units)
            }
        case .states:
            for number in 0..<recurrent.cell.stateCount {
                (out.base + number * units).update(from: cell.state(number), count: units)
            }
        }
    }

    /// Multiplies the windows of a share's rows with the matrices of groups.
    func multiply(_ step: GroupedStep, _ share: RowShare) {
        let convolution = step.convolution
        step.weight.withFloats { weight in
            func run(_ bias: UnsafePointer<Float>?) {
                guard let weight = weight.baseAddress else { return }
                eachRow(share, step.out) { row, _, target in
                    rk_grouped(
                        kernels.table, row(step.input), convolution.windowSize, convolution.groups,
                        convolution.groupWidth, convolution.outputWidth / convolution.groups, weight, bias, target)
                }
            }
            if let bias = step.bias { bias.withFloats { run($0.baseAddress) } } else { run(nil) }
        }
    }
}

/// One sequence's states, and what a step computes in.
private struct CellState {
    let recurrent: Recurrent
    let matrices: [PackedLinear]
    let kernels: KernelSet
    /// h, which is also what a step gives.
    let output: UnsafeMutablePointer<Float>
    private let memory: UnsafeMutablePointer<Float>
    private let gates: UnsafeMutablePointer<Float>
    private let inner: UnsafeMutablePointer<Float>

    init(_ step: RecurrentStep, at scratch: UnsafeMutablePointer<Float>, _ kernels: KernelSet) {
        let layout = RecurrentStep.Layout(step.recurrent)
        recurrent = step.recurrent
        matrices = step.matrices
        self.kernels = kernels
        output = scratch
        memory = scratch + layout.state
        gates = memory + layout.state
        inner = gates + layout.gates
    }

    func state(_ number: Int) -> UnsafeMutablePointer<Float> { number == 0 ? output : memory }

    func begin(_ states: [UnsafePointer<Float>]) {
        for number in 0..<recurrent.cell.stateCount {
            if states.indices.contains(number) {
                state(number).update(from: states[number], count: recurrent.units)
            } else {
                state(number).update(repeating: 0, count: recurrent.units)
            }
        }
    }

    /// One step over a row whose products with the first matrix are given.
    func advance(over row: UnsafeMutablePointer<Float>) {
        switch recurrent.cell {
        case .simple:
            multiply(output, 0, adding: row, to: gates)
            activate(gates, recurrent.activation, output)
        case .lstm: advanceLSTM(row)
        case .gru, .gruResettingFirst: advanceGRU(row)
        }
    }

    private func advanceLSTM(_ row: UnsafeMutablePointer<Float>) {
        let units = recurrent.units
        multiply(output, 0, adding: row, to: gates)
        let forget = gates + units, candidate = gates + 2 * units, out = gates + 3 * units
        activate(gates, recurrent.gateActivation, gates)
        activate(forget, recurrent.gateActivation, forget)
        activate(candidate, recurrent.activation, candidate)
        activate(out, recurrent.gateActivation, out)
        rk_multiply_elements(kernels.table, memory, forget, units, memory)
        rk_multiply_elements(kernels.table, gates, candidate, units, candidate)
        rk_add(kernels.table, memory, candidate, units, memory)
        activate(memory, recurrent.activation, candidate)
        rk_multiply_elements(kernels.table, out, candidate, units, output)
    }

    private func advanceGRU(_ row: UnsafeMutablePointer<Float>) {
        let units = recurrent.units
        let reset = gates + units, candidate = gates + 2 * units
        if recurrent.cell == .gru {
            multiply(output, 0, adding: nil, to: inner)
            rk_add(kernels.table, row, inner, 2 * units, gates)
        } else {
            multiply(output, 0, adding: row, to: gates)
        }
        activate(gates, recurrent.gateActivation, gates)
        activate(reset, recurrent.gateActivation, reset)
        if recurrent.cell == .gru {
            rk_multiply_elements(kernels.table, reset, inner + 2 * units, units, candidate)
            rk_add(kernels.table, row + 2 * units, candidate, units, candidate)
        } else {
            rk_multiply_elements(kernels.table, reset, output, units, inner)
            multiply(inner, 1, adding: row + 2 * units, to: candidate)
        }
        activate(candidate, recurrent.activation, candidate)
        for index in 0..<units {
            let update = gates[index]
            output[index] = update * output[index] + (1 - update) * candidate[index]
        }
    }

    private func activate(
        _ source: UnsafeMutablePointer<Float>, _ function: Activation, _ target: UnsafeMutablePointer<Float>
    ) {
        rk_activate(kernels.table, source, recurrent.units, function.kernel, target)
    }

    /// `x · matrix + bias + row`.
    private func multiply(
        _ x: UnsafeMutablePointer<Float>, _ number: Int, adding row: UnsafeMutablePointer<Float>?,
        to out: UnsafeMutablePointer<Float>
    ) {
        let matrix = matrices[number]
        var product = rk_product()
        product.x = UnsafePointer(x)
        product.ldx = recurrent.units
        product.rows = 1
        product.k = matrix.inputWidth
        product.n = matrix.outputWidth
        product.packed = matrix.packed
        product.bias = matrix.bias
        product.residual = row.map { UnsafePointer($0) }
        product.ldr = matrix.outputWidth
        product.out = out
        product.ldo = matrix.outputWidth
        rk_multiply(kernels.table, &product, 0, 1, 0, matrix.panels)
    }
}
