/** `heddle heap`: writes down everything on the heap of a worker. Main thread of a command. */
import { openAnswer } from '../control-client.ts'
import { failureAsJson } from '../failure.ts'
import { findServer } from '../find-server.ts'
import { paint } from '../paint.ts'
import type { Run, Typed } from '../program.ts'
import { destinationOf, documentName, saveDocument } from '../save-document.ts'
import { size } from '../terminal/amounts.ts'
import { workerNamed } from '../worker-name.ts'

/** Runs the command. */
export const heap: Run = async typed => {
  if (typed.options['json'] !== true) {
    const { path, bytes } = await snapshot(typed)
    const mark = paint('green', '✔', process.stdout)
    const how = 'Open it in the DevTools of Chrome (Memory, Load profile).'
    if (path !== '-') process.stdout.write(`${mark} ${path} (${size(bytes)})\n  ${how}\n`)
    return 0
  }
  try {
    process.stdout.write(`${JSON.stringify({ ok: true, ...(await snapshot(typed)) })}\n`)
    return 0
  } catch (error) {
    return failureAsJson(error)
  }
}

async function snapshot(typed: Typed): Promise<{ path: string; bytes: number }> {
  const [worker = ''] = typed.words
  const place = workerNamed(worker)
  const server = await findServer(typed)
  if (process.stderr.isTTY) {
    process.stderr.write(`${paint('dim', `  ${worker} stands still meanwhile`, process.stderr)}\n`)
  }
  const response = await openAnswer(server, { operation: 'heapSnapshot', place })
  const destination = destinationOf(typed.options['output'], documentName(worker, 'heapsnapshot', new Date()))
  return { path: destination.path, bytes: await saveDocument(response, destination, 'heap snapshot') }
}
