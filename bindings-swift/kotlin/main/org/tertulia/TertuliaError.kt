package org.tertulia

import com.google.gson.JsonObject
import org.tertulia.ffi.NativeException

/** Whether the same call may succeed later. */
enum class Retry {
    /** Not as it is. */
    NEVER,

    /** The same call, later. */
    LATER,

    /** After what it is about was read again. */
    AFTER_RELOAD,
}

/**
 * Anything that this library fails with: one class for each kind, a frozen [code] for each reason.
 *
 * A host's own transport throws one with the code that fits, made by `TertuliaError(ErrorCode.…, "what was wrong")`.
 */
sealed class TertuliaError(
    /** The dotted code, as in `consent.opted_out`; see [ErrorCode]. */
    val code: String,
    override val message: String,
    /** Whether the same call may succeed later. */
    val retry: Retry,
    /** The HTTP status to answer a platform with, if receiving its webhook failed so. */
    val httpStatus: Int,
) : Exception("$code: $message") {
    /** What went wrong, coarsely: `invalid`, `refused`, `not_found`, `conflict`, `forbidden`, `unavailable`, `corrupt`. */
    val kind: String
        get() = when (this) {
            is InvalidError -> "invalid"
            is RefusedError -> "refused"
            is NotFoundError -> "not_found"
            is ConflictError -> "conflict"
            is ForbiddenError -> "forbidden"
            is UnavailableError -> "unavailable"
            is CorruptError -> "corrupt"
        }

    override fun toString(): String = "${this::class.simpleName}: $code: $message"

    companion object {
        /** An error with a code of this library's. */
        operator fun invoke(code: String, message: String): TertuliaError =
            of(ErrorCode.kinds[code] ?: "unavailable", code, message, Retry.NEVER, 503)

        private fun of(kind: String, code: String, message: String, retry: Retry, httpStatus: Int) = when (kind) {
            "invalid" -> InvalidError(code, message, retry, httpStatus)
            "refused" -> RefusedError(code, message, retry, httpStatus)
            "not_found" -> NotFoundError(code, message, retry, httpStatus)
            "conflict" -> ConflictError(code, message, retry, httpStatus)
            "forbidden" -> ForbiddenError(code, message, retry, httpStatus)
            "corrupt" -> CorruptError(code, message, retry, httpStatus)
            else -> UnavailableError(code, message, retry, httpStatus)
        }

        /** The error that a call failed with. */
        internal fun of(native: NativeException): TertuliaError {
            val text = (native as NativeException.Failed).failure
            val failure = try {
                FailureCodec.decode(parse(text))
            } catch (_: Exception) {
                return TertuliaError(ErrorCode.RUNTIME_UNAVAILABLE, text)
            }
            val retry = Retry.entries.find { it.name.lowercase() == failure.retry } ?: Retry.NEVER
            return of(failure.kind, failure.code, failure.message, retry, failure.httpStatus.toInt())
        }

        internal fun invalid(method: String, misfit: Misfit): TertuliaError {
            val place = if (misfit.place.isEmpty()) "" else " ${misfit.place}"
            return TertuliaError(ErrorCode.INPUT_INVALID, "$method$place: ${misfit.what}")
        }

        /** What a host's object threw, as the library takes it. */
        internal fun thrown(error: Throwable): NativeException {
            val json = JsonObject()
            if (error is TertuliaError) json.addProperty("code", error.code)
            val message = if (error is TertuliaError) error.message else error.toString()
            // Without the halves of characters, which would hide the code.
            json.addProperty("message", message.encodeToByteArray().decodeToString())
            return NativeException.Failed(json.text())
        }
    }
}

/** A value is not what the call takes. */
class InvalidError internal constructor(code: String, message: String, retry: Retry, httpStatus: Int) :
    TertuliaError(code, message, retry, httpStatus)

/** A rule says no. */
class RefusedError internal constructor(code: String, message: String, retry: Retry, httpStatus: Int) :
    TertuliaError(code, message, retry, httpStatus)

/** What the call is about is not there. */
class NotFoundError internal constructor(code: String, message: String, retry: Retry, httpStatus: Int) :
    TertuliaError(code, message, retry, httpStatus)

/** It collides with what is there. */
class ConflictError internal constructor(code: String, message: String, retry: Retry, httpStatus: Int) :
    TertuliaError(code, message, retry, httpStatus)

/** A signature, token or key is not right. */
class ForbiddenError internal constructor(code: String, message: String, retry: Retry, httpStatus: Int) :
    TertuliaError(code, message, retry, httpStatus)

/** Something that is needed does not answer. */
class UnavailableError internal constructor(code: String, message: String, retry: Retry, httpStatus: Int) :
    TertuliaError(code, message, retry, httpStatus)

/** What is stored cannot be read. */
class CorruptError internal constructor(code: String, message: String, retry: Retry, httpStatus: Int) :
    TertuliaError(code, message, retry, httpStatus)
