import HDF5
import Platform
import Testing

@Suite("Limits of what reading may cost")
struct LimitsTests {
    private static func limits(_ text: String) throws -> HDF5Limits { try HDF5Limits(parsing: text) }

    @Test("each limit of reading has a name by which it is set")
    func parsing() throws {
        #expect(try Self.limits("") == .standard)
        var expected = HDF5Limits.standard
        expected.zstdRatio = 7
        expected.set(.depth, to: 100)
        #expect(try Self.limits("zstd-ratio=7,depth=100") == expected)
        for name in HDF5Limits.Name.allCases { #expect(try Self.limits("\(name.rawValue)=3") != .standard) }
    }

    @Test(
        "a limit that does not exist, or has no sensible value, is named",
        arguments: [
            ("dept=3", "objects, links, depth"), ("depth", "name=value"), ("depth=0", "whole number"),
            ("depth=-1", "whole number"), ("depth=99999999999999999999", "whole number"), ("depth=3=4", "name=value"),
        ])
    func nonsense(text: String, mention: String) {
        let error = #expect(throws: HDF5Limits.SyntaxError.self) { try Self.limits(text) }
        #expect(error?.description.contains(mention) == true)
    }

    @Test(
        "a file that is refused for a limit is read under a higher one",
        arguments: [
            ("hostile/deep", "depth=1000"), ("hostile/bomb", "unjustified-bytes=1000000000"),
            ("hostile/bomb", "deflate-ratio=1000000"),
        ])
    func raised(file: String, setting: String) throws {
        let path = fixture(file + ".h5")
        #expect(failure(ofReading: path)?.kind == .corrupt)
        _ = try HDF5File.open(path: path, options: HDF5ReadingOptions(limits: try Self.limits(setting)))
    }

    @Test(
        "a sound file is refused under a lower one, which the message names",
        arguments: [
            ("objects=2", "objects"), ("links=2", "links"), ("attribute-bytes=4", "attributes"),
            ("chunks=1", "chunks"), ("inline-bytes=1", "values to pass on"),
            ("document-bytes=200", "grows beyond its limit"),
            ("path-bytes=1", "a path too long"), ("memory-bytes=1000000", ""),
        ])
    func lowered(setting: String, mention: String) throws {
        let error = #expect(throws: FileError.self) {
            for name in ["layouts.h5", "attributes.h5", "links.h5", "types.h5"] {
                let options = HDF5ReadingOptions(limits: try Self.limits(setting))
                _ = try HDF5File.open(path: fixture(name), options: options)
            }
        }
        #expect(error?.kind == .corrupt, "\(String(describing: error))")
        guard !mention.isEmpty else { return }
        #expect(error?.description.contains(mention) == true, "\(String(describing: error))")
        #expect(error?.description.contains(HDF5Limits.environmentVariable) == true)
    }
}
