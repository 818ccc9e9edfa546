/// Why a file cannot be read, or not be written.
package struct FileError: KindedError, Sendable, Hashable {
    package typealias Kind = ErrorKind

    /// Class of the error.
    package let kind: Kind
    /// The file or folder as the caller named it.
    package let path: String
    /// What is wrong, one entry a problem, each saying where; never empty.
    package let problems: [String]
    /// What to do about it; empty when nothing can be advised.
    package let remedy: String

    package init(_ kind: Kind, path: String, _ problems: [String], remedy: String = "") {
        self.kind = kind
        self.path = path
        self.problems = problems
        self.remedy = remedy
    }

    package init(_ kind: Kind, path: String, _ problem: String, remedy: String = "") {
        self.init(kind, path: path, [problem], remedy: remedy)
    }

    package var description: String {
        let shown = problems.prefix(20)
        let more = problems.count > shown.count ? ["… and \(problems.count - shown.count) more"] : []
        let body = problems.count == 1 ? " \(problems[0])" : "\n  " + (shown + more).joined(separator: "\n  ")
        return "\(path):\(body)" + (remedy.isEmpty ? "" : "\n\(remedy)")
    }
}

extension FileError {
    /// A system call that failed while a file was opened or written.
    package init(_ path: String, errno code: Int32) {
        let problem =
            switch code {
            case ENOENT, ENOTDIR: "there is no such file; check the path"
            case EACCES, EPERM: "permission denied; check the file's mode and its folder's"
            default: systemMessage(code)
            }
        self.init(.inputOutput, path: path, problem)
    }
}

extension FileError {
    /// A field of a file, such as `model.vocab`, that contradicts the format or itself.
    package static func malformed(file: String, field: String, reason: String, remedy: String) -> FileError {
        FileError(.corrupt, path: file, field.isEmpty ? "\(reason); \(remedy)" : "\(field): \(reason); \(remedy)")
    }

    /// A field that asks for something that is not done here.
    package static func unsupported(file: String, field: String, found: String, remedy: String) -> FileError {
        let prefix = field.isEmpty ? "" : "\(field): "
        return FileError(.unsupported, path: file, "\(prefix)\(found) is not supported; \(remedy)")
    }

    /// A size in a file beyond what any sound one needs.
    package static func limit(file: String, field: String, limit: Int, found: Int) -> FileError {
        FileError(.corrupt, path: file, "\(field): \(found) exceeds the limit of \(limit); the file is damaged")
    }

    /// Remedy for files that contradict their own format.
    package static let copyAgain = "copy the file again from where the model came from"

    /// A contradiction whose only cure is an undamaged file.
    package static func damaged(_ file: String, _ field: String, _ reason: String) -> FileError {
        .malformed(file: file, field: field, reason: reason, remedy: copyAgain)
    }
}
