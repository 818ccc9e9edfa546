import Files
import Platform
import Tensors

/// An HDF5 file opened for reading, together with its checked index.
///
///     let file = try HDF5File.open(path: "tf_model.h5")
///     let names = file.root.attribute(named: "layer_names")?.texts
///     let kernel = try file.dataset(at: "/dense/dense/kernel:0").tensor()
///
/// Opening runs the index helper, so it costs a few milliseconds and about 50 µs a dataset; after that, tensors of
/// plain little-endian numbers are views of the mapped file. The file is mapped once and stays mapped for as long as
/// any tensor read from it lives.
package struct HDF5File: Sendable {
    let contents: HDF5Contents

    /// Opens a file, or a part of one.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - region: Bytes of the file that are the HDF5 file, for one that lies uncompressed inside an archive;
    ///     `nil` for the whole file.
    ///   - options: The helper, and what reading may cost.
    /// - Throws: `FileError` when the file cannot be read, is something else, or contradicts itself anywhere in its
    ///   structure. Contents of chunks are checked when they are read.
    package static func open(
        path: String, region: Range<Int>? = nil, options: HDF5ReadingOptions = .standard
    ) throws(FileError) -> HDF5File {
        let file = try MappedFile(path: path)
        return try open(file, region: region, options: options)
    }

    /// Opens a file that is mapped already, such as one that was looked at to tell what it is.
    package static func open(
        _ file: MappedFile, region: Range<Int>? = nil, options: HDF5ReadingOptions = .standard
    ) throws(FileError) -> HDF5File {
        let location = HDF5Location(file: file.path)
        let region = region ?? 0..<file.byteCount
        guard region.lowerBound >= 0, region.upperBound <= file.byteCount else {
            throw .corrupt(location, reason: "bytes \(region) lie outside the file of \(file.byteCount)")
        }
        // What is no HDF5 at all is told without starting the helper.
        _ = try superblock(of: file, region, location)
        let answer = try answer(about: file, region, options, location)
        return try HDF5File(answer: answer, about: file, region: region, limits: options.limits)
    }

    /// The file as an answer of the helper describes it, if that can be true.
    ///
    /// - Parameter region: Inside the file.
    package init(
        answer: [UInt8], about file: MappedFile, region: Range<Int>, limits: HDF5Limits
    ) throws(FileError) {
        let superblock = try Self.superblock(of: file, region, HDF5Location(file: file.path))
        let document = try Self.document(answer, path: file.path)
        let validation = IndexValidation(
            document: document, byteCount: region.count, superblock: superblock, limits: limits)
        do throws(IndexValidation.Finding) {
            try validation.check()
        } catch {
            let location = HDF5Location(file: file.path, object: error.path)
            switch error.kind {
            case .corrupt: throw .corrupt(location, reason: error.reason)
            case .limit: throw .limit(location, reason: error.reason)
            }
        }
        contents = HDF5Contents(file: file, region: region, document: document, limits: limits)
    }

    private static func superblock(
        of file: MappedFile, _ region: Range<Int>, _ location: HDF5Location
    ) throws(FileError) -> Superblock {
        let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[region])
        guard let superblock = Superblock(bytes) else {
            let content = FileContent(bytes.prefix(512), byteCount: bytes.count)
            if bytes.starts(with: FileContent.hdf5Signature) {
                throw .corrupt(location, reason: "it ends inside the superblock")
            }
            throw .notHDF5(location, content)
        }
        guard superblock.version <= 3 else { throw .unsupported(location, .newerFormat) }
        guard !superblock.isOpenForWriting else {
            throw .corrupt(location, reason: "the program that wrote it has not closed it (h5clear -s repairs that)")
        }
        return superblock
    }

    private static func document(_ answer: [UInt8], path: String) throws(FileError) -> IndexDocument {
        let parsed: IndexDocument.Answer
        do throws(IndexFormError) {
            parsed = try IndexDocument.parse(answer)
        } catch {
            let location = HDF5Location(file: path, object: error.path)
            throw .corrupt(location, reason: "its index makes no sense: \(error.reason)")
        }
        switch parsed {
        case .index(let document): return document
        case .refusal(let refusal): throw FileError(refusal, file: path)
        }
    }

    /// What the helper says, whatever that is worth.
    private static func answer(
        about file: MappedFile, _ region: Range<Int>, _ options: HDF5ReadingOptions, _ location: HDF5Location
    ) throws(FileError) -> [UInt8] {
        guard let helper = options.helper else {
            throw .helper(location, reason: "\(IndexHelper.name) was not found")
        }
        let outcome = try helper.run(
            IndexHelper.Request(
                descriptor: file.descriptor, offset: region.lowerBound, byteCount: region.count,
                limits: options.limits),
            for: location)
        switch outcome {
        case .document(let document): return document
        case .signal(let signal) where IndexHelper.isTimeLimit(signal):
            throw .corrupt(location, reason: "reading its structure does not come to an end")
        case .signal(let signal):
            throw .corrupt(location, reason: "its structure makes libhdf5 crash (signal \(signal))")
        case .status(let status): throw .helper(location, reason: "it ended with status \(status)")
        case .unread(let code): throw .machine(location, reason: systemMessage(code))
        case .stalled:
            throw .inputOutput(
                location,
                reason: "reading its structure makes no progress; is the disk, or the machine, overloaded?")
        case .tooMuch: throw .limit(location, reason: "its structure is too large")
        }
    }

    // MARK: Contents

    /// The file as it was named.
    package var path: String { contents.file.path }

    /// Bytes of the HDF5 file, user block included.
    package var byteCount: Int { contents.region.count }

    /// Bytes before the HDF5 part proper.
    package var userBlockByteCount: Int { contents.document.userBlock }

    /// The user block's bytes.
    package var userBlock: [UInt8] { Array(contents.bytes[..<contents.document.userBlock]) }

    /// The root group.
    package var root: HDF5Group { HDF5Group(contents: contents, index: contents.rootIndex) }

    /// Every dataset once, each under the first path that leads to it, in order of that path's groups.
    package var datasets: [HDF5Dataset] {
        contents.document.objects.indices.compactMap { HDF5Dataset(contents: contents, index: $0) }
    }

    /// Paths of objects that only a newer version of libhdf5 can read; they are no part of `datasets`.
    package var unreadablePaths: [String] {
        contents.document.objects.compactMap { object in
            if case .newerFormat = object.content { object.path } else { nil }
        }
    }

    /// The dataset that a path leads to, through hard and soft links.
    ///
    /// - Parameter path: Names separated by `/`, from the root; a leading `/` may be missing.
    /// - Throws: `FileError.noSuchObject`, or `unsupported` for an object of a newer format.
    package func dataset(at path: String) throws(FileError) -> HDF5Dataset {
        let location = HDF5Location(file: self.path, object: path)
        guard let index = contents.resolve(path, from: contents.rootIndex) else { throw .noSuchObject(location) }
        if let dataset = HDF5Dataset(contents: contents, index: index) { return dataset }
        if case .newerFormat = contents.document.objects[index].content { throw .unsupported(location, .newerFormat) }
        throw .noSuchObject(location)
    }

    /// The group that a path leads to, `nil` when there is none.
    package func group(at path: String) -> HDF5Group? { root.group(at: path) }
}

extension FileError {
    /// The error for what the helper refused to index.
    package init(_ refusal: IndexRefusal, file: String) {
        let location = HDF5Location(file: file, object: refusal.path.isEmpty ? nil : refusal.path)
        self =
            switch refusal.kind {
            case "unsafe": .unsafe(location, reason: refusal.message)
            case "limit": .limit(location, reason: refusal.message)
            case "unsupported": .unsupported(location, .link(refusal.message))
            case "newerFormat": .unsupported(location, .newerFormat)
            case "failure": .machine(location, reason: refusal.message)
            default: .corrupt(location, reason: refusal.message)
            }
    }
}
