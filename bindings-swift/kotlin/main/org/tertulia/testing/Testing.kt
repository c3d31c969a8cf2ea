package org.tertulia.testing

import java.time.Instant
import org.tertulia.BoolCodec
import org.tertulia.Clock
import org.tertulia.IntCodec
import org.tertulia.OptionalCodec
import org.tertulia.Scope
import org.tertulia.TimeCodec
import org.tertulia.open

/** A clock that stands still until it is set: a month of campaigns runs in seconds. */
class ManualClock private constructor(scope: Scope) : ManualClockMethods(scope), Clock {
    companion object {
        /** A clock that shows this time. */
        suspend fun at(now: Instant): ManualClock = ManualClock(open("clock") { put("now", TimeCodec, now) })
    }
}

/** A stand-in for the WhatsApp Cloud API on a port of this machine. */
class Platform private constructor(scope: Scope) : PlatformMethods(scope) {
    companion object {
        /** Starts one; with `windows` it refuses free-form messages outside the 24 hours. */
        suspend fun start(windows: Boolean = false, clock: ManualClock? = null): Platform {
            val scope = open("platform", handles = listOfNotNull(clock?.scope?.handle)) {
                put("windows", BoolCodec, windows)
                put("clock", OptionalCodec(IntCodec), clock?.let { 0 })
            }
            return Platform(scope)
        }
    }
}
