import HDF5
import Platform
import Testing

@Suite("Groups, links and attributes")
struct StructureTests {
    private func root(_ name: String) throws -> HDF5Group { try HDF5File.open(path: fixture(name)).root }

    @Test(
        "texts of every kind come without their padding",
        arguments: [
            ("variable", ["dense", "größe", ""]), ("fixed", ["dense", "größe", ""]), ("scalar", ["2.15.0"]),
            ("spaces", ["ab cd"]), ("terminated", ["ab cd"]), ("none", []), ("null", []),
        ])
    func texts(name: String, expected: [String]) throws {
        #expect(try root("attributes.h5").attribute(named: name)?.texts == expected)
    }

    @Test("numbers of every kind are converted")
    func numbers() throws {
        let root = try root("attributes.h5")
        #expect(root.attribute(named: "integers")?.value == .integers([-3, 70000]))
        #expect(root.attribute(named: "naturals")?.value == .naturals([7]))
        #expect(root.attribute(named: "numbers")?.value == .numbers([0.5, -2.25]))
        #expect(root.attribute(named: "half")?.value == .numbers([1.5]))
        #expect(root.attribute(named: "missing") == nil)
        #expect(root.attribute(named: "numbers")?.texts == nil)
    }

    @Test("attributes in dense storage are all there")
    func denseAttributes() throws {
        let attributes = try #require(try root("attributes.h5").group(at: "many")).attributes
        #expect(attributes.count == 40)
        #expect(attributes.first { $0.name == "a17" }?.text == "value 17")
    }

    @Test(
        "a dataset is found by every path that leads to it",
        arguments: [
            "/group/inner/values", "group/inner/values", "alias", "again/inner/values", "soft", "group/relative",
            "/group/inner/up/inner/values", "group//inner/./values",
        ])
    func paths(path: String) throws {
        let file = try HDF5File.open(path: fixture("links.h5"))
        let dataset = try file.dataset(at: path)
        #expect(dataset.isSame(as: try file.dataset(at: "/group/inner/values")))
        #expect(try dataset.tensor().floats == [-2, -1.875, -1.75, -1.625])
    }

    @Test(
        "links that lead nowhere or in circles lead to no object",
        arguments: ["dangling", "round", "nothing", "group", ""])
    func deadEnds(path: String) throws {
        let file = try HDF5File.open(path: fixture("links.h5"))
        #expect(throws: FileError.noSuchObject(HDF5Location(file: fixture("links.h5"), object: path))) {
            try file.dataset(at: path)
        }
    }

    @Test("each dataset is listed once, though groups contain each other")
    func cycles() throws {
        #expect(try HDF5File.open(path: fixture("links.h5")).datasets.count == 4)
    }

    @Test("two Unicode forms of one text are two names, and a name that is no UTF-8 is spelled out")
    func names() throws {
        let file = try HDF5File.open(path: fixture("links.h5"))
        #expect(try file.dataset(at: "caf\u{E9}").tensor().floats == [1])
        #expect(try file.dataset(at: "cafe\u{301}").tensor().floats == [2])
        #expect(try file.dataset(at: "\\xc3(").tensor().floats == [3])
    }
}
