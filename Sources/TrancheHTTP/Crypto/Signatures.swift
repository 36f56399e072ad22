import CLibCrypto
import Tranche
import TrancheConnectors

/// A private RSA key: nothing but the pointer.
struct RSAPrivateKey: ~Copyable {
    private let pointer: OpaquePointer

    /// Reads a key as PEM has it.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`; it does not show the key.
    init(pem: String) throws {
        try Driver.libcrypto.open()
        let text = Array(pem.utf8CString.dropLast())
        guard let pointer = tranche_read_private_key(text, Int32(text.count)) else {
            ERR_clear_error()
            throw TrancheError(.invalidArgument, "its private key is not a PEM text of a key")
        }
        guard tranche_is_rsa(pointer) else {
            EVP_PKEY_free(pointer)
            throw TrancheError(.invalidArgument, "its private key is not an RSA key")
        }
        self.pointer = pointer
    }

    deinit {
        EVP_PKEY_free(pointer)
    }

    /// Signs as RS256 does: RSASSA-PKCS1-v1_5 with SHA-256.
    ///
    /// Source: RFC 7518, section 3.3.
    func signature(of bytes: [UInt8]) throws -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var size = 0
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, pointer) == 1,
            EVP_DigestSign(context, nil, &size, bytes, bytes.count) == 1
        else { throw Self.failed() }
        var signature = [UInt8](repeating: 0, count: size)
        guard EVP_DigestSign(context, &signature, &size, bytes, bytes.count) == 1 else {
            throw Self.failed()
        }
        return Array(signature.prefix(size))
    }

    private static func failed() -> TrancheError {
        ERR_clear_error()
        return TrancheError(.sourceFailed, "libcrypto could not sign")
    }
}

/// A digest of bytes that only those can make who have the secret.
///
/// Source: RFC 2104, with SHA-256.
package func hmacSHA256(_ bytes: [UInt8], secret: [UInt8]) throws -> [UInt8] {
    try Driver.libcrypto.open()
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var size: UInt32 = 0
    let made = HMAC(
        EVP_sha256(),
        secret,
        Int32(secret.count),
        bytes,
        bytes.count,
        &digest,
        &size
    )
    guard made != nil else { throw TrancheError(.sinkFailed, "libcrypto could not sign") }
    return Array(digest.prefix(Int(size)))
}

/// A digest of bytes.
package func sha256(_ bytes: [UInt8]) throws -> [UInt8] {
    try Driver.libcrypto.open()
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var size: UInt32 = 0
    guard EVP_Digest(bytes, bytes.count, &digest, &size, EVP_sha256(), nil) == 1 else {
        throw TrancheError(.sinkFailed, "libcrypto could not make a digest")
    }
    return Array(digest.prefix(Int(size)))
}

/// Whether bytes are the same, in a time that does not tell how many of them are.
///
/// Their numbers are not secret.
package func isSameSecret(_ bytes: [UInt8], _ others: [UInt8]) -> Bool {
    bytes.count == others.count && tranche_is_same(bytes, others, bytes.count)
}
