import Testing
import Tranche

@Suite("Where an audit goes on")
struct AuditPositionTests {
    @Test(
        "Packed text gives the same position again",
        arguments: [
            AuditPosition(), AuditPosition(pass: 3, id: nil), AuditPosition(pass: 2, id: 4711),
            AuditPosition(pass: 0, id: .min), AuditPosition(pass: 1, id: .max),
        ]
    )
    func packing(position: AuditPosition) {
        #expect(AuditPosition(packed: position.packed) == position)
    }

    @Test("Text that is no position is refused", arguments: ["", "1", "a:1", "1:2:3", ":"])
    func refused(text: String) {
        #expect(AuditPosition(packed: text) == nil)
    }
}
