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

    /// The ids of the items in a source.
    ///
    /// - Parameter source: The source; `nil` where its ids are integers.
    /// - Returns: The ids.
    /// - Throws: ``UsageError`` for what is no id; `TrancheError` `.invalidArgument` for a uid that
    ///   has no number; the source's failure.
    func ids(in source: (any NumberedSource)?) async throws -> IDRuns {
        guard let source else { return try ids() }
        return IDRuns(Set(try await find(names, in: source)).sorted())
    }

    /// The id of the one item that is named, whatever is in its uid.
    ///
    /// Throws as ``ids(in:)``, and ``UsageError`` where several are named.
    func id(in source: (any NumberedSource)?) async throws -> Int64 {
        if let source { return try await find([text], in: source)[0] }
        let ids = try ids()
        guard let id = ids.first, ids.count == 1 else {
            throw UsageError("--\(option) '\(text)': give one id")
        }
        return id
    }

    private func find(_ names: [String], in source: any NumberedSource) async throws -> [Int64] {
        let found = try await source.ids(ofUIDs: names)
        return try names.map { name in
            guard let id = found[name] else {
                throw TrancheError(
                    .invalidArgument,
                    "--\(option): '\(source.definition.table)' has no item '\(name)' that was found yet"
                        + (names.count > 1 ? Self.hint : "")
                )
            }
            return id
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
    /// The source of runs, where its uids are numbered.
    ///
    /// - Parameters:
    ///   - runs: The runs; of one source.
    ///   - inventory: Where they are.
    /// - Returns: The source; `nil` where ids are integers.
    /// - Throws: `TrancheError` of the store or source.
    func numberedSource(
        of runs: RunSelection,
        in inventory: Inventory
    ) async throws -> (any NumberedSource)? {
        let known = try await inventory.runs(runs).first { $0.source?.numbering != nil }
        guard let known else { return nil }
        let description = try await source(of: known, in: inventory)
        return try await inventory.source(description).numbered
    }
}
