import Model

extension HTTPHeaders {
    /// The wait that a service asks for: seconds, or an HTTP date seen from the answer's own `Date`. Nil when it asks for
    /// none or for nonsense; zero for a date that has passed.
    /// - Parameter now: only where the answer itself has no `Date` and its `Retry-After` is a date.
    public func retryAfter(now: Timestamp) -> TimeSpan? {
        guard let field = self["retry-after"].map({ String($0.drop { $0 == " " }.prefix(40)) }), !field.isEmpty else {
            return nil
        }
        if field.utf8.allSatisfy({ (48...57).contains($0) }) {
            // Beyond nine digits it is as good as for ever.
            let seconds = field.utf8.count <= 9 ? Int64(field) ?? 0 : 999_999_999
            return TimeSpan(milliseconds: seconds * 1_000)
        }
        // Not in RFC 9110, and sent all the same: `17.5`. Rounded up: a moment too early counts against us.
        let parts = field.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }), parts[0].utf8.count <= 9 {
            return TimeSpan(milliseconds: ((Int64(parts[0]) ?? 0) + 1) * 1_000)
        }
        guard let moment = Timestamp(httpDate: field) else { return nil }
        let reference = self["date"].flatMap { Timestamp(httpDate: $0) } ?? now
        return max(moment - reference, .zero)
    }
}
