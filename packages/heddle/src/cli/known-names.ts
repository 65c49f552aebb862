/**
 * Finds out whether there is what a command is to show the log or the events of: otherwise a misspelt name would show
 * nothing, without a word.
 *
 * Main thread of a command.
 */
import { HeddleError } from '../errors.ts'
import { ask } from './control-client.ts'
import type { Server } from './control-client.ts'

/** What is to be there; `undefined` when nothing was named. */
export interface Named {
  readonly application?: string | undefined
  /** `application:slot` or `edge:index`. */
  readonly worker?: string | undefined
}

/** @throws HEDDLE_UNKNOWN_APPLICATION, HEDDLE_UNKNOWN_WORKER */
export async function assertKnown(server: Server, { application, worker }: Named): Promise<void> {
  if (application === undefined && worker === undefined) return
  const { applications, edges } = await ask(server, { operation: 'status' })
  if (edges.some(({ name }) => name === worker)) return
  const [, id = application ?? worker ?? '', slot] = /^(.+):(\d+)$/.exec(worker ?? '') ?? []
  const found = applications.find(each => each.id === id)
  if (found === undefined) {
    const known = applications.map(each => each.id)
    throw new HeddleError('HEDDLE_UNKNOWN_APPLICATION', { application: id, known })
  }
  if (worker === undefined || found.workers.some(({ name }) => name === worker)) return
  const workers = found.workers.length
  throw new HeddleError('HEDDLE_UNKNOWN_WORKER', { application: id, slot: Number(slot), workers })
}
