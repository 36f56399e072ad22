/// Whether a run is paused, and why.
package struct PauseDocument: Codable, Sendable, Hashable {
    package let job: String
    package let meta: String
    package let run: String
    package let paused: String?
    package let letThrough: Int

    /// Makes the document of a run; without a reason it goes on.
    package init(_ reason: String?, of key: RunKey, lettingThrough batches: Int = 0) {
        job = key.job
        meta = key.metaTable
        run = key.run
        paused = reason
        letThrough = batches
    }

    enum CodingKeys: String, CodingKey {
        case job, meta, run, paused
        case letThrough = "let_through"
    }
}
