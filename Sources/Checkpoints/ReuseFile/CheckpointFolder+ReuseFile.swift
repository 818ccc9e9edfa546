import Files
import Platform
import WeightFiles

extension CheckpointFolder {
    /// The named file, or the folder's only HDF5 file, where that is a `.reuse.h5`.
    func reuseFile() throws(FileError) -> MappedFile? {
        let candidate: FileEntry?
        if let file {
            candidate = file
        } else {
            let found = exists("config.json") ? [] : hdf5Names()
            candidate = found.count == 1 ? entry(found[0]) : nil
        }
        guard let candidate else { return nil }
        let file = try self.file(candidate)
        return ReuseFile.isReuseFile(file) ? file : nil
    }
}
