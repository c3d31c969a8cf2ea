package org.tertulia

import java.nio.file.Path
import java.time.Duration
import org.tertulia.ffi.NativeHandle
import org.tertulia.testing.ManualClock

/** What a [Crm] speaks to a platform by: [WhatsApp], or a [Transport] of the host's. */
sealed interface AnyTransport

/** Keys that are known when the CRM is opened, by reference. */
class StaticCredentials(keys: Map<String, String>) : Credentials {
    internal val keys = keys.toMap()

    constructor(vararg keys: Pair<String, String>) : this(keys.toMap())

    override suspend fun credential(reference: String): String =
        keys[reference] ?: throw TertuliaError(ErrorCode.CREDENTIAL_MISSING, "there is no key $reference")
}

/** A CRM inside this process: opened once, shared by all its coroutines, and closed at the end. */
class Crm private constructor(scope: Scope) : CrmMethods(scope) {
    /** The organisation with this id, on behalf of the host. Whether it is there shows in the first call. */
    fun org(id: OrgId): Org = Org(scope.copy(org = id.value), id, null)

    companion object {
        /**
         * Opens a CRM over an SQLite file, or in memory.
         *
         * @param path the file; absent: in memory, gone with the process.
         * @param transports what is spoken to platforms by, each under the endpoint that [Crm.receive] names.
         * @param credentials where the keys to send with come from.
         * @param clock where the time comes from; absent: the machine's clock.
         * @param host the host program's name, for the journal; absent: `host`.
         */
        suspend fun open(
            path: Path? = null,
            transports: Map<String, AnyTransport> = emptyMap(),
            credentials: Credentials? = null,
            clock: Clock? = null,
            host: String? = null,
        ): Crm {
            val hosts = mutableListOf<HostObject>()
            val handles = mutableListOf<NativeHandle>()
            fun place(host: HostObject) = (hosts.size).toLong().also { hosts += host }
            val spoken = transports.mapValues { (_, transport) ->
                when (transport) {
                    is WhatsApp -> record { put("whatsapp", WhatsAppCodec, transport) }
                    is Transport -> record { add("host", transport.options(place(TransportObject(transport)))) }
                }
            }
            val keys = credentials?.let {
                record {
                    when (it) {
                        is StaticCredentials -> put("fixed", MapCodec(TextCodec), it.keys)
                        else -> put("host", IntCodec, place(CredentialsObject(it)))
                    }
                }
            }
            val time = clock?.let {
                record {
                    when (it) {
                        is ManualClock -> put("manual", IntCodec, 0).also { _ -> handles += it.scope.handle }
                        else -> put("host", IntCodec, place(ClockObject(it)))
                    }
                }
            }
            val scope = open("crm", hosts, handles) {
                put("path", OptionalCodec(TextCodec), path?.toString())
                put("host", OptionalCodec(TextCodec), host)
                add("transports", record { spoken.forEach { (endpoint, transport) -> add(endpoint, transport) } })
                keys?.let { add("credentials", it) }
                time?.let { add("clock", it) }
            }
            return Crm(scope)
        }
    }
}

private fun Transport.options(place: Long) = record {
    put("object", IntCodec, place)
    put("channel", ChannelCodec, channel)
    put("correlation", CorrelationCodec, correlation)
    put("timeout_seconds", OptionalCodec(FloatCodec), timeout?.seconds())
}

private fun Duration.seconds(): Double = seconds + nano / 1e9
