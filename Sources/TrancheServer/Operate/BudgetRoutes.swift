import FoundationEssentials
import Tranche

/// What operators change of budgets.
struct BudgetRoutes: Sendable {
    let state: ServerState

    var routes: [Route] {
        [
            budget("set", "Make a budget, or change its limits.", BudgetBody.self) { call in
                let body = try call.body(BudgetBody.self)
                try body.validate()
                return (.adjust(body.adjustment), body.reason)
            },
            budget("pause", "Let nothing in under a budget.", ReasonBody.self) { call in
                let given = try call.body(ReasonBody.self).reason ?? ""
                let reason = given.isEmpty ? try await pauseReason(call) : given
                return (.pause(reason: reason), reason.isEmpty ? nil : reason)
            },
            budget("resume", "Let in under a budget that was paused.", ReasonBody.self) { call in
                (.pause(reason: nil), try call.body(ReasonBody.self).reason)
            },
            budget("park", "Let nothing in under a budget for some time.", ParkBody.self) {
                try Self.park($0)
            },
            budget("unpark", "Let in under a budget that was parked.", ReasonBody.self) { call in
                (.unpark, try call.body(ReasonBody.self).reason)
            },
        ]
    }

    /// A route that changes a budget.
    private func budget(
        _ verb: String,
        _ summary: String,
        _ body: any (Decodable & Sendable).Type,
        _ change: @escaping @Sendable (Call) async throws -> (BudgetChange, reason: String?)
    ) -> Route {
        .post(
            "/v1/budgets/{name}/\(verb)",
            summary,
            role: .operate,
            body: body,
            [.init(200, "The budget.", BudgetDocument.self)]
        ) { call in
            guard call.caller.jobs == nil else {
                throw Refusal(
                    403,
                    "forbidden",
                    "a budget is of all jobs, and this token is of some"
                )
            }
            let (change, reason) = try await change(call)
            let name = call.path["name"] ?? ""
            let changed = try await state.operating(call.caller)
                .change(budget: name, change, reason: reason)
            guard let changed else {
                throw TrancheError(.unknownBudget, "there is no budget '\(name)'")
            }
            return try .document(BudgetDocument(changed))
        }
    }

    /// Why a budget is paused that a call names: without a reason, the known one stays.
    private func pauseReason(_ call: Call) async throws -> String {
        let name = call.path["name"] ?? ""
        let known = try await state.inventory.budgets().first { $0.owner == .name(name) }
        return known?.pauseReason ?? ""
    }

    private static func park(_ call: Call) throws -> (BudgetChange, reason: String?) {
        let body = try call.body(ParkBody.self)
        guard body.seconds > 0, body.seconds <= Budget.longestPark.seconds else {
            throw Refusal(
                400,
                "invalid_field",
                "seconds is above 0, and at most 900",
                field: "/seconds"
            )
        }
        return (.park(for: .seconds(body.seconds), reason: body.reason ?? ""), body.reason)
    }
}

extension Refusal {
    /// Refuses a body that gives a limit, and says that there is to be none.
    ///
    /// - Parameter limits: Whether each is given and whether it is to end, by the names of its
    ///   field and of the field that ends it.
    /// - Throws: ``Refusal`` 400 with the field that ends it.
    static func refuseContradictions(
        _ limits: [(name: String, isGiven: Bool, end: String, isEnded: Bool?)]
    ) throws {
        guard let limit = limits.first(where: { $0.isGiven && $0.isEnded == true }) else { return }
        throw Refusal(
            400,
            "invalid_field",
            "'\(limit.name)' and '\(limit.end)' contradict each other; give one of them",
            field: "/\(limit.end)"
        )
    }
}

extension BudgetBody {
    /// Refuses what contradicts itself.
    fileprivate func validate() throws {
        try Refusal.refuseContradictions([
            ("batches", batches != nil, "no_batches", noBatches),
            ("weight", weight != nil, "no_weight", noWeight),
            ("rate_per_s", ratePerSecond != nil, "no_rate", noRate),
            ("burst", burst != nil, "no_rate", noRate),
        ])
    }

    /// What is to be changed of the limits.
    fileprivate var adjustment: BudgetAdjustment {
        func given<T>(_ value: T?, _ isNone: Bool?) -> T?? {
            if let value { return .some(.some(value)) }
            return isNone == true ? .some(nil) : nil
        }
        let rate = ratePerSecond.map { BudgetRate($0, per: .seconds(1)) }
        return BudgetAdjustment(
            batches: given(batches, noBatches),
            weight: given(weight, noWeight),
            rate: given(rate, noRate),
            burst: burst,
            keepsBurst: true
        )
    }
}
