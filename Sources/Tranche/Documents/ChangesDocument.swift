package import FoundationEssentials

/// Changes of budgets and runs, as `changes` prints them, the latest first.
package struct ChangesDocument: Codable, Sendable, Hashable {
    package let changes: [ChangeDocument]

    /// Makes the document of changes.
    package init(_ changes: [ChangeRecord]) {
        self.changes = changes.map(ChangeDocument.init)
    }
}

/// A change of a budget, or of a run.
package struct ChangeDocument: Codable, Sendable, Hashable {
    package let change: Int64
    package let at: Date
    package let by: String?
    package let budget: String?
    package let job: String?
    package let meta: String?
    package let run: String?
    package let what: String
    package let old: String?
    package let new: String?
    package let reason: String?

    /// Makes the document of a change.
    package init(_ record: ChangeRecord) {
        change = record.id
        at = record.at
        by = record.note.by
        budget = record.owner.name
        job = record.owner.run?.job
        meta = record.owner.run?.metaTable
        run = record.owner.run?.run
        what = record.what
        old = record.old
        new = record.new
        reason = record.note.reason
    }
}
