public import Tranche

/// How a container ended.
public struct ContainerEnd: Sendable {
    /// The exit code; 137 for a program that was killed.
    public let exitCode: Int32
    /// Whether it was killed for want of memory, as the engine says it.
    ///
    /// podman does not always: then it is taken for that where it was killed, by nobody who is
    /// known, and its memory has a bound.
    public let isOutOfMemory: Bool
    /// Whether it was found at work, and not begun by this run.
    public let isAdopted: Bool
    /// The container's name; the container itself is gone, unless it failed.
    public let name: String
    /// The id of the image that it was run from; `nil` where the engine does not say.
    public let imageID: String?
    /// What programs anywhere leave behind.
    package let program: ProgramEnd

    /// Whether it was told to stop before its own end: the batch is given back.
    public var isCutShort: Bool { program.isCutShort }

    /// The end of what it wrote: at most 64 KiB of each output.
    public var output: AttemptOutput {
        program.written ?? AttemptOutput()
    }

    /// The lines at the end of its standard error.
    public var lines: [String] {
        var lines = output.standardError.split(
            separator: "\n",
            omittingEmptySubsequences: false
        ).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    /// The error, such as `process exited with code 3`; `nil` for none.
    public var failure: String? { program.failure }

    /// The outcome of a batch, as for programs outside containers: the last line is the result, and
    /// an exit with 75 asks for another try.
    ///
    /// - Parameter batch: The batch.
    /// - Returns: The verdict, which is still to be recorded.
    /// - Throws: What reading the batch's items throws.
    public func verdict(for batch: Batch) async throws -> BatchVerdict {
        try await program.verdict(for: batch)
    }
}
