import Dispatch
import Glibc

/// A thread for what blocks as long as something outside lasts, such as a program that runs.
///
/// Dispatch gives all queues of a process together some 250 threads: so many waits of that kind on
/// queues would leave none to those on which databases are asked.
package enum OwnThread {
    /// What a thread runs.
    private final class Body {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Room for the calls of what is run: reading, and writing of lines.
    private static let stackBytes = 1 << 20

    /// Runs something on a thread of its own; on a queue, where the system gives no thread.
    ///
    /// - Parameter body: What to run.
    package static func run(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackBytes)
        let box = Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread,
            &attributes,
            { context in
                if let context {
                    Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                }
                return nil
            },
            box.toOpaque()
        )
        guard code != 0 else { return }
        box.release()
        DispatchQueue(label: "tranche.waiting").async(execute: body)
    }
}
