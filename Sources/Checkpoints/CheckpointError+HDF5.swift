import HDF5

extension CheckpointError {
    /// Runs something of the HDF5 room under our own error type.
    static func mapping<R: ~Copyable>(_ body: () throws(HDF5Error) -> R) throws(CheckpointError) -> R {
        do throws(HDF5Error) { return try body() } catch { throw CheckpointError(error) }
    }

    /// An error of the HDF5 room, which names the file itself.
    init(_ error: HDF5Error) {
        let kind: Kind
        switch error.kind {
        case .corruptInput: kind = .corrupt
        case .unsupportedInput: kind = .unsupported
        case .inputOutput: kind = .io
        case .internalDefect: kind = .internalDefect
        case .usage: kind = .usage
        }
        let location = error.location
        let text = error.description
        let prefix = "\(location.file): "
        self.init(kind, path: location.file, text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text)
    }
}
