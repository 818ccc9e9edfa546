import ModelGraph

/// Cuts a text that is longer than a model's sequences into windows that overlap: every token is predicted once, with
/// as much before it as fits.
package struct TextWindows: Sendable, Hashable {
    /// A part of a text, and which of its tokens count.
    package struct Window: Sendable, Hashable {
        /// Tokens that the model reads.
        package let tokens: Range<Int>
        /// Tokens whose predictions count; the first one of a text has nothing before it.
        package let counted: Range<Int>
    }

    /// Tokens of a window.
    package let length: Int
    /// Tokens from one window to the next: the smaller, the more each token sees, and the longer it takes.
    package let stride: Int

    /// - Parameters:
    ///   - length: At least 2.
    ///   - stride: 1 … length; `nil`: half of the length.
    package init(length: Int, stride: Int? = nil) {
        self.length = max(2, length)
        self.stride = min(max(1, stride ?? self.length / 2), self.length)
    }

    /// The windows of a text of `count` tokens, first to last.
    package func windows(of count: Int) -> [Window] {
        guard count > 1 else { return [] }
        var result: [Window] = []
        var start = 0, counted = 1
        while true {
            let end = min(start + length, count)
            // With no overlap at all, the first token of a later window has nothing before it.
            let first = max(counted, start + 1)
            if first < end { result.append(Window(tokens: start..<end, counted: first..<end)) }
            counted = end
            guard end < count else { return result }
            start += stride
        }
    }
}
