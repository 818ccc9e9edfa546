import Archives
import Files
import Foundation
import HDF5
import Platform
import Tensors
import TestSupport
import Testing
import WeightFiles

@Suite("Containers of tensors")
struct WeightContainerTests {
    private static let archive = "\(fixtures)/keras/keras3_gqa/model.keras"

    /// Everything in a file under the file's own names.
    private func digests(_ path: String) throws -> [String: String] {
        var listing = TensorListing()
        try listing.append(WeightContainer(MappedFile(path: path), reading: .standard))
        return try Dictionary(listing.tensors.map { ($0.name, try $0.read().digest.hex) }) { first, _ in first }
    }

    @Test(
        "a file of tensors is recognised by its contents, whatever it is called",
        arguments: [
            ("keras/keras3_gqa/model.keras", "weights.zip", WeightFormat.kerasArchive),
            ("keras/keras3_gqa/model.keras", "weights.h5", .kerasArchive),
            ("checkpoints/bert/tf_model.h5", "weights.bin", .hdf5),
            ("checkpoints/bert_safetensors/model.safetensors", "weights", .safetensors),
            // Mixed up, and refused as what it is.
            ("checkpoints/bert_safetensors/model.safetensors", "weights.h5", .hdf5),
        ])
    func recognition(_ fixture: String, _ name: String, _ format: WeightFormat) throws {
        let scratch = Scratch()
        try FileManager.default.copyItem(atPath: "\(fixtures)/\(fixture)", toPath: scratch(name))
        #expect(try WeightFormat(MappedFile(path: scratch(name))) == format)
    }

    @Test(
        "an archive gives the tensors of the HDF5 file inside it, stored and deflated, whatever it is called",
        arguments: [("model.keras", false), ("model.zip", false), ("model.keras", true), ("model.zip", true)])
    func archives(_ name: String, _ isDeflated: Bool) throws {
        let scratch = Scratch()
        let archive = try ZipArchive(MappedFile(path: Self.archive))
        let members = try archive.directory.members.map { ($0.name, try archive.contents(of: $0)) }
        let weights = try #require(members.first { $0.0 == "model.weights.h5" }).1
        try Data(weights).write(to: scratch.url("inside.h5"))
        try Data(zipArchive(members, isDeflated: isDeflated)).write(to: scratch.url(name))
        let expected = try HDF5File.open(path: scratch("inside.h5")).datasets.map {
            (String($0.path.dropFirst()), try $0.tensor().digest.hex)
        }
        #expect(expected.count > 10)
        #expect(try digests(scratch(name)) == Dictionary(expected) { first, _ in first })
        let container = try WeightContainer(MappedFile(path: scratch(name)), reading: .standard)
        #expect(container.config?["class_name"]?.stringValue == "Functional")
    }

    @Test("a list of names that was split over several attributes is read as one")
    func splitNames() throws {
        let scratch = Scratch()
        var writer = try HDF5Writer(path: scratch("split.h5"), userBlockByteCount: 0)
        try writer.setAttribute("layer_names0", to: "dense")
        try writer.setAttribute("layer_names1", to: "norm")
        try writer.setAttribute("layer_names3", to: "unreachable")
        try writer.close()
        let file = try HDF5File.open(path: scratch("split.h5"))
        #expect(try file.root.names(splitAttribute: "layer_names", in: "split.h5") == ["dense", "norm"])
        #expect(try file.root.names(splitAttribute: "weight_names", in: "split.h5") == nil)
    }

    @Test("a list of names that leads out of its layer is refused", arguments: ["../other", "/other", "a/./b"])
    func namesOutside(_ name: String) throws {
        let scratch = Scratch()
        var writer = try HDF5Writer(path: scratch("names.h5"), userBlockByteCount: 0)
        try writer.setAttribute("layer_names", to: name)
        try writer.write(Tensor([1, 2], shape: [2]), at: "/other")
        try writer.close()
        let error = #expect(throws: FileError.self) { try digests(scratch("names.h5")) }
        #expect(error?.kind == .corrupt)
        #expect(error?.description.contains("leads out of its layer") == true)
    }

    @Test("a name that a list has and the file has not is refused")
    func missingName() throws {
        let scratch = Scratch()
        var writer = try HDF5Writer(path: scratch("names.h5"), userBlockByteCount: 0)
        try writer.setAttribute("layer_names", to: "gone")
        try writer.close()
        let error = #expect(throws: FileError.self) { try digests(scratch("names.h5")) }
        #expect(error?.description.contains("\"gone\", which is not in the file") == true)
    }

    @Test("two files with a tensor of the same name are not taken for one folder's weights")
    func sameName() throws {
        let path = "\(fixtures)/checkpoints/bert_safetensors/model.safetensors"
        var listing = TensorListing()
        let container = try WeightContainer(MappedFile(path: path), reading: .standard)
        try listing.append(container)
        let error = #expect(throws: FileError.self) { try listing.append(container) }
        #expect(error?.kind == .corrupt)
        try listing.append(container, prefix: "task/")
    }

    @Test("a folder maps each of its files once")
    func oneMapping() throws {
        let folder = try CheckpointFolder(path: "\(fixtures)/checkpoints/bert")
        let entry = try #require(try folder.weightFiles().first)
        let file = try folder.file(entry)
        #expect(try folder.file(folder.entry("tf_model.h5")) === file)
        #expect(try folder.container(entry).file === file)
    }
}
