/** `heddle metrics`: prints all metrics in the form Prometheus reads. Main thread of a command. */
import { ask } from '../control-client.ts'
import { findServer } from '../find-server.ts'
import type { Run } from '../program.ts'

/** Runs the command. */
export const metrics: Run = async typed => {
  const { application } = typed.options
  const query = { application: typeof application === 'string' ? application : undefined }
  process.stdout.write(String(await ask(await findServer(typed), { operation: 'metrics', query })))
  return 0
}
