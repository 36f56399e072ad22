import Tranche

/// What an attempt found to be no valid records, until it is written.
final class RejectCollector {
    private(set) var waiting: [RecordFault] = []

    func add(_ fault: RecordFault) throws {
        waiting.append(fault)
    }

    func take() -> [RecordFault] {
        defer { waiting = [] }
        return waiting
    }
}
