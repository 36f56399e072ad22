import Tranche

/// What an attempt found to be no valid records, until it is written.
final class RejectCollector {
    /// The path of their file; `nil` where they are only looked at.
    let path: String?
    /// Whether what no step has a file of its own for is among them, whatever steps follow.
    let takesRest: Bool
    private(set) var waiting: [RecordFault] = []
    /// Where the attempt writes them; `nil` before the first.
    var part: OutputFile?

    init(path: String? = nil, takesRest: Bool = false) {
        self.path = path
        self.takesRest = takesRest
    }

    func add(_ fault: RecordFault) {
        waiting.append(fault)
    }

    /// What is still to be written.
    func take() -> [RecordFault] {
        defer { waiting = [] }
        return waiting
    }
}
