import ArgumentParser
import ModelWorker
import Platform
import ReuseTransformers

struct Worker: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer requests of another program over standard input and output.",
        discussion: """
            For programs in other languages: the model is read once, and rows are those of `run`, to the bit. Frames \
            are described in docs/python.md. The worker ends when its input is closed.
            """,
        shouldDisplay: false)

    @OptionGroup var model: ModelArgument
    @OptionGroup var reading: CheckpointOptions
    @OptionGroup var threads: ThreadsOption

    func run() throws {
        // Answers get a descriptor of their own: what anything else prints must not stand among them.
        let output = dup(STDOUT_FILENO)
        guard output >= 0, dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 else {
            throw FileError("standard output", errno: errno)
        }
        let worker = ModelWorker(
            try reading.model(at: model.model), resources: try threads.resources(), input: STDIN_FILENO, output: output)
        try worker.run()
    }
}
