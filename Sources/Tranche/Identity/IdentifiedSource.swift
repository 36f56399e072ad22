/// A source that can detect whether its name stands for another thing now.
///
/// Marks are read about once a second by each process that works on a run, so reading one must cost
/// little. What is slow belongs into ``compare(mark:with:passed:)``, which is asked where marks
/// differ.
public protocol IdentifiedSource: MetaSource {
    /// Whether equal marks do not suffice, so that the content is compared at each look.
    var comparesAlways: Bool { get }

    /// Reads the mark of what stands under the name now.
    ///
    /// - Returns: The mark; `nil` where nothing is known.
    /// - Throws: The source's failure; ``TrancheError`` `.sourceFailed` when there is nothing.
    func mark() async throws -> String?

    /// Reads what later looks are compared with.
    ///
    /// - Returns: The witness; `nil` for none.
    /// - Throws: The source's failure.
    func witness() async throws -> String?

    /// Finds out whether what stands there now is what stood there before.
    ///
    /// - Parameters:
    ///   - mark: The mark as it is now.
    ///   - known: What it was.
    ///   - cursor: The id up to which ids were handed out; `nil` when none was.
    /// - Returns: The verdict.
    /// - Throws: The source's failure.
    func compare(
        mark: String,
        with known: SourceIdentity,
        passed cursor: Int64?
    ) async throws -> SourceComparison

    /// The timeline of the source's server: a higher one, once a standby has taken its place.
    ///
    /// - Parameter mark: A mark, now or earlier.
    /// - Returns: The timeline; `nil` (the default) where there is none, or it is not known.
    func timeline(in mark: String) -> Int64?

    /// Other names by which runs may know what stands there, such as `public.orders` for `orders`.
    ///
    /// - Returns: The names; empty by default.
    /// - Throws: The source's failure.
    func otherNames() async throws -> [String]

    /// Whether it stood under another name, as a run knows it, and was renamed since.
    ///
    /// - Parameters:
    ///   - name: The other name, in the same place.
    ///   - known: The mark under that name.
    ///   - mark: The mark as it is now.
    /// - Returns: Whether that is certain; false by default.
    /// - Throws: The source's failure.
    func isRenamed(from name: String, _ known: String, to mark: String) async throws -> Bool

    /// Whether the inventory is kept by the source's own server, and goes back with it.
    ///
    /// - Parameter inventory: The identity of the inventory's database.
    /// - Returns: Whether it is; false by default.
    func isKept(beside inventory: String) -> Bool
}

extension IdentifiedSource {
    /// None is known.
    public func timeline(in mark: String) -> Int64? { nil }

    /// There is none.
    public func otherNames() async throws -> [String] { [] }

    /// Nothing is known.
    public func isRenamed(from name: String, _ known: String, to mark: String) async throws -> Bool
    {
        false
    }

    /// It is elsewhere.
    public func isKept(beside inventory: String) -> Bool { false }

    /// Equal marks suffice.
    public var comparesAlways: Bool { false }

    /// There is none.
    public func witness() async throws -> String? { nil }
}

/// The result of comparing a source with an earlier look at it.
public enum SourceComparison: Sendable, Hashable {
    /// It is the same, whatever its mark is now.
    case same
    /// It cannot be told yet, as there is nothing to compare: the next look decides.
    case open
    /// The source is another one; the text follows the source's name, such as
    /// `is another table than it was: oid 16412 then, 16480 now`.
    case another(String)
}
