/**
 * What the server has seen of a load test: who answered, who was busy, where requests have waited. Read off its
 * metrics, before and after. Main thread of a command; pure.
 */

/** All samples of a text of metrics: by name, with the labels. */
export type Samples = readonly Sample[]

/** One sample. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/
const label = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** Reads the text format of Prometheus. */
export function readSamples(text: string): Samples {
  return text.split('\n').flatMap(each => {
    const [, name, labels = '', value = ''] = line.exec(each) ?? []
    if (name === undefined) return []
    const pairs = Array.from(labels.matchAll(label), ([, key = '', word = '']) => [key, word] as const)
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }]
  })
}

/** A time as a histogram of metrics tells it. Milliseconds; `null` of nothing. */
export interface SeenTime {
  readonly mean: number | null
  readonly p99: number | null
  /** Whether all that is known of the percentile is that it is below that: it is in the first bucket. */
  readonly isBelow: boolean
}

/** What the server saw of one application. */
export interface ServerView {
  readonly application: string
  /** Requests it was sent, by whomever, over all its workers. */
  readonly requests: number
  readonly workers: readonly WorkerView[]
  /** Waiting for a worker, of all requests. */
  readonly queue: SeenTime
  /** From sending to the worker to the head of its response. */
  readonly response: SeenTime
  /** CPU time of the whole process, in CPUs. */
  readonly processCpus: number
}

/** One worker. */
export interface WorkerView {
  /** `application:slot`. */
  readonly name: string
  readonly requests: number
  /** Part of the requests of the application, 0 to 1. */
  readonly share: number
  /** CPU time of its thread, in CPUs. */
  readonly cpus: number
  /** Part of the time in which its event loop was busy, 0 to 1. */
  readonly busy: number
}

/** The difference between two scrapes, `elapsedMs` apart. */
export function viewOf(
  application: string,
  { before, after, elapsedMs }: { before: Samples; after: Samples; elapsedMs: number }
): ServerView {
  const grown = differences(before, after)
  const own = grown.filter(({ labels }) => labels['application'] === application)
  const byWorker = Map.groupBy(
    own.filter(({ name }) => name === 'heddle_http_requests_total'),
    ({ labels }) => Number(labels['worker'])
  )
  const requests = total(own, 'heddle_http_requests_total')
  const workers = [...byWorker]
    .toSorted(([a], [b]) => a - b)
    .map(([slot, samples]) => {
      const answered = samples.reduce((sum, { value }) => sum + value, 0)
      const active = own.filter(({ labels }) => labels['worker'] === String(slot))
      const busyMs = total(active, 'heddle_worker_event_loop_active_seconds_total') * 1000
      const cpuMs = total(active, 'heddle_worker_cpu_seconds_total') * 1000
      return {
        name: `${application}:${slot}`,
        requests: answered,
        share: requests === 0 ? 0 : answered / requests,
        cpus: elapsedMs <= 0 ? 0 : cpuMs / elapsedMs,
        busy: elapsedMs <= 0 ? 0 : Math.min(1, busyMs / elapsedMs)
      }
    })
  const cpuMs = total(grown, 'heddle_process_cpu_seconds_total') * 1000
  return {
    application,
    requests,
    workers,
    queue: timeOf(own, 'heddle_http_queue_time_seconds', requests),
    response: timeOf(own, 'heddle_http_response_time_seconds', null),
    processCpus: elapsedMs <= 0 ? 0 : cpuMs / elapsedMs
  }
}

function differences(before: Samples, after: Samples): Samples {
  const earlier = new Map(before.map(sample => [keyOf(sample), sample.value]))
  return after.map(sample => ({ ...sample, value: sample.value - (earlier.get(keyOf(sample)) ?? 0) }))
}

function keyOf({ name, labels }: Sample): string {
  return `${name} ${JSON.stringify(labels)}`
}

function total(samples: Samples, wanted: string): number {
  return samples.reduce((sum, { name, value }) => (name === wanted ? sum + value : sum), 0)
}

/**
 * Mean and 99th percentile of a histogram, all workers together.
 *
 * @param of How many there were when those that took no time are not in it; `null` when all are.
 */
function timeOf(samples: Samples, name: string, of: number | null): SeenTime {
  const counted = total(samples, `${name}_count`)
  const count = Math.max(counted, of ?? 0)
  if (count === 0) return { mean: null, p99: null, isBelow: false }
  const mean = (total(samples, `${name}_sum`) * 1000) / count
  const buckets = Map.groupBy(
    samples.filter(sample => sample.name === `${name}_bucket`),
    ({ labels }) => (labels['le'] === '+Inf' ? Infinity : Number(labels['le']))
  )
  const bounds = [...buckets]
    .map(([bound, each]) => ({ bound, below: each.reduce((sum, { value }) => sum + value, 0) }))
    .toSorted((a, b) => a.bound - b.bound)
  const uncounted = count - counted
  const wanted = 0.99 * count - uncounted
  if (wanted <= 0) return { mean, p99: 0, isBelow: false }
  const found = bounds.findIndex(({ below }) => below >= wanted)
  const { bound: to = Infinity, below: most = 0 } = bounds[found] ?? {}
  const { bound: from = 0, below: least = 0 } = bounds[found - 1] ?? {}
  if (found === 0 && Number.isFinite(to)) return { mean, p99: to * 1000, isBelow: true }
  // Taken evenly between the bounds of its bucket, as Prometheus does it.
  const part = most > least ? (wanted - least) / (most - least) : 1
  return { mean, p99: (Number.isFinite(to) ? from + (to - from) * part : from) * 1000, isBelow: false }
}
