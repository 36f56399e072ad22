/// A source whose uids may be no integers: each is then given a number when it is found, which is
/// the item's id from then on.
public protocol NumberedSource: MetaSource {
    /// Whether its uids are numbered; else they are integers, and the ids themselves.
    var isNumbered: Bool { get }

    /// What looking for new uids costs where nothing rises from row to row, and what to do about
    /// it; `nil` (the default) where nothing is to be said.
    var searchCost: String? { get }

    /// Finds the numbers of uids.
    ///
    /// - Parameter uids: The uids as text, which are told apart by their bytes.
    /// - Returns: The number of each, in their order; `nil` for one that has none.
    /// - Throws: The source's failure.
    func ids(ofUIDs uids: [String]) async throws -> [Int64?]

    /// Finds the uids of numbers, whether their rows are still there or not.
    ///
    /// - Parameter ids: The numbers.
    /// - Returns: The uids of those that were given.
    /// - Throws: The source's failure.
    func uids(ofIDs ids: [Int64]) async throws -> [Int64: String]
}

extension NumberedSource {
    /// Nothing is to be said.
    public var searchCost: String? { nil }
}

extension MetaSource {
    /// The source, where its uids are numbered.
    package var numbered: (any NumberedSource)? {
        (self as? any NumberedSource).flatMap { $0.isNumbered ? $0 : nil }
    }

    /// The id of an item that somebody names.
    ///
    /// - Parameter text: A uid where these are numbered; else an integer.
    /// - Returns: The id; `nil` for a uid that has no number, and for what is no integer.
    /// - Throws: The source's failure.
    package func id(named text: String) async throws -> Int64? {
        guard let numbered else { return Int64(text) }
        return try await numbered.ids(ofUIDs: [text]).first ?? nil
    }
}
