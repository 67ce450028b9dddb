import Digest
import Testing

@Suite("Digests")
struct DigestTests {
    @Test(
        "SHA-256 of FIPS 180-4's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256(text: String, hex: String) {
        #expect(SHA256.hex(text.utf8) == hex)
    }

    @Test(
        "HMAC-SHA256 of RFC 4231's examples",
        arguments: [
            (
                Array(repeating: UInt8(0x0B), count: 20), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                Array(repeating: UInt8(0xAA), count: 131),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ])
    func hmac(key: [UInt8], message: [UInt8], hex: String) {
        #expect(HMACSHA256.hex(key: key, message: message) == hex)
    }

    @Test("an empty key is a key of its own, not the one of the call before")
    func emptyKey() {
        _ = HMACSHA256.hex(key: [1, 2, 3], message: [4])
        // printf '' | openssl dgst -sha256 -hmac ''
        #expect(
            HMACSHA256.hex(key: [], message: [])
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test(
        "comparison in constant time",
        arguments: [("", "", true), ("a", "a", true), ("a", "b", false), ("a", "ab", false)])
    func constantTime(a: String, b: String, equal: Bool) {
        #expect(ConstantTime.equal(Array(a.utf8), Array(b.utf8)) == equal)
    }
}
