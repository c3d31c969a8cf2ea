package org.tertulia

import java.io.File
import kotlin.io.path.createTempDirectory
import kotlinx.coroutines.runBlocking
import org.junit.Test

class ScenarioTest {
    @Test
    fun everyStepAnswersAsItSays() = runBlocking {
        val replay = Replay(createTempDirectory("tertulia-"))
        parse(File(System.getProperty("scenario")).readText()).asJsonArray.forEachIndexed { place, step ->
            try {
                replay.play(step.asJsonObject)
            } catch (error: Throwable) {
                throw AssertionError("step $place, $step: $error", error)
            }
        }
    }
}
