/// What a look at the source of a run tells.
struct SourceLook: Sendable {
    /// What no proof covers in it; `nil` where it could not be opened.
    var risks: [SourceRisk]?
    /// Why the run is held because of it.
    var hold: String?
    /// What waits in it.
    var backlog: Backlog?
    /// Why it could not be looked at.
    var fault: String?
}
