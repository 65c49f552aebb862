/**
 * Settings of Watt whose fate does not depend on their value.
 *
 * Plain values, for any thread. `watt.ts`, `watt-server.ts` and `watt-application.ts` read the others.
 */
import type { Fate } from './note.ts'

const clone: Fate = ['missing', 'nothing is fetched from git: clone it, and name its directory as path']
const maps: Fate = ['unneeded', 'source maps are taken as they are found']
const telemetry: Fate = [
  'missing',
  'nothing is traced by itself: start OpenTelemetry in a module and name that in preload'
]
const compileCache: Fate = ['missing', 'set NODE_COMPILE_CACHE in the environment Heddle is started in']
const ports: Fate = [
  'unneeded',
  'the public port is held by a thread of Heddle, and workers open none (server.mode)'
]
const management: Fate = [
  'differs',
  'commands always find the server by a socket of its user; over TCP the management API needs admin.token'
]
const mesh: Fate = ['unneeded', 'applications always reach one another without a port']

/** Of the whole runtime. */
export const runtimeFates: Readonly<Record<string, Fate>> = {
  $schema: ['unneeded', 'belongs to editors'],
  module: ['unneeded', 'belongs to the program it comes from'],
  reuseTcpPorts: ports,
  startupConcurrency: [
    'unneeded',
    'applications start by level of their dependencies, workers of one at once'
  ],
  workersRestartDelay: [
    'unneeded',
    'a worker goes when the one that replaces it is ready (rollout.concurrency)'
  ],
  exitOnUnhandledErrors: [
    'differs',
    'only the request whose handler threw fails at once: the worker finishes the others and is replaced'
  ],
  managementApi: management,
  management,
  healthProbes: [
    'differs',
    '/livez, /readyz and /startupz are on the administrative port (admin.port, 9090)'
  ],
  watch: ['unneeded', 'heddle dev watches, heddle start never does'],
  telemetry,
  httpCache: [
    'missing',
    'answers to clients inside are not cached: put a cache in front, or into the application'
  ],
  undici: ['missing', 'set the global dispatcher of undici in a module and name that in preload'],
  extensions: [
    'missing',
    'nothing of an application runs in the main thread: make it an application, or embed Heddle (createHeddle)'
  ],
  scheduler: [
    'missing',
    'nothing is started by the clock: let cron call heddle inject, or start a job from an application'
  ],
  inspectorOptions: [
    'unneeded',
    'heddle inspect opens the inspector of one worker, heddle dev --inspect those of all'
  ],
  messagingTimeout: [
    'missing',
    'there are no messages between applications: they call one another with fetch'
  ],
  resolvedApplicationsBasePath: clone,
  nodeModulesSourceMaps: maps,
  compileCache,
  strictEnv: ['unneeded', 'a variable that is not set is always a mistake that names it'],
  verticalScaler: [
    'missing',
    'write workers: { min, max, total } instead; the number follows what requests wait for'
  ]
}

/** Of one application in the runtime. */
export const applicationFates: Readonly<Record<string, Fate>> = {
  url: clone,
  gitBranch: clone,
  useHttp: mesh,
  websocket: mesh,
  reuseTcpPorts: ports,
  packageManager: ['unneeded', 'nothing is installed'],
  permissions: [
    'missing',
    'workers have the permissions of the process: start node with --permission for all of them'
  ],
  telemetry,
  compileCache,
  nodeModulesSourceMaps: maps,
  management: ['missing', 'applications do not manage the server'],
  arguments: ['missing', 'a worker has no arguments: read variables (env) instead'],
  watch: ['unneeded', 'heddle dev watches, heddle start never does'],
  logger: ['unneeded', 'the level of one application is logger.level in it']
}

/** Of the file in the directory of an application. */
export const ownFates: Readonly<Record<string, Fate>> = {
  $schema: ['unneeded', 'belongs to editors'],
  module: ['unneeded', 'belongs to the program it comes from'],
  watch: ['unneeded', 'heddle dev watches, heddle start never does'],
  telemetry,
  server: ports,
  vite: ['missing', 'what is built is served by an application'],
  metrics: ['unneeded', 'metrics of all applications are at /metrics of the administrative port']
}

/** Of `node` in that file. */
export const nodeFates: Readonly<Record<string, Fate>> = {
  absoluteUrl: ['unneeded', 'an application sees the path of its route (routes.stripPrefix)'],
  dispatchViaHttp: mesh,
  disablePlatformaticInBuild: ['unneeded', 'builds are commands of their own'],
  disableBuildInDevelopment: ['unneeded', 'heddle dev builds nothing']
}

/** Of `application` in that file. */
export const applicationBlockFates: Readonly<Record<string, Fate>> = {
  outputDirectory: ['unneeded', 'heddle build runs the build script of the package'],
  include: ['unneeded', 'heddle build runs the build script of the package'],
  changeDirectoryBeforeExecution: [
    'missing',
    'threads cannot have a working directory of their own: use import.meta.dirname'
  ],
  preferLocalCommands: ['unneeded', 'no commands are started']
}

/** Of its `commands`. */
export const commandFates: Readonly<Record<string, Fate>> = {
  development: ['differs', 'heddle dev loads the same entry, and restarts what changes'],
  build: ['differs', 'heddle build runs the build script of its package.json'],
  install: ['unneeded', 'nothing is installed']
}

/** What cannot be an application here, by the package it is made of; those of plain node can. */
export const kinds: Readonly<Record<string, string>> = {
  gateway: 'is a gateway: its prefixes are routes now, and what else it does has to be an application',
  composer: 'is a gateway: its prefixes are routes now, and what else it does has to be an application',
  service:
    'is made of plugins for the Fastify of Watt: write a server that registers them and calls listen()',
  db: 'is generated from a database by Watt: write a server with the packages it is made of (@platformatic/sql-mapper, @platformatic/sql-openapi)',
  next: 'is Next.js: give it a custom server, and name that as its entry',
  astro: 'is Astro: build it with the adapter @astrojs/node, and name dist/server/entry.mjs as its entry',
  remix: 'is Remix: write a server with @remix-run/express, and name that as its entry',
  'react-router': 'is React Router: write a server with @react-router/express, and name that as its entry',
  nuxt: 'is Nuxt: build it, and name .output/server/index.mjs as its entry',
  nitro: 'is Nitro: build it, and name .output/server/index.mjs as its entry',
  tanstack: 'is TanStack Start: build it, and name .output/server/index.mjs as its entry',
  vite: 'is Vite: build it, and let an application serve the files',
  php: 'is PHP, and Heddle runs what node can run',
  'ai-warp': 'runs only inside of Watt',
  'pg-hooks': 'runs only inside of Watt',
  'rabbitmq-hooks': 'runs only inside of Watt',
  'kafka-hooks': 'runs only inside of Watt'
}
