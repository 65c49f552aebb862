/**
 * What a guide means by `npm`, without a network: packages that are installed already are linked, any other fails. A
 * process of its own.
 *
 * NPM_PACKAGES are the directories with the packages, with `:` between them.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

interface Manifest {
  name?: string
  version?: string
  type?: string
  bin?: string | Record<string, string>
  scripts?: Record<string, string>
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

/**
 * The types of Heddle are those of its source, as is the code that `node` runs. A build would compile them too: it is
 * made without looking at what is imported.
 */
const further: Readonly<Record<string, string>> = {
  tsc: " $(grep -q noEmit tsconfig.json && echo '--customConditions @heddle/source' || echo '--noCheck --noResolve')"
}

const packages = (process.env['NPM_PACKAGES'] ?? '').split(':')
const manifestFile = join(process.cwd(), 'package.json')
const [command = '', ...words] = process.argv.slice(2)
const names = words.filter(word => !word.startsWith('-'))
const flags = words.filter(word => word.startsWith('-'))

switch (command) {
  case 'init':
    init()
    break
  case 'install':
  case 'i':
    for (const name of names.length === 0 ? wantedNames() : names) install(name)
    break
  case 'pkg':
    set(names.slice(1))
    break
  case 'run':
    run(names[0] ?? '')
    break
  case 'start':
  case 'test':
    run(command)
    break
  default:
    fail(`Guides have no "npm ${command}".`)
}

/** As npm 11 does. */
function init(): void {
  if (!flags.includes('-y')) fail('npm init asks questions.')
  writeManifest({
    name: basename(process.cwd()),
    version: '1.0.0',
    ...{ main: 'index.js' },
    scripts: { test: 'echo "Error: no test specified" && exit 1' },
    type: 'commonjs'
  })
}

/** What package.json asks for. */
function wantedNames(): readonly string[] {
  const { dependencies, devDependencies } = manifestOf(manifestFile)
  return Object.keys({ ...dependencies, ...devDependencies })
}

function install(wanted: string): void {
  for (const flag of flags) if (!['-D', '--save-dev'].includes(flag)) fail(`Guides have no "npm i ${flag}".`)
  const source = packages.map(folder => join(folder, wanted)).find(folder => existsSync(folder))
  if (source === undefined) fail(`404 ${wanted} is not in this registry.`)
  const target = join('node_modules', wanted)
  mkdirSync(dirname(target), { recursive: true })
  if (!existsSync(target)) symlinkSync(source, target)
  const { version = '0.0.0', bin = {} } = manifestOf(join(source, 'package.json'))
  const key = flags.length === 0 ? 'dependencies' : 'devDependencies'
  const manifest = existsSync(manifestFile) ? manifestOf(manifestFile) : {}
  if (names.length > 0) writeManifest({ ...manifest, [key]: { ...manifest[key], [wanted]: `^${version}` } })
  const bins = typeof bin === 'string' ? { [basename(wanted)]: bin } : bin
  for (const [name, file] of Object.entries(bins)) linkBin(name, join(realpathSync(source), file))
}

function linkBin(name: string, file: string): void {
  const folder = join('node_modules', '.bin')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, name), `#!/bin/sh\nexec node '${file}'${further[name] ?? ''} "$@"\n`, {
    mode: 0o755
  })
}

/** `npm pkg set key=value`, for keys such as `type` and `scripts.start`. */
function set(pairs: readonly string[]): void {
  const manifest = manifestOf(manifestFile)
  for (const pair of pairs) {
    const [key = '', ...rest] = pair.split('=')
    const value = rest.join('=')
    if (key === 'type') manifest.type = value
    else if (key.startsWith('scripts.'))
      manifest.scripts = { ...manifest.scripts, [key.slice('scripts.'.length)]: value }
    else fail(`Guides do not set ${key}.`)
  }
  writeManifest(manifest)
}

function run(name: string): void {
  const script = manifestOf(manifestFile).scripts?.[name]
  if (script === undefined) fail(`Missing script: ${name}`)
  const path = `${join(process.cwd(), 'node_modules', '.bin')}:${process.env['PATH']}`
  execFileSync('sh', ['-c', script], { stdio: 'inherit', env: { ...process.env, PATH: path } })
}

function manifestOf(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest
}

function writeManifest(manifest: Manifest): void {
  writeFileSync(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`)
}

function fail(reason: string): never {
  process.stderr.write(`npm error ${reason}\n`)
  process.exit(1)
}
