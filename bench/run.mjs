/**
 * `node bench/run.mjs <boot|throughput|install|profile|all|report> [flags]`: the door of the benchmarks.
 *
 * Runs in a process of its own, beside what it measures. It installs the peers when they are missing, builds
 * Heddle, runs, prints, publishes, and leaves nothing running, also on Ctrl-C.
 */

// oxlint-disable no-await-in-loop -- benchmarks must not disturb one another.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'

import { machineTicks } from './cpu-usage.mjs'
import { machineFacts } from './machine.mjs'
import { bench, heddleBuilt, root } from './place.mjs'
import { killEverythingAtExit } from './processes.mjs'
import { publish, regenerate } from './publish.mjs'
import { blocksOf } from './tables.mjs'

const names = ['boot', 'throughput', 'install', 'profile']

const usage = `node bench/run.mjs <${names.join('|')}|all|report> [flags]

  --load-threads N threads of wrk, 1 by default
  --quick          a short run to see that everything works; publishes nothing
  --only a,b       only these contenders; publishes nothing
  --applications a only these applications (throughput); publishes nothing
  --rounds N       interleaved rounds
  --seconds N      seconds of load in each measurement
  --minutes N      no round begins after so many minutes
  --cpus 0,1       keep contenders and load on these CPUs (taskset)
  --no-build       measure the dist that is there

report fills the tables of docs/benchmarks.md and README.md again from bench/results.
`

function say(line) {
  process.stderr.write(`${line}\n`)
}

function fail(sentence) {
  say(sentence)
  process.exit(2)
}

function positive(flags, key, fallback) {
  const text = flags[key]
  if (text === undefined) return fallback
  if (/^[1-9]\d*$/.test(text)) return Number(text)
  return fail(`--${key}: expected a whole number of at least 1, got ${JSON.stringify(text)}.`)
}

function readArguments() {
  const string = { type: 'string' }
  const options = {
    quick: { type: 'boolean', default: false },
    build: { type: 'boolean', default: true },
    help: { type: 'boolean', default: false },
    only: string,
    applications: string,
    rounds: string,
    seconds: string,
    minutes: string,
    cpus: string,
    'load-threads': string
  }
  try {
    return parseArgs({ options, allowPositionals: true, allowNegative: true })
  } catch (error) {
    return fail(`${error.message}\n\n${usage}`)
  }
}

function assertMachine() {
  if (process.platform !== 'linux') fail('The benchmarks read /proc: they run on Linux only.')
  if (Number(process.versions.node.split('.')[0]) < 22) {
    fail('The benchmarks need Node.js 22 or newer; `npm run bench` brings the right one.')
  }
  if (spawnSync('wrk', ['-v']).error) fail('wrk is not installed (Debian: apt-get install wrk haproxy).')
}

function installPeers() {
  if (existsSync(join(bench, 'node_modules', 'wattpm')) && existsSync(join(bench, 'node_modules', 'pm2')))
    return
  say('Installing the peers into bench/ …')
  execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: bench, stdio: ['ignore', 2, 2] })
}

// A checkout that does not build can still measure the peers: Heddle's rows then say why they are missing.
function build() {
  say('Building Heddle …')
  const { status } = spawnSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 2, 2] })
  if (status === 0) return
  say(`The build failed${existsSync(heddleBuilt) ? '; what is measured is the dist of an earlier one' : ''}.`)
}

function pin(cpus) {
  if (!/^[\d,-]+$/.test(cpus)) fail(`--cpus: expected a list like 0,1, got ${JSON.stringify(cpus)}.`)
  execFileSync('taskset', ['-a', '-p', '-c', cpus, `${process.pid}`], { stdio: 'ignore' })
}

function assertContenders(only, known) {
  const strangers = only?.filter(id => !known.includes(id)) ?? []
  if (strangers.length > 0) fail(`--only: ${strangers.join(', ')} unknown; there are ${known.join(', ')}.`)
}

/**
 * What every benchmark is told. No round begins after the moment `until` of `Date.now()`; `null` is everything.
 * @typedef {{ only: string[] | null, applications: string[] | null, rounds: number, seconds: number,
 *   loadThreads: number, until: number, say: (line: string) => void }} Options
 */

async function runOne(name, flags) {
  const benchmark = await import(`./${name}.mjs`)
  const extent = flags.quick ? benchmark.extent.quick : benchmark.extent.full
  const only = flags.only?.split(',') ?? null
  assertContenders(only, benchmark.wanted)
  const options = {
    rounds: positive(flags, 'rounds', extent.rounds),
    seconds: positive(flags, 'seconds', extent.seconds),
    minutes: positive(flags, 'minutes', extent.minutes),
    loadThreads: positive(flags, 'load-threads', 1),
    only,
    applications: flags.applications?.split(',') ?? null
  }
  const machine = machineFacts()
  const before = machineTicks()
  const result = await benchmark.run({ ...options, until: Date.now() + options.minutes * 60_000, say })
  const after = machineTicks()
  machine.stolenShare = (after.stolen - before.stolen) / Math.max(1, after.total - before.total)
  const report = { name, machine, options: { ...options, cpus: flags.cpus ?? null }, result }
  const isWhole = !flags.quick && only === null && options.applications === null
  const file = publish(report, isWhole)
  process.stdout.write(`\n# ${name}\n\n${Object.values(blocksOf(report)).join('\n\n')}\n\n`)
  say(`Written to ${relative(root, file)}.`)
}

async function main() {
  const { values: flags, positionals } = readArguments()
  const [name] = positionals
  if (flags.help) return process.stdout.write(usage)
  if (name === 'report') return say(`Filled ${regenerate().length} documents.`)
  if (positionals.length !== 1 || !(name === 'all' || names.includes(name))) return fail(usage)
  assertMachine()
  killEverythingAtExit()
  installPeers()
  if (flags.build) build()
  if (flags.cpus !== undefined) pin(flags.cpus)
  for (const one of name === 'all' ? names : [name]) await runOne(one, flags)
}

await main()
