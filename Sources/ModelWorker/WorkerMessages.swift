import ReuseTransformers

/// What a worker is asked.
struct WorkerRequest: Decodable {
    /// What is to be done.
    enum Method: String, Decodable {
        /// Embeddings of `texts`: numbers `[texts, width]`.
        case embed
        /// Scores of `texts` before softmax: numbers `[texts, labels]`.
        case classify
        /// Scores of `pairs`: numbers `[pairs, labels]`.
        case score
        /// Texts after `texts`.
        case generate
        /// Nothing: the answer is a sign of life.
        case ping
    }

    /// Handed back with the answer.
    let id: Int
    let method: Method
    let texts: [String]?
    let pairs: [[String]]?
    /// How a text's rows become one: mean, first or cls, max, last, mean-sqrt, weighted-mean.
    let pooling: String?
    let normalize: Bool?
    let maximumTokens: Int?
    /// A name among the model's prompts, or the prompt itself; empty for none; absent: as the model's files say.
    let prompt: String?
    let maximumNewTokens: Int?
    let temperature: Double?
    let topK: Int?
    let topP: Double?
    let seed: Int?
    /// Whether each token is sent as it comes.
    let stream: Bool?

    /// Refuses a limit that no text fits, as the command does.
    func checkLimit() throws(TransformerError) {
        if let maximumTokens, maximumTokens < 4 {
            throw TransformerError(.usage, "the longest text has at least 4 tokens")
        }
    }

    /// How texts are continued.
    func generation() throws(TransformerError) -> TextGenerator.Options {
        if let seed, seed < 0 { throw TransformerError(.usage, "a seed is 0 or more") }
        return TextGenerator.Options(
            maximumNewTokens: maximumNewTokens, temperature: temperature, topK: topK, topP: topP,
            seed: seed.map(UInt64.init))
    }
}

/// What a worker says.
enum WorkerAnswer {
    /// First of all: what the model is.
    struct Greeting: Encodable {
        let protocolVersion = 1
        let version: String
        let model: Description
    }

    /// A model in the words of its callers.
    struct Description: Encodable {
        let path: String
        let architecture: String
        /// What `embed`, `classify`, `score` and `generate` are possible.
        let methods: [String]
        /// Numbers of an embedding; `nil` without one.
        let width: Int?
        let labels: [String]
        let prompts: [String: String]
        let defaultPrompt: String?
        /// Longest text in tokens; `nil`: unlimited.
        let maximumTokens: Int?
        /// How embeddings are compared, as the model's files say.
        let similarity: String?
        /// What was assumed, and what is not done as a file asks, a sentence each.
        let notes: [String]
    }

    /// A sign of life.
    struct Sign: Encodable {
        let id: Int
    }

    /// The shape of the numbers that follow.
    struct Rows: Encodable {
        let id: Int
        let shape: [Int]
        /// Texts that were cut to the limit.
        let truncated: Int
    }

    struct Token: Encodable {
        let id: Int
        let token: Piece

        struct Piece: Encodable {
            let prompt: Int
            let id: Int32
            let text: String
        }
    }

    struct Texts: Encodable {
        let id: Int
        let texts: [Text]

        struct Text: Encodable {
            let prompt: String
            let text: String
            let ids: [Int32]
            let isFinished: Bool
        }
    }

    /// Something did not work; the worker goes on.
    struct Failure: Encodable {
        let id: Int
        let error: Problem

        struct Problem: Encodable {
            /// `usage`, `unsupported`, `corrupt`, `inputOutput`, `defect`, `cancelled`.
            let kind: String
            let message: String
        }
    }
}
