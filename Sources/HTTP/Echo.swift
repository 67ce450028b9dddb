import Ambient
import Glibc
import Model

/// A server that is asked with a token may write that token into its answer ("invalid token eyJ…"), and answers are shown to
/// people, kept in the journal and recorded on tapes. So it is taken out where the answer comes in, whoever asked.
enum Echo {
    /// A text of that length in an answer to a request that was refused is the secret; in one that was granted a short secret
    /// may well be an ordinary word, such as the key of a field.
    private static func least(_ status: Int) -> Int { status < 400 ? 8 : 4 }
    /// Services cut what they echo: a beginning of that length is hidden, too.
    private static let beginning = 12

    /// The answer with asterisks in the place of the request's secrets.
    static func hidden(in response: HTTPResponse, of request: HTTPRequest) -> HTTPResponse {
        let secrets = request.headers.compactMap(\.secret)
        guard !secrets.isEmpty else { return response }
        var response = response
        for secret in secrets {
            for form in forms(secret.reveal()) where form.count >= least(response.status) {
                response.body.withBytes { hide(form, in: $0) }
                let text = String(decoding: form, as: UTF8.self)
                response.headers.edit { $0.replacing(bytesOf: text, with: "***") }
            }
        }
        return response
    }

    /// As it was sent, as JSON may write it, as it stands in a URL.
    private static func forms(_ secret: String) -> [[UInt8]] {
        let plain = Array(secret.utf8)
        let escaped = Array(secret.replacing(bytesOf: "/", with: "\\/").utf8)
        let encoded = Array(PercentEncoding.encode(plain).utf8)
        return [plain] + (escaped == plain ? [] : [escaped]) + (encoded == plain ? [] : [encoded])
    }

    /// Byte for byte, so that what was JSON stays JSON.
    private static func hide(_ form: [UInt8], in bytes: UnsafeMutableRawBufferPointer) {
        let start = Array(form.prefix(max(beginning, 1)))
        var place = 0
        while let found = UnsafeRawBufferPointer(bytes).offset(of: start, from: place) {
            var length = start.count
            while length < form.count, found + length < bytes.count, bytes[found + length] == form[length] { length += 1 }
            for index in found..<found + length { bytes[index] = UInt8(ascii: "*") }
            place = found + length
        }
    }
}
