import Files
import Platform

/// A mapped zip archive whose directory was checked.
package struct ZipArchive: Sendable {
    /// The file.
    package let file: MappedFile
    /// What it holds.
    package let directory: ZipDirectory

    /// - Throws: For what is no sound archive.
    package init(_ file: MappedFile) throws(FileError) {
        self.file = file
        directory = try FileError.mapping(file.path) { () throws(ZipDirectory.Failure) in
            try file.withUnsafeBytes { bytes throws(ZipDirectory.Failure) in try ZipDirectory(bytes) }
        }
    }

    /// The contents of a member, inflated where they are compressed; the checksum is verified.
    package func contents(of member: ZipDirectory.Member) throws(FileError) -> [UInt8] {
        try FileError.mapping(file.path) { () throws(ZipDirectory.Failure) in
            try file.withUnsafeBytes { bytes throws(ZipDirectory.Failure) in try member.contents(of: bytes) }
        }
    }
}

extension FileError {
    /// Runs something of a zip archive under the error type of files.
    fileprivate static func mapping<R>(
        _ path: String, _ body: () throws(ZipDirectory.Failure) -> R
    ) throws(FileError) -> R {
        do throws(ZipDirectory.Failure) { return try body() } catch { throw FileError(error, path: path) }
    }

    /// What is wrong with an archive.
    package init(_ failure: ZipDirectory.Failure, path: String) {
        let member = failure.member.map { "\($0.printable): " } ?? ""
        self.init(
            failure.kind.errorKind, path: path,
            "the archive: \(member)\(failure.reason)"
        )
    }
}
