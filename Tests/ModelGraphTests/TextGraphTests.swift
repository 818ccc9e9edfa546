import ModelGraph
import Testing

@Suite("Graphs that read texts")
struct TextGraphTests {
    @Test("a graph reads a text where its token ids are no input that it lays out itself")
    func readsText() {
        var graph = Graph.encoder()
        #expect(graph.readsText)
        #expect(graph.textEmbeddings.map(\.vocabulary) == [50])
        graph.inputLayouts["input_ids"] = InputLayout(content: .ids, rows: .axis(.init("frames")))
        #expect(!graph.readsText)
        #expect(graph.textEmbeddings.isEmpty)
        graph.inputs = ["pixels"]
        graph.inputLayouts = [:]
        #expect(!graph.readsText)
    }

    @Test("last hidden states are the output of that name, or else the last of the hidden states")
    func lastHiddenState() {
        var graph = Graph.encoder()
        graph.outputs[0].value = "layers/0/norm"
        #expect(graph.lastHiddenState == "layers/0/norm")
        graph.outputs = []
        #expect(graph.lastHiddenState == "layers/1/norm")
        graph.hiddenStates = []
        #expect(graph.lastHiddenState == nil)
    }
}
