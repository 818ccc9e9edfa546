import ArchitectureSpecs
import JSON
import ModelGraph
import Platform
import Testing

@Suite("Architecture specs")
struct SpecTests {
    @Test("every built-in spec decodes and reads only names that it declares")
    func builtIn() throws {
        let library = try SpecLibrary.builtIn()
        let names = library.specs.map(\.name)
        #expect(names == names.sorted() && names.count >= 16)
        #expect(library.specs.flatMap(\.problems) == [])
    }

    @Test(
        "expressions of a spec follow the usual precedence",
        arguments: [
            ("hidden / heads", 12), ("2 + 3 * 4", 14), ("(2 + 3) * 4", 20), ("hidden - heads - 1", 32),
            ("positions - (padding + 1)", 510), ("7", 7), ("hidden % 10", 6), ("2 * 7 % 4", 2),
            ("floor(hidden * share)", 10), ("floor(sqrt(hidden)) - 1", 5), ("floor(hidden / 7)", 5),
        ])
    func expressions(_ source: String, _ expected: Int) throws {
        let settings = Settings([
            "hidden": .integer(36), "heads": .integer(3), "positions": .integer(512), "padding": .integer(1),
            "share": .number(0.3),
        ])
        #expect(try Expression(parsing: source).integer(in: settings) == expected)
    }

    @Test(
        "an expression without a value says what is at fault",
        arguments: [
            ("hidden / 7", "36 is not a multiple of 7"), ("hidden / zero", "36 is not a multiple of 0"),
            ("hidden * huge * huge", "too large"), ("floor(hidden * far)", "too large for a whole number"),
            ("unknown + 1", "unknown is not set"), ("2 +", "ends too early"),
            ("(2", "\")\" is missing"), ("2 3", "\"3\" was not expected"), ("a ^ 2", "\"^\" was not expected"),
            (Array(repeating: "1", count: 40).joined(separator: "+"), "too long"),
        ])
    func failures(_ source: String, _ expected: String) {
        let settings = Settings([
            "hidden": .integer(36), "zero": .integer(0), "huge": .integer(1 << 40), "far": .number(1e300),
        ])
        let error = #expect(throws: Expression.Failure.self) {
            _ = try Expression(parsing: source).integer(in: settings)
        }
        #expect(error?.message.contains(expected) == true, "\(String(describing: error))")
    }

    @Test(
        "a condition is an or of ands of flags and comparisons",
        arguments: [
            ("yes", true), ("not yes", false), ("no or yes and no", false), ("no and no or yes", true),
            ("width == 24", true),
            ("width != other", false), ("kind == absolute", true), ("not width == 24", false), ("i == 0 or no", true),
            ("width % 5 == 4", true), ("i + 1 < width", true), ("width > other and yes", false),
            ("not i + 1 > 0 or width / 2 != 12", false),
        ])
    func conditions(_ source: String, _ expected: Bool) throws {
        let settings = Settings([
            "yes": .flag(true), "no": .flag(false), "width": .integer(24), "other": .integer(24),
            "kind": .choice("absolute"), "i": .integer(0),
        ])
        #expect(try Condition(parsing: source).holds(in: settings) == expected)
    }

    @Test("a condition that cannot be read is refused", arguments: ["", "and", "yes no", "yes ==", "not", "yes or"])
    func brokenConditions(_ source: String) {
        #expect(throws: Expression.Failure.self) { try Condition(parsing: source) }
    }

    @Test(
        "a star in a pattern stands for any run of characters",
        arguments: [
            ("bert/pooler/*", "bert/pooler/dense/kernel", true), ("bert/pooler/*", "bert/poole", false),
            ("*", "", true), ("a*c*e", "abcde", true), ("a*c*e", "abcd", false), ("abc", "abc", true),
            ("Bert*", "Bert", true),
        ])
    func patterns(_ pattern: String, _ name: String, _ expected: Bool) {
        #expect(GlobPattern(pattern).matches(name) == expected)
    }

    @Test("a spec that reads undeclared names is refused with each of them")
    func undeclared() throws {
        var spec = try #require(try SpecLibrary.builtIn().specs.first)
        spec.config.removeAll { $0.name == "hidden" || $0.name == "has_pooler" }
        let problems = spec.problems
        #expect(problems.contains("config head_size: \"hidden\" is not a setting of this spec"))
        #expect(problems.contains("node pooler: \"has_pooler\" is not a setting of this spec"))
    }

    /// A whole spec around one setting.
    private static func spec(_ setting: String) -> [UInt8] {
        Array(
            """
            {"name": "tiny", "title": "Tiny", "recognise": [], "config": [\(setting)], "tensors": {},
             "graph": {"inputs": [], "nodes": [], "outputs": [], "use": []}}
            """.utf8)
    }

    @Test(
        "a setting with a member that its kind does not have is refused, naming where",
        arguments: [
            (#"{"name": "a", "kind": "integer", "present": "x/y"}"#, "config[0].present", "kind integer"),
            (#"{"name": "a", "kind": "number", "minimum": 2}"#, "config[0].minimum", "kind number"),
            (#"{"name": "a", "kind": "flag", "values": {"b": "c"}}"#, "config[0].values", "kind flag"),
            (#"{"name": "a", "kind": "choice", "values": {"b": "c"}, "only": ["b"]}"#, "config[0].only", "kind choice"),
            (#"{"name": "a", "kind": "choice"}"#, "config[0]", "values"),
            (#"{"name": "a", "kind": "flag", "present": "x/y", "condition": "b"}"#, "config[0].present", "condition"),
            (#"{"name": "a", "kind": "flag", "present": "x/y", "keys": {"hf": "b"}}"#, "config[0].keys", "present"),
        ])
    func wrongMembers(_ setting: String, _ location: String, _ message: String) {
        let error = #expect(throws: FileError.self) { try ArchitectureSpec(Self.spec(setting), path: "tiny.json") }
        #expect(error?.kind == .usage)
        #expect(error?.description.contains(location) == true, "\(String(describing: error))")
        #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    }

    @Test("every built-in spec that is written as JSON and read again is the same spec")
    func roundTrip() throws {
        for spec in try SpecLibrary.builtIn().specs {
            #expect(try ArchitectureSpec(Document.encode(spec), path: spec.name) == spec, "\(spec.name)")
        }
    }
}
