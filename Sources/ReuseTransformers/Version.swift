/// The version of the library and of the command.
package enum Version {
    /// As `reuseformer --version` prints it and as written files carry it.
    package static let text = "0.1.0"
}
