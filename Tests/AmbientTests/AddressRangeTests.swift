import Ambient
import Testing

@Suite struct AddressRangeTests {
    @Test(
        "an address lies in a network or does not",
        arguments: [
            ("10.0.0.0/8", "10.255.1.2", true), ("10.0.0.0/8", "11.0.0.1", false), ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("127.0.0.0/8", "::ffff:127.0.0.1", true), ("::ffff:10.0.0.1", "10.0.0.1", true), ("fd00::/8", "fdab::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::1", "::1", true), ("::1", "127.0.0.1", false), ("0.0.0.0/0", "8.8.8.8", true), ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true), ("2001:db8::/127", "2001:db8::1", true), ("2001:db8::/127", "2001:db8::2", false),
            ("10.0.0.0/8", "", false), ("10.0.0.0/8", "10.0.0.1, 9.9.9.9", false), ("10.0.0.0/8", "10.0.0.1 ", false),
            ("10.0.0.0/8", "name.example", false),
        ])
    func contains(range: String, address: String, isIn: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(address) == isIn)
    }

    @Test(
        "what is no network",
        arguments: [
            "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.1/8", "::/129", "10.0.0", "a.example", "10.0.0.0/8/8",
            "1.2.3.4/+8", "fd00::1/8",
        ])
    func none(text: String) { #expect(AddressRange(text) == nil) }
}
