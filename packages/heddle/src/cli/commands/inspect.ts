/**
 * `heddle inspect`: opens the inspector of one worker, and closes it when it is ended.
 *
 * Main thread of a command. The inspector is the server's: it stays open when this command is killed.
 */
import { isAlive } from '../../control/server-facts.ts'
import type { InspectorAddress } from '../../main/admin/operations.ts'
import { ask } from '../control-client.ts'
import type { Server } from '../control-client.ts'
import { findServer } from '../find-server.ts'
import { paint } from '../paint.ts'
import type { Run } from '../program.ts'
import { typedNumber } from '../typed-number.ts'
import { aborted, untilSignal } from '../until-signal.ts'
import { workerNamed } from '../worker-name.ts'

/** How often it is looked whether the server is still there, in milliseconds. */
const lookMs = 1000

/** Runs the command. */
export const inspect: Run = async typed => {
  const [worker = ''] = typed.words
  const place = workerNamed(worker)
  const port = typedNumber(typed, 'port', { min: 0, max: 65_535 }) ?? 0
  const server = await findServer(typed)
  const end = untilSignal()
  const address = await ask(server, { operation: 'inspect', place, body: { port } })
  const text =
    typed.options['json'] === true ? JSON.stringify({ ok: true, ...address }) : addressText(worker, address)
  process.stdout.write(`${text}\n`)
  const gone = watch(server)
  await Promise.race([aborted(end.signal), gone.promise])
  gone.stop()
  end.release()
  if (!end.signal.aborted) return 0
  await ask(server, { operation: 'closeInspector', place })
  return end.code()
}

function addressText(worker: string, { url, devtoolsUrl }: InspectorAddress): string {
  const out = process.stdout
  return [
    `${paint('green', '●', out)} The inspector of ${worker} listens at ${paint('cyan', url, out)}`,
    `  Chrome: ${devtoolsUrl}`,
    '  Ctrl-C closes it.'
  ].join('\n')
}

/** Resolves when the process of the server has ended: nobody tells. One that is known by its socket is not watched. */
function watch({ pid }: Server): { readonly promise: Promise<void>; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setInterval(() => {
    if (pid !== null && !isAlive(pid)) resolve()
  }, lookMs)
  return { promise, stop: () => clearInterval(timer) }
}
