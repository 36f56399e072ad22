import FoundationEssentials
import Tranche

/// Items that somebody names: by ids such as `5,9..12`, or by uids where these are not integers.
///
/// A uid that has a comma, or begins with a quotation mark, stands in quotation marks as in CSV:
/// `"a,b",c`.
struct ItemNames: Sendable {
    /// What is said where a list may have been meant as one name.
    private static let hint =
        "; a uid that has a comma stands in double quotes, such as --ids '\"a,b\",c'"
    /// Most ids that a list of names may have.
    private static let most = 1_000_000

    private let option: String
    /// As it was given.
    let text: String
    /// What the text is as ids; `nil` where it is none.
    private let integers: IDRuns?
    /// What the text is as uids.
    private let names: [String]

    /// Reads an option; there are none where it is not given.
    ///
    /// - Parameters:
    ///   - option: Its name.
    ///   - arguments: The command line.
    ///   - isOne: Whether it names one item, so that its uid may be any text; no by default.
    /// - Throws: ``UsageError`` for what can be neither ids nor uids.
    init?(_ option: String, in arguments: Arguments, isOne: Bool = false) throws {
        guard let text = arguments.text(option) else { return nil }
        self.option = option
        self.text = text
        let parts: [ListedName]
        do throws(ValueError) {
            parts = isOne ? [ListedName(text: text)] : try ListedName.list(in: text)
        } catch {
            throw UsageError("--\(option) '\(text)': \(error.message)")
        }
        names = parts.map(\.text)
        do {
            integers = parts.contains(where: \.isQuoted) ? nil : try parseIDs(text)
        } catch let error as ValueError {
            integers = nil
            // What looks like a range is meant as one.
            let isRange = parts.contains {
                !$0.isQuoted && ($0.text.isEmpty || $0.text.contains(".."))
            }
            if !isOne, isRange {
                throw UsageError("--\(option) '\(text)': \(error.message)")
            }
        }
    }

    private func fault(_ error: ValueError) -> UsageError {
        UsageError("--\(option) '\(text)': \(error.message)")
    }

    /// The ids, where a job's are integers.
    ///
    /// - Throws: ``UsageError`` where they are none.
    func ids() throws -> IDRuns {
        if let integers { return integers }
        do {
            return try parseIDs(text)
        } catch let error as ValueError {
            throw fault(error)
        }
    }

    /// The ids of the items, by each way in which runs know them.
    ///
    /// - Parameter spaces: The ways.
    /// - Returns: The ids, by the first way that has all of the items, and by each other one that
    ///   has.
    /// - Throws: ``UsageError`` for what is no id, where ids are integers; `TrancheError`
    ///   `.invalidArgument` for a uid that has no number; the source's failure.
    func ids(in spaces: [ItemSpace]) async throws -> [(space: ItemSpace, ids: IDRuns)] {
        var found: [(space: ItemSpace, ids: IDRuns)] = []
        var unknown: (any Error)?
        for space in spaces {
            do {
                found.append((space, try await ids(in: space)))
            } catch let error as UsageError {
                unknown = unknown ?? error
            } catch let error as UnknownItem {
                // Where some runs go by uids, what is not even an integer was meant as one.
                unknown = error.error(option, hint: names.count > 1 ? Self.hint : "")
            }
        }
        if found.isEmpty, let unknown { throw unknown }
        return found
    }

    /// The ids of the one item that is named, whatever is in its uid; as ``ids(in:)``, and
    /// ``UsageError`` where several are named.
    func id(in spaces: [ItemSpace]) async throws -> [(space: ItemSpace, id: Int64)] {
        try await ids(in: spaces).map { space, ids in
            guard let id = ids.first, ids.count == 1 else {
                throw UsageError("--\(option) '\(text)': give one id")
            }
            return (space, id)
        }
    }

    private func ids(in space: ItemSpace) async throws -> IDRuns {
        guard let source = space.source else { return try ids() }
        let found = try await source.ids(ofUIDs: names)
        let ids = try zip(names, found).map { name, id in
            guard let id else {
                throw UnknownItem(table: source.definition.table, name: name)
            }
            return id
        }
        return IDRuns(Set(ids).sorted())
    }

    /// The uids that are named and were found, where a job goes by uids, with their numbers.
    ///
    /// - Parameter space: How the job knows its items.
    /// - Returns: The uids, in the order in which they are named; none where ids are integers.
    /// - Throws: The source's failure.
    func uids(in space: ItemSpace) async throws -> [(uid: String, id: Int64)] {
        guard let source = space.source else { return [] }
        let found = try await source.ids(ofUIDs: names)
        return zip(names, found).compactMap { name, id in id.map { (uid: name, id: $0) } }
    }

    /// A uid that has no number.
    private struct UnknownItem: Error {
        let table: String
        let name: String

        func error(_ option: String, hint: String) -> TrancheError {
            TrancheError(
                .invalidArgument,
                "--\(option): '\(table)' has no item '\(name)' that was found yet\(hint)"
            )
        }
    }

    /// Each item by itself, for options that say something of each.
    ///
    /// - Throws: ``UsageError`` where there are too many.
    func list() throws -> [String] {
        guard let integers else { return names }
        guard integers.count <= Self.most else {
            throw UsageError("--\(option): these are more than \(HumanText.number(Self.most)) ids")
        }
        return integers.ids.map { String($0) }
    }
}

extension Context {
    /// The ids by which runs know the items of their tables.
    ///
    /// - Parameters:
    ///   - runs: The runs.
    ///   - inventory: Where they are.
    /// - Returns: The ways; see `Inventory.itemSpaces(of:source:)`.
    /// - Throws: `TrancheError` of the store or source.
    func itemSpaces(
        of runs: RunSelection,
        in inventory: Inventory
    ) async throws -> [ItemSpace] {
        try await inventory.itemSpaces(of: runs, source: sourceFinder())
    }
}
