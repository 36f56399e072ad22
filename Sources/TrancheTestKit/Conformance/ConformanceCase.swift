/// One claim about inventory stores, with the check that shows it.
///
/// Run them all against a store of your own:
///
/// ```swift
/// @Test(arguments: ConformanceCase.all)
/// func holds(_ claim: ConformanceCase) async throws {
///     try await claim.check(makeSubject())
/// }
/// ```
public struct ConformanceCase: Sendable {
    /// The claim, such as "A batch has one holder".
    public let name: String
    /// Checks the claim; throws ``ConformanceFailure`` where it does not hold.
    public let run: @Sendable (ConformanceSubject) async throws -> Void

    /// Makes a case.
    public init(
        _ name: String,
        run: @escaping @Sendable (ConformanceSubject) async throws -> Void
    ) {
        self.name = name
        self.run = run
    }

    /// Checks the claim on a fresh subject, and closes it.
    ///
    /// - Parameter subject: An empty store with its sources; used for this claim alone.
    /// - Throws: ``ConformanceFailure``, or what the store throws.
    public func check(_ subject: ConformanceSubject) async throws {
        do {
            try await run(subject)
        } catch {
            // The claim's failure is what is told, whatever becomes of the closing.
            try? await subject.finish()
            throw error
        }
        try await subject.finish()
    }

    /// All cases.
    public static let all: [ConformanceCase] =
        offers + limits + tiles + lingering + weights + bounds + definitions + reasons + fixedItems
        + fencing + passing + repeating + leases + retries + independence + concurrency + records
        + pages + output + events + budgets + keys + times + shares + probes + discovery + inputLogs
        + sizing
        + cancelling + deferring + stuck + atMostOnce + late + audits + splitting + blaming
        + wholeOutages + recursion + generations
        + workflows + pipelines + offering + acting + forgetting + uids

    /// The cases for which it matters where the source is.
    ///
    /// What they claim is asked of the source, and found out by what it answers; all others see of
    /// it what any source is to the store. Those of uids, which are numbered beside the inventory,
    /// are not among them.
    package static let ofSources: [ConformanceCase] =
        offers + limits + tiles + lingering + weights + bounds + definitions + reasons + fixedItems
        + independence + concurrency + keys + times + discovery + late + audits + splitting
        + recursion
}

extension ConformanceCase: CustomStringConvertible {
    /// The claim.
    public var description: String { name }
}
