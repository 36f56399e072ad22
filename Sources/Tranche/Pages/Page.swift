/// A page that was read, in the hands of a worker.
public struct Page<Content: Sendable>: Sendable {
    /// The page's number: 1, 2, ….
    public let number: Int64
    /// The cursor by which the page was read.
    public let cursor: String
    /// The content that was read.
    public let content: Content
    /// The batch that holds it.
    public let batch: Batch
}

/// The result of reading a page: its content, and its successor.
public struct PageContent<Content: Sendable>: Sendable {
    /// The content.
    public var content: Content
    /// The page that follows, or the end.
    public var successor: PageSuccessor

    /// Makes a content.
    ///
    /// - Parameters:
    ///   - content: What was read.
    ///   - next: The cursor of the page that follows; `nil` for the end.
    public init(_ content: Content, next: String?) {
        self.init(content, successor: next.map { .page($0) } ?? .end())
    }

    /// Makes a content with what follows it.
    public init(_ content: Content, successor: PageSuccessor) {
        self.content = content
        self.successor = successor
    }
}
