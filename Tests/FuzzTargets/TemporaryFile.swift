import Foundation

/// Calls `body` with the path of a file that holds `bytes`: for readers that take paths.
func withFile(_ bytes: [UInt8], named name: String, _ body: (String) -> Void) {
    let memory = "/dev/shm"
    let folder = access(memory, W_OK) == 0 ? memory : NSTemporaryDirectory()
    let path = "\(folder)/reuseformer-fuzz-\(getpid())-\(UInt(bitPattern: pthread_self().hashValue))-\(name)"
    guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else { return }
    defer { unlink(path) }
    body(path)
}
