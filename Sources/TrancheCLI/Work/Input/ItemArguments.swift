import FoundationEssentials
import Glibc
import Tranche

/// The words of a program among which payloads stand as arguments, in as many calls as the system's
/// limits need.
struct ItemArguments: Sendable, Hashable {
    private let before: [String]
    private let after: [String]

    /// Finds the place of the items; `nil` where they have none among the words.
    ///
    /// - Parameters:
    ///   - words: The program and its arguments.
    ///   - mark: The argument that stands for the items; `nil` for none.
    ///   - isAppended: Whether they come last where no argument stands for them.
    /// - Throws: ``UsageError`` where they have several.
    init?(_ words: [String], mark: String?, isAppended: Bool) throws {
        let places = words.indices.dropFirst().filter { words[$0] == mark }
        guard places.count < 2 else {
            throw UsageError(
                "'\(mark ?? "")' stands \(places.count) times among CMD's arguments: the items have "
                    + "one place; --placeholder TEXT names another mark, '' none"
            )
        }
        if let place = places.first {
            (before, after) = (Array(words[..<place]), Array(words[(place + 1)...]))
        } else {
            guard isAppended else { return nil }
            (before, after) = (words, [])
        }
    }

    /// Reads the payloads of a batch, and cuts them into calls.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - environment: What else takes of the system's room.
    ///   - limits: The system's limits.
    /// - Returns: The words of each call, in order.
    /// - Throws: What reading the items throws; ``UnfitItems`` where one can be no argument;
    ///   ``UsageError`` where the environment leaves no room.
    func calls(
        for batch: Batch,
        environment: [String: String],
        limits: ArgumentLimits = .system
    ) async throws -> [[String]] {
        var unfit = UnfitItems()
        var texts: [String] = []
        for try await item in batch.itemStream {
            let text = unfit.text(of: item, as: .argument, most: limits.longest)
            if let text { texts.append(text) }
        }
        if !unfit.isEmpty { throw unfit }
        return try calls(texts, environment: environment, limits: limits)
    }

    /// Cuts payloads into calls, each of which the system takes.
    func calls(
        _ texts: [String],
        environment: [String: String],
        limits: ArgumentLimits
    ) throws -> [[String]] {
        let variables = environment.reduce(0) {
            $0 + limits.size($1.key.utf8.count + 1 + $1.value.utf8.count)
        }
        let own = (before + after).reduce(0) { $0 + limits.size(of: $1) }
        let room = limits.total - variables - own
        var calls: [[String]] = []
        var (call, left) = ([String](), room)
        for text in texts {
            let size = limits.size(of: text)
            if size > left, !call.isEmpty {
                calls.append(before + call + after)
                (call, left) = ([], room)
            }
            guard size <= left else {
                throw UsageError(
                    "the environment and CMD's own arguments leave \(max(room, 0)) bytes for items, "
                        + "and one has \(text.utf8.count)"
                )
            }
            call.append(text)
            left -= size
        }
        return call.isEmpty ? calls : calls + [before + call + after]
    }
}

/// How many bytes of arguments a program may be given.
///
/// Source: Linux, execve(2), "Limits on size of arguments and environment".
struct ArgumentLimits: Sendable, Hashable {
    /// Most bytes of all arguments and variables, with what the system adds for each.
    var total: Int
    /// Most bytes of one argument, without its end.
    var longest: Int

    /// What is kept free: POSIX asks for 2048, and an interpreter's line takes some.
    private static let headroom = 4096
    /// Linux takes no more, however large a stack may be.
    private static let most = 6 << 20

    /// Those of this system.
    static var system: ArgumentLimits {
        let all = sysconf(Int32(_SC_ARG_MAX))
        let page = sysconf(Int32(_SC_PAGESIZE))
        return ArgumentLimits(
            total: min(all > 0 ? all : 1 << 17, most) - headroom,
            longest: 32 * (page > 0 ? page : 4096) - 1
        )
    }

    /// What an argument of so many bytes takes: its end, and a pointer.
    func size(_ count: Int) -> Int { count + 1 + MemoryLayout<Int>.size }

    func size(of text: String) -> Int { size(text.utf8.count) }
}
