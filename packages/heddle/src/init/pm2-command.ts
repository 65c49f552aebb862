/**
 * Finds out what a process of PM2 runs: a file of node, through whatever starts it, or something Heddle cannot run.
 *
 * Pure over a {@link Disk}.
 */
import { basename, extname, relative, resolve } from 'node:path'

import type { Disk } from '../config/disk.ts'
import type { ForeignSettings } from './foreign-settings.ts'
import { unfitReason } from './frameworks.ts'
import { readManifest } from './manifest.ts'
import { judgeNodeOptions } from './node-line.ts'
import { readWords } from './start-script.ts'
import type { Launch } from './start-script.ts'
import { wordsIn } from './words.ts'

/** What is run, or why Heddle cannot run it. */
export type Command =
  | { readonly isFit: true; readonly launch: Launch; readonly file: string }
  | { readonly isFit: false; readonly reason: string }

const nodeLike = /^(?:node|nodejs|iojs)$/
const typeLike = /^(?:tsx|ts-node|ts-node-dev|babel-node|swc-node|esno)$/

/** Reads `script`, `args`, `interpreter` and `node_args`. */
export function readCommandOf(settings: ForeignSettings, disk: Disk, directory: string): Command {
  const script = settings.takeText('script', 'exec')
  const args = settings.takeTexts(wordsIn, 'args')
  const nodeArgs = settings.takeTexts(wordsIn, 'node_args', 'interpreter_args', 'interpreterArgs')
  const interpreter = settings.takeText('interpreter', 'exec_interpreter')
  if (script === undefined) return { isFit: false, reason: 'has no script' }
  // `node@20` is node of that version, by nvm.
  const [program = '', version] = basename(interpreter ?? 'node')
    .replace(/\.exe$/, '')
    .split('@')
  if (version !== undefined && nodeLike.test(program)) {
    const text = `node ${version} is not chosen for each application: all run in the Node.js that runs Heddle`
    settings.tell('interpreter', 'differs', text)
  }
  if (program !== 'none' && !nodeLike.test(program) && !typeLike.test(program)) {
    return { isFit: false, reason: `runs under ${program}, and Heddle runs what node can run` }
  }
  const launch = launchOf([script, args], program !== 'none', { disk, directory })
  if (launch !== null) return fit(disk, directory, launch, nodeArgs)
  const line = [script, ...args].join(' ')
  return { isFit: false, reason: `runs ${line}, and Heddle runs files that node can run` }
}

interface Place {
  readonly disk: Disk
  readonly directory: string
}

function launchOf(
  [script, args]: readonly [string, readonly string[]],
  underNode: boolean,
  { disk, directory }: Place
): Launch | null {
  const words = disk.kind(resolve(directory, script)) === null ? wordsIn(script) : [script]
  const [first = '', ...rest] = words
  const isInstalled = first.includes('node_modules/')
  if (/\.[cm]?[jt]sx?$/.test(first) && !isInstalled) return plainLaunch(words, args)
  const scripts = readManifest(disk, directory)?.scripts ?? {}
  const launch = readWords([toolOf(first), ...rest, ...args], scripts)
  // A file without an ending: `bin/www`. Programs are called by a bare name.
  const isFile = first.includes('/') && !isInstalled && extname(first) === '' && rest.length === 0
  return launch === null && underNode && isFile ? plainLaunch(words, args) : launch
}

function fit(disk: Disk, directory: string, launch: Launch, nodeArgs: readonly string[]): Command {
  const file = launch.file === null ? null : fileOf(disk, directory, launch.file)
  if (file === null) {
    const unfit = unfitReason(launch.tool)
    return {
      isFit: false,
      reason: unfit === null ? `runs ${launch.tool}, which starts no file` : `is ${unfit}`
    }
  }
  const own = judgeNodeOptions(nodeArgs)
  const { options } = launch
  return {
    isFit: true,
    file,
    launch: {
      ...launch,
      options: {
        execArgv: [...own.execArgv, ...options.execArgv],
        preload: [...own.preload, ...options.preload],
        envFile: own.envFile ?? options.envFile,
        oldGeneration: own.oldGeneration ?? options.oldGeneration,
        left: [...own.left, ...options.left]
      }
    }
  }
}

function plainLaunch([file = '', ...first]: readonly string[], args: readonly string[]): Launch {
  return { tool: 'node', file, options: judgeNodeOptions([]), args: [...first, ...args], env: {} }
}

/** `./node_modules/.bin/next` and `node_modules/next/dist/bin/next` are both `next`. */
function toolOf(word: string): string {
  return basename(word, extname(word))
}

/** Relative to the directory of the application, with an ending where one was left out. */
function fileOf(disk: Disk, directory: string, written: string): string {
  const path = resolve(directory, written)
  const endings = ['', '.js', '.cjs', '.mjs', '.ts', '/index.js']
  const ending = endings.find(each => disk.kind(path + each) === 'file') ?? ''
  return relative(directory, path + ending).replaceAll('\\', '/')
}
