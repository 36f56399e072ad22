import Synchronization

/// Tells the links of this process that there is something new for them, so that they look at once;
/// what others have made new they find by looking from time to time.
final class LinkSignals: Sendable {
    private struct Listener {
        var source: String
        var look: @Sendable () -> Void
    }

    private let listeners = Mutex<[String: Listener]>([:])

    /// Has a link look whenever an input, or a job, has something new.
    func listen(to source: String, as name: String, _ look: @escaping @Sendable () -> Void) {
        listeners.withLock { $0[name] = Listener(source: source, look: look) }
    }

    func forget(_ name: String) { listeners.withLock { $0[name] = nil } }

    /// Tells those who listen to an input, or to a job.
    func grown(_ source: String) {
        let looks = listeners.withLock { listeners in
            listeners.values.filter { $0.source == source }.map(\.look)
        }
        for look in looks { look() }
    }
}
