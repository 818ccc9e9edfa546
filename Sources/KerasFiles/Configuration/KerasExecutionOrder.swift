import Platform

/// The order in which Keras runs the calls of a functional model: the one that attention maps are numbered in.
///
/// Keras sorts calls by their distance from the outputs, farthest first; calls of one distance keep the order in
/// which a walk from the outputs met them, and a layer's earlier calls push its later ones no nearer.
package struct KerasExecutionOrder {
    /// A call of a layer.
    package struct Step: Hashable, Sendable {
        /// Index of the layer in the model's list.
        package let layer: Int
        /// Index of the call in the layer's list.
        package let call: Int
    }

    /// Calls that the outputs need, every one after those that it reads; input layers left out.
    package let steps: [Step]

    /// - Throws: `corrupt` when calls wait for each other.
    package init(_ model: KerasModel) throws(Problem) {
        let graph = CallGraph(model)
        let finished = try graph.producersFirst()
        var distances: [Step: Int] = [:]
        var met: [Step] = []
        var farthest: [Int: Int] = [:]
        func note(_ step: Step, _ distance: Int) {
            if let known = distances[step] {
                distances[step] = max(known, distance)
            } else {
                distances[step] = distance
                met.append(step)
            }
        }
        for step in finished.reversed() {
            note(step, max(distances[step] ?? 0, farthest[step.layer] ?? 0))
            let distance = distances[step] ?? 0
            farthest[step.layer] = distance
            for producer in graph.producers(of: step) { note(producer, distance + 1) }
        }
        let order = met.enumerated().sorted { left, right in
            (distances[right.element] ?? 0, left.offset) < (distances[left.element] ?? 0, right.offset)
        }
        steps = order.map(\.element).filter { !model.layers[$0.layer].calls.isEmpty }
    }
}

/// Which calls read which.
private struct CallGraph {
    typealias Step = KerasExecutionOrder.Step

    private let model: KerasModel
    private let indices: [String: Int]

    init(_ model: KerasModel) {
        self.model = model
        indices = Dictionary(
            model.layers.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    func producers(of step: Step) -> [Step] {
        let calls = model.layers[step.layer].calls
        return calls.indices.contains(step.call) ? calls[step.call].references.compactMap(self.step) : []
    }

    private func step(_ reference: KerasReference) -> Step? {
        guard let layer = indices[reference.layer] else { return nil }
        return Step(layer: layer, call: reference.call - model.layers[layer].firstCall)
    }

    /// All calls that the outputs need in the order in which a depth-first walk leaves them.
    func producersFirst() throws(Problem) -> [Step] {
        var finished: [Step] = []
        var states: [Step: Bool] = [:]
        for output in model.outputs {
            guard let start = step(output.source), states[start] == nil else { continue }
            // A stack of our own: a long chain of layers must not exhaust that of the thread.
            var pending: [(step: Step, rest: [Step])] = [(start, producers(of: start).reversed())]
            states[start] = false
            while let (step, rest) = pending.popLast() {
                guard let next = rest.last else {
                    states[step] = true
                    finished.append(step)
                    continue
                }
                pending.append((step, rest.dropLast()))
                switch states[next] {
                case true?: break
                case false?:
                    let name = model.layers[next.layer].name.printable
                    throw Problem(.corrupt, "\(model.name.printable): \"\(name)\" waits for its own result")
                case nil:
                    states[next] = false
                    pending.append((next, producers(of: next).reversed()))
                }
            }
        }
        return finished
    }
}
