import Foundation
import XCTest

@testable import Tertulia

/// What a step of the scenario, or a test, came to that it should not have.
struct Wrong: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A call of the scenario's, as the generated dispatchers take it.
struct Call {
    let method: String
    let args: [String: JSON]
    let crm: Crm?
    let each: Bool
    let told: Told?
    let cancel: CancelToken?

    func arg<Value: Decodable>(_ name: String) throws -> Value {
        try value(of: json(args[name] ?? .null))
    }

    func progress<Counts: Encodable>() -> (@Sendable (Counts) async throws -> Void)? {
        guard let told else { return nil }
        return { await told.hear(try answer($0)) }
    }

    func other() throws -> Crm {
        guard let crm else { throw Wrong("\(method) needs another handle") }
        return crm
    }
}

func answer(_ value: some Encodable) throws -> JSON {
    try Tertulia.value(of: json(value))
}

/// Replays the one account of what every language answers (bindings-shapes/tests/it/scenario.rs says how it is read).
final class Replay {
    private let folder: String
    private var saved: [String: JSON] = [:]
    private var crms: [String: Crm] = [:]
    private var platforms: [String: Platform] = [:]
    private var clocks: [String: ManualClock] = [:]

    init(folder: String) { self.folder = folder }

    func play(_ step: JSON) async throws {
        let found: JSON
        do {
            found = try await step["open"] == .null ? call(step) : open(step)
        } catch let error as TertuliaError where .string(error.code) == step["error"] {
            return
        }
        guard step["error"] == .null else { throw Wrong("answered \(found)") }
        if case let .object(fields) = step, let expected = fields["expect"],
            let why = different(filled(expected), found)
        {
            throw Wrong("\(why) in \(found)")
        }
        if case let .int(count) = step["count"], count != found.list?.count {
            throw Wrong("no list of \(count): \(found)")
        }
        for (name, path) in step["save"].fields {
            saved[name] = found.at(path.text)
        }
    }

    private func open(_ step: JSON) async throws -> JSON {
        let options = filled(step["options"])
        let named = step["options"]["clock"].text
        let manual = clocks[String(named.dropFirst())]
        let name = step["as"].text
        switch step["open"].text {
        case "clock":
            clocks[name] = try await ManualClock(now: value(of: json(options["now"])))
        case "platform":
            platforms[name] = try await Platform.start(windows: options["windows"] == true, clock: manual)
        case "crm":
            let clock: (any Tertulia.Clock)? = named == "host" ? ScenarioClock() : manual
            crms[name] = try await crm(options, clock)
        default:
            throw Wrong("nothing to open")
        }
        return .null
    }

    private func crm(_ options: JSON, _ clock: (any Tertulia.Clock)?) async throws -> Crm {
        var transports: [String: AnyTransport] = [:]
        for (endpoint, transport) in options["transports"].fields {
            if transport["whatsapp"] != .null {
                transports[endpoint] = .whatsApp(try value(of: json(transport["whatsapp"])))
            } else if transport["twilio"] != .null {
                transports[endpoint] = .twilio(try value(of: json(transport["twilio"])))
            } else {
                transports[endpoint] = .host(try ScenarioTransport(transport["host"]))
            }
        }
        var credentials: (any Credentials)?
        if options["credentials"] == "host" {
            credentials = ScenarioCredentials()
        } else if options["credentials"] != .null {
            credentials = StaticCredentials(try value(of: json(options["credentials"]["fixed"])))
        }
        let (path, host, folder) = (options["path"], options["host"], options["media_folder"])
        let bot = ScenarioBot()
        let crm = try await Crm.open(
            path: path == .null ? nil : path.text,
            transports: transports,
            credentials: credentials,
            clock: clock,
            host: host == .null ? nil : host.text,
            mediaFolder: folder == .null ? nil : folder.text,
            handlers: options["handlers"] == .null ? [:] : ["host": bot]
        )
        await bot.works(for: crm)
        return crm
    }

    private func call(_ step: JSON) async throws -> JSON {
        let watch = step["watch"]
        let told = Told()
        let cancel = CancelToken()
        if watch["cancelled"] == true { cancel.cancel() }
        let call = Call(
            method: step["call"].text,
            args: filled(step["args"]).fields,
            crm: crms[step["other"].text],
            each: step["each"] == true,
            told: watch["expect_progress"] == true ? told : nil,
            cancel: watch["cancelled"] == true ? cancel : nil
        )
        let on = step["on"].text
        let found: JSON
        if let platform = platforms[on] {
            found = try await platform.dispatch(call)
        } else if let clock = clocks[on] {
            found = try await clock.dispatch(call)
        } else if let crm = crms[on] {
            if step["org"] == .null {
                found = try await crm.dispatch(call)
            } else {
                var org = crm.org(OrgId(filled(step["org"]).text))
                if step["agent"] != .null { org = org.actingAs(AgentId(filled(step["agent"]).text)) }
                found = try await org.dispatch(call)
            }
        } else {
            throw Wrong("\(on) is not open")
        }
        if watch["expect_progress"] == true {
            let last = await told.last
            guard last == found["counts"] else { throw Wrong("progress ended with \(last), not as in \(found)") }
        }
        return found
    }

    /// A value with variables, the folder and bytes filled in.
    private func filled(_ value: JSON) -> JSON {
        switch value {
        case let .string(text):
            if text.hasPrefix("$") {
                let parts = text.dropFirst().split(separator: ".", maxSplits: 1).map(String.init)
                if let found = parts.first.flatMap({ saved[$0] })?.at(parts.count > 1 ? parts[1] : "") { return found }
            }
            return .string(text.replacingOccurrences(of: "$folder", with: folder))
        case let .array(items):
            return .array(items.map(filled))
        case let .object(fields):
            guard let bytes = fields["$bytes"].map(filled) else { return .object(fields.mapValues(filled)) }
            var text = (try? json(bytes)) ?? ""
            if case let .string(plain) = bytes { text = plain }
            return .string(Data(text.utf8).base64EncodedString())
        default:
            return value
        }
    }
}

/// Keeps what was told last.
actor Told {
    private(set) var last = JSON.null

    func hear(_ counts: JSON) { last = counts }
}

extension JSON {
    fileprivate var fields: [String: JSON] {
        if case let .object(fields) = self { fields } else { [:] }
    }

    fileprivate var list: [JSON]? {
        if case let .array(items) = self { items } else { nil }
    }

    fileprivate var text: String {
        if case let .string(text) = self { text } else { "" }
    }

    fileprivate var number: Double? {
        switch self {
        case let .int(int): Double(int)
        case let .double(double): double
        default: nil
        }
    }

    fileprivate subscript(key: String) -> JSON { fields[key] ?? .null }

    /// What is at a path of keys and places, as in `items.0.id`.
    fileprivate func at(_ path: String) -> JSON? {
        path.split(separator: ".").reduce(Optional(self)) { at, key in
            if case let .array(items)? = at { Int(key).flatMap { items.indices.contains($0) ? items[$0] : nil } } else {
                at?.fields[String(key)]
            }
        }
    }
}

/// Where an answer is not what a step expects; nil if it is.
private func different(_ expected: JSON, _ found: JSON) -> String? {
    switch (expected, found) {
    case (.string("$any"), _) where found != .null:
        return nil
    case let (.object(expected), .object(found)):
        for (key, part) in expected {
            if let why = different(part, found[key] ?? .null) { return "\(key): \(why)" }
        }
        return nil
    case let (.array(expected), .array(found)) where expected.count == found.count:
        for (place, pair) in zip(expected, found).enumerated() {
            if let why = different(pair.0, pair.1) { return "\(place): \(why)" }
        }
        return nil
    case let (.string(one), .string(other)) where one != other:
        // Two spellings of one instant are the same.
        let same = Instant.date(one) != nil && Instant.date(one) == Instant.date(other)
        return same ? nil : "\(other) is not \(one)"
    default:
        let same = expected == found || (expected.number != nil && expected.number == found.number)
        return same ? nil : "\(found) is not \(expected)"
    }
}

private struct ScenarioClock: Tertulia.Clock {
    func now() async throws -> Date { Instant.date("2026-01-05T09:00:00Z")! }
}

/// A bot of the host's, which does what the last message asks it to, and else says it again.
private actor ScenarioBot: ConversationHandler {
    private var crm: Crm?

    func works(for crm: Crm) { self.crm = crm }

    func turn(_ turn: HandlerTurn) async throws {
        guard let crm, let last = turn.messages.last, case let .text(body) = last.content else {
            throw Wrong("nothing to answer")
        }
        let org = crm.org(turn.org).actingAs(turn.acting)
        if body == "a person, please" {
            _ = try await org.inbox.handOver(turn.conversation.id)
        } else {
            _ = try await org.inbox.sendText(turn.contact.id, text: "You said: \(body)")
        }
    }
}

private struct ScenarioCredentials: Credentials {
    func credential(_ reference: String) async throws -> String {
        guard reference == "key" else {
            throw TertuliaError(ErrorCode.credentialMissing, "there is no key \(reference)")
        }
        return "secret"
    }

    func renew(_ reference: String, refused: String) async throws -> String? {
        reference == "key" && refused == "secret" ? "newer secret" : nil
    }
}

/// A platform of the host's, which does what the text of a message asks it to.
private actor ScenarioTransport: Transport {
    nonisolated let channel: Channel
    nonisolated let correlation: Correlation
    nonisolated let timeout: TimeInterval?
    private var sent = 0

    init(_ options: JSON) throws {
        channel = try value(of: json(options["channel"]))
        correlation = try value(of: json(options["correlation"]))
        timeout = options["timeout_seconds"].number
    }

    func verify(_ query: String) async throws -> String { query }

    func parse(_ request: WebhookRequest) async throws -> [InboundEvent] {
        guard request.headers["x-secret"] == "open" else {
            throw TertuliaError(ErrorCode.webhookSignatureMissing, "the header x-secret is not open")
        }
        return try value(of: String(decoding: request.body, as: UTF8.self))
    }

    func send(_ sender: Sender, message: Outgoing) async throws -> Outcome {
        guard case let .text(body) = message.content else { return accepted() }
        switch body {
        case "throw":
            throw Wrong("as asked")
        case "hang":
            try await Task.sleep(nanoseconds: .max / 2)
            throw Wrong("it waited")
        case "nonsense":
            // No type of Swift's lets nonsense through; the other tests answer it beneath them.
            return .unknown(detail: "nonsense")
        case "refuse":
            return .refused(SendFailure(class: .recipientInvalid, code: "131026", detail: "not on the platform"))
        case "renew" where sender.credential == "secret":
            return .refused(SendFailure(class: .keyRefused, code: "190", detail: "expired"))
        default:
            return accepted()
        }
    }

    private func accepted() -> Outcome {
        sent += 1
        return .accepted(Accepted(providerId: "host-\(sent)"))
    }
}
