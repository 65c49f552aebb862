/**
 * Puts the samples of the server, its edges and its mesh into an exposition.
 *
 * Main thread only. Reads what is known and what is in shared memory; asks no thread.
 */
import { readFileSync } from 'node:fs'

import type { MachineReportLine } from '../../control/answers.ts'
import { loopDelayBoundsMs } from '../../shared/loop-delay.ts'
import type { Announced } from './announced.ts'
import { toWholeHistogram } from './buckets.ts'
import type { Exposition } from './exposition.ts'
import type { MetricName } from './facts.ts'
import { statusClasses } from './gather-workers.ts'
import type { LoopTotals } from './loop-totals.ts'
import type { OwnLoop } from './own-loop.ts'
import { readProcess } from './process-facts.ts'
import type { MeteredEdge, MetricsSources, SentTraffic } from './sources.ts'

const phases = ['idle', 'starting', 'running', 'stopping', 'stopped']
const threadStates = ['starting', 'ready', 'draining', 'stopping', 'exited', 'zombie']

/** The server and its process. */
export function addServer(
  to: Exposition<MetricName>,
  sources: Pick<MetricsSources, 'phase' | 'zombies' | 'machine'>,
  { announced, loop }: { readonly announced: Announced; readonly loop: OwnLoop }
): void {
  const { version: node, platform, arch } = process
  to.add('heddle_build_info', [ownVersion(), node.replace(/^v/, ''), platform, arch], 1)
  for (const each of phases) to.add('heddle_server_state', [each], each === sources.phase() ? 1 : 0)
  to.add('heddle_zombies', [], sources.zombies())
  addReloads(to, announced)
  for (const [event, count] of announced.events) to.add('heddle_events_total', [event], count)
  to.add('heddle_coordinator_event_loop_utilization_ratio', [], loop.utilization())
  to.add('heddle_coordinator_event_loop_active_seconds_total', [], loop.activeMs() / 1000)
  const { counts, sumMs } = loop.delays()
  const delays = toWholeHistogram(counts, sumMs, loopDelayBoundsMs)
  to.histogram('heddle_coordinator_event_loop_delay_seconds', [], delays)
  const { cpu, rssBytes, openFds, maxFds, startedAt } = readProcess()
  to.add('heddle_process_cpu_seconds_total', ['user'], cpu.user / 1e6)
  to.add('heddle_process_cpu_seconds_total', ['system'], cpu.system / 1e6)
  to.add('heddle_process_resident_memory_bytes', [], rssBytes)
  if (openFds !== null) to.add('heddle_process_open_fds', [], openFds)
  if (maxFds !== null) to.add('heddle_process_max_fds', [], maxFds)
  to.add('heddle_process_start_time_seconds', [], startedAt)
  addMachine(to, sources.machine())
}

function addMachine(to: Exposition<MetricName>, machine: MachineReportLine): void {
  const { cpus, throttledMs, memoryLimit, memoryUsed, memoryFree } = machine
  to.add('heddle_machine_cpus', [], cpus)
  to.add('heddle_machine_cpu_throttled_seconds_total', [], (throttledMs ?? 0) / 1000)
  to.add('heddle_machine_memory_limit_bytes', [], memoryLimit)
  to.add('heddle_machine_memory_used_bytes', [], memoryUsed)
  to.add('heddle_machine_memory_free_bytes', [], memoryFree)
  for (const resource of ['cpu', 'memory'] as const) {
    const percent = resource === 'cpu' ? machine.cpuPressure : machine.memoryPressure
    if (percent !== null) to.add('heddle_machine_pressure_ratio', [resource], percent / 100)
  }
}

/** Edge threads, each with what it has seen of clients. */
export function addEdge(to: Exposition<MetricName>, metered: MeteredEdge, loop: LoopTotals): void {
  const { fact, state, reasons, counts, current } = metered
  const edge = [fact.slot]
  for (const each of threadStates) to.add('heddle_edge_state', [...edge, each], each === state ? 1 : 0)
  for (const [reason, count] of Object.entries(reasons)) {
    to.add('heddle_edge_restarts_total', [...edge, reason], count)
  }
  if (current !== null) {
    to.add('heddle_edge_heartbeat_age_seconds', edge, Math.max(0, current.heartbeatAge()) / 1000)
  }
  to.add('heddle_edge_event_loop_active_seconds_total', edge, loop.activeMs / 1000)
  to.add('heddle_edge_event_loop_idle_seconds_total', edge, loop.idleMs / 1000)
  if (counts === null) return
  const { connections, upgrades, responses, ended, invalid, bytesIn, bytesOut } = counts
  to.add('heddle_edge_connections', edge, connections.open)
  to.add('heddle_edge_connections_total', edge, connections.total)
  to.add('heddle_edge_connections_dropped_total', edge, connections.dropped)
  for (const [index, status] of statusClasses.entries()) {
    to.add('heddle_edge_responses_total', [...edge, status], responses[index] ?? 0)
  }
  for (const [reason, count] of Object.entries(ended)) {
    to.add('heddle_edge_requests_total', [...edge, reason], count)
  }
  to.add('heddle_edge_requests_invalid_total', edge, invalid)
  to.add('heddle_edge_upgraded_connections', edge, upgrades.open)
  to.add('heddle_edge_upgrades_total', edge, upgrades.total)
  to.add('heddle_edge_received_bytes_total', edge, bytesIn)
  to.add('heddle_edge_sent_bytes_total', edge, bytesOut)
}

/** What applications have called one another. */
export function addMesh(
  to: Exposition<MetricName>,
  traffic: readonly SentTraffic[],
  circuits: ReturnType<MetricsSources['circuits']>
): void {
  for (const { labels, requests, failures } of sumTraffic(traffic)) {
    to.add('heddle_mesh_requests_total', labels, requests)
    to.add('heddle_mesh_requests_failed_total', labels, failures)
  }
  const open = new Map<string, { readonly labels: readonly string[]; count: number }>()
  for (const { from, to: target } of circuits) {
    const labels = [from.slice(0, from.lastIndexOf(':')), target]
    const known = open.get(labels.join(' ')) ?? { labels, count: 0 }
    known.count++
    open.set(labels.join(' '), known)
  }
  for (const { labels, count } of open.values()) to.add('heddle_mesh_circuits_open', labels, count)
}

interface Calls {
  readonly labels: readonly string[]
  requests: number
  failures: number
}

/** All threads of an application together, and all edges. */
function sumTraffic(traffic: readonly SentTraffic[]): readonly Calls[] {
  const sums = new Map<string, Calls>()
  for (const { from, traffic: sent } of traffic) {
    for (const { to: target, requests, failures } of sent) {
      const labels = [from ?? 'edge', target ?? 'others']
      const known = sums.get(labels.join(' ')) ?? { labels, requests: 0, failures: 0 }
      known.requests += requests
      known.failures += failures
      sums.set(labels.join(' '), known)
    }
  }
  return [...sums.values()]
}

function addReloads(to: Exposition<MetricName>, { reloads }: Announced): void {
  const { done, failed, wasLastDone, lastDoneAt, lastMs } = reloads
  to.add('heddle_reloads_total', ['done'], done)
  to.add('heddle_reloads_total', ['failed'], failed)
  to.add('heddle_reload_last_successful', [], wasLastDone ? 1 : 0)
  to.add('heddle_reload_last_success_timestamp_seconds', [], lastDoneAt / 1000)
  if (lastMs !== null) to.add('heddle_reload_last_duration_seconds', [], lastMs / 1000)
}

let version: string | null = null

/** Of the package this file belongs to. */
function ownVersion(): string {
  version ??= readVersion()
  return version
}

function readVersion(): string {
  try {
    const file = new URL(import.meta.resolve('heddle/package.json'))
    const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest
    return isManifest ? String(manifest.version) : 'unknown'
  } catch {
    // Bundled into a program of somebody else's: there is no manifest.
    return 'unknown'
  }
}
