/**
 * Waits for code of others that gives a configuration, and notices when it never will.
 *
 * Any thread. A promise nobody can resolve any more keeps no process running: it would end as if all were well.
 */

/**
 * Resolves or rejects as `work` does.
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
  try {
    return await Promise.race([work, idle])
  } finally {
    process.off('beforeExit', onIdle)
  }
}
