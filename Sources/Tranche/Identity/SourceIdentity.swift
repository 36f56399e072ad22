/// The mark that distinguishes the thing under a source's name from any other.
///
/// A table that was dropped and made again has another mark; what a mark cannot tell, the witness
/// may: some of the rows as they were. What both say is the source's own business.
public struct SourceIdentity: Sendable, Hashable {
    /// Equal as long as nothing happened that could have put another thing there; no secret in it.
    public var mark: String
    /// The witness that a look at the content is compared with; `nil` for nothing.
    public var witness: String?

    /// Makes an identity.
    public init(mark: String, witness: String? = nil) {
        self.mark = mark
        self.witness = witness
    }
}
