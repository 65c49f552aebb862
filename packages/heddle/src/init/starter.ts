/**
 * A small working application for a directory that has none: TypeScript that node runs without a build.
 *
 * Pure, for any thread: files by their paths, as texts. With `node:http` nothing has to be installed.
 */
import { toId } from '../config/applications.ts'
import type { Draft } from './draft.ts'
import { addScripts } from './package-scripts.ts'
import { defaultPort, usualOffers } from './compose.ts'

/** What the application is written with. */
export type Framework = 'http' | 'fastify' | 'express' | 'hono' | 'koa'

/** The choices, the one that needs no package first. */
export const frameworks: Readonly<Record<Framework, string>> = {
  http: 'node:http, nothing to install',
  fastify: 'Fastify',
  express: 'Express',
  hono: 'Hono',
  koa: 'Koa'
}

/** Versions the applications are written for. */
const packages: Readonly<Record<Framework, Readonly<Record<string, string>>>> = {
  http: {},
  fastify: { fastify: '^5.0.0' },
  express: { express: '^5.0.0' },
  hono: { hono: '^4.0.0' },
  koa: { koa: '^3.0.0' }
}

/** Types of packages that bring none. */
const typePackages: Readonly<Record<Framework, Readonly<Record<string, string>>>> = {
  http: {},
  fastify: {},
  express: { '@types/express': '^5.0.0' },
  hono: {},
  koa: { '@types/koa': '^3.0.0' }
}

/** What the application is put into. */
export interface StarterPlace {
  /** What the package is called. */
  readonly name: string
  /** Of Heddle, for the dependencies. */
  readonly version: string
  /** The package that is there already; `null` when there is none. */
  readonly manifest: { readonly type: string | null; readonly text: string } | null
}

/** The files of the application but its configuration, by their paths. */
export function starterFiles(framework: Framework, place: StarterPlace): Record<string, string> {
  return {
    'package.json': packageText(framework, place),
    'tsconfig.json': `${JSON.stringify(typeScript, null, 2)}\n`,
    '.gitignore': 'node_modules/\n.env\n',
    [entryIn(place)]: sources[framework]
  }
}

/** A name npm takes. */
const packageName = /^(?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/

function packageText(framework: Framework, { name, version, manifest }: StarterPlace): string {
  if (manifest !== null) return addScripts(manifest.text, version, packages[framework])?.text ?? manifest.text
  const written = {
    // A directory may be called what no package can be.
    name: packageName.test(name) && name !== 'node_modules' ? name : toId(name) || 'application',
    private: true,
    type: 'module',
    scripts: { dev: 'heddle dev', start: 'heddle start' },
    dependencies: { ...packages[framework], heddle: `^${version}` },
    devDependencies: { '@types/node': '^22.0.0', ...typePackages[framework] },
    engines: { node: '>=22.19' }
  }
  return `${JSON.stringify(written, null, 2)}\n`
}

/** In a package that is not one of modules, the name of the file says that this is one. */
function entryIn({ manifest }: StarterPlace): string {
  return manifest === null || manifest.type === 'module' ? 'src/server.ts' : 'src/server.mts'
}

/** The configuration of the application. */
export function starterDraft(framework: Framework, place: StarterPlace, port: number = defaultPort): Draft {
  const id = toId(place.name) || 'application'
  const title = framework === 'http' ? 'node:http' : frameworks[framework]
  return {
    config: { applications: { [id]: { entry: entryIn(place) } }, server: { port } },
    remarks: {
      [`applications.${id}`]: `${title}, TypeScript. Add more applications beside it: each gets threads of its own.`
    },
    offers: usualOffers
  }
}

// What node runs as it is, and nothing else.
const typeScript = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    erasableSyntaxOnly: true,
    rewriteRelativeImportExtensions: true,
    verbatimModuleSyntax: true,
    skipLibCheck: true,
    types: ['node']
  },
  include: ['src', 'heddle.config.*']
}

const sources: Readonly<Record<Framework, string>> = {
  http: `import { createServer } from 'node:http'

const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ hello: 'world', path: request.url }))
})

// Under Heddle this opens no port: requests come to all workers through the one of the server.
server.listen(Number(process.env['PORT'] ?? 3000))
`,
  fastify: `import Fastify from 'fastify'

const app = Fastify({ logger: true })

app.get('/', () => ({ hello: 'world' }))

// Under Heddle this opens no port: requests come to all workers through the one of the server.
await app.listen({ port: Number(process.env['PORT'] ?? 3000) })
`,
  express: `import express from 'express'

const app = express()

app.get('/', (_request, response) => {
  response.json({ hello: 'world' })
})

// Under Heddle this opens no port: requests come to all workers through the one of the server.
app.listen(Number(process.env['PORT'] ?? 3000))
`,
  koa: `import Koa from 'koa'

const app = new Koa()

app.use(context => {
  context.body = { hello: 'world' }
})

// Under Heddle this opens no port: requests come to all workers through the one of the server.
app.listen(Number(process.env['PORT'] ?? 3000))
`,
  hono: `import { Hono } from 'hono'

const app = new Hono()

app.get('/', context => context.json({ hello: 'world' }))

// Heddle serves what has a fetch method; there is nothing to listen on.
export default app
`
}
