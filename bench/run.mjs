/**
 * `node bench/run.mjs <benchmark|all|report> [flags]`: the door of the benchmarks.
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
import { bench, root } from './place.mjs'
import { killEverythingAtExit } from './processes.mjs'
import { publish, regenerate } from './publish.mjs'
import { blocksOf } from './tables.mjs'

const scripts = {
  boot: './boot.mjs',
  throughput: './throughput.mjs',
  install: './install.mjs',
  profile: './profile.mjs',
  mesh: './mesh/suite.mjs',
  'mesh-growth': './mesh/growth.mjs',
  'mesh-profile': './mesh/profile.mjs',
  chaos: './chaos/suite.mjs',
  'chaos-times': './chaos/times.mjs',
  observe: './observe/suite.mjs',
  scaling: './scaling/suite.mjs',
  'scaling-real': './scaling/real.mjs'
}
const names = Object.keys(scripts)
const peers = ['wattpm', 'pm2', 'undici-thread-interceptor', 'undici']

const usage = `node bench/run.mjs <${names.join('|')}|all|report> [flags]

  --quick          a short run to see that everything works; publishes nothing
  --only a,b       only these contenders, of mesh only these rows, of observe these parts; publishes nothing
  --applications a only these applications (throughput); publishes nothing
  --sides a,b      only these sides (mesh); publishes nothing
  --scenarios a,b  only these scenarios (chaos) or load shapes (scaling); publishes nothing
  --real           the same as scaling-real: two load shapes with real workers (scaling)
  --times          the same as chaos-times: how long things take when a worker fails (chaos)
  --source         measure the sources as they lie, without a build (mesh, chaos, observe, scaling); publishes nothing
  --before COMMIT  measure the mesh of that commit too, beside today's (mesh); publishes nothing
  --rounds N       interleaved rounds
  --seconds N      seconds of load in each measurement
  --minutes N      no round begins after so many minutes
  --load-threads N threads of wrk in throughput, 1 by default
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
    source: { type: 'boolean', default: false },
    only: string,
    applications: string,
    sides: string,
    scenarios: string,
    times: { type: 'boolean', default: false },
    real: { type: 'boolean', default: false },
    before: string,
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
  if (peers.every(name => existsSync(join(bench, 'node_modules', name)))) return
  say('Installing the peers into bench/ …')
  execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: bench, stdio: ['ignore', 2, 2] })
}

// A checkout that does not build can still measure the peers, but nothing of it is published.
function build() {
  say('Building Heddle …')
  const { status } = spawnSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 2, 2] })
  if (status !== 0) say('The build failed: what is measured is the dist there is, and it is not published.')
  return status === 0
}

function pin(cpus) {
  if (!/^[\d,-]+$/.test(cpus)) fail(`--cpus: expected a list like 0,1, got ${JSON.stringify(cpus)}.`)
  execFileSync('taskset', ['-a', '-p', '-c', cpus, `${process.pid}`], { stdio: 'ignore' })
}

function readList(flags, key, known) {
  const list = flags[key]?.split(',') ?? null
  const strangers = list?.filter(name => !known.includes(name)) ?? []
  if (strangers.length === 0) return list
  return fail(`--${key}: ${strangers.join(', ')} unknown; there are ${known.join(', ') || 'none'}.`)
}

/**
 * What every benchmark is told. No round begins after the moment `until` of `Date.now()`; `null` is everything.
 * @typedef {{ only: string[] | null, applications: string[] | null, sides: string[] | null,
 *   scenarios: string[] | null, rounds: number,
 *   seconds: number, loadThreads: number, source: boolean, before: string | null, isQuick: boolean,
 *   until: number, say: (line: string) => void }} Options
 */

// Every flag is checked before anything is installed, built or started.
async function plan(name, flags) {
  const { extent, wanted, applications = [], sides = {}, scenarios = [], run } = await import(scripts[name])
  const usual = flags.quick ? extent.quick : extent.full
  const only = readList(flags, 'only', wanted)
  const options = {
    rounds: positive(flags, 'rounds', usual.rounds),
    seconds: positive(flags, 'seconds', usual.seconds),
    minutes: positive(flags, 'minutes', usual.minutes),
    loadThreads: positive(flags, 'load-threads', 1),
    cpus: flags.cpus ?? null,
    only,
    applications: readList(flags, 'applications', applications),
    sides: readList(flags, 'sides', Object.keys(sides)),
    scenarios: readList(flags, 'scenarios', scenarios),
    source: flags.source,
    before: flags.before ?? null,
    isQuick: flags.quick
  }
  const isPart = [only, options.applications, options.sides, options.scenarios, options.before].some(
    value => value !== null
  )
  const isWhole = !isPart && !flags.quick && !flags.source
  return { name, run, options, isWhole }
}

async function carryOut({ name, run, options, isWhole }, isBuilt) {
  const machine = machineFacts()
  const before = machineTicks()
  const result = await run({ ...options, until: Date.now() + options.minutes * 60_000, say })
  const after = machineTicks()
  machine.stolenShare = (after.stolen - before.stolen) / Math.max(1, after.total - before.total)
  const report = { name, machine, options, result }
  const file = publish(report, isWhole && isBuilt)
  process.stdout.write(`\n# ${name}\n\n${Object.values(blocksOf(report)).join('\n\n')}\n\n`)
  say(`Written to ${relative(root, file)}.`)
}

function nameOf(flags, given) {
  if (flags.times && given === 'chaos') return 'chaos-times'
  return flags.real && given === 'scaling' ? 'scaling-real' : given
}

async function main() {
  const { values: flags, positionals } = readArguments()
  const name = nameOf(flags, positionals[0])
  if (flags.help) return process.stdout.write(usage)
  if (name === 'report') return say(`Filled ${regenerate().length} documents.`)
  if (positionals.length !== 1 || !(name === 'all' || names.includes(name))) return fail(usage)
  assertMachine()
  const plans = await Promise.all((name === 'all' ? names : [name]).map(one => plan(one, flags)))
  killEverythingAtExit()
  if (flags.cpus !== undefined) pin(flags.cpus)
  installPeers()
  const isBuilt = !flags.build || flags.source || build()
  for (const one of plans) await carryOut(one, isBuilt)
}

await main()
