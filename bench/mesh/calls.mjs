/**
 * Questions and answers between the main thread of a measurement and its workers, on a port of their own: the
 * workers' parent port belongs to whoever carries the requests.
 */

/** Answers calls that come over `port` with the functions of `methods`. */
export function answerCalls(port, methods) {
  port.on('message', async ({ id, method, args }) => {
    try {
      port.postMessage({ id, result: await methods[method](...args) })
    } catch (error) {
      port.postMessage({ id, problem: error.stack ?? String(error) })
    }
  })
}

/**
 * The other end.
 * @returns {(method: string, ...args: unknown[]) => Promise<any>} rejects with what went wrong over there.
 */
export function callsOver(port) {
  const waiting = new Map()
  let last = 0
  port.on('message', ({ id, result, problem }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (problem === undefined) resolve(result)
    else reject(new Error(problem))
  })
  return (method, ...args) => {
    const { promise, resolve, reject } = Promise.withResolvers()
    waiting.set(++last, { resolve, reject })
    port.postMessage({ id: last, method, args })
    return promise
  }
}
