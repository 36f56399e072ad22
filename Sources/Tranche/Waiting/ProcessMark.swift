package import FoundationEssentials
import Glibc

/// What tells a process from all others that are, or were, on its host.
///
/// It stands in the token of each request whose batches die with the process, such as
/// `~19a3f-…@k3v9q0d1x7f2a.1j7.8c3q1`: the place, the number, and when it began, in base 36. A
/// number alone does not do, since the system gives it out again.
package struct ProcessMark: Sendable, Hashable {
    /// Where the number counts: a hash of the host's name, of this life of its kernel, and of the
    /// namespaces in which numbers and times are told.
    package let place: String
    /// The number of the process.
    package let process: Int32
    /// When it began, in the kernel's ticks since it was started.
    package let startedAt: Int64

    /// What stands before it in a token.
    private static let sign: Character = "@"

    /// Makes a mark.
    package init(place: String, process: Int32, startedAt: Int64) {
        self.place = place
        self.process = process
        self.startedAt = startedAt
    }

    /// The mark of this process; `nil` where the system does not tell what it takes.
    package static let own: ProcessMark? = {
        let process = ProcessInfo.processInfo.processIdentifier
        guard let place = currentPlace, let stat = ProcessStat(of: process) else { return nil }
        return ProcessMark(place: place, process: process, startedAt: stat.startedAt)
    }()

    /// Where numbers of processes count here and now; `nil` where the system does not tell.
    ///
    /// It is found out anew each time: a machine that was copied while it ran gets another name,
    /// and a process must not take over from its own twin.
    package static var currentPlace: String? {
        let files = FileManager.default
        // Numbers in a /proc that is another namespace's are not those of kill(2). Where one of
        // these cannot be read, no death is certain, and leases end by their time.
        let process = ProcessInfo.processInfo.processIdentifier
        guard (try? files.destinationOfSymbolicLink(atPath: "/proc/self")) == "\(process)",
            let life = try? String(
                contentsOfFile: "/proc/sys/kernel/random/boot_id",
                encoding: .utf8
            ),
            let numbers = try? files.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")
        else { return nil }
        // Kernels before 5.6 have one time for all.
        let times = (try? files.destinationOfSymbolicLink(atPath: "/proc/self/ns/time")) ?? ""
        return place(host: hostName, life: life, namespaces: [numbers, times])
    }

    /// The hash of what makes a place.
    package static func place(host: String, life: String, namespaces: [String]) -> String {
        let parts = [host, life.trimmed(.all)] + namespaces
        return String(FNVHash(of: parts.joined(separator: "\n")).value, radix: 36)
    }

    // That of `ProcessInfo` may ask a name server. A host without a readable name has none: its
    // boot and namespaces still tell it from others.
    private static var hostName: String {
        let name = try? String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8)
        return name?.trimmed(.all) ?? ""
    }

    // MARK: - In tokens

    /// A token with the mark behind it.
    package func marking(_ token: String) -> String {
        let parts = [
            place, String(process, radix: 36), String(startedAt, radix: 36),
        ]
        return token + String(Self.sign) + parts.joined(separator: ".")
    }

    /// Reads the mark in a token; `nil` where it has none, as one that a caller gave.
    package init?(token: String) {
        guard token.hasPrefix(AcquireRequest.madeUpTokenMark),
            let sign = token.lastIndex(of: Self.sign)
        else { return nil }
        // What follows a '#' is the place among several that were asked for at once.
        let text = token[token.index(after: sign)...].prefix { $0 != "#" }
        let parts = text.split(separator: ".")
        guard parts.count == 3, let process = Int32(parts[1], radix: 36), process > 0,
            let startedAt = Int64(parts[2], radix: 36)
        else { return nil }
        self.init(place: String(parts[0]), process: process, startedAt: startedAt)
    }

    /// The pattern of SQL's LIKE that the tokens of a place have, and of no other.
    package static func pattern(ofPlace place: String) -> String { "~%\(sign)\(place).%" }

    // MARK: - Whether it lives

    /// What is known of the process.
    package enum Life: Sendable, Hashable {
        /// It was one of this host, and has ended.
        case ended
        /// It is one of this host, and lives.
        case running
        /// It belongs to another place, or cannot be looked at.
        case unknown
    }

    /// Looks whether the process lives.
    ///
    /// - Parameter here: Where this process is; ``currentPlace``.
    /// - Returns: ``Life/ended`` only where that is certain.
    package func life(seenFrom here: String?) -> Life {
        guard let here, here == place else { return .unknown }
        // A signal of 0 is not sent: who may not send one is told that there is such a process.
        if kill(process, 0) != 0, errno == ESRCH { return .ended }
        // One that is hidden is not known to have ended.
        guard let stat = ProcessStat(of: process) else { return .unknown }
        return stat.startedAt != startedAt || stat.hasEnded ? .ended : .running
    }
}

extension ProcessMark {
    /// What is kept of an attempt whose holder has ended, and of no other that is held.
    ///
    /// - Parameter now: When that was seen.
    /// - Returns: The words.
    package func endedWords(seenAt now: Date) -> String {
        "\(Self.endedWords)\(process), on the host of that worker, had ended, as was seen at "
            + now.utcText
    }

    /// How these words begin.
    package static let endedWords = "its process "
}
