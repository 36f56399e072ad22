/// A database that an applied pipeline names.
package struct AppliedDatabase: Sendable, Hashable {
    /// The name under which the pipeline is applied.
    package let pipeline: String
    /// What its file calls the database, or the input whose URL it is.
    package let name: String
    /// Where the URL stands; nothing is looked up yet.
    package let place: SecretPlace
}
