import Foundation
import TertuliaNative

/// One page of a list.
public struct Page<Item: Codable & Sendable>: Codable, Sendable {
    /// What is on it.
    public let items: [Item]
    /// The `cursor` of the next page; nil on the last one.
    public let next: String?
}

extension Page: Equatable where Item: Equatable {}

/// All items of all pages, each page fetched when it is needed: `for try await contact in shop.contacts.list(.everyone)`.
public struct Pages<Element: Codable & Sendable>: AsyncSequence, Sendable {
    let first: PageRequest?
    let fetch: @Sendable (PageRequest) async throws -> Page<Element>

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var request: PageRequest?
        fileprivate var items: ArraySlice<Element> = []
        fileprivate let fetch: @Sendable (PageRequest) async throws -> Page<Element>

        public mutating func next() async throws -> Element? {
            while items.isEmpty, let asked = request {
                let page = try await fetch(asked)
                items = page.items[...]
                request?.cursor = page.next
                if page.next == nil { request = nil }
            }
            return items.popFirst()
        }
    }

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(request: first ?? PageRequest(), fetch: fetch)
    }
}

/// Ends long work between two batches; what was done stays done.
public final class CancelToken: Sendable {
    let native = NativeCancelToken()

    public init() {}

    /// Ends the work after the batch that it is in.
    public func cancel() { native.cancel() }
}

/// The answer of a method that answers nothing.
struct Nothing: Decodable {
    init(from _: Decoder) throws {}
}

/// The arguments of a call, by name; one that is absent is left out.
struct Named: Encodable, Sendable {
    private var all: [@Sendable (inout KeyedEncodingContainer<AnyKey>) throws -> Void] = []

    mutating func put<Value: Encodable & Sendable>(_ name: AnyKey, _ value: Value) {
        all.append { try $0.encode(value, forKey: name) }
    }

    mutating func put<Value: Encodable & Sendable>(_ name: AnyKey, _ value: Value?) {
        all.append { try $0.encodeIfPresent(value, forKey: name) }
    }

    func encode(to encoder: Encoder) throws {
        var container = encoder.container(keyedBy: AnyKey.self)
        for put in all { try put(&container) }
    }
}

/// What is called, and on whose behalf.
struct Scope: Sendable {
    let handle: NativeHandle
    var org: String?
    var agent: String?

    func call<Answer: Decodable>(
        _ method: String,
        progress: ProgressObject? = nil,
        cancel: CancelToken? = nil,
        other: Scope? = nil,
        _ name: (inout Named) -> Void = { _ in }
    ) async throws -> Answer {
        var args = Named()
        name(&args)
        let text: String
        do {
            text = try await handle.call(
                call: NativeCall(
                    method: method,
                    org: org,
                    agent: agent,
                    args: try json(args),
                    progress: progress,
                    cancel: cancel?.native,
                    other: other?.handle
                )
            )
        } catch let error as NativeError {
            throw TertuliaError(error)
        } catch let error as EncodingError {
            throw TertuliaError(method, error)
        }
        do {
            return try value(of: text)
        } catch {
            throw TertuliaError(ErrorCode.runtimeUnavailable, "the answer of \(method): \(error)")
        }
    }
}

/// Opens a handle with options that refer to host objects and handles by their places.
func open(
    _ kind: String,
    hosts: [NativeObject] = [],
    handles: [NativeHandle] = [],
    _ options: some Encodable
) async throws -> Scope {
    do {
        return Scope(handle: try await nativeOpen(kind: kind, options: try json(options), hosts: hosts, handles: handles))
    } catch let error as NativeError {
        throw TertuliaError(error)
    } catch let error as EncodingError {
        throw TertuliaError(kind, error)
    }
}

/// The arguments of a callback, by name.
struct Arguments: Decodable {
    private let container: KeyedDecodingContainer<AnyKey>

    init(from decoder: Decoder) throws { container = try decoder.container(keyedBy: AnyKey.self) }

    func get<Value: Decodable>(_ name: AnyKey) throws -> Value { try container.decode(Value.self, forKey: name) }
}

/// An object of the host's, as the library calls it. Whatever it throws becomes an error, never a crash.
protocol HostObject: AnyObject, NativeObject {
    func answer(_ method: String, _ args: Arguments) async throws -> String
}

extension HostObject {
    func call(method: String, args: String) async throws -> String {
        do {
            return try await answer(method, value(of: args))
        } catch let error as EncodingError {
            throw TertuliaError.thrown(TertuliaError(method, error))
        } catch {
            throw TertuliaError.thrown(error)
        }
    }
}

/// A function that is told the progress of a call. What it throws is not looked at.
final class ProgressObject: NativeObject {
    private let tell: @Sendable (String) async throws -> Void

    init(_ tell: @escaping @Sendable (String) async throws -> Void) { self.tell = tell }

    func call(method _: String, args: String) async throws -> String {
        do {
            try await tell(args)
            return "null"
        } catch {
            throw TertuliaError.thrown(error)
        }
    }
}

func teller<Told: Decodable>(_ progress: (@Sendable (Told) async throws -> Void)?) -> ProgressObject? {
    progress.map { tell in ProgressObject { try await tell(value(of: $0)) } }
}
