import Model

/// Whose a runtime is. Rendezvous hashing: each shard has a weight for the name, and the heaviest has the runtime. With a fifth shard
/// beside four the fifth of all runtimes that it is the heaviest of moves there, and no other moves at all; by the hash modulo
/// the count four of five would move, and each that moves ends its incidents at one monitor and opens them at another.
extension Shard {
    /// The shard of `count` that a runtime of that name belongs to.
    public static func owner(of name: String, among count: Int) -> Shard? {
        guard count >= 1 else { return nil }
        // Of two alike the lower: nobody will ever see it, and it is said all the same.
        var (best, most) = (1, weight(1, name))
        for number in stride(from: 2, through: count, by: 1) {
            let weight = weight(number, name)
            if weight > most { (best, most) = (number, weight) }
        }
        return Shard(best, of: count)
    }

    /// The first eight bytes, big endian, of SHA-256 of `2/shared`: the shard's number and the runtime's name in UTF-8.
    static func weight(_ number: Int, _ name: String) -> UInt64 {
        SHA256.digest("\(number)/\(name)".utf8).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
