/**
 * What a user gets on disk: packages and megabytes of `npm install heddle`, beside its peers.
 *
 * Runs in the process of `run.mjs`. Heddle is packed as it would be published and installed into an empty
 * directory; nothing of the checkout is linked. Install scripts do not run.
 */

// oxlint-disable no-await-in-loop -- measurements must not disturb one another.

import { execFile } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { bench, heddleBuilt, root, scratch } from './place.mjs'

const execute = promisify(execFile)
const npmDeadlineMs = 180_000

/** Nothing is repeated here: an installation weighs the same every time. */
export const extent = {
  full: { rounds: 1, seconds: 0, minutes: 10 },
  quick: { rounds: 1, seconds: 0, minutes: 10 }
}

/** Who takes part. */
export const wanted = ['heddle', 'pm2', 'watt']

async function pack() {
  const args = ['pack', '--json', '--workspace', 'packages/mesh', '--workspace', 'packages/heddle']
  await execute('npm', [...args, '--pack-destination', scratch], { cwd: root, timeout: npmDeadlineMs })
  const tarballs = readdirSync(scratch).filter(name => name.endsWith('.tgz'))
  if (tarballs.length !== 2) throw new Error(`Expected two packed packages, got ${tarballs.join(', ')}.`)
  return tarballs.map(name => join(scratch, name))
}

function peerSpecs(names) {
  const { dependencies } = JSON.parse(readFileSync(join(bench, 'package.json'), 'utf8'))
  return names.map(name => `${name}@${dependencies[name]}`)
}

function weigh(directory) {
  let bytes = 0
  let files = 0
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    bytes += lstatSync(join(entry.parentPath, entry.name)).size
    files++
  }
  return { bytes, files }
}

async function installInto(directory, specs) {
  mkdirSync(directory)
  writeFileSync(join(directory, 'package.json'), '{ "private": true }\n')
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund']
  await execute('npm', ['install', ...flags, ...specs], { cwd: directory, timeout: npmDeadlineMs })
  const modules = join(directory, 'node_modules')
  const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'))
  const { bytes, files } = weigh(modules)
  return { packages: Object.keys(lock.packages).length, megabytes: bytes / 1024 / 1024, files }
}

async function specsOf(id) {
  if (id === 'pm2') return peerSpecs(['pm2'])
  if (id === 'watt') return peerSpecs(['wattpm', '@platformatic/node'])
  if (!existsSync(heddleBuilt)) throw new Error('packages/heddle is not built')
  return pack()
}

const titles = { heddle: 'heddle', pm2: 'pm2', watt: 'wattpm + @platformatic/node' }

/**
 * Installs each contender into an empty directory and weighs it.
 * @param {import('./run.mjs').Options} options
 */
export async function run(options) {
  const outcome = {}
  for (const id of wanted.filter(name => options.only?.includes(name) ?? true)) {
    try {
      const weight = await installInto(join(scratch, `install-${id}`), await specsOf(id))
      outcome[id] = { title: titles[id], valid: true, problems: [], ...weight }
      options.say(`${titles[id]}: ${weight.packages} packages, ${weight.megabytes.toFixed(1)} MB`)
    } catch (error) {
      outcome[id] = { title: titles[id], valid: false, problems: [error.message] }
      options.say(`${titles[id]}: ${error.message}`)
    }
  }
  return { missing: {}, contenders: outcome }
}
