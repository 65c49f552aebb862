/**
 * Translates one process of PM2 into one application.
 *
 * Pure over a {@link Disk}. What cannot be an application is told and left out.
 */
import { join, relative, resolve } from 'node:path'

import type { Disk } from '../config/disk.ts'
import { ForeignSettings } from './foreign-settings.ts'
import { literal } from './literal.ts'
import type { Note } from './note.ts'
import { readCommandOf } from './pm2-command.ts'
import type { Command } from './pm2-command.ts'
import { applicationFates } from './pm2-fates.ts'
import { recycleOf, restartOf, shareOf, tellOfWatching } from './pm2-supervision.ts'
import type { ServerShare } from './pm2-supervision.ts'
import { callsIn, readSources } from './source-text.ts'
import { freeId } from './survey.ts'
import { compact, durationText } from './translation.ts'
import type { TranslatedApplication } from './translation.ts'

/** What all processes are translated with. */
export interface Pm2Context {
  readonly disk: Disk
  /** Directory of the file, absolute. */
  readonly root: string
  /** Ids that are given already. */
  readonly taken: Set<string>
  readonly notes: Note[]
}

/** A process, translated. */
export interface TranslatedProcess {
  readonly application: TranslatedApplication
  readonly share: ServerShare
}

/** Translates one entry of `apps`; `null` when it cannot be an application, which is then told. */
export function translateProcess(
  written: Readonly<Record<string, unknown>>,
  key: string,
  context: Pm2Context
): TranslatedProcess | null {
  const { disk, root, taken, notes } = context
  const settings = new ForeignSettings(written, key, notes)
  const directory = resolve(root, settings.takeText('cwd') ?? '.')
  const name = settings.takeText('name')
  const command = readCommandOf(settings, disk, directory)
  const reason = reasonToLeave(settings, command)
  if (!command.isFit || reason !== null) {
    settings.tell('', 'missing', `${name ?? 'it'} is left out: it ${reason ?? 'cannot be run'}`)
    return null
  }
  const id = freeId(name ?? command.file.replace(/^.*\/|\.\w+$/g, ''), taken)
  if (name !== undefined && name !== id) settings.tell('name', 'differs', `"${name}" has the id ${id}`)
  const env = environmentOf(settings, command)
  const instances = instancesOf(settings)
  const options = {
    path: directory === root ? undefined : pathOf(root, directory),
    entry: literal(command.file),
    workers: instances.workers,
    env: literal(env),
    ...nodeOptionsOf(settings, command, join(directory, command.file), disk),
    recycle: recycleOf(settings),
    restart: restartOf(settings)
  }
  tellOfDirectory(settings, context, directory)
  const share = shareOf(settings)
  if (share.killTimeout !== null)
    Object.assign(options, { rollout: { drainTimeout: durationText(share.killTimeout) } })
  tellOfWatching(settings)
  settings.close(applicationFates)
  const looks = looksOf(command, env, { disk, directory, settings })
  return {
    share,
    application: {
      id,
      key,
      options: compact(options),
      directory,
      ...looks,
      serves: looks.serves || instances.isCluster
    }
  }
}

/** Why a process cannot be an application; `null` when it can. */
function reasonToLeave(settings: ForeignSettings, command: Command): string | null {
  if (!command.isFit) return command.reason
  const isJob = settings.has('cron_restart', 'cron') && settings.take('autorestart') === false
  return isJob ? 'runs by the clock and ends: start it from cron or a systemd timer' : null
}

interface Place {
  readonly disk: Disk
  readonly directory: string
  readonly settings: ForeignSettings
}

type Looks = Pick<TranslatedApplication, 'serves' | 'port' | 'calls'>

/** What its code and its variables say of a process. */
function looksOf(
  command: Command & { isFit: true },
  env: Readonly<Record<string, string>>,
  { disk, directory, settings }: Place
): Looks {
  const file = join(directory, command.file)
  const facts = readSources(disk, file)
  for (const trouble of facts.troubles) {
    // That has been said of the setting already.
    const isSaid = settings.has('wait_ready') && trouble.includes('process.send()')
    if (!isSaid) settings.tell('script', 'differs', `its code ${trouble}`)
  }
  const port = Number(env['PORT'] ?? portArgument(command) ?? facts.port ?? Number.NaN)
  return {
    // What is built later may do so: nobody can tell yet.
    serves: facts.serves || 'PORT' in env || disk.kind(file) !== 'file',
    port: Number.isSafeInteger(port) ? port : null,
    calls: [...new Set([...facts.calls, ...Object.values(env).flatMap(callsIn)])]
  }
}

function pathOf(root: string, directory: string): string {
  const path = relative(root, directory).replaceAll('\\', '/')
  return literal(path.startsWith('..') ? directory : `./${path}`)
}

/** `env`, with `env_production` over it: what `pm2 start --env production` gives. */
function environmentOf(
  settings: ForeignSettings,
  command: Command & { isFit: true }
): Record<string, string> {
  const env = { ...command.launch.env, ...settings.takeVariables('env') }
  for (const name of settings.names.filter(each => /^env_(?!file$)/.test(each))) {
    if (name === 'env_production') Object.assign(env, settings.takeVariables(name))
    else {
      settings.take(name)
      settings.tell(
        name,
        'differs',
        'only env and env_production are carried over: keep others in files, and choose one with envFile'
      )
    }
  }
  const port = settings.takeText('port')
  if (port !== undefined) env['PORT'] = port
  return env
}

interface Instances {
  readonly workers: number | undefined
  readonly isCluster: boolean
}

function instancesOf(settings: ForeignSettings): Instances {
  const mode = settings.takeText('exec_mode')
  const written = settings.take('instances')
  const count = written === 'max' ? 0 : Number(written ?? 1)
  const isCluster = mode?.startsWith('cluster') ?? written !== undefined
  if (!Number.isSafeInteger(count)) {
    settings.tell('instances', 'missing', 'is not a number and has been left out')
    return { workers: undefined, isCluster }
  }
  if (count > 0) return { workers: count, isCluster: isCluster && count > 1 }
  const text =
    count === 0
      ? 'as many as there are CPUs becomes one less, which is the default: a thread of Heddle holds the public port'
      : `CPUs ${count} becomes CPUs − 1, which is the default; workers: { min, max } follows the load`
  if (count !== -1) settings.tell('instances', 'differs', text)
  return { workers: undefined, isCluster: true }
}

function nodeOptionsOf(
  settings: ForeignSettings,
  { launch }: Command & { isFit: true },
  file: string,
  disk: Disk
): Record<string, unknown> {
  const { options, args } = launch
  const needsBuild = /\.[cm]?ts$/.test(file) ? readSources(disk, file).needsBuild : null
  const envFile = settings.takeText('env_file') ?? options.envFile
  const isMapped = settings.takeBoolean('source_map_support') === true
  if (args.length > 0) {
    settings.tell(
      'args',
      'missing',
      `a worker has no arguments (${args.join(' ')}): read variables (env) instead`
    )
  }
  if (options.left.length > 0) {
    settings.tell(
      'node_args',
      'missing',
      `a worker cannot have ${options.left.join(' ')}: give it to node when Heddle is started (NODE_OPTIONS), for all`
    )
  }
  if (needsBuild !== null) {
    settings.tell(
      'script',
      'differs',
      `node cannot run its TypeScript as it is (${needsBuild}): tsx is preloaded and has to be installed`
    )
  }
  const preload = options.preload.filter(name => needsBuild === null || !/^(?:tsx|ts-node)/.test(name))
  return {
    envFile: envFile === null ? undefined : literal(envFile),
    preload: [...preload, ...(needsBuild === null ? [] : ['tsx'])],
    execArgv: [...options.execArgv, ...(isMapped ? ['--enable-source-maps'] : [])],
    limits: options.oldGeneration === null ? undefined : { oldGeneration: options.oldGeneration }
  }
}

/** Threads cannot have a working directory of their own. */
function tellOfDirectory(settings: ForeignSettings, { disk, root }: Pm2Context, directory: string): void {
  if (directory === root) return
  const env = disk.kind(join(directory, '.env')) === 'file'
  const more = env ? '; dotenv looks there too: name its file as envFile' : ''
  settings.tell(
    'cwd',
    'differs',
    `process.cwd() is the directory in which Heddle is started, for all applications${more}`
  )
}

/** `--port 3000` or `-p 3000` behind the file. */
function portArgument({ launch }: Command & { isFit: true }): string | undefined {
  return /(?:^|\s)(?:-p|--port)[=\s](\d{2,5})(?:\s|$)/.exec(launch.args.join(' '))?.[1]
}
