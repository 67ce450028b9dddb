import CCurl
import Model

/// When certificates expire, as libcurl tells of the chain that a server showed.
enum CertificateDate {
    private static let label = "Expire date:"
    /// Longer chains are not looked through: none that is accepted has so many.
    private static let most = 64

    /// The earliest end of those that the server showed; nil where it showed none, or none whose end can be read.
    static func earliest(_ easy: UnsafeMutableRawPointer) -> Timestamp? {
        var chain: UnsafeMutablePointer<curl_certinfo>?
        guard CCurl_getCertificates(easy, &chain) == CURLE_OK, let chain, let lists = chain.pointee.certinfo else { return nil }
        var earliest: Timestamp?
        for index in 0..<min(most, max(0, Int(chain.pointee.num_of_certs))) {
            var line = lists[index]
            while let current = line {
                if let data = current.pointee.data, let end = read(String(cString: data)) { earliest = min(earliest ?? end, end) }
                line = current.pointee.next
            }
        }
        return earliest
    }

    /// The moment of a line that is about an end: `Expire date:Dec  3 12:24:27 2026 GMT`, and as libcurl with other
    /// libraries writes it, `Expire date:2026-12-03 12:24:27 GMT`. Nil for every other line.
    static func read(_ line: String) -> Timestamp? {
        guard line.hasPrefix(label) else { return nil }
        let words = line.utf8.dropFirst(label.utf8.count).split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        if words.count == 5, words[4] == "GMT" {
            let day = words[1].utf8.count == 1 ? "0" + words[1] : words[1]
            // The weekday is none of the moment's: any will do.
            return Timestamp(httpDate: "Mon, \(day) \(words[0]) \(words[3]) \(words[2]) GMT")
        }
        guard words.count == 3, words[2] == "GMT" else { return nil }
        return Timestamp(rfc3339: "\(words[0])T\(words[1])Z")
    }
}
