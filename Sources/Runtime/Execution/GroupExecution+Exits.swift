import ModelGraph

// Exits: what becomes of a sequence depends on its own numbers alone, whoever is beside it.

/// What one worker makes and all run: what of a group goes on behind an exit.
///
/// `@unchecked Sendable`: written by one worker, and read by the others between two meetings of all.
final class SharedRest: @unchecked Sendable {
    var rest: GroupExecution?
}

extension GroupExecution {
    /// Takes the scores of sequences that leave, and makes those of the others by the rest of the model. Called by all
    /// workers; the results stand when the first one returns.
    func leave(_ step: ExitStep, worker: Int) {
        if worker == 0 { goingOn.rest = isCancelled ? nil : goingOn(from: step) }
        barrier.wait()
        guard let rest = goingOn.rest else { return }
        rest.run(worker: worker)
        guard worker == 0 else { return }
        let late = rest.address(step.late), out = address(step.out)
        var row = 0
        for member in group.members.indices where !leaves(step, member) {
            (out.base + member * out.slot.stride).update(
                from: late.base + row * late.slot.stride, count: out.slot.width)
            row += 1
        }
    }

    /// The sequences that go on, as a group for the rest of the model; `nil`: all leave.
    private func goingOn(from step: ExitStep) -> GroupExecution? {
        let early = address(step.early), out = address(step.out)
        var inputs: [ModelInput] = []
        for member in group.members.indices {
            (out.base + member * out.slot.stride).update(
                from: early.base + member * early.slot.stride, count: out.slot.width)
            if leaves(step, member) { continue }
            let stream = rows(step.stream, member), width = stream.slot.width
            let numbers = [Float](unsafeUninitializedCapacity: stream.count * width) { buffer, count in
                for row in 0..<stream.count {
                    (buffer.baseAddress.map { $0 + row * width })?.initialize(
                        from: stream.base + row * stream.slot.stride, count: width)
                }
                count = stream.count * width
            }
            let array = InputArray(rows: stream.count, columns: width, numbers: numbers)
            inputs.append(ModelInput(arrays: [step.name: array]))
        }
        step.tally.add(group.members.count, left: group.members.count - inputs.count)
        guard !inputs.isEmpty else { return nil }
        return GroupExecution(
            schedule: step.rest, group: Group(inputs, range: inputs.indices, schedule: step.rest),
            workspace: workspace.rest(step.index), workers: workers, kernels: kernels, cancellation: cancellation)
    }

    /// Whether a sequence's largest score is far enough ahead of the second largest; never where one is no number.
    private func leaves(_ step: ExitStep, _ member: Int) -> Bool {
        let early = address(step.early)
        let scores = early.base + member * early.slot.stride
        var first = -Float.infinity, second = -Float.infinity
        for column in 0..<early.slot.width {
            let score = scores[column]
            guard !score.isNaN else { return false }
            if score > first { (first, second) = (score, first) } else { second = max(second, score) }
        }
        return first - second >= step.margin
    }
}
