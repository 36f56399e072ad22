import Foundation

/// A folder of an example's own; the system's temporary files are in the same place.
public struct ExampleFolder: Sendable {
    private let url: URL

    /// Makes the folder.
    public init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "tranche-example-\(UUID())")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    /// The path of a file in the folder.
    public func path(_ name: String) -> String {
        url.appending(path: name).path
    }

    /// Removes the folder with all that is in it.
    public func remove() throws {
        while FileManager.default.fileExists(atPath: url.path) {
            do {
                try FileManager.default.removeItem(at: url)
            } catch let error as CocoaError where error.code == .fileNoSuchFile {
                // The last connection is closed a moment after the inventory, and SQLite then
                // removes files of its own: what is gone meanwhile need not be removed.
            }
        }
    }
}
