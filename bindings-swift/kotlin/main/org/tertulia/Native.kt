package org.tertulia

import com.google.gson.JsonElement
import java.nio.charset.CharacterCodingException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext
import org.tertulia.ffi.NativeCall
import org.tertulia.ffi.NativeCancelToken
import org.tertulia.ffi.NativeException
import org.tertulia.ffi.NativeHandle
import org.tertulia.ffi.NativeObject
import org.tertulia.ffi.nativeOpen

/** One page of a list. */
data class Page<T>(
    /** What is on it. */
    val items: List<T>,
    /** The `cursor` of the next page; absent on the last one. */
    val next: String?,
)

/** Ends long work between two batches; what was done stays done. */
class CancelToken {
    internal val native = NativeCancelToken()

    /** Ends the work after the batch that it is in. */
    fun cancel() = native.cancel()
}

/** Who watches a call, and who may end it. */
internal class Watch<T>(progress: (suspend (T) -> Unit)?, told: Codec<T>, val cancel: CancelToken?) {
    val progress = progress?.let { ProgressObject(it, told) }
}

/** What is called, and on whose behalf. */
internal data class Scope(val handle: NativeHandle, val org: String? = null, val agent: String? = null) {
    suspend fun <T> call(
        method: String,
        answer: Codec<T>,
        watch: Watch<*>? = null,
        other: CrmMethods? = null,
        args: Writer.() -> Unit = {},
    ): T {
        val text = asked(method) {
            handle.call(
                NativeCall(
                    method,
                    org,
                    agent,
                    record(body = args).text(),
                    watch?.progress,
                    watch?.cancel?.native,
                    other?.scope?.handle,
                ),
            )
        }
        return answered(method) { answer.decode(parse(text)) }
    }
}

/** Opens a handle with options that refer to host objects and handles by their places. */
internal suspend fun open(
    kind: String,
    hosts: List<HostObject> = emptyList(),
    handles: List<NativeHandle> = emptyList(),
    options: Writer.() -> Unit,
): Scope = Scope(asked(kind) { nativeOpen(kind, record(body = options).text(), hosts, handles) })

/** Whatever can be wrong with what is asked, as the one type of error. */
private inline fun <T> asked(method: String, body: () -> T): T =
    try {
        body()
    } catch (misfit: Misfit) {
        throw TertuliaError.invalid(method, misfit)
    } catch (failed: NativeException) {
        throw TertuliaError.of(failed)
    } catch (_: CharacterCodingException) {
        // All else is JSON by now, and stands escaped there.
        throw TertuliaError(ErrorCode.INPUT_INVALID, "$method: an id has half a character in it")
    } catch (_: StackOverflowError) {
        throw TertuliaError(ErrorCode.INPUT_INVALID, "$method: an argument is nested too deeply")
    }

private inline fun <T> answered(method: String, body: () -> T): T =
    try {
        body()
    } catch (misfit: Misfit) {
        throw TertuliaError(ErrorCode.RUNTIME_UNAVAILABLE, "the answer of $method, ${misfit.place}: ${misfit.what}")
    }

/** All items of all pages, each page fetched when it is needed. */
internal fun <T> pages(first: PageRequest?, fetch: suspend (PageRequest) -> Page<T>): Flow<T> = flow {
    var request = first ?: PageRequest()
    while (true) {
        val page = fetch(request)
        page.items.forEach { emit(it) }
        request = request.copy(cursor = page.next ?: break)
    }
}

/** An object of the host's, as the library calls it. Whatever it throws becomes an error, never a crash. */
internal abstract class HostObject(private val name: String) : NativeObject {
    abstract suspend fun answer(method: String, args: Reader): JsonElement

    override suspend fun call(method: String, args: String): String =
        try {
            // One that blocks its thread must not keep others from theirs: `Default` has as few as there are processors.
            withContext(Dispatchers.IO) { answer(method, Reader(parse(args))).text() }
        } catch (misfit: Misfit) {
            throw TertuliaError.thrown(TertuliaError.invalid("$name.$method", misfit))
        } catch (error: Throwable) {
            throw TertuliaError.thrown(error)
        }
}

internal class ProgressObject<T>(private val tell: suspend (T) -> Unit, private val told: Codec<T>) :
    HostObject("progress") {
    override suspend fun answer(method: String, args: Reader): JsonElement = UnitCodec.encode(tell(args.whole(told)))
}
