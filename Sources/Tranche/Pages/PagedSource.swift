/// Pages that are found one from another, as a source.
///
/// ```swift
/// let orders = PagedSource("orders", first: "https://shop.example/orders?page=1")
/// ```
///
/// Its items are pages: the id is the page's number, the payload its cursor. The inventory knows
/// the first; the worker that holds a page names the next with
/// ``Batch/registerNext(_:weight:after:)``, or the end with ``Batch/registerEnd(_:of:)``, before it
/// works on its own. A run is complete only when its end is named. See <doc:PagedSources>.
public struct PagedSource: MetaSourceDescription {
    /// The name under which the inventory keeps the pages; jobs and runs that give the same share
    /// them.
    public var name: String
    /// The first page's cursor; needed until the inventory knows it.
    public var first: String?
    /// The meaning of a cursor that another page already has; by default the stored one, which is
    /// ``RepeatedCursor/fails`` at first.
    public var repeated: RepeatedCursor?

    /// Describes a source.
    ///
    /// - Parameters:
    ///   - name: The name of the pages; 1 to 128 UTF-8 bytes.
    ///   - first: The first page's cursor; it may be empty.
    ///   - repeated: What a cursor means that another page has already.
    public init(_ name: String, first: String? = nil, repeated: RepeatedCursor? = nil) {
        self.name = name
        self.first = first
        self.repeated = repeated
    }

    /// The prefix of the source's name, before the pages'.
    public static let prefix = "pages:"

    /// Opens the source; the first page is known from then on.
    ///
    /// - Parameter store: The inventory's store, which keeps the pages.
    /// - Returns: The open source.
    /// - Throws: ``TrancheError`` `.invalidArgument` for a name or a cursor that cannot be;
    ///   `.invalidSource` where there are no pages and no first is given; `.redefined` where they
    ///   begin otherwise.
    public func open(beside store: any InventoryStore) async throws -> any MetaSource {
        guard (1...128).contains(name.utf8.count), !name.utf8.contains(0) else {
            throw TrancheError(.invalidArgument, "a name of pages has 1 to 128 bytes and no NUL")
        }
        if let first { try PageNaming.validate(cursor: first) }
        try await store.beginPages(name, first: first, repeated: repeated)
        return PageMetaSource(list: name, store: store, identity: try await store.identity())
    }
}

extension PagedSource {
    /// Describes the source that a recorded definition means; `nil` when that is none of pages.
    package init?(_ definition: SourceDefinition) {
        guard definition.table.hasPrefix(Self.prefix), definition.uid == PageMetaSource.uid else {
            return nil
        }
        self.init(String(definition.table.dropFirst(Self.prefix.count)))
    }

    /// Says that there are no pages of a list.
    package static func noPages(_ list: String, in store: String) -> TrancheError {
        TrancheError(
            .invalidSource,
            "there are no pages '\(list)' in \(store); give the first page's cursor"
        )
    }

    /// Says that the pages of a list begin otherwise than they are known to.
    ///
    /// - Parameters:
    ///   - list: The pages.
    ///   - known: The cursor of the first that is known.
    ///   - asked: The one that was given.
    /// - Returns: The error.
    package static func beginsOtherwise(_ list: String, _ known: String, _ asked: String)
        -> TrancheError
    {
        TrancheError(
            .redefined,
            "the pages '\(list)' begin with '\(known.prefix(200))', not with "
                + "'\(asked.prefix(200))'; give other pages another name"
        )
    }
}
