import FoundationEssentials
import Tranche

/// Files whose time of change lies in the future, as by another machine's clock or unpacked so, and
/// since when each has been as it is.
///
/// Such a time does not say how long a file has been quiet: what is seen of it does.
struct AheadFiles: Sendable {
    private struct Sight {
        var mark: FileMark
        var since: Date
    }

    private var sights: [ExactText: Sight] = [:]

    init() {}

    /// Files that count as quiet where they are the same at the next look, whenever that is.
    init(seen files: [FoundFile]) {
        for file in files { sights[file.place] = Sight(mark: file.mark, since: .distantPast) }
    }

    /// Whether a file has been as it is since a time.
    func isQuiet(_ file: FoundFile, since bound: Date) -> Bool {
        guard let sight = sights[file.place] else { return false }
        return sight.mark == file.mark && sight.since <= bound
    }

    /// Takes in files that were looked at.
    mutating func note(_ files: [FoundFile], now: Date) {
        for file in files where sights[file.place]?.mark != file.mark {
            sights[file.place] = Sight(mark: file.mark, since: now)
        }
    }

    /// Takes in all that there are; what has gone is not kept in mind.
    mutating func replace(with files: [FoundFile], now: Date) {
        let known = sights
        sights = [:]
        for file in files {
            let sight = known[file.place].flatMap { $0.mark == file.mark ? $0 : nil }
            sights[file.place] = sight ?? Sight(mark: file.mark, since: now)
        }
    }
}

extension FoundFile {
    /// Where it is: two files may have names that look alike.
    fileprivate var place: ExactText { ExactText(path) }

    /// Whether its time of change lies in the future.
    func isAhead(of now: Date) -> Bool { Double(modified) > now.timeIntervalSince1970 * 1e9 }
}
