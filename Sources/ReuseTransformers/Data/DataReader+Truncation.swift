import Inputs

extension TruncationNotes {
    /// Heeds what a reader cuts from now on.
    package func watch(_ reader: DataReader, unit: Unit = .text) {
        guard let limit = reader.limit else { return }
        watch(reader.inputs.truncated, limit: limit, unit: unit)
    }
}
