import ArchitectureSpecs
import Files
import Platform

extension ArchitectureSpec {
    /// A built-in spec by name, or one from a file.
    init(named name: String) throws(FileError) {
        let library = try SpecLibrary.builtIn()
        if let spec = library.specs.first(where: { $0.name == name }) {
            self = spec
            return
        }
        guard name.contains("/") || name.hasSuffix(".json") else {
            throw FileError(
                .usage, path: name, "is not a built-in architecture",
                remedy: "known are \(library.names); a spec of your own is given by its path")
        }
        let bytes = try MappedFile(path: name)
        guard bytes.byteCount <= 4 << 20 else {
            throw FileError(.usage, path: name, "is too large for an architecture spec")
        }
        try self.init(bytes.withUnsafeBytes { Array($0) }, path: name)
    }
}
