/**
 * A thread that writes numbered lines as fast as it can, by the logger it is given: started by the tests of the log with
 * {@link startFlood}. Each line can be told from any other and from half of one.
 */
import { once } from 'node:events'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'

import { ThreadLog } from '../../src/channel/log-thread.ts'
import type { ThreadLogger } from '../../src/channel/messages.ts'

/** What a thread is to write. */
export interface Flood {
  readonly name: string
  readonly logger: ThreadLogger
  readonly count: number
  /** Line n is padded with `n % padding` characters. */
  readonly padding: number
  /** Where the output goes. Defaults to descriptor 1. */
  readonly fd?: number
  readonly manner?: 'wait' | 'later'
}

/** The text of a line. */
export function floodText(n: number, padding: number): string {
  return `${n}:${'x'.repeat(n % padding)}`
}

/** Starts it; resolves when it has written everything and ended. */
export async function startFlood(flood: Flood): Promise<void> {
  const worker = new Worker(new URL(import.meta.url), {
    workerData: flood,
    execArgv: ['--conditions=@heddle/source', '--disable-warning=ExperimentalWarning']
  })
  const [code] = await once(worker, 'exit')
  if (code !== 0) throw new Error(`${flood.name} ended with code ${code}`)
}

/** The numbers of the lines that each thread has written, from the lines themselves. @throws at half a line. */
export function readFlood(lines: readonly string[], padding: number): Map<string, number[]> {
  const byName = new Map<string, number[]>()
  for (const line of lines) {
    const { worker, msg } = JSON.parse(line) as { worker: string; msg: string }
    const n = Number.parseInt(msg, 10)
    if (msg !== floodText(n, padding)) throw new Error(`not a line of the flood: ${msg}`)
    const numbers = byName.get(worker) ?? []
    byName.set(worker, numbers)
    numbers.push(n)
  }
  return byName
}

if (!isMainThread && parentPort !== null) {
  const { name, logger, count, padding, fd, manner = 'wait' } = workerData as Flood
  const log = new ThreadLog(logger, { worker: name }, { whenFull: manner, gathers: manner === 'later' }, fd)
  for (let n = 0; n < count; n++) {
    log.write({ time: Date.now(), level: 'info', message: floodText(n, padding) })
  }
  log.flush()
}
