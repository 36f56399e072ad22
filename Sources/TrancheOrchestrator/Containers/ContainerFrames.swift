/// Takes apart what an engine sends of a container's two outputs over one connection.
///
/// Each piece has a head of 8 bytes: which output, three zeros, and its length, the highest byte
/// first. Heads and pieces come in parts as well.
struct ContainerFrames: Sendable {
    enum Output: Sendable, Hashable {
        case standardOutput
        case standardError
    }

    /// What came is not a frame.
    struct Fault: Error {}

    private var head: [UInt8] = []
    private var output = Output.standardOutput
    private var missing = 0

    /// Whether nothing is missing of what was begun.
    var isWhole: Bool { head.isEmpty && missing == 0 }

    /// Takes bytes as they come.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - body: Given the pieces of each output, in order.
    /// - Throws: ``Fault`` for what is not a frame.
    mutating func add(
        _ bytes: [UInt8],
        _ body: (Output, ArraySlice<UInt8>) -> Void
    ) throws(Fault) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if missing == 0 {
                let taken = rest.prefix(8 - head.count)
                head += taken
                rest = rest.dropFirst(taken.count)
                if head.count == 8 { try begin() }
            } else {
                let piece = rest.prefix(missing)
                missing -= piece.count
                rest = rest.dropFirst(piece.count)
                body(output, piece)
            }
        }
    }

    private mutating func begin() throws(Fault) {
        // What was written to standard input may be told as 0.
        guard head[0] < 3, head[1] == 0, head[2] == 0, head[3] == 0 else { throw Fault() }
        output = head[0] == 2 ? .standardError : .standardOutput
        missing = head[4...].reduce(0) { $0 << 8 | Int($1) }
        head = []
    }
}
