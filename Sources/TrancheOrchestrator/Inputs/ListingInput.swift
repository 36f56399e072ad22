public import Tranche

/// An input whose events are the items of any source: a table's rows, a file's records, the objects
/// of a bucket.
public struct ListingInput: Input {
    /// The name in the graph.
    public let name: String
    /// Where the events are said to be from.
    public var location: String
    private let listing: any MetaSourceDescription

    /// Describes an input.
    ///
    /// - Parameters:
    ///   - name: The name in the graph.
    ///   - source: What lists the items; events begin where it does, and are never cleaned.
    ///   - location: Where they are said to be from; the input's name by default.
    public init(
        _ name: String,
        source: some MetaSourceDescription,
        location: String? = nil
    ) {
        self.name = name
        self.location = location ?? name
        listing = source
    }

    /// The source.
    public func source(for link: Link) -> any MetaSourceDescription { listing }

    /// An event that an item is there: its id, with the payload as JSON; a payload that is JSON is
    /// that.
    public func event(of item: Item) throws -> Event {
        Event(
            location: location,
            operation: .create,
            id: "\(item.id)",
            trigger: name,
            payload: try item.eventPayload
        )
    }
}
