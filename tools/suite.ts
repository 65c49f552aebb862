/**
 * Runs the test suite of a framework twice, as it is and with its HTTP servers reached through an edge and the
 * mesh, and lists the tests whose outcome is not the same. How to use it: docs/suites.md.
 *
 *   node tools/suite.ts <folder> [--rounds N] [--timeout S] [--json FILE] [-- command ...]
 *
 * Exit code 0: no difference; 1: differences, or nothing came through the mesh; 2: wrong use.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'

import { compare, count, readLedger, type Difference, type RunResult } from './suite/outcomes.ts'
import { planFor, scriptOf } from './suite/runners.ts'

const usage =
  'Usage: node tools/suite.ts <folder of the suite> [--rounds N] [--timeout SECONDS] [--json FILE] [-- command ...]'
const preload = pathToFileURL(join(import.meta.dirname, 'suite/preload.mjs')).href

interface Request {
  readonly folder: string
  readonly command: string
  readonly rounds: number
  /** Of one run. */
  readonly timeoutMs: number
  /** Where the differences are to be written, if anywhere. */
  readonly json: string | undefined
}

const request = readRequest(process.argv.slice(2))
process.exitCode = request === null ? 2 : await main(request)

async function main(wanted: Request): Promise<number> {
  say(`${wanted.folder}\n  ${wanted.command}\n  ${process.execPath} ${process.version}`)
  const without: RunResult[] = []
  const withMesh: RunResult[] = []
  for (let round = 1; round <= wanted.rounds; round++) {
    without.push(await run(wanted, false))
    withMesh.push(await run(wanted, true))
  }
  const differences = compare(without, withMesh)
  if (wanted.json !== undefined) writeFileSync(wanted.json, `${JSON.stringify(differences, null, 2)}\n`)
  for (const difference of differences) say(describe(difference))
  say(differences.length === 0 ? 'No difference.' : `${differences.length} differences.`)
  if (withMesh.every(({ traffic }) => traffic.requests === 0)) {
    say('Nothing came through the mesh: the comparison says nothing.')
    return 1
  }
  return differences.length === 0 && without.some(({ tests }) => tests.size > 0) ? 0 : 1
}

/** Runs the suite once. What it prints goes to a file which is named when it is worth reading. */
async function run({ folder, command, timeoutMs }: Request, withMesh: boolean): Promise<RunResult> {
  const scratch = mkdtempSync(join(tmpdir(), 'heddle-suite-'))
  const [ledger, report] = [join(scratch, 'ledger.jsonl'), join(scratch, 'report.json')]
  for (const file of [ledger, report]) writeFileSync(file, '')
  const plan = planFor(command, report)
  const options = [process.env['NODE_OPTIONS'], withMesh ? `--import=${preload}` : undefined]
  const { code, output } = await shell(plan.command, folder, timeoutMs, {
    NODE_OPTIONS: options.filter(Boolean).join(' '),
    HEDDLE_SUITE_LEDGER: ledger,
    PATH: [join(folder, 'node_modules/.bin'), dirname(process.execPath), process.env['PATH']].join(delimiter)
  })
  const lines = plan.read?.(readFileSync(report, 'utf8'), output) ?? []
  const written = lines.map(line => JSON.stringify(line)).join('\n')
  const result = readLedger(`${readFileSync(ledger, 'utf8')}\n${written}`, folder)
  const { servers, requests } = result.traffic
  const traffic = withMesh ? `, ${requests} requests to ${servers} servers through the mesh` : ''
  say(`  ${withMesh ? 'with' : 'without'} the mesh: ${count(result)}, exit code ${code}${traffic}`)
  const log = join(scratch, 'output.txt')
  writeFileSync(log, output)
  if (code === 0) rmSync(scratch, { recursive: true })
  else say(`    its output: ${log}`)
  return result
}

/** Runs a command and collects what it prints; one that takes too long is ended, with all it has started. */
function shell(
  command: string,
  cwd: string,
  timeoutMs: number,
  env: NodeJS.ProcessEnv
): Promise<{ code: number | string; output: string }> {
  return new Promise(settle => {
    const child = spawn(command, {
      cwd,
      shell: true,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A test of this tool runs under a runner too, which is not that of the suite.
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env }
    })
    let [output, late] = ['', false]
    child.stdout.on('data', (piece: Buffer) => (output += String(piece)))
    child.stderr.on('data', (piece: Buffer) => (output += String(piece)))
    const end = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    }
    const timer = setTimeout(() => {
      late = true
      end()
    }, timeoutMs)
    // The suite is in a process group of its own, which no signal to this one reaches.
    const interrupted = (): void => {
      end()
      process.exit(1)
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupted)
      settle({ code: late ? 'none in time' : (code ?? String(signal)), output })
    })
  })
}

function describe({ test, without, with: withMesh, message }: Difference): string {
  const lines = message.split('\n').slice(0, 12)
  return `\n${test}\n  without: ${without}, with: ${withMesh}\n${lines.map(line => `    ${line}`).join('\n')}`
}

function readRequest(args: readonly string[]): Request | null {
  const end = args.indexOf('--')
  const { values, positionals } = parseArgs({
    args: [...(end === -1 ? args : args.slice(0, end))],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '1' },
      timeout: { type: 'string', default: '1800' },
      json: { type: 'string' }
    }
  })
  const [given] = positionals
  if (given === undefined || positionals.length > 1) return refuse(usage)
  const folder = resolve(given)
  const command = end === -1 ? commandOf(folder) : args.slice(end + 1).join(' ')
  if (command === null || command === '') return refuse(`No known test runner in its scripts.\n${usage}`)
  const [rounds, timeoutMs] = [Number(values.rounds), Number(values.timeout) * 1000]
  if (!(rounds >= 1) || !(timeoutMs > 0)) return refuse(usage)
  return { folder, command, rounds, timeoutMs, json: values.json }
}

function commandOf(folder: string): string | null {
  const { scripts = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    scripts?: Record<string, string>
  }
  return scriptOf(scripts)
}

function refuse(why: string): null {
  process.stderr.write(`${why}\n`)
  return null
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
