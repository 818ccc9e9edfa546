import Foundation

/// Calls `body` with the path of a folder that holds files, by their paths below it: for readers of whole folders.
func withFolder(_ files: [String: [UInt8]], _ body: (String) -> Void) {
    let memory = "/dev/shm"
    let parent = access(memory, W_OK) == 0 ? memory : NSTemporaryDirectory()
    let folder = "\(parent)/reuseformer-fuzz-\(getpid())-\(UInt(bitPattern: pthread_self().hashValue))-folder"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for (name, bytes) in files {
        let path = "\(folder)/\(name)"
        let place = (path as NSString).deletingLastPathComponent
        try? FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else { return }
    }
    body(folder)
}

/// Calls `body` with the path of a file that holds `bytes`: for readers that take paths.
func withFile(_ bytes: [UInt8], named name: String, _ body: (String) -> Void) {
    let memory = "/dev/shm"
    let folder = access(memory, W_OK) == 0 ? memory : NSTemporaryDirectory()
    let path = "\(folder)/reuseformer-fuzz-\(getpid())-\(UInt(bitPattern: pthread_self().hashValue))-\(name)"
    guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else { return }
    defer { unlink(path) }
    body(path)
}
