import Files
import HDF5
import Platform

extension FileError {
    /// Runs something of the module `HDF5` under our own error type.
    package static func mapping<R: ~Copyable>(_ body: () throws(HDF5Error) -> R) throws(FileError) -> R {
        do throws(HDF5Error) { return try body() } catch { throw FileError(error) }
    }

    /// An error of the module `HDF5`, which names the file itself.
    package init(_ error: HDF5Error) {
        let location = error.location
        let text = error.description
        let prefix = "\(location.file): "
        self.init(error.kind, path: location.file, text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
    }
}
