/// The version of this package: the program, its packages and its manual pages take it from here.
package enum TrancheVersion {
    /// The version, as in Semantic Versioning.
    package static let text = "0.2.0"
}
