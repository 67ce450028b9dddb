import Ambient
import Glibc
import Model

/// A server that is asked with a token may write that token into its answer ("invalid token eyJ…"), and answers are shown to
/// people, kept in the journal and recorded on tapes. So it is taken out where the answer comes in, whoever asked, however it
/// is written there.
enum Echo {
    /// A text of that length in an answer to a request that was refused is the secret; in one that was granted a short secret
    /// may well be an ordinary word, such as the key of a field.
    private static func least(_ status: Int) -> Int { status < 400 ? 8 : 1 }
    /// A secret below this is hidden only where it stands as a word of its own.
    private static let shortest = 4

    /// The answer with asterisks in the place of the request's secrets.
    static func hidden(in response: HTTPResponse, of request: HTTPRequest, proxy: Secret? = nil) -> HTTPResponse {
        let secrets = (request.allSecrets + (proxy.map { URLSecrets.login(of: $0.reveal()) } ?? [])).map { Array($0.reveal().utf8) }
            .filter { $0.count >= least(response.status) }
            // The longest first: a piece of it would leave the rest standing.
            .sorted { $0.count > $1.count }
        guard !secrets.isEmpty else { return response }
        var response = response
        for secret in secrets {
            response.body.withBytes { bytes in
                for place in places(of: secret, in: UnsafeRawBufferPointer(bytes)) {
                    for index in whole(place, in: bytes) { bytes[index] = UInt8(ascii: "*") }
                }
            }
            response.headers.edit { starred($0, secret) }
        }
        return response
    }

    /// Where a secret stands, in the order of the text; they do not overlap.
    static func places(of secret: [UInt8], in bytes: UnsafeRawBufferPointer, wholly: Bool = false) -> [Range<Int>] {
        let found = EchoSearch(secret, in: bytes, wholly: wholly).places
        return secret.count >= shortest ? found : found.filter { isWord($0, in: bytes) }
    }

    private static func isWord(_ place: Range<Int>, in bytes: UnsafeRawBufferPointer) -> Bool {
        func isPart(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
        }
        return !(place.lowerBound > 0 && isPart(bytes[place.lowerBound - 1]))
            && !(place.upperBound < bytes.count && isPart(bytes[place.upperBound]))
    }

    /// A place without half an escape at its ends: byte for byte, so that what was JSON stays JSON.
    private static func whole(_ place: Range<Int>, in bytes: UnsafeMutableRawBufferPointer) -> Range<Int> {
        func slashes(before end: Int) -> Int {
            var start = end
            while start > 0, bytes[start - 1] == UInt8(ascii: "\\") { start -= 1 }
            return end - start
        }
        let first = slashes(before: place.lowerBound) % 2 == 1 ? place.lowerBound - 1 : place.lowerBound
        let splits = bytes[place.upperBound - 1] == UInt8(ascii: "\\") && slashes(before: place.upperBound) % 2 == 1
        return first..<(splits ? min(place.upperBound + 1, bytes.count) : place.upperBound)
    }

    private static func starred(_ text: String, _ secret: [UInt8]) -> String {
        let bytes = Array(text.utf8)
        let found = bytes.withUnsafeBytes { places(of: secret, in: $0) }
        return found.isEmpty ? text : starred(bytes, found)
    }

    /// - Parameter places: in the order of the text, apart from each other.
    static func starred(_ bytes: [UInt8], _ places: [Range<Int>]) -> String {
        var (out, rest) = ([UInt8](), 0)
        for place in places {
            out += bytes[rest..<place.lowerBound] + Array("***".utf8)
            rest = place.upperBound
        }
        return String(decoding: out + bytes[rest...], as: UTF8.self)
    }
}

extension HTTPRequest {
    /// Everything that goes out with it and that nobody may see in an answer.
    fileprivate var allSecrets: [Secret] {
        headers.flatMap(\.secrets) + secrets + URLSecrets.login(of: url) + URLSecrets.pieces(of: url, hidesPath: hidesPath)
    }
}

/// What of a URL is a credential.
enum URLSecrets {
    /// The password before the host, as it is meant, and both as a header carries them.
    static func login(of url: String) -> [Secret] {
        let rest = url.firstIndex(ofBytes: "://").map { url[url.utf8.index($0, offsetBy: 3)...] } ?? url[...]
        let authority = rest.prefix { !"/?#".contains($0) }
        guard let at = authority.lastIndex(of: "@") else { return [] }
        let login = authority[..<at]
        let user = login.prefix { $0 != ":" }
        guard user.endIndex < login.endIndex else { return [] }
        let password = decoded(login[login.index(after: user.endIndex)...])
        return [Secret(password)] + HTTPField.basic(user: decoded(user), password: Secret(password)).secrets
    }

    /// Values of parameters that are called like credentials; of a URL that is one itself, every longer piece.
    static func pieces(of url: String, hidesPath: Bool) -> [Secret] {
        guard hidesPath || url.utf8.contains(UInt8(ascii: "?")) else { return [] }
        let halves = url.prefix { $0 != "#" }.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var found: [String] = []
        if hidesPath, let start = halves[0].firstIndex(ofBytes: "://") {
            found += halves[0][start...].split(separator: "/").dropFirst(2).filter { $0.utf8.count >= 12 }.map(decoded)
        }
        for pair in halves.count == 2 ? halves[1].split(separator: "&") : [] {
            let name = pair.prefix { $0 != "=" }
            let value = decoded(pair.dropFirst(name.count + 1))
            let isCredential = credentialNames.contains { name.lowercased().contains(bytesOf: $0) }
            if isCredential || (hidesPath && value.utf8.count >= 12) { found.append(value) }
        }
        return found.map { Secret($0) }
    }

    private static let credentialNames = ["token", "key", "secret", "pass", "pwd", "sig", "auth", "credential", "code", "hmac"]

    static func decoded(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        var (out, index) = ([UInt8](), 0)
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                out.append(value)
                index += 3
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
