import CCrypto
import Model

/// SHA-256 of the library that the field trusts, for fingerprints, lease ids and the audit chain.
public enum SHA256 {
    /// Bytes of a digest.
    public static let byteCount = 32

    /// The digest of `bytes`: 32 bytes.
    public static func digest(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        let message = Array(bytes)
        var digest = [UInt8](repeating: 0, count: byteCount)
        var written: UInt32 = 0
        let status = EVP_Digest(message, message.count, &digest, &written, EVP_sha256(), nil)
        // libcrypto cannot compute SHA-256 only when its providers are broken or memory is gone. No digest we could
        // return in its place would be true, and ids made of a false one would collide.
        precondition(status == 1 && written == UInt32(byteCount), "libcrypto computes no SHA-256")
        return digest
    }

    /// The digest as 64 lower-case hexadecimal digits.
    public static func hex(_ bytes: some Sequence<UInt8>) -> String { Hex.encode(digest(bytes)) }
}

/// HMAC-SHA256 (RFC 2104).
public enum HMACSHA256 {
    /// The code of `message` under `key`: 32 bytes.
    public static func code(key: [UInt8], message: [UInt8]) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: SHA256.byteCount)
        var written: UInt32 = 0
        // An empty Swift array may hand C a null pointer, and HMAC() reads a null key as "the key of before".
        let keyBytes = key.isEmpty ? [0] : key
        let result = HMAC(EVP_sha256(), keyBytes, Int32(key.count), message, message.count, &code, &written)
        precondition(result != nil && written == UInt32(SHA256.byteCount), "libcrypto computes no HMAC-SHA256")
        return code
    }

    /// The code as 64 lower-case hexadecimal digits.
    public static func hex(key: [UInt8], message: [UInt8]) -> String { Hex.encode(code(key: key, message: message)) }
}

/// Compares secrets in a time that depends on their lengths only.
public enum ConstantTime {
    /// Whether both hold the same bytes. Arrays of different lengths are unequal at once: a length is no secret.
    public static func equal(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        a.count == b.count && CRYPTO_memcmp(a, b, a.count) == 0
    }
}
