/**
 * Where a thread begins that loads the configuration once and ends: only a new thread reads a configuration
 * file, and what that imports, as they are now. It starts no application.
 */
import { parentPort, workerData } from 'node:worker_threads'

import { HeddleError } from '../errors.ts'
import { loadConfig } from './load.ts'
import type { LoadOptions } from './load.ts'
import type { LoadOutcome } from './fresh.ts'

const options = workerData as LoadOptions

parentPort?.postMessage(await outcome())

async function outcome(): Promise<LoadOutcome> {
  try {
    return { ok: true, config: await loadConfig(options) }
  } catch (error) {
    if (!(error instanceof HeddleError)) throw error
    const { cause } = error
    const known = { code: error.code, detail: withoutCode(error.detail) }
    return {
      ok: false,
      ...known,
      cause: cause instanceof Error ? { message: cause.message, stack: cause.stack ?? null } : null
    }
  }
}

/** What was offered may be a function, which cannot be sent to another thread, or what JSON has no words for. */
function withoutCode<Detail>(detail: Detail): Detail {
  return JSON.parse(
    JSON.stringify(detail, (_key, value: unknown) => {
      if (typeof value === 'function') return 'a function'
      const isOdd = typeof value === 'number' && !Number.isFinite(value)
      return isOdd || typeof value === 'bigint' || typeof value === 'symbol' ? String(value) : value
    })
  ) as Detail
}
