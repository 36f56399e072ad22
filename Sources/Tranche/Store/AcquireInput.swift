import MicroBatching

/// The findings of an acquire before it locks the run: outside the lock, or by its caller.
public struct AcquireInput: Sendable {
    /// The range after the cursor; `nil` when nothing was planned.
    ///
    /// It is used only where the cursor is still there.
    public var plan: RangePlan?
    /// The result of a check of the gaps that an earlier answer asked for; `nil` for no check.
    public var gapChecks: [GapCheck]?
    /// Successful attempts to record before anything is handed out; at most one for a batch of the
    /// run.
    ///
    /// They are recorded whatever the answer is, but for ``AcquireOutcome/needsEnding``, and not by
    /// a request that throws.
    public var endings: [AttemptSuccess]
    /// Those who may join until the transaction begins; `nil` for nobody.
    package var company: AcquireCompany?

    /// Makes an input; without arguments, one of nothing.
    public init(
        plan: RangePlan? = nil,
        gapChecks: [GapCheck]? = nil,
        endings: [AttemptSuccess] = []
    ) {
        self.plan = plan
        self.gapChecks = gapChecks
        self.endings = endings
    }
}

extension AcquireInput {
    /// The request and its input with all who have joined; from then on nobody does.
    ///
    /// - Parameter request: The request as it was made.
    /// - Returns: Both, the same ones each time.
    package func closed(_ request: AcquireRequest) -> (request: AcquireRequest, input: AcquireInput)
    {
        guard let company else { return (request, self) }
        let calls = company.calls.close()
        var input = self
        input.endings = calls.flatMap(\.endings)
        input.company = nil
        return (AcquireCompany.request(request, of: calls), input)
    }
}

/// The callers that share an acquire.
package struct AcquireCompany: Sendable {
    let calls: JoinableBatch<GroupedRequests.AcquireCall>

    /// What those end who belong to it now.
    var endings: [AttemptSuccess] { calls.requests.flatMap(\.endings) }

    /// A request for all who belong to it now.
    func request(like request: AcquireRequest) -> AcquireRequest {
        Self.request(request, of: calls.requests)
    }

    fileprivate static func request(
        _ request: AcquireRequest,
        of calls: [GroupedRequests.AcquireCall]
    ) -> AcquireRequest {
        var request = request
        request.slots = calls.flatMap(\.request.slots)
        request.mayHandOutFewer = calls.allSatisfy { $0.request.slots.count == 1 }
        return request
    }
}
