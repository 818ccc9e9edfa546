import EmbeddedFiles
import Platform

extension SpecLibrary {
    /// The families that we know, from `Architectures/`; read once.
    ///
    /// - Throws: Only when a file of ours is broken, which a test rules out.
    package static func builtIn() throws(FileError) -> SpecLibrary { try known.get() }

    /// Has the families read beside what the caller does next: a checkpoint is opened in about the same time.
    package static func readAhead() {
        // Where there is no thread for it they are read when they are asked for.
        _ = SystemThread.start(stackSize: SystemThread.largeStack) { _ = Self.known }
    }

    private static let known = Result { () throws(FileError) in try read() }

    private static func read() throws(FileError) -> SpecLibrary {
        var specs: [ArchitectureSpec] = []
        for file in EmbeddedFile.all(in: .architectures) {
            specs.append(try ArchitectureSpec(file.bytes, path: "built-in architecture"))
        }
        return SpecLibrary(specs)
    }
}
