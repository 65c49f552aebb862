/**
 * Waits for code of others that gives a configuration, and notices when it never will.
 *
 * Any thread. A promise nobody can resolve any more keeps no process running: it would end as if all were well. So
 * would one that calls process.exit().
 */
import { writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** EX_CONFIG of sysexits.h: what every configuration that cannot be used ends with. */
const unusable = 78

/**
 * Resolves or rejects as `work` does. A process that `work` ends has not succeeded, whatever its code.
 *
 * @throws {Error} When nothing is left in the event loop that could still resolve it.
 */
export async function unlessIdle<Value>(work: Promise<Value>): Promise<Value> {
  const { promise: idle, reject } = Promise.withResolvers<never>()
  const onIdle = (): void => {
    const error = new Error('it waits for something that never comes')
    // Where that was noticed says nothing.
    delete error.stack
    reject(error)
  }
  process.once('beforeExit', onIdle)
  process.once('exit', tellExit)
  try {
    return await Promise.race([work, idle])
  } finally {
    process.off('beforeExit', onIdle)
    process.off('exit', tellExit)
  }
}

/** Of a thread the one who has started it tells. */
function tellExit(code: number): void {
  if (code !== 0 || !isMainThread) return
  process.exitCode = unusable
  try {
    writeSync(2, 'heddle: The configuration has ended the process (process.exit) before there was one.\n')
  } catch {
    // Nobody listens; the code says it.
  }
}
