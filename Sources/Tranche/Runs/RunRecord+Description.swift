extension RunRecord: CustomStringConvertible {
    /// The run as a log line, such as `job 'sum' on 'files', passed up to 80`.
    public var description: String {
        let place = cursor.map { "passed up to \($0)" } ?? "not begun"
        let bounds = bounds.isOpen ? "" : ", ids \(bounds)"
        let pause = pauseReason.map { $0.isEmpty ? ", paused" : ", paused: \($0)" } ?? ""
        let cancelled = cancellation.map { ", \($0.note.cancelWords)" } ?? ""
        return "\(key)\(bounds), \(place)\(pause)\(cancelled)"
    }
}
