import Foundation

/// What the specification of OpenLineage, and its Python client, say of a file of events.
package enum OpenLineage {
    /// What there was in a file.
    package struct Summary: Codable, Sendable, Hashable {
        /// How many runs, each with one `START` and one end.
        package var runs: Int
        /// How many events, by their types.
        package var types: [String: Int]

        package init(runs: Int, types: [String: Int]) {
            (self.runs, self.types) = (runs, types)
        }
    }

    /// A file that does not meet the specification.
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    /// Checks a file of events, one a line.
    ///
    /// - Parameter file: The file.
    /// - Returns: What there was; `nil` where no Python with the client was named.
    /// - Throws: ``Fault`` with what Python says.
    package static func check(_ file: String) throws -> Summary? {
        guard let python = ProcessInfo.processInfo.environment["TRANCHE_TEST_PYTHON"] else {
            return nil
        }
        let script = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/openlineage/check_events.py")
        let process = Process()
        process.executableURL = URL(filePath: python)
        process.arguments = [script.path, file]
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        // One after the other: of the first there is a line at most.
        let lines = try errors.fileHandleForReading.readToEnd() ?? Data()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Fault(description: String(decoding: lines, as: UTF8.self))
        }
        return try JSONDecoder().decode(Summary.self, from: text)
    }
}
