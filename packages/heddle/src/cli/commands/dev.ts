/**
 * `heddle dev`: a server for who develops. Stays until it is stopped; applications that do not start do not end it.
 *
 * Main thread. The same server as that of `heddle start`, with other defaults (`config/development.ts`), other words,
 * and an ear for what is typed.
 */
import { inspectorPort } from '../../control/inspector-ports.ts'
import type { LogStyle } from '../../channel/messages.ts'
import { withInspectors } from '../../config/development.ts'
import { freshSource } from '../../config/fresh.ts'
import type { LoadOptions } from '../../config/load.ts'
import type { ResolvedConfig, ResolvedInspector } from '../../config/resolved.ts'
import { socketDirectory } from '../../control/server-facts.ts'
import { HeddleError, isFailure } from '../../errors.ts'
import { resolveLogStyle } from '../../shared/log-style.ts'
import { nextFreePort, whyTaken } from '../dev/free-port.ts'
import { listenForLines } from '../dev/keys.ts'
import { narrate, narrated } from '../dev/narrator.ts'
import { startedDevText } from '../dev/started-dev-text.ts'
import { codeOf, printFailure } from '../failure.ts'
import { loadOptions } from '../load-typed.ts'
import { paint } from '../paint.ts'
import type { Run, Typed } from '../program.ts'
import { firstConfig } from './dev-config.ts'

/** Node's own. */
const firstInspectorPort = 9229

/** Runs the command. */
export const dev: Run = async typed => {
  const inspector = inspectorOf(typed)
  const options: LoadOptions = { ...loadOptions(withJsonLog(typed)), development: true }
  // A configuration file may change the environment; each time it is loaded it finds what was there before it.
  const env = { ...process.env }
  const first = debugged(await firstConfig(options), inspector)
  const port = await freePort(first, typed)
  const settled = port === null ? options : { ...options, flags: { ...options.flags, port: String(port) } }
  const config = port === null ? first : { ...first, server: { ...first.server, port } }
  await assertInspectorsFree(config)
  return run(config, { options: { ...settled, env }, inspector })
}

interface Circumstances {
  readonly options: LoadOptions
  readonly inspector: ResolvedInspector | null
}

async function run(config: ResolvedConfig, { options, inspector }: Circumstances): Promise<number | null> {
  const [{ openLogs }, { createCoordinator }, { endProcess, handleSignals }] = await Promise.all([
    import('../../main/compose-logs.ts'),
    import('../../main/coordinator.ts'),
    import('../../main/signals.ts')
  ])
  const style = styleOf(config)
  const isTold = style.format === 'pretty'
  const logs = openLogs(config, style)
  const { log } = logs
  for (const warning of config.warnings) log.warn(warning)
  const source = freshSource(options, config.startTimeout)
  const coordinator = createCoordinator(config, {
    log,
    logs,
    logStyle: style,
    socketDirectory: socketDirectory(process.env),
    source: {
      load: async () => debugged(await source.load(), inspector),
      loadWith: async (...application) => debugged(await source.loadWith(...application), inspector)
    },
    shutDown: reason => signals.shutDown(reason),
    narrated: isTold ? narrated : undefined
  })
  const signals = handleSignals(coordinator, log, { forces: true })
  const { events, development } = coordinator
  if (isTold) narrate(events, log, config.root)
  const broken = new Set<string>()
  events.on('application:broken', ({ application }) => broken.add(application))
  events.on('application:mended', ({ application }) => broken.delete(application))
  listenForLines({
    restart: () => development?.restart(),
    explain: () => log.info('rs and Enter start everything anew, Ctrl-C ends.')
  })
  try {
    const report = await coordinator.start()
    const kinds = new Map(report.applications.map(({ id, kind }) => [id, kind]))
    const takesLines = process.stdin.isTTY
    const inspectorOfApplication = (id: string): number | null => portOf(config, id)
    const text = { ...report, config, kinds, broken, takesLines, inspectorOf: inspectorOfApplication }
    if (isTold && process.stdout.isTTY) process.stdout.write(startedDevText(text))
    else if (isTold)
      log.info(`heddle dev answers at ${report.url}, started in ${Math.round(report.bootMs)} ms`)
    // The signals end the process from here on.
    return null
  } catch (error) {
    signals.forget()
    if (isFailure(error, 'HEDDLE_STOPPED')) return null
    if (isTold) printFailure(error)
    else log.error('Heddle could not start.', { error, exitCode: codeOf(error) })
    endProcess(coordinator, codeOf(error))
    return null
  }
}

/** For people, unless JSON is asked for; in colours where there are any. */
function styleOf({ logger }: ResolvedConfig): LogStyle {
  const format = logger.format === 'json' ? 'json' : 'pretty'
  return resolveLogStyle({ ...logger, format }, { isTerminal: process.stdout.isTTY }, process.env)
}

/** `--json` is another way to ask for JSON lines; `--log-format` is more exact and wins. */
function withJsonLog({ words, options }: Typed): Typed {
  if (options['json'] !== true || options['log-format'] !== undefined) return { words, options }
  return { words, options: { ...options, 'log-format': 'json' } }
}

function debugged(config: ResolvedConfig, inspector: ResolvedInspector | null): ResolvedConfig {
  return inspector === null ? config : withInspectors(config, inspector)
}

/** `--inspect` or `--inspect-brk`, each with a port behind `=` or without. */
function inspectorOf({ options }: Typed): ResolvedInspector | null {
  const breaks = options['inspect-brk']
  const given = breaks ?? options['inspect']
  if (given === undefined) return null
  const port = given === true || given === '' ? firstInspectorPort : Number(given)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    const name = breaks === undefined ? '--inspect' : '--inspect-brk'
    const reason = `${name} takes a port from 1 to 65535, as in ${name}=9300, not ${JSON.stringify(given)}`
    throw new HeddleError('HEDDLE_COMMAND_INVALID', { reason })
  }
  return { port, breaks: breaks !== undefined }
}

/**
 * Known before anything is started. Resolves with the port to use in place of the configured one; `null` for that one.
 *
 * @throws HEDDLE_LISTEN_FAILED
 */
async function freePort({ server }: ResolvedConfig, { options }: Typed): Promise<number | null> {
  const { hostname, port } = server
  const code = await whyTaken(hostname, port)
  if (code === null) return null
  const next = code === 'EADDRINUSE' ? await nextFreePort(hostname, port) : null
  if (next !== null && options['next-port'] === true) return next
  if (next !== null && process.stderr.isTTY) {
    const hint = `Port ${next} is free: take it with --port ${next}, or always the next free one with --next-port.`
    process.stderr.write(`${paint('dim', hint, process.stderr)}\n`)
  }
  throw new HeddleError('HEDDLE_LISTEN_FAILED', { server: 'public', hostname, port, code })
}

/** @throws HEDDLE_LISTEN_FAILED */
async function assertInspectorsFree(config: ResolvedConfig): Promise<void> {
  const hostname = '127.0.0.1'
  for (const { id } of config.applications) {
    const port = portOf(config, id) ?? 0
    // oxlint-disable-next-line no-await-in-loop -- The first one that is taken.
    const code = await whyTaken(hostname, port)
    if (code !== null)
      throw new HeddleError('HEDDLE_LISTEN_FAILED', { server: 'inspector', hostname, port, code })
  }
}

/** Of the first worker of an application. */
function portOf({ applications, development }: ResolvedConfig, application: string): number | null {
  const inspector = development?.inspector ?? null
  return inspector === null ? null : inspectorPort(inspector.port, { applications, application, slot: 0 })
}
