import ModelGraph

/// Attention maps as one layer hands them to another: whose they are.
struct AttentionMaps: Sendable, Hashable {
    /// The heads that compute them, in the order in which the layer gives them.
    var heads: [HeadID]
    /// The masks under which they were made.
    var masking: Attention.Masking?
    /// Names of the masks' values.
    var masks: [String]
    /// Rows of the queries and of the keys, where the layer may hand its maps to others than attention.
    var queries: RowSpace?
    var keys: RowSpace?
    /// Whether the framework's tensor has an axis for the heads.
    var hasHeadAxis = true
}
