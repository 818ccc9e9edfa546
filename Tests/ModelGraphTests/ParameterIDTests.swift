import JSON
import ModelGraph
import Testing

@Suite("Names of parameters")
struct ParameterIDTests {
    @Test("a parameter's text is its node, a slash and its name, and is read back; names of nodes may hold slashes")
    func text() throws {
        let id = ParameterID(node: "layers/0/attention", name: "query_weight")
        #expect(id.description == "layers/0/attention/query_weight")
        #expect(ParameterID(id.description) == id)
        let plain = "weight"
        #expect(ParameterID(plain) == nil)
    }

    @Test("parameters are sorted as their texts are, not node by node")
    func order() {
        let ids = [("b", "a"), ("a.b", "a"), ("a", "b"), ("a/c", "a"), ("a-b", "a")].map {
            ParameterID(node: $0.0, name: $0.1)
        }
        #expect(ids.sorted().map(\.description) == ids.map(\.description).sorted())
    }

    @Test("a document holds the text, and one that names no parameter is refused")
    func document() throws {
        let ids = [ParameterID(node: "pooler", name: "bias")]
        #expect(String(decoding: try Document.encode(ids), as: UTF8.self) == "[\n  \"pooler/bias\"\n]\n")
        #expect(try Document.decode([ParameterID].self, from: Array(#"["pooler/bias"]"#.utf8)) == ids)
        #expect(throws: Document.ReadError.self) {
            try Document.decode([ParameterID].self, from: Array(#"["bias"]"#.utf8))
        }
    }
}
