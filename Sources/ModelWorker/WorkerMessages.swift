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
    }

    /// Handed back with the answer.
    let id: Int
    let method: Method
    let texts: [String]?
    let pairs: [[String]]?
    /// How a text's rows become one: mean, first, max, last, meanSquareRoot, weightedMean.
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

    /// Refuses numbers that mean nothing, as the command refuses its options.
    func check() throws(TransformerError) {
        func refuse(_ isWrong: Bool?, _ problem: String) throws(TransformerError) {
            if isWrong == true { throw TransformerError(.usage, problem) }
        }
        try refuse(maximumTokens.map { $0 < 4 }, "the longest text has at least 4 tokens")
        try refuse(
            maximumNewTokens.map { !(1...1 << 20).contains($0) }, "new tokens are between 1 and \(1 << 20)")
        try refuse(temperature.map { !(0...100).contains($0) }, "a temperature is between 0 and 100")
        try refuse(topK.map { $0 < 1 }, "top-k is positive")
        try refuse(topP.map { !($0 > 0 && $0 <= 1) }, "top-p is above 0 and at most 1")
        try refuse(seed.map { $0 < 0 }, "a seed is 0 or more")
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
