/// Pages that are found one from another, as `page list` prints them.
package struct PagesDocument: Codable, Sendable, Hashable {
    package let pages: [PageDocument]

    /// Makes the document of pages.
    package init(_ pages: [PageRecord]) {
        self.pages = pages.map(PageDocument.init)
    }
}

/// A page.
package struct PageDocument: Codable, Sendable, Hashable {
    package let number: Int64
    package let cursor: String
    package let weight: Double
    package let end: PageEnd?
    package let batch: Int64?
    package let attempt: Int?

    /// Makes the document of a page.
    package init(_ page: PageRecord) {
        number = page.number
        cursor = page.cursor
        weight = page.weight
        end = page.end
        batch = page.namedBy?.batch
        attempt = page.namedBy?.attempt
    }
}

/// What follows a page, as `page next` prints it.
package struct SuccessorDocument: Codable, Sendable, Hashable {
    package let page: Int64
    package let next: String?
    package let end: PageEnd?
    package let new: Bool

    /// Makes the document of a successor.
    package init(_ named: NamedSuccessor) {
        page = named.page
        next = named.successor.cursor
        end = named.successor.end
        new = named.isNew
    }
}
