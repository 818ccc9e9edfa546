import Inputs
import ModelGraph
import Platform
import Testing
import TestSupport
import Tokenization
import TokenizerFormats

/// Texts before they are tokens: what sentence-transformers does to them, with the ids of the tokenizer itself.
@Suite("Texts before they are tokens")
struct TextPreparationTests {
    private func tokenizer(_ name: String) throws -> Tokenizer {
        try Tokenizer.load(directory: Repository.root.appending(path: "fixtures/tokenizers/\(name)").path)
    }

    private func model(_ traits: SentenceTraits?, isPooled: Bool = false) -> Model {
        let graph = Graph(
            inputs: ["input_ids", "attention_mask"] + (isPooled ? [Graph.poolingMask] : []),
            inputLayouts: isPooled ? [Graph.poolingMask: InputLayout(rows: .tokens, absent: 1)] : [:], nodes: [],
            outputs: [], hiddenStates: [])
        return Model(
            graph: graph.sound, tensors: [:], provenance: .init(files: [], dialect: "test", architecture: "test"),
            traits: Model.Traits(sentences: traits))
    }

    private func ids(_ text: String, _ traits: SentenceTraits?, prompt: String? = nil) throws -> [Int32] {
        try ModelInputs(model(traits), tokenizer: tokenizer("roberta"), maximumTokens: nil, prompt: prompt)
            .item(of: text).sequence.ids
    }

    @Test("white space at both ends goes as Python's strip takes it, in sentence-transformers folders alone")
    func strip() throws {
        let plain = try tokenizer("roberta").encode("a text").ids
        #expect(try ids("\u{1C} \u{A0}a text\t\u{3000}", SentenceTraits()) == plain)
        #expect(try ids("  a text", nil) != plain)
    }

    @Test("lower case is Python's: a sigma that ends a word, capitals of two characters")
    func lowerCase() throws {
        let traits = SentenceTraits(isLowerCase: true)
        // What Python 3.12 gives for "ΟΔΟΣ ΣΑΣ' İX".lower().
        let expected = try tokenizer("roberta").encode("οδος σας' i\u{307}x").ids
        #expect(try ids("ΟΔΟΣ ΣΑΣ' İX", traits) == expected)
    }

    @Test("a prompt stands before the text: the default, a named one, one of the caller's, or none")
    func prompts() throws {
        let tokenizer = try tokenizer("roberta")
        let traits = SentenceTraits(prompts: ["query": "query: ", "passage": "passage: "], defaultPrompt: "query")
        #expect(try ids("a", traits) == tokenizer.encode("query: a").ids)
        #expect(try ids("a", traits, prompt: "passage") == tokenizer.encode("passage: a").ids)
        #expect(try ids("a", traits, prompt: "find ") == tokenizer.encode("find a").ids)
        #expect(try ids("a", traits, prompt: "") == tokenizer.encode("a").ids)
        #expect(try ids("a", nil, prompt: "find ") == tokenizer.encode("find a").ids)
    }

    @Test("the prompt's tokens are left out of the pooling, the end token after it is not")
    func hiddenPrompt() throws {
        let tokenizer = try tokenizer("bert")
        let traits = SentenceTraits(prompts: ["q": "the query: "], defaultPrompt: "q", poolsPrompt: false)
        let inputs = try ModelInputs(model(traits, isPooled: true), tokenizer: tokenizer, maximumTokens: nil)
        let hidden = tokenizer.encode("the query:").ids.count - 1
        let sequence = try inputs.item(of: "a text").sequence
        let mask = sequence.arrays[Graph.poolingMask]
        #expect(mask?.numbers.prefix { $0 == 0 }.count == hidden && hidden > 2)
        #expect(mask?.rows == sequence.ids.count && mask?.numbers.dropFirst(hidden).allSatisfy { $0 == 1 } == true)
        let none = try ModelInputs(model(traits, isPooled: true), tokenizer: tokenizer, maximumTokens: nil, prompt: "")
        #expect(try none.item(of: "a text").sequence.arrays.isEmpty)
        #expect(throws: FileError.self) {
            try ModelInputs(model(traits, isPooled: true), tokenizer: tokenizer, maximumTokens: 4)
        }
    }

    @Test("texts that were cut are counted")
    func truncation() throws {
        let inputs = try ModelInputs(model(nil), tokenizer: tokenizer("bert"), maximumTokens: 5)
        for text in ["a", "one two three four five six", "seven eight nine ten eleven"] {
            _ = try inputs.item(of: text)
        }
        #expect(inputs.truncated.value == 2)
    }

    @Test("a line is a pair where pairs are asked for, and only there")
    func pairs() throws {
        let tokenizer = try tokenizer("bert")
        let always = try ModelInputs(model(nil), tokenizer: tokenizer, maximumTokens: nil, pairing: .always)
        let pair = tokenizer.encode("one", pair: "two three")
        let sequence = try always.item(of: "one\ttwo three").sequence
        #expect(sequence.ids == pair.ids && sequence.types == pair.typeIDs)
        #expect(throws: FileError.self) { try always.item(of: "no tab") }
        // This graph scores nothing: a tab is white space.
        let byTab = try ModelInputs(model(nil), tokenizer: tokenizer, maximumTokens: nil, pairing: .byTab)
        #expect(try byTab.item(of: "one\ttwo").sequence.ids == tokenizer.encode("one\ttwo").ids)
    }
}
