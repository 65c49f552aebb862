/**
 * Puts the samples of applications and their workers into an exposition.
 *
 * Main thread only. Reads what is known and what is in shared memory; asks no thread.
 */
import { UNIT_MS } from '@heddle/mesh'

import { gcKinds, PER_MS, readHandles, readVitals, saysNotReady } from '../../channel/vitals.ts'
import type { RecentReportLine } from '../../control/answers.ts'
import { loopDelayBoundsMs } from '../../shared/loop-delay.ts'
import type { Announced } from './announced.ts'
import { toHistogram, toWholeHistogram } from './buckets.ts'
import { sumOf } from './counts.ts'
import type { Exposition, LabelValues } from './exposition.ts'
import type { MetricName } from './facts.ts'
import type { Totals } from './slot-totals.ts'
import type { MeteredApplication, MeteredSlot, MetricsSources } from './sources.ts'

/** States of a worker, and of an application. */
const threadStates = ['starting', 'ready', 'ejected', 'draining', 'stopping', 'exited', 'zombie']
const phases = ['stopped', 'starting', 'running', 'stopping']

/** Classes of statuses, in the order in which senders count them. */
export const statusClasses: readonly string[] = ['1xx', '2xx', '3xx', '4xx', '5xx']

/** Where the samples come from. */
export interface WorkerReadings {
  readonly announced: Announced
  /** Which bounds of the mesh are shown; see `buckets.ts`. */
  readonly bounds: readonly number[]
  readonly blocked: MetricsSources['blocked']
  readonly scaling: MetricsSources['scaling']
  totals(worker: string): Totals | null
  recent(worker: string): RecentReportLine | null
}

/** One application and all of its workers. */
export function addApplication(
  to: Exposition<MetricName>,
  application: MeteredApplication,
  readings: WorkerReadings
): void {
  const { settings, phase, slots, everySlot } = application
  const { id } = settings
  for (const each of phases) to.add('heddle_application_state', [id, each], each === phase ? 1 : 0)
  to.add('heddle_application_workers_desired', [id], phase === 'stopped' ? 0 : settings.workers)
  to.add('heddle_application_workers_ready', [id], slots.filter(isReady).length)
  const spares = application.status().spares.filter(({ state }) => state === 'spare')
  to.add('heddle_application_workers_spare', [id], spares.length)
  addScaling(to, application, readings)
  for (const slot of everySlot) {
    const totals = readings.totals(slot.fact.worker)
    if (totals !== null) {
      addTotals(to, labelsOf(slot), totals, readings.bounds)
      addConnections(to, slot, totals)
    }
    addHistory(to, slot, readings)
  }
  for (const slot of slots) addPresent(to, slot, readings)
}

const scalingModes = ['auto', 'pinned', 'off', 'fixed']
const refusals = ['max', 'total', 'cpu', 'memory', 'failed']

function addScaling(
  to: Exposition<MetricName>,
  { settings: { id, workers } }: MeteredApplication,
  { scaling, announced }: WorkerReadings
): void {
  const { mode, min, max, wanted, refusal } = scaling.view(id)
  to.add('heddle_scaling_target_workers', [id], wanted ?? workers)
  to.add('heddle_scaling_min_workers', [id], min)
  to.add('heddle_scaling_max_workers', [id], max)
  for (const each of scalingModes) to.add('heddle_scaling_mode', [id, each], each === mode ? 1 : 0)
  for (const each of refusals) to.add('heddle_scaling_refused', [id, each], each === refusal ? 1 : 0)
  for (const [reason, count] of announced.scalings(id)) {
    to.add('heddle_scaling_decisions_total', [id, reason], count)
  }
}

/** Milliseconds after which a heartbeat is stale, as the status has it. */
const staleMs = 500

/** Whoever is the last one gets requests although he is stuck or says no: that makes nobody ready. */
function isReady({ current }: MeteredSlot): boolean {
  if (current === null || current.state !== 'ready') return false
  return current.heartbeatAge() <= staleMs && !saysNotReady(current.vitals)
}

function labelsOf({ fact }: MeteredSlot): LabelValues {
  return [fact.application ?? '', fact.slot]
}

/** What only grows. */
function addTotals(
  to: Exposition<MetricName>,
  worker: LabelValues,
  totals: Totals,
  bounds: readonly number[]
): void {
  addRequests(to, worker, totals, bounds)
  const { tallies, activeMs, idleMs, cpuMs } = totals
  to.add('heddle_worker_event_loop_active_seconds_total', worker, activeMs / 1000)
  to.add('heddle_worker_event_loop_idle_seconds_total', worker, idleMs / 1000)
  to.add('heddle_worker_cpu_seconds_total', worker, cpuMs / 1000)
  for (const [index, kind] of gcKinds.entries()) {
    const microseconds = tallies.gcMicroseconds[index] ?? 0
    to.add('heddle_worker_gc_seconds_total', [...worker, kind], microseconds / 1e6)
    to.add('heddle_worker_gc_runs_total', [...worker, kind], tallies.gcCounts[index] ?? 0)
  }
  const delays = toWholeHistogram(tallies.loopDelays, tallies.loopDelayUnits / PER_MS, loopDelayBoundsMs)
  to.histogram('heddle_worker_event_loop_delay_seconds', worker, delays)
}

function addRequests(
  to: Exposition<MetricName>,
  worker: LabelValues,
  { tallies, unwaited }: Totals,
  bounds: readonly number[]
): void {
  for (const [index, status] of statusClasses.entries()) {
    to.add('heddle_http_requests_total', [...worker, status], tallies.answered[index] ?? 0)
  }
  const { durations, durationUnits, totals, totalUnits, waits, waitUnits } = tallies
  to.add('heddle_http_requests_lost_total', worker, tallies.lost)
  to.add('heddle_http_requests_failed_total', worker, tallies.failures)
  to.add('heddle_http_request_retries_total', worker, tallies.retries)
  to.add('heddle_http_upgrades_total', worker, tallies.upgrades)
  to.add('heddle_http_request_body_bytes_total', worker, tallies.bytesIn)
  to.add('heddle_http_response_body_bytes_total', worker, tallies.bytesOut)
  const show = (counts: readonly number[], units: number): ReturnType<typeof toHistogram> =>
    toHistogram(counts, units * UNIT_MS, bounds)
  to.histogram('heddle_http_response_time_seconds', worker, show(durations, durationUnits))
  to.histogram('heddle_http_request_duration_seconds', worker, show(totals, totalUnits))
  // Who did not wait has waited for no time.
  const allWaits = waits.map((count, index) => (index === 0 ? count + unwaited : count))
  to.histogram('heddle_http_queue_time_seconds', worker, show(allWaits, waitUnits))
}

/** Only of those that have had any: in edge mode there are none. */
function addConnections(to: Exposition<MetricName>, slot: MeteredSlot, { tallies }: Totals): void {
  if (tallies.connections === 0 && !slot.current?.connections()) return
  to.add('heddle_worker_connections_total', labelsOf(slot), tallies.connections)
}

/** What has happened to it. */
function addHistory(to: Exposition<MetricName>, slot: MeteredSlot, readings: WorkerReadings): void {
  const worker = labelsOf(slot)
  const name = slot.fact.worker
  for (const [reason, count] of Object.entries(slot.book.reasons)) {
    to.add('heddle_worker_restarts_total', [...worker, reason], count)
  }
  for (const [reason, count] of readings.announced.ejections(name)) {
    to.add('heddle_worker_ejections_total', [...worker, reason], count)
  }
  const { blocks, blockedMs } = readings.blocked(name)
  to.add('heddle_worker_blocks_total', worker, blocks)
  to.add('heddle_worker_blocked_seconds_total', worker, blockedMs / 1000)
  to.add('heddle_worker_zombies', worker, slot.zombies)
  const bootMs = readings.announced.bootMs(name)
  if (bootMs !== null) to.add('heddle_worker_boot_seconds', worker, bootMs / 1000)
}

/** How it is. */
function addPresent(to: Exposition<MetricName>, slot: MeteredSlot, readings: WorkerReadings): void {
  const recent = readings.recent(slot.fact.worker)
  const worker = labelsOf(slot)
  const { current, circuit } = slot
  const state = current?.state ?? 'exited'
  for (const each of threadStates) to.add('heddle_worker_state', [...worker, each], each === state ? 1 : 0)
  to.add('heddle_worker_circuit_open', worker, circuit === 'closed' ? 0 : 1)
  const inFlight = sumOf(slot.living.map(thread => thread.inflight()))
  to.add('heddle_http_requests_in_flight', worker, inFlight)
  if (current === null) return
  const clients = current.connections()
  if (clients !== null) {
    to.add('heddle_worker_connections', worker, clients.connections.open)
    to.add('heddle_worker_upgraded_connections', worker, clients.upgrades.open)
  }
  const { heapUsed, heapLimit, external } = readVitals(current.vitals)
  to.add('heddle_worker_heartbeat_age_seconds', worker, Math.max(0, current.heartbeatAge()) / 1000)
  if (recent?.elu != null) to.add('heddle_worker_event_loop_utilization_ratio', worker, recent.elu)
  to.add('heddle_worker_heap_used_bytes', worker, heapUsed)
  to.add('heddle_worker_heap_limit_bytes', worker, heapLimit)
  to.add('heddle_worker_external_memory_bytes', worker, external)
  to.add('heddle_worker_active_handles', worker, readHandles(current.vitals))
}
