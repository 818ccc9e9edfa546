/// What a file that is not HDF5 is, by its first bytes, never by its name.
package enum FileContent: String, Sendable, Hashable, CaseIterable {
    case empty, gitLFSPointer, webPage, zipArchive, gzip, safetensors, pickle, hdf4, png, jpeg, netCDF
    case pytorch, onnx, gguf
    case textTransfer, reencoded, text, unknown

    /// A noun phrase for messages.
    package var name: String {
        switch self {
        case .empty: "an empty file"
        case .gitLFSPointer: "a git-LFS pointer"
        case .webPage: "a web page"
        case .zipArchive: "a zip archive"
        case .gzip: "gzip-compressed data"
        case .safetensors: "a safetensors file"
        case .pickle: "a Python pickle"
        case .pytorch: "a PyTorch pickle"
        case .onnx: "an ONNX graph"
        case .gguf: "a GGUF file"
        case .hdf4: "an HDF4 file"
        case .png: "a PNG image"
        case .jpeg: "a JPEG image"
        case .netCDF: "a classic netCDF file"
        case .textTransfer: "one whose line ends were changed in transfer"
        case .reencoded: "one whose bytes were re-encoded as text"
        case .text: "a text file"
        case .unknown: "something else"
        }
    }

    /// What to do instead.
    package var remedy: String {
        switch self {
        case .empty: "the download failed: fetch it again"
        case .gitLFSPointer: "fetch the real file with 'git lfs pull'"
        case .webPage: "the download brought an error page: fetch the file itself"
        case .zipArchive: "give a .keras archive, or unpack it first"
        case .gzip: "unpack it with gunzip first"
        case .safetensors: "give it the name of a .safetensors file and the folder it came with"
        case .pickle: "save the weights with save_weights() to HDF5; pickles are never opened"
        case .pytorch:
            "pickles are never opened: load the model in Python and write it with save_pretrained(FOLDER), which gives "
                + "model.safetensors"
        case .onnx: "give the checkpoint that it was exported from: a folder with model.safetensors or tf_model.h5"
        case .gguf: "give the checkpoint that it was quantised from: a folder with model.safetensors"
        case .hdf4: "convert it with h4toh5 first"
        case .textTransfer, .reencoded: "transfer it again in binary mode"
        case .netCDF: "convert it to netCDF-4 first"
        case .png, .jpeg, .text, .unknown: "check the path"
        }
    }

    /// Whether it is sound and simply of another kind, rather than damaged or none at all.
    package var isForeign: Bool {
        [.pytorch, .onnx, .gguf, .pickle, .hdf4, .netCDF, .text, .png, .jpeg].contains(self)
    }

    /// The signature of HDF5.
    package static let hdf5Signature: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]

    /// Judges a file that has no HDF5 signature by its first bytes (a few hundred suffice).
    package init(_ head: some Collection<UInt8>, byteCount: Int) {
        let head = Array(head.prefix(512))
        func starts(_ bytes: [UInt8]) -> Bool { head.starts(with: bytes) }
        func starts(_ text: String) -> Bool { head.starts(with: Array(text.utf8)) }

        if head.isEmpty {
            self = .empty
        } else if starts("version https://git-lfs") {
            self = .gitLFSPointer
        } else if starts("GGUF") {
            self = .gguf
        } else if starts([0x50, 0x4B, 0x03, 0x04]), Self.isPyTorch(head) {
            self = .pytorch
        } else if Self.isONNX(head) {
            self = .onnx
        } else if starts([0x50, 0x4B, 0x03, 0x04]) || starts([0x50, 0x4B, 0x05, 0x06]) {
            self = .zipArchive
        } else if starts([0x1F, 0x8B]) {
            self = .gzip
        } else if starts([0x0E, 0x03, 0x13, 0x01]) {
            self = .hdf4
        } else if starts([0x89, 0x50, 0x4E, 0x47]) {
            self = .png
        } else if starts([0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if starts("CDF") && head.count > 3 && [1, 2, 5].contains(head[3]) {
            self = .netCDF
        } else if starts([0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]) {
            // torch.save before 1.6: a pickle of its magic number comes first.
            self = .pytorch
        } else if starts([0x80]) && head.count > 1 && (2...5).contains(head[1]) {
            self = .pickle
        } else if Self.isSafetensors(head, byteCount: byteCount) {
            self = .safetensors
        } else if starts([0x89, 0x48, 0x44, 0x46, 0x0A]) || starts([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0D])
            || starts([0x09, 0x48, 0x44, 0x46])
        {
            self = .textTransfer
        } else if starts([0xC2, 0x89, 0x48, 0x44, 0x46]) || starts([0xEF, 0xBF, 0xBD, 0x48, 0x44, 0x46]) {
            self = .reencoded
        } else if Self.isWebPage(head) {
            self = .webPage
        } else if head.allSatisfy({ $0 >= 0x20 || [9, 10, 13].contains($0) }) {
            self = .text
        } else {
            self = .unknown
        }
    }

    /// What some bytes begin that are no text, as a noun phrase; `nil` where their beginning tells nothing.
    package static func ofBinary(_ bytes: some Collection<UInt8>) -> String? {
        if bytes.starts(with: hdf5Signature) { return "an HDF5 file" }
        let content = FileContent(bytes, byteCount: bytes.count)
        if content == .unknown, bytes.prefix(9).count == 9, bytes.dropFirst(8).first == UInt8(ascii: "{") {
            return FileContent.safetensors.name
        }
        return [.text, .unknown, .empty, .reencoded].contains(content) ? nil : content.name
    }

    /// Judges a mapped file that has no HDF5 signature.
    package init(_ file: MappedFile) {
        self = file.withUnsafeBytes { FileContent($0.prefix(512), byteCount: $0.count) }
    }

    /// A length in eight bytes, then a JSON object of that length.
    private static func isSafetensors(_ head: [UInt8], byteCount: Int) -> Bool {
        guard head.count > 9, head[8] == UInt8(ascii: "{") else { return false }
        let length = head[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return length >= 2 && length <= UInt64(max(byteCount - 8, 0))
    }

    /// A zip archive whose first member is `…/data.pkl`, as torch.save has written since 1.6.
    private static func isPyTorch(_ head: [UInt8]) -> Bool {
        guard head.count > 30 else { return false }
        let length = Int(head[26]) | Int(head[27]) << 8
        return String(decoding: head.dropFirst(30).prefix(length), as: UTF8.self).hasSuffix("data.pkl")
    }

    /// A protocol buffer whose first fields are the version of the format and the text of who wrote it.
    private static func isONNX(_ head: [UInt8]) -> Bool {
        guard head.count > 4, head[0] == 0x08, (1...32).contains(head[1]), head[2] == 0x12 else { return false }
        let producer = head.dropFirst(4).prefix(Int(head[3]))
        return !producer.isEmpty && producer.count == Int(head[3]) && producer.allSatisfy { (0x20...0x7E).contains($0) }
    }

    private static func isWebPage(_ head: [UInt8]) -> Bool {
        let text = String(decoding: head, as: UTF8.self).lowercased()
        return text.drop { $0.isWhitespace || $0 == "\u{FEFF}" }.hasPrefix("<")
    }
}
