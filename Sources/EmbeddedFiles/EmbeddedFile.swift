import CResources

/// A file whose bytes are part of the program (`Sources/CResources`).
package struct EmbeddedFile: Sendable {
    /// The folders that are embedded.
    package enum Folder: String, Sendable, CaseIterable {
        /// One file a family of models.
        case architectures = "ArchitectureSpecs/Architectures"
        /// What keys of configurations mean that all families have.
        case keys = "ArchitectureSpecs/Keys"
        /// What Keras layers are made of.
        case layerSpecs = "KerasModels/LayerSpecs"
        /// What reports look like.
        case reports = "Reporting/Resources"
    }

    /// Its name in the folder.
    package let name: String
    /// Its contents. A copy.
    package let bytes: [UInt8]

    /// The files of a folder, in the order of their names.
    ///
    /// - Complexity: O(bytes of the folder).
    package static func all(in folder: Folder) -> [EmbeddedFile] {
        var files: [EmbeddedFile] = []
        var number = 0
        while let resource = rk_resource_at(number)?.pointee {
            number += 1
            guard String(cString: resource.folder) == folder.rawValue else { continue }
            files.append(EmbeddedFile(resource))
        }
        return files
    }

    /// A file of a folder; empty where there is none of the name, which a test rules out.
    package static func bytes(of name: String, in folder: Folder) -> [UInt8] {
        all(in: folder).first { $0.name == name }?.bytes ?? []
    }

    private init(_ resource: rk_resource) {
        name = String(cString: resource.name)
        bytes = Array(UnsafeBufferPointer(start: resource.start, count: resource.end - resource.start))
    }
}
