import Files
import JSON
import ModelGraph
import Platform

extension KeptRefits {
    /// What says whose sums a file holds, in front of the numbers.
    private struct SumsHeader: Codable {
        var kind = "reuseformer sums"
        var version = 1
        var origin: Origin
        var plan: String
        var refit: Int
        var part: Int
        /// Columns of features and targets; none of both: rows that do not belong together have no sums.
        var features = 0
        var targets = 0
        /// Rows that fit, and rows that choose.
        var train = 0
        var heldOut = 0
    }

    /// Bytes of a header at most.
    private static let headerLimit = 1 << 16
    private static let digestBytes = 32

    /// The name of the sums of one part of the texts for one refit.
    private func name(_ refit: Int, _ part: Int) -> String { "\(refit)-\(part)" }

    /// Whether sums are there.
    func holdsSums(_ refit: Int, part: Int, among names: [String]) -> Bool {
        find("sums", name(refit, part), among: names) != nil
    }

    /// Whether another worker has written sums for a refit.
    func holdsSums(_ refit: Int, by worker: Int, among names: [String]) -> Bool {
        let stem = stem("sums", "\(refit)-"), end = "-by-\(worker).part"
        return names.contains { $0.hasPrefix(stem) && $0.hasSuffix(end) }
    }

    /// Writes the sums of one part: four bytes that say how long the header is, the header, the numbers as
    /// little-endian float64, and a SHA-256 of all.
    func keep(_ sums: FitStatistics?, refit: Int, part: Int) throws(AnalysisError) {
        var header = SumsHeader(origin: origin, plan: plan, refit: refit, part: part)
        var numbers: [Double] = []
        if let sums {
            header.features = sums.train.featureCount
            header.targets = sums.train.targetCount
            header.train = sums.train.count
            header.heldOut = sums.heldOut.count
            numbers = sums.train.packed + sums.heldOut.packed
        }
        let path = path("sums", name(refit, part))
        guard let text = try? Document.encode(header) else { return }
        let head = withUnsafeBytes(of: UInt32(text.count).littleEndian) { Array($0) } + text
        if Double(1).bitPattern.littleEndian != Double(1).bitPattern {
            numbers = numbers.map { Double(bitPattern: $0.bitPattern.littleEndian) }
        }
        var hasher = SHA256()
        head.withUnsafeBytes { hasher.update($0) }
        numbers.withUnsafeBytes { hasher.update($0) }
        let digest = hasher.finalize()
        do throws(FileError) {
            var file = try AtomicFile(replacing: path)
            try file.write(head)
            // The standard library's closure passes no typed error on.
            let written: Result<Void, FileError> = numbers.withUnsafeBytes { bytes in
                do throws(FileError) { return .success(try file.write(bytes)) } catch { return .failure(error) }
            }
            try written.get()
            try file.write(digest.bytes)
            try file.commit()
        } catch { throw .file(error) }
    }

    /// Sums that a worker has kept: `nil` where there are none, or none any longer; `.some(nil)` where there is nothing
    /// to be summed.
    func sums(_ refit: Int, part: Int, among names: [String]) throws(AnalysisError) -> FitStatistics?? {
        guard let path = find("sums", name(refit, part), among: names) else { return nil }
        var status = stat()
        // Who has refitted already has removed it.
        guard stat(path, &status) == 0 else { return nil }
        let file: MappedFile
        do throws(FileError) { file = try MappedFile(path: path) } catch {
            guard stat(path, &status) == 0 else { return nil }
            throw .file(error)
        }
        func damaged(_ reason: String) -> AnalysisError {
            .file(FileError(.corrupt, path: path, "is not what a worker wrote: \(reason)", remedy: "remove it"))
        }
        let (header, start) = try header(of: file, path)
        if let difference = header.origin.difference(from: origin) {
            throw .file(
                FileError(.usage, path: path, "\(difference) what is asked for now; give another folder"))
        }
        guard header.plan == plan, header.refit == refit, header.part == part else {
            throw damaged("its name is another one's")
        }
        let isEmpty = header.features == 0 && header.targets == 0
        guard let each = isEmpty ? 0 : RowStatistics.packedCount(features: header.features, targets: header.targets),
            header.features >= 0, header.targets >= 0, header.train >= 0, header.heldOut >= 0,
            each <= file.byteCount / 16, file.byteCount == start + 16 * each + Self.digestBytes
        else { throw damaged("it has not as many numbers as it says") }
        let numbers: [Double]? = file.withUnsafeBytes { bytes in
            let end = bytes.count - Self.digestBytes
            var hasher = SHA256()
            hasher.update(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
            guard Array(bytes[end...]) == hasher.finalize().bytes else { return nil }
            return (0..<2 * each).map { index in
                Double(
                    bitPattern: UInt64(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: start + 8 * index, as: UInt64.self)))
            }
        }
        guard let numbers else { throw damaged("its bytes are others than were written") }
        if isEmpty { return .some(nil) }
        guard
            let train = RowStatistics(
                packed: numbers[..<each], count: header.train, features: header.features, targets: header.targets),
            let heldOut = RowStatistics(
                packed: numbers[each...], count: header.heldOut, features: header.features, targets: header.targets)
        else { throw damaged("it has not as many numbers as it says") }
        return FitStatistics(train: train, heldOut: heldOut)
    }

    /// The header, and where the numbers begin.
    private func header(of file: MappedFile, _ path: String) throws(AnalysisError) -> (SumsHeader, Int) {
        let text: [UInt8]? = file.withUnsafeBytes { bytes in
            guard bytes.count >= 4 else { return nil }
            let length = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
            guard length <= Self.headerLimit, 4 + length <= bytes.count else { return nil }
            return Array(bytes[4..<4 + length])
        }
        do throws(Document.ReadError) {
            if let text { return (try Document.decode(SumsHeader.self, from: text, isStrict: true), 4 + text.count) }
        } catch {
            throw .file(
                FileError(.corrupt, path: path, "is not what a worker wrote: \(error)", remedy: "remove it"))
        }
        throw .file(
            FileError(.corrupt, path: path, "is not what a worker wrote: it has no header", remedy: "remove it"))
    }

    /// Removes the sums of a refit that this worker wrote: the refit is there.
    func removeSums(of refit: Int, among names: [String]) {
        let stem = stem("sums", "\(refit)-")
        for name in names where name.hasPrefix(stem) && name.hasSuffix("\(author).part") {
            try? FileSystem.system.remove("\(folder)/\(name)")
        }
    }
}
