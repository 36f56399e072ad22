import FoundationEssentials
package import Tranche

extension InventoryServer {
    /// How a server serves.
    public struct Configuration: Sendable {
        /// How it listens; its bounds are wider than those of a listener by itself: 2,048
        /// connections, 1,024 of one address, and as many requests at once as connections, since a
        /// request may wait for work, and a refusal of one who is refused often.
        public var listening: HTTPListener.Configuration
        /// The inventory's name, as the page has it; `tranche` by default.
        public var name = "tranche"
        /// The page's colour, such as `#3b7dd8`; `nil`, the default, for its own.
        public var colour: String?
        /// What stands before all paths behind a proxy, such as `/tranche`; empty by default.
        public var base = ""
        /// Who may do what; `nil`, the default, for everybody who reaches the loopback.
        public var tokens: AccessTokens?
        /// What everybody may do where there are no tokens; to look by default.
        public var openRoles: Set<ServerRole> = [.look]
        /// The program's version.
        public var version = ""
        /// The bounds beyond which something is wrong; those of `status --check` by default.
        package var check = StatusCheck()
        /// The clock by which it waits.
        public var clock: any Clock<Duration> = ContinuousClock()

        /// Makes a configuration.
        ///
        /// - Parameter address: Where to listen.
        public init(_ address: ListenAddress) {
            listening = HTTPListener.Configuration(address)
            listening.connections = 2048
            listening.connectionsPerAddress = 1024
            listening.requests = 2048
        }

        func validate() throws {
            guard listening.address.isLoopback || tokens != nil else {
                throw TrancheError(
                    .invalidArgument,
                    "\(listening.address) can be reached by others; name a file of tokens, or "
                        + "listen on 127.0.0.1"
                )
            }
            guard base.isEmpty || base.wholeMatch(of: #/(/[A-Za-z0-9._~-]+)+/#) != nil else {
                throw TrancheError(
                    .invalidArgument,
                    "the base '\(base)' is not a path; give one such as /tranche, without a slash "
                        + "at its end"
                )
            }
            guard colour.map({ $0.wholeMatch(of: #/#[0-9A-Fa-f]{6}/#) != nil }) ?? true else {
                throw TrancheError(
                    .invalidArgument,
                    "the colour '\(colour ?? "")' is none; give one such as #3b7dd8"
                )
            }
        }
    }
}
