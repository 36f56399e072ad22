import CMicrohttpd
import TrancheConnectors

extension Driver {
    /// The library that the server takes requests with.
    static let libmicrohttpd = Driver(tranche_libmicrohttpd())
}
