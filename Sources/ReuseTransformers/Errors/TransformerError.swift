import Foundation
import Reporting

/// Why a model could not be read, run, converted or written.
///
/// The one error of the library. Decide by `kind`, show `description`:
///
///     do throws(TransformerError) {
///         let model = try await TransformerModel(at: URL(filePath: "bert/"))
///         print(model.architecture)
///     } catch {
///         if error.kind == .unsupported { print(error.description) } else { throw error }
///     }
///
/// Texts name files, tensors and values of the model as they are spelled in its files; show them to people through
/// `description`, which spells out characters that could steer a terminal.
public struct TransformerError: Error, Sendable, Hashable {
    /// What kind of trouble it is: what a program decides by.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The request is wrong: an option, a plan, a budget, data that the model does not read.
        case usage
        /// The model was recognised, but it asks for something that is not handled.
        case unsupported
        /// A file contradicts itself, is damaged or hostile.
        case corrupt
        /// A file is not found, may not be read or written, or the disk is full.
        case inputOutput
        /// A defect of this library or of its installation, whatever the input.
        case defect
        /// The task was cancelled. Nothing half-written is left.
        case cancelled
    }

    /// What kind of trouble it is.
    public let kind: Kind
    /// The file or folder that it is about, as it was named; `nil` when it is about no file.
    public let path: String?
    /// What is wrong, each entry one thing; never empty.
    public var problems: [String] { messages.map(OptionNames.inSwift) }
    /// What to do about it; `nil` when nothing can be advised.
    public var remedy: String? { advice.map(OptionNames.inSwift) }

    /// Problems and remedy with options as the command spells them.
    private let messages: [String]
    private let advice: String?

    package init(_ kind: Kind, path: String? = nil, _ problems: [String], remedy: String? = nil) {
        self.kind = kind
        self.path = path
        messages = problems
        advice = remedy
    }

    package init(_ kind: Kind, path: String? = nil, _ problem: String, remedy: String? = nil) {
        self.init(kind, path: path, [problem], remedy: remedy)
    }

    /// The work was cancelled.
    package static let cancelled = TransformerError(.cancelled, "the work was cancelled")
}

extension TransformerError: CustomStringConvertible, LocalizedError {
    /// The error in lines, as the command prints them: the path with the first problem, further problems, and what to
    /// do.
    package var lines: [String] { lines(messages, advice) }

    private func lines(_ problems: [String], _ remedy: String?) -> [String] {
        let first = problems.first ?? ""
        return [path.map { "\($0): \(first)" } ?? first] + problems.dropFirst() + (remedy.map { [$0] } ?? [])
    }

    /// What is wrong, where, and what to do, in one line; of many problems the first twenty.
    public var description: String {
        let lines = lines(problems, remedy)
        let shown = lines.prefix(20)
        let more = lines.count > shown.count ? ["and \(lines.count - shown.count) more"] : []
        return (shown.map { $0.escaped(keeping: ["\n", "\t"]) } + more).joined(separator: "; ")
    }

    /// The same as `description`, for code that asks Foundation's errors.
    public var errorDescription: String? { description }
}
