import EmbeddedFiles
import Foundation
import TestSupport
import Testing

@Suite("Files that are part of the program")
struct EmbeddedFileTests {
    @Test("all files of a folder are embedded as they are, and no others", arguments: EmbeddedFile.Folder.allCases)
    func contents(_ folder: EmbeddedFile.Folder) throws {
        let source = Repository.root.appending(path: "Sources/\(folder.rawValue)")
        let names = try FileManager.default.contentsOfDirectory(atPath: source.path)
        let files = EmbeddedFile.all(in: folder)
        #expect(Set(files.map(\.name)) == Set(names))
        #expect(files.count == names.count)
        for file in files {
            #expect(Data(file.bytes) == (try Data(contentsOf: source.appending(path: file.name))), "\(file.name)")
            #expect(EmbeddedFile.bytes(of: file.name, in: folder) == file.bytes)
        }
    }

    @Test("a name that no file of the folder has gives nothing")
    func unknownName() {
        #expect(EmbeddedFile.bytes(of: "report.css", in: .keys).isEmpty)
    }
}
