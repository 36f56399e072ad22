import FoundationEssentials

/// What tells a process from all others that work on an inventory.
struct ProcessName: Sendable, Hashable {
    let text: String

    /// The name of this process.
    static let own: ProcessName = {
        let process = ProcessInfo.processInfo
        var generator = SystemRandomNumberGenerator()
        return ProcessName(
            host: process.hostName,
            process: process.processIdentifier,
            // Where the link cannot be read nothing is known of namespaces, and there are none.
            numbering: try? FileManager.default.destinationOfSymbolicLink(
                atPath: "/proc/self/ns/pid"
            ),
            &generator
        )
    }()

    /// The namespace in which Linux numbers the processes of no container.
    // Source: Linux, include/linux/proc_ns.h, PROC_PID_INIT_INO.
    static let hostNumbering = "pid:[4026531836]"

    /// Makes a name.
    ///
    /// - Parameters:
    ///   - host: The host's name.
    ///   - process: The process's number.
    ///   - numbering: The namespace of that number; `nil` where there is none.
    ///   - generator: Gives the random part.
    init(
        host: String,
        process: Int32,
        numbering: String?,
        _ generator: inout some RandomNumberGenerator
    ) {
        let isUnique = process != 1 && (numbering ?? Self.hostNumbering) == Self.hostNumbering
        let letters = Array("abcdefghijkmnpqrstuvwxyz23456789")
        let noise = (0..<5).map { _ in letters[Int.random(in: 0..<32, using: &generator)] }
        text = "\(host):\(process)" + (isUnique ? "" : "-" + String(noise))
    }
}
