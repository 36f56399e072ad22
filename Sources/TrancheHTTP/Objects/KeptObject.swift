import Tranche
package import TrancheConnectors

/// An object of S3 that is moved, removed or tagged once somebody is done with it.
///
/// Each does the same when it is done again. It does not see other writers of the object meanwhile.
package struct KeptObject: Sendable {
    private let object: ObjectName
    private let configuration: ObjectStoreConfiguration
    private let store: S3Store
    /// Whether an earlier attempt may have come far.
    private let isAgain: Bool

    /// Names an object.
    ///
    /// - Parameters:
    ///   - url: Its URL, `s3://BUCKET/NAME`.
    ///   - credentials: The credentials of the connection.
    ///   - isAgain: Whether there was an attempt before.
    /// - Throws: `TrancheError` `.invalidItem` for what is none of S3.
    package init(_ url: String, _ credentials: Credentials, isAgain: Bool) throws {
        object = try ObjectName(url)
        guard object.store == .amazon, !object.key.isEmpty, !object.key.hasSuffix("/") else {
            throw TrancheError(
                .invalidItem,
                "'\(object.url)' is not an object of S3, such as s3://BUCKET/NAME; others are "
                    + "neither moved, removed nor tagged"
            )
        }
        configuration = try ObjectStoreConfiguration(environment: credentials)
        store = S3Store(configuration.s3, configuration.client)
        self.isAgain = isAgain
    }

    /// Copies it to another name, unless that is there, and removes it.
    ///
    /// - Throws: `TrancheError` `.invalidItem` where it is gone, `.sinkFailed` where the other is
    ///   there and is another, or is this one, `.sinkUnavailable`.
    package func move(to url: String) async throws {
        let target = try ObjectName(url)
        guard target.store == .amazon else {
            throw TrancheError(.invalidItem, "'\(target.url)' is not the name of an object of S3")
        }
        // It would be taken for the copy of an earlier attempt, and removed.
        guard target != object else {
            throw TrancheError(
                .sinkFailed,
                "'\(object.url)' stands where it would be moved to, and stays there; move objects "
                    + "below another prefix than their own"
            )
        }
        let there = try await store.tagOfContent(of: target)
        guard let own = try await store.tagOfContent(of: object) else {
            if isAgain, there != nil { return }
            throw gone
        }
        if let there {
            // A copy of an earlier attempt, whose object was not removed any more.
            var isCopy = isAgain && there == own
            if isAgain, !isCopy { isCopy = try await isAlike(target) }
            guard isCopy else {
                throw TrancheError(
                    .sinkFailed,
                    "'\(target.url)' is there already, and nothing is replaced; move or remove it, "
                        + "then retry this batch"
                )
            }
        } else {
            guard try await isThereOnceCopied(to: target, own) else { return }
        }
        try await store.remove(object)
    }

    /// Copies it, and looks whether it is there still, and as it was.
    private func isThereOnceCopied(to target: ObjectName, _ own: String) async throws -> Bool {
        try await store.copy(object, to: target)
        // The copy stays, whatever has become of the object: it may be the only one by now.
        switch try await store.tagOfContent(of: object) {
        case own: return true
        case nil: return false
        default:
            throw TrancheError(
                .invalidItem,
                "'\(object.url)' has changed while it was copied, and stays where it is; "
                    + "'\(target.url)' is a copy: look at both"
            )
        }
    }

    /// Whether another object has the same bytes: the tag of a copy is another one where the object
    /// was uploaded in parts, or is encrypted.
    private func isAlike(_ other: ObjectName) async throws -> Bool {
        let step: Int64 = 8 << 20
        let states = (try await store.state(of: object), try await store.state(of: other))
        guard states.0.size == states.1.size else { return false }
        var place: Int64 = 0
        while place < states.0.size {
            let range = place..<min(states.0.size, place + step)
            let part = try await bytes(range, of: object, in: states.0)
            guard part.count == range.count,
                try await part == bytes(range, of: other, in: states.1)
            else { return false }
            place = range.upperBound
        }
        return true
    }

    private func bytes(
        _ range: Range<Int64>,
        of object: ObjectName,
        in state: ObjectState
    ) async throws -> [UInt8] {
        let response = try await store.fetch(range, of: object, in: state)
        // Of another content than it had when the comparison began.
        if response.status == 412 || response.status == 416 {
            throw TrancheError(
                .sinkFailed,
                "'\(object.url)' has changed while it was compared with the other, and both stay; "
                    + "look at both, then retry this batch"
            )
        }
        guard response.isSuccess else { throw store.failure(response, object, object.url) }
        return response.body
    }

    /// Removes it.
    ///
    /// - Throws: As ``move(to:)``.
    package func remove() async throws {
        guard try await store.tagOfContent(of: object) != nil else {
            if isAgain { return }
            throw gone
        }
        try await store.remove(object)
    }

    /// Gives it a tag beside those that it has.
    ///
    /// - Throws: As ``move(to:)``.
    package func tag(_ name: String, _ value: String) async throws {
        guard try await store.tagOfContent(of: object) != nil else { throw gone }
        try await store.tag(object, name, value)
    }

    private var gone: TrancheError {
        TrancheError(
            .invalidItem,
            "'\(object.url)' is there no more, and nothing shows that it was moved or removed "
                + "from here"
        )
    }
}
