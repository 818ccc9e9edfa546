import Platform

extension FileError {
    /// None of the files that a tokenizer can be made of is there.
    static func noTokenizer(looked: [String]) -> FileError {
        let names = looked.joined(separator: ", ")
        return FileError(
            .inputOutput, path: "tokenizer",
            "none of \(names) is there; copy the tokenizer files of the model beside its weights")
    }
}
