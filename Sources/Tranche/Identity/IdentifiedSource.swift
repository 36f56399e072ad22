/// A source that can tell whether another thing has come to stand under its name.
///
/// Marks are read about once a second by each process that works on a run, so reading one must cost
/// little. What is slow belongs into ``compare(mark:with:passed:)``, which is asked where marks
/// differ.
public protocol IdentifiedSource: MetaSource {
    /// Whether equal marks do not suffice, so that the content is compared at each look.
    var comparesAlways: Bool { get }

    /// Reads the mark of what stands under the name now.
    ///
    /// - Returns: The mark; `nil` where nothing can be told.
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
}

extension IdentifiedSource {
    /// Equal marks suffice.
    public var comparesAlways: Bool { false }

    /// There is none.
    public func witness() async throws -> String? { nil }
}

/// What a comparison of a source with what it was comes to.
public enum SourceComparison: Sendable, Hashable {
    /// It is the same, whatever its mark is now.
    case same
    /// It cannot be told yet, as there is nothing to compare: the next look decides.
    case open
    /// It is another: what was seen, in words that follow the source's name, such as
    /// `is another table than it was: oid 16412 then, 16480 now`.
    case another(String)
}
