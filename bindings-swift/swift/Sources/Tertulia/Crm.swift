import Foundation
import TertuliaNative

/// What a ``Crm`` speaks to a platform by.
public enum AnyTransport: Sendable {
    /// The WhatsApp Cloud API.
    case whatsApp(WhatsApp)
    /// SMS and WhatsApp by Twilio.
    case twilio(Twilio)
    /// One of the host's.
    case host(any Transport)
}

/// Keys that are known when the CRM is opened, by reference.
public struct StaticCredentials: Credentials, ExpressibleByDictionaryLiteral, CustomReflectable {
    let keys: [String: String]

    public init(_ keys: [String: String]) { self.keys = keys }

    public init(dictionaryLiteral elements: (String, String)...) {
        keys = Dictionary(elements, uniquingKeysWith: { _, last in last })
    }

    public func credential(_ reference: String) async throws -> String {
        guard let key = keys[reference] else {
            throw TertuliaError(ErrorCode.credentialMissing, "there is no key \(reference)")
        }
        return key
    }

    /// What is printed of them: their references, not the keys.
    public var customMirror: Mirror {
        Mirror(self, children: ["references": keys.keys.sorted()], displayStyle: .struct)
    }
}

/// What a file is before its encryption changes.
public enum ConvertFrom: Sendable {
    /// Not encrypted.
    case plain
    /// Encrypted with another key.
    case key(Data)
}

/// A CRM inside this process: opened once, shared by all its tasks, and closed at the end.
public final class Crm: Sendable {
    let scope: Scope

    init(scope: Scope) { self.scope = scope }

    /// Opens a CRM over an SQLite file or a PostgreSQL database, or in memory.
    ///
    /// - Parameters:
    ///   - path: the file, or the URL of the database, `postgres://user:password@host/database`; nil: in memory, gone with
    ///     the process.
    ///   - transports: what is spoken to platforms by, each under the endpoint that ``receive(_:request:)`` names.
    ///   - credentials: where the keys to send with come from.
    ///   - clock: where the time comes from; nil: the machine's clock.
    ///   - host: the host program's name, for the journal; nil: `host`.
    ///   - encryptionKey: what the file is encrypted with: 32 random bytes; nil: it is plain. It takes a build that can
    ///     encrypt.
    ///   - suppressionKey: what the hashes of suppressed addresses are put under: 32 random bytes, kept outside the
    ///     store. An organisation that was once used with a key is never used without it.
    ///   - convertFrom: what a file that does not open so was before: it is then converted.
    ///   - mediaFolder: the folder that files of messages are kept in; nil: none are.
    ///   - handlers: bots and AIs, by the names that conversations are given to them under.
    ///   - handlerTimeout: how long a handler may take for one turn, in seconds; nil: a minute.
    public static func open(
        path: String? = nil,
        transports: [String: AnyTransport] = [:],
        credentials: (any Credentials)? = nil,
        clock: (any Clock)? = nil,
        host: String? = nil,
        encryptionKey: Data? = nil,
        suppressionKey: Data? = nil,
        convertFrom: ConvertFrom? = nil,
        mediaFolder: String? = nil,
        handlers: [String: any ConversationHandler] = [:],
        handlerTimeout: TimeInterval? = nil
    ) async throws -> Crm {
        var hosts: [NativeObject] = []
        var handles: [NativeHandle] = []
        func place(_ host: NativeObject) -> Int {
            hosts.append(host)
            return hosts.count - 1
        }
        var options = Named()
        options.put("path", path)
        options.put("host", host)
        options.put("encryption_key", encryptionKey)
        options.put("suppression_key", suppressionKey)
        options.put("media_folder", mediaFolder)
        switch convertFrom {
        case nil: break
        case .plain: options.put("convert_from", "plain")
        case let .key(key): options.put("convert_from", ["key": key])
        }
        var spoken = Named()
        for (endpoint, transport) in transports {
            switch transport {
            case let .whatsApp(whatsApp):
                spoken.put(AnyKey(endpoint), ["whatsapp": whatsApp])
            case let .twilio(twilio):
                spoken.put(AnyKey(endpoint), ["twilio": twilio])
            case let .host(own):
                var named = Named()
                named.put("object", place(TransportObject(own)))
                named.put("channel", own.channel)
                named.put("correlation", own.correlation)
                named.put("timeout_seconds", own.timeout)
                spoken.put(AnyKey(endpoint), ["host": named])
            }
        }
        options.put("transports", spoken)
        switch credentials {
        case nil: break
        case let fixed as StaticCredentials: options.put("credentials", ["fixed": fixed.keys])
        case let own?: options.put("credentials", ["host": place(CredentialsObject(own))])
        }
        var asked = Named()
        for (name, handler) in handlers {
            asked.put(AnyKey(name), place(ConversationHandlerObject(handler)))
        }
        options.put("handlers", asked)
        options.put("handler_timeout_seconds", handlerTimeout)
        switch clock {
        case nil: break
        case let manual as ManualClock:
            handles.append(manual.scope.handle)
            options.put("clock", ["manual": 0])
        case let own?: options.put("clock", ["host": place(ClockObject(own))])
        }
        return Crm(scope: try await Tertulia.open("crm", hosts: hosts, handles: handles, options))
    }

    /// The organisation with this id, on behalf of the host. Whether it is there shows in the first call.
    public func org(_ id: OrgId) -> Org {
        var scope = scope
        scope.org = id.rawValue
        return Org(id: id, agent: nil, scope: scope)
    }
}

/// One organisation of a ``Crm``, on behalf of the host or of a member of the team.
public struct Org: Sendable {
    public let id: OrgId
    public let agent: AgentId?
    let scope: Scope

    /// The same organisation, with a member of the team asking.
    public func actingAs(_ agent: AgentId) -> Org {
        var scope = scope
        scope.agent = agent.rawValue
        return Org(id: id, agent: agent, scope: scope)
    }
}

/// A clock that stands still until it is set, for tests: a month of campaigns runs in seconds.
public final class ManualClock: Clock {
    let scope: Scope

    /// A clock that shows this time.
    public init(now: Date) async throws {
        var options = Named()
        options.put("now", now)
        scope = try await Tertulia.open("clock", options)
    }
}

/// A stand-in for the WhatsApp Cloud API on a port of this machine, for tests.
public final class Platform: Sendable {
    let scope: Scope

    private init(scope: Scope) { self.scope = scope }

    /// Starts one; with `windows` it refuses free-form messages outside the 24 hours.
    public static func start(windows: Bool = false, clock: ManualClock? = nil) async throws -> Platform {
        var options = Named()
        options.put("windows", windows)
        options.put("clock", clock.map { _ in 0 })
        let handles = clock.map { [$0.scope.handle] } ?? []
        return Platform(scope: try await Tertulia.open("platform", handles: handles, options))
    }
}
