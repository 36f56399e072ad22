/// A page's successor, as a worker or a person names it.
public struct PageNaming: Sendable, Hashable {
    /// The source's name.
    public var list: String
    /// The page's number.
    public var page: Int64
    /// The successor.
    public var successor: PageSuccessor
    /// The attempt that holds the page; `nil` for a naming by hand.
    public var holding: AttemptKey?

    /// Makes a naming.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument` for a cursor that is empty, has a NUL or more
    ///   than 64 KiB, and for a weight that is negative or infinite.
    public init(
        list: String,
        page: Int64,
        successor: PageSuccessor,
        holding: AttemptKey? = nil
    ) throws {
        self.list = list
        self.page = page
        self.successor = successor
        self.holding = holding
        guard case .page(let cursor, let weight) = successor else { return }
        guard !cursor.isEmpty else {
            throw TrancheError(
                .invalidArgument,
                "an empty cursor names no page; name the end where page \(page) is the last"
            )
        }
        try Self.validate(cursor: cursor)
        guard weight >= 0, weight.isFinite else {
            throw TrancheError(
                .invalidArgument,
                "a page of the weight \(weight.plain) cannot be; weights are 0 or more and finite"
            )
        }
    }

    /// Refuses a cursor that not every store can keep.
    static func validate(cursor: String) throws {
        guard cursor.utf8.count <= 1 << 16, !cursor.utf8.contains(0) else {
            throw TrancheError(
                .invalidArgument,
                "a cursor has at most 64 KiB and no NUL; keep a longer one elsewhere, and name "
                    + "its place"
            )
        }
    }
}

/// The successor of a page now.
public struct NamedSuccessor: Sendable, Hashable {
    /// The page's number.
    public var page: Int64
    /// The successor, as it was named now or before.
    public var successor: PageSuccessor
    /// Whether it stands by this naming; false where it had been named before, the same or another.
    public var isNew: Bool

    /// Makes an answer.
    public init(page: Int64, successor: PageSuccessor, isNew: Bool) {
        self.page = page
        self.successor = successor
        self.isNew = isNew
    }
}

extension PageNaming {
    /// What a store knows when it holds the list.
    package struct Known: Sendable {
        /// What a repeated cursor means.
        package var repeated: RepeatedCursor
        /// The page, its successor, and the page that has the cursor already.
        package var page, next, same: PageRecord?

        package init(
            repeated: RepeatedCursor,
            page: PageRecord?,
            next: PageRecord?,
            same: PageRecord?
        ) {
            self.repeated = repeated
            self.page = page
            self.next = next
            self.same = same
        }
    }

    /// What a store writes.
    package enum Change: Sendable, Hashable {
        /// Nothing: this stands.
        case none(PageSuccessor)
        /// The page that follows, whose predecessor then is not the end.
        case add(PageRecord)
        /// The page is an end.
        case end(PageEnd)
    }

    /// Decides what becomes of the naming.
    ///
    /// - Parameter known: What is known of the list, which nobody else changes meanwhile.
    /// - Returns: What to write.
    /// - Throws: ``TrancheError`` `.invalidSource`.
    package func decide(_ known: Known) throws -> Change {
        guard let page = known.page else { throw noPage }
        if let next = known.next { return .none(.page(next.cursor, weight: next.weight)) }
        if page.end == .final { return .none(.end(.final)) }
        switch successor {
        case .end(let end): return end == page.end ? .none(.end(end)) : .end(end)
        case .page(let cursor, let weight):
            guard let same = known.same else {
                return .add(
                    PageRecord(
                        number: self.page + 1,
                        cursor: cursor,
                        weight: weight,
                        namedBy: holding
                    )
                )
            }
            guard known.repeated == .ends else {
                throw TrancheError(
                    .invalidSource,
                    "page \(self.page) of '\(list)' names the cursor of page \(same.number) as its "
                        + "successor's, so that the pages would go round forever; mend how the "
                        + "next cursor is found, or let a repeated cursor be the end for now"
                )
            }
            return page.end == .forNow ? .none(.end(.forNow)) : .end(.forNow)
        }
    }

    /// Refuses an attempt that does not hold the page.
    package func requireHeld(_ batch: BatchRecord?) throws {
        guard let holding else { return }
        guard let batch else {
            throw TrancheError(.unknownBatch, "there is no batch \(holding.batch)")
        }
        guard batch.status == .running, batch.attempt == holding.attempt else {
            throw TrancheError(
                .batchLost,
                "batch \(batch.id) of \(batch.key) is not held by attempt \(holding.attempt): it "
                    + "is \(batch.status.rawValue), attempt \(batch.attempt); nothing was named"
            )
        }
        guard batch.key.metaTable == PagedSource.prefix + list, batch.range.contains(page) else {
            throw TrancheError(
                .invalidArgument,
                "batch \(batch.id) of \(batch.key) does not hold page \(page) of '\(list)'"
            )
        }
    }

    private var noPage: TrancheError {
        TrancheError(
            .invalidSource,
            "there is no page \(page) of '\(list)'; 'tranche page list' lists what there is"
        )
    }
}

extension PageNaming.Change {
    /// What is answered where this is written.
    package func answer(of page: Int64) -> NamedSuccessor {
        switch self {
        case .none(let successor): NamedSuccessor(page: page, successor: successor, isNew: false)
        case .add(let next):
            NamedSuccessor(
                page: page,
                successor: .page(next.cursor, weight: next.weight),
                isNew: true
            )
        case .end(let end): NamedSuccessor(page: page, successor: .end(end), isNew: true)
        }
    }
}

extension String {
    /// The number by which a page's cursor is looked up.
    package var pageHash: Int64 { Int64(bitPattern: FNVHash(of: self).value) }
}
