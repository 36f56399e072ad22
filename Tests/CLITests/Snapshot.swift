import Foundation
import Testing

/// Compares text with a stored one; `TRANCHE_RECORD_SNAPSHOTS=1` stores it instead.
func expectSnapshot(
    _ text: String,
    named name: String,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "Snapshots/\(name)"
    )
    if ProcessInfo.processInfo.environment["TRANCHE_RECORD_SNAPSHOTS"] == "1" {
        try text.write(to: file, atomically: true, encoding: .utf8)
        return
    }
    let stored = try? String(contentsOf: file, encoding: .utf8)
    #expect(text == stored, "differs from Snapshots/\(name)", sourceLocation: sourceLocation)
}

/// Text with what differs from run to run replaced.
func normalized(_ text: String, folder: URL) -> String {
    text
        .replacing(folder.path, with: "FOLDER")
        .replacing(#/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/#, with: "TIME")
        .replacing(#/"(seconds|weight_per_s|items_per_s|shortest_s|longest_s)":[0-9.e+-]+/#) {
            "\"\($0.output.1)\":NUMBER"
        }
}
