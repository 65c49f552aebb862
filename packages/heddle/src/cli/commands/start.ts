/**
 * `heddle start`: starts the server and stays until it is stopped.
 *
 * Main thread. Prints what started, for people on a terminal; everything else is in the log.
 */
import type { LogStyle } from '../../channel/messages.ts'
import type { ResolvedConfig } from '../../config/resolved.ts'
import type { ServiceManager } from '../../main/service-manager.ts'
import { resolveLogStyle } from '../../shared/log-style.ts'
import { isFailure } from '../../errors.ts'
import { freshSource } from '../../config/fresh.ts'
import { loadConfig } from '../../config/load.ts'
import type { LoadOptions } from '../../config/load.ts'
import { socketDirectory } from '../../control/server-facts.ts'
import { codeOf, printFailure } from '../failure.ts'
import { loadOptions } from '../load-typed.ts'
import type { Run, Typed } from '../program.ts'
import { startedText } from '../started-text.ts'

/** Runs the command. */
export const start: Run = async typed => {
  const manager = await meetServiceManager()
  const options = loadOptions(withJsonLog(typed))
  // A configuration file may change the environment; each time it is loaded it finds what was there before it.
  const env = { ...process.env }
  const config = await loadConfig(options)
  const isTerminal = process.stdout.isTTY
  const style = resolveLogStyle(config.logger, { isTerminal }, process.env)
  return run(config, { options: { ...options, env }, style, manager })
}

interface Circumstances {
  readonly options: LoadOptions
  readonly style: LogStyle
  readonly manager: ServiceManager | null
}

/** Who has started this process and wants to hear of it. Before anything else runs that could speak in its name. */
async function meetServiceManager(): Promise<ServiceManager | null> {
  if (process.env['NOTIFY_SOCKET'] === undefined) return null
  const { takeServiceManager } = await import('../../main/service-manager.ts')
  return takeServiceManager(process.env)
}

async function run(config: ResolvedConfig, circumstances: Circumstances): Promise<number | null> {
  const { options, style, manager } = circumstances
  const [{ openLogs }, { createCoordinator }, { endProcess, handleSignals }] = await Promise.all([
    import('../../main/compose-logs.ts'),
    import('../../main/coordinator.ts'),
    import('../../main/signals.ts')
  ])
  const logs = openLogs(config, style)
  const { log } = logs
  for (const warning of config.warnings) log.warn(warning)
  const coordinator = createCoordinator(config, {
    log,
    logs,
    logStyle: style,
    socketDirectory: socketDirectory(process.env),
    source: freshSource(options, config.startTimeout),
    shutDown: reason => signals.shutDown(reason)
  })
  const signals = handleSignals(manager?.tellOf(coordinator, { log, root: config.root }) ?? coordinator, log)
  try {
    const report = await coordinator.start()
    // Everyone else reads the same facts in the log lines of the coordinator.
    if (style.format === 'pretty' && process.stdout.isTTY) process.stdout.write(startedText(report))
    // The signals end the process from here on.
    return null
  } catch (error) {
    signals.forget()
    if (isFailure(error, 'HEDDLE_STOPPED')) return null
    if (style.format === 'pretty') printFailure(error)
    else log.error('Heddle could not start.', { error, exitCode: codeOf(error) })
    endProcess(coordinator, codeOf(error))
    return null
  }
}

/** `--json` is another way to ask for JSON lines; `--log-format` is more exact and wins. */
function withJsonLog({ words, options }: Typed): Typed {
  if (options['json'] !== true || options['log-format'] !== undefined) return { words, options }
  return { words, options: { ...options, 'log-format': 'json' } }
}
