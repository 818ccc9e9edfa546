import Files

extension MappedFile {
    /// Storage that covers the whole file; tensors are views of it and keep it mapped.
    package var storage: TensorStorage { TensorStorage(unsafeBytes: bytes, owner: self) }
}
