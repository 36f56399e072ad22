import FoundationEssentials
import Glibc

/// Finds the program to run, as a shell would.
struct ProgramFinder: Sendable {
    let environment: [String: String]

    /// The path of a program.
    ///
    /// - Parameter name: Its name, looked for in `PATH`, or its path.
    /// - Returns: The path.
    /// - Throws: ``UsageError`` when there is none that may be run.
    func path(of name: String) throws -> String {
        if name.contains("/") {
            guard isProgram(name) else {
                throw UsageError("'\(name)' is not a program that can be run")
            }
            return name
        }
        let folders = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        for folder in folders.split(separator: ":", omittingEmptySubsequences: false) {
            let path = (folder.isEmpty ? "." : folder) + "/" + name
            if isProgram(path) { return path }
        }
        throw UsageError("there is no program '\(name)' in PATH; give its path")
    }

    private func isProgram(_ path: String) -> Bool {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            return false
        }
        return !isFolder && access(path, X_OK) == 0
    }
}
