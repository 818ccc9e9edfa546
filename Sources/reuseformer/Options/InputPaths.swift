import ReuseTransformers

/// The data of a command, looked at before anything else is read.
struct InputPaths {
    private var paths: [(path: String, use: InputFile.Use)] = []
    private let columns: TextColumns

    /// - Parameter columns: Which columns of tables are read.
    init(_ columns: TextColumns = TextColumns()) { self.columns = columns }

    /// Adds a file that was given.
    mutating func append(_ path: String?, as use: InputFile.Use) {
        if let path { paths.append((path, use)) }
    }

    /// Refuses what cannot be read whatever the model is, and what would read standard input twice: the second reader
    /// finds nothing.
    ///
    /// - Parameter times: How often each file is read.
    func check(read times: Int = 1) throws {
        let count = paths.count { $0.path == "-" }
        if count * times > 1 {
            throw CommandError.usage(
                count > 1
                    ? "standard input (-) is given \(count) times and can be read once; give files"
                    : "standard input (-) can be read once, and every model reads the data; give a file")
        }
        for (path, use) in paths { try InputFile.checkEarly(path, as: use, columns) }
    }

    /// The same for data to learn from, and those that judge.
    static func check(_ calibration: CalibrationOptions) throws {
        var inputs = InputPaths(calibration.tables.columns())
        for path in calibration.calibration { inputs.append(path, as: .items) }
        inputs.append(calibration.judge, as: .items)
        try inputs.check()
    }
}
