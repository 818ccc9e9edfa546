import Files
import Inputs
import Platform
import ReuseTransformers

/// What a command writes into a file, by the endings that say so.
enum OutputKind {
    case model, document, part, report, arrays, archive, junit, card

    /// Endings under which people look for such a file; the first one is advised.
    fileprivate var endings: [String] {
        switch self {
        case .model: ["reuse.h5", "h5", "hdf5"]
        case .document: ["json"]
        case .part: ["analysis", "json"]
        case .report: ["html", "htm"]
        case .arrays: ["npy", "npz"]
        case .archive: ["npz"]
        case .junit: ["xml"]
        case .card: ["md"]
        }
    }

    fileprivate var name: String {
        switch self {
        case .model: "a .reuse.h5 model"
        case .document: "JSON"
        case .part: "a part of an analysis"
        case .report: "HTML"
        case .arrays: "NumPy arrays"
        case .archive: "an archive of NumPy arrays"
        case .junit: "JUnit XML"
        case .card: "Markdown"
        }
    }

    /// Endings that promise something else to whoever opens the file.
    fileprivate static let others: Set<String> = [
        "bin", "csv", "gguf", "h5", "hdf5", "htm", "html", "json", "jsonl", "keras", "md", "npy", "npz", "onnx",
        "parquet",
        "pdf",
        "pkl", "pt", "pth", "safetensors", "tflite", "tsv", "txt", "xml", "yaml", "yml", "zip",
    ]
}

extension OutputFile {
    /// Refuses, before any work starts, what could not be written in the end, and what would overwrite what others may
    /// need.
    ///
    /// Standard output (`-`) takes one file of a command, and none that a terminal would show as noise.
    ///
    /// - Throws: When the name lies about the contents, when its folder is not there or may not be written, when the
    ///   name is a folder's, or when the file exists and `force` is not given.
    static func check(_ path: String?, as kind: OutputKind, force: Bool) throws {
        guard let path else { return }
        guard !path.isEmpty else { throw CommandError.usage("the name of an output file is empty") }
        guard path != standardOutput else { return try takeStandardOutput(kind) }
        let name = path.split(separator: "/", omittingEmptySubsequences: false).last.map(String.init) ?? path
        if let dot = name.lastIndex(of: "."), dot != name.startIndex {
            let ending = name[name.index(after: dot)...].lowercased()
            if OutputKind.others.contains(ending), !kind.endings.contains(ending) {
                throw CommandError.usage(
                    "\(path): \(kind.name) would be written under a name that says .\(ending); "
                        + "let it end in .\(kind.endings[0])")
            }
        }
        switch PathKind(path) {
        case .nothing:
            try checkFolder(of: path, name: name)
            // Others may write it while we work: then theirs stays.
            if !force { AtomicFile.claim(path) }
        case .folder: throw CommandError.inputOutput("\(path): is a folder; give the name of a file")
        case .file where PathKind.isSpecial(path):
            throw CommandError.inputOutput("\(path): is a pipe or a device; give the name of a file")
        case .file:
            guard force else { throw CommandError.inputOutput("\(path): exists already; give --force to overwrite it") }
            try checkFolder(of: path, name: name)
        }
    }

    private static func takeStandardOutput(_ kind: OutputKind) throws {
        if kind == .model {
            throw CommandError.usage("a .reuse.h5 is read back before it is done: give the name of a file, not -")
        }
        if Terminal.isOutputTaken {
            throw CommandError.usage("two files would go to standard output (-); give one of them a name")
        }
        if kind == .arrays || kind == .archive, isatty(STDOUT_FILENO) == 1 {
            throw CommandError.usage(
                "\(kind.name) are not for a terminal: send them to a file or a program, or give a name")
        }
        Terminal.isOutputTaken = true
    }

    /// Refuses a file and a document that would both go to standard output.
    static func check(_ json: JSONOption) throws {
        guard json.json, Terminal.isOutputTaken else { return }
        throw CommandError.usage("--json prints on standard output, where - sends a file; give the file a name")
    }

    private static func checkFolder(of path: String, name: String) throws {
        var folder = String(path.dropLast(name.count))
        if folder.isEmpty { folder = "." }
        switch PathKind(folder) {
        case .nothing: throw CommandError.inputOutput("\(path): there is no folder \(folder); make it first")
        case .file: throw CommandError.inputOutput("\(path): \(folder) is a file, not a folder; check the path")
        case .folder:
            guard access(folder, W_OK) == 0 else {
                throw CommandError.inputOutput("\(path): the folder \(folder) may not be written; choose another one")
            }
        }
    }
}
