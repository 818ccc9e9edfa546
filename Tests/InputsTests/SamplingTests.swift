import Inputs
import ModelGraph
import TestSupport
import Testing
import Tokenization
import TokenizerFormats

@Suite("Drawing a part of the data")
struct SamplingTests {
    @Test("where few items weigh more than is wanted, the least that can be worked with are drawn all the same")
    func least() throws {
        let graph = Graph(
            inputs: ["input_ids", "attention_mask"], nodes: [], outputs: [], hiddenStates: [])
        let model = Model(
            graph: graph.sound, tensors: [:], provenance: .init(files: [], dialect: "test", architecture: "test"))
        let tokenizer = try Tokenizer.load(directory: Repository.fixture("tokenizers/t5"))
        let inputs = try ModelInputs(model, tokenizer: tokenizer, maximumTokens: nil)
        let texts = [String](repeating: "one text like all others", count: 30)
        let weight = try inputs.items(ofTexts: texts, drawing: .max)[0].sequence.visibleCount
        #expect(try inputs.items(ofTexts: texts, drawing: 10 * weight).count == 10)
        #expect(try inputs.items(ofTexts: texts, drawing: 10 * weight, least: 20).count == 20)
        #expect(try inputs.items(ofTexts: texts, drawing: 25 * weight, least: 20).count == 25)
        #expect(try inputs.items(ofTexts: texts, drawing: 100 * weight, least: 20).count == 30)
    }
}
