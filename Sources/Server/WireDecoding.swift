import Model

/// Percent-decoding as servers do it: lenient, and once. `Model.PercentEncoding` is the strict one of file names.
enum WireDecoding {
    /// Decodes each `%XX` once. A `%` without two hex digits after it stays as it is, as in every server we know.
    static func percentDecoded(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.underestimatedCount)
        // The last position a `%` or its first digit was seen decides: decode while appending, looking back two.
        var pending = 0
        for byte in bytes {
            output.append(byte)
            if byte == UInt8(ascii: "%") {
                pending = 2
            } else if pending > 0, PercentEncoding.hexValue(byte) != nil {
                pending -= 1
                if pending == 0, let high = PercentEncoding.hexValue(output[output.count - 2]) {
                    output.removeLast(3)
                    // Both digits were checked on the way in.
                    output.append(high << 4 | (PercentEncoding.hexValue(byte) ?? 0))
                }
            } else {
                pending = 0
            }
        }
        return output
    }
}
