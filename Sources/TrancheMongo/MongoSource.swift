public import Tranche

/// The documents of a MongoDB collection, in the order of a field of whole numbers, as a source.
///
/// ```swift
/// let orders = MongoSource(try MongoLocation("mongodb://localhost/shop.orders"), uid: "number")
/// ```
///
/// A unique index must be on the field. Documents without it are not items. Each document is a
/// record with the fields that it has: times as such, decimals digit by digit, object ids as
/// hexadecimal text, arrays and documents as JSON.
public struct MongoSource: MetaSourceDescription {
    /// The collection.
    public var location: MongoLocation
    /// The field of the id: whole numbers, unique, ascending with time.
    public var uid: String
    /// The field of the payload; the whole document as JSON with `nil`, the default.
    public var item: String?
    /// The field of the weight; where a document lacks it, or it is null, it counts as 0.
    public var weight: String?
    /// A condition that documents must meet, as JSON in MongoDB's query language.
    ///
    /// It must not change its answer for a document once that is written.
    public var filter: String?

    /// Describes a source.
    ///
    /// - Parameters:
    ///   - location: The collection.
    ///   - uid: The field of the id.
    ///   - item: The field of the payload; by default the whole document, as JSON.
    ///   - weight: The field of the weight, if any.
    ///   - filter: A condition as JSON, such as `{"kind": "csv"}`.
    public init(
        _ location: MongoLocation,
        uid: String,
        item: String? = nil,
        weight: String? = nil,
        filter: String? = nil
    ) {
        self.location = location
        self.uid = uid
        self.item = item
        self.weight = weight
        self.filter = filter
    }

    /// Connects, and checks the field of the id and its index.
    public func open(beside store: any InventoryStore) async throws -> any MetaSource {
        try await MongoMetaSource(self)
    }
}
