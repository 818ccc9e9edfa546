/// The release that wrote a model, as far as it matters here.
///
/// Releases differ in how a configuration spells calls, in what masks mean, and in how files lay out weights.
package enum KerasGeneration: Sendable, Hashable {
    /// TensorFlow's `tf.keras` up to 2.15, and `tf-keras` since.
    case keras2
    /// Keras 3, whatever its backend.
    case keras3
}
