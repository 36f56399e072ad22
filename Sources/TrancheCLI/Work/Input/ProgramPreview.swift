/// What a program is given of a batch.
struct ProgramPreview: Sendable {
    /// The words of its first call.
    var command: [String]
    /// How often it is called.
    var calls = 1
    /// The first lines on its standard input.
    var lines: [String] = []
    /// Whether there are no more.
    var isWhole = true

    /// Lines that are shown.
    static let mostLines = 5
}
