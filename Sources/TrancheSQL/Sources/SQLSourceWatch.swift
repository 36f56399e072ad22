package import Tranche

/// How a database tells who writes to a source's table, and which commits that does not cover.
package struct SQLSourceWatch: Sendable {
    /// Reads who writes: rows of the server's life, a writer's transaction and whether it has
    /// outlived a former life; at least one row, with a null transaction when nobody writes.
    ///
    /// `nil` where writers come one after the other, and ids appear in order.
    package var writers: SQLStatement?
    /// Why ids may appear that this does not cover.
    package var risks: [SourceRisk]

    package init(writers: SQLStatement? = nil, risks: [SourceRisk] = []) {
        self.writers = writers
        self.risks = risks
    }
}
