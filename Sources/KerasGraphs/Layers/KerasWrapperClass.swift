import KerasFiles

/// A layer around other layers, whose configurations stand in its own.
///
/// Its parts own their weights under the names of the attributes that hold them.
package protocol KerasWrapperClass: KerasLayerClass {
    /// The layers inside, each named by its attribute.
    static func parts(of layer: KerasLayer) -> [KerasLayer]
}

extension KerasWrapperClass {
    /// The parts as a model, calls left out: what is asked for weights and for unknown classes.
    package static func model(of layer: KerasLayer) -> KerasModel {
        KerasModel(
            name: layer.name, layers: parts(of: layer), inputs: [], outputs: [], isTrainable: layer.isTrainable,
            generation: .keras3)
    }
}
