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
        let (status, bytes, token) = try await attempt(url)
        if status == 401, let authenticator, authenticator.canRefresh {
            await authenticator.refused(token)
            let again = try await attempt(url)
            return try ListQuestion.checked(again.status, again.bytes)
        }
        return try ListQuestion.checked(status, bytes)
    }

    private func attempt(_ url: String) async throws(TargetFault) -> (status: Int, bytes: [UInt8], token: Secret?) {
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
            let response = try await client.send(request)
            return (response.status, response.body.bytes, token)
        } catch {
            throw TargetFault(error.transportFailure, error.explanation)
        }
    }

    private static func checked(_ status: Int, _ bytes: [UInt8]) throws(TargetFault) -> [UInt8] {
        switch status {
        case 200: return bytes
        case 401: throw TargetFault(.other, "status 401: the login is not accepted")
        case 403: throw TargetFault(.other, "status 403: the login is known, and may not read this")
        case 300...399: throw TargetFault(.other, "status \(status): a redirect, which is not followed")
        default: throw TargetFault(.other, "status \(status)")
        }
    }
}
