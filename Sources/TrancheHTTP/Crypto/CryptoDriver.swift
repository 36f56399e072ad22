import CLibCrypto
import TrancheConnectors

extension Driver {
    /// OpenSSL's library, for digests and signatures.
    static let libcrypto = Driver(tranche_libcrypto())
}
