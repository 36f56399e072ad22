import Tranche

extension Chain {
    /// Replaces each element.
    ///
    /// - Parameters:
    ///   - concurrency: How many elements are worked on at once; 1 by default. Order is kept.
    ///   - transform: Gives what comes in an element's place.
    /// - Returns: The longer chain.
    public func map<Output: Sendable>(
        concurrency: Int = 1,
        _ transform: @escaping @Sendable (Element) async throws -> Output
    ) -> Chain<Output> {
        step { context, elements in
            ChunkReader {
                guard let chunk = try await elements.next() else { return nil }
                context.items = context.items(of: chunk)
                if concurrency > 1 {
                    return try await transformed(chunk, concurrency) { [try await transform($0)] }
                        .flatMap { $0 }
                }
                var outputs: [Output] = []
                outputs.reserveCapacity(chunk.count)
                for element in chunk { outputs.append(try await transform(element)) }
                return outputs
            }
        }
    }

    /// Replaces each element, and leaves out those for which there is nothing.
    ///
    /// - Parameters:
    ///   - concurrency: As for ``map(concurrency:_:)``.
    ///   - transform: Gives what comes in an element's place, or `nil`.
    /// - Returns: The longer chain.
    public func compactMap<Output: Sendable>(
        concurrency: Int = 1,
        _ transform: @escaping @Sendable (Element) async throws -> Output?
    ) -> Chain<Output> {
        flatMap(concurrency: concurrency) { element in
            try await transform(element).map { [$0] } ?? []
        }
    }

    /// Replaces each element by any number of others.
    ///
    /// - Parameters:
    ///   - concurrency: As for ``map(concurrency:_:)``.
    ///   - transform: Gives what comes in an element's place.
    /// - Returns: The longer chain.
    public func flatMap<Output: Sendable>(
        concurrency: Int = 1,
        _ transform: @escaping @Sendable (Element) async throws -> [Output]
    ) -> Chain<Output> {
        step { context, elements in
            ChunkReader {
                guard let chunk = try await elements.next() else { return nil }
                let items = context.items(of: chunk)
                let outputs = try await transformed(chunk, concurrency, transform)
                context.items = zip(items, outputs).flatMap { item, outputs in
                    [Int64](repeating: item, count: outputs.count)
                }
                return outputs.flatMap { $0 }
            }
        }
    }

    /// Leaves out elements that do not meet a condition.
    ///
    /// - Parameter isIncluded: The condition.
    /// - Returns: The longer chain.
    public func filter(
        _ isIncluded: @escaping @Sendable (Element) async throws -> Bool
    ) -> Chain<Element> {
        let fields = fields
        return step(fields: { _ in nil }) { context, elements in
            ChunkReader {
                guard let chunk = try await elements.next() else { return nil }
                var kept: [Element] = []
                var items: [Int64] = []
                for (element, item) in zip(chunk, context.items(of: chunk))
                where try await isIncluded(element) {
                    kept.append(element)
                    items.append(item)
                }
                context.items = items
                return kept
            }
        }
        .keeping(fields)
    }

    /// Looks at each element, and leaves it as it is.
    ///
    /// - Parameter look: Given each element.
    /// - Returns: The longer chain.
    public func tap(
        _ look: @escaping @Sendable (Element) async throws -> Void
    ) -> Chain<Element> {
        let fields = fields
        return step { _, elements in
            ChunkReader {
                guard let chunk = try await elements.next() else { return nil }
                for element in chunk { try await look(element) }
                return chunk
            }
        }
        .keeping(fields)
    }

    /// Replaces each chunk with one call, for a look-up or a model.
    ///
    /// - Parameters:
    ///   - size: Most elements of a call; above 0. All of a chunk, some thousand, by default.
    ///   - transform: Gives what comes in the elements' place; may give more or fewer, which then
    ///     count as made of the first one's item.
    /// - Returns: The longer chain.
    public func batchMap<Output: Sendable>(
        size: Int = .max,
        _ transform: @escaping @Sendable ([Element]) async throws -> [Output]
    ) -> Chain<Output> {
        precondition(size > 0, "a call needs room for an element")
        return step { context, elements in
            var rest: ArraySlice<Element> = []
            var restItems: ArraySlice<Int64> = []
            return ChunkReader {
                if rest.isEmpty {
                    guard let chunk = try await elements.next() else { return nil }
                    rest = chunk[...]
                    restItems = context.items(of: chunk)[...]
                }
                let (part, items) = (Array(rest.prefix(size)), Array(restItems.prefix(size)))
                rest = rest.dropFirst(size)
                restItems = restItems.dropFirst(size)
                let outputs = try await transform(part)
                context.items =
                    outputs.count == part.count
                    ? items
                    : Array(repeating: items.first ?? context.batch.idStart, count: outputs.count)
                return outputs
            }
        }
    }

    /// Counts elements under a name of one's own.
    ///
    /// - Parameters:
    ///   - name: The counter's name.
    ///   - isCounted: Which elements count; all by default.
    /// - Returns: The longer chain.
    public func count(
        _ name: String,
        where isCounted: @escaping @Sendable (Element) throws -> Bool = { _ in true }
    ) -> Chain<Element> {
        let fields = fields
        return step { context, elements in
            context.counters.add(0, to: name)
            return ChunkReader {
                guard let chunk = try await elements.next() else { return nil }
                context.counters.add(try chunk.count(where: isCounted), to: name)
                return chunk
            }
        }
        .keeping(fields)
    }

    /// The chain with the fields that an earlier one has.
    private func keeping(
        _ fields: @escaping @Sendable (RecordFields?) throws -> RecordFields?
    ) -> Chain<Element> {
        var chain = Chain(source: source, attachments: attachments, fields: fields, open: open)
        chain.notices = notices
        return chain
    }
}

/// Transforms each element of a chunk, several at once, and keeps their order.
private func transformed<Element: Sendable, Output: Sendable>(
    _ chunk: [Element],
    _ concurrency: Int,
    _ transform: @escaping @Sendable (Element) async throws -> [Output]
) async throws -> [[Output]] {
    if concurrency <= 1 {
        var outputs: [[Output]] = []
        outputs.reserveCapacity(chunk.count)
        for element in chunk { outputs.append(try await transform(element)) }
        return outputs
    }
    return try await withThrowingTaskGroup(of: (Int, [Output]).self) { group in
        var outputs = [[Output]](repeating: [], count: chunk.count)
        var next = 0
        while next < min(concurrency, chunk.count) {
            let index = next
            group.addTask { (index, try await transform(chunk[index])) }
            next += 1
        }
        while let (index, output) = try await group.next() {
            outputs[index] = output
            if next < chunk.count {
                let index = next
                group.addTask { (index, try await transform(chunk[index])) }
                next += 1
            }
        }
        return outputs
    }
}
