import Testing
import Tranche

@Suite("The policy of a run")
struct RunPolicyTests {
    @Test(
        "The wait doubles with each failure, up to its limit",
        arguments: [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60), (99, 60)]
    )
    func backoff(failures: Int, seconds: Int) {
        let policy = RunPolicy(maxAttempts: 100, backoff: .seconds(5), backoffLimit: .seconds(60))
        #expect(policy.wait(afterFailures: failures) == .seconds(seconds))
    }

    @Test("After the last attempt there is no wait", arguments: 1...5)
    func exhaustion(maxAttempts: Int) {
        let policy = RunPolicy(maxAttempts: maxAttempts)
        for failures in 1...7 {
            #expect((policy.wait(afterFailures: failures) == nil) == (failures >= maxAttempts))
        }
    }

    @Test("A wait of nothing stays nothing")
    func noBackoff() {
        let policy = RunPolicy(maxAttempts: 9, backoff: .zero, backoffLimit: .zero)
        #expect(policy.wait(afterFailures: 5) == .zero)
    }

    @Test("However many failures, the wait is found at once")
    func manyFailures() {
        let policy = RunPolicy(maxAttempts: .max, backoff: .seconds(1), backoffLimit: .seconds(300))
        #expect(policy.wait(afterFailures: 1_000_000) == .seconds(300))
    }

    @Test(
        "A policy outside its bounds is refused",
        arguments: [
            RunPolicy(lease: .milliseconds(999)), RunPolicy(lease: .seconds(31_536_001)),
            RunPolicy(maxAttempts: 0), RunPolicy(backoff: .seconds(-1)),
            RunPolicy(backoff: .seconds(10), backoffLimit: .seconds(9)),
            RunPolicy(backoffLimit: .seconds(31_536_001)),
        ]
    )
    func refused(policy: RunPolicy) {
        let error = #expect(throws: TrancheError.self) {
            try BatchRequest(job: "job", policy: policy).validate()
        }
        #expect(error?.code == .invalidArgument)
    }
}
