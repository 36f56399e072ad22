extension RunRecord {
    /// The column at whose borders batches are cut; `nil` for none, and where it is not known.
    public var keyColumn: String? { source?.key }

    /// Refuses to limit the batches of a key where batches have none.
    ///
    /// - Parameter batches: How many of one key may be held at once; `nil` for any number.
    /// - Throws: ``TrancheError`` `.invalidArgument`.
    package func requireKeyColumn(for batches: Int?) throws {
        guard batches != nil, keyColumn == nil else { return }
        throw TrancheError(
            .invalidArgument,
            "\(key) was begun without a key column, so that its batches have no keys: limit all of "
                + "them with a parallelism, or begin a job of another name with a key"
        )
    }
}
