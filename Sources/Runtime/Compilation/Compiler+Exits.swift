import ModelGraph
import Plans

extension Compiler {
    /// Drafts an exit, with a schedule of its own for what goes on.
    mutating func addExit(_ margin: Float, _ node: Node) throws(RuntimeError) {
        let early = try input(node, 0), stream = try input(node, 1), out = try result(of: node.name)
        let model: Model
        do { model = try self.model.tail(from: node.inputs[1], to: node.inputs[2]) } catch {
            throw .invalidModel(error)
        }
        let rest = try Self.compile(model, observing: Observation(values: [node.inputs[2]]), with: resources)
        guard let late = rest.values[node.inputs[2]] else { throw .unknownValue(node.inputs[2]) }
        let step = ExitStep(
            early: early, stream: stream, out: out, margin: margin, rest: rest, late: late, name: node.inputs[1],
            index: schedule.tallies.count, tally: ExitTally(node.name))
        schedule.tallies += [step.tally] + rest.tallies
        drafts.append(Draft(work: .exit(step), reads: [early, stream], writes: [out]))
    }
}
