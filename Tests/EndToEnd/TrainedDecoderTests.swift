import Analysis
import Checkpoints
import Generation
import Inputs
import ModelGraph
import NumPy
import Runtime
import TestSupport
import Tensors
import TestSupport
import Testing
import Verification

private let tolerance: Float = 1e-4

/// The trained language model and the trained encoder–decoder of fixtures/.
@Suite("Writing with trained models")
struct TrainedDecoderTests {
    private struct Trained {
        let model: Model
        let arrays: [String: Tensor]
        /// The input whose ids grow, where it is not the text.
        let target: String?

        init(_ name: String) throws {
            model = try Checkpoint.load(path: Repository.fixture(name))
            arrays = try NumPyArchive(path: Repository.fixture("\(name)/reference.npz")).tensors()
            target = name == "t5" ? "decoder_input_ids" : nil
        }

        /// Prompts of different lengths, and what the framework's own greedy search adds to each.
        func tasks() throws -> [(prompt: ModelInput, answer: [Int32])] {
            guard let target else {
                return try (0..<2).map { number in
                    let prompt = try #require(arrays["prompt_\(number)"]).floats.map { Int32($0) }
                    return (
                        ModelInput(ids: prompt), try #require(arrays["greedy_\(number)"]).floats.map { Int32($0) }
                    )
                }
            }
            let ids = try #require(arrays["input_ids"]), mask = try #require(arrays["attention_mask"])
            let greedy = try #require(arrays["greedy"]), length = ids.shape[1], width = greedy.shape[1]
            return (0..<ids.shape[0]).map { row in
                let text = Array(zip(ids.floats, mask.floats))[row * length..<(row + 1) * length].filter { $0.1 != 0 }
                let answer = greedy.floats[row * width + 1..<(row + 1) * width].map { Int32($0) }
                let end = answer.firstIndex(of: 1).map { $0 + 1 } ?? answer.count
                return (
                    ModelInput(ids: text.map { Int32($0.0) }, arrays: [target: InputArray(ids: [0])]),
                    Array(answer[..<end])
                )
            }
        }

        /// Of each kind of attention, the second layer borrows everything, the third sums of maps.
        func converted() throws -> Model {
            var plan = ReusePlan(of: model.graph)
            let kinds = Dictionary(grouping: model.graph.attentionNodes) { node in
                "\(node.attention?.isCross == true) \(node.attention?.mask.isCausal == true)"
            }
            for nodes in kinds.values {
                let names = nodes.map(\.name)
                for row in plan.layers.indices {
                    guard let depth = names.firstIndex(of: plan.layers[row].node), (1...2).contains(depth) else {
                        continue
                    }
                    for head in plan.layers[row].heads.indices {
                        let own = HeadID(node: names[0], head: head), first = HeadID(node: names[0], head: 0)
                        plan.layers[row].heads[head].source =
                            depth == 1
                            ? .reused(own)
                            : .borrowed([
                                MapTerm(weight: 0.5, map: .head(own)), MapTerm(weight: 0.25, map: .head(first)),
                                MapTerm(weight: 0.25, map: .pattern(.first)),
                            ])
                    }
                }
            }
            return try model.applying(plan)
        }

        /// The logits after the last token of each text, from a run over whole texts.
        func whole(_ compiled: CompiledModel, _ texts: [ModelInput], _ value: String) throws -> [[Float]] {
            var rows = [[Float]](repeating: [], count: texts.count)
            try compiled.run(texts) { (group: GroupResult) throws(Never) in
                guard let logits = group.value(value) else { return }
                for member in group.sequences {
                    let range = group.sequence(member, alongRowsOf: value).rows
                    rows[member.index] = Array(logits.row(range.upperBound - 1))
                }
            }
            return rows
        }
    }

    @Test(
        "token by token, a trained model and its conversion give the logits of whole runs", arguments: ["gpt", "t5"],
        [false, true])
    func decoding(_ name: String, isConverted: Bool) throws {
        let trained = try Trained(name)
        let model = try isConverted ? trained.converted() : trained.model
        let value = try #require(model.graph.value(ofOutput: "logits"))
        let compiled = try CompiledModel(
            model, options: .init(resources: .init(threads: 2), observation: .init(values: [value])))
        var texts = try trained.tasks().map(\.prompt)
        let session = try DecoderModel(model, resources: .init(threads: 2)).session(texts)
        for step in 0..<12 {
            let expected = try trained.whole(compiled, texts, value)
            for (index, row) in expected.enumerated() {
                let difference = zip(session.logits(of: index), row).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
                #expect(difference < tolerance, "text \(index) after \(step) tokens")
            }
            let next = expected.map { row in Int32(row.indices.reduce(0) { row[$1] > row[$0] ? $1 : $0 }) }
            try session.step(next)
            for index in texts.indices {
                if let target = trained.target {
                    let ids = texts[index].arrays[target]?.ids ?? []
                    texts[index].arrays[target] = InputArray(ids: ids + [next[index]])
                } else {
                    texts[index].ids.append(next[index])
                }
            }
        }
    }

    @Test("a trained model writes what the framework's own greedy search writes", arguments: ["gpt", "t5"])
    func greedy(_ name: String) throws {
        let trained = try Trained(name), tasks = try trained.tasks()
        let generator = try TextGenerator(trained.model, target: trained.target, resources: .init(threads: 2))
        #expect(generator.isIncremental)
        let ends: Set<Int32> = name == "t5" ? [1] : [0]
        for (prompt, answer) in tasks {
            let options = GenerationOptions(maximumNewTokens: answer.count, endIDs: ends)
            #expect(try generator.texts(after: [prompt], options: options) == [answer])
        }
        // Together, texts that have ended are let go.
        let longest = tasks.map(\.answer.count).max() ?? 0
        let options = GenerationOptions(maximumNewTokens: longest, endIDs: ends)
        let together = try generator.texts(after: tasks.map(\.prompt), options: options)
        for (text, task) in zip(together, tasks) { #expect(Array(text.prefix(task.answer.count)) == task.answer) }
    }

    @Test(
        "a layer that borrows all its maps caches values only, in the bytes that were measured",
        arguments: ["gpt", "t5"])
    func cache(_ name: String) throws {
        let trained = try Trained(name), converted = try trained.converted()
        let study = try #require(try CacheStudy(source: trained.model, converted: converted))
        let decoding = trained.model.graph.attentionNodes.filter {
            $0.attention?.isCross == true || $0.attention?.mask.isCausal == true
        }
        #expect(study.layers.map(\.node) == decoding.map(\.name))
        for layer in study.layers {
            // Heads of 16 columns fill whole vectors.
            let attention = try #require(trained.model.graph.node(named: layer.node)?.attention)
            let bytes = attention.heads.count * 16 * 4
            #expect(layer.source == .init(keys: bytes, values: bytes))
            let computed = converted.graph.node(named: layer.node)?.attention?.computedHeads.count ?? 0
            #expect(layer.converted == .init(keys: computed * 16 * 4, values: bytes))
            #expect(layer.isMemory == attention.isCross)
        }
        #expect(study.layers.contains { $0.converted.keys == 0 && $0.converted.values > 0 })
        for isMemory in [false, true] {
            let total = study.total(ofMemory: isMemory)
            let savings = Savings(source: trained.model.graph, converted: converted.graph)
            let change = isMemory ? savings.memoryCache : savings.cache
            #expect(total.source.keys + total.source.values == change?.source ?? 0)
            #expect(total.converted.keys + total.converted.values == change?.converted ?? 0)
        }
    }
}
