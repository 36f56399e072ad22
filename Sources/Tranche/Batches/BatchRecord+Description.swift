extension BatchRecord: CustomStringConvertible {
    /// The batch as a log line, such as `batch 5, attempt 1 of job 'sum' on 'files': running, ids
    /// 1...9, 9 items, weight 12`.
    public var description: String {
        let items = "\(count) \(count == 1 ? "item" : "items")"
        let weight = weight.map { ", weight \($0.plain)" } ?? ""
        return "batch \(id), attempt \(attempt) of \(key): \(status.rawValue), ids \(range), "
            + items + weight
    }
}

extension Batch: CustomStringConvertible {
    /// The batch as a log line; see ``BatchRecord/description``.
    public var description: String { record.description }
}
