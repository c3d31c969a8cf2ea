package org.tertulia

import java.util.concurrent.TimeUnit
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.DelicateCoroutinesApi
import kotlinx.coroutines.GlobalScope
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** Programs that end while the library is at work and calls them. */
object Leaving {
    @JvmStatic
    @OptIn(DelicateCoroutinesApi::class)
    fun main(args: Array<String>) {
        runBlocking {
            val sending = CompletableDeferred<Unit>()
            val hanging = Sending {
                sending.complete(Unit)
                awaitCancellation()
            }
            val crm = Crm.open(
                transports = mapOf("own" to hanging),
                credentials = StaticCredentials("key" to "secret"),
                clock = { java.time.Instant.now() },
            )
            GlobalScope.launch { crm.work() }
            val org = crm.shop()
            GlobalScope.launch { org.say("Olá") }
            sending.await()
        }
        when (args.single()) {
            "returns" -> return
            "exits" -> kotlin.system.exitProcess(7)
            "throws" -> error("as asked")
        }
    }
}

class ProcessTest {
    private fun left(how: String): Pair<Int, String> {
        val java = ProcessHandle.current().info().command().get()
        val options = System.getProperty("jna.library.path")?.let { listOf("-Djna.library.path=$it") }.orEmpty()
        val program = listOf("-cp", System.getProperty("java.class.path"), Leaving::class.java.name, how)
        val process = ProcessBuilder(listOf(java) + options + program).redirectErrorStream(true).start()
        val said = process.inputStream.bufferedReader().readText()
        assertTrue(process.waitFor(1, TimeUnit.MINUTES))
        // JNA says so of a call that comes when the machine is gone already.
        val lines = said.lines().filterNot { it.startsWith("Picked up") || it.startsWith("JNA: Can't attach native thread") }
        return process.exitValue() to lines.joinToString("\n").trim()
    }

    @Test
    fun aProgramMayEndWhileTheLibraryIsAtWork() {
        assertEquals(0 to "", left("returns"))
        assertEquals(7 to "", left("exits"))
        val (status, said) = left("throws")
        assertEquals(1, status)
        assertTrue(said, said.startsWith("Exception in thread \"main\" java.lang.IllegalStateException: as asked"))
    }
}
