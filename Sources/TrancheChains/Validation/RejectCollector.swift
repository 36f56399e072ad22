import Tranche

/// What an attempt found to be no valid records, until it is written.
final class RejectCollector {
    private var waiting: [RecordFault] = []
    /// Where the attempt writes them; `nil` before the first.
    var part: OutputFile?

    func add(_ fault: RecordFault) throws {
        waiting.append(fault)
    }

    /// What is still to be written.
    func take() -> [RecordFault] {
        defer { waiting = [] }
        return waiting
    }
}
