/**
 * Translates what Watt says of the server as a whole: its port, its log, its metrics, its end.
 *
 * Pure, for any thread.
 */
import { toId } from '../config/applications.ts'
import type { ForeignSettings } from './foreign-settings.ts'
import { compact } from './translation.ts'
import { milliseconds, variable } from './watt-supervision.ts'

const inFront = ['missing', 'is done by what stands in front: a load balancer, HAProxy, nginx'] as const

/**
 * Reads `server`. `{PORT}` is left out, since Heddle reads that variable by itself and can do without it, unless it is
 * in an env file, where Heddle does not look for settings of its own.
 *
 * @param defined Variables of the env file.
 */
export function serverOf(settings: ForeignSettings, defined: ReadonlySet<string>): Record<string, unknown> {
  const inside = settings.takeObject('server')
  if (inside === null) return {}
  const port = variable(inside.take('port'))
  const hostname = variable(inside.take('hostname'))
  const isRead = port === '{PORT}' && !defined.has('PORT')
  if (isRead) inside.tell('port', 'unneeded', 'PORT is read by itself (3000 without it)')
  const server = compact({
    port: isRead ? undefined : numeric(port),
    hostname,
    backlog: inside.takeNumber('backlog')
  })
  inside.close({
    https: inFront,
    http2: inFront,
    portAssignment: ['unneeded', 'there is one public port, which all workers share']
  })
  return server
}

/** Reads `logger` of the top. */
export function loggerOf(settings: ForeignSettings): Record<string, unknown> {
  const inside = settings.takeObject('logger')
  if (inside === null) return {}
  const written = variable(inside.take('level'))
  if (written === 'fatal') inside.tell('level', 'differs', '"fatal" is no level: it is error now')
  const transport = inside.takeObject('transport')
  const target = transport?.take('target')
  const isPretty = typeof target === 'string' && target.includes('pretty')
  if (isPretty)
    transport?.close({ options: ['missing', 'the pretty form of lines is fixed (logger.format)'] })
  else if (transport !== null) {
    inside.tell(
      'transport',
      'missing',
      'lines go to standard output and to logger.file; what ships them elsewhere reads those'
    )
  }
  const redact = inside.takeObject('redact')
  const paths = redact?.takeTexts(text => [text], 'paths') ?? []
  redact?.close({ censor: ['missing', 'hidden values are always [redacted]'] })
  inside.close({
    timestamp: ['unneeded', 'every line has its time'],
    captureStdio: ['unneeded', 'what applications write to their output always becomes lines of the log'],
    base: ['missing', 'the names of fields are fixed: see docs/logs.md'],
    messageKey: ['missing', 'the names of fields are fixed: see docs/logs.md'],
    customLevels: ['missing', 'levels are trace, debug, info, warn and error'],
    formatters: ['missing', 'lines are JSON or pretty (logger.format)'],
    pipeline: [
      'missing',
      'lines go to standard output and to logger.file; what ships them elsewhere reads those'
    ],
    openTelemetryExporter: ['missing', 'let a collector read standard output or logger.file']
  })
  return compact({
    level: written === 'fatal' ? 'error' : written,
    format: isPretty ? 'pretty' : undefined,
    redact: paths
  })
}

/** Reads `metrics`: what `admin` and `metrics` of Heddle say. */
export function metricsOf(settings: ForeignSettings): {
  admin: Record<string, unknown>
  metrics: Record<string, unknown>
} {
  const value = settings.take('metrics')
  if (value === false || value === 'false') return { admin: {}, metrics: { enabled: false } }
  if (value === undefined || value === null || value === true || typeof value === 'string')
    return { admin: {}, metrics: {} }
  const inside = settings.takeObject('metrics')
  if (inside === null) return { admin: {}, metrics: {} }
  const endpoint = inside.take('endpoint')
  if (endpoint !== undefined && endpoint !== '/metrics') {
    inside.tell('endpoint', 'missing', 'metrics are at /metrics: change the path in what scrapes them')
  }
  const admin = compact({
    port: numeric(variable(inside.take('port'))),
    hostname: variable(inside.take('hostname'))
  })
  const enabled = variable(inside.take('enabled'))
  const probe = ['differs', 'probes are at /livez, /readyz and /startupz, and answer 200 or 503'] as const
  inside.close({
    readiness: probe,
    liveness: probe,
    healthChecksTimeouts: ['unneeded', 'probes ask nobody, and answer at once'],
    timeout: ['differs', 'a worker has metrics.applicationTimeout to tell metrics of its own'],
    auth: [
      'missing',
      '/metrics is open to whoever reaches the administrative port: admin.hostname says who does'
    ],
    labels: ['missing', 'add labels where metrics are scraped (relabel_configs)'],
    applicationLabel: ['missing', 'the label is application'],
    plugins: ['missing', 'an application tells metrics of its own with metrics() of heddle/worker'],
    httpClientMetrics: [
      'missing',
      'calls between applications are counted; those to others are for the application to count'
    ],
    httpCustomLabels: [
      'missing',
      'labels are fixed; an application tells metrics of its own with metrics() of heddle/worker'
    ],
    otlpExporter: ['missing', 'let a collector scrape /metrics'],
    opentelemetry: ['missing', 'let a collector scrape /metrics']
  })
  return {
    admin,
    metrics: compact({ enabled: enabled === true || enabled === 'true' ? undefined : enabled })
  }
}

/** Reads `gracefulShutdown`: what `gracefulShutdown` and `rollout` of Heddle say. */
export function shutdownOf(settings: ForeignSettings): {
  whole: Record<string, unknown>
  rollout: Record<string, unknown>
} {
  const inside = settings.takeObject('gracefulShutdown')
  if (inside === null) return { whole: {}, rollout: {} }
  const whole = compact({ timeout: milliseconds(inside.take('runtime')) })
  const rollout = compact({ drainTimeout: milliseconds(inside.take('application', 'service')) })
  inside.close({ closeConnections: ['unneeded', 'clients are always told to come back on a new connection'] })
  return { whole, rollout }
}

/**
 * Reads `policies`: who may not call whom.
 *
 * @param ids Applications that are carried over; nothing has to be said of others.
 */
export function denialsOf(
  settings: ForeignSettings,
  ids: readonly string[]
): Record<string, readonly string[]> {
  const policies = settings.takeInner('policies')
  const deny = policies.takeInner('deny')
  const denied: Record<string, readonly string[]> = {}
  for (const name of deny.names) {
    const others = deny.takeTexts(text => [text], name).map(toId)
    const gone = [toId(name), ...others].filter(id => !ids.includes(id))
    if (gone.length > 0) deny.tell(name, 'unneeded', `${gone.join(' and ')} is left out`)
    const there = others.filter(id => ids.includes(id))
    if (ids.includes(toId(name)) && there.length > 0) denied[toId(name)] = there
  }
  policies.close({})
  return denied
}

/** A number that was written as a text. */
function numeric(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
}
