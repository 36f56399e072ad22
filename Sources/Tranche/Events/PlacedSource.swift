/// A source in a database whose place its definition does not tell, for observers.
///
/// A definition says what a database is, such as a server's identifier, and not how it is reached.
public protocol PlacedSource: MetaSource {
    /// Where the database is, without credentials, such as `postgresql://db:5432/shop`; `nil` where
    /// that is not known.
    var place: String? { get }
}
