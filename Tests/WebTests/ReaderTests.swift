import Ambient
import Glibc
import JSONParsing
import Journal
import Model
import Server
import Signals
import TestKit
import Testing
import Views

import struct Journal.MinuteRow

@testable import Cycle
@testable import Web

@Suite struct ReaderTests {
    @Test(
        "open on loopback; elsewhere closed without a token, page and API alike",
        arguments: ["/", "/api/v1/situation", "/incidents/0000", "/nothing"])
    func closed(target: String) throws {
        let world = try World()
        try world.commit([World.incident(1)])
        let answer = world.face(isLoopback: false).get(target)
        #expect(
            answer.status == 403 && answer.text.contains("read_token_file") && !answer.text.contains("noisy"),
            "\(answer.text)")
        #expect(world.face().get(target).status != 403)
    }

    @Test(
        "with a token: only who shows it reads, on loopback too",
        arguments: [
            ("Bearer right", true), ("bearer right", true), ("Basic \("b3BzOnJpZ2h0")", true), ("Bearer wrong", false),
            ("Bearer righ", false),
            ("Bearer right2", false), ("Bearer ", false), ("Basic !!", false), ("Basic \("cmlnaHQ=")", false),
            ("right", false), ("", false),
        ])
    func token(value: String, isRight: Bool) throws {
        let world = try World()
        for isLoopback in [true, false] {
            let face = world.face(isLoopback: isLoopback, token: "right")
            for target in ["/", "/api/v1/situation"] {
                let answer = face.get(target, value.isEmpty ? [] : [("Authorization", value)])
                #expect(answer.status == (isRight ? 200 : 401), "\(target)")
                #expect(answer.headers.contains { $0.name == "WWW-Authenticate" } == !isRight)
                #expect(!answer.text.contains("right"))
            }
        }
        #expect(
            world.face(token: "").get("/", [("Authorization", "Bearer ")]).status == 401, "an empty token opens nothing"
        )
    }

    @Test(
        "a name that somebody else pointed at this machine reads nothing",
        arguments: [
            ("localhost:9464", true), ("127.0.0.1:9464", true), ("127.0.0.1", true), ("[::1]:9464", true),
            ("OPS.example.com", true),
            ("evil.example", false), ("127.0.0.1.evil.example", false), ("localhost.evil.example:9464", false),
            ("127.evil", false),
        ])
    func host(name: String, isOwn: Bool) throws {
        let world = try World()
        let face = world.face(publicURL: "https://ops.example.com/status")
        for target in ["/", "/api/v1/situation"] {
            #expect(face.get(target, [("Host", name)]).status == (isOwn ? 200 : 403))
        }
    }

    @Test("a journal that is gone is a problem without a path of this machine")
    func gone() throws {
        let world = try World()
        let face = world.face()
        world.engine.close()
        unlink(world.folder.journalPath)
        for target in ["/", "/api/v1/situation"] {
            let answer = face.get(target)
            #expect(
                answer.status == 503 && answer.header("Retry-After") == "5" && !answer.text.contains(world.folder.path),
                "\(answer.text)")
        }
    }
}
