/**
 * Makes the log of a server, before anything else of it: what happens from then on is in it.
 *
 * Main thread only. A part of the composition root; whoever starts a server passes what is made here to the coordinator.
 */
import type { LogStyle } from '../channel/messages.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { systemClock } from '../shared/clock.ts'
import { Logs } from './logs/logs.ts'

export type { Logs }

/**
 * The log of one server; the coordinator starts and stops it.
 *
 * @param given How lines look. Defaults to JSON at the configured level.
 */
export function openLogs({ logger }: ResolvedConfig, given?: LogStyle): Logs {
  // Whoever looks at the stream makes a pipe non-blocking: a reader that stands still then holds no thread up for ever.
  void process.stdout.isTTY
  const style = given ?? { level: logger.level, format: 'json', colour: false }
  return new Logs({ logger, style, clock: systemClock })
}
