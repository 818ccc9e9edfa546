import ModelGraph

/// Attention maps as one layer hands them to another: whose they are.
package struct AttentionMaps: Sendable, Hashable {
    /// The heads that compute them, in the order in which the layer gives them.
    package var heads: [HeadID]
    /// The masks under which they were made.
    package var masking: Attention.Masking?
    /// Names of the masks' values.
    package var masks: [String]
    /// Rows of the queries and of the keys, where the layer may hand its maps to others than attention.
    package var queries: RowSpace?
    package var keys: RowSpace?
    /// Whether the framework's tensor has an axis for the heads.
    package var hasHeadAxis = true

    package init(
        heads: [HeadID], masking: Attention.Masking? = nil, masks: [String], queries: RowSpace? = nil,
        keys: RowSpace? = nil, hasHeadAxis: Bool = true
    ) {
        self.heads = heads
        self.masking = masking
        self.masks = masks
        self.queries = queries
        self.keys = keys
        self.hasHeadAxis = hasHeadAxis
    }
}
