/**
 * Preloaded by threads that an application starts (`#nested`): what they write to descriptors 1 and 2 becomes lines of
 * the worker they belong to.
 *
 * Runs in threads of applications, before any code of theirs. It waits and writes as the worker does.
 */
import { syncBuiltinESMExports } from 'node:module'
import { getEnvironmentData } from 'node:worker_threads'

import { ThreadLog } from '../channel/log-thread.ts'
import { captureDescriptors } from './descriptors.ts'
import { LineCutter } from './line-cutter.ts'
import { isVoice, voiceKey } from './own-threads.ts'

const voice = getEnvironmentData(voiceKey)
if (isVoice(voice)) {
  const log = new ThreadLog(voice.logger, voice.speaker, { whenFull: 'wait' })
  const target = {
    isEnabled: log.isEnabled.bind(log),
    write: log.write.bind(log)
  }
  const out = new LineCutter(target, 'stdout')
  const err = new LineCutter(target, 'stderr')
  captureDescriptors({ stdout: bytes => out.write(bytes), stderr: bytes => err.write(bytes) })
  syncBuiltinESMExports()
  process.on('exit', () => {
    out.flush()
    err.flush()
  })
}
