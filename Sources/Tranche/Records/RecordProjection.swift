extension [Record] {
    /// The records with other fields, made of their own.
    ///
    /// - Parameters:
    ///   - target: The fields.
    ///   - places: Where each of them stands in the records; `nil` for one that is null in all.
    /// - Returns: The records, in order; their texts are not copied.
    package func projected(onto target: RecordFields, _ places: [Int?]) -> [Record] {
        var projected: [Record] = []
        projected.reserveCapacity(count)
        var start = startIndex
        while start < endIndex {
            let block = self[start].block
            let end = self[start...].firstIndex { $0.block !== block } ?? endIndex
            var cells: [RecordCell] = []
            cells.reserveCapacity((end - start) * places.count)
            for record in self[start..<end] {
                for place in places { cells.append(place.map { record.cell($0) } ?? .null) }
            }
            projected +=
                RecordBlock(
                    fields: target,
                    bytes: block.bytes,
                    cells: cells,
                    ids: self[start..<end].map(\.id)
                ).records
            start = end
        }
        return projected
    }
}
