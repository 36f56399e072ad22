internal import CPosix
import FoundationEssentials
import Glibc
import Tranche
import TrancheChains

/// The files that the operands of `tranche load` name: files, folders and patterns.
struct FileOperands: Sendable {
    /// The files as they are given, in order of their names; each once.
    private(set) var files: [String] = []
    /// What stands in the folders and is not loaded, in words.
    private(set) var leftOut: [String] = []
    /// Whether there may be several, even if there is one just now.
    private(set) var areSeveral: Bool

    /// Finds the files.
    ///
    /// - Parameters:
    ///   - operands: Files, folders, and patterns as a shell has them.
    ///   - hasFormat: Whether the format is given, so that names need not tell it.
    ///   - outputs: Paths that are written to: they are not input.
    /// - Throws: ``UsageError`` for standard input; `TrancheError` `.invalidSource` for a pattern
    ///   or folder without a file.
    init(_ operands: [String], hasFormat: Bool, outputs: [String] = []) throws {
        areSeveral = operands.count > 1
        let written = Set(outputs.map { ExactText(ResolvedPath($0).text) })
        for operand in operands {
            try add(operand, hasFormat: hasFormat, written: written)
        }
        guard areSeveral else { return }
        var known: Set<ExactText> = []
        files = files.map { (path: $0, name: Self.name(of: $0)) }
            .filter { known.insert(ExactText($0.name)).inserted }
            .sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
            .map(\.path)
    }

    /// One name for all spellings of a file.
    private static func name(of path: String) -> String {
        NamedFile.isObject(path) ? path : ResolvedPath(path).text
    }

    private mutating func add(
        _ operand: String,
        hasFormat: Bool,
        written: Set<ExactText>
    ) throws {
        guard operand != "-", operand != "/dev/stdin" else {
            throw UsageError(
                "'\(operand)': standard input cannot be read again from an offset, as a batch needs it; "
                    + "write it into a file first, such as '… > input.csv', and load that"
            )
        }
        var isFolder = false
        let exists = FileManager.default.fileExists(atPath: operand, isDirectory: &isFolder)
        guard NamedFile.isObject(operand) || !Self.isStream(operand) else {
            throw UsageError(
                "'\(operand)': a pipe, socket or device cannot be read again from an offset, as "
                    + "a batch needs it; write what comes out of it into a file first, and load "
                    + "that"
            )
        }
        if NamedFile.isObject(operand) || exists && !isFolder {
            files.append(operand)
        } else if isFolder {
            areSeveral = true
            try addFolder(operand, hasFormat: hasFormat, written: written)
        } else if operand.contains(where: { "*?[".contains($0) }) {
            areSeveral = true
            let found = try Self.matches(of: operand)
                .filter { path in
                    !written.contains(ExactText(ResolvedPath(path).text)) && !Self.isStream(path)
                }
            guard !found.isEmpty else {
                throw TrancheError(
                    .invalidSource,
                    "no file matches '\(operand)' (looked for from "
                        + "\(FileManager.default.currentDirectoryPath))"
                )
            }
            files += found
        } else {
            files.append(operand)
        }
    }

    private mutating func addFolder(
        _ folder: String,
        hasFormat: Bool,
        written: Set<ExactText>
    ) throws {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw TrancheError(
                .invalidSource,
                "cannot list the folder '\(folder)': \(FileFault(error))",
                underlying: error
            )
        }
        let stem = folder.hasSuffix("/") ? folder : folder + "/"
        var found: [String] = []
        var others: [String] = []
        for name in names {
            if let reason = Self.reason(toLeaveOut: stem + name, name, hasFormat, written) {
                others.append("\(name) (\(reason))")
            } else {
                found.append(stem + name)
            }
        }
        guard !found.isEmpty else {
            let there = others.isEmpty ? "it is empty" : "left out: " + Self.words(others)
            let remedy =
                others.contains { $0.hasSuffix(" (a folder)") }
                ? ". A pattern such as '\(stem)*/*' names what is in folders" : ""
            throw TrancheError(
                .invalidSource,
                "the folder '\(folder)' has no file to load; \(there)\(remedy)"
            )
        }
        files += found
        if !others.isEmpty { leftOut.append("of '\(folder)': \(Self.words(others))") }
    }

    private static func reason(
        toLeaveOut path: String,
        _ name: String,
        _ hasFormat: Bool,
        _ written: Set<ExactText>
    ) -> String? {
        var isFolder = false
        _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        if isFolder { return "a folder" }
        if isStream(path) { return "a pipe, socket or device" }
        if name.hasPrefix(".") { return "hidden" }
        if name.hasPrefix("_") { return "a mark" }
        if name.hasSuffix(".error.jsonl") { return "rejects" }
        if written.contains(ExactText(ResolvedPath(path).text)) { return "written to" }
        if !hasFormat, NamedFile.Format(ending: name) == nil { return "no known ending" }
        return nil
    }

    /// Whether there is something at a path that is neither a file nor a folder, such as what a
    /// shell makes of `<(…)`.
    private static func isStream(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
    }

    private static func words(_ names: [String]) -> String {
        let shown = names.prefix(10).joined(separator: ", ")
        return names.count > 10 ? "\(shown) and \(names.count - 10) more" : shown
    }

    /// The files that a pattern matches.
    ///
    /// The C library goes down a folder with each slash, on the stack: a pattern of very many is
    /// refused. A path has no more than 4096 bytes on Linux.
    ///
    /// - Throws: ``UsageError``.
    private static func matches(of pattern: String) throws -> [String] {
        let slashes = pattern.utf8.count { $0 == UInt8(ascii: "/") }
        guard pattern.utf8.count <= 4096, slashes <= 256 else {
            throw UsageError(
                "'\(pattern.prefix(80))…' is too long for a pattern: give at most 4096 bytes and "
                    + "256 folders"
            )
        }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, GLOB_MARK, nil, &found) == 0, let paths = found.gl_pathv else {
            return []
        }
        return (0..<Int(found.gl_pathc)).compactMap { place in
            paths[place].map { String(cString: $0) }
        }.filter { !$0.hasSuffix("/") }
    }
}
