extension HTTPListener {
    /// How a listener listens.
    ///
    /// Nothing in it is without a bound.
    public struct Configuration: Sendable {
        /// Where to listen; `127.0.0.1:8080` by default.
        public var address: ListenAddress
        /// The certificate and key of TLS; without TLS by default.
        public var tls: TLSFiles?
        /// Whether others may reach the listener without TLS; false by default.
        public var isInsecure = false
        /// Names of hosts that requests may be for, beside those of this machine's loopback, in any
        /// case and without a port; none by default.
        ///
        /// A listener on the loopback answers others with 421: a page that a browser shows could
        /// have its own name stand for 127.0.0.1. Elsewhere any name will do where there is none
        /// here.
        public var hosts: [String] = []
        /// The most connections at once; 512 by default, 1 to 16,384.
        ///
        /// More wait to be accepted.
        public var connections = 512
        /// The most connections from one address; 256 by default.
        ///
        /// More are closed at once.
        public var connectionsPerAddress = 256
        /// The most requests that are worked on at once; 64 by default.
        ///
        /// More are answered with 503.
        public var requests = 64
        /// The most bytes of bodies that all requests hold together, from their first byte until
        /// they are answered; 64 MiB by default, at least 1.
        ///
        /// A request beyond it is answered with 503; one that alone has a body is not.
        public var heldBodyBytes = 64 << 20
        /// The most bytes of a request's head; 32 KiB by default, 4 KiB or more.
        ///
        /// A longer one is answered with 431.
        public var headBytes = 32 << 10
        /// How long the other side may take to send a request, and as long again to take the
        /// answer; 30 s by default, 1 s or more.
        public var requestTimeout = Duration.seconds(30)
        /// How long a connection may stay without a request; 60 s by default, 1 s or more.
        public var idleTimeout = Duration.seconds(60)
        /// How long what is in hand may go on when the listener is stopped; 5 s by default.
        public var grace = Duration.seconds(5)
        /// How many threads read and write; 2 by default, 2 to 64.
        public var threads = 2

        /// Makes a configuration.
        ///
        /// - Parameter address: Where to listen.
        public init(_ address: ListenAddress) { self.address = address }

        func check() throws(HTTPListenerError) {
            if !address.isLoopback, tls == nil, !isInsecure {
                throw HTTPListenerError(
                    .unsafeAddress,
                    "\(address) can be reached by others; give a certificate and a key for TLS, or "
                        + "say that it is to be insecure"
                )
            }
        }

        /// Each figure within its bounds.
        var bounded: Configuration {
            var copy = self
            copy.connections = min(max(connections, 1), 16_384)
            copy.connectionsPerAddress = max(connectionsPerAddress, 1)
            copy.requests = max(requests, 1)
            copy.heldBodyBytes = max(heldBodyBytes, 1)
            copy.headBytes = min(max(headBytes, 4 << 10), 16 << 20)
            copy.requestTimeout = max(requestTimeout, .seconds(1))
            copy.idleTimeout = min(max(idleTimeout, .seconds(1)), .seconds(86_400))
            copy.threads = min(max(threads, 2), 64)
            return copy
        }
    }

    /// Where the certificate and the key for TLS are, as PEM.
    public struct TLSFiles: Sendable, Hashable {
        /// The path of the certificate, with those between it and the root behind it.
        public var certificate: String
        /// The path of its private key.
        public var key: String

        /// Names the files.
        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }
}
