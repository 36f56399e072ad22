/// The knowledge of a run about the thing under its source's name.
public struct SourceStanding: Sendable, Hashable {
    /// The identity at the last look that found the source unchanged; `nil` before the first look.
    public var identity: SourceIdentity?
    /// The highest id that the source had while that was below the cursor, the lowest one if it was
    /// seen several times; the lowest `Int64` for none; `nil` while that was not seen.
    public var rewoundTo: Int64?
    /// The reason why the run is held, and the remedy; `nil` when it is not held.
    public var hold: String?
    /// What was found when a standby had last taken the place of the source's server; `nil` while
    /// none has.
    public var promotion: SourcePromotion?

    /// Makes a standing; without arguments, that of a run that has not looked yet.
    public init(
        identity: SourceIdentity? = nil,
        rewoundTo: Int64? = nil,
        hold: String? = nil,
        promotion: SourcePromotion? = nil
    ) {
        self.identity = identity
        self.rewoundTo = rewoundTo
        self.hold = hold
        self.promotion = promotion
    }
}
