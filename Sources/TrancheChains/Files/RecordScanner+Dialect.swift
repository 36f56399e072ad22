extension RecordScanner {
    /// Scans the next bytes of a dialect that is not plain.
    mutating func scanDialect(
        _ bytes: UnsafeBufferPointer<UInt8>,
        limit: Int64,
        most: Int
    ) -> Bool {
        guard let base = bytes.baseAddress, var machine else { return false }
        // While it is taken apart it is not copied with each byte.
        self.machine = nil
        defer {
            position = machine.position
            openQuote = machine.isQuoted ? machine.quoteStart : nil
            self.machine = machine
        }
        var place = 0
        while place < bytes.count {
            place += machine.pass(base + place, bytes.count - place)
            guard place < bytes.count else { break }
            let event = machine.take(base[place])
            place += 1
            let offset = machine.position
            switch event {
            case .none:
                if count >= most, machine.isSurelyRecord {
                    isSettled = true
                    return true
                }
                if machine.isOver, machine.textBehindEnd != nil { return true }
            case .field:
                if count >= most {
                    isSettled = true
                    return true
                }
                machine.beginNextField()
            case .record:
                if count > 0, offset > limit || count >= most {
                    isSettled = true
                    return true
                }
                endRecord(at: offset)
                machine.beginNextLine()
            case .line:
                machine.beginNextLine()
                if !endEmptyLine(at: offset, limit: limit) { return true }
            case .end: break
            }
        }
        return false
    }

    /// Notes that a dialect that is not plain has no more bytes.
    mutating func finishDialect(limit: Int64, most: Int) {
        guard var machine else { return }
        defer {
            openQuote = machine.isQuoted ? machine.quoteStart : nil
            self.machine = machine
        }
        switch machine.finish() {
        case .record:
            if count > 0, machine.position > limit || count >= most { return }
            endRecord(at: machine.position)
        case .line: endEmptyLine(at: machine.position, limit: limit)
        case .none, .field, .end: break
        }
    }
}
