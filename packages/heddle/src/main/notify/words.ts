/**
 * The words for a service manager. Main thread only; pure but for the clock of the machine.
 */

/** What is known of a server, as far as it is told. A `StatusReport` fits. */
export interface ServerFacts {
  readonly phase: 'idle' | 'starting' | 'running' | 'stopping' | 'stopped'
  readonly url: string | null
  readonly zombies: number
  readonly maxZombies: number
  readonly applications: readonly ApplicationFacts[]
}

/** One of its applications. */
export interface ApplicationFacts {
  readonly id: string
  readonly phase: 'stopped' | 'starting' | 'running' | 'stopping'
  readonly ready: number
  readonly workers: readonly unknown[]
}

/** One line for people, as `systemctl status` shows it. */
export function statusLine({ phase, url, applications, zombies }: ServerFacts): string {
  const wanted = applications.filter(application => application.phase !== 'stopped')
  const ready = wanted.reduce((sum, application) => sum + application.ready, 0)
  const workers = wanted.reduce((sum, application) => sum + application.workers.length, 0)
  const down = wanted.filter(application => application.ready === 0).map(({ id }) => id)
  const counted = `${ready} of ${workers} ${workers === 1 ? 'worker' : 'workers'} ready`
  if (phase === 'idle' || phase === 'starting') return `Starting: ${counted}.`
  if (phase === 'stopping') return 'Stopping: finishing what is in flight.'
  if (phase === 'stopped') return 'Stopped.'
  const troubles = [
    down.length === 0 ? '' : ` No worker of ${down.join(', ')}.`,
    zombies === 0 ? '' : ` ${zombies} ${zombies === 1 ? 'thread is' : 'threads are'} stuck.`
  ]
  return `Serving${url === null ? '' : ` at ${url}`}: ${counted}.${troubles.join('')}`
}

/** The clock a service manager compares messages by: CLOCK_MONOTONIC, microseconds. */
export function monotonicUsec(): bigint {
  return process.hrtime.bigint() / 1000n
}
