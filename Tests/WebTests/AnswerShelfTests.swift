import Ambient
import Glibc
import Model
import Server
import Testing

@testable import Web

/// A page that takes long keeps nobody waiting who asks for something else.
@Suite("Answers that are kept")
struct AnswerShelfTests {
    private static func answer(_ text: String) -> ServerResponse { ServerResponse(status: 200, body: Array(text.utf8)) }

    /// A slow answer that stands still until it is let go.
    private final class Slow: Sendable {
        struct State: Sendable {
            var began = 0
            var answered = 0
            var mayEnd = false
        }

        let state = ConditionLock(State())

        func make() -> ServerResponse {
            state.change { $0.began += 1 }
            _ = state.wait(atMost: 60) { $0.mayEnd ? true : nil }
            return AnswerShelfTests.answer("slow")
        }

        func hasBegun() -> Bool { state.wait(atMost: 60) { $0.began > 0 ? true : nil } ?? false }
        func end() { state.change { $0.mayEnd = true } }
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private static func beside(_ body: @escaping @Sendable () -> Void) -> pthread_t {
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, Unmanaged.passRetained(Work(body)).toOpaque())
        return thread
    }

    @Test("while one is made others are; whoever asks the same waits for it, and it is made once")
    func beside() throws {
        let shelf = AnswerShelf()
        let slow = Slow()
        let threads = (0..<3).map { _ in
            Self.beside {
                let answer = try? shelf.answer("/rules", isSlow: true, now: 0) { slow.make() }
                if answer?.body == Array("slow".utf8) { slow.state.change { $0.answered += 1 } }
            }
        }
        #expect(slow.hasBegun())
        #expect(try shelf.answer("/", isSlow: false, now: 0) { Self.answer("quick") }.body == Array("quick".utf8))
        #expect(slow.state.locked { $0.answered } == 0)
        slow.end()
        for thread in threads { pthread_join(thread, nil) }
        #expect(slow.state.locked { $0.answered == 3 && $0.began == 1 })
    }

    @Test("what failed is tried anew, and takes no place from others")
    func failing() throws {
        struct Fault: Error {}
        let shelf = AnswerShelf(mostSlow: 2)
        for number in 0..<5 {
            #expect(throws: Fault.self) { try shelf.answer("/rules?\(number)", isSlow: true, now: 0) { throw Fault() } }
        }
        #expect(try shelf.answer("/rules?1", isSlow: true, now: 0) { Self.answer("again") }.body == Array("again".utf8))
    }

    @Test("an answer serves for a second; what was asked for since is in the next")
    func fresh() throws {
        let shelf = AnswerShelf()
        func ask(_ now: UInt64, _ text: String) throws -> String {
            String(decoding: try shelf.answer("/", isSlow: false, now: now) { Self.answer(text) }.body, as: UTF8.self)
        }
        #expect(try ask(0, "first") == "first")
        #expect(try ask(999_999_999, "second") == "first")
        #expect(try ask(1_000_000_000, "third") == "third")
        shelf.forget()
        #expect(try ask(1_000_000_001, "fourth") == "fourth")
    }

    @Test("what was begun before an order is not what is told after it")
    func older() throws {
        let shelf = AnswerShelf()
        let slow = Slow()
        let thread = Self.beside { _ = try? shelf.answer("/rules", isSlow: true, now: 0) { slow.make() } }
        #expect(slow.hasBegun())
        shelf.forget()
        slow.end()
        pthread_join(thread, nil)
        #expect(try shelf.answer("/rules", isSlow: true, now: 0) { Self.answer("newer") }.body == Array("newer".utf8))
    }

    @Test("too many that take long are told to come again")
    func most() throws {
        let shelf = AnswerShelf(mostSlow: 1)
        let slow = Slow()
        let thread = Self.beside { _ = try? shelf.answer("/apps/a", isSlow: true, now: 0) { slow.make() } }
        #expect(slow.hasBegun())
        let refused = #expect(throws: Problem.self) { try shelf.answer("/apps/b", isSlow: true, now: 0) { Self.answer("no") } }
        #expect(refused?.status == 503 && refused?.response.headers.contains { $0.name == "Retry-After" } == true)
        slow.end()
        pthread_join(thread, nil)
        #expect(try shelf.answer("/apps/b", isSlow: true, now: 0) { Self.answer("now") }.status == 200)
    }
}
