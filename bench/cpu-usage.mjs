/**
 * Who used the CPUs while something was measured: the contender and its load, nobody, or somebody else.
 *
 * Runs in the process of `run.mjs`. A figure taken while others used the machine, or while it was half idle,
 * says less than it seems to; this makes both visible.
 */
import { readFileSync } from 'node:fs'

import { readProcFile, statFields } from './processes.mjs'

/** From this share on others have disturbed a measurement. */
export const foreignTolerated = 0.03

/** Ticks of all CPUs since the machine started. Busy includes interrupts. */
export function machineTicks() {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0]
  const [user, nice, system, idle, wait, irq, softirq, stolen] = line.split(/\s+/).slice(1).map(Number)
  const busy = user + nice + system + irq + softirq
  return { busy, stolen, total: busy + idle + wait + stolen }
}

// Fields as in proc(5), counted from the state, the third: utime and stime, then those of reaped children.
function processTicks(pid, withChildren) {
  const fields = statFields(pid)
  const own = Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
  return withChildren ? own + Number(fields[13] ?? 0) + Number(fields[14] ?? 0) : own
}

/** A reading to be handed to {@link usageBetween}. Linux charges interrupts to whom they interrupt. */
export function readUsage(pids) {
  const known = pids.filter(pid => readProcFile(pid, 'stat') !== '')
  const ours = known.reduce((sum, pid) => sum + processTicks(pid, false), processTicks(process.pid, true))
  return { ...machineTicks(), ours }
}

/**
 * What happened between two readings, as shares of the time of all CPUs.
 * @returns `idle`: nobody had work; `foreign`: used by processes that are not part of the benchmark.
 */
export function usageBetween(before, after) {
  const total = Math.max(1, after.total - before.total)
  const busy = after.busy - before.busy
  const stolen = after.stolen - before.stolen
  const foreign = Math.max(0, busy - (after.ours - before.ours))
  return {
    idle: Math.max(0, total - busy - stolen) / total,
    foreign: foreign / total,
    stolen: stolen / total
  }
}
