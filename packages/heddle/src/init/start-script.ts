/**
 * Reads from the scripts of a package.json what starts an application, and with what.
 *
 * Pure, for any thread. It follows `npm run` and the programs that only start node; it runs nothing.
 */
import { judgeNodeOptions, readNodeLine } from './node-line.ts'
import type { NodeOptions } from './node-line.ts'
import { commandsIn, wordsIn } from './words.ts'

/** What a command line starts. */
export interface Launch {
  /** The program: `node`, `tsx`, `next`. */
  readonly tool: string
  /** The file that node runs, as it was written; `null` when the program is not node or needs none. */
  readonly file: string | null
  readonly options: NodeOptions
  /** Words after the file. */
  readonly args: readonly string[]
  /** Variables set on the line. */
  readonly env: Readonly<Record<string, string>>
}

/** A script and what it starts. */
export interface StartScript {
  readonly name: string
  readonly launch: Launch
}

/** The scripts that may start an application, what production runs first. */
const startNames = ['start:prod', 'start:production', 'start', 'serve', 'server', 'start:dev', 'dev']

const nodeTools = new Set(['node', 'nodejs'])
const typeTools = new Set([
  'tsx',
  'ts-node',
  'ts-node-esm',
  'ts-node-dev',
  'tsnd',
  'babel-node',
  'swc-node',
  'bun'
])
const runners = new Set([
  'npx',
  'exec',
  'env',
  'cross-env',
  'cross-env-shell',
  'dotenv',
  'nice',
  'time',
  'sudo',
  'dotenvx'
])
const managers = new Set(['npm', 'pnpm', 'yarn', 'bun'])
const noOptions = judgeNodeOptions([])

/** Every script that starts something, what production runs first. */
export function startScripts(scripts: Readonly<Record<string, string>>): StartScript[] {
  return startNames.flatMap(name => {
    const line = Object.hasOwn(scripts, name) ? scripts[name] : undefined
    const launch = line === undefined ? null : readCommand(line, scripts)
    return launch === null ? [] : [{ name, launch }]
  })
}

/** What a command line starts: its last command that is known to start something; `null` when none is. */
export function readCommand(line: string, scripts: Readonly<Record<string, string>> = {}): Launch | null {
  return lastLaunch(line, scripts, 0)
}

/** What words start, as a process manager keeps them. */
export function readWords(
  words: readonly string[],
  scripts: Readonly<Record<string, string>>
): Launch | null {
  return launchOf(words, scripts, 0)
}

/** How far `npm run` is followed: scripts may call one another in a circle. */
const maxDepth = 4

function lastLaunch(line: string, scripts: Readonly<Record<string, string>>, depth: number): Launch | null {
  if (depth > maxDepth) return null
  const found = commandsIn(line).map(words => launchOf(words, scripts, depth))
  const known = found.filter(launch => launch !== null)
  return known.findLast(({ file }) => file !== null) ?? known.at(-1) ?? null
}

function launchOf(
  words: readonly string[],
  scripts: Readonly<Record<string, string>>,
  depth: number
): Launch | null {
  const env: Record<string, string> = {}
  let rest = [...words]
  for (;;) {
    const [word] = rest
    if (word === undefined) return null
    const variable = /^([A-Za-z_]\w*)=(.*)$/s.exec(word)
    if (variable?.[1] !== undefined) {
      env[variable[1]] = variable[2] ?? ''
      rest = rest.slice(1)
    } else if (runners.has(word)) rest = afterRunner(rest)
    else break
  }
  const [word = '', ...args] = rest
  const tool = word.replace(/^.*[/\\]/, '').replace(/\.(?:cmd|exe)$/, '')
  const called = managers.has(tool) ? scriptCalled(args) : null
  if (called !== null && Object.hasOwn(scripts, called)) {
    const launch = lastLaunch(scripts[called] ?? '', scripts, depth + 1)
    return launch === null ? null : { ...launch, env: { ...env, ...launch.env } }
  }
  return toolLaunch(tool, args, env)
}

function toolLaunch(tool: string, args: readonly string[], env: Launch['env']): Launch | null {
  if (nodeTools.has(tool)) return nodeLaunch('node', args, env)
  if (typeTools.has(tool))
    return nodeLaunch(
      tool,
      args.filter((word, index) => !isSubcommand(word, index)),
      env
    )
  if (tool === 'nodemon' || tool === 'node-dev') return watcherLaunch(args, env)
  if (tool === 'nest' && args[0] === 'start') {
    return { tool, file: 'dist/main.js', options: noOptions, args: [], env }
  }
  const isManager = tool === 'pm2' || tool === 'pm2-runtime'
  const managed = isManager
    ? args.find(word => /\.[cm]?[jt]s$/.test(word) && !/ecosystem|pm2/.test(word))
    : undefined
  return servers.has(tool) ? { tool, file: managed ?? null, options: noOptions, args, env } : null
}

/** Programs that serve something themselves, or start those that do. */
const servers = new Set([
  'next',
  'nuxt',
  'nuxi',
  'vite',
  'astro',
  'remix',
  'remix-serve',
  'react-router-serve',
  'react-scripts',
  'gatsby',
  'ng',
  'svelte-kit',
  'fastify',
  'strapi',
  'serve',
  'http-server',
  'pm2',
  'pm2-runtime',
  'wattpm',
  'platformatic',
  'heddle'
])

function nodeLaunch(tool: string, args: readonly string[], env: Launch['env']): Launch {
  const line = readNodeLine(args)
  return { tool, file: line.file, options: judgeNodeOptions(line.options), args: line.args, env }
}

function isSubcommand(word: string, index: number): boolean {
  return index === 0 && ['watch', 'run'].includes(word)
}

const watcherOptions = new Set([
  '-w',
  '--watch',
  '-e',
  '--ext',
  '-i',
  '--ignore',
  '--delay',
  '--signal',
  '--config'
])

/** nodemon: its own options, then those of node and the file; `--exec` names another program. */
function watcherLaunch(args: readonly string[], env: Launch['env']): Launch | null {
  const rest: string[] = []
  let program: string[] = []
  for (let index = 0; index < args.length; index += 1) {
    const word = args[index] ?? ''
    if (word === '-x' || word === '--exec') program = wordsIn(args[(index += 1)] ?? '')
    else if (watcherOptions.has(word)) index += 1
    else rest.push(word)
  }
  if (program.length === 0) return nodeLaunch('node', rest, env)
  return launchOf([...program, ...rest], {}, maxDepth)
}

/** What follows a program that only prepares another one: its own options and their values are left out. */
function afterRunner(words: readonly string[]): string[] {
  const [runner = '', ...rest] = words
  const end = rest.indexOf('--')
  if ((runner === 'dotenv' || runner === 'dotenvx') && end !== -1) return rest.slice(end + 1)
  const first = rest.findIndex(word => !word.startsWith('-') && word !== 'run')
  return first === -1 ? [] : rest.slice(first)
}

/** The script a package manager is told to run, `null` when it is told something else. */
function scriptCalled(args: readonly string[]): string | null {
  const words = args.filter(word => !word.startsWith('-'))
  const [first, second] = words
  if (first === 'run' || first === 'run-script') return second ?? null
  return first ?? null
}
