import Tranche

extension MemoryTables {
    /// Pages that are found one from another.
    struct PageList {
        var repeated: RepeatedCursor
        /// In the order of their numbers.
        var pages: [PageRecord]
    }

    /// Makes the list of a source's pages, or finds it.
    ///
    /// - Returns: Whether it is there.
    mutating func beginPages(
        _ name: String,
        first: String?,
        repeated: RepeatedCursor?
    ) throws -> Bool {
        var list = pageLists[name] ?? PageList(repeated: .fails, pages: [])
        if let first, let known = list.pages.first?.cursor, !known.isSameBytes(as: first) {
            throw PagedSource.beginsOtherwise(name, known, first)
        }
        if list.pages.isEmpty {
            guard let first else { return false }
            list.pages = [PageRecord(number: 1, cursor: first)]
        }
        list.repeated = repeated ?? list.repeated
        pageLists[name] = list
        return true
    }

    /// Names what follows a page.
    mutating func name(_ naming: PageNaming) throws -> NamedSuccessor {
        try naming.requireHeld(naming.holding.flatMap { batch($0.batch) })
        var list = pageLists[naming.list] ?? PageList(repeated: .fails, pages: [])
        let index = list.pages.firstIndex { $0.number == naming.page }
        let change = try naming.decide(
            PageNaming.Known(
                repeated: list.repeated,
                page: index.map { list.pages[$0] },
                next: list.pages.first { $0.number == naming.page + 1 },
                same: naming.successor.cursor.flatMap { cursor in
                    list.pages.first { $0.cursor.isSameBytes(as: cursor) }
                }
            )
        )
        switch change {
        case .none: break
        case .add(let next):
            if let index { list.pages[index].end = nil }
            list.pages.append(next)
        case .end(let end):
            if let index { list.pages[index].end = end }
        }
        pageLists[naming.list] = list
        return change.answer(of: naming.page)
    }
}

extension String {
    /// Whether two texts are the same bytes; texts that read alike may not be.
    func isSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
