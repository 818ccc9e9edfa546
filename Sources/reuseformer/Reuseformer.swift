import Platform
import ArgumentParser
import ReuseTransformers

struct Reuseformer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reuseformer",
        abstract: "Make a trained transformer smaller and faster by computing fewer attention maps.",
        discussion: """
              reuseformer inspect bert/
              reuseformer convert bert/ --calibration texts.txt --budget 1/3 -o r.reuse.h5
              reuseformer verify  bert/ r.reuse.h5 --data heldout.txt
              reuseformer run     r.reuse.h5 --texts sentences.txt -o embeddings.npy

            That is a first round, from a folder with tf_model.h5, config.json and tokenizer files. Many attention \
            heads of a trained transformer look at the same places. reuseformer finds out which, lets them share one \
            map, repairs in closed form what that breaks, and writes one file that holds everything needed to run the \
            result. No training, no Python.

            --calibration is what a conversion learns from, --data what models are compared on, --texts what a model \
            is run on. Each reads text files, one text a line, compressed or not, and with --column NAME the columns \
            of .csv, .tsv and .jsonl files; - is standard input, as an output standard output.

            Exit status: 0 done · 1 a defect of reuseformer · 2 wrong use · 3 a gate failed · 4 not supported · \
            5 corrupt input · 6 a file cannot be read or written · 130 interrupted.
            """,
        version: Version.text,
        groupedSubcommands: [
            CommandGroup(name: "Reading", subcommands: [Inspect.self, Extract.self]),
            CommandGroup(
                name: "Converting",
                subcommands: [
                    Analyze.self, Merge.self, Plan.self, Validate.self, Convert.self, Precisions.self,
                ]),
            CommandGroup(name: "Running", subcommands: [Verify.self, Eval.self, Run.self, Bench.self, Worker.self]),
        ])
}

@main
enum Main {
    static func main() {
        StandardStreams.open()
        Interruption.install()
        MemoryLimit.install()
        FileInput.onWaiting.withLock { $0 = { Terminal.noteWaiting($0) } }
        exit(Terminal.checked(status(of: Spelling.current(Array(CommandLine.arguments.dropFirst())))).rawValue)
    }

    /// Runs one command line to its end.
    private static func status(of arguments: [String]) -> ExitStatus {
        var isParsed = false
        do {
            var command = try Reuseformer.parseAsRoot(arguments)
            isParsed = true
            try command.run()
            return .done
        } catch {
            if !isParsed, !Reuseformer.exitCode(for: error).isSuccess, let misspelling = Misspelling(in: arguments) {
                Terminal.note("Error: \(misspelling)")
                return .usage
            }
            return finish(error, isParsed: isParsed)
        }
    }

    private static func finish(_ error: any Error, isParsed: Bool) -> ExitStatus {
        if Reuseformer.exitCode(for: error).isSuccess {
            // Help, version and completion scripts are results.
            Terminal.print(Reuseformer.fullMessage(for: error))
            return .done
        }
        if !isParsed || error is ValidationError {
            let lines = Reuseformer.fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false)
            Terminal.note(lines.map { Terminal.escaped($0) }.joined(separator: "\n"))
            return .usage
        }
        let failure = Failure(error)
        failure.report()
        return failure.status
    }
}
