/// Whether a run is paused, and why.
package struct PauseDocument: Codable, Sendable, Hashable {
    package let job: String
    package let meta: String
    package let run: String
    package let paused: String?

    /// Makes the document of a run; without a reason it goes on.
    package init(_ reason: String?, of key: RunKey) {
        job = key.job
        meta = key.metaTable
        run = key.run
        paused = reason
    }
}
