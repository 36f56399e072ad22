/// A store that keeps pages, each of which names the next.
public protocol PageStore: Sendable {
    /// Makes the list of a source's pages with its first page, or finds it.
    ///
    /// - Parameters:
    ///   - list: The source's name.
    ///   - first: The first page's cursor; `nil` where the list must be there.
    ///   - repeated: What a repeated cursor means from now on; `nil` leaves it,
    ///     ``RepeatedCursor/fails`` at first.
    /// - Throws: ``TrancheError`` `.redefined` where the list begins with another cursor,
    ///   `.invalidSource` where there is none and no first cursor is given. Nothing was changed.
    func beginPages(_ list: String, first: String?, repeated: RepeatedCursor?) async throws

    /// Reads pages, ascending by number.
    ///
    /// - Parameters:
    ///   - list: The source's name.
    ///   - range: Their numbers.
    ///   - limit: Most pages; above 0.
    /// - Returns: The pages.
    /// - Throws: ``TrancheError`` of the store.
    /// - Complexity: O(n + log m), n pages read, m pages known.
    func pages(of list: String, in range: ClosedRange<Int64>, limit: Int) async throws
        -> [PageRecord]

    /// Reads the last page; `nil` where there is none.
    func lastPage(of list: String) async throws -> PageRecord?

    /// Names the successor of a page, once: the first name stays.
    ///
    /// - Parameter naming: The page, and what follows it.
    /// - Returns: What follows it now.
    /// - Throws: ``TrancheError`` `.batchLost` where the attempt does not hold the page;
    ///   `.invalidSource` for a page that there is not, and for a repeated cursor that is an error.
    ///   Nothing was changed.
    /// - Complexity: O(log m), m pages known.
    func name(_ naming: PageNaming) async throws -> NamedSuccessor
}
