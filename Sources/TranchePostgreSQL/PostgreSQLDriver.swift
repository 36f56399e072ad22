import CLibPQ
import TrancheConnectors

extension Driver {
    /// PostgreSQL's library, for all connections to it and for reading its URLs.
    static let libpq = Driver(tranche_libpq())
}
