import Ambient
import HTTP
import Model

/// Asks a server for a list of targets, logged in as the configuration says.
struct ListQuestion: Sendable {
    let client: HTTPClient
    let authenticator: Authenticator?
    var tls = TLSFiles()
    /// What is asked, in an operator's words.
    let label: String
    /// How long an answer is waited for.
    var timeout = TimeSpan.seconds(5)

    /// Slices of a service of thousands of pods are a few megabytes.
    private static let mostBytes = 8 << 20

    /// The body of a 200.
    func body(of url: String) async throws(TargetFault) -> [UInt8] {
        let (response, token) = try await attempt(url)
        if response.status == 401, let authenticator, authenticator.canRefresh {
            await authenticator.refused(token)
            return try ListQuestion.checked(try await attempt(url).response)
        }
        return try ListQuestion.checked(response)
    }

    private func attempt(_ url: String) async throws(TargetFault) -> (response: HTTPResponse, token: Secret?) {
        var headers = [HTTPField("Accept", "application/json")]
        var token: Secret?
        if let authenticator {
            do {
                if let credential = try await authenticator.credential() {
                    headers.append(credential.field)
                    token = credential.secret
                }
            } catch {
                throw TargetFault(.other, error.description)
            }
        }
        var request = HTTPRequest(
            .get, url, headers: headers, timeoutMs: Int(timeout.milliseconds), connectTimeoutMs: 3_000, bodyLimit: ListQuestion.mostBytes,
            label: label)
        request.tls = tls
        do {
            return (try await client.send(request), token)
        } catch {
            throw TargetFault(error.transportFailure, error.explanation)
        }
    }

    private static func checked(_ response: HTTPResponse) throws(TargetFault) -> [UInt8] {
        let status = response.status
        switch status {
        case 200:
            if let compressed = response.compressionFault { throw TargetFault(.malformed, "the answer is \(compressed)") }
            return response.body.bytes
        case 401: throw TargetFault(.other, "status 401: the login is not accepted")
        case 403: throw TargetFault(.other, "status 403: the login is known, and may not read this")
        case 300...399: throw TargetFault(.other, "status \(status): a redirect, which is not followed")
        default: throw TargetFault(.other, "status \(status)")
        }
    }
}
