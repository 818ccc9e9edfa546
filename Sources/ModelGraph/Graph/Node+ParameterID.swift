extension Node {
    /// One of the node's parameters, whether it is the node's own or tied.
    package func parameterID(_ name: String) -> ParameterID { ParameterID(node: self.name, name: name) }

    /// The parameter that holds what the node reads as one of its own: the owner's where it is tied.
    package func owner(of parameter: String) -> ParameterID { ties[parameter]?.parameter ?? parameterID(parameter) }
}
