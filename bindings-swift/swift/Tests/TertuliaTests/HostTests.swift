import Foundation
import XCTest

@testable import Tertulia

/// A transport that does what it is given.
private struct Own: Transport {
    let channel = Channel.sms
    let correlation = Correlation.messageId
    var timeout: TimeInterval?
    var read: @Sendable (WebhookRequest) async throws -> [InboundEvent] = { _ in throw Wrong("cut off") }
    var how: @Sendable (Sender, Outgoing) async throws -> Outcome = { _, _ in throw Wrong("never") }

    func verify(_ query: String) async throws -> String {
        throw TertuliaError(ErrorCode.webhookVerificationFailed, "not our token")
    }

    func parse(_ request: WebhookRequest) async throws -> [InboundEvent] { try await read(request) }

    func send(_ sender: Sender, message: Outgoing) async throws -> Outcome { try await how(sender, message) }
}

/// A transport that has every method.
private struct Whole: Transport {
    static let read = Bell()

    let channel = Channel.sms
    let correlation = Correlation.none

    func verify(_ query: String) async throws -> String { query }

    func parse(_ request: WebhookRequest) async throws -> [InboundEvent] { [] }

    func send(_ sender: Sender, message: Outgoing) async throws -> Outcome { accepted }

    func markRead(_ sender: Sender, providerId: String) async throws {
        if sender.credential == "secret", providerId == "p-1" { await Whole.read.ring() }
    }

    func listTemplates(_ sender: Sender) async throws -> [Template] {
        [Template(name: sender.senderId, language: "en", category: .utility, status: "APPROVED")]
    }

    func settle(_ sender: Sender, attempt: AttemptId) async throws -> Outcome? { .unknown(detail: attempt.rawValue) }
}

private struct OwnCredentials: Credentials {
    let find: @Sendable (String) async throws -> String

    func credential(_ reference: String) async throws -> String { try await find(reference) }
}

private struct OwnClock: Tertulia.Clock {
    let tell: @Sendable () async throws -> Date

    func now() async throws -> Date { try await tell() }
}

/// What happened, and who waits for it.
private actor Bell {
    private(set) var rung = 0

    func ring() { rung += 1 }

    func wait() async throws { try await until { rung > 0 } }
}

/// Sends one message by a transport, and gives back how that went.
private func sent(
    timeout: TimeInterval? = nil,
    credentials: any Credentials = ["key": "secret"] as StaticCredentials,
    how: @escaping @Sendable (Sender, Outgoing) async throws -> Outcome
) async throws -> Message {
    let own = Own(timeout: timeout, how: how)
    return try await sent(Crm.open(transports: ["own": .host(own)], credentials: credentials))
}

private func sent(_ crm: Crm) async throws -> Message {
    let org = try await crm.shop()
    let account = try await org.accounts.connect(
        NewAccount(channel: .sms, senderId: "own-1", name: "Own", credential: "key")
    )
    let request = SendRequest(
        contact: try await org.person().id, account: account, draft: .content(.text(body: "Olá"))
    )
    return try await org.inbox.send(request)
}

/// A host's object that answers whatever it is given: what Swift's types do not let through.
private final class Raw: HostObject {
    let told: String

    init(_ told: String) { self.told = told }

    func answer(_: String, _: Arguments) async throws -> String { told }
}

private let accepted = Outcome.accepted(Accepted(providerId: "p-1"))

/// Transports, credentials and clocks of the program's own: whatever they do, a failure comes of it and no crash.
/// A bot that throws in its first try, and remembers its turns.
private actor OwnBot: ConversationHandler {
    private var crm: Crm?
    private(set) var turns: [HandlerTurn] = []

    func works(for crm: Crm) { self.crm = crm }

    func turn(_ turn: HandlerTurn) async throws {
        turns.append(turn)
        guard let crm else { throw Wrong("not open") }
        let org = crm.org(turn.org).actingAs(turn.acting)
        _ = try await org.inbox.sendText(turn.contact.id, text: "One moment.")
        if turn.number == 1 { throw Wrong("out of words") }
    }
}

final class HostTests: XCTestCase {
    func testAHandlerThatThrowsIsAskedAgainAndActsInItsTurnOnly() async throws {
        let person = InboundPerson(addresses: [Address(kind: .phone, value: "351912345678")])
        let written = InboundMessage(providerId: "in-1", from: person, content: .text(body: "Hello?"))
        let event = InboundEvent(source: EventSource(channel: .sms, senderId: "own-1"), kind: .message(written))
        let clock = try await ManualClock(now: Date(timeIntervalSince1970: 1_772_366_400))
        let (bot, own) = (OwnBot(), Own(read: { _ in [event] }, how: { _, _ in accepted }))
        let crm = try await Crm.open(
            transports: ["own": .host(own)],
            credentials: ["key": "secret"] as StaticCredentials,
            clock: clock,
            handlers: ["bot": bot],
            handlerTimeout: 20
        )
        await bot.works(for: crm)
        let org = try await crm.shop()
        _ = try await org.accounts.connect(
            NewAccount(channel: .sms, senderId: "own-1", name: "Own", credential: "key")
        )
        _ = try await crm.receive("own", request: WebhookRequest(method: "POST", url: "https://shop.example/own"))
        let ana = try await org.contacts.findByPhone("+351912345678")
        let talk = try XCTUnwrap(ana?.conversation)
        _ = try await org.inbox.setHandler(talk, handler: Handler(name: "bot", kind: .bot))
        let failed = try await crm.runDue()
        XCTAssertEqual(failed.unanswered, 1)
        try await clock.advance(2)
        let done = try await crm.runDue()
        XCTAssertEqual(done.answered, 1)
        let turns = await bot.turns
        XCTAssertEqual(turns.map(\.number), [1, 2])
        XCTAssertEqual(turns.first?.id, turns.last?.id)
        for turn in turns {
            let late = crm.org(turn.org).actingAs(turn.acting)
            await fails("handler.over") { try await late.inbox.sendText(turn.contact.id, text: "And another thing.") }
        }
        try await crm.close()
    }

    func testATransportGetsTheMessageTheSenderAndItsKey() async throws {
        let message = try await sent { sender, message in
            guard sender == Sender(channel: .sms, senderId: "own-1", credential: "secret") else { throw Wrong("\(sender)") }
            guard message.content == .text(body: "Olá"), message.to == Address(kind: .phone, value: "+351912345678")
            else { throw Wrong("\(message)") }
            return accepted
        }
        XCTAssertEqual(message.providerId, "p-1")
        XCTAssertEqual(message.status, .accepted)
    }

    func testWhateverSendThrowsIsAnOutcomeThatNobodyKnows() async throws {
        let thrown: [(any Error, String)] = [
            (Wrong("out of paper"), "out of paper"), (CancellationError(), "CancellationError"),
            (TertuliaError(ErrorCode.credentialMissing, "out of ink"), "out of ink"), (TertuliaError("made.up", "odd"), "odd"),
            (NSError(domain: "printer", code: 7), "printer"), (Wrong("\u{0}\"\\🫖"), "🫖"),
        ]
        for (error, words) in thrown {
            let unknown = await fails("send.unknown") { try await sent { _, _ in throw error } }
            XCTAssertEqual(unknown?.kind, .unavailable)
            XCTAssert(unknown?.message.contains(words) ?? false, "\(String(describing: unknown))")
        }
    }

    func testASendThatIsRefusedSaysSo() async throws {
        let failure = SendFailure(class: .recipientInvalid, code: "7", detail: "no such person")
        let refused = await fails("send.refused") { try await sent { _, _ in .refused(failure) } }
        XCTAssertEqual(refused?.kind, .refused)
        XCTAssert(refused?.message.contains("no such person") ?? false, "\(String(describing: refused))")
    }

    func testAnAnswerThatMakesNoSenseIsAnOutcomeThatNobodyKnows() async throws {
        let options: JSON = [
            "transports": ["own": ["host": ["object": 0, "channel": "sms", "correlation": "message_id"]]],
            "credentials": ["fixed": ["key": "secret"]],
        ]
        for answer in ["42", "", "null", "{", #"{"accepted": {}}"#, #"{"accepted": {"provider_id": 5}}"#, "\u{0}"] {
            let crm = Crm(scope: try await Tertulia.open("crm", hosts: [Raw(answer)], options))
            let unknown = await fails("send.unknown") { try await sent(crm) }
            XCTAssert(unknown?.message.contains("what the host's send answered") ?? false, "\(String(describing: unknown))")
        }
    }

    func testATransportThatHangsIsCutOffAndTold() async throws {
        let (began, cancelled) = (Bell(), Bell())
        let unknown = await fails("send.unknown") {
            try await sent(timeout: 0.05) { _, _ in
                await began.ring()
                while !Task.isCancelled { await Task.yield() }
                await cancelled.ring()
                return accepted
            }
        }
        XCTAssert(unknown?.message.contains("within 0.05 s") ?? false, "\(String(describing: unknown))")
        try await cancelled.wait()
        let times = await began.rung
        XCTAssertEqual(times, 1)
    }

    func testAnAnswerThatComesTooLateHarmsNothing() async throws {
        let (over, answered) = (Bell(), Bell())
        await fails("send.unknown") {
            try await sent(timeout: 0.05) { _, _ in
                while await over.rung == 0 { await Task.yield() }
                await answered.ring()
                return accepted
            }
        }
        await over.ring()
        try await answered.wait()
        let again = try await sent { _, _ in accepted }
        XCTAssertEqual(again.status, .accepted)
    }

    func testATransportMayCallTheLibrary() async throws {
        let other = try await Crm.open()
        let again = try await sent { _, _ in
            try await other.ping()
            return accepted
        }
        XCTAssertEqual(again.providerId, "p-1")
        try await other.close()
    }

    func testEveryMethodOfATransportIsCalledByItsName() async throws {
        let sender: JSON = ["channel": "sms", "sender_id": "own-1", "credential": "secret"]
        let attempt: JSON = "019b8d2a-0000-7000-8000-000000000001"
        let own = TransportObject(Whole())
        let calls: [(String, JSON, JSON)] = [
            ("verify", ["query": "a=1"], "a=1"),
            ("parse", ["request": ["method": "POST", "url": "u", "headers": [:], "body": ""]], []),
            ("mark_read", ["sender": sender, "provider_id": "p-1"], nil),
            ("settle", ["sender": sender, "attempt": attempt], ["unknown": ["detail": attempt]]),
        ]
        for (method, args, wanted) in calls {
            let answer: JSON = try value(of: await own.call(method: method, args: json(args)))
            XCTAssertEqual(answer, wanted, method)
        }
        let templates: JSON = try value(of: await own.call(method: "list_templates", args: json(["sender": sender])))
        XCTAssertEqual((try value(of: json(templates)) as [Template]).map(\.name), ["own-1"])
        let read = await Whole.read.rung
        XCTAssertEqual(read, 1)
        for (method, args) in [("settle", "{}"), ("settle", "nonsense"), ("no_such_method", "{}")] {
            do {
                let answer = try await own.call(method: method, args: args)
                XCTFail("\(method) answered \(answer)")
            } catch {
                XCTAssertFalse(error is DecodingError, "\(error)")
            }
        }
        let least = TransportObject(Own())
        for (method, wanted) in [("mark_read", "null"), ("list_templates", "[]"), ("settle", "null")] {
            let args: JSON = ["sender": sender, "provider_id": "p-1", "attempt": attempt]
            let answer = try await least.call(method: method, args: json(args))
            XCTAssertEqual(answer, wanted, method)
        }
    }

    func testAWebhookReachesATransportByteForByte() async throws {
        let body = Data((0...255).map(UInt8.init) + [0xED, 0xA0, 0x80])
        let heard = Bell()
        let own = Own(read: { request in
            guard request.body == body, request.headers == ["X-Odd": "é"], request.url.hasSuffix("?a=%00") else {
                throw Wrong("\(request)")
            }
            await heard.ring()
            return []
        })
        let crm = try await Crm.open(transports: ["own": .host(own)])
        let request = WebhookRequest(
            method: "POST", url: "https://shop.example/own?a=%00", headers: ["X-Odd": "é"], body: body
        )
        _ = try await crm.receive("own", request: request)
        let times = await heard.rung
        XCTAssertEqual(times, 1)
        try await crm.close()
    }

    func testAHostsErrorKeepsItsCodeAndAStrangersWordsAreToldOn() async throws {
        let crm = try await Crm.open(transports: ["own": .host(Own())])
        let mine = await fails("webhook.verification_failed") {
            try await crm.receive("own", request: WebhookRequest(method: "GET", url: "https://shop.example/own?x=1"))
        }
        XCTAssertEqual(mine?.message, "not our token")
        XCTAssertEqual(mine?.httpStatus, 403)
        let strange = await fails("transport.failed") {
            try await crm.receive("own", request: WebhookRequest(method: "POST", url: "https://shop.example/own"))
        }
        XCTAssert(strange?.message.contains("cut off") ?? false)
        XCTAssertEqual(strange?.retry, .later)
        try await crm.close()
    }

    func testCredentialsAreAskedForTheReferenceAndMayFail() async throws {
        let found = try await sent(credentials: OwnCredentials { reference in "the \(reference)" }) { sender, _ in
            guard sender.credential == "the key" else { throw Wrong("another key") }
            return accepted
        }
        XCTAssertEqual(found.status, .accepted)
        let missing = OwnCredentials { throw TertuliaError(ErrorCode.credentialMissing, "no \($0)") }
        let refused = await fails("send.not_sent") {
            try await sent(credentials: missing) { _, _ in throw Wrong("it was sent") }
        }
        XCTAssert(refused?.message.contains("no key") ?? false, "\(String(describing: refused))")
        let broken = OwnCredentials { _ in throw Wrong("the vault is shut") }
        let failed = await fails("send.not_sent") {
            try await sent(credentials: broken) { _, _ in throw Wrong("it was sent") }
        }
        XCTAssert(failed?.message.contains("the vault is shut") ?? false, "\(String(describing: failed))")
        await fails("send.not_sent") {
            try await sent(credentials: [:] as StaticCredentials) { _, _ in throw Wrong("it was sent") }
        }
    }

    func testAClockIsAskedAndWhenItFailsTheLastTimeStands() async throws {
        let refused = await fails("transport.failed") {
            try await Crm.open(clock: OwnClock { throw Wrong("no time") })
        }
        XCTAssert(refused?.message.contains("no time") ?? false)
        await fails("input.invalid") { try await Crm.open(clock: OwnClock { .distantPast }) }
        let noon = Date(timeIntervalSince1970: 1_791_190_800)
        let stopped = Bell()
        let crm = try await Crm.open(clock: OwnClock {
            if await stopped.rung > 0 { throw Wrong("it stopped") }
            return noon
        })
        let org = try await crm.shop()
        await stopped.ring()
        let created = try await org.person().createdAt
        XCTAssertEqual(created, noon)
        try await crm.close()
    }

    func testProgressThatThrowsEndsNothing() async throws {
        let crm = try await Crm.open()
        let told = Bell()
        let report = try await crm.shop().imports.run(.bytes(Data("phone\n+351912345678".utf8)), progress: { _ in
            await told.ring()
            throw Wrong("the host's own trouble")
        })
        XCTAssert(report.finished)
        XCTAssertEqual(report.counts.created, 1)
        let times = await told.rung
        XCTAssertGreaterThan(times, 0)
        try await crm.close()
    }
}
