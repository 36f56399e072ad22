/// A page of a ``PagedSource``, as the inventory keeps it.
public struct PageRecord: Sendable, Hashable {
    /// Its number: 1 for the first, and its successor's is one more.
    public var number: Int64
    /// The cursor of the page, as the source gives it.
    public var cursor: String
    /// The weight of the page.
    public var weight: Double
    /// How the pages end here; `nil` where that is not known, and where there are more.
    public var end: PageEnd?
    /// The attempt that named the page; `nil` for the first page, and for one that was named by
    /// hand.
    public var namedBy: AttemptKey?

    /// Makes a record.
    public init(
        number: Int64,
        cursor: String,
        weight: Double = 1,
        end: PageEnd? = nil,
        namedBy: AttemptKey? = nil
    ) {
        self.number = number
        self.cursor = cursor
        self.weight = weight
        self.end = end
        self.namedBy = namedBy
    }

    /// The page as an item of its source.
    var item: Item { Item(id: number, item: .text(cursor), weight: weight) }
}

/// How pages end.
public enum PageEnd: String, Sendable, Hashable, Codable {
    /// No page follows, ever.
    case final
    /// No page follows as yet: one may still be named.
    case forNow = "for_now"
}

/// The successor of a page.
public enum PageSuccessor: Sendable, Hashable {
    /// The page of a cursor, with its weight.
    case page(String, weight: Double = 1)
    /// No page.
    case end(PageEnd = .final)

    /// The cursor of the page; `nil` for an end.
    public var cursor: String? {
        if case .page(let cursor, _) = self { cursor } else { nil }
    }

    /// How the pages end; `nil` for a page.
    public var end: PageEnd? {
        if case .end(let end) = self { end } else { nil }
    }
}

/// The meaning of a successor's cursor that another page already has.
public enum RepeatedCursor: String, Sendable, Hashable, Codable, CaseIterable {
    /// It is an error: the naming throws, and the batch fails where its handler lets that through.
    case fails
    /// It is the end for now, as of sources that give their last cursor again and again.
    case ends
}
