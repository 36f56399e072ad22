/// One entry of a meta source.
public struct Item: Sendable, Hashable, Codable {
    /// The entry's id: any Int64, unique within its source.
    public let id: Int64
    /// What the source lists under that id, such as a path; null where it has no such column.
    public let item: Value
    /// The entry's weight in the source's unit; 0 where the source has none or says `NULL`.
    public let weight: Double

    /// Makes an item.
    public init(id: Int64, item: Value = .null, weight: Double = 0) {
        self.id = id
        self.item = item
        self.weight = weight
    }

    /// The payload as text; empty when it is null.
    public var text: String { item.text ?? "" }
}
