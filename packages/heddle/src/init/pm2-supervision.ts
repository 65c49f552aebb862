/**
 * Translates what PM2 says of the life of a process: restarts, limits, times, logs.
 *
 * Pure, for any thread.
 */
import { parseDuration, parseMemory } from '../config/units.ts'
import type { ForeignSettings } from './foreign-settings.ts'
import { periodOf } from './pm2-schedule.ts'
import { durationText, memoryText } from './translation.ts'

/** What a process says about the whole server. */
export interface ServerShare {
  /** Milliseconds. */
  readonly startTimeout: number | null
  /** Milliseconds. */
  readonly killTimeout: number | null
  readonly logFile: string | null
}

/** Reads `max_memory_restart` and `cron_restart`: what `recycle` of Heddle says. */
export function recycleOf(settings: ForeignSettings): Record<string, unknown> {
  const recycle: Record<string, unknown> = {}
  const memory = settings.take('max_memory_restart')
  if (memory !== undefined && memory !== null) {
    const bytes = typeof memory === 'number' ? memory : bytesOf(memory)
    if (bytes === null)
      settings.tell('max_memory_restart', 'missing', 'is no amount of memory and has been left out')
    else {
      recycle['maxHeap'] = memoryText(bytes)
      settings.tell(
        'max_memory_restart',
        'differs',
        'is the heap of each worker now (recycle.maxHeap), since threads share the rest; recycle.maxRss is about the whole process'
      )
    }
  }
  const cron = settings.takeText('cron_restart', 'cron')
  if (cron === undefined || cron === '0') return recycle
  const period = periodOf(cron)
  if (period === null) {
    settings.tell(
      'cron_restart',
      'missing',
      `nothing is restarted by the clock ("${cron}"): let cron call heddle restart`
    )
  } else {
    recycle['maxAge'] = durationText(period)
    settings.tell(
      'cron_restart',
      'differs',
      `each worker is replaced at that age (recycle.maxAge), not by the clock; heddle restart from cron keeps the hour`
    )
  }
  return recycle
}

/** PM2 writes `300M`, without a B. */
function bytesOf(text: unknown): number | null {
  const match = typeof text !== 'string' ? null : /^(\d+(?:\.\d+)?)\s*([kmg]?)b?$/i.exec(text.trim())
  if (match === null) return null
  if (match[2] === '') return Number(match[1])
  const mebibytes = parseMemory(`${match[1]}${match[2]}B`)
  return mebibytes === null ? null : mebibytes * 1024 ** 2
}

/** Reads what is about restarts after failures: what `restart` of Heddle says. */
export function restartOf(settings: ForeignSettings): Record<string, unknown> {
  const restart: Record<string, unknown> = {}
  const delay = settings.takeNumber('restart_delay')
  const backoff = settings.takeNumber('exp_backoff_restart_delay')
  const wait = backoff ?? delay
  if (wait !== undefined && wait > 0) {
    restart['backoffMin'] = durationText(wait)
    const name = backoff === undefined ? 'restart_delay' : 'exp_backoff_restart_delay'
    settings.tell(
      name,
      'differs',
      'is the wait of the second restart in a row, and doubles; the first is at once'
    )
  }
  const most = settings.takeNumber('max_restarts')
  if (most !== undefined && most > 0) {
    restart['maxFailures'] = most
    settings.tell(
      'max_restarts',
      'differs',
      'after so many failures in a minute a worker is tried only every 30 s (restart.openFor): it is never given up'
    )
  }
  const uptime = settings.takeText('min_uptime')
  const ms = uptime === undefined ? null : parseDuration(uptime)
  if (ms !== null && ms > 0) restart['resetAfter'] = durationText(ms)
  if (settings.takeBoolean('autorestart') === false) {
    settings.tell(
      'autorestart',
      'missing',
      'what ends is started again: what is to run once belongs to cron, a systemd unit or a script'
    )
  }
  return restart
}

/** Reads the times of start and stop, and the files of the log. */
export function shareOf(settings: ForeignSettings): ServerShare {
  const startTimeout = settings.takeNumber('listen_timeout')
  const killTimeout = settings.takeNumber('kill_timeout')
  if (killTimeout !== undefined) {
    settings.tell(
      'kill_timeout',
      'differs',
      'is how long a worker that is replaced may finish (rollout.drainTimeout), and the stop of all (gracefulShutdown.timeout)'
    )
  }
  if (settings.takeBoolean('wait_ready') === true) {
    settings.tell(
      'wait_ready',
      'differs',
      'there is no process.send() in a thread: a worker is ready when it listens; what else it waits for goes into onReady() of heddle/worker'
    )
  }
  const files = [
    settings.takeText('out_file', 'out', 'output', 'out_log'),
    settings.takeText('error_file', 'error', 'err', 'err_file', 'err_log'),
    settings.has('log_file', 'log') ? String(settings.take('log_file', 'log')) : undefined
  ]
  const logFile = files.find(file => file !== undefined && !/^(?:\/dev\/null|NULL|true|false)$/.test(file))
  if (logFile !== undefined) {
    const name = ['out_file', 'error_file', 'log_file'].find(each => settings.has(each)) ?? 'log'
    settings.tell(
      name,
      'differs',
      'all applications write into one file (logger.file), which is renamed by size and age; heddle logs shows those of one'
    )
  }
  return { startTimeout: startTimeout ?? null, killTimeout: killTimeout ?? null, logFile: logFile ?? null }
}

/** Reads what is about watching, of which nothing is carried over. */
export function tellOfWatching(settings: ForeignSettings): void {
  const watch = settings.take('watch')
  const isWatching = watch !== undefined && watch !== null && watch !== false && watch !== 'false'
  if (isWatching)
    settings.tell('watch', 'differs', 'heddle dev watches what an application loads; heddle start never does')
  for (const name of ['ignore_watch', 'watch_options', 'watch_delay']) {
    if (!settings.has(name)) continue
    settings.take(name)
    settings.tell(
      name,
      'unneeded',
      'heddle dev leaves out what git ignores, and waits until a change is over'
    )
  }
}
