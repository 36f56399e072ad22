import Tranche
import TrancheConnectors

/// The ends of a named run as the command line gives them: two ids, or two times.
struct RunEnds: Sendable {
    /// The ids; open where times are given.
    let ids: IDBounds
    /// The times as fields of the source; empty where ids are given.
    let fields: [String: SpecValue]

    /// Reads `--from` and `--to`.
    ///
    /// - Throws: ``UsageError`` for an id beside a time, and for a text that is neither.
    init(_ arguments: Arguments) throws {
        let ends = [("from", "time_from"), ("to", "time_to")].compactMap { option, field in
            arguments.text(option).map { (option: option, field: field, text: $0) }
        }
        let times = ends.filter { MomentText.isTime($0.text) }
        guard times.isEmpty || times.count == ends.count else {
            throw UsageError("--from and --to are two ids, or two times")
        }
        fields = Dictionary(uniqueKeysWithValues: times.map { ($0.field, .text($0.text)) })
        ids =
            times.isEmpty
            ? IDBounds(
                lower: try arguments.value("from", parseID),
                upper: try arguments.value("to", parseID)
            ) : IDBounds()
    }

    /// What a run's ends may be, in help.
    static let placeholder = "ID|TIME"
}
