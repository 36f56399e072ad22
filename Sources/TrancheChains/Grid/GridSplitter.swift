import Tranche

/// Sorts elements that each touch two nodes into buckets, and gives waves of buckets that touch
/// none in common.
///
/// An element belongs to the bucket of its two nodes' places, row and column of a grid. Buckets
/// that share no row and no column can be worked on at once. Where both ends are nodes of one kind,
/// a bucket takes both places in either role.
struct GridSplitter<Element> {
    /// Where an element belongs.
    struct Cell: Hashable, Comparable {
        var row: Int
        var column: Int

        static func < (lhs: Cell, rhs: Cell) -> Bool {
            (lhs.row, lhs.column) < (rhs.row, rhs.column)
        }
    }

    /// What can be worked on at once.
    struct Wave {
        /// The buckets' elements, in the order in which they came.
        var buckets: [(cell: Cell, elements: [Element])]
    }

    private let size: Int
    private let isOneKind: Bool
    private let most: Int
    private let nearlyFull: Int
    private var buckets: [Cell: [Element]] = [:]

    /// Makes a splitter.
    ///
    /// - Parameters:
    ///   - size: Rows and columns of the grid; above 0.
    ///   - isOneKind: Whether both ends are nodes of one kind.
    ///   - most: Most elements of a bucket in a wave; above 0.
    ///   - nearlyFull: How full a bucket must be to go along with full ones, above 0, at most 1.
    init(size: Int, isOneKind: Bool, most: Int, nearlyFull: Double) {
        self.size = size
        self.isOneKind = isOneKind
        self.most = most
        self.nearlyFull = max(1, Int((Double(most) * nearlyFull).rounded(.down).nearestInteger))
    }

    /// Adds an element.
    ///
    /// - Parameters:
    ///   - element: The element.
    ///   - row: The place of its first node, from 0 up to the grid's size.
    ///   - column: The place of its second node.
    mutating func add(_ element: Element, row: Int, column: Int) {
        let cell =
            isOneKind
            ? Cell(row: min(row, column), column: max(row, column))
            : Cell(row: row, column: column)
        buckets[cell, default: []].append(element)
    }

    /// The next wave that is worth it: it begins with a bucket that is full.
    mutating func nextWave() -> Wave? {
        guard let full = pick(atLeast: most, besides: []) else { return nil }
        return take(full + (pick(atLeast: nearlyFull, besides: full) ?? []))
    }

    /// The next wave of what is left; `nil` when nothing is.
    mutating func lastWave() -> Wave? {
        pick(atLeast: 1, besides: []).map { take($0) }
    }

    /// Picks buckets that touch none in common, the largest first.
    private func pick(atLeast count: Int, besides taken: [Cell]) -> [Cell]? {
        var places = Set(taken.flatMap(places))
        var picked: [Cell] = []
        let candidates = buckets.filter { $0.value.count >= count }.sorted { one, other in
            one.value.count == other.value.count
                ? one.key < other.key : one.value.count > other.value.count
        }
        for (cell, _) in candidates where taken.count + picked.count < size {
            let wanted = self.places(of: cell)
            guard wanted.allSatisfy({ !places.contains($0) }) else { continue }
            places.formUnion(wanted)
            picked.append(cell)
        }
        return picked.isEmpty ? nil : picked
    }

    /// What a bucket takes: a row and a column, or two places of one kind.
    private func places(of cell: Cell) -> [Int] {
        isOneKind ? [cell.row, cell.column] : [cell.row, size + cell.column]
    }

    private mutating func take(_ cells: [Cell]) -> Wave {
        var wave = Wave(buckets: [])
        for cell in cells {
            guard let elements = buckets.removeValue(forKey: cell) else { continue }
            wave.buckets.append((cell, Array(elements.prefix(most))))
            if elements.count > most { buckets[cell] = Array(elements.dropFirst(most)) }
        }
        return wave
    }
}

/// The place of a node in a grid: equal texts have equal places.
func gridPlace(of name: some Sequence<UInt8>, size: Int) -> Int {
    // FNV-1a, and the finalizer of MurmurHash3, which spreads the last bytes over all bits.
    // Source: draft-eastlake-fnv; MurmurHash3.cpp, fmix64.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
    hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
    return Int(((hash >> 32) &* UInt64(size)) >> 32)
}
