import Images
import Platform
import ReuseTransformers

/// Pictures of a folder that cannot be read: each is listed on standard error and left out, unless the run is strict.
final class UnreadablePictures {
    /// Whether the first one ends the run.
    let isStrict: Bool
    private var errors: [FileError] = []

    init(isStrict: Bool) { self.isStrict = isStrict }

    /// Lists a picture that is left out.
    func note(_ error: FileError) {
        errors.append(error)
        Terminal.note("reuseformer: note: left out: \(Terminal.escaped(error.description.replacing("\n", with: "; ")))")
    }

    /// Says how many were left out beside so many that were read.
    func finish(afterReading count: Int) throws { try finish(count + errors.count) }

    /// Says how many were left out.
    ///
    /// - Parameter count: Pictures of the folder.
    /// - Throws: The last error, when no picture could be read.
    func finish(_ count: Int) throws {
        guard let last = errors.last else { return }
        if errors.count == count { throw TransformerError(last) }
        Terminal.note(
            "reuseformer: note: \(errors.count) of \(count) pictures cannot be read and were left out; "
                + "--strict makes that an error")
    }
}
