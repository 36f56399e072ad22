package import Tranche

/// The records of a loading that wait for others to which they refer.
///
/// A record is passed over as soon as one of its key is written that came after it: then that one
/// counts. One that came after it and is not taken takes nothing from it.
package struct WaitingRecords<Failure: Error>: Sendable {
    /// A record that waits.
    package struct Waiting: Sendable {
        package let record: Record
        /// What the database has said of it last.
        package fileprivate(set) var error: Failure
        fileprivate let key: [RecordKeys.Part]
        fileprivate let number: Int
    }

    /// What came of writing a record.
    package enum Outcome: Sendable {
        case written
        /// It was refused, or a trigger has left it out.
        case leftOut
        case waits(Failure)
    }

    private let keys: RecordKeys
    /// Whether rows of one key are the same in all columns, so that none takes another's place.
    private let keysAreWhole: Bool
    /// By their numbers, which rise as they came.
    private var waiting: [Int: Waiting] = [:]
    /// The numbers of each key's records, as they came.
    private var numbers: [[RecordKeys.Part]: [Int]] = [:]
    private var last = 0

    package init(_ load: SQLLoad) {
        keys = RecordKeys(load)
        keysAreWhole = load.columns.allSatisfy { load.key.contains($0.name) }
    }

    package var isEmpty: Bool { waiting.isEmpty }

    /// All of them, as they came.
    package var all: [Waiting] { waiting.values.sorted { $0.number < $1.number } }

    /// Notes what came of a record that was written when all that wait had come.
    package mutating func note(_ record: Record, _ outcome: Outcome) {
        switch outcome {
        case .written:
            if waiting.isEmpty || keys.isEmpty { return }
            for number in numbers.removeValue(forKey: keys.key(of: record)) ?? [] {
                waiting[number] = nil
            }
        case .leftOut: break
        case .waits(let error):
            last += 1
            // Without a key each is a row of its own.
            let key = keys.isEmpty ? [.whole(Int64(last))] : keys.key(of: record)
            waiting[last] = Waiting(record: record, error: error, key: key, number: last)
            numbers[key, default: []].append(last)
        }
    }

    /// The keys of records that are to be written together.
    package func keysTogether(of records: [Record]) -> KeysTogether {
        if keys.isEmpty || keysAreWhole { return KeysTogether(keys: [], awaited: []) }
        let all = records.map { keys.key(of: $0) }
        return KeysTogether(keys: all, awaited: Set(all.filter { numbers[$0] != nil }))
    }

    /// The records to try again, the last first: the one that is referred to mostly came after the
    /// one that refers to it.
    ///
    /// - Parameter rank: How many later ones of its key each has.
    /// - Returns: One of each key that has so many.
    package func candidates(behind rank: Int) -> [Waiting] {
        numbers.values.compactMap { numbers in
            numbers.count > rank ? waiting[numbers[numbers.count - 1 - rank]] : nil
        }.sorted { $0.number > $1.number }
    }

    /// Notes what came of a record that was tried again.
    ///
    /// - Returns: Whether it waits no longer.
    package mutating func note(_ tried: Waiting, _ outcome: Outcome) -> Bool {
        let first: Int
        switch outcome {
        case .waits(let error):
            waiting[tried.number]?.error = error
            return false
        case .written: first = 0
        case .leftOut: first = tried.number
        }
        let own = numbers[tried.key] ?? []
        let over = first...tried.number
        for number in own where over.contains(number) { waiting[number] = nil }
        let left = own.filter { !over.contains($0) }
        numbers[tried.key] = left.isEmpty ? nil : left
        return true
    }
}

/// The keys of records that are written together, by the records' places from 1.
package struct KeysTogether: Sendable {
    fileprivate let keys: [[RecordKeys.Part]]
    /// Those of which a record waits.
    fileprivate var awaited: Set<[RecordKeys.Part]>

    /// Notes that the record at a place waits, too.
    package mutating func noteWaiting(at place: Int) {
        if !keys.isEmpty { awaited.insert(keys[place - 1]) }
    }

    /// How many rows records are of which one may take the place of another that came before it,
    /// which it does if it is written.
    ///
    /// - Parameter places: Their places.
    /// - Returns: The number of their keys; `nil` where they take the place of none.
    package func rows(at places: ClosedRange<Int>) -> Int? {
        if keys.isEmpty { return nil }
        let own = keys[places.lowerBound - 1..<places.upperBound]
        let distinct = Set(own)
        if distinct.count == own.count, distinct.isDisjoint(with: awaited) { return nil }
        return distinct.count
    }
}
