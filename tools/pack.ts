/**
 * Tries what users will install: both packages packed, installed into an empty directory, and used there: the
 * command line, a server, `heddle/worker`, the mesh, and the types. Also holds the size of it to its limit.
 *
 * Run by CI after `npm run build`; needs the registry for the dependencies. Prints a line for each thing tried.
 */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'

const packagesMax = 25
const megabytesMax = 12

const root = join(import.meta.dirname, '..')
const place = mkdtempSync(join(tmpdir(), 'heddle-pack-'))
// Neither the Node of the repository nor anything npm said to this script may help what is tried.
const env: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('npm_') && name !== 'INIT_CWD')
)

/** Files of an application which says who it is, and asks itself through the mesh. */
const application: Readonly<Record<string, string>> = {
  'package.json': '{ "name": "tried", "private": true }',
  'server.js': `
    const { createServer } = require('node:http')
    const { identity, isHeddle, mesh } = require('heddle/worker')

    createServer(async (request, response) => {
      if (request.url === '/mesh') response.end(await (await fetch(mesh.url(identity.application))).text())
      else response.end(JSON.stringify({ isHeddle, application: identity.application }))
    }).listen(3000)
  `,
  'types.ts': `
    import { defineConfig, type HeddleConfig } from 'heddle'
    import { identity, onClose } from 'heddle/worker'
    import { Registry, joinMesh, type MeshTicket } from '@heddle/mesh'

    export const config: HeddleConfig = defineConfig({ applications: { web: { path: './web' } } })
    // @ts-expect-error: there is no such key, so the types are there.
    export const wrong: HeddleConfig = { aplications: {} }
    export const name: string = identity.name
    onClose(() => undefined)
    export const registry: Registry = new Registry({ domain: '.example.local' })
    export const join = (ticket: MeshTicket) => joinMesh(ticket)
  `,
  'tsconfig.json': JSON.stringify({
    compilerOptions: {
      strict: true,
      noEmit: true,
      target: 'es2024',
      module: 'nodenext',
      types: ['node'],
      typeRoots: [join(root, 'node_modules/@types')]
    },
    files: ['types.ts']
  })
}

const typesAlone = `
  import { createHeddle, defineConfig, startInThread, type Heddle, type HeddleConfig } from 'heddle'
  import { identity, mesh } from 'heddle/worker'

  export const config: HeddleConfig = defineConfig({ applications: { web: { path: './web' } } })
  export const heddle: Promise<Heddle> = createHeddle(config)
  export const app = startInThread('server.js')
  export const url: string = mesh.url(identity.application)
`

try {
  await install()
  await tryCommands()
  await tryServer()
  await tryTypes()
  await tryTypesAlone()
  holdSize()
} finally {
  rmSync(place, { recursive: true })
}

async function install(): Promise<void> {
  const packed = await run(
    'npm',
    ['pack', '-w', 'heddle', '-w', '@heddle/mesh', '--json', '--pack-destination', place],
    root
  )
  const tarballs = readdirSync(place).filter(file => file.endsWith('.tgz'))
  assert.equal(tarballs.length, 2, packed)
  for (const [path, text] of Object.entries(application)) writeFileSync(join(place, path), text)
  const files = tarballs.map(file => join(place, file))
  await run('npm', ['install', '--no-audit', '--no-fund', '--omit=dev', ...files], place)
  report(`installed ${tarballs.join(' and ')}`)
}

async function tryCommands(): Promise<void> {
  const version = await run('npx', ['--no-install', 'heddle', '--version'], place)
  assert.match(version, /^\d+\.\d+\.\d+/)
  const check = await run('npx', ['--no-install', 'heddle', 'check', 'server.js'], place)
  assert.match(check, /is right/)
  report(`heddle --version says ${version.trim()}, heddle check says: ${check.trim()}`)
  const bench = run('npx', ['--no-install', 'heddle', 'bench', 'http://127.0.0.1:1/'], place)
  await assert.rejects(
    bench,
    /heddle bench needs the package autocannon, .* npm install --save-dev autocannon/
  )
  report('heddle bench says that autocannon has to be installed')
}

async function tryServer(): Promise<void> {
  // npx passes signals on to its shell, which would keep them: hence exec.
  const command = 'exec heddle start server.js --port 0 --admin-port 0 --workers 2'
  const server = spawn('npx', ['--no-install', '-c', command], {
    cwd: place,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true
  })
  const ended = once(server, 'exit')
  try {
    const url = await startedUrl(server)
    const said = '{"isHeddle":true,"application":"tried"}'
    for (const path of ['/', '/mesh']) {
      const answer = await fetch(url + path)
      assert.deepEqual([answer.status, await answer.text()], [200, said], path)
    }
    server.kill('SIGTERM')
    const overdue = AbortSignal.timeout(20_000)
    overdue.addEventListener('abort', () => server.kill('SIGKILL'))
    assert.deepEqual(await ended, [0, null])
  } finally {
    killGroup(server)
  }
  report('heddle start answers over HTTP and through the mesh, and stops with code 0')
}

/** Whatever a failure has left running would keep this script from ending. */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // Nobody of the group is left, as it should be.
  }
}

async function startedUrl({ stdout }: ChildProcess): Promise<string> {
  assert.ok(stdout !== null)
  const seen: string[] = []
  for await (const line of createInterface({ input: stdout })) {
    const { msg, url }: { msg?: string; url?: string } = JSON.parse(line)
    if (msg === 'Server has started.' && url !== undefined) {
      stdout.resume()
      return url
    }
    seen.push(line)
  }
  throw new Error(`The server did not start:\n${seen.join('\n')}`)
}

async function tryTypes(): Promise<void> {
  await run(join(root, 'node_modules/.bin/tsc'), ['-p', place], place)
  report('the types of heddle, heddle/worker and @heddle/mesh are found')
}

/** Who installs heddle gets no mesh beside it; libraries are checked as well unless a project says otherwise. */
async function tryTypesAlone(): Promise<void> {
  const aside = join(place, 'aside')
  renameSync(join(place, 'node_modules/@heddle/mesh'), aside)
  writeFileSync(join(place, 'types.ts'), typesAlone)
  await run(join(root, 'node_modules/.bin/tsc'), ['-p', place], place)
  renameSync(aside, join(place, 'node_modules/@heddle/mesh'))
  report('the types of heddle are found without @heddle/mesh')
}

function holdSize(): void {
  const modules = join(place, 'node_modules')
  const lock: { packages: object } = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'))
  const packages = Object.keys(lock.packages).length
  const megabytes = bytesIn(modules) / 1e6
  report(
    `${packages} packages (at most ${packagesMax}), ${megabytes.toFixed(1)} MB (at most ${megabytesMax})`
  )
  assert.ok(packages <= packagesMax && megabytes <= megabytesMax, 'What users install has grown too large.')
}

function bytesIn(folder: string): number {
  const sizes = readdirSync(folder, { withFileTypes: true }).map(entry => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? bytesIn(path) : lstatSync(path).size
  })
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** Standard output of a command; what it said is in the error when it fails. */
async function run(command: string, argv: readonly string[], cwd: string): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(command, argv, { cwd, env }).catch(
    (error: Error & { stdout: string; stderr: string }) => {
      throw new Error(`${error.message}\n${error.stdout}${error.stderr}`)
    }
  )
  return stdout + (stdout === '' ? stderr : '')
}

function report(line: string): void {
  process.stdout.write(`${line}\n`)
}
