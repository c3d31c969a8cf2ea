import Foundation
import TertuliaNative

/// Anything that this library fails with: a coarse kind, and a frozen code for each reason.
///
/// A host's own transport throws one with the code that fits: `TertuliaError(ErrorCode.…, "what was wrong")`.
public struct TertuliaError: Error, Hashable, Sendable, LocalizedError, CustomStringConvertible {
    /// What went wrong, coarsely.
    public enum Kind: String, Hashable, Sendable, Codable {
        /// A value is not what the call takes.
        case invalid
        /// A rule says no.
        case refused
        /// What the call is about is not there.
        case notFound = "not_found"
        /// It collides with what is there.
        case conflict
        /// A signature, token or key is not right.
        case forbidden
        /// Something that is needed does not answer.
        case unavailable
        /// What is stored cannot be read.
        case corrupt
    }

    /// Whether the same call may succeed later.
    public enum Retry: String, Hashable, Sendable, Codable {
        /// Not as it is.
        case never
        /// The same call, later.
        case later
        /// After what it is about was read again.
        case afterReload = "after_reload"
    }

    /// What went wrong, coarsely.
    public let kind: Kind
    /// The dotted code, as in `consent.opted_out`; see ``ErrorCode``.
    public let code: String
    /// What was wrong with which value.
    public let message: String
    /// Whether the same call may succeed later.
    public let retry: Retry
    /// The HTTP status to answer a platform with, if receiving its webhook failed so.
    public let httpStatus: Int

    /// An error with a code of this library's; all else follows from it.
    public init(_ code: String, _ message: String) {
        let (kind, retry, httpStatus) = ErrorCode.known[code] ?? (.unavailable, .never, 503)
        self.init(kind: kind, code: code, message: message, retry: retry, httpStatus: httpStatus)
    }

    private init(kind: Kind, code: String, message: String, retry: Retry, httpStatus: Int) {
        self.kind = kind
        self.code = code
        self.message = message
        self.retry = retry
        self.httpStatus = httpStatus
    }

    public var description: String { "\(code): \(message)" }

    public var errorDescription: String? { description }

    /// The error that a call failed with.
    init(_ native: NativeError) {
        guard case let .Failed(text) = native else {
            self.init(ErrorCode.runtimeUnavailable, "\(native)")
            return
        }
        guard let failure = try? value(Failure.self, of: text) else {
            self.init(ErrorCode.runtimeUnavailable, text)
            return
        }
        self.init(
            kind: Kind(rawValue: failure.kind) ?? .unavailable,
            code: failure.code,
            message: failure.message,
            retry: Retry(rawValue: failure.retry) ?? .never,
            httpStatus: failure.httpStatus
        )
    }

    /// What is wrong with a value that has no JSON form.
    init(_ method: String, _ error: EncodingError) {
        guard case let .invalidValue(value, context) = error else {
            self.init(ErrorCode.inputInvalid, "\(method): \(error)")
            return
        }
        let place = context.codingPath.map(\.stringValue).joined(separator: ".")
        let what = value is Double ? "\(value) is no number that can be used here" : context.debugDescription
        self.init(ErrorCode.inputInvalid, "\(method)\(place.isEmpty ? "" : " \(place)"): \(what)")
    }

    /// What a host's object threw, as the library takes it.
    static func thrown(_ error: any Error) -> NativeError {
        let own = error as? TertuliaError
        var told = ["message": own?.message ?? String(describing: error)]
        told["code"] = own?.code
        return .Failed(failure: (try? json(told)) ?? "the host failed")
    }
}
