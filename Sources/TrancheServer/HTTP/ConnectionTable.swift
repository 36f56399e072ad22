/// The connections that there are: how many, from where, and until when each may take.
struct ConnectionTable: Sendable {
    private struct Entry {
        let address: String
        /// Whether the library has the connection: one that it has not may be closed unseen.
        var isStarted = false
        /// When the connection is cut off; `nil` while a request is worked on.
        var deadline: Duration?
        /// Whether a request, or the rest of one, is waited for.
        var isReading = true
        /// Whether the other side was seen to send nothing more.
        var isEnded = false
    }

    let limit: Int
    let limitPerAddress: Int
    private var entries: [Int32: Entry] = [:]
    private var counts: [String: Int] = [:]

    init(limit: Int, limitPerAddress: Int) {
        (self.limit, self.limitPerAddress) = (limit, limitPerAddress)
    }

    var isFull: Bool { entries.count >= limit }

    var count: Int { entries.count }

    func address(of socket: Int32) -> String { entries[socket]?.address ?? "" }

    /// Takes a connection, unless its address has enough of them.
    mutating func add(_ socket: Int32, from address: String, until deadline: Duration) -> Bool {
        // A number that is given again is no longer that of another connection.
        remove(socket)
        guard counts[address, default: 0] < limitPerAddress else { return false }
        counts[address, default: 0] += 1
        entries[socket] = Entry(address: address, deadline: deadline)
        return true
    }

    mutating func start(_ socket: Int32) { entries[socket]?.isStarted = true }

    /// Changes until when a connection may take.
    mutating func set(_ socket: Int32, until deadline: Duration?, isReading: Bool) {
        guard let place = entries.index(forKey: socket) else { return }
        entries.values[place].deadline = deadline
        entries.values[place].isReading = isReading
        entries.values[place].isEnded = false
    }

    mutating func remove(_ socket: Int32) {
        guard let entry = entries.removeValue(forKey: socket) else { return }
        let left = counts[entry.address, default: 1] - 1
        counts[entry.address] = left > 0 ? left : nil
    }

    /// The connections whose time is over, each told once.
    mutating func takeLate(at now: Duration) -> [Int32] {
        let late = entries.filter { entry in
            entry.value.isStarted && entry.value.deadline.map { $0 <= now } ?? false
        }.map(\.key)
        for socket in late { entries[socket]?.deadline = nil }
        return late
    }

    /// The connections whose other side has gone in the middle of a request, each told once.
    ///
    /// - Parameter isAtEnd: Whether the other side of a socket sends nothing more. What it has sent
    ///   may still be looked at: it must be so at two looks.
    /// - Returns: Their sockets.
    mutating func takeEnded(_ isAtEnd: (Int32) -> Bool) -> [Int32] {
        var ended: [Int32] = []
        for (socket, entry) in entries where entry.isStarted && entry.isReading {
            let isAtEnd = isAtEnd(socket)
            if isAtEnd, entry.isEnded {
                entries[socket]?.isReading = false
                ended.append(socket)
            }
            entries[socket]?.isEnded = isAtEnd
        }
        return ended
    }
}
