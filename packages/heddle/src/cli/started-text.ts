/** What a person sees on the terminal when everything has started. Main thread; pure but for colours. */
import { paint } from './paint.ts'

/** The facts of a start; what the coordinator reports fits. */
export interface Started {
  readonly url: string
  readonly adminUrl: string | null
  readonly bootMs: number
  readonly applications: readonly { readonly id: string; readonly workers: number; readonly kind: string }[]
}

/** A short block: how long it took, where it answers, what runs. */
export function startedText({ url, adminUrl, bootMs, applications }: Started): string {
  const out = process.stdout
  const idWidth = Math.max(...applications.map(({ id }) => id.length))
  const workerWidth = Math.max(...applications.map(({ workers }) => String(workers).length))
  const lines = applications.map(({ id, workers, kind }) => {
    const noun = workers === 1 ? 'worker ' : 'workers'
    const count = `${String(workers).padStart(workerWidth)} ${noun}`
    return `  ${paint('bold', id.padEnd(idWidth), out)}  ${count}  ${paint('dim', kind, out)}`
  })
  const admin = adminUrl === null ? [] : ['', `  ${paint('dim', `Probes and status at ${adminUrl}`, out)}`]
  return [
    '',
    `  ${paint('green', '●', out)} Heddle answers at ${paint('cyan', url, out)} ${paint('dim', `(started in ${Math.round(bootMs)} ms)`, out)}`,
    '',
    ...lines,
    ...admin,
    '',
    ''
  ].join('\n')
}
