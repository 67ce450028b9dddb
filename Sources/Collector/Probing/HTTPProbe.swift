import Ambient
import HTTP
import Model

/// Asks by HTTP, follows where it may, and looks whether the answer is the expected one.
struct HTTPProbe: Sendable {
    let client: HTTPClient
    let wire: WireClient
    let clock: any Clock

    func look(_ check: HTTPCheck, timeout: TimeSpan) async -> ProbeResult {
        let deadline = clock.monotonicNanoseconds() + UInt64(max(1, timeout.milliseconds)) * 1_000_000
        var request = check.request
        request.isMeasured = true
        request.followRedirects = false
        request.bodyLimit = HTTPExpectation.mostBytes
        do {
            for header in check.secrets {
                request.headers.append(HTTPField(header.name, secret: try header.secret(), prefix: header.prefix))
            }
            if let credential = try await check.authenticator?.credential() {
                request.headers.append(credential.field)
                request.secrets += credential.secrets
            }
        } catch {
            // Asked without it, it would say no more than that.
            return .unknown(.unauthorized, "nothing was asked: \(error)")
        }
        var sum = (phases: PhaseTimes(), seconds: 0.0, certificateEnd: Timestamp?.none)
        var hop = 0
        while true {
            let now = clock.monotonicNanoseconds()
            // What is left for all of it together; at least enough for libcurl to say how far it came.
            request.timeoutMs = deadline > now ? max(1, Int((deadline - now) / 1_000_000)) : 1
            request.connectTimeoutMs = request.timeoutMs
            let response: HTTPResponse
            do {
                response = try await client.send(request)
            } catch {
                return await failed(error, request, sum.certificateEnd, deadline)
            }
            sum.phases = sum.phases + response.phases
            sum.seconds += response.elapsedMs / 1_000
            sum.certificateEnd = [sum.certificateEnd, response.certificateEnd].compactMap { $0 }.min()
            func result(_ standing: ProbeResult.Standing) -> ProbeResult {
                var result = ProbeResult(standing)
                (result.phases, result.latency, result.certificateEnd) = (sum.phases, sum.seconds, sum.certificateEnd)
                result.status = response.status
                if hop > 0 { result.seen.append(("redirects", .int(Int64(hop)))) }
                return result
            }
            if check.followsRedirects {
                do {
                    if let next = try Redirect.next(request, response) {
                        guard hop < Redirect.most else { throw Redirect.Refusal.tooMany }
                        request = next
                        hop += 1
                        continue
                    }
                } catch {
                    return result(.down(.redirect, "\(error)"))
                }
            }
            return result(check.expected.fault(response).map { .down($0.0, $0.1) } ?? .up)
        }
    }

    /// Of a certificate that is not accepted it is told how long it lasts all the same: that it has run out is the usual reason.
    private func failed(_ error: HTTPError, _ request: HTTPRequest, _ earlier: Timestamp?, _ deadline: UInt64) async -> ProbeResult {
        var result = ProbeResult(error)
        result.certificateEnd = earlier
        if error.isAboutTheirCertificate, let place = request.hostAndPort {
            let now = clock.monotonicNanoseconds()
            let left = deadline > now ? Int((deadline - now) / 1_000_000) : 0
            if left > 0 { result.certificateEnd = await certificateEnd(place.host, place.port, atMost: left) ?? earlier }
        }
        return result
    }

    private func certificateEnd(_ host: String, _ port: UInt16, atMost milliseconds: Int) async -> Timestamp? {
        var call = WireCall(host: host, port: port)
        call.isEncrypted = true
        call.verifiesPeer = false
        call.timeoutMs = min(milliseconds, 3_000)
        return await wire.call(call, SilentDialogue()).certificateEnd
    }
}
