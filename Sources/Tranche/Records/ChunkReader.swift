/// Elements that are read in chunks, as they are asked for.
///
/// A reader belongs to one task. Order is kept; no chunk is empty.
public struct ChunkReader<Element> {
    private let body: () async throws -> [Element]?

    /// Makes a reader.
    ///
    /// - Parameter next: Gives the next chunk; `nil` after the last. What it gives may be empty:
    ///   the reader then asks again.
    public init(_ next: @escaping () async throws -> [Element]?) {
        body = next
    }

    /// Reads the next chunk.
    ///
    /// - Returns: The chunk, which is not empty; `nil` after the last.
    /// - Throws: The source's failure; `CancellationError`.
    public func next() async throws -> [Element]? {
        while true {
            try Task.checkCancellation()
            guard let chunk = try await body() else { return nil }
            if !chunk.isEmpty { return chunk }
        }
    }
}

@available(*, unavailable)
extension ChunkReader: Sendable {}
